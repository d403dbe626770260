"""Depth in JPEG files as Android cameras store it: GDepth in XMP, and Dynamic Depth with files after the photo.

GDepth: developers.google.com/depthmap-metadata. Dynamic Depth 1.0: developer.android.com, "Dynamic depth format". Both
store a picture of numbers from 0 (Near) to 1 (Far), spaced evenly in the depth (RangeLinear) or in its inverse
(RangeInverse). Confidence is always linear, from 0 (none) to 1 (certain).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from io import BytesIO
from math import inf, isnan
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64
from PIL import ImageFile, JpegImagePlugin, PngImagePlugin

from kbvr.photo.embedded_depth import ASPECT_TOLERANCE, MAX_DEPTH_PIXELS, EmbeddedDepth, Scale, checked
from kbvr.photo.jpeg_parts import end_of_jpeg, extended_xmp
from kbvr.photo.xmp_values import all_properties, parsed, properties

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_GDEPTH = "http://ns.google.com/photos/1.0/depthmap/"
_NOTE = "http://ns.adobe.com/xmp/note/"
_DEPTH_MAP = "http://ns.google.com/photos/dd/1.0/depthmap/"
_ITEMS = ("http://ns.google.com/photos/dd/1.0/item/", "http://ns.google.com/photos/1.0/container/item/")

_METRES = {"m": 1.0, "meters": 1.0, "metres": 1.0, "mm": 0.001}
"""Units -> metres. Lens Blur, which cannot measure metres, states no unit, although GDepth's default is metres."""


def google_depth(data: bytes, xmp: bytes, size_px: tuple[int, int]) -> EmbeddedDepth | None:
    """Return the depth in a JPEG with this standard XMP packet, None if there is none.

    `size_px` is the (width, height) of the photo as stored.

    Raises:
        ValueError: if it is damaged. Picture decoders raise other errors too.
    """
    if _GDEPTH.encode() in xmp or (b"HasExtendedXMP" in xmp and _GDEPTH.encode() in data):
        depth = _gdepth(data, parsed(xmp), size_px)
        if depth is not None:
            return depth
    return _dynamic_depth(data, parsed(xmp)) if _DEPTH_MAP.encode() in xmp else None


def _gdepth(data: bytes, standard: Element, size_px: tuple[int, int]) -> EmbeddedDepth | None:
    found = all_properties(standard, _GDEPTH)
    guid = all_properties(standard, _NOTE).get("HasExtendedXMP", "")
    if "Data" not in found and guid:
        found = all_properties(parsed(extended_xmp(data, guid)), _GDEPTH) | found
    if not found:
        return None
    if "Data" not in found:
        raise ValueError("its XMP describes a depth map that is not in the file")
    _check_size(found, size_px)
    confidence = found.get("Confidence", "")
    return _depth_of(found, _from_base64(found["Data"]), _from_base64(confidence) if confidence else b"", "GDepth")


def _check_size(found: Mapping[str, str], size_px: tuple[int, int]) -> None:
    """Raise ValueError if the depth belongs to a picture of another shape, as in a photo that has been cropped."""
    width, height = (float(found.get(name, 0) or 0) for name in ("ImageWidth", "ImageHeight"))
    if width > 0 and height > 0:
        ratios = (width / height * size_px[1] / size_px[0], width / height * size_px[0] / size_px[1])
        if min(max(ratio, 1 / ratio) for ratio in ratios) > ASPECT_TOLERANCE:  # as stored, or upright
            raise ValueError(f"it belongs to a picture of {width:.0f}x{height:.0f} pixels")


def _from_base64(text: str) -> bytes:
    packed = "".join(text.split())
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(f"invalid base64: {error}") from error


def _dynamic_depth(data: bytes, root: Element) -> EmbeddedDepth | None:
    """Return the first depth map of the cameras of a Dynamic Depth file."""
    for element in root.iter():
        found = properties(element, _DEPTH_MAP)
        if found.get("DepthURI") and found.get("ItemSemantic", "Depth").lower() == "depth":
            break
    else:
        return None
    files = _files(data, root, found["DepthURI"])
    confidence = files.get(found.get("ConfidenceURI", ""), b"")
    return _depth_of(found, files[found["DepthURI"]], confidence, "Dynamic Depth")


def _files(data: bytes, root: Element, wanted: str) -> dict[str, bytes]:
    """Return the files of the container that lists a wanted one, by their URI. Its first item is the photo itself.

    They end where the file does, unless other programs have appended something, and begin where the photo ends, unless
    something else, such as a gain map, stands before them.

    Raises:
        ValueError: if they are not all there.
    """
    containers = ([found for element in root.iter() if "Mime" in (found := properties(element, at))] for at in _ITEMS)
    listed = next((items for items in containers if any(item.get("DataURI") == wanted for item in items[1:])), None)
    if listed is None:
        raise ValueError(f"its container has no {wanted!r}")
    after = [(item.get("DataURI", ""), _count(item, "Length"), _count(item, "Padding")) for item in listed[1:]]
    total = sum(length + padding for _, length, padding in after)
    for start in (len(data) - total, end_of_jpeg(data) + _count(listed[0], "Padding")):
        files, at = {}, start
        for uri, length, padding in after:
            files[uri] = data[at : at + length] if at > 0 else b""
            at += length + padding
        if at <= len(data) and all(_is_picture(content) for content in files.values()):
            return files
    raise ValueError(f"the {total} bytes of its container are incomplete")


def _count(item: Mapping[str, str], name: str) -> int:
    return max(0, int(item.get(name) or 0))


def _is_picture(content: bytes) -> bool:
    return content.startswith((b"\xff\xd8\xff", b"\x89PNG"))


def _depth_of(found: Mapping[str, str], picture: bytes, confidence: bytes, source: str) -> EmbeddedDepth:
    """Return the depth that a picture's numbers mean."""
    near, far = (float(found[name]) if found.get(name) else inf for name in ("Near", "Far"))
    if isnan(near + far) or min(near, far) <= 0 or near in (far, inf):
        raise ValueError(f"expected Near and Far above 0, got {found.get('Near')!r} and {found.get('Far')!r}")
    unit = found.get("Units", "").lower()
    shares = _shares(picture)
    depth_format = found.get("Format", "RangeInverse").lower()
    if depth_format == "rangeinverse":
        inverse = 1 / near + shares * (1 / far - 1 / near)
    elif depth_format == "rangelinear" and far < inf:
        inverse = 1 / (near + shares * (far - near))
    else:
        raise ValueError(f"unknown format {found.get('Format')!r}")
    scale: Scale = "metric" if unit in _METRES or unit == "diopters" else "up-to-scale"
    inverse = 1 / inverse if unit == "diopters" else inverse / _METRES.get(unit, 1.0)
    is_ray = found.get("MeasureType", "OpticalAxis").lower() in ("opticray", "opticalray")
    sure = _shares(confidence).astype(np.float32) if confidence else None
    return checked(EmbeddedDepth(inverse.astype(np.float32), scale, source, is_ray, sure))


def _shares(picture: bytes) -> Float64[np.ndarray, "h w"]:
    """Return the numbers of a grey JPEG or PNG as shares of the largest one that it can store."""
    reader = PngImagePlugin.PngImageFile if picture.startswith(b"\x89PNG") else JpegImagePlugin.JpegImageFile
    image: ImageFile.ImageFile = reader(BytesIO(picture))
    if image.width * image.height > MAX_DEPTH_PIXELS:
        raise ValueError(f"{image.width}x{image.height} pixels")
    image.load()
    values = np.asarray(image.convert("RGB") if image.mode == "P" else image)
    if values.ndim == 3:
        values = values[..., 0]
    white = 65535 if image.mode.startswith("I") else 255
    return values.astype(np.float64) / white
