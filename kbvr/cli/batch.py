"""`kbvr batch` and `kbvr watch`, once their options are known: run them, and show how far they are."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread, current_thread

from kbvr.batching.api import prepared, results_of
from kbvr.batching.batch import Batch, Tally, decisions
from kbvr.batching.executor import Executor
from kbvr.batching.executors import executor_of
from kbvr.batching.finding.sources import find_sources
from kbvr.batching.ledger import Ledger
from kbvr.batching.opening import address_of_folder, ledger_to_look_at, open_ledger, output_test
from kbvr.batching.source import Source, is_remote
from kbvr.batching.task import PhotoResult
from kbvr.cli.batch_display import Display, display_for
from kbvr.cli.batch_options import BatchOptions, WatchOptions
from kbvr.cli.better_depth import models_variable, pull_depth_network
from kbvr.cli.printing import print_line, print_message, warnings_to
from kbvr.errors import MAX_NAME_LENGTH, InputError, counted, escaped, shortened
from kbvr.options.export_options import ExportOptions
from kbvr.plan.from_options import check_options

GOOD, BUG, BAD_INPUT = 0, 1, 2
"""Exit codes."""

DRY_WORDS = {"make": "make", "refuse": "fail"}

COUNTING = "kbvr-count"
"""Name of the thread that counts the photos."""


@dataclass(frozen=True)
class BatchRequest:
    """One call of `kbvr batch`."""

    arguments: tuple[str, ...]
    options: ExportOptions
    call: BatchOptions


@dataclass(frozen=True)
class WatchRequest:
    """One call of `kbvr watch`."""

    folders: tuple[str, ...]
    options: ExportOptions
    call: WatchOptions


def run_batch_request(request: BatchRequest) -> int:
    """Make the photos of a batch and return the exit code."""
    call = request.call
    if not request.arguments and call.from_file is None:
        raise InputError("no photo is given (see --help)")
    batch = _batch(call, request.options)
    with ExitStack() as stack:
        stack.enter_context(warnings_to(_warn, of_workers=False))
        listed = stack.enter_context(_readable_twice(call.from_file))
        find_sources(request.arguments, recursive=call.recursive, from_file=listed)  # its errors come before any file
        if call.dry_run and call.rebuild_ledger:
            raise InputError("--dry-run and --rebuild-ledger cannot be combined")
        if call.dry_run:
            ledger = stack.enter_context(ledger_to_look_at(batch.out, call.ledger))
            return _print_decisions(batch, _sources(request, listed, batch, ledger), ledger)
        ledger = stack.enter_context(closing(open_ledger(batch.out, call.ledger, is_rebuilt=call.rebuild_ledger)))
        _pull(call, request.options)
        tally, executor = Tally(), _executor(call, batch)
        display = stack.enter_context(closing(_display(call, tally, executor)))
        if not any(map(is_remote, request.arguments)):
            _count_in_background(_sources(request, listed, batch, ledger), display)
        return _shown(results_of(batch, _sources(request, listed, batch, ledger), ledger, executor, tally), display)


def _sources(request: BatchRequest, listed: str | None, batch: Batch, ledger: Ledger) -> Iterator[Source]:
    return find_sources(
        request.arguments,
        recursive=request.call.recursive,
        from_file=listed,
        out=batch.out,
        is_output=output_test(batch, ledger),
    )


def run_watch_request(request: WatchRequest) -> int:
    """Make the photos of folders, and those that appear in them, until Ctrl-C; return the exit code."""
    from kbvr.batching.finding.watch import check_folders, watched_sources

    call, stop = request.call, Event()
    batch = _batch(call, request.options)
    check_folders(request.folders)  # before any file is made
    with ExitStack() as stack:
        stack.enter_context(warnings_to(_warn, of_workers=False))
        ledger = stack.enter_context(closing(open_ledger(batch.out, call.ledger)))
        _pull(call, request.options)
        tally, executor = Tally(), _executor(call, batch)
        display = stack.enter_context(closing(_display(call, tally, executor)))
        stack.callback(stop.set)
        sources = watched_sources(
            request.folders,
            out=batch.out,
            is_output=output_test(batch, ledger),
            recursive=call.recursive,
            settle_s=call.settle_s,
            poll=call.poll,
            stop=stop,
        )
        with suppress(KeyboardInterrupt):
            _shown(results_of(batch, sources, ledger, executor, tally), display)
    return GOOD


def _warn(warning: str) -> None:
    """Print a warning, unless it comes from counting the photos: finding them says the same."""
    if current_thread().name != COUNTING:
        print_message(f"warning: {warning}")


def _batch(call: BatchOptions | WatchOptions, options: ExportOptions) -> Batch:
    if call.out is None:
        raise InputError("-o must be a folder or a URL to write to")
    if options.depth is not None:
        raise InputError("--depth belongs to a single photo; use kbvr export")
    if options.pair_file is not None:
        raise InputError("--pair FILE belongs to a single photo; use kbvr export")
    check_options(options)
    batch = Batch(
        address_of_folder(call.out),
        options,
        gallery=call.title if call.gallery else None,
        retries_failed=call.retry_failed,
        shows_flags=True,
    )
    if isinstance(call, BatchOptions):
        batch = replace(batch, limit=call.limit, max_failures=1 if call.fail_fast else call.max_failures)
    return prepared(batch)


def _executor(call: BatchOptions | WatchOptions, batch: Batch) -> Executor:
    cluster = call if isinstance(call, BatchOptions) else None
    return executor_of(batch.options, batch.out, jobs=call.jobs, photo_limit_s=call.photo_limit_s, cluster=cluster)


def _pull(call: BatchOptions | WatchOptions, options: ExportOptions) -> None:
    if models_variable() == "auto" or call.pull:
        pull_depth_network(options, quiet=call.quiet, shows_bar=sys.stderr.isatty() and not call.quiet)


def _display(call: BatchOptions | WatchOptions, tally: Tally, executor: Executor) -> Display:
    return display_for(
        call.progress, tally, lambda: executor.current, is_quiet=call.quiet, is_list=isinstance(call, WatchOptions)
    )


def _shown(results: Generator[PhotoResult, None, None], display: Display) -> int:
    """Show every result and the summary; return the exit code."""
    codes = {GOOD}
    with closing(results):
        for result in results:
            if not result.is_left:
                display.add(result)
                codes |= set() if result.is_done else {BUG if result.is_bug else BAD_INPUT}
    display.close()
    tally = display.pace.tally
    if tally.end or not tally.found:
        print_message(tally.end or "no photos found (-r includes the folders inside)")
    return BUG if BUG in codes else max(codes)


def _print_decisions(batch: Batch, sources: Iterator[Source], ledger: Ledger) -> int:
    """Print what would be made or refused, and how many photos would be left alone."""
    counts: Counter[str] = Counter()
    for source, decision in decisions(batch, sources, ledger):
        name = shortened(escaped(source.address), MAX_NAME_LENGTH)
        reason = decision.reason.partition(":")[0]
        counts[f"to make ({reason})" if decision.verdict == "make" else reason] += 1
        if decision.verdict != "leave":
            print_line(f"{DRY_WORDS[decision.verdict]}  {name}  ({decision.reason})")
    print_line(
        f"{counted(counts.total(), 'photo')}: " + (", ".join(f"{n} {what}" for what, n in counts.items()) or "none")
    )
    return GOOD


def _count_in_background(sources: Iterator[Source], display: Display) -> None:
    """Tell the display how many photos there are, when they have been counted."""

    def count() -> None:
        with suppress(InputError):  # the run reports it
            display.pace.total = sum(1 for _ in sources)

    Thread(target=count, name=COUNTING, daemon=True).start()


@contextmanager
def _readable_twice(from_file: str | None) -> Iterator[str | None]:
    """Yield a list file that can be read again: standard input is copied to a temporary file."""
    if from_file != "-":
        yield from_file
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.txt"
        path.write_bytes(sys.stdin.buffer.read())
        yield str(path)
