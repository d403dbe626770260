"""The content of a photo, as its SHA-256."""

from __future__ import annotations

from pathlib import Path

from kbvr.errors import InputError
from kbvr.system.input_file import sha256_of_input


def photo_sha256(path: Path) -> str:
    """Return the SHA-256 of a photo's file; "" if it cannot be read, of which an export says why."""
    try:
        return sha256_of_input(path, "a photo")
    except InputError:
        return ""
