"""Whole numbers for positions, so that a mesh takes two thirds of the bytes and shows no cracks.

A scene reaches from arm's length to the horizon: one step for all would be too coarse nearby. So triangles are sorted
into slabs of depth, each with a step four times the last one's. A vertex of several slabs is rounded to the coarsest
of their steps, which is a whole number of all the others: so it is in the same place for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int16, Int64

RATIO = 4
LARGEST = 32000
"""Rounding to a coarser step may add to it: 32767 is what fits."""


@dataclass(frozen=True, eq=False)
class Slab:
    """The triangles of one mesh that share a step."""

    step_m: float
    steps: Int16[np.ndarray, "N 3"]
    """Positions, in steps."""

    vertex: Int64[np.ndarray, "N"]
    """Which of the mesh's vertices each is."""

    triangles: Int64[np.ndarray, "M 3"]


def slabs_of(
    meshes: Sequence[tuple[Float32[np.ndarray, "_ 3"], Int64[np.ndarray, "_ 3"]]],
) -> list[list[Slab]]:
    """Return the slabs of meshes given as vertices (metres) and triangles; vertices in one place stay in one place."""
    points = np.concatenate([points for points, _ in meshes])
    firsts = np.cumsum([0, *(len(points) for points, _ in meshes)])
    reach_m = np.abs(points).max(axis=1)
    step_m = RATIO * float(reach_m.min()) / LARGEST
    own = np.maximum(0, np.ceil(np.log(reach_m / (step_m * LARGEST)) / np.log(RATIO) - 1e-6)).astype(np.int64)
    slab_of = [own[triangles + first].max(axis=1) for (_, triangles), first in zip(meshes, firsts[:-1], strict=True)]
    _, place = np.unique(points, axis=0, return_inverse=True)
    coarsest = own.copy()
    for (_, triangles), slab, first in zip(meshes, slab_of, firsts[:-1], strict=True):
        np.maximum.at(coarsest, (triangles + first).ravel(), slab.repeat(3))
    of_place = np.zeros(place.max() + 1, np.int64)
    np.maximum.at(of_place, place, coarsest)
    coarse = (RATIO ** of_place[place])[:, None]
    steps = np.rint(points.astype(np.float64) / (step_m * coarse)).astype(np.int64) * coarse
    return [
        [
            _slab(steps[first : first + len(points)], triangles[slab == one], step_m, int(one))
            for one in np.unique(slab)[::-1]
        ]
        for (points, triangles), slab, first in zip(meshes, slab_of, firsts[:-1], strict=True)
    ]


def _slab(steps: Int64[np.ndarray, "N 3"], triangles: Int64[np.ndarray, "M 3"], step_m: float, slab: int) -> Slab:
    """Return a slab without the triangles that rounding has made into lines."""
    corners = steps[triangles]
    triangles = triangles[(corners != np.roll(corners, 1, axis=1)).any(axis=2).all(axis=1)]
    vertex, index = np.unique(triangles, return_inverse=True)
    scale = RATIO**slab
    return Slab(step_m * scale, (steps[vertex] // scale).astype(np.int16), vertex, index.reshape(-1, 3))
