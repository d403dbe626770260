"""What stands out in a photo: by depth, from what is beside it; by colour, from what is along the photo's border."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from kbvr.depth.scene_depth import SceneDepth
from kbvr.imaging.resize import averaged

ROW_SHARE = 0.25
"""Quantile of nearness that counts as the surroundings of a row: floors and walls are level along most rows."""

MIDDLE = 0.25
"""Sigma of the Gaussian that weights the middle of the picture, as a share of its width or height."""

MIDDLE_WEIGHT = 0.3
"""Cells of at least this weight are the middle."""

SOME_STANDOUT = 0.12
"""Standout in the middle that counts fully if there is no more, as a share of the depth range."""

BORDER_SHARE = 0.05
"""Width of the strips along the border whose colours are the surroundings, as a share of the long side."""

COLOUR_NOISE = 5.0
"""Spread of colours that are alike, in units of CIELAB."""

COLOUR_SHARE = 0.5
"""Weight of colours, relative to depth."""

FLAT_SHARE = 0.5
"""Weight of colours where nothing stands out by depth, relative to where something does: skies are bright too."""


@dataclass(frozen=True, eq=False)
class Salience:
    """How much each of `SceneDepth.cells` stands out."""

    nearness: Float64[np.ndarray, "R C"]
    """0 at the farthest to 1 at the nearest."""

    lab: Float32[np.ndarray, "R C 3"] | None
    """The mean colour, CIELAB."""

    by_depth: Float64[np.ndarray, "R C"]
    """Standout by depth, 0 to 1."""

    total: Float64[np.ndarray, "R C"]
    """Standout by depth and colour, 0 to about 1.5."""

    middle: Float64[np.ndarray, "R C"]
    """Weight of the middle of the picture, 0 to 1."""


def salience_of(scene_depth: SceneDepth, rgb: UInt8[np.ndarray, "H W 3"] | None) -> Salience:
    """Return how much the cells of a photo stand out; without its pixels, by depth alone."""
    nearness = (scene_depth.cells - scene_depth.farthest_inverse_depth) / scene_depth.depth_spread
    nearness = np.clip(nearness.astype(np.float64), 0, 1)
    y, x = (np.exp(-0.5 * (((np.arange(n) + 0.5) / n - 0.5) / MIDDLE) ** 2) for n in nearness.shape)
    middle = np.outer(y, x)
    standout = np.clip(nearness - np.quantile(nearness, ROW_SHARE, axis=1, keepdims=True), 0, 1)
    most = float(np.quantile(standout[middle > MIDDLE_WEIGHT], 0.95))
    by_depth = np.clip(standout / max(SOME_STANDOUT, most), 0, 1)
    if rgb is None:
        return Salience(nearness, None, by_depth, by_depth, middle)
    small = averaged(rgb, nearness.shape[::-1]).astype(np.float32) / 255
    lab = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), np.float32)
    by_colour = COLOUR_SHARE * _unlike_border(lab) * np.minimum(1, by_depth + FLAT_SHARE)
    return Salience(nearness, lab, by_depth, by_depth + by_colour, middle)


def _unlike_border(lab: Float32[np.ndarray, "R C 3"]) -> Float64[np.ndarray, "R C"]:
    """Return how unlike the colours along the border each colour is, 0 to 1.

    It is the Mahalanobis distance from the colours along each side, summed over all sides but the least alike, which
    the subject may touch (Zhang et al., "Minimum Barrier Salient Object Detection at 80 FPS", 2015).
    """
    band = max(1, round(BORDER_SHARE * max(lab.shape)))
    distances = []
    for side in (lab[:band], lab[-band:], lab[:, :band], lab[:, -band:]):
        colours = side.reshape(-1, 3).astype(np.float64)
        inverse = np.linalg.inv(np.cov(colours.T) + COLOUR_NOISE**2 * np.eye(3))
        off = lab - colours.mean(axis=0)
        distance = np.sqrt(np.einsum("rci,ij,rcj->rc", off, inverse, off))
        distances.append(distance / max(float(distance.max()), 1e-9))
    unlike = np.asarray(cv2.GaussianBlur(np.sum(distances, axis=0) - np.max(distances, axis=0), (0, 0), 1.0))
    usual, most = np.quantile(unlike, (0.5, 0.98))
    return np.clip((unlike - usual) / max(float(most - usual), 1e-6), 0, 1)
