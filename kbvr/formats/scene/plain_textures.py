"""The textures of a scene for formats that have neither WebP nor an alpha at vertices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from kbvr.errors import OutputError
from kbvr.mesh.textured_mesh import Part, TexturedMesh
from kbvr.options.export_options import FileOptions

QUALITY = 92
LOWER_QUALITIES = (84, 75, 64, 50, 34, 18)
"""Of the JPEGs, tried in turn if a file may have only so many bytes."""

EDGE_PX = 5
"""Width of the square about a pixel that tells what the alpha beside a faded surface is."""


@dataclass(frozen=True, eq=False)
class PlainTextures:
    """Files of pictures."""

    photo: bytes
    """JPEG."""

    atlas: bytes
    """JPEG, without alpha."""

    alpha: bytes
    """The atlas's alpha with what fades at vertices in it, as a gray PNG that has itself as its alpha: programs take
    one or the other."""


def plain_textures(mesh: TexturedMesh, quality: int) -> PlainTextures:
    """Return the textures of a textured mesh; quality is 1 to 100."""
    alpha = faded_alpha(mesh)
    return PlainTextures(
        photo=jpeg_bytes(mesh.photo, quality),
        atlas=jpeg_bytes(np.ascontiguousarray(mesh.atlas[..., :3]), quality),
        alpha=_png(np.repeat(alpha[..., None], 4, axis=2)),
    )


def fitted(made: Callable[[int], bytes], options: FileOptions, what: str) -> bytes:
    """Return what is made of the quality wanted, or of the best one that is small enough.

    Raises:
        OutputError: if none is.
    """
    content = b""
    for quality in _qualities(options):
        content = made(quality)
        if options.max_mb is None or len(content) <= options.max_mb * 1e6:
            return content
    raise OutputError(
        f"wanted {what} of at most {options.max_mb:g} MB, the smallest of this scene has {len(content) / 1e6:.2f} MB: "
        "fewer --triangles make it smaller"
    )


def _qualities(options: FileOptions) -> Iterator[int]:
    yield options.quality or QUALITY
    if options.max_mb is not None:
        yield from LOWER_QUALITIES


def faded_alpha(mesh: TexturedMesh) -> UInt8[np.ndarray, "H W"]:
    """Return the atlas's alpha, times that of the vertices of what fades."""
    alpha = mesh.atlas[..., 3].copy()
    for part in mesh.parts:
        if part.alpha is not None:
            faded = _faded(part, alpha.shape)
            beside = cv2.erode(np.where(faded < 0, 255, faded).astype(np.uint8), np.ones((EDGE_PX, EDGE_PX), np.uint8))
            alpha = np.where(faded < 0, np.minimum(alpha, beside), (alpha * (faded / 255) + 0.5)).astype(np.uint8)
    return np.asarray(alpha)


def _faded(part: Part, shape: tuple[int, ...]) -> np.ndarray:
    """Return the alpha between a part's vertices at each of the atlas's pixels, -1 where it is not."""
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
    """Return a JPEG that keeps every pixel's colour (4:4:4); quality is 1 to 100."""
    file = BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=quality, subsampling=0, optimize=True)
    return file.getvalue()


def _png(rgba: UInt8[np.ndarray, "H W 4"]) -> bytes:
    file = BytesIO()
    Image.fromarray(rgba).save(file, "PNG")
    return file.getvalue()
