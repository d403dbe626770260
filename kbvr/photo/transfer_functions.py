"""Transfer functions to linear light, conversion of primaries to sRGB, and tone mapping of HDR.

Codes are those of ITU-T H.273, which PNG (cICP), HEIF and AVIF (nclx) share. The curves of PQ and HLG are those of
ITU-R BT.2100. HDR is tone-mapped by the EETF of ITU-R BT.2390 (section 5.4.1) from the picture's brightest pixel to
203 cd/m2, the white of ITU-R BT.2408: light below the curve's knee, and pictures no brighter than white, are unchanged.
The curve is applied to the largest of red, green and blue, which preserves hues.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Float64
from numpy.typing import NDArray

from kbvr.imaging import srgb

PQ, HLG = 16, 18
WHITE_CD_M2 = 203.0
HLG_PEAK_CD_M2 = 1000.0
HLG_GAMMA = 1.2
"""The system gamma of a display of HLG_PEAK_CD_M2 (BT.2100, table 5)."""

D50, D65 = (0.34567, 0.35850), (0.3127, 0.3290)
SRGB = (*D65, 0.640, 0.330, 0.300, 0.600, 0.150, 0.060)

PRIMARIES: dict[int, tuple[float, ...]] = {
    1: SRGB,
    2: SRGB,
    4: (0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (*D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (*D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (*D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    8: (0.310, 0.316, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    9: (*D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (*D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    22: (*D65, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077),
}
"""x and y of white, red, green and blue (H.273, table 2)."""

NAMES = {1: "BT.709", 5: "BT.601", 6: "BT.601", 9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}

AS_SRGB = (1, 2, 6, 11, 13, 14, 15)
"""Transfers that are read as sRGB: the curves of BT.709, BT.601 and BT.2020 describe the camera, not the display, and
viewers show such pictures unchanged."""

_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 4096 * 128
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def pq_to_linear(code: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return light as a fraction of 10,000 cd/m2 (BT.2100, table 4)."""
    root = np.maximum(code, 0) ** (1 / _PQ_M2)
    return (np.maximum(root - _PQ_C1, 0) / (_PQ_C2 - _PQ_C3 * root)) ** (1 / _PQ_M1)


def linear_to_pq(light: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the code of light given as a fraction of 10,000 cd/m2."""
    power = np.maximum(light, 0) ** _PQ_M1
    return ((_PQ_C1 + _PQ_C2 * power) / (1 + _PQ_C3 * power)) ** _PQ_M2


def hlg_to_scene(code: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return scene light, 0 to 1 (BT.2100, table 5)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)


_CURVES: dict[int, Callable[[NDArray[np.floating]], NDArray[np.floating]]] = {
    **dict.fromkeys(AS_SRGB, srgb.linear_of_code),
    4: lambda code: np.maximum(code, 0) ** 2.2,
    5: lambda code: np.maximum(code, 0) ** 2.8,
    7: lambda code: np.where(code < 0.0913, code / 4, ((np.maximum(code, 0) + 0.1115) / 1.1115) ** (1 / 0.45)),
    8: lambda code: code,
    PQ: lambda code: pq_to_linear(code) * (10_000 / WHITE_CD_M2),
    17: lambda code: np.maximum(code, 0) ** 2.6 * (52.37 / 48),
    HLG: hlg_to_scene,
}


def is_known(primaries: int | tuple[float, ...], transfer: int = 2) -> bool:
    """Return whether colours with these primaries and this transfer can be converted to sRGB."""
    try:
        srgb_from(primaries)
    except ValueError:
        return False
    return transfer in _CURVES


def to_linear(code: NDArray[np.floating], transfer: int) -> NDArray[np.floating]:
    """Return linear light for codes from 0 to 1: white is 1, PQ reaches 49, and HLG gives scene light."""
    return _CURVES[transfer](code)


def hlg_display(scene: Float32[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "H W 3"]:
    """Return the light that a display of HLG_PEAK_CD_M2 shows for BT.2020 scene light; white is 1."""
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593], np.float32)
    gain = np.maximum(luminance, 1e-6) ** (HLG_GAMMA - 1) * (HLG_PEAK_CD_M2 / WHITE_CD_M2)
    return np.asarray(scene * gain[..., None], np.float32)


@lru_cache(maxsize=8)
def srgb_from(primaries: int | tuple[float, ...]) -> Float64[np.ndarray, "3 3"]:
    """Return the matrix from linear light of other primaries to linear sRGB, with Bradford adaptation of white."""
    xy = primaries if isinstance(primaries, tuple) else PRIMARIES.get(primaries)
    if xy is None:
        raise ValueError(f"unknown primaries {primaries}")
    try:
        matrix = srgb_from_xyz(xy[:2]) @ _xyz_from(xy)
    except (np.linalg.LinAlgError, ZeroDivisionError) as error:
        raise ValueError(f"collinear primaries ({error})") from error
    if not np.isfinite(matrix).all():
        raise ValueError("collinear primaries")
    return matrix


def srgb_from_xyz(white: tuple[float, ...]) -> Float64[np.ndarray, "3 3"]:
    """Return the matrix from CIE XYZ with a white point (x, y) to linear sRGB, with Bradford adaptation."""
    gains = (_BRADFORD @ _xyz(*SRGB[:2])) / (_BRADFORD @ _xyz(*white))
    return np.asarray(np.linalg.inv(_xyz_from(SRGB)) @ np.linalg.inv(_BRADFORD) @ np.diag(gains) @ _BRADFORD)


def linear_of_lab(lab: NDArray[np.floating]) -> Float32[np.ndarray, "H W 3"]:
    """Return linear sRGB for CIE L*a*b* with white D50 (CIE 15); out-of-gamut colours are below 0 or above 1."""
    lightness = (lab[..., 0] + 16) / 116
    roots = (lightness + lab[..., 1] / 500, lightness, lightness - lab[..., 2] / 200)
    parts = [np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) for f in roots]
    return np.asarray(np.stack(parts, axis=2) * _xyz(*D50) @ srgb_from_xyz(D50).T, np.float32)


def _xyz(x: float, y: float) -> Float64[np.ndarray, "3"]:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _xyz_from(xy: tuple[float, ...]) -> Float64[np.ndarray, "3 3"]:
    """Return the matrix from linear RGB with these primaries to XYZ (SMPTE RP 177)."""
    columns = np.stack([_xyz(xy[at], xy[at + 1]) for at in (2, 4, 6)], axis=1)
    return columns * np.linalg.solve(columns, _xyz(xy[0], xy[1]))


def tone_mapped(linear: Float32[np.ndarray, "H W 3"], peak: float) -> Float32[np.ndarray, "H W 3"]:
    """Return light of 0 to `peak`, compressed to 0 to 1 (white); a peak of 1 or less changes nothing."""
    if peak <= 1:
        return linear
    brightest = np.maximum(linear.max(axis=2), 1e-6)
    gain = eetf(brightest, peak) / brightest
    return np.asarray(linear * gain[..., None], np.float32)


def eetf(light: NDArray[np.floating], peak: float) -> NDArray[np.floating]:
    """Return light of 0 to `peak`, compressed for a display whose white is 1 (BT.2390, section 5.4.1; black is 0)."""
    share = WHITE_CD_M2 / 10_000
    peak_code, target = linear_to_pq(np.array([peak * share, share]))
    target /= peak_code
    knee = 1.5 * target - 0.5
    code = np.minimum(linear_to_pq(light * share) / peak_code, 1)
    t = np.maximum((code - knee) / (1 - knee), 0)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * target
    return pq_to_linear(np.where(code < knee, code, spline) * peak_code) / share
