"""Progress bars with the remaining time, on stderr."""

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
"""Called with a stage's name, its finished steps and its total steps; 0 if the total is unknown."""


@contextmanager
def stage_bars(title: str, console: Console) -> Iterator[Report]:
    """Yield the progress callback of an export; each stage gets a bar, and all bars disappear at the end."""
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
def download_bar(title: str, *, is_shown: bool) -> Iterator[Callable[[int, int | None], None]]:
    """Yield the progress callback of a download: received bytes, and total bytes if known."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not is_shown) as progress:
        bar = progress.add_task(escape(title), total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)
