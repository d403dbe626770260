"""Choose what makes the photos of a batch: processes of this machine, or a cluster."""

from __future__ import annotations

from kbvr.batching.cluster.options import ClusterOptions
from kbvr.batching.executor import Executor
from kbvr.batching.local_workers import LocalWorkers
from kbvr.batching.shares import shares_of
from kbvr.errors import OptionsError
from kbvr.formats.spec.extras import check_extra
from kbvr.options.export_options import ExportOptions


def executor_of(
    options: ExportOptions, out: str, *, jobs: int | None, photo_limit_s: float, cluster: ClusterOptions | None = None
) -> Executor:
    """Return what makes the photos of a batch; it starts when its context is entered.

    Raises:
        InputError: if options do not fit together.
        MissingExtraError: if the libraries for a cluster are not installed.
    """
    if cluster is None or not cluster.is_used:
        return LocalWorkers(shares_of(options, jobs), limit_s=photo_limit_s)
    if jobs is not None:
        raise OptionsError("{jobs} is for this machine; a cluster has {worker_cores}")
    check_extra("cluster", "distributed", "a cluster requires Dask distributed")
    from kbvr.batching.cluster.dask_executor import DaskExecutor

    return DaskExecutor(cluster, options, out, limit_s=photo_limit_s)
