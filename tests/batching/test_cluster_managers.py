"""Clusters that are started for one batch: by a SLURM that runs its jobs here, by SSH to here, by Kubernetes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import dask
import pytest
from batching.dask_site import wait_until
from batching.small_photos import OPTIONS, photo, task

from kbvr.batching.cluster import managers as cluster_managers
from kbvr.batching.cluster.managers import imported, kubernetes_spec, lifetime_s, slurm_arguments, ssh_arguments
from kbvr.batching.cluster.options import ClusterOptions
from kbvr.batching.executors import executor_of
from kbvr.errors import InputError, MissingExtraError, OptionsError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")

SBATCH = """#!/bin/sh
cp "$1" "$0-$$.sh"
setsid sh "$0-$$.sh" > "$0-$$.log" 2>&1 &
echo "Submitted batch job $!"
"""
SSH_SERVER = """
import asyncio, os, signal, subprocess, sys
from pathlib import Path
import asyncssh

settings = Path(sys.argv[1])
host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
user_key.write_private_key(settings / "id_ed25519")
(settings / "authorized").write_bytes(user_key.export_public_key())

async def run(process):
    shell = await asyncio.create_subprocess_shell(
        process.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    await process.redirect(stdout=shell.stdout, stderr=shell.stderr)
    process.exit(await shell.wait())

async def main():
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[host_key], authorized_client_keys=str(settings / "authorized"),
        process_factory=run,
    )
    known = f"[127.0.0.1]:{server.get_port()} ".encode() + host_key.export_public_key()
    (settings / "known_hosts").write_bytes(known)
    print(server.get_port(), flush=True)
    await server.wait_closed()

asyncio.run(main())
"""
SCANCEL = """#!/bin/sh
echo "$1" >> "$0.log"
kill -TERM -- "-$1"
"""


def made(options: ClusterOptions, tmp_path: Path, photos: int = 4) -> set[str]:
    """Make photos on a cluster; return the processes that did."""
    out = tmp_path / "out"
    tasks = [task(photo(tmp_path / f"{number}.png", number), out) for number in range(photos)]
    with executor_of(OPTIONS, str(out), jobs=None, photo_limit_s=60, cluster=options) as workers:
        results = list(workers.results(iter(tasks)))
    assert [result.error for result in results] == [""] * photos
    return {result.worker for result in results}


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Put commands of SLURM on PATH that run jobs here; return their folder."""
    folder = tmp_path / "slurm"
    folder.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (folder / name).write_text(text, "utf-8")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    imported("slurm")  # its defaults, before they are overridden
    with dask.config.set({"jobqueue.slurm.interface": "lo"}):
        yield folder


def test_slurm_jobs_make_photos_and_end(slurm, tmp_path):
    """Each job is a worker with one thread per core; what it is told is encrypted, and nothing of it stays."""
    options = ClusterOptions(cluster="slurm", workers=2, worker_cores=1, worker_memory="2GB", queue="night")
    assert made(options, tmp_path)
    script = next(slurm.glob("sbatch-*.sh")).read_text("utf-8")
    for text in (
        "#SBATCH -p night",
        "--cpus-per-task=1",
        "--mem=2G",
        "--nthreads 1",
        "tls://127.0.0.1",
        "--lifetime 1620s",
    ):
        assert text in script
    assert len((slurm / "scancel.log").read_text("utf-8").split()) == 2
    wait_until(lambda: not running("dask_worker", str(tmp_path)))
    assert not list((tmp_path / "out/.kbvr/certificates").iterdir())


def running(*words: str) -> bool:
    """Return whether a process has these words in its command."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return any(all(word in line for word in words) for line in listed.splitlines())


def test_a_slurm_job_that_ended_is_replaced(monkeypatch):
    """At its walltime, for example: the number of workers is asked for again."""
    scaled = threading.Event()

    class Cluster:
        scheduler_info = {"workers": {"a": {}}}  # noqa: RUF012

        def scale(self, count: int) -> None:
            assert count == 2
            scaled.set()

    stop = threading.Event()
    monkeypatch.setattr(cluster_managers, "RENEW_S", 0.01)
    thread = threading.Thread(target=cluster_managers._renew, args=(Cluster(), 2, stop))
    thread.start()
    assert scaled.wait(10)
    stop.set()
    thread.join(10)


@pytest.mark.parametrize(
    ("walltime", "seconds"),
    [("00:30:00", 1620), ("30:00", 1620), ("04:00:00", 14100), ("2-00:00:00", 172500)],
)
def test_a_worker_ends_before_its_job_does(walltime, seconds):
    """A tenth of the walltime earlier, at most five minutes."""
    assert lifetime_s(walltime) == seconds


def test_slurm_jobs_get_gpus_and_what_dask_configures(slurm, tmp_path):
    """Options come first, then Dask's configuration."""
    options = ClusterOptions(cluster="slurm", workers=2, worker_gpus=2, walltime="01:00:00")
    settings = {
        "jobqueue.slurm.cores": 8,
        "jobqueue.slurm.memory": "32GB",
        "jobqueue.slurm.worker-extra-args": ["--preload", "site.py"],
        "jobqueue.slurm.job-extra-directives": ["--exclusive"],
    }
    with dask.config.set(settings):
        given = slurm_arguments(options, str(tmp_path))
        script = (
            imported("slurm")
            .SLURMCluster.job_cls(
                "tcp://host:1",
                name="w",
                **{
                    name: given[name] for name in ("worker_extra_args", "job_extra_directives", "walltime", "processes")
                },
            )
            .job_script()
        )
    for text in ("--preload site.py", "--exclusive", "--gres=gpu:2", "--resources GPU=2", "--nthreads 8", "01:00:00"):
        assert text in script


def test_slurm_without_cores_or_sbatch_is_an_error(slurm, tmp_path, monkeypatch):
    """In one line, before anything starts."""
    options = ClusterOptions(cluster="slurm", workers=2)
    with pytest.raises(InputError, match="requires worker_cores"):
        slurm_arguments(options, str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="expected SLURM's command sbatch on this machine, got none"):
        slurm_arguments(options, str(tmp_path))


def test_ssh_workers_are_shared_by_hosts():
    """The first host also runs the scheduler."""
    options = ClusterOptions(cluster="ssh", hosts="a,b", workers=3, worker_cores=4, worker_memory="8GB", worker_gpus=1)
    given = ssh_arguments(options)
    assert given["hosts"] == ["a", "a", "b", "a"]
    assert given["worker_options"] == {"nthreads": 4, "memory_limit": 8 * 10**9, "resources": {"GPU": 1}}
    assert given["scheduler_options"]["dashboard_address"].startswith("127.0.0.1:")
    assert ssh_arguments(ClusterOptions(cluster="ssh", hosts=["a", "b"]))["hosts"] == ["a", "a", "b"]


@pytest.fixture
def ssh_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run an SSH server on the loopback address; return the name that ~/.ssh/config has for it."""
    settings = tmp_path / "home" / ".ssh"
    settings.mkdir(parents=True)
    command = [sys.executable, "-c", SSH_SERVER, str(settings)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            (settings / "config").write_text(f"Host worker1\n  HostName 127.0.0.1\n  Port {port}\n", "utf-8")
            monkeypatch.setenv("HOME", str(settings.parent))
            yield "worker1"
        finally:
            os.killpg(server.pid, signal.SIGKILL)


def test_photos_are_made_on_hosts_of_ssh(ssh_host, tmp_path):
    """With the user's own configuration of SSH."""
    options = ClusterOptions(cluster="ssh", hosts=ssh_host, worker_cores=1)
    assert made(options, tmp_path, photos=2)
    assert list((tmp_path / "home").glob(".config/dask/*")) == []


def test_a_host_that_cannot_be_reached_is_an_error(tmp_path, monkeypatch):
    """In one line."""
    monkeypatch.setenv("HOME", str(tmp_path))
    options = ClusterOptions(cluster="ssh", hosts="127.0.0.1", worker_cores=1)
    with (
        pytest.raises(InputError, match="cannot start a cluster with ssh: "),
        executor_of(OPTIONS, str(tmp_path / "out"), jobs=None, photo_limit_s=60, cluster=options),
    ):
        pass


def test_kubernetes_gets_what_the_options_say():
    """Workers only get the memory and the GPUs."""
    options = ClusterOptions(
        cluster="kubernetes", workers=5, image="me/kbvr:1", worker_cores=4, worker_memory="16GB", worker_gpus=1
    )
    spec = kubernetes_spec(options)["spec"]
    worker, scheduler = (spec[role]["spec"]["containers"][0] for role in ("worker", "scheduler"))
    assert spec["worker"]["replicas"] == 5
    assert worker["image"] == scheduler["image"] == "me/kbvr:1"
    assert worker["resources"]["limits"] == {"cpu": "4", "memory": "16000000000", "nvidia.com/gpu": "1"}
    assert worker["resources"]["requests"] == worker["resources"]["limits"]
    assert not scheduler["resources"]
    text = " ".join(worker["args"])
    assert text.startswith("dask-worker ") and "--nthreads 4 --memory-limit 16000000000 --resources GPU=1" in text


def test_kubernetes_starts_from_the_resource_that_dask_configures(tmp_path):
    """It may mount a shared file system; it is not changed itself."""
    mine = imported("kubernetes").make_cluster_spec(name="mine", image="mine:1", n_workers=1)
    mine["spec"]["worker"]["spec"]["volumes"] = [{"name": "photos"}]
    with dask.config.set({"kubernetes.custom-cluster-spec": mine}):
        spec = kubernetes_spec(ClusterOptions(cluster="kubernetes", workers=7, worker_cores=2))
    assert spec["metadata"]["name"] == "mine"
    worker = spec["spec"]["worker"]
    assert worker["replicas"] == 7 and worker["spec"]["volumes"] == [{"name": "photos"}]
    assert worker["spec"]["containers"][0]["image"] == "mine:1"
    assert mine["spec"]["worker"]["replicas"] == 1


def test_a_package_that_is_missing_is_named(monkeypatch):
    """With the command that installs it."""
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    with pytest.raises(
        MissingExtraError, match="a cluster with slurm requires dask-jobqueue: pip install dask-jobqueue"
    ):
        imported("slurm")


def test_a_cluster_without_dask_is_named(monkeypatch):
    """With the extra."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    options = ClusterOptions(scheduler="tcp://127.0.0.1:1")
    with pytest.raises(MissingExtraError, match=r"requires Dask distributed.*pip install 'kbvr\[cluster\]'"):
        executor_of(OPTIONS, "/out", jobs=None, photo_limit_s=60, cluster=options)


@pytest.mark.parametrize("module", ["dask_jobqueue", "dask_kubernetes.operator"])
def test_importing_them_leaves_no_file_in_the_home(tmp_path, module):
    """Both copy their default settings there; a file that was there before stays."""
    kind = {"dask_jobqueue": "slurm", "dask_kubernetes.operator": "kubernetes"}[module]
    code = f"from kbvr.batching.cluster.managers import imported; imported({kind!r})"
    settings = tmp_path / "with" / ".config" / "dask" / "mine.yaml"
    settings.parent.mkdir(parents=True)
    settings.write_text("x: 1\n", "utf-8")
    (tmp_path / "without").mkdir()
    for home in ("with", "without"):
        environment = {**os.environ, "HOME": str(tmp_path / home), "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [settings]
    assert not list((tmp_path / "without").iterdir())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"scheduler": "host:8786"}, "an address like tcp://host:8786"),
        ({"scheduler": "tcp://host"}, "an address like tcp://host:8786"),
        ({"scheduler": "tcp://a:1", "cluster": "ssh", "hosts": "a"}, "scheduler and cluster cannot be combined"),
        ({"cluster": "ssh"}, "cluster ssh requires hosts"),
        ({"cluster": "slurm"}, "cluster slurm requires workers"),
        ({"workers": 3}, "workers requires cluster slurm or kubernetes or ssh"),
        ({"cluster": "ssh", "hosts": "a", "queue": "night"}, "queue requires cluster slurm"),
        ({"cluster": "slurm", "workers": 1, "walltime": "soon"}, "a time like 04:00:00"),
        ({"cluster": "slurm", "workers": 0}, "1 to 10,000"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(given, message):
    """In one line that names them."""
    with pytest.raises(OptionsError, match=message):
        ClusterOptions(**given)


def test_tls_requires_certificates(tmp_path):
    """Dask's configuration says where they are."""
    options = ClusterOptions(scheduler="tls://127.0.0.1:1")
    found = executor_of(OPTIONS, str(tmp_path / "out"), jobs=None, photo_limit_s=60, cluster=options)
    with pytest.raises(InputError, match="an address with tls:// requires certificates"), found:
        pass
    assert not (tmp_path / "out").exists()


def test_jobs_are_for_this_machine():
    """A cluster's workers have cores."""
    with pytest.raises(OptionsError, match="jobs is for this machine"):
        executor_of(OPTIONS, "/out", jobs=2, photo_limit_s=60, cluster=ClusterOptions(scheduler="tcp://127.0.0.1:1"))
