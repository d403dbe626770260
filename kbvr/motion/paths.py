"""Camera paths: where the viewer's head is in every frame of a film.

A path is a straight way, or one round a closed curve, or keyframes. Sideways moves hold the subject's plane still on
the screen (the picture is shifted as the camera moves). No path goes into what it moves through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import asin, cos, degrees, hypot, pi, sin
from pathlib import Path

import numpy as np

from kbvr.depth.scene_depth import SceneDepth
from kbvr.errors import InputError
from kbvr.geometry.camera import Camera
from kbvr.motion.crop import DEFAULT_SHIFT_PX, DEFAULT_ZOOM, Crop
from kbvr.motion.easing import Timing, shares, turns
from kbvr.motion.ken_burns import autozoom, check_zoom, crop_move, depth_within_m, filled_by, framed_at, gentler
from kbvr.motion.keyframes import Keyframes, load_keyframes
from kbvr.motion.move import Move, orbiting
from kbvr.motion.path_names import PATH_NAMES, Ease, Steps

PATH_SHARE = {"swing": 0.015, "circle": 0.012, "orbit": 0.045, "dolly": 0.04, "dolly-zoom": 0.08}
"""Largest move of each path: how far it spreads the depth range on the screen, as a share of the width."""

OVERSCAN = 1.03
"""The view is enlarged by so much, so that moves show less of what lies beyond the photo's border."""

HELD_S = 0.5
"""Time in which keyframes that would run into the scene are held back."""

LARGEST_ORBIT_DEG = 15.0
FLIGHT_SHARE = 0.5
"""How much of the room ahead a flight takes."""

FLIGHT_WORTH = 1.1
"""A direction farther from the middle must allow so much more."""

FLIGHT_DIRECTIONS = 7
FLIGHT_SPREAD = 0.12
"""Directions tried each way, and the greatest, as a share of the width (height) from the middle."""


@dataclass(frozen=True)
class PathOptions:
    """Which path a camera takes, and when."""

    name: str = "swing"
    fps: float = 25.0
    seconds: float | None = None
    """How long the film is; 6 seconds, or as long as the keyframes say, if None."""

    ease: Ease | None = None
    loop: bool | None = None
    """There and back, or round and round; None is what suits the path."""

    steps: Steps | None = None
    start: Crop | None = None
    """For kenburns: the crop to start with. Start and end go together; without them they are found."""

    end: Crop | None = None
    shift_px: float = DEFAULT_SHIFT_PX
    """For kenburns: how far the end may be shifted, in pixels of a picture 1024 px long."""

    zoom: float = DEFAULT_ZOOM
    """For kenburns: how much smaller the crop at the end is."""

    keyframes: Path | None = None
    """For keyframes: their file."""

    def __post_init__(self) -> None:
        """Check that what is given belongs to the path.

        Raises:
            InputError: if there is no such path, or an option belongs to another one or lacks its other half.
        """
        if self.name not in PATH_NAMES:
            raise InputError(f"path must be one of {', '.join(PATH_NAMES)}, got {self.name!r}")
        Way(once=lambda share: Move()).timing(self)  # noqa: ARG005  it checks the numbers
        if (self.start is None) != (self.end is None):
            raise InputError("a start and an end crop go together, got one of them")
        for given, path, what in (
            (self.start is not None, "kenburns", "start and end crops belong"),
            (self.shift_px != DEFAULT_SHIFT_PX, "kenburns", "a shift belongs"),
            (self.zoom != DEFAULT_ZOOM, "kenburns", "a zoom belongs"),
            (self.keyframes is not None, "keyframes", "a file of keyframes belongs"),
        ):
            if given and self.name != path:
                raise InputError(f"{what} to the path {path}, got the path {self.name}")
        check_zoom(shift_px=self.shift_px, zoom=self.zoom)
        if self.start is not None and (self.shift_px, self.zoom) != (DEFAULT_SHIFT_PX, DEFAULT_ZOOM):
            raise InputError("shift and zoom are for a move that is found, got start and end crops too")
        if self.steps is not None and (self.seconds, self.ease, self.loop) != (None, None, None):
            raise InputError(
                "steps say where every frame is: a length, an easing, or loop or one way have no meaning then"
            )
        if self.name == "keyframes" and self.keyframes is None:
            raise InputError("the path keyframes wants a file of keyframes, got none")


@dataclass(frozen=True)
class Way:
    """One path through one scene."""

    once: Callable[[float], Move]
    """The move at a share of one way, 0 to 1."""

    turn: Callable[[float], Move] | None = None
    """The move at a share of one round, for a path that is closed."""

    limit: float = 1.0
    """How far along the way (1 is its end) steps may go on."""

    keeps_clear: bool = False
    """Whether its moves are to be held back from what lies ahead."""

    pace: Timing = field(default_factory=Timing)
    """What suits the path where nobody says otherwise."""

    def timing(self, options: PathOptions) -> Timing:
        """Return when the camera is where, as the options say, and as suits the path where they do not."""
        wanted = {name: getattr(options, name) for name in ("fps", "seconds", "ease", "loop", "steps")}
        return replace(self.pace, **{name: value for name, value in wanted.items() if value is not None})


def view_of(scene_depth: SceneDepth, size_px: tuple[int, int]) -> Camera:
    """Return the photo's camera for pictures of this size, slightly enlarged."""
    base = scene_depth.camera.resized(size_px)
    return replace(base, f_px=base.f_px * OVERSCAN)


def check_keyframes(options: PathOptions) -> None:
    """Check the file of keyframes, if there is one, before any work.

    Raises:
        InputError: if it cannot be used.
    """
    if options.keyframes is not None:
        load_keyframes(options.keyframes)


def moves_along(options: PathOptions, scene_depth: SceneDepth) -> list[Move]:
    """Return the move of every frame.

    Raises:
        InputError: if a crop or the file of keyframes cannot be used.
    """
    way = WAYS[options.name](options, scene_depth)
    timing = way.timing(options)
    if way.turn is not None and (timing.loop or timing.steps is not None):
        moves = [way.turn(float(turn)) for turn in turns(timing, ease=options.ease)]
    else:
        moves = [way.once(float(share)) for share in shares(timing, limit=way.limit)]
    held_frames = max(1, round(HELD_S * timing.fps))
    return kept_clear(moves, scene_depth, frames=held_frames) if way.keeps_clear else moves


def _static(options: PathOptions, scene_depth: SceneDepth) -> Way:  # noqa: ARG001
    return Way(once=lambda share: Move())  # noqa: ARG005


def _swing(options: PathOptions, scene_depth: SceneDepth) -> Way:  # noqa: ARG001
    far, held = scene_depth.sideways_m(PATH_SHARE["swing"]), scene_depth.subject_inverse_depth

    def at(side: float) -> Move:
        return Move(x_m=far * side, held_inverse_depth=held)

    return Way(once=lambda share: at(2 * share - 1), turn=lambda turn: at(_side(turn)))


def _side(turn: float) -> float:
    """Return how far to the right, -1 to 1, one is who goes to and fro: rounded, so that places come again exactly."""
    return round(sin(2 * pi * turn), 12)


def _circle(options: PathOptions, scene_depth: SceneDepth) -> Way:  # noqa: ARG001
    far, held = scene_depth.sideways_m(PATH_SHARE["circle"]), scene_depth.subject_inverse_depth

    def at(turn: float) -> Move:
        return Move(far * sin(2 * pi * turn), 0.6 * far * cos(2 * pi * turn), held_inverse_depth=held)

    return Way(once=at, turn=at)


def _orbit(options: PathOptions, scene_depth: SceneDepth) -> Way:  # noqa: ARG001
    """Go from side to side around the subject, which stays where it is."""
    sine = scene_depth.sideways_m(PATH_SHARE["orbit"]) / scene_depth.subject_m
    max_deg = LARGEST_ORBIT_DEG if sine >= 1 else min(LARGEST_ORBIT_DEG, degrees(asin(sine)))

    def at(side: float) -> Move:
        return orbiting(max_deg * side, scene_depth.subject_m)

    return Way(once=lambda share: at(2 * share - 1), turn=lambda turn: at(_side(turn)))


def _dolly(options: PathOptions, scene_depth: SceneDepth) -> Way:  # noqa: ARG001
    """Go forward, never by more than a third of the way to the nearest thing."""
    return _straight(Move(), Move(z_m=_forward_m("dolly", scene_depth)), scene_depth)


def _dolly_zoom(options: PathOptions, scene_depth: SceneDepth) -> Way:  # noqa: ARG001
    """Go back and zoom in, so that the subject keeps its size and what is behind it comes closer."""
    back_m = _forward_m("dolly-zoom", scene_depth)

    def at(share: float) -> Move:
        return Move(z_m=-back_m * share, zoom=1 + share * back_m / scene_depth.subject_m)

    return Way(once=at, limit=2.0)


def _forward_m(path: str, scene_depth: SceneDepth) -> float:
    """Return the way straight ahead that moves the picture's border as far as a path's largest sideways move."""
    sideways_m = scene_depth.sideways_m(PATH_SHARE[path])
    per_forward_m = scene_depth.camera.size_px[0] / 2 / scene_depth.camera.f_px
    return min(sideways_m / per_forward_m, 0.33 / max(scene_depth.nearest_inverse_depth, 1e-6))


def _kenburns(options: PathOptions, scene_depth: SceneDepth) -> Way:
    """Move from one crop to another; if none are given, those of the automatic zoom."""
    if options.start is None or options.end is None:
        start, end = autozoom(scene_depth, shift_px=options.shift_px, zoom=options.zoom)
        first, last = (replace(move, zoom=move.zoom / OVERSCAN) for move in crop_move(start, end, scene_depth))
        return _straight(first, last, scene_depth)
    start, end = (crop.framed(scene_depth.camera.size_px) for crop in (options.start, options.end))
    first, last = gentler(crop_move(start, end, scene_depth), scene_depth)
    nearness = [1 / depth_within_m(framing, scene_depth) for framing in (start, end)]

    def at(share: float) -> Move:
        framing, moved = framed_at(start, end, share)
        depth_m = 1 / (nearness[0] + moved * (nearness[1] - nearness[0]))
        move = filled_by(first.towards(last, moved), framing, scene_depth, depth_m=depth_m)
        return replace(move, zoom=move.zoom / OVERSCAN)

    return Way(once=at)


def _flight(options: PathOptions, scene_depth: SceneDepth) -> Way:  # noqa: ARG001
    """Fly into the picture, to where there is most room."""
    camera = scene_depth.camera
    end = Move()
    aside = np.linspace(-FLIGHT_SPREAD, FLIGHT_SPREAD, FLIGHT_DIRECTIONS)
    for across, down in sorted(((x, y) for x in aside for y in aside), key=lambda aim: hypot(*aim)):
        aim = np.array([across * camera.size_px[0], down * camera.size_px[1], camera.f_px])
        there = aim / np.linalg.norm(aim) * scene_depth.room_m(np.zeros(3), aim) * FLIGHT_SHARE
        if there[2] > end.z_m * FLIGHT_WORTH:
            end = Move(float(there[0]), float(there[1]), float(there[2]))
    return replace(_straight(Move(), end, scene_depth), limit=1 / FLIGHT_SHARE, pace=Timing(loop=False))


def _keyframed(options: PathOptions, scene_depth: SceneDepth) -> Way:  # noqa: ARG001
    """Follow keyframes; one that would run into the scene stops before it."""
    assert options.keyframes is not None
    frames: Keyframes = load_keyframes(options.keyframes)

    pace = Timing(seconds=max(0.1, frames.seconds), ease="linear", loop=False)
    turn = (lambda turn: frames.at(turn % 1.0)) if frames.is_closed else None
    return Way(once=frames.at, turn=turn, pace=pace, keeps_clear=True)


def kept_clear(moves: list[Move], scene_depth: SceneDepth, *, frames: int) -> list[Move]:
    """Return moves that stop before what lies on the straight way to each.

    How far a move is held back changes smoothly over so many frames before and after it.
    """
    free = np.ones(len(moves))
    for index, move in enumerate(moves):
        away_m = float(np.linalg.norm(move.position_m))
        if away_m > 0:
            free[index] = min(1.0, scene_depth.free_m(np.zeros(3), move.position_m) / away_m)
    if free.min() == 1:
        return moves
    window = np.hanning(2 * frames + 3)[1:-1]
    least = np.array([free[max(0, i - frames) : i + frames + 1].min() for i in range(len(free))])
    held = np.convolve(np.pad(least, frames, mode="edge"), window / window.sum(), mode="valid")
    return [move.shortened(share) for move, share in zip(moves, held.tolist(), strict=True)]


def _straight(start: Move, end: Move, scene_depth: SceneDepth) -> Way:
    """Return the straight way between two moves; steps may go on until the scene is too close."""
    direction = end.position_m - start.position_m
    length_m = float(np.linalg.norm(direction))
    limit = scene_depth.room_m(start.position_m, direction) / length_m if length_m > 0 else 1.0
    return Way(once=lambda share: start.towards(end, share), limit=limit)


WAYS: dict[str, Callable[[PathOptions, SceneDepth], Way]] = {
    "static": _static,
    "swing": _swing,
    "circle": _circle,
    "orbit": _orbit,
    "dolly": _dolly,
    "dolly-zoom": _dolly_zoom,
    "kenburns": _kenburns,
    "flight": _flight,
    "keyframes": _keyframed,
}
