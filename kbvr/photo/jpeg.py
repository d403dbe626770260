"""JPEG and WebP, decoded by Pillow."""

from __future__ import annotations

import logging
import warnings
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFile, JpegImagePlugin, WebPImagePlugin

from kbvr.photo import metadata as said
from kbvr.photo.decoding_memory import jpeg_within
from kbvr.photo.picture_file import Source, check_pixel_count, damage_reported
from kbvr.photo.pixels import Colours, Model, Pixels
from kbvr.system.stderr import held_stderr

_END = b"\xff\xd9"
_FILLINGS = (b"", b"\x5a\x25\x93" * 4096)
"""What may stand for data that is missing: a picture that is whole looks the same with both."""

_log = logging.getLogger(__name__)


def read_jpeg(data: bytes, source: Source) -> Pixels:
    """Decode a JPEG; one whose end mark alone is missing is whole, and a warning says so.

    Raises:
        InputError: if it is damaged, too large, or of a kind that is not read.
    """
    _check_kind(data, source)
    with damage_reported(source.path, source.wanted):
        image = JpegImagePlugin.JpegImageFile(BytesIO(data))
    file_px = image.size
    check_pixel_count(*file_px, source.path)
    jpeg_within(image, source.name, source.max_bytes)
    decoded_px = image.size
    try:
        image.load()
    except (OSError, SyntaxError, ValueError) as error:
        whole = _without_end(data, decoded_px)
        if whole is None:
            raise source.damaged(" ".join(str(error).split())) from error
        image = whole
        _log.warning("%s: has no end mark; its pixels are all there", source.name)
    else:
        complaint = _complaint(data)
        if complaint:
            _log.warning("%s: some of its pixels may be wrong; libjpeg reports: %s", source.name, complaint)
    model: Model = {"L": "grey", "RGB": "rgb", "CMYK": "cmyk"}[image.mode]  # type: ignore[assignment]
    return replace(_pixels(image, model, source), reduced_from=None if decoded_px == file_px else file_px)


def read_webp(data: bytes, source: Source) -> Pixels:
    """Decode a WebP, or the first picture of an animated one.

    Raises:
        InputError: if it is damaged or too large.
    """
    with damage_reported(source.path, source.wanted):
        image = WebPImagePlugin.WebPImageFile(BytesIO(data))
    source.check_size(*image.size)
    if image.is_animated:
        _log.info("%s: holds several pictures, the first is used", source.name)
    with damage_reported(source.path, source.wanted):
        image.load()
    return _pixels(image, "rgb", source)


def _pixels(image: ImageFile.ImageFile, model: Model, source: Source) -> Pixels:
    info: dict[Any, Any] = image.info
    exif, in_exif = said.of_exif(info.get("exif", b""), source.name)
    in_xmp = said.of_xmp(info.get("xmp", b""), source.name)
    resources = info.get("photoshop")
    iptc = resources.get(0x0404, b"") if isinstance(resources, dict) else b""
    values = np.asarray(image)
    values = values.reshape(*values.shape[:2], -1)
    has_alpha = image.mode == "RGBA"
    return Pixels(
        values[..., :3] if has_alpha else values,
        model,
        255,
        values[..., 3] if has_alpha else None,
        orientation=int(exif.get(0x0112, 1)),
        colours=Colours(icc=info.get("icc_profile")),
        exif=exif,
        credits=said.merged((in_exif, in_xmp, said.of_iptc(iptc))),
    )


def _check_kind(data: bytes, source: Source) -> None:
    """Raise InputError for the kinds of JPEG that are not read, by their name."""
    frame = _frame(data)
    if frame is None:
        return
    mark, bits = frame
    if mark in (0xC3, 0xC7, 0xCB, 0xCF):
        raise source.refused("a lossless JPEG; save it as PNG or TIFF")
    if bits != 8:
        raise source.refused(f"a JPEG of {bits} bits; save it as PNG or TIFF")


def _frame(data: bytes) -> tuple[int, int] | None:
    """Return the mark of a JPEG's frame header and its bits per sample, None if there is none before the pixels."""
    at = 2
    while at + 4 < len(data) and data[at] == 0xFF:
        mark, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if mark == 0xFF:
            at += 1
        elif 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):
            return mark, data[at + 4]
        elif mark == 0xDA:
            return None
        else:
            at += 2 + length
    return None


def _complaint(data: bytes) -> str:
    """Return the first thing that libjpeg finds wrong with the coded pixels of a JPEG, empty if there is nothing.

    Where data is damaged between its first and last byte, libjpeg goes on with grey or with what it takes for pixels,
    and warns. Pillow hides that, OpenCV prints it. At an eighth of the size it takes about half the time of decoding.
    """
    import cv2

    how = cv2.IMREAD_REDUCED_GRAYSCALE_8 | cv2.IMREAD_IGNORE_ORIENTATION
    with held_stderr() as lines, suppress(cv2.error):
        cv2.imdecode(np.frombuffer(data, np.uint8), how)
    said = (line.decode("ascii", "replace").strip() for line in lines)
    return next((line for line in said if line.startswith("Corrupt JPEG data")), "")


def _without_end(data: bytes, size_px: tuple[int, int]) -> JpegImagePlugin.JpegImageFile | None:
    """Return a JPEG that lacks its end mark only, decoded at this size; None if pixels are missing too.

    Pixels that are missing depend on what follows in their place.
    """
    found: list[tuple[JpegImagePlugin.JpegImageFile, NDArray[Any]]] = []
    for filling in _FILLINGS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                image = JpegImagePlugin.JpegImageFile(BytesIO(data.rstrip(b"\xff") + filling + _END))
                image.draft(None, size_px)
                image.load()
        except (OSError, SyntaxError, ValueError):
            return None
        found.append((image, np.asarray(image)))
    return found[0][0] if np.array_equal(found[0][1], found[1][1]) else None
