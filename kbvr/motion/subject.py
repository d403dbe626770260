"""The subject of a photo, found from its depth: what stands out from its surroundings, near the middle."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import Bool, Float64

from kbvr.depth.scene_depth import SceneDepth

ROW_SHARE = 0.3
"""Quantile of nearness that counts as the surroundings of a row: floors and walls are level along most rows."""

STANDOUT_SHARE = 0.4
"""Standout of the subject's cells, as a share of the largest standout in the middle."""

MIN_STANDOUT = 0.08
"""Minimum standout, as a share of the depth range: below it a photo has no subject."""

MIDDLE = 0.25
"""Sigma of the Gaussian that weights the middle of the picture, as a share of its width or height."""

MIN_AREA = 0.004
"""Minimum area of a subject, as a share of the picture."""

LEANING_SHARE = 0.7
"""What touches the left or right border along this share of its height is a wall or a frame, not the subject."""

PART_SHARE = 0.5
"""Standout of a subject's outer parts (a hat, a spire, petals), as a share of that of its middle."""

BESIDE_SHARE = 0.1
"""How far such parts may stick out beside a subject, as a share of its width."""

GROUP_SHARE = 0.5
"""What scores at least this share of the best belongs to the subject too: people side by side, a herd."""

LEVEL = 0.06
"""Difference of nearness between a subject and the ground that it stands on, as a share of the depth range."""


@dataclass(frozen=True, eq=False)
class Subject:
    """The subject of a photo."""

    cells: Bool[np.ndarray, "R C"] = field(repr=False)
    """The cells of `SceneDepth.cells` that it covers."""

    inverse_depth: float
    """Its median, 1/m."""

    left: float
    top: float
    right: float
    bottom: float
    """Its box, as shares of the width and height; 0 or 1 where the photo's border cuts it."""


def subject_of(scene_depth: SceneDepth) -> Subject | None:
    """Return the subject; None if nothing stands out.

    Standout is nearness above that of the surroundings in the same row. The subject is the connected area with the
    largest sum of standout, weighted towards the middle, down to the ground on which it stands.
    """
    nearness = (scene_depth.cells - scene_depth.farthest_inverse_depth) / scene_depth.depth_spread
    nearness = np.clip(nearness.astype(np.float64), 0, 1)
    standout = np.clip(nearness - np.quantile(nearness, ROW_SHARE, axis=1, keepdims=True), 0, 1)
    y, x = (np.exp(-0.5 * (((np.arange(n) + 0.5) / n - 0.5) / MIDDLE) ** 2) for n in nearness.shape)
    middle = np.outer(y, x)
    threshold = max(MIN_STANDOUT, STANDOUT_SHARE * float(np.quantile(standout[middle > 0.3], 0.95)))
    count, labels = cv2.connectedComponents((standout > threshold).astype(np.uint8), connectivity=4)
    candidates = [labels == label for label in range(1, count)]
    candidates = [cells for cells in candidates if cells.mean() >= MIN_AREA and not _is_at_side(cells)]
    if not candidates:
        return None
    scores = [float((standout * middle)[cells].mean() * np.sqrt(cells.sum())) for cells in candidates]
    group = [cells for cells, score in zip(candidates, scores, strict=True) if score >= GROUP_SHARE * max(scores)]
    parts = standout > max(MIN_STANDOUT, PART_SHARE * threshold)
    return _subject(_with_parts(np.any(group, axis=0), parts), nearness, scene_depth)


def _with_parts(cells: Bool[np.ndarray, "R C"], parts: Bool[np.ndarray, "R C"]) -> Bool[np.ndarray, "R C"]:
    """Return a subject with the parts that are connected to it above its feet and hardly beside it."""
    rows, columns = (np.flatnonzero(cells.any(axis=axis)) for axis in (1, 0))
    beside = round(BESIDE_SHARE * (columns[-1] - columns[0] + 1))
    allowed = np.zeros_like(cells)
    allowed[: rows[-1] + 1, max(0, columns[0] - beside) : columns[-1] + 1 + beside] = True
    _, labels = cv2.connectedComponents((cells | (parts & allowed)).astype(np.uint8), connectivity=8)
    return np.isin(labels, np.unique(labels[cells]))


def _is_at_side(cells: Bool[np.ndarray, "R C"]) -> bool:
    """Return whether an area lies along the left or right border."""
    height = int(cells.any(axis=1).sum())
    return max(int(cells[:, 0].sum()), int(cells[:, -1].sum())) >= LEANING_SHARE * height


def _subject(cells: Bool[np.ndarray, "R C"], nearness: Float64[np.ndarray, "R C"], scene_depth: SceneDepth) -> Subject:
    """Return the subject that covers these cells, and its feet: the cells below that are as near as it is."""
    rows, columns = (np.flatnonzero(cells.any(axis=axis)) for axis in (1, 0))
    near = float(np.median(nearness[cells]))
    bottom = int(rows[-1]) + 1
    below = np.median(nearness[bottom:, columns], axis=1) if bottom < len(cells) else np.empty(0)
    reached = np.flatnonzero(np.abs(below - near) > LEVEL)
    bottom += int(reached[0]) if len(reached) else len(below)
    height, width = cells.shape
    return Subject(
        cells,
        float(np.median(scene_depth.cells[cells])),
        left=int(columns[0]) / width,
        top=int(rows[0]) / height,
        right=(int(columns[-1]) + 1) / width,
        bottom=bottom / height,
    )
