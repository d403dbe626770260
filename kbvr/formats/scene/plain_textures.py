"""Textures for formats that support neither WebP nor alpha at vertices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from kbvr.formats.scene.scene_file import too_large
from kbvr.formats.spec.encoding import saved
from kbvr.mesh.textured_mesh import Part, TexturedMesh
from kbvr.options.export_options import FileOptions

QUALITY = 92
LOWER_QUALITIES = (84, 75, 64, 50, 34, 18)
"""Of the JPEGs, tried in turn if the size is limited."""

MARGIN_PX = 5
"""Width of the square in which the lowest alpha of a faded surface limits the pixels next to it."""


@dataclass(frozen=True, eq=False)
class PlainTextures:
    """Textures as picture files."""

    photo: bytes
    """JPEG."""

    atlas: bytes
    """JPEG, without alpha."""

    alpha: bytes
    """The alpha of the atlas and of the vertices, as a grey PNG with the same alpha channel: programs read one or the
    other."""


def plain_textures(mesh: TexturedMesh, quality: int) -> PlainTextures:
    """Return the textures of a mesh; quality is 1 to 100."""
    alpha = faded_alpha(mesh)
    return PlainTextures(
        photo=jpeg_bytes(mesh.photo, quality),
        atlas=jpeg_bytes(np.ascontiguousarray(mesh.atlas[..., :3]), quality),
        alpha=saved(Image.fromarray(np.repeat(alpha[..., None], 4, axis=2)), "PNG"),
    )


def fitted(encoded: Callable[[int], bytes], options: FileOptions, what: str) -> bytes:
    """Return a file's content at the chosen quality, or at the best quality within the size limit.

    `encoded` returns the content at a quality; `what` describes the file in errors.

    Raises:
        OutputError: if it is too large at every quality.
    """
    max_mb = inf if options.max_mb is None else options.max_mb
    content = b""
    for quality in (options.quality or QUALITY, *LOWER_QUALITIES):
        content = encoded(quality)
        if len(content) <= max_mb * 1e6:
            return content
    raise too_large(what, max_mb, len(content))


def faded_alpha(mesh: TexturedMesh) -> UInt8[np.ndarray, "H W"]:
    """Return the atlas's alpha, multiplied by the alpha of the vertices."""
    alpha = mesh.atlas[..., 3].copy()
    square = np.ones((MARGIN_PX, MARGIN_PX), np.uint8)
    for part in mesh.parts:
        if part.alpha is not None:
            faded = _vertex_alpha(part, alpha.shape)
            limit = cv2.erode(np.where(faded < 0, 255, faded).astype(np.uint8), square)
            alpha = np.where(faded < 0, np.minimum(alpha, limit), (alpha * (faded / 255) + 0.5)).astype(np.uint8)
    return np.asarray(alpha)


def _vertex_alpha(part: Part, shape: tuple[int, ...]) -> np.ndarray:
    """Return the alpha interpolated between a part's vertices, for every pixel of the atlas; -1 outside the part."""
    assert part.alpha is not None
    height, width = shape
    faded = np.full((height, width), -1, np.float32)
    at_px = part.uv.astype(np.float64) * (width, height) - 0.5
    for triangle in part.triangles:
        corners, values = at_px[triangle], part.alpha[triangle]
        (left, top), (right, bottom) = (
            np.ceil(corners.min(axis=0)).astype(int),
            np.floor(corners.max(axis=0)).astype(int),
        )
        if right < left or bottom < top:
            continue
        y, x = np.mgrid[top : bottom + 1, left : right + 1].reshape(2, -1)
        shares = np.linalg.solve(np.vstack([corners.T, np.ones(3)]), np.stack([x, y, np.ones(len(x))]))
        inside = shares.min(axis=0) > -1e-3
        faded[y[inside], x[inside]] = values @ shares[:, inside]
    return np.clip(faded, -1, 255)


def jpeg_bytes(rgb: UInt8[np.ndarray, "H W 3"], quality: int) -> bytes:
    """Return a JPEG with full colour resolution (4:4:4); quality is 1 to 100."""
    return saved(Image.fromarray(rgb), "JPEG", quality=quality, subsampling=0, optimize=True)
