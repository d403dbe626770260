"""What kbvr can write: one file per format, and a table that loads none of them until it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from kbvr.errors import InputError
from kbvr.formats.choices import FileChoices as FileChoices

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "video": "kbvr.formats.video",
        "picture": "kbvr.formats.picture",
        "jps": "kbvr.formats.jps",
        "mpo": "kbvr.formats.mpo",
        "vr180-photo": "kbvr.formats.vr180_photo",
        "spatial": "kbvr.formats.spatial",
        "autostereogram": "kbvr.formats.autostereogram",
        "depth-map": "kbvr.formats.depth_map",
        "gif": "kbvr.formats.gif",
        "webp": "kbvr.formats.webp",
        "avif": "kbvr.formats.avif",
        "clip": "kbvr.formats.clip",
        "poster": "kbvr.formats.poster",
        "snippet": "kbvr.formats.snippet",
        "vr180-video": "kbvr.formats.vr180_video",
        "gltf": "kbvr.formats.gltf",
        "html": "kbvr.formats.html",
        "embed": "kbvr.formats.embed",
        "ply": "kbvr.formats.ply",
        "obj": "kbvr.formats.obj",
        "usdz": "kbvr.formats.usdz",
        "splats": "kbvr.formats.splats",
        "splats-gltf": "kbvr.formats.splats_gltf",
    }
)
"""Name of a format -> the module whose FORMAT describes it."""


@dataclass(frozen=True)
class Item:
    """One file that is wanted."""

    format: str
    """A name of FORMATS."""

    path: Path
    packing: str = "mono"
    """A name of `kbvr.formats.packings.PACKINGS`, for formats that need pictures."""


@dataclass(frozen=True)
class Facts:
    """What is known of the views that a file shows, for those that say so in it."""

    f_px: float
    """Focal length, in pixels of a view."""

    baseline_m: float | None = None
    """Distance between the two eyes' cameras; None if there is one."""

    convergence_m: float | None = None
    sources: tuple[int, ...] | None = None
    """For every instant the one that it shows, itself or an earlier one (`kbvr.repeats`); only those come that show
    themselves. None if all come."""

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
    `kbvr.diorama.Diorama`."""

    suffixes: tuple[str, ...]
    proof: str
    """How a file is read back before it gets its name."""

    check: Callable[[tuple[int, int], Item, FileChoices], None]
    """Raise InputError if views of a (width, height) cannot be written."""

    write: Callable[[Any, Item, Facts, FileChoices], FileSummary]
    """Write what the format needs, as it comes, and read the file back.

    Raises:
        InputError: what came cannot be written in this format.
        OutputError: the file exists, cannot be written, or did not read back as it was written.
    """

    options: tuple[str, ...] = ()
    """The fields of `FileChoices` that change the file."""

    even: bool = False
    """Whether pictures must have even sizes; views lose their last row or column for that."""

    takes_parts: bool = False
    """Whether a picture may come as a tuple of those that lie beside each other in it, which saves a copy."""

    repeats: bool = False
    """Whether it takes each picture once and shows it as often as `Facts.sources` says, which saves work."""


def load_format(name: str) -> Format:
    """Return a format of FORMATS.

    Raises:
        InputError: if there is no such format.
    """
    if name not in FORMATS:
        raise InputError(f"the format must be one of {', '.join(FORMATS)}, got {name!r}")
    described: Format = import_module(FORMATS[name]).FORMAT
    return described
