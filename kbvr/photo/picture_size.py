"""The size of a picture file, from its header alone."""

from __future__ import annotations

from pathlib import Path

from kbvr.photo.picture_file import open_picture, picture_kind


def header_size_px(path: Path) -> tuple[int, int] | None:
    """Return the (width, height) that a picture file states, before any rotation; None if it cannot be read."""
    try:
        if not path.is_file():  # opening a pipe would wait for its other end
            return None
        with path.open("rb") as file:
            kind = picture_kind(file.read(64))
            file.seek(0)
            if kind == "HEIC":
                import pi_heif

                width, height = pi_heif.open_heif(file, convert_hdr_to_8bit=False).size
            elif kind is None:
                return None
            else:
                width, height = open_picture(file, kind).size
    except Exception:  # noqa: BLE001  decoders raise nearly anything, and the export says what is wrong
        return None
    return int(width), int(height)
