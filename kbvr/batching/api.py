"""`kbvr.batch`: export many photos, and go on where an earlier run ended."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from os import PathLike
from pathlib import Path
from time import monotonic
from typing import Any, Unpack

from kbvr.batching.batch import Batch, Tally, run_batch
from kbvr.batching.cluster.options import ClusterOptions
from kbvr.batching.executor import Executor
from kbvr.batching.executors import executor_of
from kbvr.batching.finding.sources import find_sources
from kbvr.batching.gallery import refuse_foreign_gallery, update_gallery, with_gallery_outputs
from kbvr.batching.ledger import Ledger
from kbvr.batching.opening import address_of_folder, open_ledger, output_test
from kbvr.batching.run_options import DEFAULT_TITLE, PHOTO_LIMIT_S, LimitOptions, WorkerOptions
from kbvr.batching.source import Source
from kbvr.batching.task import PhotoResult
from kbvr.options.export_options import ExportOptions
from kbvr.options.keywords import ExportKeywords

BUSY_S, IDLE_S = 60.0, 2.0
"""Shortest time between two versions of a gallery, while photos are being made and when none is."""


def batch(
    sources: str | PathLike[str] | Iterable[str | PathLike[str]],
    out: str | PathLike[str],
    *,
    recursive: bool = False,
    jobs: int | None = None,
    gallery: bool | str = False,
    retry_failed: bool = False,
    limit: int | None = None,
    max_failures: int | None = None,
    photo_limit_s: float = PHOTO_LIMIT_S,
    ledger: str | PathLike[str] | None = None,
    scheduler: str | None = None,
    **options: Unpack[ExportKeywords],
) -> Iterator[PhotoResult]:
    """Export many photos in several processes, and yield results as they come.

    A ledger in the output folder notes what is done. After an interruption, whatever its reason, the same call goes on
    where it ended; photos that are done already are yielded too, and `is_left` says so. A photo that fails does not
    stop the others.

    Args:
        sources: photos, folders, globs and URLs (which require kbvr[remote]).
        out: the folder to write to, or a URL. It keeps the structure of the folders that the photos come from.
        recursive: whether the folders inside folders are included.
        jobs: how many photos are made at the same time; by default one per core, if the memory suffices. `max_memory`
            limits what they take together.
        gallery: whether to write a web site into `out`, with a wiggle and a scene of every photo, or its title. The
            stereo video is then made only with `stereo`.
        retry_failed: whether photos are tried again that failed in an earlier run.
        limit: how many photos are made in this run; None for all.
        max_failures: how many failed photos end the run; None for never.
        photo_limit_s: a photo is given up after this time.
        ledger: the ledger's file, if it is not kbvr.sqlite in the output folder.
        scheduler: the address of a Dask scheduler whose workers make the photos, like tcp://host:8786 (requires
            kbvr[cluster]); None for processes of this machine.
        **options: those of `kbvr.export`. With `overwrite`, photos are made that are done already, and files are
            replaced that the batch did not write.

    Returns:
        An iterator that makes the photos while it is read; workers run only a few photos ahead. It yields the result of
        each photo: its status, its files with sizes and checksums, or the error in one line.

    Raises:
        InputError: if a source does not exist, or an option cannot be used.
        OutputError: if another batch writes to the folder, or nothing can be written to it any more.

    Example:
        >>> for result in kbvr.batch("holiday", "out", wiggle=True):
        ...     print(result.address, result.status, result.error)
    """
    values: dict[str, Any] = {**options}
    export_options = ExportOptions(**values)
    given = [os.fspath(one) for one in ([sources] if isinstance(sources, str | PathLike) else sources)]
    find_sources(given, recursive=recursive)  # its errors come before any file
    out = address_of_folder(os.fspath(out))
    work = WorkerOptions(jobs=jobs, photo_limit_s=photo_limit_s)
    limits = LimitOptions(limit=limit, max_failures=max_failures)
    job = prepared(
        Batch(
            out,
            export_options,
            gallery=DEFAULT_TITLE if gallery is True else gallery or None,
            retries_failed=retry_failed,
            limit=limits.limit,
            max_failures=limits.max_failures,
        )
    )
    cluster = ClusterOptions(scheduler=scheduler)
    executor = executor_of(job.options, out, jobs=work.jobs, photo_limit_s=work.photo_limit_s, cluster=cluster)

    def results() -> Iterator[PhotoResult]:
        with closing(open_ledger(out, None if ledger is None else Path(ledger))) as opened:
            found = find_sources(given, out=out, is_output=output_test(job, opened), recursive=recursive)
            yield from results_of(job, found, opened, executor)

    return results()


def results_of(
    batch: Batch, sources: Iterable[Source], ledger: Ledger, executor: Executor, tally: Tally | None = None
) -> Generator[PhotoResult, None, None]:
    """Yield the results of a batch, and keep its gallery up to date; the errors are those of `run_batch`."""
    updated_s = monotonic()
    for result in run_batch(batch, sources, ledger, executor, tally):
        yield result
        waited_s = monotonic() - updated_s
        if batch.gallery and result.was_started and waited_s > (BUSY_S if executor.current else IDLE_S):
            update_gallery(batch.out, ledger, title=batch.gallery)
            updated_s = monotonic()
    if batch.gallery:
        update_gallery(batch.out, ledger, title=batch.gallery)


def prepared(batch: Batch) -> Batch:
    """Return a batch with the options that its gallery requires.

    Raises:
        OutputError: if the output folder has an index.html that is not one of kbvr's.
    """
    if batch.gallery is None:
        return batch
    refuse_foreign_gallery(batch.out)
    return replace(batch, options=with_gallery_outputs(batch.options))
