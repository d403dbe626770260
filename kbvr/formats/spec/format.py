"""The description of a file format, of the files to write, and of the files that were written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8

from kbvr.options.export_options import FileOptions
from kbvr.photo.credits import NO_CREDITS, Credits

Views = tuple[UInt8[np.ndarray, "H W 3"], ...]
"""All views of one instant, from left to right."""


@dataclass(frozen=True)
class Item:
    """A file to write."""

    format: str
    """A name of FORMATS."""

    path: Path
    packing: str = "mono"
    """A name of `kbvr.formats.packing.layouts.PACKINGS`, for formats that need pictures."""


@dataclass(frozen=True)
class Facts:
    """Facts about the views, for formats that store them."""

    f_px: float
    """Focal length, in pixels of a view."""

    baseline_m: float | None = None
    """None for a single camera."""

    convergence_m: float | None = None
    sources: tuple[int, ...] | None = None
    """For each instant, the index of the instant that it shows: itself or an earlier one (`kbvr.motion.frame_reuse`).
    Only those that show themselves are passed on. None if all are."""

    credits: Credits = NO_CREDITS

    period_s: float = 1.0
    """Duration of a loop, forward and back."""


@dataclass(frozen=True)
class FileSummary:
    """A file that was written and verified."""

    path: Path
    size_px: tuple[int, int]
    """(width, height) of the whole picture, with all its views."""

    frames: int
    fps: float
    """0 for a still."""

    seconds: float
    """Duration; 0 for a still."""

    bytes: int
    encode_s: float
    """Time spent on conversion and encoding."""

    codec: str = ""
    """The video codec, or the content of a scene, as shown to people."""

    beside: tuple[Path, ...] = ()
    """Further files that belong to it: an OBJ's material and textures, the script of an HTML snippet."""


Check = Callable[[tuple[int, int], Item, FileOptions], None]
"""Check that views of a (width, height) can be written as a file, with these options; raise InputError if not."""


@dataclass(frozen=True)
class Format:
    """A file format: its input, how files are written, and how they are verified."""

    purpose: str
    """In a few words."""

    needs: Literal["pictures", "views", "depth", "files", "scene"]
    """What `write` is given. pictures: one packed picture per instant; views: all views of each instant; depth: the
    photo and its depth map; files: the summaries of the files written from the same views; scene: a
    `kbvr.mesh.viewable_scene.ViewableScene`."""

    suffixes: tuple[str, ...]
    verification: str
    """How a file is verified before it is renamed."""

    check: Check
    write: Callable[[Any, Item, Facts, FileOptions], FileSummary]
    """Write a file and verify it; pictures and views are consumed as they arrive.

    Raises:
        InputError: if the input cannot be written in this format.
        OutputError: if the file exists, cannot be written, or fails verification.
    """

    even: bool = False
    """Whether pictures must have even sizes; views are cropped by a row or column for that."""

    takes_parts: bool = False
    """Whether a picture may arrive as a tuple of pictures side by side, which saves a copy."""

    repeats: bool = False
    """Whether the format takes each picture once and repeats it as `Facts.sources` says, which saves work."""


def accept_all(view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Accept views of any size; see `Format.check`."""
