"""What a worker is given for a photo, and what it gives back; both can be sent to another machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from kbvr.batching.source import Source
from kbvr.options.export_options import ExportOptions


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
    has_gallery: bool = False
    """Whether the files that a gallery shows are written too."""

    is_forced: bool = False
    """Whether the photo is exported even if its receipt says that it is done."""

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

    status: Literal["done", "failed"]
    folder: str = ""
    stem: str = ""
    outputs: tuple[OutputFile, ...] = ()
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
            ValueError: if it is something else.
        """
        try:
            values = json.loads(text)
            outputs = tuple(OutputFile(**output) for output in values.pop("outputs"))
            values |= {name: tuple(values[name]) for name in ("warnings", "networks")}
            return cls(**values, outputs=outputs)
        except (TypeError, LookupError, AttributeError, RecursionError) as error:
            raise ValueError(str(error)) from error
