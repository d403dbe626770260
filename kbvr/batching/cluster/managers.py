"""Start a Dask cluster by SLURM, Kubernetes or SSH for one batch, and end it afterwards.

Settings that `ClusterOptions` does not have come from Dask's configuration. What listens for a browser listens on the
loopback address only, where Dask allows that.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass
from importlib import import_module
from itertools import cycle, islice
from pathlib import Path
from threading import Event, Thread
from typing import Any

import dask

from kbvr.batching.cluster.options import ClusterOptions
from kbvr.batching.source import is_remote
from kbvr.errors import InputError, KbvrError, MissingExtraError, OptionsError, escaped, shortened

LOOPBACK = "127.0.0.1:0"
RENEW_S = 30.0
"""Jobs that have ended are replaced at this interval."""

WALLTIME_SHARE, MAX_RESERVE_S = 0.1, 300.0
"""A worker takes no photos any more this share of its walltime before the end, or this long."""

PACKAGES: Mapping[str, tuple[str, str]] = {
    "slurm": ("dask_jobqueue", "dask-jobqueue"),
    "kubernetes": ("dask_kubernetes.operator", "dask-kubernetes"),
    "ssh": ("asyncssh", "asyncssh"),
}
"""Kind of cluster -> the module that it requires, and the package to install."""


@dataclass(frozen=True)
class RunningCluster:
    """The scheduler of a cluster."""

    address: str
    security: Any = None
    """Its certificates; None for those of Dask's configuration, if any."""


@contextmanager
def started_cluster(options: ClusterOptions, out: str) -> Iterator[RunningCluster]:
    """Yield the scheduler that is given, or that of a cluster which ends with the context.

    Raises:
        InputError: if the cluster cannot be started.
        MissingExtraError: if a package is not installed.
    """
    if options.scheduler is not None:
        if options.scheduler.startswith("tls") and not dask.config.get("distributed.comm.tls.ca-file", None):
            raise InputError(
                "an address with tls:// requires certificates (distributed.comm.tls) in Dask's configuration"
            )
        yield RunningCluster(options.scheduler)
        return
    assert options.cluster is not None
    module = imported(options.cluster)
    try:
        if options.cluster == "slurm":
            cluster = module.SLURMCluster(**slurm_arguments(options, out))
        elif options.cluster == "kubernetes":
            cluster = module.KubeCluster(custom_cluster_spec=kubernetes_spec(options), quiet=True)
        else:
            cluster = import_module("distributed").SSHCluster(**ssh_arguments(options))
    except KbvrError:
        raise
    except Exception as error:
        reason = shortened(escaped(str(error).strip().partition("\n")[0] or type(error).__name__))
        raise InputError(f"cannot start a cluster with {options.cluster}: {reason}") from error
    stop = Event()
    if options.cluster == "slurm":
        Thread(target=_renew, args=(cluster, options.workers, stop), name="kbvr-cluster-jobs", daemon=True).start()
    try:
        yield RunningCluster(cluster.scheduler_address, cluster.security)
    finally:
        stop.set()
        with suppress(TimeoutError, OSError):
            cluster.close()


def imported(kind: str) -> Any:
    """Import the package for a kind of cluster, without the file of default settings that some copy into the home.

    Raises:
        MissingExtraError: if it is not installed.
    """
    module, package = PACKAGES[kind]
    folder = Path(dask.config.PATH)
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    before = set(folder.glob("*"))
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(f"a cluster with {kind} requires {package}: pip install {package}") from error
    finally:
        for path in set(folder.glob("*")) - before if folder.is_dir() else ():
            path.unlink()
        for path in missing:
            with suppress(OSError):
                path.rmdir()


def slurm_arguments(options: ClusterOptions, out: str) -> dict[str, Any]:
    """Return the arguments of `dask_jobqueue.SLURMCluster`: one worker a job, with a thread for each photo.

    Raises:
        InputError: if there is no SLURM here, or cores and memory are neither given nor configured.
    """
    if shutil.which("sbatch") is None:
        raise InputError("expected SLURM's command sbatch on this machine, got none")
    for name in ("cores", "memory"):
        if getattr(options, f"worker_{name}") is None and _configured(name) is None:
            setting = f"jobqueue.slurm.{name} in Dask's configuration"
            raise OptionsError(f"{{cluster}} slurm requires {{worker_{name}}}, or {setting}")
    gpus = options.worker_gpus
    given = {
        "cores": options.worker_cores,
        "memory": options.worker_memory and f"{options.worker_memory}B",
        "queue": options.queue,
        "walltime": options.walltime,
        "python": options.worker_python,
        "processes": 1 if _configured("processes") is None else None,
        "log_directory": _hidden_folder(out, "slurm") if _configured("log-directory") is None else None,
    }
    lifetime = ["--lifetime", f"{lifetime_s(options.walltime or _configured('walltime')):.0f}s"]
    resources = ["--resources", f"GPU={gpus}"] if gpus else []
    return {name: value for name, value in given.items() if value is not None} | {
        "n_workers": options.workers,
        "worker_extra_args": [*(_configured("worker-extra-args") or []), *lifetime, *resources],
        "job_extra_directives": [
            *(_configured("job-extra-directives") or []),
            *([f"--gres=gpu:{gpus}"] if gpus else []),
        ],
        "scheduler_options": {"dashboard_address": LOOPBACK, **(_configured("scheduler-options") or {})},
        **_certificates(out),
    }


def kubernetes_spec(options: ClusterOptions) -> dict[str, Any]:
    """Return the DaskCluster resource: the one of Dask's configuration, or a plain one, with what the options say."""
    operator = imported("kubernetes")
    configured = dask.config.get("kubernetes.custom-cluster-spec", None)
    if isinstance(configured, str):
        import yaml

        configured = yaml.safe_load(Path(configured).read_text("utf-8"))
    spec: dict[str, Any] = deepcopy(configured) or operator.make_cluster_spec(
        name=f"kbvr-{os.urandom(4).hex()}",
        image=dask.config.get("kubernetes.image"),
        resources=dask.config.get("kubernetes.resources"),
        env=dask.config.get("kubernetes.env"),
        worker_command=dask.config.get("kubernetes.worker-command"),
        scheduler_service_type=dask.config.get("kubernetes.scheduler-service-type"),
    )
    scheduler, worker = (spec["spec"][role]["spec"]["containers"][0] for role in ("scheduler", "worker"))
    if options.image is not None:
        scheduler["image"] = worker["image"] = options.image
    spec["spec"]["worker"]["replicas"] = options.workers
    limits = {
        "cpu": options.worker_cores and str(options.worker_cores),
        "memory": options.worker_memory and str(options.worker_memory),
        "nvidia.com/gpu": options.worker_gpus and str(options.worker_gpus),
    }
    given = {name: value for name, value in limits.items() if value}
    resources = worker.get("resources") or {}
    worker["resources"] = {
        **resources,
        "limits": {**resources.get("limits", {}), **given},
        "requests": {**resources.get("requests", {}), **given},
    }
    flags = {
        "--nthreads": options.worker_cores,
        "--memory-limit": options.worker_memory,
        "--resources": options.worker_gpus and f"GPU={options.worker_gpus}",
    }
    worker["args"] += [text for flag, value in flags.items() if value for text in (flag, str(value))]
    return spec


def ssh_arguments(options: ClusterOptions) -> dict[str, Any]:
    """Return the arguments of `distributed.SSHCluster`: the first host runs the scheduler and a worker."""
    assert options.hosts is not None
    workers = islice(cycle(options.hosts), options.workers or len(options.hosts))
    given = {
        "nthreads": options.worker_cores,
        "memory_limit": options.worker_memory,
        "resources": options.worker_gpus and {"GPU": options.worker_gpus},
    }
    return {
        "hosts": [options.hosts[0], *workers],
        "scheduler_options": {"port": 0, "dashboard_address": LOOPBACK},
        "worker_options": {name: value for name, value in given.items() if value},
        "remote_python": options.worker_python,
    }


def lifetime_s(walltime: str) -> float:
    """Return how long a worker lives, so that it ends its photos before SLURM ends its job.

    A walltime is HH:MM:SS, MM:SS or D-HH:MM:SS.
    """
    days, _, clock = walltime.rpartition("-")
    seconds = 0
    for part in clock.split(":"):
        seconds = seconds * 60 + int(part)
    whole_s = seconds + 86_400 * int(days or 0)
    return whole_s - min(MAX_RESERVE_S, whole_s * WALLTIME_SHARE)


def _configured(name: str) -> Any:
    return dask.config.get(f"jobqueue.slurm.{name}", None)


def _certificates(out: str) -> dict[str, Any]:
    """Return temporary certificates for the jobs, unless Dask's configuration has some: other users share the network.

    The jobs read them from the output folder, where only this user may; they are removed at the end.
    """
    from distributed.security import Security

    if dask.config.get("distributed.comm.tls.ca-file", None):
        return {"security": Security(), "protocol": "tls://"}
    shared = _configured("shared-temp-directory") or _hidden_folder(out, "certificates")
    return {"security": True, "protocol": "tls://", **({"shared_temp_directory": shared} if shared else {})}


def _hidden_folder(out: str, name: str) -> str | None:
    """Return a folder in the output folder, which is made; None if that is a URL."""
    if is_remote(out):
        return None
    folder = Path(out) / ".kbvr" / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return str(folder)


def _renew(cluster: Any, workers: int, stop: Event) -> None:
    """Replace jobs that have ended, for example at their walltime."""
    while not stop.wait(RENEW_S):
        if len(cluster.scheduler_info["workers"]) < workers:
            cluster.scale(workers)
