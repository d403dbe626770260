"""Depth maps: the photo's depth as a file, with metadata on its values, which kbvr can load.

png    16-bit disparity (the depth kind to load it as): 0 at the farthest pixel, 65535 at the nearest, linear in
       1 / metres; text chunks give the distance of both, and the confidence of the network. As depth kind kbvr it
       keeps its place and scale.
npy    float32 metres along the optical axis (depth kind depth-m), infinity where there is nothing.
npz    the same as `depth`, with `near_m`, `far_m` and `is_metric`.
exr    the same in the channel Z, with near_m, far_m and scale in its header.
color  a picture to look at: near is warm, far is cold (Turbo).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from time import perf_counter
from types import MappingProxyType

import cv2
import numpy as np
from jaxtyping import Float32, UInt8, UInt16
from PIL import Image, PngImagePlugin

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.read_file import load_inverse_depth
from kbvr.depth.read_placed import MAX_16_BIT, confidence_text
from kbvr.errors import InputError
from kbvr.formats.spec.encoding import add_credits, check_pixels, credit_texts, picture_bytes, saved
from kbvr.formats.spec.exif import date_of
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.spec.software import software
from kbvr.formats.spec.verification import verification_error
from kbvr.options.export_options import FileOptions
from kbvr.photo.credits import NO_CREDITS, Credits
from kbvr.photo.depth_kind import ForeignKind
from kbvr.photo.exr import exr_bytes
from kbvr.photo.photo import Photo
from kbvr.system.atomic_file import atomic_write

TOLERANCE = 1e-5
"""Largest error of inverse depth that passes verification, as a share of the maximum; float32 has 6e-8."""

NO_TEXTS: Mapping[str, str] = MappingProxyType({})

EXR_NAMES = {"copyright": "owner", "caption": "comments"}
"""Name of a text -> its attribute as OpenEXR defines it; the others keep their names."""

READ_AS: Mapping[str, ForeignKind] = MappingProxyType(
    {"png": "disparity", "npy": "depth-m", "npz": "depth-m", "exr": "depth-m"}
)
"""Kind of a depth map -> the depth kind to load it as."""


def depth_metadata(depth: DepthMap) -> dict[str, str]:
    """Return the metadata of a depth map, as texts."""
    scale = "metric: measured in metres" if depth.metric else "relative: placed to look believable"
    low, high = _range(depth)
    return {
        "near_m": _metres(high),
        "far_m": _metres(low),
        "scale": scale,
        "focal_length_px": f"{depth.f_px:.9g}",
        "software": software(),
    }


def _range(depth: DepthMap) -> tuple[float, float]:
    """Return the lowest and the highest inverse depth."""
    return float(depth.inverse_depth.min()), float(depth.inverse_depth.max())


def _metres(inverse_depth: float) -> str:
    return f"{1 / inverse_depth:.9g}" if inverse_depth > 0 else "infinity"


def depth_m(depth: DepthMap) -> Float32[np.ndarray, "H W"]:
    """Return metres along the optical axis; infinity where inverse depth is 0."""
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(1 / np.abs(depth.inverse_depth), np.float32)  # abs: -0 must not become -infinity


def disparity_16_bit(depth: DepthMap) -> UInt16[np.ndarray, "H W"]:
    """Return inverse depth as integers from 0 at the farthest pixel to 65535 at the nearest."""
    low, high = _range(depth)
    share = (depth.inverse_depth.astype(np.float64) - low) / max(high - low, 1e-30)
    return np.rint(share * MAX_16_BIT).astype(np.uint16)


def coloured(depth: DepthMap) -> UInt8[np.ndarray, "H W 3"]:
    """Return depth as colours, linear in inverse depth from the 1st to the 99th percentile."""
    far, near = np.percentile(depth.inverse_depth, (1, 99))
    share = np.clip((depth.inverse_depth - far) / max(float(near - far), 1e-30), 0, 1)
    bgr = cv2.applyColorMap(np.rint(share * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))


def _png(depth: DepthMap, facts: Facts) -> bytes:
    return png_of_depth(depth, facts.credits)


def png_of_depth(
    depth: DepthMap, photo_credits: Credits = NO_CREDITS, texts: Mapping[str, str] = NO_TEXTS, compress_level: int = 6
) -> bytes:
    """Return the content of a 16-bit PNG; `texts` are added to its metadata, `compress_level` is zlib's."""
    chunks = PngImagePlugin.PngInfo()
    low, high = _range(depth)
    meaning = f"1 / metres = {low:.9g} + value / {MAX_16_BIT} * {high - low:.9g}"
    for name, text in {**depth_metadata(depth), "depth_kind": "disparity", "meaning": meaning}.items():
        chunks.add_text(name, text)
    if depth.confidence is not None:
        chunks.add_text("confidence", confidence_text(depth.confidence), zip=True)
    for name, text in texts.items():
        chunks.add_text(name, text)
    add_credits(chunks, photo_credits)
    return saved(Image.fromarray(disparity_16_bit(depth)), "PNG", pnginfo=chunks, compress_level=compress_level)


def _npy(depth: DepthMap, _facts: Facts) -> bytes:
    file = BytesIO()
    np.save(file, depth_m(depth))
    return file.getvalue()


def _npz(depth: DepthMap, facts: Facts) -> bytes:
    file, metadata = BytesIO(), depth_metadata(depth)
    texts = {name: np.array(text) for name, text in credit_texts(facts.credits).items()}
    limits = {name: np.array(metadata[name], np.float32) for name in ("near_m", "far_m")}
    values = {"depth": depth_m(depth), "is_metric": np.array(depth.metric), **limits, **texts}
    np.savez_compressed(file, allow_pickle=False, **values)
    return file.getvalue()


def exr_attributes(photo_credits: Credits) -> dict[str, str | float]:
    """Return a photo's credits as attributes that OpenEXR defines, as far as it does (ImfStandardAttributes.h)."""
    known = replace(photo_credits, date="", place=None)
    attributes: dict[str, str | float] = {EXR_NAMES.get(name, name): text for name, text in credit_texts(known).items()}
    if photo_credits.date:
        attributes["capDate"] = date_of(photo_credits)
        offset = datetime.fromisoformat(photo_credits.date).utcoffset()
        attributes |= {} if offset is None else {"utcOffset": -offset.total_seconds()}
    place = photo_credits.place
    if place:
        attributes |= {"latitude": place.latitude_deg, "longitude": place.longitude_deg}
        attributes |= {} if place.altitude_m is None else {"altitude": place.altitude_m}
    return attributes


def _exr(depth: DepthMap, facts: Facts) -> bytes:
    metadata = {**depth_metadata(depth), "depth_kind": "depth-m", "unit": "metres", **exr_attributes(facts.credits)}
    return exr_bytes(depth_m(depth), "Z", metadata)


def _color(depth: DepthMap, facts: Facts) -> bytes:
    return picture_bytes(coloured(depth), "png", facts.credits)


ENCODERS: Mapping[str, Callable[[DepthMap, Facts], bytes]] = MappingProxyType(
    {"png": _png, "npy": _npy, "npz": _npz, "exr": _exr, "color": _color}
)
"""Kind of a depth map -> function that returns the file's content."""


def write_depth_map(source: tuple[Photo, DepthMap], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify a photo's depth; the item's packing is the kind of depth map. See `Format.write`."""
    _, depth = source
    height, width = depth.inverse_depth.shape
    check_depth_map((width, height), item, options)
    start = perf_counter()
    data = ENCODERS[item.packing](depth, facts)
    encode_s = perf_counter() - start
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(data)
        if item.packing == "color":
            check_pixels(aside, item.path.name, coloured(depth), exact=True)
        else:
            _verify(aside, item, depth)
    return FileSummary(item.path, (width, height), 1, 0.0, 0.0, len(data), encode_s)


def _verify(path: Path, item: Item, depth: DepthMap) -> None:
    """Load a depth map as an input for the photo, and compare it."""
    height, width = depth.inverse_depth.shape
    low, high = _range(depth)
    if not high > (low if READ_AS[item.packing] == "disparity" else 0):
        return  # with all pixels at one distance, or at infinity, loading it raises an InputError
    try:
        found, _ = load_inverse_depth(path, (width, height), kind=READ_AS[item.packing])
    except InputError as error:
        raise verification_error(item.path.name, error) from error
    expected, tolerance = depth.inverse_depth, TOLERANCE * high
    if READ_AS[item.packing] == "disparity":
        expected, tolerance = (expected - np.float32(low)) / np.float32(high - low), 1 / MAX_16_BIT
    if float(np.abs(found - expected).max()) > tolerance:
        raise verification_error(item.path.name, "its depth differs")


def check_depth_map(_view_px: tuple[int, int], item: Item, _options: FileOptions) -> None:
    """Check that the item is a kind of depth map; see `Format.check`."""
    if item.packing not in ENCODERS:
        raise InputError(f"expected a kind of depth map ({', '.join(ENCODERS)}), got {item.packing}")


FORMAT = Format(
    purpose="the photo's depth, for other programs, to edit or to look at",
    needs="depth",
    suffixes=(".png", ".npy", ".npz", ".exr"),
    verification="loaded as an input depth map and compared; all pixels of a coloured picture compared",
    check=check_depth_map,
    write=write_depth_map,
)
