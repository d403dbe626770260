"""How much memory decoding takes: that is known from a file's header, before a pixel is decoded.

`python -m bench.decoding` measures it; the figures here are the largest that it printed and a tenth more.
"""

from __future__ import annotations

from PIL import Image

from kbvr.errors import InputError, OutOfMemoryError
from kbvr.resources import has_room, shown_bytes

FIXED_BYTES = 272 * 2**20
"""This program before it makes anything, and the process that decodes."""

BYTES_A_PX = {1: 27, 2: 40, 4: 60, 8: 90}
"""Bytes of a stored number -> those that decoding takes for each pixel: as stored, in sRGB, and where they arrive."""

JPEG_BYTES_A_PX = 19
"""The same of JPEG, for each pixel that is decoded."""

COEFFICIENT_BYTES = 2
"""What a progressive JPEG takes for every channel of every pixel in the file, however small it is decoded."""

SMALLEST_JPEG = 8
"""JPEG can be decoded at 1/2, 1/4 and 1/8 of its size: by leaving out fine frequencies."""


def check_decoding_memory(
    size_px: tuple[int, int],
    shown_path: str,
    max_bytes: int | None,
    *,
    bytes_a_sample: int = 1,
    needed_bytes: int | None = None,
) -> None:
    """Check that a picture of this size can be decoded; it takes needed_bytes, by default those of any kind of file.

    Raises:
        InputError: if that takes more than max_bytes.
        OutOfMemoryError: if it takes more than this process can get.
    """
    width, height = size_px
    needed = FIXED_BYTES + BYTES_A_PX[bytes_a_sample] * width * height if needed_bytes is None else needed_bytes
    why = f"{shown_path}: decoding {width} x {height} pixels takes about {shown_bytes(needed)} of memory"
    if max_bytes is not None and needed > max_bytes:
        raise InputError(f"{why}, more than {shown_bytes(max_bytes)}")
    if not has_room(max(1, needed - FIXED_BYTES)):
        raise OutOfMemoryError(f"{why}, more than there is")


def jpeg_within(image: Image.Image, shown_path: str, max_bytes: int | None) -> None:
    """Let an opened JPEG be decoded just small enough for max_bytes, at full size if it is None.

    Raises:
        InputError: if even its smallest size takes more.
        OutOfMemoryError: if it takes more than this process can get.
    """
    full_px = image.size
    scale = 1
    while max_bytes is not None and scale < SMALLEST_JPEG and jpeg_bytes(image, full_px, scale) > max_bytes:
        scale *= 2
    check_decoding_memory(full_px, shown_path, max_bytes, needed_bytes=jpeg_bytes(image, full_px, scale))
    if scale > 1:
        image.draft(None, (full_px[0] // scale, full_px[1] // scale))


def jpeg_bytes(image: Image.Image, size_px: tuple[int, int], scale: int) -> int:
    """Return how much memory it takes to decode a JPEG of this size at 1/scale of it."""
    stored_px = size_px[0] * size_px[1]
    coefficients = COEFFICIENT_BYTES * len(image.getbands()) * stored_px if image.info.get("progressive") else 0
    decoded_px = stored_px // scale**2
    return FIXED_BYTES + max(JPEG_BYTES_A_PX * decoded_px, coefficients + 4 * decoded_px)
