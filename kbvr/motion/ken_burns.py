"""The Ken Burns move: from one crop of the photo to another, by a camera that really moves.

Niklaus, Mai, Yang, Liu, "3D Ken Burns Effect from a Single Image", 2019, section 3.3, with the constants of the
authors' implementation. Both crops are framed at the depth of the nearest thing; everything behind it moves less.
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
"""Long side of the pictures in which the paper gives lengths in pixels."""

FROM_SHARE = 0.97
"""Share of the picture's width with which the automatic move starts."""

SHIFT_STEPS = 16
INSET_PX = 128
"""Minimum distance of the nearest thing from the border, in pixels of a picture PAPER_LONG_SIDE_PX long."""

HAND_SHARE = 0.1
"""Maximum parallax range of a move between crops by hand, as a share of the width; zooming does the rest."""

LOST_SUBJECT_COST = 0.2
"""Cost of losing all of the subject, as the share of the frame that may be uncovered instead."""


def crop_move(start: Framing, end: Framing, scene_depth: SceneDepth) -> tuple[Move, Move]:
    """Return the first and the last move between two framings.

    A camera that has moved forward to z sees the share 1 - z / nearest of the plane at the nearest depth. The larger
    framing is cropped instead, by zooming.
    """
    largest = max(start.share, end.share)
    nearest_m = nearest_inside_m(scene_depth)

    def move(framing: Framing) -> Move:
        remaining_m = nearest_m * framing.share / largest
        m_per_px = remaining_m / scene_depth.camera.f_px
        return Move(framing.u_px * m_per_px, framing.v_px * m_per_px, nearest_m - remaining_m, zoom=1 / largest)

    return move(start), move(end)


def gentler(moves: tuple[Move, Move], scene_depth: SceneDepth) -> tuple[Move, Move]:
    """Return the moves shortened to HAND_SHARE: crops by hand may require much larger moves than look good."""
    reach_m = max(disocclusion_reach_m(move, scene_depth.camera) for move in moves)
    scale = min(1.0, scene_depth.sideways_m(HAND_SHARE) / max(reach_m, 1e-9))
    return moves[0].shortened(scale), moves[1].shortened(scale)


def framed_at(start: Framing, end: Framing, share: float) -> tuple[Framing, float]:
    """Return the framing at a share of the path between two, and the share that its centre has moved.

    The size changes by the same factor in every step, and the centre moves with it, so that a zoom looks even.
    """
    size = start.share ** (1 - share) * end.share**share
    change = start.share - end.share
    moved = (start.share - size) / change if abs(change) > 1e-6 else share
    u_px = start.u_px + moved * (end.u_px - start.u_px)
    return Framing(u_px, start.v_px + moved * (end.v_px - start.v_px), size), moved


def depth_within_m(framing: Framing, scene_depth: SceneDepth) -> float:
    """Return the median distance inside a framing, in metres."""
    rows, columns = scene_depth.cells.shape
    width, height = scene_depth.camera.size_px
    x, y = (framing.u_px / width + 0.5) * columns, (framing.v_px / height + 0.5) * rows
    half_x, half_y = framing.share * columns / 2, framing.share * rows / 2
    top, left = (int(min(max(edge, 0), side - 1)) for edge, side in ((y - half_y, rows), (x - half_x, columns)))
    inside = scene_depth.cells[top : max(top + 1, round(y + half_y)), left : max(left + 1, round(x + half_x))]
    return 1 / max(float(np.median(inside)), scene_depth.far)


def filled_by(move: Move, framing: Framing, scene_depth: SceneDepth, *, depth_m: float) -> Move:
    """Return a move zoomed and shifted so that the framing, at a depth, fills the frame.

    The nearest thing alone decides how far the camera moves, which enlarges everything behind it too little.
    """
    remaining_m = depth_m - move.z_m
    return replace(
        move,
        zoom=remaining_m / (framing.share * depth_m),
        lens_x=(move.x_m - framing.u_px * depth_m / scene_depth.camera.f_px) / remaining_m,
        lens_y=(move.y_m - framing.v_px * depth_m / scene_depth.camera.f_px) / remaining_m,
    )


def nearest_inside_m(scene_depth: SceneDepth) -> float:
    """Return the distance of the nearest thing at least INSET_PX from the picture's border, in metres."""
    rows, columns = scene_depth.cells.shape
    inset = round(INSET_PX / PAPER_LONG_SIDE_PX * max(rows, columns))
    inset = min(inset, (min(rows, columns) - 1) // 2)
    return 1 / max(float(scene_depth.cells[inset : rows - inset, inset : columns - inset].max()), 1e-6)


def check_zoom(*, shift_px: float, zoom: float) -> None:
    """Check the values of an automatic zoom.

    Raises:
        InputError: if zoom is below 1, shift_px is out of range, or either is not finite.
    """
    if not (isfinite(zoom) and zoom >= 1):
        raise InputError(f"the zoom must be 1 or more, got {zoom:g}")
    if not 0 <= shift_px <= PAPER_LONG_SIDE_PX:
        raise InputError(f"the shift must be 0 to {PAPER_LONG_SIDE_PX} px, got {shift_px:g}")


def autozoom(
    scene_depth: SceneDepth, *, shift_px: float = DEFAULT_SHIFT_PX, zoom: float = DEFAULT_ZOOM
) -> tuple[Framing, Framing]:
    """Return the start and the end of the automatic Ken Burns move: a zoom, shifted to where it costs least.

    Of 16 x 16 shifts of up to shift_px (in a picture 1024 px long) and no shift, the one is chosen that uncovers
    little, as in the paper, and keeps near things close to the middle in the frame.

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
    """Return the weight of each cell as part of the subject: high for near cells close to the middle; the sum is 1."""
    rows, columns = scene_depth.cells.shape
    x = (np.arange(columns) + 0.5) / columns - 0.5
    y = (np.arange(rows) + 0.5) / rows - 0.5
    middle = np.exp(-(x**2 + y[:, None] ** 2) / (2 * 0.35**2))
    nearness = np.clip((scene_depth.cells - scene_depth.farthest_inverse_depth) / scene_depth.depth_spread, 0, 1)
    weight = (nearness**2 * middle).ravel() + 1e-9
    return weight / weight.sum()


def _cost(end: Move, scene_depth: SceneDepth, weight: Float64[np.ndarray, "N"]) -> float:
    """Return the share of the last frame that no point covers, plus the cost of losing the subject."""
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
    """Return x and y of the points ahead (the frame is -0.5 to 0.5), and which points those are."""
    width, height = scene_depth.camera.size_px
    offset = scene_depth.points - move.position_m[:, None]
    ahead = offset[2] > 1e-3 / max(scene_depth.nearest_inverse_depth, 1e-6)
    scale = scene_depth.camera.f_px * move.zoom / offset[2, ahead]
    return offset[0, ahead] * scale / width, offset[1, ahead] * scale / height, ahead
