"""Figures for what people see in rendered views, from the views' codes: no truth is needed (bench/coded_views.py).

Lengths are shares of the view's width, so that figures of photos of different sizes compare.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Int32

from bench.coded_views import Mask, Picture, Plane, Seen, project, projected, resampled
from kbvr.geometry.camera import Camera

STEP_SHARE = 1 / 960
"""Neighbouring pixels whose parallax differs by more than this move against each other: 1 px of 960."""

NEIGHBOURS_PX = 2.0
"""Points of one layer that are this close in the photo and neighbours in the view are one surface."""

PIECE_SHARE = 1 / 120
"""A piece smaller than a square of this side is torn off: 8 px of 960."""

BAND_SHARE = 1 / 160
"""Distance from an occlusion boundary within which the colours of two eyes are compared: 6 px of 960."""

FLICKER_LEVELS = 24
"""How far a pixel may leave the range of colours around its point in the frame before."""

TRIAL_INVERSE_DEPTH = 1e-3

SUBJECT_MARGIN = 0.01
"""Minimum distance of a subject from the frame's border, as a share of the frame's size."""

CUT_SHARE = 0.03
"""A subject that ends this close to the photo's border may be cut off there by a move: the photo or the enlargement of
the view already does it."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, as shares of the photo's width and height."""


def torn_pieces(seen: Seen, photo_camera: Camera) -> Int32[np.ndarray, "N"]:
    """Return the areas of the pieces that move against everything around them and are small, in pixels.

    Neighbours are one piece if their parallax differs by at most STEP_SHARE, or if they were neighbours in the photo
    too, as on steep ground. Parallax is the way from where the point would be if it were infinitely far. Pieces at the
    frame's border may go on beyond it and do not count.
    """
    labels, areas = pieces(seen, photo_camera)
    small = areas < (PIECE_SHARE * seen.rgb.shape[1]) ** 2
    small[0] = False
    small[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = False
    return areas[small]


def pieces(seen: Seen, photo_camera: Camera) -> tuple[Int32[np.ndarray, "H W"], Int32[np.ndarray, "N"]]:
    """Return the piece of every pixel, 0 for pixels that no layer covers, and the area of every piece."""
    height, width = seen.rgb.shape[:2]
    parallax = np.stack(parallax_px(seen, photo_camera), axis=2)
    grid = np.zeros((2 * height - 1, 2 * width - 1), np.uint8)  # pixels, and between them whether they are one piece
    grid[::2, ::2] = seen.shown
    for axis, links in ((0, grid[1::2, ::2]), (1, grid[::2, 1::2])):
        one = np.linalg.norm(np.diff(parallax, axis=axis), axis=2) <= STEP_SHARE * width
        way = np.hypot(np.diff(seen.u, axis=axis), np.diff(seen.v, axis=axis))
        one |= (way <= NEIGHBOURS_PX) & (np.diff(seen.layer, axis=axis) == 0)
        links[:] = one & _both(seen.shown, axis)
    _, every = cv2.connectedComponents(grid, connectivity=4, ltype=cv2.CV_32S)
    labels = np.ascontiguousarray(every[::2, ::2])
    return labels, np.bincount(labels.ravel(), minlength=int(every.max()) + 1).astype(np.int32)


def _both(mask: Mask, axis: int) -> Mask:
    """Return where a pixel and the next one along an axis are in a mask."""
    return mask[1:] & mask[:-1] if axis == 0 else mask[:, 1:] & mask[:, :-1]


def parallax_px(seen: Seen, photo_camera: Camera) -> tuple[Plane, Plane]:
    """Return how far the points of a view's pixels are from where they would be if they were infinitely far."""
    height, width = seen.rgb.shape[:2]
    far_x, far_y, _ = project(seen.u, seen.v, np.zeros_like(seen.u), seen.camera, photo_camera)
    x, y = np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32)[:, None] + 0.5
    return x - far_x, y - far_y


def flickering(before: Seen, after: Seen, photo_camera: Camera) -> Mask:
    """Return the pixels of a frame whose colour its motion does not explain.

    Such a pixel leaves the range of the 3x3 pixels around its point in the frame before by more than FLICKER_LEVELS,
    though nothing nearer hid that point there. Points that were outside the frame do not count.
    """
    height, width = after.rgb.shape[:2]
    x, y, nearness = projected(after, before.camera, photo_camera)
    at_x, at_y = np.meshgrid(np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32) + 0.5)
    x, y = np.where(after.shown, x, at_x), np.where(after.shown, y, at_y)
    inside = (x > 1) & (y > 1) & (x < width - 1) & (y < height - 1)
    per_px = _nearness_per_px(before, after, photo_camera)
    hidden = resampled(_widest(_own_nearness(before, photo_camera)), x, y, cv2.INTER_NEAREST) > nearness + per_px
    return (
        inside & ~(hidden & after.shown) & (_outside_levels(after.rgb, before.rgb, x, y).max(axis=2) > FLICKER_LEVELS)
    )


def flicker_ppm(before: Seen, after: Seen, photo_camera: Camera) -> float:
    """Return the share of flickering pixels, in millionths: the mean of there and back."""
    ways = (flickering(before, after, photo_camera), flickering(after, before, photo_camera))
    return 1e6 * float(np.mean([way.mean() for way in ways]))


def eye_mismatch_levels(left: Seen, right: Seen, photo_camera: Camera) -> float:
    """Return how far the colours of two eyes differ along occlusion boundaries, where both see the same surface.

    The right view's pixels are found in the left one by their disparity; both see the same surface if the left one has
    that depth there. A difference is what leaves the range of the left view's 3x3 pixels, in levels, the mean of the
    channels. NaN without such pixels.
    """
    height, width = right.rgb.shape[:2]
    x, y, nearness = projected(right, left.camera, photo_camera)
    per_px = _nearness_per_px(left, right, photo_camera)
    there = resampled(_own_nearness(left, photo_camera), x, y, cv2.INTER_NEAREST)
    same = right.shown & (resampled(left.shown.astype(np.uint8), x, y, cv2.INTER_NEAREST) > 0)
    same &= (np.abs(there - nearness) <= per_px) & (x > 1) & (y > 1) & (x < width - 1) & (y < height - 1)
    band_px = BAND_SHARE * width
    close = _boundary_distance_px(_own_nearness(right, photo_camera), per_px) <= band_px
    left_close = (_boundary_distance_px(_own_nearness(left, photo_camera), per_px) <= band_px).astype(np.uint8)
    compared = same & (close | (resampled(left_close, x, y, cv2.INTER_NEAREST) > 0))
    if not compared.any():
        return float("nan")
    return float(_outside_levels(right.rgb, left.rgb, x, y)[compared].mean())


def _own_nearness(seen: Seen, photo_camera: Camera) -> Plane:
    """Return the inverse depth of a view's pixels in the view's own camera; 0 where no layer is."""
    return np.where(seen.shown, projected(seen, seen.camera, photo_camera)[2], 0).astype(np.float32)


def _nearness_per_px(first: Seen, second: Seen, photo_camera: Camera) -> float:
    """Return the difference of inverse depth that shifts a point by STEP_SHARE between two views, 1/m.

    It is measured in the middle of the picture.
    """
    u, v = (np.array([side / 2], np.float32) for side in photo_camera.size_px)
    shifts = []
    for seen in (first, second):
        far, near = (
            np.concatenate(project(u, v, np.array([depth], np.float32), seen.camera, photo_camera)[:2])
            for depth in (0.0, TRIAL_INVERSE_DEPTH)
        )
        shifts.append((near - far) / TRIAL_INVERSE_DEPTH)
    return STEP_SHARE * first.rgb.shape[1] / max(float(np.linalg.norm(shifts[0] - shifts[1])), 1e-9)


def _boundary_distance_px(nearness: Plane, step: float) -> Plane:
    """Return the distance of every pixel from the next occlusion boundary, in pixels."""
    window = np.ones((3, 3), np.uint8)
    boundary = cv2.dilate(nearness, window) - nearness > 1.5 * step
    if not boundary.any():
        return np.full(nearness.shape, np.inf, np.float32)
    return np.asarray(cv2.distanceTransform((~boundary).astype(np.uint8), cv2.DIST_L2, 3))


def _widest(nearness: Plane) -> Plane:
    """Return the nearest of the 3x3 pixels around every pixel."""
    return np.asarray(cv2.dilate(nearness, np.ones((3, 3), np.uint8)))


def _outside_levels(picture: Picture, other: Picture, x: Plane, y: Plane) -> np.ndarray:
    """Return how far the colours of a picture leave the range of 3x3 pixels at positions in another, in levels."""
    three = np.ones((3, 3), np.uint8)
    low, high = (resampled(change(other, three), x, y, cv2.INTER_NEAREST) for change in (cv2.erode, cv2.dilate))
    now = picture.astype(np.int16)
    return np.maximum(np.maximum(low.astype(np.int16) - now, now - high.astype(np.int16)), 0)


def is_subject_inside(box: Box, inverse_depth: Plane, cameras: Sequence[Camera], photo_camera: Camera) -> bool:
    """Return whether a subject stays in the frame of every camera, with a margin.

    Sides at which the photo itself cuts the subject do not count.
    """
    left, top, right, bottom = box
    whole = left > CUT_SHARE, top > CUT_SHARE, right < 1 - CUT_SHARE, bottom < 1 - CUT_SHARE
    for camera in cameras:
        x0, y0, x1, y1 = subject_in_view(box, inverse_depth, camera, photo_camera)
        room = x0, y0, 1 - x1, 1 - y1
        if any(counts and side < SUBJECT_MARGIN for side, counts in zip(room, whole, strict=True)):
            return False
    return True


def subject_growth(box: Box, inverse_depth: Plane, start: Camera, end: Camera, photo_camera: Camera) -> float:
    """Return a subject's height at the end of a move, relative to its start."""
    heights = []
    for camera in (start, end):
        _, top, _, bottom = subject_in_view(box, inverse_depth, camera, photo_camera)
        heights.append(bottom - top)
    return heights[1] / heights[0]


def subject_in_view(box: Box, inverse_depth: Plane, camera: Camera, photo_camera: Camera) -> Box:
    """Return a subject's box in a view: at the depth in the middle of its box in the photo, without a turn."""
    width, height = photo_camera.size_px
    u, v = np.array(box[::2], np.float32) * np.float32(width), np.array(box[1::2], np.float32) * np.float32(height)
    x, y, _ = project(u, v, np.full(2, _subject_depth(box, inverse_depth), np.float32), camera, photo_camera)
    x, y = x / camera.size_px[0], y / camera.size_px[1]
    return float(x[0]), float(y[0]), float(x[1]), float(y[1])


def _subject_depth(box: Box, inverse_depth: Plane) -> float:
    """Return the median inverse depth of the middle half of a box, 1/m."""
    height, width = inverse_depth.shape
    rows, columns = (
        (round((low + share * (high - low)) * side) for share in (0.25, 0.75))
        for low, high, side in ((box[1], box[3], height), (box[0], box[2], width))
    )
    (top, bottom), (first, last) = rows, columns
    return float(np.median(inverse_depth[top : max(bottom, top + 1), first : max(last, first + 1)]))
