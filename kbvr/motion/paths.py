"""Camera paths: the camera's position in every frame of a video.

A path is a straight line, a closed curve or keyframes. Sideways moves keep the subject's plane still on the screen: the
picture is shifted as the camera moves. No path runs into the scene.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import asin, cos, degrees, hypot, pi, sin
from pathlib import Path

import numpy as np

from kbvr.depth.scene_depth import SceneDepth
from kbvr.errors import InputError, OptionsError
from kbvr.geometry.camera import Camera
from kbvr.motion.crop import DEFAULT_SHIFT_PX, DEFAULT_ZOOM, Crop
from kbvr.motion.easing import Timing, shares, turns
from kbvr.motion.ken_burns import autozoom, check_zoom, crop_move, depth_within_m, filled_by, framed_at, gentler
from kbvr.motion.keyframes import Keyframes, load_keyframes
from kbvr.motion.move import Move, orbiting
from kbvr.motion.path_names import PATH_NAMES, Ease, Steps

PATH_SHARE = {"swing": 0.015, "circle": 0.012, "orbit": 0.045, "dolly": 0.04, "dolly-zoom": 0.08}
"""Largest move of each path, as the parallax range that it causes: a share of the width."""

OVERSCAN = 1.03
"""Enlargement of the view, so that moves show less of the area beyond the photo's border."""

HOLD_BACK_S = 0.5
"""Time over which keyframes that would run into the scene are held back."""

MAX_ORBIT_DEG = 15.0
FLIGHT_SHARE = 0.5
"""Share of the free distance ahead that a flight uses."""

FLIGHT_GAIN = 1.1
"""Minimum gain of distance for which a flight turns further away from the middle."""

FLIGHT_DIRECTIONS = 7
FLIGHT_SPREAD = 0.12
"""Number of directions tried along each axis, and the largest, as a share of the width or height from the middle."""


@dataclass(frozen=True)
class PathOptions:
    """The choice of a path and its timing."""

    name: str = "swing"
    fps: float = 25.0
    seconds: float | None = None
    """Length of the video; None: 6 seconds, or the duration of the keyframes."""

    ease: Ease | None = None
    loop: bool | None = None
    """There and back, or once around a closed path; None: as suits the path."""

    steps: Steps | None = None
    start: Crop | None = None
    """For kenburns: the first crop. Without start and end, both are chosen automatically."""

    end: Crop | None = None
    shift_px: float = DEFAULT_SHIFT_PX
    """For kenburns: largest shift of the last crop, in pixels of a picture 1024 px long."""

    zoom: float = DEFAULT_ZOOM
    """For kenburns: size of the first crop relative to the last."""

    keyframes: Path | None = None

    def __post_init__(self) -> None:
        """Raise InputError if a value is out of range, or an option does not belong to the path."""
        if self.name not in PATH_NAMES:
            raise InputError(f"path must be one of {', '.join(PATH_NAMES)}, got {self.name!r}")
        ScenePath(at=lambda share: Move()).timing(self)  # noqa: ARG005  it checks the numbers
        if (self.start is None) != (self.end is None):
            raise OptionsError("{from_crop} and {to_crop} must be given together")
        for given, path, names in (
            (self.start is not None, "kenburns", "{from_crop} and {to_crop} require"),
            (self.shift_px != DEFAULT_SHIFT_PX, "kenburns", "{shift_px} requires"),
            (self.zoom != DEFAULT_ZOOM, "kenburns", "{zoom} requires"),
            (self.keyframes is not None, "keyframes", "{keyframes} requires"),
        ):
            if given and self.name != path:
                raise OptionsError(f"{names} {{path}} {path}, got {self.name}")
        check_zoom(shift_px=self.shift_px, zoom=self.zoom)
        if self.start is not None and (self.shift_px, self.zoom) != (DEFAULT_SHIFT_PX, DEFAULT_ZOOM):
            raise OptionsError(
                "{from_crop} cannot be combined with {shift_px} and {zoom}, which apply to an automatic move"
            )
        if self.steps is not None and (self.seconds, self.ease, self.loop) != (None, None, None):
            raise OptionsError(
                "{steps} cannot be combined with {seconds}, {ease} and {loop}: it fixes the position in every frame"
            )
        if self.name == "keyframes" and self.keyframes is None:
            raise OptionsError("{path} keyframes requires {keyframes}")


@dataclass(frozen=True)
class ScenePath:
    """A path through one scene."""

    at: Callable[[float], Move]
    """The move at a share (0 to 1) of the path."""

    turn: Callable[[float], Move] | None = None
    """The move at a share of one turn, if the path is closed."""

    limit: float = 1.0
    """Largest share of the path that steps may reach; 1 is its end."""

    avoids_scene: bool = False
    """Whether moves are held back so that they do not run into the scene."""

    default_timing: Timing = field(default_factory=Timing)

    def timing(self, options: PathOptions) -> Timing:
        """Return the timing of the options, completed by the path's defaults."""
        given = {name: getattr(options, name) for name in ("fps", "seconds", "ease", "loop", "steps")}
        return replace(self.default_timing, **{name: value for name, value in given.items() if value is not None})


def view_of(scene_depth: SceneDepth, size_px: tuple[int, int]) -> Camera:
    """Return the photo's camera for pictures of this size, enlarged by OVERSCAN."""
    base = scene_depth.camera.resized(size_px)
    return replace(base, f_px=base.f_px * OVERSCAN)


def check_keyframes(options: PathOptions) -> None:
    """Check the keyframes file, if there is one.

    Raises:
        InputError: if it is not valid.
    """
    if options.keyframes is not None:
        load_keyframes(options.keyframes)


def moves_along(options: PathOptions, scene_depth: SceneDepth) -> list[Move]:
    """Return the move of every frame.

    Raises:
        InputError: if a crop or the keyframes file is not valid.
    """
    path = PATHS[options.name](options, scene_depth)
    timing = path.timing(options)
    if path.turn is not None and (timing.loop or timing.steps is not None):
        moves = [path.turn(float(turn)) for turn in turns(timing, ease=options.ease)]
    else:
        moves = [path.at(float(share)) for share in shares(timing, limit=path.limit)]
    frames = max(1, round(HOLD_BACK_S * timing.fps))
    return _held_back(moves, scene_depth, frames=frames) if path.avoids_scene else moves


def _static(options: PathOptions, scene_depth: SceneDepth) -> ScenePath:  # noqa: ARG001
    return ScenePath(at=lambda share: Move())  # noqa: ARG005


def _swing(options: PathOptions, scene_depth: SceneDepth) -> ScenePath:  # noqa: ARG001
    reach_m, held = scene_depth.sideways_m(PATH_SHARE["swing"]), scene_depth.subject_inverse_depth
    return _from_side_to_side(lambda side: Move(x_m=reach_m * side, held_inverse_depth=held))


def _from_side_to_side(at: Callable[[float], Move]) -> ScenePath:
    """Return a path whose `at` takes -1 (left) to 1 (right); rounded, so that it repeats its moves exactly."""
    return ScenePath(
        at=lambda share: at(2 * share - 1),
        turn=lambda turn: at(round(sin(2 * pi * turn), 12)),
    )


def _circle(options: PathOptions, scene_depth: SceneDepth) -> ScenePath:  # noqa: ARG001
    radius_m, held = scene_depth.sideways_m(PATH_SHARE["circle"]), scene_depth.subject_inverse_depth

    def at(turn: float) -> Move:
        return Move(radius_m * sin(2 * pi * turn), 0.6 * radius_m * cos(2 * pi * turn), held_inverse_depth=held)

    return ScenePath(at=at, turn=at)


def _orbit(options: PathOptions, scene_depth: SceneDepth) -> ScenePath:  # noqa: ARG001
    """Move from side to side around the subject, which stays still."""
    sine = scene_depth.sideways_m(PATH_SHARE["orbit"]) / scene_depth.subject_m
    max_deg = MAX_ORBIT_DEG if sine >= 1 else min(MAX_ORBIT_DEG, degrees(asin(sine)))
    return _from_side_to_side(lambda side: orbiting(max_deg * side, scene_depth.subject_m))


def _dolly(options: PathOptions, scene_depth: SceneDepth) -> ScenePath:  # noqa: ARG001
    """Move forward, at most a third of the distance to the nearest thing."""
    return _straight(Move(), Move(z_m=_forward_m("dolly", scene_depth)), scene_depth)


def _dolly_zoom(options: PathOptions, scene_depth: SceneDepth) -> ScenePath:  # noqa: ARG001
    """Move back and zoom in: the subject keeps its size while its background seems to come closer."""
    back_m = _forward_m("dolly-zoom", scene_depth)

    def at(share: float) -> Move:
        return Move(z_m=-back_m * share, zoom=1 + share * back_m / scene_depth.subject_m)

    return ScenePath(at=at, limit=2.0)


def _forward_m(path: str, scene_depth: SceneDepth) -> float:
    """Return the move straight ahead that shifts the picture's border as far as a path's largest sideways move."""
    sideways_m = scene_depth.sideways_m(PATH_SHARE[path])
    per_forward_m = scene_depth.camera.size_px[0] / 2 / scene_depth.camera.f_px
    return min(sideways_m / per_forward_m, 0.33 / max(scene_depth.nearest_inverse_depth, 1e-6))


def _kenburns(options: PathOptions, scene_depth: SceneDepth) -> ScenePath:
    """Move from one crop to another; by default, those of the automatic zoom."""
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

    return ScenePath(at=at)


def _flight(options: PathOptions, scene_depth: SceneDepth) -> ScenePath:  # noqa: ARG001
    """Fly into the picture, in the direction with the most room."""
    camera = scene_depth.camera
    end = Move()
    offsets = np.linspace(-FLIGHT_SPREAD, FLIGHT_SPREAD, FLIGHT_DIRECTIONS)
    for across, down in sorted(((x, y) for x in offsets for y in offsets), key=lambda offset: hypot(*offset)):
        direction = np.array([across * camera.size_px[0], down * camera.size_px[1], camera.f_px])
        room_m = scene_depth.room_m(np.zeros(3), direction)
        position_m = direction / np.linalg.norm(direction) * room_m * FLIGHT_SHARE
        if position_m[2] > end.z_m * FLIGHT_GAIN:
            end = Move(*(float(value) for value in position_m))
    return replace(_straight(Move(), end, scene_depth), limit=1 / FLIGHT_SHARE, default_timing=Timing(loop=False))


def _keyframed(options: PathOptions, scene_depth: SceneDepth) -> ScenePath:  # noqa: ARG001
    """Follow keyframes, without running into the scene."""
    assert options.keyframes is not None
    frames: Keyframes = load_keyframes(options.keyframes)
    timing = Timing(seconds=max(0.1, frames.seconds), ease="linear", loop=False)
    turn = (lambda turn: frames.at(turn % 1.0)) if frames.is_closed else None
    return ScenePath(at=frames.at, turn=turn, default_timing=timing, avoids_scene=True)


def _held_back(moves: list[Move], scene_depth: SceneDepth, *, frames: int) -> list[Move]:
    """Return the moves shortened, smoothly over `frames` before and after each, so that none runs into the scene."""
    free = np.ones(len(moves))
    for index, move in enumerate(moves):
        distance_m = float(np.linalg.norm(move.position_m))
        if distance_m > 0:
            free[index] = min(1.0, scene_depth.free_m(np.zeros(3), move.position_m) / distance_m)
    if free.min() == 1:
        return moves
    window = np.hanning(2 * frames + 3)[1:-1]
    minimum = np.array([free[max(0, i - frames) : i + frames + 1].min() for i in range(len(free))])
    smooth = np.convolve(np.pad(minimum, frames, mode="edge"), window / window.sum(), mode="valid")
    return [move.shortened(share) for move, share in zip(moves, smooth.tolist(), strict=True)]


def _straight(start: Move, end: Move, scene_depth: SceneDepth) -> ScenePath:
    """Return the straight path between two moves; steps may continue until the scene is too close."""
    direction = end.position_m - start.position_m
    length_m = float(np.linalg.norm(direction))
    limit = scene_depth.room_m(start.position_m, direction) / length_m if length_m > 0 else 1.0
    return ScenePath(at=lambda share: start.towards(end, share), limit=limit)


PATHS: dict[str, Callable[[PathOptions, SceneDepth], ScenePath]] = {
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
