"""What is asked of everything that reads, whatever it is given: a result, or one line that says what is wrong."""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from unicodedata import category

LONGEST_MESSAGE = 300
"""Of what `kbvr` prints; the library's own may be longer."""

UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of letters that no message may hold: they move the cursor, turn the direction, or show nothing."""

JOINERS = "\u200c\u200d"
"""Ordinary letters, though of such a category."""


class LawBrokenError(Exception):
    """Something was taken, or said, in a way that it must not."""


@dataclass(frozen=True)
class Verdict:
    """What became of one input."""

    kind: str
    """result; refused, in one line; or broken: the law does not hold."""

    what: str = ""
    """The message it was refused with, or in which way the law is broken."""

    seconds: float = 0.0

    @property
    def signature(self) -> str:
        """What two inputs have in common that break the law in the same way."""
        return "".join("#" if letter.isdigit() else letter for letter in self.what.split(" | ")[0])[:120]


def problem_of_message(message: str, longest: int | None = None) -> str:
    """Return what is wrong with a message for a person; nothing if it is one line that a terminal can show."""
    if not message.strip():
        return "a message that says nothing"
    if len(message.splitlines()) > 1:
        return f"a message of {len(message.splitlines())} lines | {message[:200]!r}"
    if any(category(letter) in UNSEEN and letter not in JOINERS for letter in message):
        return f"a message with control characters | {message[:200]!r}"
    if longest is not None and len(message) > longest:
        return f"a message of {len(message)} characters | {message[:200]!r}"
    return ""


def place_of(error: BaseException) -> str:
    """Return an exception in one line: its type, what it says, and where in kbvr it was raised or last went through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"{os.sep}kbvr{os.sep}" in frame.filename] or frames
    where = f" in {Path(ours[-1].filename).name}, {ours[-1].name}" if ours else ""
    said = " ".join(str(error).split())[:150]
    return f"{type(error).__name__}{where} | {said}"


class Records(logging.Handler):
    """Keeps what kbvr logs for a person: warnings, and worse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        self.records.append(record)

    def problem(self) -> str:
        """Return what is wrong with what was logged; nothing if all is well."""
        for record in self.records:
            if record.exc_info and record.exc_info[1]:
                return f"logged {place_of(record.exc_info[1])}"
            if record.levelno >= logging.ERROR:
                return f"logged an error | {record.getMessage()[:200]}"
            wrong = problem_of_message(record.getMessage())
            if wrong:
                return f"warned with {wrong}"
        return ""


@contextmanager
def logged() -> Iterator[Records]:
    """Yield what kbvr logs meanwhile."""
    records, logger = Records(), logging.getLogger("kbvr")
    logger.addHandler(records)
    try:
        yield records
    finally:
        logger.removeHandler(records)


class Traces:
    """What a reader may leave behind: bytes on stdout and stderr, and files where it has no business."""

    def __init__(self, printed: Path | None, folders: Sequence[Path]) -> None:
        """Look at the file that descriptors 1 and 2 were sent to, if any, and at folders that stay as they are."""
        self._printed, self._folders = printed, folders
        self._size = self._printed_bytes()
        self._files = self._listed()

    def problem(self) -> str:
        """Return what was left since the last look; nothing if nothing was."""
        wrong = ""
        size, files = self._printed_bytes(), self._listed()
        if size > self._size and self._printed is not None:
            wrong = f"printed past kbvr | {self._printed.read_bytes()[self._size :][:200]!r}"
        elif files - self._files:
            wrong = f"left files behind | {sorted(files - self._files)[:3]}"
        self._size, self._files = size, files
        return wrong

    def _printed_bytes(self) -> int:
        for stream in (sys.stdout, sys.stderr):
            with suppress(ValueError, OSError, AttributeError):
                stream.flush()
        return self._printed.stat().st_size if self._printed else 0

    def _listed(self) -> set[str]:
        return {str(path) for folder in self._folders for path in folder.rglob("*")}


@contextmanager
def timed() -> Iterator[list[float]]:
    """Yield a list that gets how many seconds it took."""
    took: list[float] = []
    start = time.perf_counter()
    try:
        yield took
    finally:
        took.append(time.perf_counter() - start)
