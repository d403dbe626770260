"""The subject of a photo: what stands out near the middle, from its head to its feet, with its thin parts.

There is one idea of the subject: the zoom goes towards it, the limits of moves keep it inside the frame, loops swing
around it, and a photo is cropped around it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, UInt8

from kbvr.depth.scene_depth import SceneDepth
from kbvr.motion.salience import MIDDLE_WEIGHT, Salience, salience_of

Cells = Bool[np.ndarray, "R C"]


class Reach(NamedTuple):
    """How far parts may stick out of a subject: shares of its height, and of its width."""

    above: float
    below: float
    beside: float


LEVELS = (0.4, 0.56, 0.8)
"""Salience of the subject's cells, as shares of the largest in the middle. What lies along a side at a lower level, as
a bus before houses does, may be free of it at a higher one."""

MIN_SALIENCE = 0.3
"""Minimum salience of the subject's cells: below it a photo has no subject."""

CENTRAL = 0.25
"""Exponent of the weight of the middle by which cells are found."""

MIN_AREA = 0.004
"""Minimum area of a subject, as a share of the picture."""

LEANING_SHARE = 0.7
"""What touches the left or right border along this share of its height is a wall or a frame, not the subject."""

GROUP_SHARE = 0.5
"""What scores at least this share of the best belongs to the subject too: people side by side, a herd."""

PART_SALIENCE = 0.2
"""Salience by depth of a subject's outer parts: a hat, petals, a wheel."""

PART_REACH, TIP_REACH = Reach(0.6, 0.15, 0.25), Reach(0.6, 0.15, 0.3)
"""How far such parts, and thin tips, may stick out of the subject."""

MIN_REACH = 3
"""How far they always may, in cells."""

PART_AREA = 0.35
"""Maximum area of what sticks out to one side, as a share of the subject's."""

TIP_LIKENESS = 0.05
"""Tips have colours whose frequency around the subject is below this share of the most frequent colour's."""

BINS = 12
"""Steps of each colour channel in which frequencies are counted."""

MIN_AROUND = 20
"""Minimum number of cells around a subject that tell the colours of its surroundings."""

CUT_SHARE = 0.3
"""Where the photo's border cuts the subject, its box begins where this share of its largest width or height does."""

FEET_REACH = 0.1
"""How far the feet may be below the cells that stand out, as a share of a subject's height."""

FEET_SHARE = 0.75
"""Quantile, over the columns of a subject, of how far down it goes."""

LEVEL = 0.06
"""Difference of nearness between a subject and the ground that it stands on, as a share of the depth range."""

CENTRAL_WEIGHT = 0.75
"""Weight of the middle that what touches the left or right border must reach: two walls frame a street."""


@dataclass(frozen=True, eq=False)
class Subject:
    """The subject of a photo."""

    cells: Cells = field(repr=False)
    """The cells of `SceneDepth.cells` that it covers."""

    weights: Float64[np.ndarray, "R C"] = field(repr=False)
    """How much each cell counts: its salience, and how near it is to the middle; 0 outside."""

    inverse_depth: float
    """Its weighted median, 1/m."""

    left: float
    top: float
    right: float
    bottom: float
    """Its box, as shares of the width and height; 0 or 1 where the photo's border cuts it."""

    def within(self, left: float, top: float, width: float, height: float, shape: tuple[int, int]) -> Subject | None:
        """Return what of the subject is in a crop, in cells of the crop; None if that is nothing.

        The crop is given in shares of the photo's sides, and `shape` is the number of its rows and columns of cells.
        """
        rows, columns = (
            ((first + (np.arange(cells) + 0.5) / cells * share) * whole).astype(int)
            for first, share, cells, whole in zip((top, left), (height, width), shape, self.cells.shape, strict=True)
        )
        cells = self.cells[np.ix_(rows, columns)]
        if not cells.any():
            return None
        across, down = (
            tuple(min(max((end - first) / share, 0.0), 1.0) for end in ends)
            for ends, first, share in (((self.left, self.right), left, width), ((self.top, self.bottom), top, height))
        )
        return replace(
            self,
            cells=cells,
            weights=self.weights[np.ix_(rows, columns)],
            left=across[0],
            right=across[1],
            top=down[0],
            bottom=down[1],
        )


def subject_of(scene_depth: SceneDepth, rgb: UInt8[np.ndarray, "H W 3"] | None = None) -> Subject | None:
    """Return the subject; None if nothing stands out.

    The subject is the connected area with the largest sum of salience, weighted towards the middle, with the parts that
    stick out of it, down to the ground on which it stands. `rgb` is the photo; without it, depth alone decides.
    """
    salience = salience_of(scene_depth, rgb)
    cells = _found(salience)
    if cells is None:
        return None
    weights = np.where(cells, salience.total * salience.middle, 0.0)
    cells = _with_tips(_with_parts(cells, salience), salience)
    return _boxed(cells, weights, salience.nearness, scene_depth)


def _found(salience: Salience) -> Cells | None:
    """Return the cells that stand out most, and others nearly as much; None if there are none."""
    central = salience.total * salience.middle**CENTRAL
    most = float(np.quantile(central[salience.middle > MIDDLE_WEIGHT], 0.95))
    candidates, undecided = [], np.ones(central.shape, bool)
    for level in LEVELS:
        standing = undecided & (salience.total > MIN_SALIENCE) & (central > level * most)
        count, labels = cv2.connectedComponents(standing.astype(np.uint8), connectivity=4)
        areas = [cells for cells in (labels == label for label in range(1, count)) if cells.mean() >= MIN_AREA]
        at_side = [
            _is_at_side(cells, salience.middle) or (level > LEVELS[0] and not _is_central(cells, salience.middle))
            for cells in areas
        ]
        candidates += [cells for cells, is_out in zip(areas, at_side, strict=True) if not is_out]
        undecided = np.any([np.zeros_like(undecided), *itertools.compress(areas, at_side)], axis=0)
    if not candidates:
        return None
    weighted = salience.total * salience.middle
    scores = [float(weighted[cells].mean() * np.sqrt(cells.sum())) for cells in candidates]
    group = [cells for cells, score in zip(candidates, scores, strict=True) if score >= GROUP_SHARE * max(scores)]
    return np.any(group, axis=0)


def _is_at_side(cells: Cells, middle: Float64[np.ndarray, "R C"]) -> bool:
    """Return whether an area lies along the left or right border, or touches it and does not reach the middle."""
    touching = max(int(cells[:, 0].sum()), int(cells[:, -1].sum()))
    is_leaning = touching >= LEANING_SHARE * int(cells.any(axis=1).sum())
    return is_leaning or (touching > 0 and not _is_central(cells, middle))


def _is_central(cells: Cells, middle: Float64[np.ndarray, "R C"]) -> bool:
    return bool(middle[cells].max() >= CENTRAL_WEIGHT)


def _with_parts(cells: Cells, salience: Salience) -> Cells:
    """Return a subject with the parts that stand out less by depth."""
    return _extended(cells, salience.by_depth > PART_SALIENCE, _around(cells, PART_REACH))


def _with_tips(cells: Cells, salience: Salience) -> Cells:
    """Return a subject with what is connected to it and unlike its surroundings: spires, thorns, what depth misses."""
    if salience.lab is None:
        return cells
    allowed = _around(cells, TIP_REACH)
    around = allowed & (cv2.dilate(cells.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)
    if around.sum() < MIN_AROUND:
        return cells
    return _extended(cells, _frequencies(salience.lab, around) < TIP_LIKENESS, allowed)


def _extended(cells: Cells, parts: Cells, allowed: Cells) -> Cells:
    """Return a subject with the parts that are connected to it.

    What sticks out to one side and does not end where it is allowed, or is large, belongs to something else.
    """
    _, labels = cv2.connectedComponents((cells | (parts & allowed)).astype(np.uint8), connectivity=8)
    extended = np.isin(labels, np.unique(labels[cells]))
    height, width = cells.shape
    top, left, bottom, right = _extent(cells)
    first, start, last, end = _extent(allowed)
    for outer, limit in (
        (np.s_[:top], np.s_[first] if first else None),
        (np.s_[bottom:], np.s_[last - 1] if last < height else None),
        (np.s_[:, :left], np.s_[:, start] if start else None),
        (np.s_[:, right:], np.s_[:, end - 1] if end < width else None),
    ):
        is_endless = limit is not None and extended[limit].any()
        if is_endless or extended[outer].sum() > PART_AREA * cells.sum():
            extended[outer] = False
    return extended


def _around(cells: Cells, reach: Reach) -> Cells:
    """Return the box around a subject, larger by shares of its height and width."""
    top, left, bottom, right = _extent(cells)
    above, below, beside = (
        max(MIN_REACH, round(share * side))
        for share, side in zip(reach, (bottom - top, bottom - top, right - left), strict=True)
    )
    box = np.zeros_like(cells)
    box[max(0, top - above) : bottom + below, max(0, left - beside) : right + beside] = True
    return box


def _extent(cells: Cells) -> tuple[int, int, int, int]:
    """Return the first row and column of some cells, and those after their last."""
    rows, columns = (np.flatnonzero(cells.any(axis=axis)) for axis in (1, 0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _frequencies(lab: Float32[np.ndarray, "R C 3"], around: Cells) -> Float64[np.ndarray, "R C"]:
    """Return how frequent the colour of each cell is among some cells, relative to their most frequent colour."""
    shares = (lab - np.array([0, -60, -60])) / np.array([100, 120, 120])
    steps = np.clip((BINS * shares).astype(int), 0, BINS - 1)
    colours = (steps[..., 0] * BINS + steps[..., 1]) * BINS + steps[..., 2]
    counts = np.bincount(colours[around], minlength=BINS**3).reshape(BINS, BINS, BINS).astype(np.float64)
    for axis in range(3):
        padded = np.moveaxis(np.pad(counts, [(int(a == axis),) * 2 for a in range(3)]), axis, 0)
        counts = np.moveaxis(0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:], 0, axis)
    return counts.ravel()[colours] / counts.max()


def _boxed(
    cells: Cells,
    weights: Float64[np.ndarray, "R C"],
    nearness: Float64[np.ndarray, "R C"],
    scene_depth: SceneDepth,
) -> Subject:
    """Return the subject that covers these cells, with its feet."""
    height, width = cells.shape
    left, right = _ends(cells.sum(axis=0))
    top = int(cells.any(axis=1).argmax())
    bottom = _feet(cells, nearness)
    return Subject(
        cells,
        weights,
        _weighted_median(scene_depth.cells[cells], weights[cells]),
        left=left / width,
        top=top / height,
        right=right / width,
        bottom=bottom / height,
    )


def _weighted_median(values: Float32[np.ndarray, "N"], weights: Float64[np.ndarray, "N"]) -> float:
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(below, below[-1] / 2)]])


def _ends(profile: Int64[np.ndarray, "N"]) -> tuple[int, int]:
    """Return where the cells of a profile begin and end; without what leaves the photo but is narrow, as a twig is."""
    (reached,), (broad,) = np.nonzero(profile), np.nonzero(profile >= CUT_SHARE * profile.max())
    low = broad[0] if reached[0] == 0 else reached[0]
    high = broad[-1] if reached[-1] == len(profile) - 1 else reached[-1]
    return int(low), int(high) + 1


def _feet(cells: Cells, nearness: Float64[np.ndarray, "R C"]) -> int:
    """Return the row after a subject's feet: below its cells, it goes on where the depth hardly changes."""
    columns = np.flatnonzero(cells.any(axis=0))
    lowest = len(cells) - 1 - cells[::-1, columns].argmax(axis=0)
    below = np.arange(len(cells))[:, None] > lowest
    differs = below & (np.abs(nearness[:, columns] - nearness[lowest, columns]) > LEVEL)
    ends = np.where(differs.any(axis=0), differs.argmax(axis=0), len(cells))
    top, _, bottom, _ = _extent(cells)
    farthest = min(bottom + round(FEET_REACH * (bottom - top)), len(cells) - 1)  # what is not cut there has its feet
    return max(bottom, min(int(np.quantile(ends, FEET_SHARE)), farthest))
