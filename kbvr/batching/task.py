"""What a worker is given for a photo, and what it gives back; both can be sent to another machine."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Literal, TypeVar

from kbvr.batching.source import Source
from kbvr.options.export_options import ExportOptions

MAX_NUMBER = 2**62
"""Larger than any size; SQLite stores 63 bits."""


@dataclass(frozen=True)
class Task:
    """The export of one photo."""

    source: Source
    out: str
    """The output folder: an absolute path or a URL."""

    stem: str
    """What the names of its outputs begin with."""

    options: ExportOptions
    options_hash: str
    planned: tuple[str, ...] = ()
    """Its outputs, below the output folder, with /."""

    has_gallery: bool = False
    """Whether the files that a gallery shows are written too."""

    is_forced: bool = False
    """Whether the photo is exported even if its receipt says that it is done."""

    shows_flags: bool = False
    """Whether messages call options as on the command line, not as in Python."""

    max_bytes: int | None = None
    """The memory it may take; None if what it needs is free."""

    @property
    def key(self) -> str:
        """The key of its source."""
        return self.source.key


@dataclass(frozen=True)
class OutputFile:
    """One file that was written."""

    path: str
    """Below the output folder, with /."""

    output: str
    """A name of `kbvr.options.outputs.OUTPUTS`; "gallery" for what only a gallery shows."""

    format: str
    packing: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class PhotoResult:
    """The result of one photo of a batch."""

    address: str
    """The path or URL of the photo."""

    status: Literal["done", "failed", "started"]
    """`started` is for receipts only: it may have left some of what was planned."""

    folder: str = ""
    stem: str = ""
    outputs: tuple[OutputFile, ...] = ()
    planned: tuple[str, ...] = ()
    """Paths of the outputs that were to be made, as in `OutputFile`."""

    error: str = ""
    """Why it failed, in one line."""

    is_bug: bool = False
    traceback: str = ""
    warnings: tuple[str, ...] = ()
    size_bytes: int = 0
    stamp: str = ""
    sha256: str = ""
    """Of the photo; empty if it could not be read."""

    options: Mapping[str, str] = field(default_factory=dict)
    """Those that differ from their defaults, as text."""

    options_hash: str = ""
    kbvr_version: str = ""
    networks: tuple[str, ...] = ()
    seconds: float = 0.0
    peak_bytes: int | None = None
    """The peak memory of the process that made it; None if the system does not tell."""

    worker: str = ""
    """Host and process that made it."""

    ended_at: str = ""
    """ISO 8601, in UTC."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    """What a gallery says about the photo: its size, date, caption and credits."""

    is_reused: bool = False
    """Whether its receipt said that it was done, so that nothing was exported."""

    is_left: bool = False
    """Whether it comes from an earlier run, and was left alone in this one."""

    @property
    def is_done(self) -> bool:
        """Whether all outputs were made."""
        return self.status == "done"

    @property
    def was_started(self) -> bool:
        """Whether a worker had the photo in this run."""
        return bool(self.worker) and not self.is_left

    def moved_to(self, source: Source) -> PhotoResult:
        """Return the result of a photo whose file has moved."""
        return replace(self, address=source.address, size_bytes=source.size_bytes, stamp=source.stamp)

    def to_json(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> PhotoResult:
        """Return what `to_json` wrote.

        Raises:
            ValueError: if it is something else, or paths lead out of the output folder.
        """
        values = json.loads(text)
        if not isinstance(values, dict) or not isinstance(values.get("outputs"), list):
            raise ValueError("expected the result of a photo")
        values["outputs"] = tuple(_checked(OutputFile("", "", "", "", 0, ""), one) for one in values["outputs"])
        values |= {name: tuple(values.get(name, ())) for name in ("warnings", "networks", "planned")}
        result = _checked(cls("", "done"), values)
        os.fsencode(result.address)
        if result.status not in ("done", "failed", "started") or not all(map(_is_inside, result.paths)):
            raise ValueError("expected the result of a photo")
        return result

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all its outputs, made and planned."""
        return (*(output.path for output in self.outputs), *self.planned)


Made = TypeVar("Made", OutputFile, PhotoResult)


def _checked(blank: Made, values: Any) -> Made:
    """Return a copy of a dataclass's instance with values of the same types.

    Raises:
        ValueError: if they are of others.
    """
    try:
        made = replace(blank, **values)
    except TypeError as error:
        raise ValueError(str(error)) from error
    for name, value in vars(made).items():
        expected = type(getattr(blank, name))
        allowed = (int, type(None)) if name == "peak_bytes" else (int, float) if expected is float else (expected,)
        if type(value) not in allowed or (isinstance(value, int) and not 0 <= value <= MAX_NUMBER):
            raise ValueError(f"{name} is {value!r}")
        if isinstance(value, tuple) and name != "outputs" and not all(isinstance(one, str) for one in value):
            raise ValueError(f"{name} is {value!r}")
    return made


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts
