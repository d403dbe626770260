"""The Ken Burns move: from one crop of the photo to another, by a camera that really moves.

Niklaus, Mai, Yang, Liu, "3D Ken Burns Effect from a Single Image", 2019, section 3.3, with the constants of their own
implementation. Both crops are framed at the depth of the nearest thing; everything behind moves less.
"""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

import numpy as np
from jaxtyping import Bool, Float64

from kbvr.depth.scene_depth import SceneDepth
from kbvr.errors import InputError
from kbvr.motion.crop import DEFAULT_SHIFT_PX, DEFAULT_ZOOM, Framing
from kbvr.motion.move import Move, disocclusion_reach_m

PAPER_LONG_SIDE_PX = 1024
"""The long side of the pictures that the paper's lengths in pixels belong to."""

FROM_SHARE = 0.97
"""The automatic move starts with so much of the picture."""

SHIFT_STEPS = 16
INSET_PX = 128
"""The nearest thing counts only where it is so far from the border; lengths of PAPER_LONG_SIDE_PX."""

HAND_SHARE = 0.1
"""How far a move between crops by hand may spread the depth range, as a share of the width; zooming does the rest."""

LOST_SUBJECT_COST = 0.2
"""Cost of losing all of the subject, as the share of the frame that may be uncovered instead."""


def crop_move(start: Framing, end: Framing, scene_depth: SceneDepth) -> tuple[Move, Move]:
    """Return the moves at the start and the end of the way between two framings.

    A camera that goes forward to z sees a crop of the share 1 - z / nearest of what lies at the nearest depth; the
    larger framing is cut out of the picture instead, by zooming.
    """
    largest = max(start.share, end.share)
    nearest_m = nearest_inside_m(scene_depth)

    def move(framing: Framing) -> Move:
        left_m = nearest_m * framing.share / largest
        at_unit = left_m / scene_depth.camera.f_px
        return Move(framing.u_px * at_unit, framing.v_px * at_unit, nearest_m - left_m, zoom=1 / largest)

    return move(start), move(end)


def gentler(moves: tuple[Move, Move], scene_depth: SceneDepth) -> tuple[Move, Move]:
    """Return the moves with their way shortened to HAND_SHARE: crops by hand may ask for far more than looks well."""
    way_m = max(disocclusion_reach_m(move, scene_depth.camera) for move in moves)
    scale = min(1.0, scene_depth.sideways_m(HAND_SHARE) / max(way_m, 1e-9))
    return moves[0].shortened(scale), moves[1].shortened(scale)


def framed_at(start: Framing, end: Framing, share: float) -> tuple[Framing, float]:
    """Return the framing at a share of the way between two, and how far its centre has come, 0 to 1.

    The size changes by the same factor in every step, and the centre with it, so that no part of a zoom rushes.
    """
    size = start.share ** (1 - share) * end.share**share
    apart = start.share - end.share
    moved = (start.share - size) / apart if abs(apart) > 1e-6 else share
    u_px, v_px = (first + moved * (last - first) for first, last in zip(start.centre_px, end.centre_px, strict=True))
    return Framing(u_px, v_px, size), moved


def depth_within_m(framing: Framing, scene_depth: SceneDepth) -> float:
    """Return the median distance of what a framing shows, in metres."""
    rows, columns = scene_depth.cells.shape
    width, height = scene_depth.camera.size_px
    x, y = (framing.u_px / width + 0.5) * columns, (framing.v_px / height + 0.5) * rows
    half_x, half_y = framing.share * columns / 2, framing.share * rows / 2
    top, left = (int(min(max(edge, 0), side - 1)) for edge, side in ((y - half_y, rows), (x - half_x, columns)))
    inside = scene_depth.cells[top : max(top + 1, round(y + half_y)), left : max(left + 1, round(x + half_x))]
    return 1 / max(float(np.median(inside)), scene_depth.far)


def filled_by(move: Move, framing: Framing, scene_depth: SceneDepth, *, depth_m: float) -> Move:
    """Return a move zoomed and shifted so that the framing fills the frame with what lies at a depth.

    The nearest thing alone decides how far the camera goes, so what lies behind it is enlarged too little by that.
    """
    left_m = depth_m - move.z_m
    return replace(
        move,
        zoom=left_m / (framing.share * depth_m),
        lens_x=(move.x_m - framing.u_px * depth_m / scene_depth.camera.f_px) / left_m,
        lens_y=(move.y_m - framing.v_px * depth_m / scene_depth.camera.f_px) / left_m,
    )


def nearest_inside_m(scene_depth: SceneDepth) -> float:
    """Return the distance of the nearest thing that is not near the picture's border, in metres."""
    rows, columns = scene_depth.cells.shape
    inset = round(INSET_PX / PAPER_LONG_SIDE_PX * max(rows, columns))
    inset = min(inset, (min(rows, columns) - 1) // 2)
    return 1 / max(float(scene_depth.cells[inset : rows - inset, inset : columns - inset].max()), 1e-6)


def check_zoom(*, shift_px: float, zoom: float) -> None:
    """Check what an automatic zoom is asked for.

    Raises:
        InputError: if zoom is below 1 or shift_px negative, or either is not finite.
    """
    if not (isfinite(zoom) and zoom >= 1):
        raise InputError(f"the zoom must be 1 or more, got {zoom:g}")
    if not 0 <= shift_px <= PAPER_LONG_SIDE_PX:
        raise InputError(f"the shift must be 0 to {PAPER_LONG_SIDE_PX} px, got {shift_px:g}")


def autozoom(
    scene_depth: SceneDepth, *, shift_px: float = DEFAULT_SHIFT_PX, zoom: float = DEFAULT_ZOOM
) -> tuple[Framing, Framing]:
    """Return the start and the end of the automatic Ken Burns move: a zoom, shifted to where it costs least.

    Of 16 x 16 shifts of up to shift_px (of a picture 1024 px long) and no shift at all, that one is taken which
    leaves little uncovered, as in the paper, and keeps what is near and not far from the middle in the frame.

    Raises:
        InputError: as `check_zoom`.
    """
    check_zoom(shift_px=shift_px, zoom=zoom)
    width, height = scene_depth.camera.size_px
    start = Framing(0.0, 0.0, FROM_SHARE)
    share = FROM_SHARE / zoom
    limit = shift_px / PAPER_LONG_SIDE_PX * max(width, height)
    shifts = np.linspace(-limit, limit, SHIFT_STEPS)
    candidates = [(0.0, 0.0)] + [(float(u), float(v)) for v in shifts for u in shifts]
    room = (1 - share) / 2
    inside = [(u, v) for u, v in candidates if abs(u) <= room * width and abs(v) <= room * height]
    weight = _subject_weight(scene_depth)

    def cost(shift: tuple[float, float]) -> float:
        end = crop_move(start, Framing(*shift, share), scene_depth)[1]
        return _cost(end, scene_depth, weight)

    u, v = min(inside, key=cost)
    return start, Framing(u, v, share)


def _subject_weight(scene_depth: SceneDepth) -> Float64[np.ndarray, "N"]:
    """Return how much each cell belongs to what the picture is about: near, and not far from the middle; sum 1."""
    rows, columns = scene_depth.cells.shape
    x = (np.arange(columns) + 0.5) / columns - 0.5
    y = (np.arange(rows) + 0.5) / rows - 0.5
    middle = np.exp(-(x**2 + y[:, None] ** 2) / (2 * 0.35**2))
    nearness = np.clip((scene_depth.cells - scene_depth.farthest_inverse_depth) / scene_depth.depth_spread, 0, 1)
    weight = (nearness**2 * middle).ravel() + 1e-9
    return weight / weight.sum()


def _cost(end: Move, scene_depth: SceneDepth, weight: Float64[np.ndarray, "N"]) -> float:
    """Return the share of the end's frame that no point reaches, and what losing the subject costs."""
    rows, columns = scene_depth.cells.shape
    x, y, ahead = _projected(end, scene_depth)
    in_frame = (np.abs(x) < 0.5) & (np.abs(y) < 0.5)
    covered: Bool[np.ndarray, "R C"] = np.zeros((rows + 1, columns + 1), bool)
    for dx in (-0.65, 0.65):
        for dy in (-0.65, 0.65):
            column = np.clip((x + 0.5) * columns + dx, 0, columns).astype(int)
            row = np.clip((y + 0.5) * rows + dy, 0, rows).astype(int)
            covered[row, column] = True
    uncovered = 1 - float(covered[:rows, :columns].mean())
    kept = float(weight[ahead][in_frame].sum())
    return uncovered + LOST_SUBJECT_COST * (1 - kept)


def _projected(
    move: Move, scene_depth: SceneDepth
) -> tuple[Float64[np.ndarray, "M"], Float64[np.ndarray, "M"], Bool[np.ndarray, "N"]]:
    """Return where the points ahead are in the frame, -0.5 to 0.5 from side to side, and which points those are."""
    width, height = scene_depth.camera.size_px
    offset = scene_depth.points - move.position_m[:, None]
    ahead = offset[2] > 1e-3 / max(scene_depth.nearest_inverse_depth, 1e-6)
    scale = scene_depth.camera.f_px * move.zoom / offset[2, ahead]
    return offset[0, ahead] * scale / width, offset[1, ahead] * scale / height, ahead
