"""The options of `kbvr batch` that spread the work over the machines of a cluster."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, model_validator

from kbvr.errors import OptionsError
from kbvr.options.declare import ONCE, SPLIT, OptionGroup, option
from kbvr.options.values import Bytes

MAX_WORKERS, MAX_CORES, MAX_GPUS, DAY_S = 10_000, 1024, 64, 86_400


def _address(text: str) -> str:
    scheme, _, place = text.partition("://")
    host, _, port = place.rpartition(":")
    if scheme not in ("tcp", "tls") or not host or not port.isdecimal():
        raise ValueError
    return text


def _walltime(text: str) -> str:
    parts = text.split(":")
    if not 2 <= len(parts) <= 3 or not all(part.isdecimal() for part in parts):
        raise ValueError
    return text


class ClusterOptions(OptionGroup, title="Cluster (requires kbvr[cluster])"):
    """The machines that make the photos; without a scheduler or a cluster, it is this one."""

    scheduler: Annotated[str, AfterValidator(_address)] | None = option(
        None,
        "Share the photos among the workers of a Dask scheduler. Workers require the same version of kbvr, and access "
        "to the photos and the output folder under the same paths. docs/scale.md shows how to start them.",
        accepts="an address like tcp://host:8786 or tls://host:8786",
        metavar="tcp://HOST:PORT",
    )
    cluster: Literal["slurm", "kubernetes", "ssh"] | None = option(
        None,
        "Start a cluster for this batch, and end it afterwards: jobs of SLURM (requires dask-jobqueue), pods of "
        "Kubernetes (requires dask-kubernetes and its operator), or processes on other machines by SSH (requires "
        "asyncssh). Settings without an option come from Dask's own configuration files.",
    )
    workers: int | None = option(
        None,
        "Number of workers that --cluster starts, each on one machine or part of it.",
        between=(1, MAX_WORKERS),
        metavar="N",
        default_text="with ssh, one per host",
    )
    worker_cores: int | None = option(
        None,
        "Cores per worker, which is how many photos it makes at the same time.",
        between=(1, MAX_CORES),
        metavar="N",
        default_text="with ssh, all cores of the host; otherwise from Dask's configuration",
    )
    worker_memory: Bytes | None = option(
        None,
        "Memory per worker, like 16GB.",
        accepts="a size like 16GB",
        metavar="SIZE",
        default_text="with ssh, all memory of the host; otherwise from Dask's configuration",
        python_type="int | str",
    )
    worker_gpus: int | None = option(
        None,
        "GPUs per worker. Each makes one photo at a time.",
        between=(1, MAX_GPUS),
        metavar="N",
        default_text="none",
    )
    worker_python: str | None = option(
        None,
        "The Python that has kbvr on the workers of slurm and ssh.",
        accepts="a path",
        metavar="PATH",
        default_text="the path of this one",
    )
    hosts: Annotated[tuple[str, ...], SPLIT, ONCE] | None = option(
        None,
        "Machines for --cluster ssh, separated by commas. The first one also runs the scheduler. Users, ports and keys "
        "come from ~/.ssh/config.",
        accepts="one or more host names, separated by commas",
        metavar="HOST,...",
        python_type="str | Sequence[str]",
    )
    image: str | None = option(
        None,
        "Container image for --cluster kubernetes, with kbvr[cluster] in it.",
        accepts="the name of an image",
        metavar="NAME",
        default_text="from Dask's configuration",
    )
    queue: str | None = option(
        None,
        "Partition for --cluster slurm.",
        accepts="the name of a partition",
        metavar="NAME",
        default_text="from Dask's configuration",
    )
    walltime: Annotated[str, AfterValidator(_walltime)] | None = option(
        None,
        "Time limit of the jobs of --cluster slurm. A job that reaches it is replaced by a new one.",
        accepts="a time like 04:00:00",
        metavar="HH:MM:SS",
        default_text="from Dask's configuration",
    )
    worker_timeout_s: float = option(
        60.0,
        "When a worker has been silent for this long, its photos are made by other workers.",
        between=(1, DAY_S),
        unit="seconds",
        flag="--worker-timeout",
    )
    scheduler_timeout_s: float = option(
        300.0,
        "How long to wait for a scheduler that has been lost. The photos in progress are then made again.",
        between=(1, DAY_S),
        unit="seconds",
        flag="--scheduler-timeout",
    )

    @property
    def is_used(self) -> bool:
        """Whether the photos are made by a cluster."""
        return self.scheduler is not None or self.cluster is not None

    @model_validator(mode="after")
    def _check_cluster(self) -> ClusterOptions:
        needed_by = {
            "hosts": ("ssh",),
            "image": ("kubernetes",),
            "queue": ("slurm",),
            "walltime": ("slurm",),
            "worker_python": ("slurm", "ssh"),
            "workers": ("slurm", "kubernetes", "ssh"),
            "worker_cores": ("slurm", "kubernetes", "ssh"),
            "worker_memory": ("slurm", "kubernetes", "ssh"),
            "worker_gpus": ("slurm", "kubernetes", "ssh"),
        }
        if self.scheduler is not None and self.cluster is not None:
            raise OptionsError("{scheduler} and {cluster} cannot be combined")
        for name, kinds in needed_by.items():
            if getattr(self, name) is not None and self.cluster not in kinds:
                raise OptionsError(f"{{{name}}} requires {{cluster}} {' or '.join(kinds)}")
        if self.cluster == "ssh" and self.hosts is None:
            raise OptionsError("{cluster} ssh requires {hosts}")
        if self.cluster in ("slurm", "kubernetes") and self.workers is None:
            raise OptionsError(f"{{cluster}} {self.cluster} requires {{workers}}")
        return self
