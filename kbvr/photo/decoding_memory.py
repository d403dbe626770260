"""How much memory decoding takes: that is known from a file's header, before a pixel is decoded.

`python -m bench.decoding` measures it; the figures here are the largest that it printed and a tenth more.
"""

from __future__ import annotations

from PIL import Image

from kbvr.errors import InputError, OutOfMemoryError
from kbvr.system.resources import has_room, shown_bytes

PROGRAM_BYTES = 180 * 2**20
"""This program with its libraries, before it makes anything."""

DECODER_BYTES = 92 * 2**20
"""The process that decodes (`kbvr.photo.decoding_process`) with its libraries; it waits for the next photo."""

FIXED_BYTES = PROGRAM_BYTES + DECODER_BYTES

BYTES_A_PX = 24
"""Of most pictures: the pixels as stored and in sRGB, and once more where they arrive."""

DEEP_PNG_BYTES_A_PX, FLOAT_BYTES_A_PX, DOUBLE_BYTES_A_PX = 48, 40, 80
"""The same of PNG with 16 bits, and of TIFF and EXR with numbers of 4 or 8 bytes."""

JPEG_BYTES_A_PX = 19
"""The same of JPEG, for each pixel that is decoded."""

COEFFICIENT_BYTES = 2
"""What a progressive JPEG takes for every channel of every pixel in the file, however small it is decoded."""

SMALLEST_JPEG = 8
"""JPEG can be decoded at 1/2, 1/4 and 1/8 of its size: by leaving out fine frequencies."""


def check_decoding_memory(size_px: tuple[int, int], shown_path: str, max_bytes: int | None, needed_bytes: int) -> None:
    """Check that a picture of this size, which takes needed_bytes in all, can be decoded.

    Raises:
        InputError: if that is more than max_bytes.
        OutOfMemoryError: if it is more than this process can get.
    """
    width, height = size_px
    pixels = f"{width * height}" if height == 1 else f"{width} x {height}"
    why = f"{shown_path}: decoding {pixels} pixels takes about {shown_bytes(needed_bytes)} of memory"
    if max_bytes is not None and needed_bytes > max_bytes:
        raise InputError(f"{why}, more than {shown_bytes(max_bytes)}")
    if not has_room(max(1, needed_bytes - FIXED_BYTES)):
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
    check_decoding_memory(full_px, shown_path, max_bytes, jpeg_bytes(image, full_px, scale))
    if scale > 1:
        image.draft(None, (full_px[0] // scale, full_px[1] // scale))


def jpeg_bytes(image: Image.Image, size_px: tuple[int, int], scale: int) -> int:
    """Return how much memory it takes to decode a JPEG of this size at 1/scale of it."""
    stored_px = size_px[0] * size_px[1]
    coefficients = COEFFICIENT_BYTES * len(image.getbands()) * stored_px if image.info.get("progressive") else 0
    decoded_px = stored_px // scale**2
    return FIXED_BYTES + max(JPEG_BYTES_A_PX * decoded_px, coefficients + 4 * decoded_px)
