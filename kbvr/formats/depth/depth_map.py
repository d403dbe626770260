"""Depth maps: the photo's depth as a file, which says what its numbers mean and which kbvr reads back.

png    16 bits of disparity: 0 at the farthest pixel, 65535 at the nearest, linear in 1 / metres; its text tells the
       inverse depth of both, so metres can be had again. Read back with --depth-kind disparity.
npy    float32 metres along the optical axis, infinity where there is nothing. Read back with --depth-kind depth-m.
npz    the same as `depth`, with `near_m`, `far_m` and `is_metric`.
exr    the same in the channel Z, with near_m, far_m and scale in its header.
color  a picture to look at: near is warm, far is cold (Turbo).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from kbvr.errors import InputError, OutputError
from kbvr.formats.spec.encoding import PNG_NAMES, check_pixels, credit_texts, picture_bytes, software
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.options.export_options import FileOptions
from kbvr.photo.depth_kind import DepthKind
from kbvr.photo.exr import exr_bytes
from kbvr.photo.photo import Photo
from kbvr.system.atomic_file import written_aside

MOST_16_BIT = 65535
TOLERANCE = 1e-5
"""By how much inverse depth may have changed when it is read back, as a share of the largest; float32 has 6e-8."""

EXR_NAMES = {"artist": "artist", "copyright": "owner", "date": "capDate"}
"""OpenEXR's own attributes for them, and one more."""

READ_AS: Mapping[str, DepthKind] = MappingProxyType(
    {"png": "disparity", "npy": "depth-m", "npz": "depth-m", "exr": "depth-m"}
)
"""Kind of a depth map -> what --depth-kind reads it."""


def told_of(depth: DepthMap) -> dict[str, str]:
    """Return what a depth map says of itself, in words and numbers."""
    scale = "metric: measured in metres" if depth.metric else "relative: placed to look believable"
    least, most = float(depth.inverse_depth.min()), float(depth.inverse_depth.max())
    return {
        "near_m": _metres(most),
        "far_m": _metres(least),
        "scale": scale,
        "focal_length_px": f"{depth.f_px:.9g}",
        "software": software(),
    }


def _metres(inverse_depth: float) -> str:
    return f"{1 / inverse_depth:.9g}" if inverse_depth > 0 else "infinity"


def depth_m(depth: DepthMap) -> Float32[np.ndarray, "H W"]:
    """Return metres along the optical axis; infinity where inverse depth is 0."""
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(1 / np.abs(depth.inverse_depth), np.float32)  # -0 is a 0 too


def disparity_16_bit(depth: DepthMap) -> UInt16[np.ndarray, "H W"]:
    """Return inverse depth, 0 at the farthest pixel to 65535 at the nearest."""
    least, most = float(depth.inverse_depth.min()), float(depth.inverse_depth.max())
    share = (depth.inverse_depth.astype(np.float64) - least) / max(most - least, 1e-30)
    return np.rint(share * MOST_16_BIT).astype(np.uint16)


def coloured(depth: DepthMap) -> UInt8[np.ndarray, "H W 3"]:
    """Return depth as colours, linear in inverse depth from the 1st to the 99th percentile; near is warm."""
    far, near = np.percentile(depth.inverse_depth, (1, 99))
    share = np.clip((depth.inverse_depth - far) / max(float(near - far), 1e-30), 0, 1)
    bgr = cv2.applyColorMap(np.rint(share * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))


def _png(depth: DepthMap, facts: Facts) -> bytes:
    file, told = BytesIO(), PngImagePlugin.PngInfo()
    least, most = float(depth.inverse_depth.min()), float(depth.inverse_depth.max())
    meaning = f"1 / metres = {least:.9g} + value / {MOST_16_BIT} * {most - least:.9g}"
    for name, text in {**told_of(depth), "depth_kind": "disparity", "meaning": meaning}.items():
        told.add_text(name, text)
    for name, text in credit_texts(facts.credits).items():
        told.add_itxt(PNG_NAMES[name], text)
    Image.fromarray(disparity_16_bit(depth)).save(file, "PNG", pnginfo=told)
    return file.getvalue()


def _npy(depth: DepthMap, _facts: Facts) -> bytes:
    file = BytesIO()
    np.save(file, depth_m(depth))
    return file.getvalue()


def _npz(depth: DepthMap, facts: Facts) -> bytes:
    file, told = BytesIO(), told_of(depth)
    texts = {name: np.array(text) for name, text in credit_texts(facts.credits).items()}
    ends = {name: np.array(told[name], np.float32) for name in ("near_m", "far_m")}
    values = {"depth": depth_m(depth), "is_metric": np.array(depth.metric), **ends, **texts}
    np.savez_compressed(file, allow_pickle=False, **values)
    return file.getvalue()


def _exr(depth: DepthMap, facts: Facts) -> bytes:
    credit = {EXR_NAMES[name]: text for name, text in credit_texts(facts.credits).items()}
    return exr_bytes(depth_m(depth), "Z", {**told_of(depth), "depth_kind": "depth-m", "unit": "metres", **credit})


def _color(depth: DepthMap, facts: Facts) -> bytes:
    return picture_bytes(coloured(depth), "png", facts.credits)


BYTES_OF: Mapping[str, Callable[[DepthMap, Facts], bytes]] = MappingProxyType(
    {"png": _png, "npy": _npy, "npz": _npz, "exr": _exr, "color": _color}
)
"""Kind of a depth map (item's packing) -> the file's bytes."""


def write_depth_map(source: tuple[Photo, DepthMap], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write the depth of a photo as the kind that the item's packing names, and read it back; see `Format.write`."""
    _, depth = source
    height, width = depth.inverse_depth.shape
    check_depth_map((width, height), item, options)
    begun = perf_counter()
    data = BYTES_OF[item.packing](depth, facts)
    encode_s = perf_counter() - begun
    with written_aside(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(data)
        if item.packing == "color":
            check_pixels(aside, item.path.name, coloured(depth), exact=True)
        else:
            _check_depth(aside, item, depth)
    return FileSummary(item.path, (width, height), 1, 0.0, 0.0, len(data), encode_s)


def _check_depth(path: Path, item: Item, depth: DepthMap) -> None:
    """Read a depth map as --depth would, and compare it."""
    height, width = depth.inverse_depth.shape
    least, most = float(depth.inverse_depth.min()), float(depth.inverse_depth.max())
    if not most > (least if READ_AS[item.packing] == "disparity" else 0):
        return  # all at one distance, or nothing anywhere: such files are no use as --depth, which says so
    try:
        found, _ = load_inverse_depth(path, (width, height), kind=READ_AS[item.packing])
    except InputError as error:
        raise OutputError(f"{item.path.name} could not be read back: {error}") from error
    wanted, tolerance = depth.inverse_depth, TOLERANCE * most
    if READ_AS[item.packing] == "disparity":
        wanted, tolerance = (wanted - np.float32(least)) / np.float32(most - least), 1 / MOST_16_BIT
    if float(np.abs(found - wanted).max()) > tolerance:
        raise OutputError(f"{item.path.name} did not read back as written: its depth differs")


def check_depth_map(view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Check that the item is a kind of depth map; see `Format.check`."""
    del view_px, options
    if item.packing not in BYTES_OF:
        raise InputError(f"depth maps are {', '.join(BYTES_OF)}, got {item.packing}")


FORMAT = Format(
    says="the photo's depth, for other programs, to be edited, or to look at",
    needs="depth",
    suffixes=(".png", ".npy", ".npz", ".exr"),
    proof="read as --depth reads it and compared; the coloured picture's pixels compared",
    check=check_depth_map,
    write=write_depth_map,
)
