"""What a format is: what it takes, what it writes, and what is known of the views that it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8

from kbvr.options.export_options import FileOptions

Views = tuple[UInt8[np.ndarray, "H W 3"], ...]
"""What all eyes see in one instant, the left one's view first."""


@dataclass(frozen=True)
class Item:
    """One file that is wanted."""

    format: str
    """A name of FORMATS."""

    path: Path
    packing: str = "mono"
    """A name of `kbvr.formats.packing.layouts.PACKINGS`, for formats that need pictures."""


@dataclass(frozen=True)
class Facts:
    """What is known of the views that a file shows, for those that say so in it."""

    f_px: float
    """Focal length, in pixels of a view."""

    baseline_m: float | None = None
    """Distance between the two eyes' cameras; None if there is one."""

    convergence_m: float | None = None
    sources: tuple[int, ...] | None = None
    """For every instant the one that it shows, itself or an earlier one (`kbvr.motion.frame_reuse`); only those come
    that show themselves. None if all come."""

    credits: Mapping[int, str] = field(default_factory=dict)
    """EXIF tags of who took the photo and when."""

    period_s: float = 1.0
    """How long a loop takes, there and back."""


@dataclass(frozen=True)
class FileSummary:
    """A file that was written and has been read back."""

    path: Path
    size_px: tuple[int, int]
    """(width, height) of the whole picture; of a stereo video, both eyes in it."""

    frames: int
    fps: float
    """Pictures per second; 0 of a still."""

    seconds: float
    """How long it plays; 0 of a still."""

    bytes: int
    encode_s: float
    """Time that converting and encoding took, in their own thread."""

    codec: str = ""
    """What a video is encoded with, in people's words."""

    beside: tuple[Path, ...] = ()
    """Further files that were written for it: an OBJ's material and textures, the script of a page."""


@dataclass(frozen=True)
class Format:
    """One kind of file: what it takes, and how it is written and read back."""

    says: str
    """What it is for, in a few words."""

    needs: Literal["pictures", "views", "depth", "files", "scene"]
    """pictures: views packed into one, an instant each; views: all views of each instant; depth: the photo and its
    depth, a pair of them; files: the summaries of the files that were written of the same views; scene: a
    `kbvr.mesh.viewable_scene.ViewableScene`."""

    suffixes: tuple[str, ...]
    proof: str
    """How a file is read back before it gets its name."""

    check: Callable[[tuple[int, int], Item, FileOptions], None]
    """Raise InputError if views of a (width, height) cannot be written."""

    write: Callable[[Any, Item, Facts, FileOptions], FileSummary]
    """Write what the format needs, as it comes, and read the file back.

    Raises:
        InputError: what came cannot be written in this format.
        OutputError: the file exists, cannot be written, or did not read back as it was written.
    """

    even: bool = False
    """Whether pictures must have even sizes; views lose their last row or column for that."""

    takes_parts: bool = False
    """Whether a picture may come as a tuple of those that lie beside each other in it, which saves a copy."""

    repeats: bool = False
    """Whether it takes each picture once and shows it as often as `Facts.sources` says, which saves work."""
