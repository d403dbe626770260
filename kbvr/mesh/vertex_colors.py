"""A mesh so fine that the colours of its vertices show the picture, for files without textures."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import cv2
import numpy as np
from jaxtyping import Float32, Int64, UInt8

from kbvr.mesh.textured_mesh import Part, TexturedMesh

COARSEST_PX, FINEST_PX = 76.8, 0.84
"""Longest edge in pixels of the texture; each level halves the triangles' area. In a grid of squares edges are 0.7, 1,
1.4, 2 ... px long; these lengths lie between them, so that rounding makes no difference. The finest level has a vertex
at every pixel's corner and centre."""

MIN_ALPHA = 0.5
"""More transparent triangles are omitted: few viewers blend vertex colours."""


@dataclass(frozen=True, eq=False)
class ColouredMesh:
    """Triangles with colours at their vertices."""

    points_m: Float32[np.ndarray, "N 3"]
    """x right, y down, z forward from the photo's camera."""

    rgba: UInt8[np.ndarray, "N 4"]
    triangles: Int64[np.ndarray, "M 3"]


def coloured_mesh(textured_mesh: TexturedMesh, *, max_triangles: int) -> ColouredMesh:
    """Return a mesh without its dome, subdivided as finely as `max_triangles` allows."""
    parts = [part for part in textured_mesh.parts if part.name != "dome"]
    meshes = [(_rows(part), part.triangles) for part in parts]
    longest_px, finer_px = float("inf"), COARSEST_PX
    while finer_px > 0.9 * FINEST_PX and 2 * sum(len(triangles) for _, triangles in meshes) <= max_triangles:
        longest_px = finer_px
        sizes_px = [_texture(part, textured_mesh).shape[1::-1] for part in parts]
        meshes = [bisected(*mesh, np.array(size), longest_px) for mesh, size in zip(meshes, sizes_px, strict=True)]
        finer_px /= sqrt(2)
    points, colours, faces, first = [], [], [], 0
    for part, (rows, triangles) in zip(parts, meshes, strict=True):
        rgba = _colours(_texture(part, textured_mesh), rows, longest_px)
        kept = triangles[rgba[triangles, 3].mean(axis=1) >= 255 * MIN_ALPHA]
        used, index = np.unique(kept, return_inverse=True)
        points.append(rows[used, :3])
        colours.append(rgba[used])
        faces.append(index.reshape(-1, 3) + first)
        first += len(used)
    return ColouredMesh(np.concatenate(points), np.concatenate(colours), np.concatenate(faces))


def _rows(part: Part) -> Float32[np.ndarray, "N 6"]:
    """Return x, y, z, u, v and alpha (0 to 1) of every vertex."""
    alpha = np.ones(len(part.points_m)) if part.alpha is None else part.alpha / 255
    return np.column_stack([part.points_m, part.uv, alpha]).astype(np.float32)


def _texture(part: Part, textured_mesh: TexturedMesh) -> UInt8[np.ndarray, "H W C"]:
    return textured_mesh.photo if part.texture == "photo" else textured_mesh.atlas


def bisected(
    rows: Float32[np.ndarray, "N 6"],
    triangles: Int64[np.ndarray, "M 3"],
    size_px: Int64[np.ndarray, "2"],
    longest_px: float,
) -> tuple[Float32[np.ndarray, "K 6"], Int64[np.ndarray, "L 3"]]:
    """Return triangles whose edges are at most `longest_px` long, in pixels of a texture of size_px (width, height).

    The longest edge of each triangle is bisected repeatedly. Triangles that share an edge bisect it at the same point,
    so no crack opens.
    """
    done = []
    while triangles.size:
        corners_px = rows[triangles, 3:5] * size_px.astype(np.float32)
        lengths = ((corners_px - np.roll(corners_px, -1, axis=1)) ** 2).sum(axis=2)
        edge = lengths.argmax(axis=1)
        long = lengths.max(axis=1) > longest_px**2
        done.append(triangles[~long])
        triangles, edge = triangles[long], edge[long]
        a, b, c = (triangles[np.arange(len(edge)), (edge + step) % 3] for step in range(3))
        ends, index = np.unique(np.minimum(a, b) * len(rows) + np.maximum(a, b), return_inverse=True)
        low, high = np.divmod(ends, len(rows))
        middle = index + len(rows)
        rows = np.concatenate([rows, (rows[low] + rows[high]) / 2])
        triangles = np.concatenate([np.stack([a, middle, c], axis=1), np.stack([middle, b, c], axis=1)])
    keys = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1] * rows.itemsize))).ravel()
    _, first, index = np.unique(keys, return_index=True, return_inverse=True)  # merges equal vertices
    return rows[first], index[np.concatenate(done)]


def _colours(
    texture: UInt8[np.ndarray, "H W C"], rows: Float32[np.ndarray, "N 6"], spacing_px: float
) -> UInt8[np.ndarray, "N 4"]:
    """Return the texture's colours at the vertices, averaged over about the spacing of the vertices."""
    shrink = max(1, int(min(spacing_px, *texture.shape[:2]) / (2 * FINEST_PX)))
    size = (texture.shape[1] // shrink, texture.shape[0] // shrink)
    small = cv2.resize(texture, size, interpolation=cv2.INTER_AREA) if shrink > 1 else texture
    across = 1024  # cv2.remap takes a map in two dimensions, of limited size
    texture_px = np.zeros((-(-len(rows) // across) * across, 2), np.float32)
    texture_px[: len(rows)] = rows[:, 3:5] * np.array(size, np.float32) - np.float32(0.5)
    x, y = texture_px.reshape(-1, across, 2).transpose(2, 0, 1)
    colours = cv2.remap(small, x.copy(), y.copy(), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    colours = colours.reshape(len(texture_px), -1)[: len(rows)]
    rgba = np.full((len(rows), 4), 255, np.uint8)
    rgba[:, : colours.shape[1]] = colours
    rgba[:, 3] = np.rint(rgba[:, 3] * rows[:, 5])
    return rgba
