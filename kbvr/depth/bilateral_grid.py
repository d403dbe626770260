"""A bilateral grid: smooth corrections of a map that do not cross its steps.

Points that are close in the picture and in depth share nodes of a coarse 3D grid (Chen, Paris, Durand 2007, "Real-time
edge-aware image processing with the bilateral grid"). What is smooth in the grid is smooth on every surface of the map,
and independent on the two sides of a step, even if one side is a few pixels wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import ceil

import cv2
import numpy as np
from jaxtyping import Float, Float32, Int

from kbvr.imaging.array_types import Plane, SmallPlane

CELL_SHARE = 1 / 32
"""Side of a cell in the picture, as a share of the map's long side."""

LEVELS = 20
"""Number of cells across the range of the map."""

SIGMAS_CELLS = (0.7, 2.5)
"""Sigmas of the two blurs across the picture whose sum makes a correction smooth: one is close, one reaches far."""

LEVEL_KERNEL = np.exp(-0.5 * (np.arange(-2, 3) / 0.8) ** 2).astype(np.float32)
"""The blur across levels."""

MIN_SPREAD = 1e-30
"""Smallest range of a map that is not of one value; the reciprocal of a smaller one would overflow float32."""

Nodes = Float32[np.ndarray, "nodes"]
"""A value at every node of a grid: rows, columns, levels."""


@dataclass(frozen=True, eq=False)
class Corners:
    """The eight nodes around each of some points, and their trilinear weights."""

    nodes: Int[np.ndarray, "8 *points"]
    weights: Float32[np.ndarray, "8 *points"]

    def read(self, values: Nodes) -> Float32[np.ndarray, "*points"]:
        """Return the values of a grid at the points."""
        return np.asarray((self.weights * values[self.nodes]).sum(axis=0), np.float32)

    def added(self, values: Float[np.ndarray, "*points"], count: int) -> Nodes:
        """Return a grid of so many nodes to which the points add their values: the transpose of `read`."""
        return np.bincount(self.nodes.ravel(), (self.weights * values).ravel(), count).astype(np.float32)


@dataclass(frozen=True, eq=False)
class BilateralGrid:
    """The grid of one map."""

    values: SmallPlane
    low: float
    """Value of the first level; lower values belong to it."""

    spread: float
    """The range of the levels; values above belong to the last one."""

    @classmethod
    def of(cls, values: SmallPlane) -> BilateralGrid | None:
        """Return the grid of a map, None for a map of one value."""
        low, high = (float(value) for value in np.percentile(values[::2, ::2], (1, 99)))
        return cls(values, low, high - low) if high - low > MIN_SPREAD else None

    @cached_property
    def cell_px(self) -> float:
        """Side of a cell in the picture, in pixels of the map."""
        return max(1.0, CELL_SHARE * max(self.values.shape))

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Number of rows, columns and levels of nodes, at least 2 of each."""
        rows, columns = (max(1, ceil(side / self.cell_px)) + 1 for side in self.values.shape)
        return rows, columns, LEVELS + 1

    @property
    def nodes(self) -> int:
        """The number of nodes."""
        rows, columns, levels = self.shape
        return rows * columns * levels

    @cached_property
    def level(self) -> SmallPlane:
        """The level of every pixel of the map, 0 to LEVELS."""
        return self._level_of(self.values)

    def _level_of(self, values: Plane) -> Plane:
        return np.clip((values - np.float32(self.low)) * np.float32(LEVELS / self.spread), 0, LEVELS)

    def corners(self, x: Float[np.ndarray, "*points"], y: Float[np.ndarray, "*points"]) -> Corners:
        """Return the nodes around points of the map; x and y are indices of pixels."""
        at = (y / self.cell_px, x / self.cell_px, read_at(self.level, x, y))
        first = [np.clip(a.astype(np.intp), 0, count - 2) for a, count in zip(at, self.shape, strict=True)]
        shares = [a - start for a, start in zip(at, first, strict=True)]
        nodes, weights = [], []
        for steps in product((0, 1), repeat=3):
            row, column, level = (start + step for start, step in zip(first, steps, strict=True))
            nodes.append((row * self.shape[1] + column) * self.shape[2] + level)
            near = [share if step else 1 - share for share, step in zip(shares, steps, strict=True)]
            weights.append(near[0] * near[1] * near[2])
        return Corners(np.stack(nodes), np.stack(weights).astype(np.float32))

    def blurred(self, values: Nodes) -> Nodes:
        """Return a grid blurred within and across its levels; the blur is symmetric and positive, as a kernel is."""
        picture = values.reshape(self.shape)
        wide = sum(
            cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT) * np.float32(4 * sigma * sigma)
            for sigma in SIGMAS_CELLS
        )
        across = np.asarray(wide).reshape(-1, self.shape[2])
        return cv2.filter2D(across, -1, LEVEL_KERNEL[None], borderType=cv2.BORDER_CONSTANT).ravel()

    def at_pixels(self, nodes: Nodes, values: Plane) -> Plane:
        """Return the value of a grid at every pixel of its map, or of the same map at another size."""
        height, width = values.shape
        scale = np.array([width, height]) / self.values.shape[::-1] * self.cell_px
        offset = (np.array([width, height]) / self.values.shape[::-1] - 1) / 2  # indices count the middles of pixels
        enlarge = np.array([[scale[0], 0, offset[0]], [0, scale[1], offset[1]]])
        level = self._level_of(values)
        result = np.zeros((height, width), np.float32)
        for index, plane in enumerate(np.moveaxis(nodes.reshape(self.shape), 2, 0)):
            if plane.any():
                weight = np.maximum(1 - np.abs(level - np.float32(index)), 0)
                large = cv2.warpAffine(np.ascontiguousarray(plane), enlarge, (width, height), flags=cv2.INTER_LINEAR)
                result += weight * large
        return result


def read_at(
    values: SmallPlane, x: Float[np.ndarray, "*points"], y: Float[np.ndarray, "*points"]
) -> Float32[np.ndarray, "*points"]:
    """Return a map's values at points between its pixels (bilinear), those of the border outside it."""
    columns, rows = (axis.reshape(len(axis), -1).astype(np.float32) for axis in (x, y))
    read = cv2.remap(values, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(read, np.float32).reshape(x.shape)
