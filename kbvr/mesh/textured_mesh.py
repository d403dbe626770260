"""The textured mesh: a scene as textured triangles in metres.

    front    the photo itself in whole cells, opaque, textured with the photo
    matte    the strip of the near side along occlusion boundaries, with alpha in its texture; it includes the rest of
             the cells that the strip crosses, so that the front needs no alpha
    between, hidden   the hidden layers, opaque; slightly farther away, so that the front covers them
    border   the margin beyond the photo's border; its vertices fade out towards the margin's end
    dome     a distant backdrop on all sides, in the photo's colours, blurred and darkened

All parts except the front share one texture, an atlas.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from kbvr.errors import InputError
from kbvr.geometry.camera import Camera
from kbvr.imaging.resize import shrunk
from kbvr.ldi.layered_depth_image import Layer, LayeredDepthImage
from kbvr.ldi.scene import Scene
from kbvr.mesh.backdrop import COLUMNS as DOME_COLUMNS
from kbvr.mesh.backdrop import ROWS as DOME_ROWS
from kbvr.mesh.backdrop import SURROUNDS, dome_of
from kbvr.mesh.cell_plane import BORDER, FRONT, MATTE, TEXTURE_MAX_PX, CellPlane, plane_of
from kbvr.mesh.quadtree import Grid, LayerMesh
from kbvr.mesh.texture_atlas import PIECE_PX, Pieces, atlas_of, in_atlas
from kbvr.photo.photo import Photo

VIEW_PX = 1500
"""Width of the view in whose pixels errors are measured: about what a headset shows of the scene."""

TOLERANCE_PX = 0.25
MAX_TOLERANCE_PX = 4.0
TOLERANCE_STEP = 1.25
"""Largest error of triangles, as parallax at the largest move. While there are too many triangles it is multiplied by
the step, up to the maximum."""

CELL_PX = 2
"""Side of the smallest square, for photos up to VIEW_PX wide; it doubles with the photo's size."""

DOME_DISTANCE = 1.05
"""Distance of the dome, as a multiple of the farthest possible corner's."""

HIDDEN_TOLERANCE = 4.0
"""Factor on the tolerance for hidden layers, which are mostly covered."""

HIDDEN_DEPTH_BIAS = 0.998
"""Factor on the inverse depth of hidden layers."""

Name = Literal["front", "matte", "between", "hidden", "border", "dome"]
ORDER: tuple[Name, ...] = ("dome", "hidden", "between", "front", "border", "matte")
"""Drawing order: opaque parts first, then the blended ones."""


@dataclass(frozen=True, eq=False)
class Part:
    """One surface of a textured mesh."""

    name: Name
    points_m: Float32[np.ndarray, "N 3"]
    """x right, y down, z forward from the photo's camera."""

    uv: Float32[np.ndarray, "N 2"]
    """Texture coordinates, 0 to 1 right and down."""

    alpha: UInt8[np.ndarray, "N"] | None
    """By vertex; None if all are opaque."""

    triangles: Int64[np.ndarray, "M 3"]
    """Counter-clockwise as the photo's camera sees them."""

    @property
    def texture(self) -> Literal["photo", "atlas"]:
        """The texture that `uv` refers to."""
        return "photo" if self.name == "front" else "atlas"

    @property
    def blends(self) -> bool:
        """Whether the background shows through, by the alpha of the texture and the vertices."""
        return self.name in ("matte", "border")


@dataclass(frozen=True, eq=False)
class TexturedMesh:
    """A scene as textured triangles."""

    parts: tuple[Part, ...]
    """In ORDER, without empty ones."""

    photo: UInt8[np.ndarray, "H W 3"]
    atlas: UInt8[np.ndarray, "H2 W2 4"]
    camera: Camera
    tolerance_px: float
    """Largest error of the triangles, as parallax at the largest move in a view VIEW_PX wide."""

    @property
    def triangle_count(self) -> int:
        """Number of triangles of all parts."""
        return sum(len(part.triangles) for part in self.parts)


@dataclass(frozen=True, eq=False)
class _Draft:
    """The grid of the near side or of one hidden layer, before triangles are made."""

    grid: Grid
    kinds: Int64[np.ndarray, "h w"]
    names: dict[int, Name]
    rgba: dict[int, UInt8[np.ndarray, "H W 4"]]
    """By kind of cells: the part that it belongs to, and the picture that textures it."""

    tolerance_factor: float = 1.0


def textured_mesh_of(
    scene: Scene, photo: Photo, *, surround: str = "dome", max_triangles: int = 150_000, cell_px: int = CELL_PX
) -> TexturedMesh:
    """Return a scene as triangles: as few as the tolerance allows, and at most `max_triangles`.

    `cell_px` is the side of the smallest square, for photos up to VIEW_PX wide: a power of 2. Larger ones are coarser
    and take less time.

    Raises:
        InputError: if the surround is not one of SURROUNDS, or `max_triangles` are too few for the scene.
    """
    if surround not in SURROUNDS:
        raise InputError(f"the surround must be one of {', '.join(SURROUNDS)}, got {surround!r}")
    dome = 2 * DOME_COLUMNS * DOME_ROWS if surround == "dome" else 0
    density = max(1.0, photo.size_px[0] / VIEW_PX)
    plane = plane_of(scene, cell_px * 2 ** ceil(log2(density)))
    while True:
        near = _near_draft(scene.ldi, plane, with_border=surround != "none")
        drafts = [near, *(_hidden_draft(scene.ldi, layer, plane) for layer in scene.ldi.layers if layer.is_hidden)]
        tolerance_px = TOLERANCE_PX
        while tolerance_px <= MAX_TOLERANCE_PX:
            meshes = [draft.grid.mesh(draft.tolerance_factor * tolerance_px * density) for draft in drafts]
            if sum(len(mesh.triangles) for mesh in meshes) + dome <= max_triangles:
                return _textured_mesh(photo, drafts, meshes, plane, dome=dome > 0, tolerance_px=tolerance_px)
            tolerance_px *= TOLERANCE_STEP
        if plane.cell_px == plane.piece_px:
            raise InputError(f"this scene needs more than {max_triangles} triangles")
        plane = plane_of(scene, 2 * plane.cell_px)


def _near_draft(ldi: LayeredDepthImage, plane: CellPlane, *, with_border: bool) -> _Draft:
    """Return the near side: whole cells of the front, cells of the matte, and cells beyond the photo's border.

    Where the strip crosses a cell, the rest of the cell belongs to the matte, unless the hidden layer shows it anyway.
    The matte's texture goes on over the front beside it, since viewers mix the texels at their seam.
    """
    rgba, depth = plane.of(ldi.front.rgba), plane.of(ldi.front.inverse_depth)
    strip_rgba, strip_depth = plane.of(ldi.matte.rgba), plane.of(ldi.matte.inverse_depth)
    inside = plane.inside(with_margin=False)
    is_front = rgba[..., 3] > 0
    whole = plane.cells(is_front).all(axis=(1, 3)) & inside
    hidden_rgba, hidden_depth = plane.of(ldi.hidden.rgba), plane.of(ldi.hidden.inverse_depth)
    in_hidden = (hidden_rgba[..., 3] > 0) & (np.abs(hidden_depth - depth) < plane.jump)
    left_over = is_front & ~plane.pixels(whole) & ~in_hidden
    beyond = ~plane.pixels(inside)
    strip = (strip_rgba[..., 3] > 0) & ~left_over & ~beyond
    in_matte = (strip | left_over) & ~plane.pixels(whole) & ~beyond
    kinds = np.where(whole, FRONT, np.where(plane.cells(in_matte).any(axis=(1, 3)), MATTE, 0))
    if with_border:
        kinds[plane.inside(with_margin=True) & ~inside] = BORDER
    grid = plane.grid(
        np.where(strip, strip_depth, depth), plane.pixels(whole) | in_matte | beyond, kinds, stretched=kinds == BORDER
    )
    rgba[..., 3] = 255
    opaque = left_over | (
        plane.pixels(_neighbourhood(kinds == MATTE)) & is_front & (np.abs(depth - strip_depth) < plane.jump)
    )
    strip_rgba[opaque] = rgba[opaque]
    return _Draft(
        grid, kinds, {FRONT: "front", MATTE: "matte", BORDER: "border"}, {FRONT: rgba, MATTE: strip_rgba, BORDER: rgba}
    )


def _neighbourhood(cells: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Return the cells and their eight neighbours."""
    return np.asarray(cv2.dilate(np.asarray(cells, np.uint8), np.ones((3, 3), np.uint8)) > 0)


def _hidden_draft(ldi: LayeredDepthImage, layer: Layer, plane: CellPlane) -> _Draft:
    """Return a hidden layer: one sheet wherever it is invented, since nothing is behind a cut."""
    rgba, filled = plane.of(layer.rgba), ldi.fill_mask if layer.name == "hidden" else ldi.between_fill
    assert filled is not None
    present = rgba[..., 3] > 0
    kinds = (plane.cells(present).any(axis=(1, 3)) & plane.inside(with_margin=False)).astype(np.int64)
    invented = np.asarray(plane.cells(plane.of(filled)).any(axis=(1, 3)))
    one_sheet = _neighbourhood(invented)  # and hangs together with what the photo shows
    grid = plane.grid(plane.of(layer.inverse_depth), present, kinds, stretched=one_sheet)
    rgba[..., 3] = 255
    return _Draft(grid, kinds, {1: layer.name}, {1: rgba}, HIDDEN_TOLERANCE)


def _textured_mesh(
    photo: Photo, drafts: list[_Draft], meshes: list[LayerMesh], plane: CellPlane, *, dome: bool, tolerance_px: float
) -> TexturedMesh:
    """Return the meshes of all layers as parts with textures."""
    surfaces = [
        _surface(draft, mesh, kind, plane) for draft, mesh in zip(drafts, meshes, strict=True) for kind in draft.names
    ]
    backdrop = None
    if dome:
        farthest_corner = [*(side / 2 + plane.margin_px for side in photo.size_px), plane.camera.f_px]
        radius_m = DOME_DISTANCE * float(np.linalg.norm(farthest_corner)) / plane.camera.f_px / plane.farthest
        backdrop = dome_of(photo.rgb, plane.camera, radius_m=radius_m)
    pictures = [surface.pieces for surface in surfaces] + ([backdrop.pieces] if backdrop else [])
    counts = [len(picture.rows) for picture in pictures]
    firsts = np.cumsum([0, *counts])
    parts = [
        _part(surface, plane, first, sum(counts)) for surface, first in zip(surfaces, firsts.tolist(), strict=False)
    ]
    if backdrop is not None:
        uv = in_atlas(backdrop.piece_px, firsts[-2] + backdrop.piece, sum(counts))
        parts.append(Part("dome", backdrop.points_m, uv, None, backdrop.triangles))
    parts = sorted((part for part in parts if len(part.triangles)), key=lambda part: ORDER.index(part.name))
    atlas = shrunk(atlas_of(pictures), TEXTURE_MAX_PX)
    (width, height), (across, down) = photo.size_px, (cells * plane.cell_px for cells in plane.photo_cells)
    whole_cells = np.pad(photo.rgb, ((0, down - height), (0, across - width), (0, 0)), mode="edge")
    return TexturedMesh(tuple(parts), shrunk(whole_cells, TEXTURE_MAX_PX), atlas, plane.camera, tolerance_px)


@dataclass(frozen=True, eq=False)
class _Surface:
    """The triangles of one kind of cells."""

    name: Name
    mesh: LayerMesh
    piece: Int64[np.ndarray, "N"]
    """Index of the piece that textures each vertex."""

    pieces: Pieces
    """Empty for the front, which is textured with the photo."""


def _surface(draft: _Draft, mesh: LayerMesh, kind: int, plane: CellPlane) -> _Surface:
    """Return a mesh's triangles of one kind, and the atlas pieces that they use."""
    name = draft.names[kind]
    chosen = draft.kinds[mesh.cell[:, 1], mesh.cell[:, 0]] == kind
    shrink = plane.shrink * (plane.border_shrink if name == "border" else 1)
    column, row = (mesh.cell * plane.cell_px // (PIECE_PX * shrink)).T
    across = plane.shape[1] // (PIECE_PX * shrink)
    part, piece = mesh.part(chosen, np.zeros_like(row) if name == "front" else row * across + column)
    used = np.unique(piece[:0] if name == "front" else piece)
    pieces = Pieces(draft.rgba[kind], used % across, used // across, shrink)
    return _Surface(name, part, np.searchsorted(used, piece), pieces)


def _part(surface: _Surface, plane: CellPlane, first: int, count: int) -> Part:
    """Return a surface as part of the mesh; its pieces fill the slots from `first` on in an atlas of `count` pieces."""
    name, mesh, pieces = surface.name, surface.mesh, surface.pieces
    photo_px = plane.photo_px(mesh)
    if name == "front":
        uv = (photo_px / (np.array(plane.photo_cells) * plane.cell_px)).astype(np.float32)
    else:
        corner = np.stack([pieces.columns, pieces.rows], axis=1)[surface.piece] * PIECE_PX
        uv = in_atlas((photo_px + plane.margin_px) / pieces.shrink - corner, first + surface.piece, count)
    share = HIDDEN_DEPTH_BIAS if name in ("hidden", "between") else 1.0
    alpha = _fading(photo_px, plane) if name == "border" else None
    return Part(name, plane.points_m(mesh, share), uv, alpha, mesh.triangles)


def _fading(photo_px: Int64[np.ndarray, "N 2"], plane: CellPlane) -> UInt8[np.ndarray, "N"]:
    """Return the alpha of vertices: 255 at the photo's border, 0 at the margin's end."""
    beyond = np.maximum(-photo_px, photo_px - np.array(plane.camera.size_px)).max(axis=1)
    share = np.clip(beyond / max(1, plane.margin_px), 0, 1)
    return np.rint(255 * (1 - share**2 * (3 - 2 * share))).astype(np.uint8)
