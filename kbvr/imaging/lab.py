"""Lightness and chroma of CIELAB (CIE 15:2004) for sRGB, D65."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, UInt8

from kbvr.imaging.srgb import to_linear, to_srgb

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Of the linear primaries (ITU-R BT.709), for a white of 1."""

_XYZ_OF_RGB = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], np.float64
)  # IEC 61966-2-1
_WHITE = _XYZ_OF_RGB.sum(axis=1)
_RGB_OF_XYZ = np.linalg.inv(_XYZ_OF_RGB)

_STEP = 6 / 29
"""Below the cube of it, the curve of CIELAB is straight."""

Planes = Float32[np.ndarray, "H W 2"]


def lightness_of(rgb: UInt8[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "H W"]:
    """Return L, 0 to 100."""
    return lightness_of_luminance(luminance_of(rgb))


def luminance_of(rgb: UInt8[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "H W"]:
    """Return the luminance, 0 to 1."""
    return (to_linear(np.ascontiguousarray(rgb)) @ LUMINANCE).astype(np.float32)


def lightness_of_luminance(luminance: Float32[np.ndarray, "*any"]) -> Float32[np.ndarray, "*any"]:
    """Return L, 0 to 100, for luminance of 0 to 1."""
    return (116 * _curve(luminance) - 16).astype(np.float32)


def luminance_of_lightness(lightness: Float32[np.ndarray, "*any"]) -> Float32[np.ndarray, "*any"]:
    """Return the luminance, 0 to 1, for L of 0 to 100."""
    return _linear_part(((lightness + 16) / 116).astype(np.float32))


def chroma_of(rgb: UInt8[np.ndarray, "H W 3"]) -> Planes:
    """Return a and b, about -110 to 110."""
    xyz = (to_linear(rgb) @ (_XYZ_OF_RGB / _WHITE[:, None]).T.astype(np.float32)).astype(np.float32)
    x, y, z = np.moveaxis(_curve(xyz), -1, 0)
    return np.stack([500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def coloured(luminance: Float32[np.ndarray, "H W"], chroma: Planes) -> UInt8[np.ndarray, "H W 3"]:
    """Return sRGB of a luminance, 0 to 1, and of a and b.

    Where sRGB cannot show a colour it is as strong as it can be: the luminance always stays.
    """
    y = _curve(luminance)
    xyz = np.stack([_linear_part(y + chroma[..., 0] / 500), luminance, _linear_part(y - chroma[..., 1] / 200)], axis=-1)
    wanted = (xyz @ (_RGB_OF_XYZ * _WHITE).T.astype(np.float32)).astype(np.float32)
    grey = luminance[..., None]
    beyond = wanted - grey
    room = np.where(beyond > 0, 1 - grey, grey)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(np.abs(beyond) > room, room / np.abs(beyond), np.float32(1)).min(axis=-1, keepdims=True)
    return to_srgb((grey + share * beyond).astype(np.float32))


def _curve(linear: Float32[np.ndarray, "*any"]) -> Float32[np.ndarray, "*any"]:
    return np.where(linear > _STEP**3, np.cbrt(linear), linear / (3 * _STEP**2) + 4 / 29).astype(np.float32)


def _linear_part(curved: Float32[np.ndarray, "*any"]) -> Float32[np.ndarray, "*any"]:
    return np.where(curved > _STEP, curved**3, 3 * _STEP**2 * (curved - 4 / 29)).astype(np.float32)
