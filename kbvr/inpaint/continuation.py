"""Continue the sources into everything unknown: colours smoothly and along edges, inverse depth along planes.

Nothing is invented here. The result is the guide of `kbvr.inpaint.patches`, and the last resort of every filler.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from kbvr.imaging.nearest_seed import nearest_seed
from kbvr.inpaint.along_edges import along_edges
from kbvr.inpaint.push_pull import push_pull, rim_weight

FARTHER_WITHIN_PX = 20
FARTHER_SHARE = 0.2
"""The hidden surface is usually the farther one. So in the smooth continuation, a source has only 1/e of the weight of
another one that is within this many pixels and farther by this share of the range of inverse depth."""

EDGES_PX = 40
"""Edges that run into the hole are continued over this distance, fading; farther in, they are guesses."""

SLOPE_SIGMA_PX = 3.0
"""The plane at a source is fitted to the sources around it, with Gaussian weights of this width."""

SLOPE_RIDGE = 0.05
"""Inclines planes towards level where few sources support them, as a share of SLOPE_SIGMA_PX squared."""

SEAM_SIGMA_PX = 2.0
"""Blur of the seams between continued planes."""

Planes = Float32[np.ndarray, "C h w"]
Weights = Float32[np.ndarray, "h w"]


def continued(planes: Planes, known: Weights, hole: Bool[np.ndarray, "h w"]) -> Planes:
    """Return a working picture (red, green, blue from 0 to 1, inverse depth) with unknown pixels continued."""
    smooth = smooth_continuation(planes, known, hole)
    colours = with_edges(smooth[:3], known, hole)
    return np.concatenate([colours, continued_depth(planes[3], known)[None]])


def smooth_continuation(planes: Planes, known: Weights, hole: Bool[np.ndarray, "h w"]) -> Planes:
    """Return smooth averages of the sources next to the hole, in the unknown pixels.

    The last plane is inverse depth: the farther of two sources counts more.
    """
    rim = rim_weight(hole & (known == 0), known) * farther_first(planes[-1], known)
    smooth = push_pull(np.ascontiguousarray(planes.transpose(1, 2, 0)), rim).transpose(2, 0, 1)
    return np.asarray(np.where(known > 0, planes, smooth), np.float32)


def farther_first(inverse_depth: Weights, known: Weights) -> Weights:
    """Return weights that are 1 for the farthest source in the neighbourhood, and less for nearer sources."""
    values = inverse_depth[known > 0]
    if not values.size or np.ptp(values) == 0:
        return known
    side = 2 * FARTHER_WITHIN_PX + 1
    window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    depth = np.where(known > 0, inverse_depth, values.max()).astype(np.float32)
    return np.asarray(known * np.exp((cv2.erode(depth, window) - depth) / (FARTHER_SHARE * np.ptp(values))), np.float32)


def with_edges(smooth: Planes, known: Weights, hole: Bool[np.ndarray, "h w"]) -> Planes:
    """Return a smooth continuation in which the edges of the sources run on and fade.

    Everything unknown near the hole is continued, not only the hole: otherwise what lies behind it would flow back.
    """
    distance_px = cv2.distanceTransform((known == 0).astype(np.uint8), cv2.DIST_L2, 5)
    around = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 5) <= EDGES_PX
    unknown = (known == 0) & (distance_px <= EDGES_PX) & around
    edges = along_edges(smooth, known, unknown, distance_px)
    return smooth + np.clip(1 - distance_px / EDGES_PX, 0, 1) * (edges - smooth)


def continued_depth(inverse_depth: Weights, known: Weights) -> Weights:
    """Return inverse depth in which every unknown pixel lies on the plane through its nearest source.

    Inverse depth of a plane is linear in x and y. With weights w around the source, its slopes g solve the normal
    equations (C + r) g = c of the weighted covariances C of positions and c of positions and inverse depth. The result
    stays within the range of the sources.
    """
    if not known.any():
        return inverse_depth.copy()
    height, width = known.shape
    nearest = nearest_seed(known > 0)[1]
    slope_x, slope_y = (slope.ravel()[nearest] for slope in _slopes(inverse_depth, known))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    source_y, source_x = np.divmod(nearest, width)
    plane = inverse_depth.ravel()[nearest] + slope_x * (x - source_x) + slope_y * (y - source_y)
    values = inverse_depth[known > 0]
    plane = np.clip(plane, values.min(), values.max()).astype(np.float32)
    seamless = cv2.GaussianBlur(plane, (0, 0), SEAM_SIGMA_PX, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(np.where(known > 0, inverse_depth, seamless), np.float32)


def _slopes(inverse_depth: Weights, known: Weights) -> tuple[Weights, Weights]:
    """Return the slopes of inverse depth along x and y, fitted to the sources around each pixel."""
    reach = int(np.ceil(4 * SLOPE_SIGMA_PX))
    apart = np.arange(-reach, reach + 1, dtype=np.float32)
    one = np.exp(-((apart / np.float32(SLOPE_SIGMA_PX)) ** 2) / 2)

    def moment(values: Weights, x_power: int, y_power: int) -> Weights:
        along_x, along_y = one * apart**x_power, one * apart**y_power
        return np.asarray(cv2.sepFilter2D(values, cv2.CV_32F, along_x, along_y, borderType=cv2.BORDER_CONSTANT))

    total, depth = np.maximum(moment(known, 0, 0), 1e-6), known * inverse_depth
    x, y, d = moment(known, 1, 0) / total, moment(known, 0, 1) / total, moment(depth, 0, 0) / total
    ridge = np.float32(SLOPE_RIDGE * SLOPE_SIGMA_PX**2)
    xx, yy = moment(known, 2, 0) / total - x * x + ridge, moment(known, 0, 2) / total - y * y + ridge
    xy = moment(known, 1, 1) / total - x * y
    xd, yd = moment(depth, 1, 0) / total - x * d, moment(depth, 0, 1) / total - y * d
    determinant = xx * yy - xy * xy
    return (yy * xd - xy * yd) / determinant, (xx * yd - xy * xd) / determinant
