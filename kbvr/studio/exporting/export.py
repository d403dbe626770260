"""One export of the queue: what it makes, how far it is, and what it has made."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any, Literal

from kbvr.system.atomic_file import UNFINISHED

State = Literal["waiting", "running", "done", "failed", "cancelled"]
PhotoState = Literal["waiting", "running", "done", "failed"]


OF_ESTIMATES = ("depth_model", "depth_quality", "near_m", "segmentation", "softness")
"""Options of estimated depth: a mended depth has been estimated with them already."""


@dataclass(frozen=True)
class PhotoToExport:
    """The photo of a project, and what its exports need to know."""

    project: str
    """The project's id."""

    file: Path
    """The photo, an absolute path."""

    exports: Path
    """The folder of the project's exports, an absolute path, which may not exist yet."""

    depth: Path | None = None
    """The mended depth; None if the depth is estimated from the photo."""

    depth_kind: str = "kbvr"
    """What that file holds."""

    def frozen(self) -> PhotoToExport:
        """Return the photo with a copy of its depth, which stays as it is while people go on mending.

        Raises:
            OSError: if it cannot be copied.
        """
        if self.depth is None:
            return self
        self.exports.mkdir(parents=True, exist_ok=True)
        copy = self.exports / f".kbvr-{secrets.token_hex(4)}.part{self.depth.suffix}"
        try:
            shutil.copyfile(self.depth, copy)
        except OSError:
            copy.unlink(missing_ok=True)
            raise
        return replace(self, depth=copy)

    def discard(self) -> None:
        """Remove the copy of the depth."""
        if self.depth is not None and UNFINISHED.fullmatch(self.depth.name):
            self.depth.unlink(missing_ok=True)

    def with_depth(self, options: Mapping[str, str]) -> dict[str, str]:
        """Return options with the mended depth, if there is one."""
        if self.depth is None:
            return dict(options)
        others = {name: text for name, text in options.items() if name not in OF_ESTIMATES}
        return others | {"depth": str(self.depth), "depth_kind": self.depth_kind}


@dataclass(frozen=True)
class MadeFile:
    """A file that was written."""

    path: str
    """Below the export's folder, with /."""

    kind: str
    """A name of `kbvr.formats.registry.FORMATS`; "companion" for a file that belongs to the one before it."""

    size_bytes: int

    @property
    def name(self) -> str:
        """The file name."""
        return self.path.rpartition("/")[2]


@dataclass
class PhotoProgress:
    """How far one of several photos is."""

    project: str
    name: str
    state: PhotoState = "waiting"
    problem: str = ""


@dataclass
class Export:
    """An export that waits, runs or has ended; only the queue changes it."""

    title: str
    projects: tuple[str, ...]
    options: Mapping[str, str]
    folder: Path
    """Where its files are, or the folder that they will have a folder in."""

    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: State = "waiting"
    stage: str = ""
    """What is being done, in words."""

    share: float | None = None
    """The finished part of the stage; None if it is unknown."""

    problem: str = ""
    """Why it failed, or which of its outputs could not be made, in words."""

    notes: tuple[str, ...] = ()
    """Warnings of kbvr."""

    files: tuple[MadeFile, ...] = ()
    photos: tuple[PhotoProgress, ...] = ()
    """The photos of a batch."""

    ended_at: str = ""
    """ISO 8601, in UTC."""

    chosen: Mapping[str, str] = field(default_factory=dict)
    """The outputs and options that were chosen for it; the others are those of its projects."""

    cancelled: Event = field(default_factory=Event)

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it is left to do."""
        return self.state in ("done", "failed", "cancelled")

    def as_json(self) -> dict[str, Any]:
        """Return what a page shows."""
        return {
            "id": self.id,
            "projects": list(self.projects),
            "state": self.state,
            "stage": self.stage,
            "share": self.share,
            "problem": self.problem,
            "notes": list(self.notes),
            "files": [
                {"n": n, "name": file.name, "bytes": file.size_bytes, "kind": file.kind}
                for n, file in enumerate(self.files)
            ],
            "title": self.title,
            "folder": str(self.folder),
            "photos": [dict(vars(photo)) for photo in self.photos],
            "ended_at": self.ended_at,
        }
