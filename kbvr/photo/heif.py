"""HEIC and AVIF, which share a container of boxes around HEVC and AV1.

Rotation and mirror boxes define the orientation; the EXIF orientation, which repeats them, is ignored.
"""

from __future__ import annotations

import logging
import re
import struct
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import AvifImagePlugin

from kbvr.photo import metadata
from kbvr.photo.embedded_depth import read_or_none
from kbvr.photo.heif_boxes import meta_of, properties_of
from kbvr.photo.heif_depth import heif_depth
from kbvr.photo.panorama import panorama_in
from kbvr.photo.picture_file import Source
from kbvr.photo.pixels import Colours, Model, Pixels
from kbvr.photo.transfer_functions import is_known

_log = logging.getLogger(__name__)


def read_heic(data: bytes, source: Source) -> Pixels:
    """Decode the primary picture of a HEIC file; libheif turns it upright."""
    import pi_heif

    for size in re.findall(rb"ispe....(.{8})", meta_of(data), re.DOTALL):  # libheif reports only the cropped size
        source.check_size(*struct.unpack(">II", size))
    with source.damage_reported():
        file = pi_heif.open_heif(BytesIO(data), convert_hdr_to_8bit=False, hdr_to_16bit=False)
        info, mode = file.info, file.mode
        values = np.array(file, copy=True)  # pi_heif frees its pixels with the file
    depth = read_or_none(lambda: heif_depth(data, file), source.name)
    values = values.reshape(*values.shape[:2], -1)
    white = 2 ** (int(info["bit_depth"]) if values.dtype == np.uint16 else 8) - 1
    profile = info.get("icc_profile") or None
    coded = info.get("nclx_profile") or {}
    numbers = (int(coded.get("color_primaries", 2)), int(coded.get("transfer_characteristics", 2)))
    colours = Colours(icc=profile) if profile else _colours(numbers, source)
    pixels = _pixels(values, white, colours, info, source.name)
    return replace(pixels, orientation=1, premultiplied=mode.split(";")[0].endswith("a"), depth=depth)


def read_avif(data: bytes, source: Source) -> Pixels:
    """Decode the primary picture of an AVIF file with all its 8, 10 or 12 bits."""
    import imagecodecs

    with source.damage_reported():
        header = AvifImagePlugin.AvifImageFile(BytesIO(data))
    source.check_size(*header.size)
    if header.is_animated:
        _log.info("%s: several pictures; using the first", source.name)
    with source.damage_reported():
        # imagecodecs writes out of bounds for animations; Pillow gives 8 bits, which animations have
        values: NDArray[Any] = np.asarray(header) if header.is_animated else imagecodecs.avif_decode(data)
    values = values.reshape(*header.size[::-1], -1)
    meta = meta_of(data)
    white = 2 ** (_bits(meta) if values.dtype == np.uint16 else 8) - 1
    profile = header.info.get("icc_profile")
    colours = Colours(icc=profile) if profile else _colours(_coded(meta), source)
    return _pixels(values, white, colours, header.info, source.name)


def _pixels(values: NDArray[Any], white: int, colours: Colours, info: Mapping[Any, Any], name: str) -> Pixels:
    count = values.shape[2]
    model: Model = "grey" if count < 3 else "rgb"
    alpha = values[..., -1] if count in (2, 4) else None
    plain = values if alpha is None else values[..., :-1]
    xmp = info.get("xmp") or b""
    exif, texts = metadata.read(info.get("exif") or b"", xmp, b"", name)
    orientation = int(exif.get(0x0112, 1))  # in an AVIF, Pillow sets it from the boxes
    pixels = Pixels(plain, model, white, alpha, False, None, orientation, colours, exif, texts)
    return replace(pixels, panorama=panorama_in(xmp, name))


def _colours(coded: tuple[int, int], source: Source) -> Colours:
    primaries, transfer = coded
    if not is_known(primaries, transfer):
        _log.warning("%s: reading unknown colours as sRGB (H.273 primaries %s, transfer %s)", source.name, *coded)
        return Colours()
    return Colours(primaries=primaries, transfer=transfer)


def _coded(meta: bytes) -> tuple[int, int]:
    """Return the primaries and transfer (H.273) of the primary picture's nclx box; both 2 if there is none."""
    for kind, content in properties_of(meta):
        if kind == b"colr" and content[:4] == b"nclx" and len(content) >= 8:
            return struct.unpack_from(">HH", content, 4)
    return 2, 2


def _bits(meta: bytes) -> int:
    """Return the bit depth of the primary picture, 10 if it is not specified."""
    for kind, content in properties_of(meta):
        if kind == b"pixi" and len(content) > 5:
            return content[5]
        if kind == b"av1C" and len(content) > 2:
            return 8 if not content[2] & 0x40 else 12 if content[2] & 0x20 else 10
    return 10
