"""JPEG and WebP, decoded by Pillow."""

from __future__ import annotations

import logging
import warnings
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFile, JpegImagePlugin, WebPImagePlugin

from kbvr.errors import DamagedFileError
from kbvr.photo import metadata
from kbvr.photo.decoding_memory import jpeg_within
from kbvr.photo.embedded_depth import read_or_none
from kbvr.photo.jpeg_depth import jpeg_depth
from kbvr.photo.panorama import panorama_in
from kbvr.photo.picture_file import Source
from kbvr.photo.pixels import Colours, Model, Pixels
from kbvr.photo.stereo_jpeg import jps_layout, second_jpegs
from kbvr.system.stderr import held_stderr

_END_MARKER = b"\xff\xd9"
_PADDINGS = (b"", b"\x5a\x25\x93" * 4096)
"""Replacements for missing data: a complete picture decodes to the same pixels with either."""

_log = logging.getLogger(__name__)


def read_jpeg(data: bytes, source: Source) -> Pixels:
    """Decode a JPEG, with a warning if only its end marker is missing."""
    _check_kind(data, source)
    with source.damage_reported():
        image = JpegImagePlugin.JpegImageFile(BytesIO(data))
    file_px = image.size
    source.check_pixel_count(*file_px)
    jpeg_within(image, source.name, source.max_bytes)
    decoded_px = image.size
    try:
        image.load()
    except (OSError, SyntaxError, ValueError) as error:
        whole = _without_end(data, decoded_px)
        if whole is None:
            raise source.damaged(" ".join(str(error).split())) from error
        image = whole
        _log.warning("%s: the end marker is missing, but all pixels are present", source.name)
    else:
        libjpeg_warning = _libjpeg_warning(data)
        if libjpeg_warning:
            _log.warning("%s: some pixels may be wrong; libjpeg reports: %s", source.name, libjpeg_warning)
    model: Model = {"L": "grey", "RGB": "rgb", "CMYK": "cmyk"}[image.mode]  # type: ignore[assignment]
    depth = read_or_none(lambda: jpeg_depth(data, file_px), source.name)
    reduced_from = None if decoded_px == file_px else file_px
    layout = None if source.second == "none" else jps_layout(data)
    second, notes = _second_view(data, file_px, source)
    pixels = _pixels(image, model, source)
    return replace(pixels, reduced_from=reduced_from, depth=depth, second=second, layout=layout, notes=notes)


def _second_view(data: bytes, size_px: tuple[int, int], source: Source) -> tuple[Pixels | None, tuple[str, ...]]:
    """Return the other eye's view in an MPO whose photo has this size, and notes on pictures that are none.

    Pictures that are damaged or of another size are passed over.
    """
    if source.second == "none":
        return None, ()
    notes = []
    try:
        jpegs = second_jpegs(data, marked_only=source.second == "marked" and Path(source.path).suffix.lower() != ".mpo")
    except ValueError as error:
        _log.warning("%s: ignoring its second picture: %s", source.name, error)
        return None, ()
    for jpeg in jpegs:
        try:
            view = read_jpeg(_whole(jpeg), replace(source, second="none"))
        except (DamagedFileError, ValueError) as error:
            _log.warning("%s: ignoring its second picture: %s", source.name, error)
            continue
        found_px = view.reduced_from or view.values.shape[1::-1]
        if found_px == size_px:
            return view, ()
        notes.append(f"its picture of {found_px[0]}x{found_px[1]} is not used: a second view has the photo's size")
    return None, tuple(dict.fromkeys(notes))


def _whole(jpeg: bytes) -> bytes:
    if not jpeg:
        raise ValueError("its second picture is incomplete")
    return jpeg


def read_webp(data: bytes, source: Source) -> Pixels:
    """Decode a WebP, or the first picture of an animated one."""
    with source.damage_reported():
        image = WebPImagePlugin.WebPImageFile(BytesIO(data))
    source.check_size(*image.size)
    if image.is_animated:
        _log.info("%s: several pictures; using the first", source.name)
    with source.damage_reported():
        image.load()
    return _pixels(image, "rgb", source)


def _pixels(image: ImageFile.ImageFile, model: Model, source: Source) -> Pixels:
    info: dict[Any, Any] = image.info
    resources = info.get("photoshop")
    iptc = resources.get(0x0404, b"") if isinstance(resources, dict) else b""
    xmp = info.get("xmp", b"")
    exif, texts = metadata.read(info.get("exif", b""), xmp, iptc, source.name)
    values = np.asarray(image)
    values = values.reshape(*values.shape[:2], -1)
    has_alpha = image.mode == "RGBA"
    alpha = values[..., 3] if has_alpha else None
    orientation, colours = int(exif.get(0x0112, 1)), Colours(icc=info.get("icc_profile"))
    plain = values[..., :3] if has_alpha else values
    pixels = Pixels(plain, model, 255, alpha, False, None, orientation, colours, exif, texts)
    return replace(pixels, panorama=panorama_in(xmp, source.name))


def _check_kind(data: bytes, source: Source) -> None:
    """Raise InputError if the frame header is that of an unsupported kind of JPEG."""
    at, marker = 2, 0
    while at + 4 < len(data) and data[at] == 0xFF and marker != 0xDA:
        marker, length, bits = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big"), data[at + 4]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if marker in (0xC3, 0xC7, 0xCB, 0xCF):
                raise source.refused("a lossless JPEG; save it as PNG or TIFF")
            if bits != 8:
                raise source.refused(f"a JPEG of {bits} bits; save it as PNG or TIFF")
            return
        at += 1 if marker == 0xFF else 2 + length


def _libjpeg_warning(data: bytes) -> str:
    """Return libjpeg's first warning of corrupt pixel data, empty if there is none.

    If data in the middle of a file is damaged, libjpeg warns and continues with grey or wrong pixels. Pillow hides the
    warning, OpenCV prints it. Decoding at an eighth of the size takes about half as long as full decoding.
    """
    import cv2

    flags = cv2.IMREAD_REDUCED_GRAYSCALE_8 | cv2.IMREAD_IGNORE_ORIENTATION
    with held_stderr() as lines, suppress(cv2.error):
        cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    printed = (line.decode("ascii", "replace").strip() for line in lines)
    return next((line for line in printed if line.startswith("Corrupt JPEG data")), "")


def _without_end(data: bytes, size_px: tuple[int, int]) -> JpegImagePlugin.JpegImageFile | None:
    """Return a JPEG that lacks only its end marker, decoded at this size; None if pixels are missing too.

    Missing pixels show as a difference between paddings.
    """
    found: list[tuple[JpegImagePlugin.JpegImageFile, NDArray[Any]]] = []
    for padding in _PADDINGS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                image = JpegImagePlugin.JpegImageFile(BytesIO(data.rstrip(b"\xff") + padding + _END_MARKER))
                image.draft(None, size_px)
                image.load()
        except (OSError, SyntaxError, ValueError):
            return None
        found.append((image, np.asarray(image)))
    return found[0][0] if np.array_equal(found[0][1], found[1][1]) else None
