"""Baselines: simple methods that make the right picture from the left one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32, UInt8

from bench.metrics import psnr_db
from bench.pairs import farther_neighbour_columns, taken_from

MAX_SHIFT_SHARE = 0.25
"""The largest constant shift to try, as a share of the width."""


def shifted(rgb: UInt8[np.ndarray, "H W 3"], shift_px: int) -> UInt8[np.ndarray, "H W 3"]:
    """Return the picture shifted to the left by >= 0 pixels; its last column fills the gap."""
    width = rgb.shape[1]
    return rgb[:, np.minimum(np.arange(width) + shift_px, width - 1)]


def best_constant_shift_px(left: UInt8[np.ndarray, "H W 3"], right: UInt8[np.ndarray, "H W 3"]) -> int:
    """Return the whole shift with the best PSNR, 0 to a quarter of the width.

    The choice uses the true right picture, which no real method can.
    """
    tried = range(int(left.shape[1] * MAX_SHIFT_SHARE) + 1)
    return max(tried, key=lambda shift_px: psnr_db(shifted(left, shift_px), right))


def naive_warp(
    left: UInt8[np.ndarray, "H W 3"], disparity_px: Float32[np.ndarray, "H W"]
) -> UInt8[np.ndarray, "H W 3"]:
    """Return the left picture with every pixel moved by its disparity.

    Every pixel moves to the nearest whole column; if several meet, the one with the largest disparity wins. A hole
    takes the colour of the nearest covered pixel to its left or right, whichever is farther from the camera.
    """
    height, width = disparity_px.shape
    target = np.floor(np.arange(width) - disparity_px.astype(np.float64) + 0.5).astype(np.int64)
    inside = (target >= 0) & (target < width)
    rows, columns = np.nonzero(inside)
    far_to_near = np.argsort(disparity_px[inside], kind="stable")  # the last of equal indices wins
    rows, columns = rows[far_to_near], columns[far_to_near]
    landed = (rows, target[rows, columns])

    warped = np.zeros_like(left)
    warped[landed] = left[rows, columns]
    warped_disparity_px = np.zeros((height, width), np.float32)
    warped_disparity_px[landed] = disparity_px[rows, columns]
    reached = np.zeros((height, width), bool)
    reached[landed] = True
    return taken_from(warped, farther_neighbour_columns(warped_disparity_px, reached))


def paper_points(
    left: UInt8[np.ndarray, "H W 3"], disparity_px: Float32[np.ndarray, "H W"]
) -> UInt8[np.ndarray, "H W 3"]:
    """Return the right picture from `paper_views`."""
    return paper_views(left, disparity_px)(1.0)


def paper_views(
    left: UInt8[np.ndarray, "H W 3"], disparity_px: Float32[np.ndarray, "H W"]
) -> Callable[[float], UInt8[np.ndarray, "H W 3"]]:
    """Return a function that draws the view at a share of the move to the right, with the 3D Ken Burns point renderer.

    It uses the paper's edge filter, z-buffer, de-grid, splats and hole filling along rays, at the picture's size and
    without its networks. Holes at the border continue the nearest covered pixel; in the paper they stay black.
    """
    from kbvr.depth.depth_map import DepthMap
    from kbvr.geometry.camera import camera_of_photo
    from kbvr.ken_burns_2019.point_renderer import PointRenderer
    from kbvr.ken_burns_2019.point_scene import point_scene
    from kbvr.photo.photo import photo_from_array

    long_side_px = max(left.shape[:2])
    photo = photo_from_array(left, f_px=float(long_side_px))
    depth = DepthMap((disparity_px / photo.f_px).astype(np.float32), photo.f_px, metric=True)  # for a baseline of 1 m
    scene = point_scene(photo, depth, long_side_px=long_side_px)
    camera = camera_of_photo(photo.size_px, photo.f_px)

    def draw(share: float) -> UInt8[np.ndarray, "H W 3"]:
        with PointRenderer(scene) as renderer:
            return renderer.frame(camera.moved(x_m=share))

    return draw
