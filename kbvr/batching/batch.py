"""A batch on one page: sources -> ledger -> tasks -> executor -> ledger -> results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from kbvr.batching.decide import Decision, Judge, forget_namesake, moved_row, note_move
from kbvr.batching.executor import Executor
from kbvr.batching.ledger import Ledger
from kbvr.batching.ledger_rows import Row
from kbvr.batching.options_hash import given_options, hash_of
from kbvr.batching.places import Place, place_of
from kbvr.batching.source import Source
from kbvr.batching.task import PhotoResult, Task
from kbvr.errors import InputError, counted
from kbvr.options.export_options import ExportOptions
from kbvr.plan.from_options import check_options


@dataclass(frozen=True)
class OwnOptions:
    """The options of one photo of a batch."""

    options: ExportOptions
    options_hash: str
    """Another one makes the photo again."""


@dataclass(frozen=True)
class Batch:
    """What is made of many photos."""

    out: str
    """The output folder: an absolute path or a URL."""

    options: ExportOptions
    gallery: str | None = None
    """The title of its web site; None if it has none."""

    retries_failed: bool = False
    limit: int | None = None
    """The largest number of photos to make in this run; None for all."""

    max_failures: int | None = None
    """The run ends after this many failures; None for never."""

    shows_flags: bool = False
    """Whether messages call options as on the command line, not as in Python."""

    own_options: Mapping[str, OwnOptions] = field(default_factory=dict)
    """Address of a photo -> its options, which make the same outputs; other photos have those of the batch."""


@dataclass
class Tally:
    """How far a run is; its numbers are read by other threads meanwhile."""

    found: int = 0
    done: int = 0
    failed: int = 0
    left: Counter[str] = field(default_factory=Counter)
    """Reason -> number of photos that are not made in this run."""

    end: str = ""
    """Why the run ended before all photos were made; empty if it did not."""

    def count(self, result: PhotoResult) -> None:
        """Count a result."""
        if result.is_left:
            return
        if result.is_done:
            self.done += 1
        else:
            self.failed += 1


def run_batch(
    batch: Batch, sources: Iterable[Source], ledger: Ledger, executor: Executor, tally: Tally | None = None
) -> Iterator[PhotoResult]:
    """Make what is not done yet, and yield the result of every photo; those of photos that are left alone `is_left`.

    The ledger has each result before it is yielded.

    Raises:
        InputError: if an option cannot be used.
        OutputError: if nothing can be written to the output folder, or to the ledger, any more.
    """
    check_options(batch.options)
    tally = Tally() if tally is None else tally
    run = _Run(batch, ledger, tally)
    with executor:
        for result in executor.results(run.tasks(sources)):
            if result.was_started:
                ledger.record(result)
            tally.count(result)
            yield result
            if batch.max_failures is not None and tally.failed >= batch.max_failures:
                tally.end = f"stopped after {counted(tally.failed, 'failed photo')}"
                return


def decisions(batch: Batch, sources: Iterable[Source], ledger: Ledger) -> Iterator[tuple[Source, Decision]]:
    """Yield what a run would do with every photo, without doing it."""
    judge = _judge(batch, ledger, place_of(batch.out))
    for source in sources:
        yield source, judge.decide(source, ledger.row(source.key) or moved_row(source, ledger))


class _Run:
    """The tasks of one run."""

    def __init__(self, batch: Batch, ledger: Ledger, tally: Tally) -> None:
        self._batch, self._ledger, self._tally = batch, ledger, tally
        self._place = place_of(batch.out)
        self._judge_of_all = _judge(batch, ledger, self._place)

    def tasks(self, sources: Iterable[Source]) -> Iterator[Task | PhotoResult]:
        """Yield a task for every photo that is to be made, and a result for every other one."""
        tasks = 0
        for source in sources:
            self._tally.found += 1
            row = self._ledger.row(source.key)
            if row is None and (moved := moved_row(source, self._ledger)) is not None:
                row = note_move(moved, source, self._ledger, self._place)
            if row is None:
                forget_namesake(source, self._ledger)
            judge = self._judge(source)
            decision = judge.decide(source, row)
            row = row or self._ledger.add(source)
            if decision.verdict == "leave":
                self._tally.left[decision.reason.partition(":")[0]] += 1
                yield _left(row, self._ledger)
            elif decision.verdict == "refuse":
                self._ledger.refuse(source.key, decision.reason)
                yield PhotoResult(source.address, "failed", row.folder, row.stem, error=decision.reason)
            elif self._batch.limit is not None and tasks >= self._batch.limit:
                self._tally.end = f"stopped after {counted(self._batch.limit, 'photo')} (--limit)"
                return
            else:
                tasks += 1
                planned = judge.planned(row.folder, row.stem)
                self._ledger.start(source, judge.options_hash, given_options(judge.options), planned)
                yield self._task(source, row, judge, planned)

    def _judge(self, source: Source) -> Judge:
        """Return who decides about a photo, by its own options if it has any."""
        own = self._batch.own_options.get(source.address)
        return replace(self._judge_of_all, **vars(own)) if own else self._judge_of_all

    def _task(self, source: Source, row: Row, judge: Judge, planned: tuple[str, ...]) -> Task:
        return Task(
            replace(source, folder=row.folder),
            self._batch.out,
            row.stem,
            judge.options,
            judge.options_hash,
            planned=planned,
            has_gallery=self._batch.gallery is not None,
            is_forced=self._batch.options.overwrite,
            shows_flags=self._batch.shows_flags,
        )


def _judge(batch: Batch, ledger: Ledger, place: Place) -> Judge:
    if batch.options.depth is not None:
        raise InputError("a depth file belongs to a single photo, and cannot be used for a batch")
    if batch.options.pair_file is not None:
        raise InputError("a second view belongs to a single photo, and cannot be used for a batch")
    return Judge(
        ledger,
        place,
        batch.options,
        hash_of(batch.options, has_gallery=batch.gallery is not None),
        is_forced=batch.options.overwrite,
        retries_failed=batch.retries_failed,
    )


def _left(row: Row, ledger: Ledger) -> PhotoResult:
    """Return the result of an earlier run, for a photo that is not made in this one."""
    return PhotoResult(
        row.address,
        "failed" if row.status == "failed" else "done",
        row.folder,
        row.stem,
        outputs=ledger.outputs(row.key),
        error=row.error,
        warnings=tuple(filter(None, row.warnings.split("\n"))),
        size_bytes=row.size_bytes,
        stamp=row.stamp,
        sha256=row.sha256,
        options=row.options,
        options_hash=row.options_hash,
        kbvr_version=row.kbvr_version,
        networks=tuple(row.networks.split()),
        seconds=row.seconds or 0.0,
        peak_bytes=row.peak_bytes,
        worker=row.worker,
        ended_at=row.ended_at,
        facts=row.facts,
        is_left=True,
    )
