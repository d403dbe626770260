"""Panoramas of scenes that formulas define, as cameras and stitching programs write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from kbvr.geometry.sphere import equirectangular_rays

Shade = Callable[[np.ndarray], np.ndarray]
"""Rays (..., 3) -> colours (..., 3), 0 to 255."""


def gpano(values: Mapping[str, object]) -> bytes:
    """Return an XMP packet with properties of GPano, as attributes."""
    attributes = " ".join(f'GPano:{name}="{value}"' for name, value in values.items())
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" '
        f"{attributes}/></rdf:RDF></x:xmpmeta>"
    ).encode()


def save(path: Path, rgb: np.ndarray, xmp: bytes = b"", **options: object) -> Path:
    """Write a picture with an XMP packet, and return its path."""
    image = Image.fromarray(np.ascontiguousarray(rgb, np.uint8))
    if path.suffix == ".png":
        texts = PngInfo()
        texts.add_itxt("XML:com.adobe.xmp", xmp.decode())
        image.save(path, pnginfo=texts, **options)
    elif path.suffix == ".tif":
        tifffile.imwrite(path, np.asarray(image), photometric="rgb", extratags=[(700, 1, len(xmp), xmp, True)])
    else:
        image.save(path, **({"xmp": xmp} if xmp else {}), **{"quality": 95, **options})
    return path


def equirectangular(width: int, shade: Shade) -> np.ndarray:
    """Return a whole sphere, (width / 2, width, 3)."""
    return shade(equirectangular_rays((width, width // 2))).clip(0, 255).astype(np.uint8)


def cylindrical(size_px: tuple[int, int], width_rad: float, shade: Shade) -> np.ndarray:
    """Return a cylinder of this angle with the horizon in its middle."""
    width, height = size_px
    f_px = width / width_rad
    longitude = (np.arange(width) + 0.5 - width / 2) / f_px
    down = (np.arange(height)[:, None] + 0.5 - height / 2) / f_px
    rays = np.stack(np.broadcast_arrays(np.sin(longitude), down, np.cos(longitude)), axis=-1)
    return shade(rays).clip(0, 255).astype(np.uint8)


def spots(directions: np.ndarray, radius_rad: float = 0.02) -> Shade:
    """Return a dark scene with soft bright spots in these directions, (N, 3)."""
    targets = directions / np.linalg.norm(directions, axis=-1, keepdims=True)

    def shade(rays: np.ndarray) -> np.ndarray:
        unit = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
        nearest = np.full(rays.shape[:-1], np.inf)
        for target in targets:
            nearest = np.minimum(nearest, np.linalg.norm(unit - target, axis=-1))
        return np.repeat((255 * np.exp(-((nearest / radius_rad) ** 2)))[..., None], 3, axis=-1)

    return shade


def centroid_px(grey: np.ndarray, near_px: tuple[float, float], reach_px: int) -> tuple[float, float]:
    """Return the centre of the light within a square around a point, as x and y."""
    x, y = (round(value) for value in near_px)
    top, left = max(0, y - reach_px), max(0, x - reach_px)
    part = grey[top : y + reach_px + 1, left : x + reach_px + 1].astype(float)
    rows, columns = np.indices(part.shape) + 0.5
    return left + (columns * part).sum() / part.sum(), top + (rows * part).sum() / part.sum()
