"""Depth and portrait mattes in HEIC files: auxiliary pictures of the primary one (ISO/IEC 23008-12, 6.4.3).

iPhones describe them by XMP. Other writers describe depth by the depth representation information of HEVC (ITU-T H.265,
F.14.2.5), in which larger numbers are nearer except for uniform Z.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kbvr.photo.apple_depth import MATTE, apple_depth
from kbvr.photo.embedded_depth import MAX_DEPTH_PIXELS, EmbeddedDepth, checked
from kbvr.photo.heif_boxes import Property, content_of, is_xmp, meta_of, primary_of, properties_of, references_to

_DEPTH_TYPES = ("urn:mpeg:hevc:2015:auxid:2", "urn:mpeg:mpegb:cicp:systems:auxiliary:depth")
_INVERSE_Z, _DISPARITY, _Z = 0, 1, 2


def heif_depth(data: bytes, file: Any) -> EmbeddedDepth | None:
    """Return the depth of the primary picture of a HEIC, which pi_heif has opened; None if it has none.

    Raises:
        ValueError: if it is damaged, or nothing says what it means. pi_heif raises other errors too.
    """
    meta = meta_of(data)
    primary = primary_of(meta)
    found = {_auxiliary_type(meta, item): item for item in references_to(meta, primary, b"auxl")[::-1]}
    depth_item = next((found[name] for name in _DEPTH_TYPES if name in found), None)
    if depth_item is None:
        return None
    item_properties = properties_of(meta, depth_item)
    stored = _upright(_decoded(file, depth_item), meta, depth_item, primary)
    white = 2 ** _bits(item_properties, stored) - 1
    xmp = next((n for n in references_to(meta, depth_item, b"cdsc") if is_xmp(meta, n)), None)
    if xmp is not None:
        depth = apple_depth(stored, white, content_of(data, meta, xmp))
    else:
        depth = _by_representation(stored, white, _representation(file))
    matte_item = next((item for name, item in found.items() if name.endswith(MATTE)), None)
    if matte_item is None:
        return depth
    matte = _upright(_decoded(file, matte_item), meta, matte_item, primary)
    return replace(depth, matte=matte) if matte.dtype == np.uint8 else depth


def _auxiliary_type(meta: bytes, item: int) -> str:
    contents = (content for kind, content in properties_of(meta, item) if kind == b"auxC")
    return next(contents, b"")[4:].split(b"\0")[0].decode("latin-1").lower()


def _decoded(file: Any, item: int) -> NDArray[Any]:
    """Return the first channel of an auxiliary picture."""
    picture = file.get_aux_image(item)
    if picture.size[0] * picture.size[1] > MAX_DEPTH_PIXELS:
        raise ValueError(f"{picture.size[0]}x{picture.size[1]} pixels")
    values = np.array(picture, copy=True)  # pi_heif frees its pixels with the picture
    return values[..., 0] if values.ndim == 3 else values


def _bits(item_properties: list[Property], stored: NDArray[Any]) -> int:
    pixel_info = next((content for kind, content in item_properties if kind == b"pixi" and len(content) > 5), None)
    if stored.dtype == np.uint8 or pixel_info is None:
        return 8 * stored.dtype.itemsize
    return pixel_info[5]


def _upright(values: NDArray[Any], meta: bytes, item: int, primary: int) -> NDArray[Any]:
    """Return an auxiliary picture as upright as the photo.

    libheif has applied its own rotation and mirroring. If it has none, it is stored like the photo, whose count.
    """
    if any(kind in (b"irot", b"imir") for kind, _ in properties_of(meta, item)):
        return values
    for kind, content in properties_of(meta, primary):
        if kind == b"irot" and content:
            values = np.rot90(values, content[0] & 3)
        elif kind == b"imir" and content:
            values = values[:, ::-1] if content[0] & 1 else values[::-1]
    return np.ascontiguousarray(values)


def _representation(file: Any) -> Mapping[str, Any]:
    pictures = file.info.get("depth_images") or []
    return pictures[0].info["metadata"] if pictures else {}


def _by_representation(stored: NDArray[Any], white: int, found: Mapping[str, Any]) -> EmbeddedDepth:
    """Return the depth that numbers from 0 to `white` mean by the information in HEVC."""
    shares, kind = stored.astype(np.float64) / white, found.get("representation_type")
    near, far = (float(found.get(name) or 0) for name in ("z_near", "z_far"))
    if kind == _DISPARITY:
        return checked(EmbeddedDepth(shares.astype(np.float32), "relative", "HEIC disparity"))
    if kind not in (_INVERSE_Z, _Z) or not 0 < near < far:
        raise ValueError("nothing in the file says what its numbers mean")
    inverse = 1 / far + shares * (1 / near - 1 / far) if kind == _INVERSE_Z else 1 / (near + shares * (far - near))
    return checked(EmbeddedDepth(inverse.astype(np.float32), "up-to-scale", "HEIC depth"))
