"""The photo's plane divided into square cells, which the meshes of all layers share."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log2

import numpy as np
from jaxtyping import Bool, Float32, Int64

from kbvr.geometry.camera import Camera
from kbvr.ldi.scene import Scene
from kbvr.mesh.quadtree import Grid, LayerMesh, grid_of
from kbvr.mesh.texture_atlas import PIECE_PX

TEXTURE_MAX_PX = 4096
NEAREST_SHARE = 250.0
"""Largest distance, as a multiple of the nearest."""

BORDER_DETAIL_PX = 1000
"""Width of the photo from which on the margin has half its texels along a side; it is blurred, but near the photo it
should not look it."""

MAX_BORDER_SHRINK = 4

FRONT, MATTE, BORDER = 1, 2, 3
"""Kinds of cells of the near side."""


@dataclass(frozen=True, eq=False)
class CellPlane:
    """The photo's plane in cells, including all whole cells of the margin."""

    cell_px: int
    shrink: int
    """Photo pixels per pixel of the atlas."""

    border_shrink: int
    """The same for the margin, as a multiple of `shrink`."""

    left_px: int
    """Pixels cropped from the layers at the left and at the top."""

    margin_px: int
    shape: tuple[int, int]
    """(height, width) in pixels, a multiple of the border's pieces."""

    camera: Camera
    farthest: float
    """Minimum inverse depth, 1/m."""

    jump: float
    """Minimum difference of inverse depth between two surfaces, 1/m."""

    per_px: float
    """One pixel of parallax at the largest move, 1/m."""

    @property
    def piece_px(self) -> int:
        """Side of an atlas piece, in photo pixels."""
        return PIECE_PX * self.shrink

    @property
    def photo_cells(self) -> tuple[int, int]:
        """(columns, rows) of the cells that contain part of the photo."""
        width, height = (-(-side // self.cell_px) for side in self.camera.size_px)
        return width, height

    def of(self, layer: np.ndarray) -> np.ndarray:
        """Return a layer's pixels on this plane; the layer's border is repeated outwards."""
        height, width = self.shape
        cut = layer[self.left_px :, self.left_px :][:height, :width]
        missing = ((0, height - cut.shape[0]), (0, width - cut.shape[1]), *[(0, 0)] * (layer.ndim - 2))
        return np.pad(cut, missing, mode="edge")

    def cells(self, pixels: Bool[np.ndarray, "H W"]) -> Bool[np.ndarray, "h c w c"]:
        """Return a mask regrouped by cell: its pixels lie along the second and the last axis."""
        height, width = (side // self.cell_px for side in self.shape)
        return pixels.reshape(height, self.cell_px, width, self.cell_px)

    def pixels(self, cells: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "H W"]:
        """Return a mask of cells as a mask of pixels."""
        return cells.repeat(self.cell_px, axis=0).repeat(self.cell_px, axis=1)

    def inside(self, *, with_margin: bool) -> Bool[np.ndarray, "h w"]:
        """Return the cells that contain part of the photo, or also those of the margin."""
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
        *,
        stretched: Bool[np.ndarray, "h w"],
    ) -> Grid:
        """Return the grid of a layer, never cut between `stretched` cells; its squares are at most one piece large."""
        levels = (self.piece_px // self.cell_px).bit_length()
        return grid_of(
            inverse_depth,
            present,
            kinds,
            cell_px=self.cell_px,
            jump=self.jump * self.cell_px / 2,  # the compared values are half a cell apart
            per_px=self.per_px,
            levels=levels,
            stretched=stretched,
        )

    def points_m(self, mesh: LayerMesh, share: float) -> Float32[np.ndarray, "N 3"]:
        """Return the positions of vertices in space; `share` scales their inverse depth."""
        inverse_depth = np.maximum(mesh.inverse_depth.astype(np.float64) * share, self.farthest)
        rays = (self.photo_px(mesh) - (self.camera.cx_px, self.camera.cy_px)) / self.camera.f_px
        return (np.column_stack([rays, np.ones(len(rays))]) / inverse_depth[:, None]).astype(np.float32)

    def photo_px(self, mesh: LayerMesh) -> Int64[np.ndarray, "N 2"]:
        """Return the (x, y) of vertices on the photo's plane, in photo pixels."""
        return np.asarray(mesh.corner * self.cell_px - self.margin_px)


def plane_of(scene: Scene, cell_px: int) -> CellPlane:
    """Return the plane of a scene, divided into cells of `cell_px` pixels."""
    ldi = scene.ldi
    shrink = 2 ** ceil(log2(max(1.0, max(ldi.size_px) / TEXTURE_MAX_PX)))
    margin_px = ldi.margin_px // cell_px * cell_px
    border_shrink = min(MAX_BORDER_SHRINK, 2 ** floor(log2(max(1.0, ldi.size_px[0] / shrink / BORDER_DETAIL_PX))))
    side_px = PIECE_PX * shrink * border_shrink
    width, height = (-(-(2 * margin_px + side) // side_px) * side_px for side in ldi.size_px)
    nearest = max(float(layer.inverse_depth.max()) for layer in ldi.layers)
    per_px = 1 / (ldi.f_px * ldi.reach_m)
    return CellPlane(
        cell_px=cell_px,
        shrink=shrink,
        border_shrink=border_shrink,
        left_px=ldi.margin_px - margin_px,
        margin_px=margin_px,
        shape=(height, width),
        camera=scene.camera,
        farthest=max(nearest, 1e-6) / NEAREST_SHARE,
        jump=ldi.jump_px * per_px,
        per_px=per_px,
    )
