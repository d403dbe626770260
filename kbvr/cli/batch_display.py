"""How far a batch is: a display on a terminal, lines elsewhere, or JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from threading import Event, Thread
from time import monotonic
from typing import Any, Protocol, runtime_checkable

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from kbvr.batching.batch import Tally
from kbvr.batching.task import PhotoResult
from kbvr.cli.printing import print_line, print_message
from kbvr.errors import MAX_NAME_LENGTH, counted, escaped, shortened

LINE_EVERY_S, JSON_EVERY_S, DRAW_EVERY_S = 30.0, 1.0, 0.25

Current = Callable[[], tuple[str, ...]]
"""Returns the addresses of the photos that are being made."""


@dataclass
class Pace:
    """How fast a run is, and how long it will take."""

    tally: Tally
    total: int | None = None
    """Number of photos found in all; None while they are not counted."""

    begun_s: float = field(default_factory=monotonic)

    @property
    def made(self) -> int:
        """Number of photos that were made or failed in this run."""
        return self.tally.done + self.tally.failed

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return monotonic() - self.begun_s

    @property
    def photos_per_s(self) -> float:
        """The average of this run."""
        return self.made / self.seconds if self.made and self.seconds else 0.0

    @property
    def remaining_s(self) -> float | None:
        """The time that is left at this rate; None if it cannot be told."""
        if self.total is None or not self.photos_per_s:
            return None
        return max(0, self.total - self.tally.left.total() - self.made) / self.photos_per_s

    def line(self) -> str:
        """Return it in words: 120 of 300 photos, 2 failed, 31 a minute, 0:05:48 left."""
        count = self.tally.left.total() + self.made
        parts = [counted(count, "photo") if self.total is None else f"{count:,} of {counted(self.total, 'photo')}"]
        parts += [f"{self.tally.failed} failed"] if self.tally.failed else []
        parts += [f"{rounded(self.photos_per_s * 60)} a minute"] if self.made else []
        parts += [f"{clock(self.remaining_s)} left"] if self.remaining_s is not None else []
        return ", ".join(parts)


@runtime_checkable
class Display(Protocol):
    """Shows a run while it lasts."""

    pace: Pace

    def add(self, result: PhotoResult) -> None:
        """Show a result."""

    def close(self) -> None:
        """Show the summary; called once more, do nothing."""


class LineDisplay:
    """A line every 30 seconds on stderr, or one on stdout for each photo; and a line for each failure."""

    def __init__(self, pace: Pace, *, is_quiet: bool, is_list: bool = False) -> None:
        self.pace, self._is_quiet, self._is_list, self._is_closed = pace, is_quiet, is_list, False
        has_ticker = not is_quiet and not is_list
        self._ticker = Ticker(LINE_EVERY_S, lambda: print_message(pace.line())) if has_ticker else None

    def add(self, result: PhotoResult) -> None:
        """Print a failure, or the warnings of a photo, and its files if all photos are listed."""
        for line in result_lines(result) if not (self._is_quiet and result.is_done) else ():
            print_message(line)
        if self._is_list and result.is_done and not self._is_quiet:
            print_line(f"{result.address}: {counted(len(result.outputs), 'file')} in {result.seconds:.1f} s")

    def close(self) -> None:
        """Print the summary."""
        if self._ticker:
            self._ticker.stop()
        if not self._is_closed and not self._is_quiet and self.pace.tally.found:
            print_line(summary(self.pace))
        self._is_closed = True


class TerminalDisplay:
    """Lines on a terminal that are drawn again and again: the pace, and the photos that are being made."""

    def __init__(self, pace: Pace, current: Current) -> None:
        self.pace, self._current, self._is_closed = pace, current, False
        self._live = Live(
            console=Console(stderr=True),
            get_renderable=self._drawn,
            transient=True,
            refresh_per_second=1 / DRAW_EVERY_S,
        )
        self._live.start()

    def add(self, result: PhotoResult) -> None:
        """Print a failure, or the warnings of a photo, above the display."""
        for line in result_lines(result):
            self._live.console.print(Text(f"kbvr: {line}"), soft_wrap=True)

    def close(self) -> None:
        """Remove the display and print the summary."""
        if not self._is_closed:
            self._live.stop()
            if self.pace.tally.found:
                print_line(summary(self.pace))
        self._is_closed = True

    def _drawn(self) -> Text:
        names = [shortened(escaped(address), MAX_NAME_LENGTH // 2) for address in self._current()]
        return Text("\n".join([self.pace.line(), *(f"  {name}" for name in names)]), overflow="ellipsis", no_wrap=True)


class JsonDisplay:
    """A JSON object a line on stdout: `photo` for each result, `progress` every second, and `end`."""

    def __init__(self, pace: Pace, current: Current) -> None:
        self.pace, self._current, self._is_closed = pace, current, False
        self._ticker = Ticker(JSON_EVERY_S, lambda: self._print("progress", self._facts()))

    def add(self, result: PhotoResult) -> None:
        """Print a result."""
        self._print("photo", asdict(result))

    def close(self) -> None:
        """Print the summary."""
        self._ticker.stop()
        if not self._is_closed:
            self._print("end", self._facts() | {"reason": self.pace.tally.end})
        self._is_closed = True

    def _facts(self) -> dict[str, Any]:
        pace, tally = self.pace, self.pace.tally
        return {
            "done": tally.done,
            "failed": tally.failed,
            "left": dict(tally.left),
            "total": pace.total,
            "seconds": round(pace.seconds, 1),
            "photos_per_s": round(pace.photos_per_s, 4),
            "remaining_s": None if pace.remaining_s is None else round(pace.remaining_s, 1),
            "current": self._current(),
        }

    def _print(self, event: str, facts: dict[str, Any]) -> None:
        typer.echo(json.dumps({"event": event, **facts}))


class Ticker:
    """Calls a function again and again in a thread."""

    def __init__(self, every_s: float, call: Callable[[], object]) -> None:
        self._stopped = Event()
        self._thread = Thread(target=self._run, args=(every_s, call), name="kbvr-ticker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for a call that is running."""
        self._stopped.set()
        self._thread.join()

    def _run(self, every_s: float, call: Callable[[], object]) -> None:
        while not self._stopped.wait(every_s):
            call()


def display_for(progress: str, tally: Tally, current: Current, *, is_quiet: bool, is_list: bool) -> Display:
    """Return the display that the options ask for; `is_list` is for runs that wait for photos most of the time."""
    pace = Pace(tally)
    if progress == "json":
        return JsonDisplay(pace, current)
    if progress == "auto" and sys.stderr.isatty() and not is_quiet:
        return TerminalDisplay(pace, current)
    return LineDisplay(pace, is_quiet=is_quiet or progress == "none", is_list=is_list)


def result_lines(result: PhotoResult) -> list[str]:
    """Return the error and the warnings of a photo, and the traceback of a bug."""
    name = shortened(escaped(result.address), MAX_NAME_LENGTH)
    lines = [f"{name}: {result.error}"] if result.error else [f"{name}: warning: {text}" for text in result.warnings]
    return [*result.traceback.splitlines(), *lines]


def summary(pace: Pace) -> str:
    """Return what was done, in a line."""
    tally = pace.tally
    parts = [f"{tally.done} done", *([f"{tally.failed} failed"] if tally.failed else [])]
    parts += [
        f"{count} {reason}" if reason != "done" else f"{count} done before" for reason, count in tally.left.items()
    ]
    return f"{', '.join(parts)} in {clock(pace.seconds)}"


def rounded(number: float) -> str:
    """Return a number with two or more digits: 0.52, 1.8, 24, 1,230."""
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


def clock(seconds: float) -> str:
    """Return a duration as hours, minutes and seconds."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
