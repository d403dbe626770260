"""Progress bars with the time left, one a stage, on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from kbvr.errors import MAX_NAME_LENGTH, escaped, shortened

Report = Callable[[str, int, int], None]
"""Told (name of the stage, steps done, steps in all); 0 in all means that nobody knows."""


@contextmanager
def stage_bars(title: str, console: Console) -> Iterator[Report]:
    """Yield what the pipeline reports to; every stage that it names gets a bar, all of them go at the end."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    bars: dict[str, TaskID] = {}
    with Progress(*columns, console=console, transient=True) as progress:
        name = shortened(escaped(title), MAX_NAME_LENGTH)
        progress.console.print(f"[bold]{escape(name)}[/bold]", highlight=False)

        def report(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(escape(stage), total=None)
            progress.update(bars[stage], completed=done, total=total or None)

        yield report


@contextmanager
def download_bar(title: str, console: Console) -> Iterator[Callable[[int, int | None], None]]:
    """Yield what a download reports to: bytes that are there, and bytes in all if anybody knows."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(escape(title), total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)
