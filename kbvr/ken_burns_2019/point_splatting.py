"""Points of the 3D Ken Burns method: from disparity to points, and from points to a picture.

Niklaus, Mai, Yang, Liu, "3D Ken Burns Effect from a Single Image", ACM TOG 2019 (arXiv 1909.05483). Lengths are in the
paper's units: the nearest thing of a photo has a disparity of 40 pixels, and so lies as far away as the focal length is
long in pixels (512 of them for a long side of 1024). Every sum has a fixed order: the same bytes come out each time.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from kbvr.geometry.camera import Camera

BASELINE = 40.0
"""The paper's baseline. The largest disparity is scaled to as many pixels."""

EPSILON = 1e-7
"""Added to what is divided by: disparities and weights."""

STEEPEST = 0.03
"""A point stays where the edge kernel's answer, as a share of the largest disparity, is below this."""

EDGE_KERNEL: Float64[np.ndarray, "3 3"] = np.array([[0, -1, -1], [-1, 4, 0], [-1, 0, 0]], np.float64)
"""The edge filter; it is asymmetric, as the inpainting network was trained with it."""

FARTHEST_ERROR = 1e6
"""The z-buffer holds 1e6 - f B / z: larger is farther, and this is infinitely far or nothing at all."""

STEP_BEHIND = 1.0
"""De-grid: what is so much behind both neighbours shows through a gap between points of one surface."""

OPPOSITE = ((1, 0), (0, 1), (1, 1), (1, -1))
"""Directions (x, y) in which de-grid looks at a pixel's two opposite neighbours."""

DE_GRID_PASSES = 2
"""The reference works in place, so that a pixel may see a neighbour that is mended already; a second pass gives that in
a fixed order. With one, single points still show through where a magnified surface is bent."""

SURFACE_THICKNESS = 1.0
"""Points that are so much behind the z-buffer or less still add to a pixel."""

NEAREST_Z = 1e-3
"""Points nearer to the camera's plane than this are not drawn."""

SUBPIXELS = 256
"""Points land on so many places a pixel, each way.

Without it, rounding gives points weights like 1e-13 in pixels that they do not touch: such a pixel would count as
covered and come out black, as its weight vanishes beside EPSILON.
"""


@dataclass(frozen=True, eq=False)
class Splat:
    """What points show through a lens."""

    values: Float32[np.ndarray, "C H W"]
    """Weighted mean of the points' data; 0 where nothing is covered."""

    weight: Float64[np.ndarray, "H W"]
    """Sum of the bilinear weights, >= 0."""

    @property
    def covered(self) -> Bool[np.ndarray, "H W"]:
        """Where at least one point landed."""
        return np.asarray(self.weight > 0)


def paper_disparity_of(inverse_depth: Float32[np.ndarray, "H W"]) -> Float32[np.ndarray, "H W"]:
    """Return a disparity or inverse depth of any scale, >= 0, scaled so that its largest value is 40; 0 stays 0."""
    largest = float(inverse_depth.max())
    return (inverse_depth * (BASELINE / largest)).astype(np.float32) if largest > 0 else inverse_depth.copy()


def depth_from_disparity(disparity: Float32[np.ndarray, "H W"], f_px: float) -> Float64[np.ndarray, "H W"]:
    """Return f B / (disparity + 1e-7): the depth in the paper's units, finite where the disparity is 0."""
    return f_px * BASELINE / (disparity.astype(np.float64) + EPSILON)


def away_from_edges(disparity: Float32[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    """Return the edge filter: true where a pixel becomes a point, false at steps, where it would float between."""
    largest = float(disparity.max())
    share = disparity.astype(np.float64) / (largest if largest > 0 else 1.0)
    answer = cv2.filter2D(share, cv2.CV_64F, EDGE_KERNEL, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(np.abs(answer) < STEEPEST)


def directions(camera: Camera) -> Float64[np.ndarray, "H W 3"]:
    """Return where every pixel's centre looks, in the camera's axes, with z = 1."""
    width, height = camera.size_px
    rays = np.ones((height, width, 3), np.float64)
    rays[..., 0] = (np.arange(width) + 0.5 - camera.cx_px) / camera.f_px
    rays[..., 1] = ((np.arange(height) + 0.5 - camera.cy_px) / camera.f_px)[:, None]
    return rays


def render_points(points: Float64[np.ndarray, "N 3"], data: Float32[np.ndarray, "C N"], lens: Camera) -> Splat:
    """Draw points that carry data, any number of channels.

    The points are in the lens's own axes and the paper's units; where the lens stands in the world is not used. The
    point (x, y, z) lands on the column f x / z + cx - 0.5, a pixel's centre being at its whole number.
    """
    width, height = lens.size_px
    z = points[:, 2]
    ahead = z >= NEAREST_Z
    safe_z = np.where(ahead, z, 1.0)
    u = _snapped(lens.f_px * points[:, 0] / safe_z + lens.cx_px - 0.5)
    v = _snapped(lens.f_px * points[:, 1] / safe_z + lens.cy_px - 0.5)
    seen = np.flatnonzero(ahead & (u > -1) & (u < width) & (v > -1) & (v < height))
    u, v, z = u[seen], v[seen], z[seen]
    error = FARTHEST_ERROR - lens.f_px * BASELINE / (z + EPSILON)
    column, row = np.floor(u), np.floor(v)
    right, down = u - column, v - row
    # One pixel wider on every side, so that what lands partly outside needs no test.
    stride = width + 2
    corner = (row.astype(np.int64) + 1) * stride + column.astype(np.int64) + 1
    nearest = corner + (right > 0.5) + (down > 0.5) * np.int64(stride)
    z_buffer = np.full(stride * (height + 2), FARTHEST_ERROR)
    np.minimum.at(z_buffer, nearest, error)
    inside = np.s_[1 : height + 1, 1 : width + 1]
    framed = z_buffer.reshape(height + 2, stride)
    for _ in range(DE_GRID_PASSES):
        framed[inside] = without_grid(framed[inside])
    drawn = _drawn(error, corner, (right, down), z_buffer, stride)

    def summed(channel: Float32[np.ndarray, "M"] | None) -> Float64[np.ndarray, "H W"]:
        """Return sums of weighted data, or of the weights; `bincount` adds in the points' order, in float64."""
        total = np.zeros(z_buffer.size)
        for at, weight in drawn:
            total += np.bincount(at, weight if channel is None else weight * channel, z_buffer.size)
        return total.reshape(height + 2, stride)[inside]

    weight = summed(None)
    values = np.empty((len(data), height, width), np.float32)
    for target, channel in zip(values, data, strict=True):
        target[:] = summed(channel[seen]) / (weight + EPSILON)
    return Splat(values, weight)


def without_grid(z_buffer: Float64[np.ndarray, "H W"]) -> Float64[np.ndarray, "H W"]:
    """Return a z-buffer in which nothing shows through the gaps that a magnified surface has.

    A pixel that is behind both neighbours of an opposite pair by 1 or more takes the mean of all such pairs. It reads
    the buffer that it was given and writes another, so the order of pixels does not matter. Pairs of which one lies
    outside do not count.
    """
    height, width = z_buffer.shape
    around = np.pad(z_buffer, 1, constant_values=np.inf)  # nothing is behind infinity
    total, count = np.zeros_like(z_buffer), np.zeros_like(z_buffer)
    for x, y in OPPOSITE:
        one = around[1 + y : 1 + y + height, 1 + x : 1 + x + width]
        two = around[1 - y : 1 - y + height, 1 - x : 1 - x + width]
        behind = (z_buffer - one >= STEP_BEHIND) & (z_buffer - two >= STEP_BEHIND)
        total += np.where(behind, one, 0) + np.where(behind, two, 0)
        count += 2 * behind
    return np.where(count > 0, total / np.maximum(count, 1), z_buffer)


def _snapped(pixels: Float64[np.ndarray, "N"]) -> Float64[np.ndarray, "N"]:
    return np.rint(pixels * SUBPIXELS) / SUBPIXELS


def _drawn(
    error: Float64[np.ndarray, "M"],
    corner: Int64[np.ndarray, "M"],
    shares: tuple[Float64[np.ndarray, "M"], Float64[np.ndarray, "M"]],
    z_buffer: Float64[np.ndarray, "P"],
    stride: int,
) -> list[tuple[Int64[np.ndarray, "M"], Float64[np.ndarray, "M"]]]:
    """Return, for each of the four pixels around, where every point lands and with which weight; 0 where it is hidden.

    `shares` says how far to the right and down of its upper left pixel, `corner`, a point lies.
    """
    right, down = shares
    corners = (
        (0, (1 - right) * (1 - down)),
        (1, right * (1 - down)),
        (stride, (1 - right) * down),
        (stride + 1, right * down),
    )
    drawn = []
    for offset, weight in corners:
        at = corner + offset
        drawn.append((at, np.where(error <= z_buffer[at] + SURFACE_THICKNESS, weight, 0.0)))
    return drawn
