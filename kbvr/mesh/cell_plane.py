"""The photo's plane in square cells, which all layers share when they become triangles."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2

import numpy as np
from jaxtyping import Bool, Float32, Int64

from kbvr.geometry.camera import Camera
from kbvr.ldi.scene import Scene
from kbvr.mesh.quadtree import Grid, Sheet, grid_of
from kbvr.mesh.texture_atlas import PIECE_PX

TEXTURE_MAX_PX = 4096
NEAREST_SHARE = 250.0
"""Distances are limited to this many times the nearest."""

BORDER_SHRINK = 4
"""The margin is blurred, so this many pixels of the photo become one of its texture."""

FRONT, MATTE, BORDER = 1, 2, 3
"""Kinds of cells of the near side."""


@dataclass(frozen=True, eq=False)
class CellPlane:
    """The photo's plane in cells, with as much of its margin as makes whole cells."""

    cell_px: int
    shrink: int
    """Photo pixels to one of the atlas."""

    left_px: int
    """Pixels cut off the layers at the left and at the top."""

    margin_px: int
    shape: tuple[int, int]
    """(height, width) in pixels, a multiple of the border's pieces."""

    camera: Camera
    farthest: float
    """Least inverse depth, 1/m."""

    jump: float
    """Least jump between two surfaces, 1/m."""

    per_px: float
    """One pixel of parallax at the largest move, 1/m."""

    @property
    def piece_px(self) -> int:
        """Side of a piece of the atlas, in photo pixels."""
        return PIECE_PX * self.shrink

    @property
    def photo_cells(self) -> tuple[int, int]:
        """Number of cells that contain some of the photo: (across, down)."""
        width, height = (-(-side // self.cell_px) for side in self.camera.size_px)
        return width, height

    def of(self, layer: np.ndarray) -> np.ndarray:
        """Return a layer's pixels on this plane; beyond the layer its border is repeated."""
        height, width = self.shape
        cut = layer[self.left_px :, self.left_px :][:height, :width]
        missing = ((0, height - cut.shape[0]), (0, width - cut.shape[1]), *[(0, 0)] * (layer.ndim - 2))
        return np.pad(cut, missing, mode="edge")

    def cells(self, pixels: Bool[np.ndarray, "H W"]) -> Bool[np.ndarray, "h c w c"]:
        """Return the pixels of each cell, along the second and the last axis."""
        height, width = (side // self.cell_px for side in self.shape)
        return pixels.reshape(height, self.cell_px, width, self.cell_px)

    def pixels(self, cells: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "H W"]:
        """Return the pixels of some cells."""
        return cells.repeat(self.cell_px, axis=0).repeat(self.cell_px, axis=1)

    def inside(self, *, with_margin: bool) -> Bool[np.ndarray, "h w"]:
        """Return the cells that contain some of the photo, or lie in its margin."""
        inside = np.zeros([side // self.cell_px for side in self.shape], bool)
        margin, (width, height) = self.margin_px // self.cell_px, self.photo_cells
        first, rest = (0, 2 * margin) if with_margin else (margin, 0)
        inside[first : first + height + rest, first : first + width + rest] = True
        return inside

    def grid(
        self,
        inverse_depth: Float32[np.ndarray, "H W"],
        present: Bool[np.ndarray, "H W"],
        kinds: Int64[np.ndarray, "h w"],
    ) -> Grid:
        """Return the grid of a layer with squares of up to one piece."""
        levels = (self.piece_px // self.cell_px).bit_length()
        return grid_of(
            inverse_depth,
            present,
            kinds,
            cell_px=self.cell_px,
            jump=self.jump * self.cell_px / 2,  # the compared values lie this far apart
            per_px=self.per_px,
            levels=levels,
            stretched=BORDER,
        )

    def points_m(self, sheet: Sheet, share: float) -> Float32[np.ndarray, "N 3"]:
        """Return the positions of vertices in space, at a share of their inverse depth."""
        inverse_depth = np.maximum(sheet.inverse_depth.astype(np.float64) * share, self.farthest)
        rays = (self.at_px(sheet) - (self.camera.cx_px, self.camera.cy_px)) / self.camera.f_px
        return (np.column_stack([rays, np.ones(len(rays))]) / inverse_depth[:, None]).astype(np.float32)

    def at_px(self, sheet: Sheet) -> Int64[np.ndarray, "N 2"]:
        """Return the positions of vertices on the photo's plane, in its pixels."""
        return np.asarray(sheet.at * self.cell_px - self.margin_px)


def plane_of(scene: Scene, cell_px: int) -> CellPlane:
    """Return the plane of a scene in cells of this side."""
    ldi = scene.ldi
    shrink = 2 ** ceil(log2(max(1.0, max(ldi.size_px) / TEXTURE_MAX_PX)))
    margin_px = ldi.margin_px // cell_px * cell_px
    side_px = PIECE_PX * shrink * BORDER_SHRINK
    width, height = (-(-(2 * margin_px + side) // side_px) * side_px for side in ldi.size_px)
    nearest = max(float(layer.inverse_depth.max()) for layer in ldi.layers)
    per_px = 1 / (ldi.f_px * ldi.reach_m)
    return CellPlane(
        cell_px=cell_px,
        shrink=shrink,
        left_px=ldi.margin_px - margin_px,
        margin_px=margin_px,
        shape=(height, width),
        camera=scene.camera,
        farthest=max(nearest, 1e-6) / NEAREST_SHARE,
        jump=ldi.jump_px * per_px,
        per_px=per_px,
    )
