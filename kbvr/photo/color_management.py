"""Convert a decoded picture of any colour model to upright sRGB, with transparent parts on white."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

from kbvr.errors import escaped
from kbvr.imaging import srgb
from kbvr.photo.pixels import Colours, Pixels, upright
from kbvr.photo.transfer_functions import (
    AS_SRGB,
    HLG,
    NAMES,
    PQ,
    WHITE_CD_M2,
    hlg_display,
    linear_of_lab,
    srgb_from,
    to_linear,
    tone_mapped,
)
from kbvr.system.resources import processors

BAND_PX = 1_000_000
"""Pixels converted at a time, which limits the memory for intermediate results."""

_ICC_SPACES = {"grey": b"GRAY", "rgb": b"RGB ", "cmyk": b"CMYK"}
_LCMS_SPACES = {b"GRAY": "gray", b"RGB ": "rgb", b"CMYK": "cmyk"}

_log = logging.getLogger(__name__)

Rgb = UInt8[np.ndarray, "H W 3"]


def srgb_over_white(pixels: Pixels, name: str) -> tuple[Rgb, tuple[str, ...]]:
    """Return upright sRGB and notes on colour conversions; warnings call the file `name`.

    Transparent parts become white, like paper: colours under them are not meant to be seen and often black.
    Premultiplied colours (TIFF's associated alpha) are divided by alpha first, which avoids dark edges.
    """
    values, white, colours = _plain_values(pixels), pixels.white, pixels.colours
    if pixels.model == "palette":
        white = 255
    elif pixels.model == "lab":
        colours = Colours(transfer=8)
    rgb = _by_profile(values, white, pixels, name) if colours.icc else None
    notes: tuple[str, ...] = ()
    if rgb is None and not _is_srgb(colours) and pixels.model != "cmyk":
        rgb, peak = _by_numbers(values, white, colours)
        notes = () if pixels.model == "lab" else (_note(colours, peak),)
    if rgb is None:
        rgb = _as_srgb(values, white)
    if pixels.alpha is not None:
        rgb = _over_white(rgb, pixels.alpha, 255 if pixels.model == "palette" else pixels.white)
    return np.ascontiguousarray(upright(rgb, pixels.orientation)), notes


def _plain_values(pixels: Pixels) -> NDArray[Any]:
    """Return (H, W, C) grey, RGB, CMYK, or linear RGB for Lab, with palettes looked up and alpha divided out."""
    values = pixels.values
    if pixels.palette is not None:
        return pixels.palette[values[..., 0]]
    if pixels.model == "lab":
        linear = np.empty(values.shape, np.float32)
        for rows in _bands(values):
            linear[rows] = linear_of_lab(values[rows])
        return linear
    if not pixels.premultiplied or pixels.alpha is None:
        return values
    divided = np.empty_like(values)
    for rows in _bands(values):
        share = pixels.alpha[rows].astype(np.float64) / pixels.white
        straight = values[rows] / np.maximum(share, 1e-9)[..., None]
        straight = np.minimum(straight, pixels.white)
        divided[rows] = straight if values.dtype.kind == "f" else np.rint(straight)
    return divided


def _bands(values: NDArray[Any]) -> Iterator[slice]:
    height, width = values.shape[:2]
    step = max(1, BAND_PX // max(width, 1))
    return (slice(top, top + step) for top in range(0, height, step))


def _eight(values: NDArray[Any], white: float) -> NDArray[np.uint8]:
    """Return values from 0 to `white`, scaled and rounded to 8 bits."""
    import cv2

    if values.dtype == np.uint8 and white == 255:
        return values
    if values.dtype in (np.uint8, np.uint16):
        return np.asarray(cv2.convertScaleAbs(values, alpha=255 / white), np.uint8).reshape(values.shape)
    rounded = np.empty(values.shape, np.uint8)
    for rows in _bands(values):
        rounded[rows] = np.rint(np.clip(np.nan_to_num(values[rows]) / np.float64(white), 0, 1) * 255)
    return rounded


def _as_srgb(values: NDArray[Any], white: float) -> Rgb:
    """Return grey, RGB or CMYK as RGB without a colour profile."""
    eight = _eight(values, white)
    if eight.shape[2] == 1:
        return np.repeat(eight, 3, axis=2)
    if eight.shape[2] == 3:
        return eight
    rgb = np.empty((*eight.shape[:2], 3), np.uint8)
    for rows in _bands(eight):
        ink = 255 - eight[rows].astype(np.uint16)
        rgb[rows] = (ink[..., :3] * ink[..., 3:] + 127) // 255
    return rgb


def _over_white(rgb: Rgb, alpha: NDArray[Any], white: float) -> Rgb:
    result = np.empty_like(rgb)
    for rows in _bands(rgb):
        share = np.clip(alpha[rows].astype(np.float32) / np.float32(white), 0, 1)[..., None]
        result[rows] = np.rint(255 - share * (255 - rgb[rows].astype(np.float32)))
    return result


# --- profiles ---


def _by_profile(values: NDArray[Any], white: float, pixels: Pixels, name: str) -> Rgb | None:
    """Return sRGB by the file's ICC profile; None, with a warning, if the profile is unusable."""
    import imagecodecs

    icc = pixels.colours.icc or b""
    space = _ICC_SPACES["rgb" if pixels.model == "palette" else pixels.model]
    if icc[16:20] == b"RGB " and space == b"GRAY":
        values, space = np.repeat(values, 3, axis=2), b"RGB "
    if icc[16:20] != space:
        reason = f"for {icc[16:20].decode('latin-1').strip()} pictures" if len(icc) >= 128 else "damaged"
        _log.warning("%s: ignoring the colour profile (%s)", name, escaped(reason))
        return None
    exact = values.dtype != np.uint8 or white != 255
    values = _for_lcms(values, white) if exact else values
    flags = int(imagecodecs.CMS.FLAGS.BLACKPOINTCOMPENSATION)
    if exact:  # otherwise lcms uses a table for 16 bits, with errors of up to 15 of 255 levels
        flags |= imagecodecs.CMS.FLAGS.NOOPTIMIZE
    rgb = np.empty((*values.shape[:2], 3), np.uint8)

    def convert(rows: slice) -> None:
        band = np.ascontiguousarray(values[rows] if space != b"GRAY" else values[rows, :, 0])
        rgb[rows] = imagecodecs.cms_transform(
            band,
            icc,
            _srgb_profile(),
            colorspace=_LCMS_SPACES[space],
            outcolorspace="rgb",
            outdtype="uint8",
            intent=imagecodecs.CMS.INTENT.RELATIVE_COLORIMETRIC,
            flags=flags,
        )

    try:
        _in_threads(convert, values.shape[0])
    except (RuntimeError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        _log.warning("%s: ignoring the colour profile (%s)", name, reason)
        return None
    return rgb


def _for_lcms(values: NDArray[Any], white: float) -> NDArray[Any]:
    """Return 16-bit integers or floats, both of which lcms converts exactly."""
    if values.dtype.kind == "f":
        return np.clip(np.nan_to_num(values), 0, 1).astype(np.float32)
    if values.dtype == np.uint16 and white == 65535:
        return values
    scaled = np.empty(values.shape, np.uint16)
    for rows in _bands(values):
        scaled[rows] = np.rint(values[rows] * (65535 / white))
    return scaled


def _in_threads(convert: Callable[[slice], None], height: int) -> None:
    """Call a function for bands of rows, one per processor."""
    workers = min(processors(), 16, height)
    edges = np.linspace(0, height, workers + 1).astype(int)
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(convert, (slice(top, end) for top, end in pairwise(edges))))


@lru_cache(maxsize=1)
def _srgb_profile() -> bytes:
    import imagecodecs

    return bytes(imagecodecs.cms_profile("srgb"))


# --- H.273 codes and chromaticities ---


def _is_srgb(colours: Colours) -> bool:
    has_curve = colours.exponent is not None or colours.narrow_range
    return colours.primaries in (1, 2) and colours.transfer in AS_SRGB and not has_curve


def _by_numbers(values: NDArray[Any], white: float, colours: Colours) -> tuple[Rgb, float]:
    """Return sRGB by primaries and transfer, with out-of-gamut colours clipped, and the peak of the light.

    White is 1; the peak of a picture that is not HDR is 1.
    """
    is_hdr = colours.transfer in (PQ, HLG)
    table = _linear_table(values, white, colours)

    def linear(rows: slice) -> NDArray[np.float32]:
        light = table[values[rows]] if table is not None else _linear(values[rows] / np.float64(white), colours)
        light = light.astype(np.float32, copy=False)
        if light.shape[2] == 1 and is_hdr:
            light = np.repeat(light, 3, axis=2)
        if colours.transfer == HLG:
            light = hlg_display(light)
        if light.shape[2] == 3:
            light = np.maximum(light @ srgb_from(colours.primaries).T.astype(np.float32), 0)
        return light

    peak = max(float(linear(rows).max()) for rows in _bands(values)) if is_hdr else 1.0
    rgb = np.empty((*values.shape[:2], 3), np.uint8)
    for rows in _bands(values):
        rgb[rows] = _encoded(tone_mapped(linear(rows), peak) if is_hdr else linear(rows))
    return rgb, peak


def _linear(code: NDArray[np.floating], colours: Colours) -> NDArray[np.floating]:
    if colours.narrow_range:
        code = np.clip((code * 255 - 16) / 219, 0, 1)
    return to_linear(code, colours.transfer) if colours.exponent is None else np.maximum(code, 0) ** colours.exponent


def _linear_table(values: NDArray[Any], white: float, colours: Colours) -> NDArray[np.float32] | None:
    """Return the light of every code of up to 16 bits, None for other types."""
    if values.dtype not in (np.uint8, np.uint16):
        return None
    codes = np.arange(2 ** (8 * values.dtype.itemsize)) / white
    return _linear(np.minimum(codes, 1), colours).astype(np.float32)


def _encoded(linear: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return 8-bit sRGB of linear light from 0 to 1."""
    return np.rint(srgb.code_of_linear(np.clip(linear, 0, 1)) * 255).astype(np.uint8)


def _note(colours: Colours, peak: float) -> str:
    name = NAMES.get(colours.primaries, "") if isinstance(colours.primaries, int) else ""
    space = f"{name} colours" if name and colours.primaries != 1 else "colours"
    if colours.transfer in (PQ, HLG):
        kind = "PQ" if colours.transfer == PQ else "HLG"
        result = "tone-mapped to sRGB (BT.2390)" if peak > 1 else "no brighter than white in sRGB"
        return f"HDR ({kind}, {space}): up to {peak * WHITE_CD_M2:.0f} cd/m2, {result}"
    curve = f"transfer {colours.transfer}" if colours.exponent is None else f"gamma {colours.exponent:.3g}"
    return f"{space} converted to sRGB ({curve})"
