"""The memory that decoding requires, known from a file's header before a pixel is decoded.

The constants are the largest measurements of `python -m bench.decoding` plus 10%.
"""

from __future__ import annotations

from PIL import Image

from kbvr.errors import InputError, OutOfMemoryError
from kbvr.system.resources import format_bytes, has_room

PROGRAM_BYTES, DECODER_BYTES = 180 * 2**20, 92 * 2**20
"""This program and the decoder process (`kbvr.photo.decoding_process`), with their libraries."""

FIXED_BYTES = PROGRAM_BYTES + DECODER_BYTES
BYTES_A_PX = 24
"""Most pictures: the pixels as stored, in sRGB, and once more in the receiving process."""

DEEP_PNG_BYTES_A_PX, FLOAT_BYTES_A_PX, DOUBLE_BYTES_A_PX = 48, 40, 80
"""The same for 16-bit PNG, and for TIFF and EXR with numbers of 4 or 8 bytes."""

JPEG_BYTES_A_PX, COEFFICIENT_BYTES = 19, 2
"""JPEG: per decoded pixel, and if it is progressive, per channel and pixel in the file, whatever the decoded size."""

MAX_JPEG_REDUCTION = 8
"""JPEG can be decoded at 1/2, 1/4 and 1/8 of its size, without the highest frequencies."""


def check_decoding_memory(size_px: tuple[int, int], name: str, max_bytes: int | None, needed_bytes: int) -> None:
    """Raise InputError if decoding requires more than max_bytes, OutOfMemoryError if more than is available."""
    width, height = size_px
    pixels = f"{width * height}" if height == 1 else f"{width} x {height}"
    required = f"{name}: decoding {pixels} pixels takes about {format_bytes(needed_bytes)} of memory"
    if max_bytes is not None and needed_bytes > max_bytes:
        raise InputError(f"{required}, more than {format_bytes(max_bytes)}")
    if not has_room(max(1, needed_bytes - FIXED_BYTES)):
        raise OutOfMemoryError(f"{required}, more than is available")


def jpeg_within(image: Image.Image, name: str, max_bytes: int | None) -> None:
    """Set an opened JPEG to be decoded at the largest size that max_bytes allows, and check the memory for it."""
    full_px = image.size
    scale = 1
    while max_bytes is not None and scale < MAX_JPEG_REDUCTION and jpeg_bytes(image, full_px, scale) > max_bytes:
        scale *= 2
    check_decoding_memory(full_px, name, max_bytes, jpeg_bytes(image, full_px, scale))
    if scale > 1:
        image.draft(None, (full_px[0] // scale, full_px[1] // scale))


def jpeg_bytes(image: Image.Image, size_px: tuple[int, int], scale: int) -> int:
    """Return the memory required to decode a JPEG of this size at 1/scale of it, in bytes."""
    stored_px = size_px[0] * size_px[1]
    coefficients = COEFFICIENT_BYTES * len(image.getbands()) * stored_px if image.info.get("progressive") else 0
    decoded_px = stored_px // scale**2
    return FIXED_BYTES + max(JPEG_BYTES_A_PX * decoded_px, coefficients + 4 * decoded_px)
