"""Points of the 3D Ken Burns method: from disparity to points, and from points to a picture.

Niklaus, Mai, Yang, Liu, "3D Ken Burns Effect from a Single Image", ACM TOG 2019 (arXiv 1909.05483). Lengths are in the
paper's units: the nearest thing in a photo has a disparity of 40 pixels, so its distance equals the focal length in
pixels (512 for a long side of 1024). Sums have a fixed order, so that results are reproducible to the byte.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, Float64, Int64

from kbvr.geometry.camera import Camera
from kbvr.imaging.array_types import Mask, Plane

Values = Float64[np.ndarray, "M"]
Indices = Int64[np.ndarray, "M"]

BASELINE = 40.0
"""The paper's baseline. The largest disparity is scaled to the same number of pixels."""

EPSILON = 1e-7
"""Added to divisors: disparities and weights."""

MAX_EDGE = 0.03
"""A pixel becomes a point if the edge kernel's response, as a share of the largest disparity, is below this."""

EDGE_KERNEL: Float64[np.ndarray, "3 3"] = np.array([[0, -1, -1], [-1, 4, 0], [-1, 0, 0]], np.float64)
"""The edge filter; it is asymmetric because the inpainting network was trained with it."""

FARTHEST_ERROR = 1e6
"""The z-buffer holds 1e6 - f B / z: larger is farther. This value is infinitely far, or no point at all."""

STEP_BEHIND = 1.0
"""De-grid: a pixel this far behind two opposite neighbours is a gap between points of one surface."""

OPPOSITE = ((1, 0), (0, 1), (1, 1), (1, -1))
"""Directions (x, y) of the opposite neighbours that de-grid compares."""

DE_GRID_PASSES = 2
"""The reference implementation works in place, so that a pixel may see a neighbour that is already corrected. A second
pass does the same in a fixed order. With one pass, single gaps remain where an enlarged surface is curved."""

SURFACE_THICKNESS = 1.0
"""Points up to this far behind the z-buffer still contribute to a pixel."""

NEAREST_Z = 1e-3
"""Points closer to the camera's plane than this are not drawn."""

SUBPIXELS = 256
"""Points are snapped to this many positions per pixel along each axis.

Otherwise, rounding would give points weights like 1e-13 in pixels that they do not touch. Such a pixel would count as
covered and become black, because EPSILON exceeds its weight.
"""


@dataclass(frozen=True, eq=False)
class Splat:
    """Points rendered through a lens."""

    values: Float32[np.ndarray, "C H W"]
    """Weighted mean of the points' data; 0 where no point is."""

    weight: Float64[np.ndarray, "H W"]
    """Sum of the bilinear weights, >= 0."""

    @property
    def covered(self) -> Mask:
        """The pixels with at least one point."""
        return np.asarray(self.weight > 0)


def paper_disparity_of(inverse_depth: Plane) -> Plane:
    """Return a disparity or inverse depth, >= 0, scaled so that its largest value is 40; 0 stays 0."""
    largest = float(inverse_depth.max())
    return (inverse_depth * (BASELINE / largest)).astype(np.float32) if largest > 0 else inverse_depth.copy()


def depth_from_disparity(disparity: Plane, f_px: float) -> Float64[np.ndarray, "H W"]:
    """Return f B / (disparity + 1e-7): the depth in the paper's units, finite where the disparity is 0."""
    return f_px * BASELINE / (disparity.astype(np.float64) + EPSILON)


def away_from_edges(disparity: Plane) -> Mask:
    """Return the edge filter: false at disparity steps, where a point would float between the surfaces."""
    largest = float(disparity.max())
    share = disparity.astype(np.float64) / (largest if largest > 0 else 1.0)
    response = cv2.filter2D(share, cv2.CV_64F, EDGE_KERNEL, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(np.abs(response) < MAX_EDGE)


def directions(camera: Camera) -> Float64[np.ndarray, "H W 3"]:
    """Return the ray through every pixel's centre, in the camera's axes, with z = 1."""
    width, height = camera.size_px
    rays = np.ones((height, width, 3), np.float64)
    rays[..., 0] = (np.arange(width) + 0.5 - camera.cx_px) / camera.f_px
    rays[..., 1] = ((np.arange(height) + 0.5 - camera.cy_px) / camera.f_px)[:, None]
    return rays


def render_points(points: Float64[np.ndarray, "N 3"], data: Float32[np.ndarray, "C N"], lens: Camera) -> Splat:
    """Render points with data of any number of channels.

    The points are in the lens's axes and in the paper's units; the lens's pose is not used. The point (x, y, z) lands
    on column f x / z + cx - 0.5, where whole numbers are pixel centres.
    """
    width, height = lens.size_px
    z = points[:, 2]
    ahead = z >= NEAREST_Z
    safe_z = np.where(ahead, z, 1.0)
    u = _snapped(lens.f_px * points[:, 0] / safe_z + lens.cx_px - 0.5)
    v = _snapped(lens.f_px * points[:, 1] / safe_z + lens.cy_px - 0.5)
    in_frame = np.flatnonzero(ahead & (u > -1) & (u < width) & (v > -1) & (v < height))
    u, v, z = u[in_frame], v[in_frame], z[in_frame]
    error = FARTHEST_ERROR - lens.f_px * BASELINE / (z + EPSILON)
    column, row = np.floor(u), np.floor(v)
    right, down = u - column, v - row
    # One pixel wider on every side, so that points partly outside need no test.
    stride = width + 2
    corner = (row.astype(np.int64) + 1) * stride + column.astype(np.int64) + 1
    nearest = corner + (right > 0.5) + (down > 0.5) * np.int64(stride)
    z_buffer = np.full(stride * (height + 2), FARTHEST_ERROR)
    np.minimum.at(z_buffer, nearest, error)
    inside = np.s_[1 : height + 1, 1 : width + 1]
    padded = z_buffer.reshape(height + 2, stride)
    for _ in range(DE_GRID_PASSES):
        padded[inside] = without_grid(padded[inside])
    contributions = _contributions(error, corner, (right, down), z_buffer, stride)

    def summed(channel: Float32[np.ndarray, "M"] | None) -> Float64[np.ndarray, "H W"]:
        """Return sums of weighted data, or of the weights; `bincount` adds in the points' order, in float64."""
        total = np.zeros(z_buffer.size)
        for at, weight in contributions:
            total += np.bincount(at, weight if channel is None else weight * channel, z_buffer.size)
        return total.reshape(height + 2, stride)[inside]

    weight = summed(None)
    values = np.empty((len(data), height, width), np.float32)
    for target, channel in zip(values, data, strict=True):
        target[:] = summed(channel[in_frame]) / (weight + EPSILON)
    return Splat(values, weight)


def without_grid(z_buffer: Float64[np.ndarray, "H W"]) -> Float64[np.ndarray, "H W"]:
    """Return a z-buffer in which the gaps of enlarged surfaces are closed.

    A pixel that is at least STEP_BEHIND behind both neighbours of an opposite pair gets the mean of all such pairs. The
    order of pixels does not matter, because the result is a new buffer. Pairs with a neighbour outside do not count.
    """
    height, width = z_buffer.shape
    padded = np.pad(z_buffer, 1, constant_values=np.inf)  # nothing is behind infinity
    total, count = np.zeros_like(z_buffer), np.zeros_like(z_buffer)
    for x, y in OPPOSITE:
        first = padded[1 + y : 1 + y + height, 1 + x : 1 + x + width]
        second = padded[1 - y : 1 - y + height, 1 - x : 1 - x + width]
        behind = (z_buffer - first >= STEP_BEHIND) & (z_buffer - second >= STEP_BEHIND)
        total += np.where(behind, first, 0) + np.where(behind, second, 0)
        count += 2 * behind
    return np.where(count > 0, total / np.maximum(count, 1), z_buffer)


def _snapped(pixels: Float64[np.ndarray, "N"]) -> Float64[np.ndarray, "N"]:
    return np.rint(pixels * SUBPIXELS) / SUBPIXELS


def _contributions(
    error: Values, corner: Indices, shares: tuple[Values, Values], z_buffer: Float64[np.ndarray, "P"], stride: int
) -> list[tuple[Indices, Values]]:
    """Return flat indices and weights (0 if hidden) of the four pixels around every point.

    `corner` is the upper left pixel, and `shares` are the point's offsets to the right and down from it.
    """
    right, down = shares
    corners = (
        (0, (1 - right) * (1 - down)),
        (1, right * (1 - down)),
        (stride, (1 - right) * down),
        (stride + 1, right * down),
    )
    contributions = []
    for offset, weight in corners:
        at = corner + offset
        contributions.append((at, np.where(error <= z_buffer[at] + SURFACE_THICKNESS, weight, 0.0)))
    return contributions
