"""The automatic Ken Burns move: a zoom towards the subject, in which the camera moves as far as its limits allow.

The crops at its start and end are framed at the subject's depth, whatever the camera does: a camera that may not move
zooms instead. So the subject ends in the same place of the frame, and only the parallax around it depends on the move.
"""

from __future__ import annotations

from dataclasses import replace

from kbvr.motion.consequences import LARGEST_SHARE, MARGIN, Landmarks, kept_box
from kbvr.motion.crop import DEFAULT_SHIFT_PX, DEFAULT_ZOOM, Framing
from kbvr.motion.ken_burns import FROM_SHARE, PAPER_LONG_SIDE_PX, crop_move, depth_within_m, filled_by
from kbvr.motion.move import Move
from kbvr.motion.subject import Subject

ASIDES = (1.0, 0.5, 0.0)
"""Sideways moves to choose from, as shares of the paper's: moving aside uncovers more than moving forward."""


def zoom_to_subject(landmarks: Landmarks, *, strength: float, size: float, aside: float) -> tuple[Move, Move]:
    """Return the first and the last move.

    Args:
        landmarks: the scene and its subject; without a subject the end is in the middle.
        strength: the gain in size that is wished for, relative to that of the default zoom.
        size: the camera's move, relative to the paper's for the default zoom.
        aside: its sideways part, relative to the forward part.
    """
    scene_depth = landmarks.scene_depth
    start = Framing(0.0, 0.0, FROM_SHARE)
    end = end_framing(landmarks.subject, scene_depth.camera.size_px, zoom=wished_zoom(strength))
    first, last = crop_move(start, end, scene_depth)
    last = replace(last, x_m=size * aside * last.x_m, y_m=size * aside * last.y_m, z_m=size * last.z_m)
    depth_m = depth_within_m(end, scene_depth) if landmarks.subject is None else landmarks.subject_m
    last = last.shortened(min(1.0, (1 - end.share / start.share) * depth_m / max(last.z_m, 1e-9)))
    return first, filled_by(last, end, scene_depth, depth_m=depth_m)


def wished_zoom(strength: float) -> float:
    """Return the zoom of a strength, 1 for the default."""
    return 1 + strength * (DEFAULT_ZOOM - 1)


def zoom_that_fits(landmarks: Landmarks, strength: float) -> float:
    """Return the zoom of a strength, or the largest that leaves the subject in the frame."""
    size_px = landmarks.scene_depth.camera.size_px
    return FROM_SHARE / end_framing(landmarks.subject, size_px, zoom=wished_zoom(strength)).share


def end_framing(subject: Subject | None, size_px: tuple[int, int], *, zoom: float) -> Framing:
    """Return the crop at the end: towards the subject, with its head and a margin inside.

    It is larger than the zoom asks for if the subject would not fit, but at most LARGEST_SHARE: a subject that fills
    the frame may lose its feet or its sides. One that reaches the photo's upper border keeps reaching the frame's, or
    goes on below it.
    """
    if subject is None:
        return Framing(0.0, 0.0, FROM_SHARE / zoom)
    needed = max(_needed(subject.left, subject.right), _needed(max(subject.top, MARGIN), subject.bottom))
    share = min(max(FROM_SHARE / zoom, needed), LARGEST_SHARE)
    left, top, right, bottom = kept_box(subject)
    across, down = (left, right), (max(top, MARGIN), bottom)  # never lose its head
    width, height = size_px
    shift_px = DEFAULT_SHIFT_PX / PAPER_LONG_SIDE_PX * max(size_px)
    x, y = (_centre(*ends, share, shift_px / side) for ends, side in ((across, width), (down, height)))
    return Framing((x - 0.5) * width, (y - 0.5) * height, share)


def _needed(low: float, high: float) -> float:
    """Return the smallest crop, as a share of a side, that holds the subject and its margins between low and high."""
    return (high - low + 2 * MARGIN) if low > 0 and high < 1 else 0.0


def _centre(low: float, high: float, share: float, max_shift: float) -> float:
    """Return the centre of a crop along one side, all in shares of the side.

    It is the subject's centre, at most max_shift from the middle, or as far as it takes to have the subject's ends and
    their margins inside; if both do not fit, the top left one counts. An end at the photo's border is cut off anyway.
    """
    centre = min(max((low + high) / 2, 0.5 - max_shift), 0.5 + max_shift)
    if high < 1:
        centre = max(centre, high + MARGIN - share / 2)
    if low > 0:
        centre = min(centre, low - MARGIN + share / 2)
    return min(max(centre, share / 2), 1 - share / 2)
