"""Which files a studio takes as photos, by their names, and what it says of others."""

from __future__ import annotations

from pathlib import PurePath

from kbvr.batching.finding.photo_names import PHOTO_SUFFIXES

SUFFIXES = tuple(sorted(PHOTO_SUFFIXES))
"""Suffixes of photos that kbvr reads, in lower case."""

KINDS = "JPEG, PNG, WebP, TIFF, HEIC and AVIF"
"""The same for people."""

RAW_SUFFIXES = tuple(
    f".{suffix}"
    for suffix in (
        *("3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "fff", "iiq", "kdc", "mef", "mos", "mrw"),
        *("nef", "nrw", "orf", "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f"),
    )
)
"""Suffixes of what cameras record before it is developed, which kbvr does not read; many begin as a TIFF does."""

NO_PHOTO = f"This file is not a photo that kbvr can read. It reads {KINDS}."
RAW = (
    "This is a camera raw file, which kbvr cannot read. "
    "Export it as a JPEG or TIFF in your photo program first, and add that file."
)


def is_raw(name: str) -> bool:
    """Return whether a file's name is that of a camera raw file."""
    return PurePath(name).suffix.lower() in RAW_SUFFIXES
