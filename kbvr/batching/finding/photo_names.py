"""Which files of a folder are photos, as far as their names show."""

from __future__ import annotations

import os
from collections.abc import Iterable

PHOTO_SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif"),
        *(".mpo", ".jps"),
        ".png",
        ".webp",
        *(".tif", ".tiff"),
        *(".heic", ".heif", ".hif"),
        ".avif",
    )
)
"""Suffixes of the formats that kbvr reads, in lower case."""

SYSTEM_NAMES = frozenset(
    (
        *("@eadir", "#recycle", "@recycle"),  # thumbnails and deleted files of network drives
        *("$recycle.bin", "system volume information"),  # Windows
        "__macosx",  # resource forks in unpacked archives
        "kbvr-gallery",  # what a gallery shows, below an output folder
    )
)
"""Folders that contain copies of photos or deleted ones, in lower case."""

UNSAFE = "/\0" + ('<>:"|?*\\' if os.name == "nt" else "")
"""Characters that no file name may contain on this system."""


def has_photo_suffix(name: str) -> bool:
    """Return whether a file name ends in a suffix of PHOTO_SUFFIXES, in upper or lower case."""
    return os.path.splitext(name)[1].lower() in PHOTO_SUFFIXES  # noqa: PTH122  a text


def is_skipped_name(name: str) -> bool:
    """Return whether scans skip a file or folder: names that begin with a dot, and folders of the system.

    The dot covers .DS_Store, the ._photo.jpg of macOS, .thumbnails, and the .kbvr of an output folder.
    """
    return name.startswith(".") or name.lower() in SYSTEM_NAMES


def safe_names(names: Iterable[str]) -> list[str]:
    """Return names of folders that lead nowhere but down, whatever keys of object stores and URLs consist of."""
    cleaned = ("".join("_" if char in UNSAFE else char for char in name) for name in names)
    return [name for name in cleaned if name not in ("", ".", "..")]
