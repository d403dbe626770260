"""The textured mesh: a scene as textured triangles in metres.

    front    the photo itself, opaque, in whole cells; textured with the photo
    matte    the near side's strip along occlusion boundaries, its alpha in the texture; it includes the rest of the
             cells that the strip cuts, so that the front needs no alpha
    between, hidden   the hidden layers, opaque; slightly farther away, so that the front covers them
    border   the margin beyond the photo's border; vertices fade out towards its end
    dome     a backdrop all around, far away, with the photo's colours, blurred and darkened

All but the front share one texture, an atlas.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2
from typing import Literal

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from kbvr.errors import InputError
from kbvr.geometry.camera import Camera
from kbvr.imaging.resize import shrunk
from kbvr.ldi.layered_depth_image import Layer, LayeredDepthImage
from kbvr.ldi.scene import Scene
from kbvr.mesh.backdrop import COLUMNS as DOME_COLUMNS
from kbvr.mesh.backdrop import ROWS as DOME_ROWS
from kbvr.mesh.backdrop import SURROUNDS, Dome, dome_of
from kbvr.mesh.cell_plane import BORDER, BORDER_SHRINK, FRONT, MATTE, TEXTURE_MAX_PX, CellPlane, plane_of
from kbvr.mesh.quadtree import Grid, Sheet
from kbvr.mesh.texture_atlas import PIECE_PX, Pieces, atlas_of, in_atlas
from kbvr.photo.photo import Photo

VIEW_PX = 1500
"""Errors are measured in pixels of a view of this width, about what a headset shows of the scene."""

TOLERANCE_PX = 0.25
MOST_TOLERANCE_PX = 4.0
TOLERANCE_STEP = 1.25
"""Largest error of triangles, as parallax at the largest move. If there are too many triangles it is multiplied by the
step, up to the most."""

CELL_PX = 2
"""Side of the smallest square, for photos up to VIEW_PX wide; it doubles with the photo's size."""

DOME_BEHIND = 1.05
"""Distance of the dome, as a multiple of that of the farthest possible corner."""

HIDDEN_EASE = 4.0
"""Factor on the tolerance for hidden layers, which are mostly covered."""

HIDDEN_DEPTH_BIAS = 0.998
"""Factor on the inverse depth of hidden layers."""

Name = Literal["front", "matte", "between", "hidden", "border", "dome"]
ORDER: tuple[Name, ...] = ("dome", "hidden", "between", "front", "border", "matte")
"""Drawing order: opaque parts first, then those that blend with them."""


@dataclass(frozen=True, eq=False)
class Part:
    """One surface of a textured mesh."""

    name: Name
    points_m: Float32[np.ndarray, "N 3"]
    """x right, y down, z forward from the photo's camera."""

    uv: Float32[np.ndarray, "N 2"]
    """Place in the texture, 0 to 1 right and down."""

    alpha: UInt8[np.ndarray, "N"] | None
    """By vertex; None if all are opaque."""

    triangles: Int64[np.ndarray, "M 3"]
    """Counter-clockwise as the photo's camera sees them."""

    @property
    def texture(self) -> Literal["photo", "atlas"]:
        """The texture of `uv`."""
        return "photo" if self.name == "front" else "atlas"

    @property
    def blends(self) -> bool:
        """Whether what lies behind shows through, by the texture's alpha and the vertices'."""
        return self.name in ("matte", "border")


@dataclass(frozen=True, eq=False)
class TexturedMesh:
    """A scene as textured triangles."""

    parts: tuple[Part, ...]
    """In ORDER, without empty ones."""

    photo: UInt8[np.ndarray, "H W 3"]
    atlas: UInt8[np.ndarray, "H2 W2 4"]
    camera: Camera
    """The photo's own."""

    tolerance_px: float
    """Largest error of the triangles, as parallax at the largest move in pixels of a view of VIEW_PX."""

    @property
    def triangle_count(self) -> int:
        """Number of triangles of all parts."""
        return sum(len(part.triangles) for part in self.parts)


@dataclass(frozen=True, eq=False)
class _Draft:
    """The grid of one side, and its kinds of cells."""

    grid: Grid
    kinds: Int64[np.ndarray, "h w"]
    names: dict[int, Name]
    rgba: dict[int, UInt8[np.ndarray, "H W 4"]]
    """The picture for the pieces of each kind."""

    ease: float = 1.0
    """Factor on its tolerance."""


def textured_mesh_of(
    scene: Scene, photo: Photo, *, surround: str = "dome", most_triangles: int = 150_000
) -> TexturedMesh:
    """Return a scene as triangles: as few as the tolerance allows, and at most `most_triangles`.

    Raises:
        InputError: if the surround is none of SURROUNDS, or so few triangles cannot show the scene.
    """
    if surround not in SURROUNDS:
        raise InputError(f"the surround must be one of {', '.join(SURROUNDS)}, got {surround!r}")
    dome = 2 * DOME_COLUMNS * DOME_ROWS if surround == "dome" else 0
    density = max(1.0, photo.size_px[0] / VIEW_PX)
    plane = plane_of(scene, CELL_PX * 2 ** ceil(log2(density)))
    while True:
        drafts = _drafts(scene, plane, bordered=surround != "none")
        tolerance_px = TOLERANCE_PX
        while tolerance_px <= MOST_TOLERANCE_PX:
            sheets = [draft.grid.sheet(draft.ease * tolerance_px * density) for draft in drafts]
            if sum(len(sheet.triangles) for sheet in sheets) + dome <= most_triangles:
                return _textured_mesh(photo, drafts, sheets, plane, dome=dome > 0, tolerance_px=tolerance_px)
            tolerance_px *= TOLERANCE_STEP
        if plane.cell_px == plane.piece_px:
            raise InputError(f"this scene needs more than {most_triangles} triangles")
        plane = plane_of(scene, 2 * plane.cell_px)


def _drafts(scene: Scene, plane: CellPlane, *, bordered: bool) -> list[_Draft]:
    """Return the grid of the near side, which front, matte and border share, and those of the hidden layers."""
    return [
        _near_draft(scene.ldi, plane, bordered=bordered),
        *(_hidden_draft(layer, plane) for layer in scene.ldi.layers if layer.is_hidden),
    ]


def _near_draft(ldi: LayeredDepthImage, plane: CellPlane, *, bordered: bool) -> _Draft:
    """Return the near side: whole cells of the front, cells of the matte, and cells beyond the photo's border.

    The rest of cells that the strip cuts goes to the matte, unless the hidden layer shows it anyway.
    """
    rgba, depth = plane.of(ldi.front.rgba), plane.of(ldi.front.inverse_depth)
    strip_rgba, strip_depth = plane.of(ldi.matte.rgba), plane.of(ldi.matte.inverse_depth)
    inside = plane.inside(with_margin=False)
    is_front = rgba[..., 3] > 0
    whole = plane.cells(is_front).all(axis=(1, 3)) & inside
    shown = (plane.of(ldi.hidden.rgba)[..., 3] > 0) & (np.abs(plane.of(ldi.hidden.inverse_depth) - depth) < plane.jump)
    left_over = is_front & ~plane.pixels(whole) & ~shown
    beyond = ~plane.pixels(inside)
    strip = (strip_rgba[..., 3] > 0) & ~left_over & ~beyond
    in_matte = (strip | left_over) & ~plane.pixels(whole) & ~beyond
    kinds = np.where(whole, FRONT, np.where(plane.cells(in_matte).any(axis=(1, 3)), MATTE, 0))
    if bordered:
        kinds[plane.inside(with_margin=True) & ~inside] = BORDER
    grid = plane.grid(np.where(strip, strip_depth, depth), plane.pixels(whole) | in_matte | beyond, kinds)
    rgba[..., 3] = 255
    strip_rgba[left_over] = rgba[left_over]
    return _Draft(
        grid, kinds, {FRONT: "front", MATTE: "matte", BORDER: "border"}, {FRONT: rgba, MATTE: strip_rgba, BORDER: rgba}
    )


def _hidden_draft(layer: Layer, plane: CellPlane) -> _Draft:
    rgba = plane.of(layer.rgba)
    present = rgba[..., 3] > 0
    kinds = (plane.cells(present).any(axis=(1, 3)) & plane.inside(with_margin=False)).astype(np.int64)
    grid = plane.grid(plane.of(layer.inverse_depth), present, kinds)
    rgba[..., 3] = 255
    return _Draft(grid, kinds, {1: layer.name}, {1: rgba}, HIDDEN_EASE)


def _textured_mesh(
    photo: Photo, drafts: list[_Draft], sheets: list[Sheet], plane: CellPlane, *, dome: bool, tolerance_px: float
) -> TexturedMesh:
    """Return the parts of all sheets with their textures."""
    surfaces = [
        _surface(draft, sheet, kind, plane) for draft, sheet in zip(drafts, sheets, strict=True) for kind in draft.names
    ]
    backdrop = _dome(photo, plane) if dome else None
    pictures = [surface.pieces for surface in surfaces] + ([backdrop.pieces] if backdrop else [])
    counts = [len(picture.rows) for picture in pictures]
    firsts = np.cumsum([0, *counts])
    parts = [
        _part(surface, plane, first, sum(counts)) for surface, first in zip(surfaces, firsts.tolist(), strict=False)
    ]
    if backdrop is not None:
        uv = in_atlas(backdrop.at_px, firsts[-2] + backdrop.slot, sum(counts))
        parts.append(Part("dome", backdrop.points_m, uv, None, backdrop.triangles))
    parts = sorted((part for part in parts if len(part.triangles)), key=lambda part: ORDER.index(part.name))
    atlas = shrunk(atlas_of(pictures), TEXTURE_MAX_PX)
    return TexturedMesh(tuple(parts), _photo_texture(photo, plane), atlas, plane.camera, tolerance_px)


@dataclass(frozen=True, eq=False)
class _Surface:
    """The triangles of one kind of cells."""

    name: Name
    sheet: Sheet
    slot: Int64[np.ndarray, "N"]
    """The piece of every vertex."""

    pieces: Pieces
    """None of the front, which is textured with the photo."""


def _surface(draft: _Draft, sheet: Sheet, kind: int, plane: CellPlane) -> _Surface:
    """Return a sheet's triangles of one kind, and their pieces of the atlas."""
    name = draft.names[kind]
    chosen = draft.kinds[sheet.cell[:, 1], sheet.cell[:, 0]] == kind
    shrink = plane.shrink * (BORDER_SHRINK if name == "border" else 1)
    column, row = (sheet.cell * plane.cell_px // (PIECE_PX * shrink)).T
    across = plane.shape[1] // (PIECE_PX * shrink)
    own, piece = sheet.part(chosen, np.zeros_like(row) if name == "front" else row * across + column)
    wanted = np.unique(piece[:0] if name == "front" else piece)
    return _Surface(
        name, own, np.searchsorted(wanted, piece), Pieces(draft.rgba[kind], wanted % across, wanted // across, shrink)
    )


def _part(surface: _Surface, plane: CellPlane, first: int, count: int) -> Part:
    """Return a surface as part of the mesh; its pieces fill the slots from `first` on, in an atlas of `count`."""
    name, sheet, pieces = surface.name, surface.sheet, surface.pieces
    at_px = plane.at_px(sheet)
    if name == "front":
        uv = (at_px / (np.array(plane.photo_cells) * plane.cell_px)).astype(np.float32)
    else:
        corner = np.stack([pieces.columns, pieces.rows], axis=1)[surface.slot] * PIECE_PX
        uv = in_atlas((at_px + plane.margin_px) / pieces.shrink - corner, first + surface.slot, count)
    share = HIDDEN_DEPTH_BIAS if name in ("hidden", "between") else 1.0
    alpha = _fading(at_px, plane) if name == "border" else None
    return Part(name, plane.points_m(sheet, share), uv, alpha, sheet.triangles)


def _fading(at_px: Int64[np.ndarray, "N 2"], plane: CellPlane) -> UInt8[np.ndarray, "N"]:
    """Return the alpha of vertices: 255 at the photo's border, 0 at the margin's end."""
    beyond = np.maximum(-at_px, at_px - np.array(plane.camera.size_px)).max(axis=1)
    share = np.clip(beyond / max(1, plane.margin_px), 0, 1)
    return np.rint(255 * (1 - share**2 * (3 - 2 * share))).astype(np.uint8)


def _dome(photo: Photo, plane: CellPlane) -> Dome:
    """Return the dome, behind everything else."""
    corner = [*(side / 2 + plane.margin_px for side in photo.size_px), plane.camera.f_px]
    radius_m = DOME_BEHIND * float(np.linalg.norm(corner)) / plane.camera.f_px / plane.farthest
    return dome_of(photo.rgb, plane.camera, radius_m=radius_m)


def _photo_texture(photo: Photo, plane: CellPlane) -> UInt8[np.ndarray, "H W 3"]:
    """Return the photo, its border repeated to whole cells, no larger than textures may be."""
    (width, height), (across, down) = photo.size_px, (cells * plane.cell_px for cells in plane.photo_cells)
    whole = np.pad(photo.rgb, ((0, down - height), (0, across - width), (0, 0)), mode="edge")
    return shrunk(whole, TEXTURE_MAX_PX)
