"""Meshing a layer, level by level and literally: what the compiled kernel has to agree with."""

from __future__ import annotations

import numpy as np

from kbvr.ldi.quads import QUAD, TOLERANCE_PX
from kbvr.native.library import MeshLimits


def slow_quads(inverse_depth: np.ndarray, valid: np.ndarray, largest: int, limits: MeshLimits) -> np.ndarray:
    """Return QUAD records that cover the valid pixels once, large squares first."""
    height, width = valid.shape
    todo = valid.copy()
    found = []
    side = largest
    while side >= 1:
        for y in range(0, height - side + 1, side):
            for x in range(0, width - side + 1, side):
                inside = np.s_[y : y + side, x : x + side]
                if not todo[inside].all():
                    continue
                quad, error = fitted(inverse_depth[inside].astype(np.float64))
                steepest = max(abs(quad["du"]), abs(quad["dv"]))
                if steepest > limits.jump:
                    continue
                if side > 2 and error > limits.tolerance:
                    continue
                if side > 2 and (side / 2) ** 2 * steepest * limits.forward_m > TOLERANCE_PX:
                    continue
                seam = max(
                    seam_at(inverse_depth, y + j, x + i, side, limits.jump) for j in range(side) for i in range(side)
                )
                quad["u"], quad["v"] = x + side / 2, y + side / 2
                quad["slack_px"] = min(max(error - limits.tolerance, seam / 2) / limits.per_px, 1.0)
                todo[inside] = False
                found.append(quad)
        side //= 2
    return np.array(found, QUAD)


def fitted(samples: np.ndarray) -> tuple[np.ndarray, float]:
    """Return a QUAD record with the least-squares plane of a square, and the largest distance from it."""
    side = len(samples)
    q, p = np.mgrid[:side, :side] - (side - 1) / 2
    planes = np.stack([np.ones(side * side), p.ravel(), q.ravel()], axis=1)
    found = np.linalg.lstsq(planes, samples.ravel(), rcond=None)[0]
    quad = np.zeros((), QUAD)
    quad["half"], quad["d"], quad["du"], quad["dv"] = side / 2, *found
    return quad, float(np.abs(planes @ found - samples.ravel()).max())


def seam_at(depth: np.ndarray, y: int, x: int, side: int, jump: float) -> float:
    """Return how much depth bends at a pixel, or steps if the square is that pixel; jumps do not count."""
    seam = 0.0
    for line, at in ((depth[y].astype(np.float64), x), (depth[:, x].astype(np.float64), y)):
        rise = np.diff(line)
        rise[np.abs(rise) > jump] = 0
        around = rise[max(at - 1, 0) : at + 1]
        if side == 1:
            seam = max(seam, float(np.abs(around).max(initial=0)))
        elif len(around) == 2:
            seam = max(seam, abs(float(around[1] - around[0])))
    return seam
