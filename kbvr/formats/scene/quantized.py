"""Quantized positions: 16-bit integers, which take two thirds of the space and leave no cracks between meshes.

A scene reaches from arm's length to the horizon, so that a single step size would be too coarse nearby. Triangles are
therefore sorted by distance into slabs, each with four times the step of the previous one. A vertex that several slabs
share is rounded to the coarsest of their steps, which is a multiple of the others, so that it coincides in all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int16, Int64

RATIO = 4
LARGEST = 32000
"""Below 32767, since rounding to a coarser step may increase it."""


@dataclass(frozen=True, eq=False)
class Slab:
    """The triangles of a mesh that share a step."""

    step_m: float
    steps: Int16[np.ndarray, "N 3"]
    """Positions, in steps."""

    vertex: Int64[np.ndarray, "N"]
    """Index of each position among the mesh's vertices."""

    triangles: Int64[np.ndarray, "M 3"]


def slabs_of(
    meshes: Sequence[tuple[Float32[np.ndarray, "_ 3"], Int64[np.ndarray, "_ 3"]]],
) -> list[list[Slab]]:
    """Return the slabs of each mesh, given as vertices (metres) and triangles; coincident vertices stay coincident."""
    points = np.concatenate([points for points, _ in meshes])
    firsts = np.cumsum([0, *(len(points) for points, _ in meshes)])
    reach_m = np.abs(points).max(axis=1)
    step_m = RATIO * float(reach_m.min()) / LARGEST
    level = np.maximum(0, np.ceil(np.log(reach_m / (step_m * LARGEST)) / np.log(RATIO) - 1e-6)).astype(np.int64)
    levels = [level[triangles + first].max(axis=1) for (_, triangles), first in zip(meshes, firsts[:-1], strict=True)]
    _, position = np.unique(points, axis=0, return_inverse=True)
    coarsest = level.copy()
    for (_, triangles), triangle_level, first in zip(meshes, levels, firsts[:-1], strict=True):
        np.maximum.at(coarsest, (triangles + first).ravel(), triangle_level.repeat(3))
    position_level = np.zeros(position.max() + 1, np.int64)
    np.maximum.at(position_level, position, coarsest)
    coarse = (RATIO ** position_level[position])[:, None]
    steps = np.rint(points.astype(np.float64) / (step_m * coarse)).astype(np.int64) * coarse
    return [
        [
            _slab(steps[first : first + len(points)], triangles[triangle_level == slab], step_m, int(slab))
            for slab in np.unique(triangle_level)[::-1]
        ]
        for (points, triangles), triangle_level, first in zip(meshes, levels, firsts[:-1], strict=True)
    ]


def _slab(steps: Int64[np.ndarray, "N 3"], triangles: Int64[np.ndarray, "M 3"], step_m: float, level: int) -> Slab:
    """Return a slab without the triangles that rounding has collapsed into lines."""
    corners = steps[triangles]
    triangles = triangles[(corners != np.roll(corners, 1, axis=1)).any(axis=2).all(axis=1)]
    vertex, index = np.unique(triangles, return_inverse=True)
    scale = RATIO**level
    return Slab(step_m * scale, (steps[vertex] // scale).astype(np.int16), vertex, index.reshape(-1, 3))
