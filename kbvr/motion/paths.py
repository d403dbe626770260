"""Camera paths: the camera's position in every frame of a video.

A path is a straight line, a closed curve or keyframes. Sideways moves keep the subject's plane still on the screen: the
picture is shifted as the camera moves. No path runs into the scene, and a path is as large as its limits allow
(`kbvr.motion.limits`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from math import asin, cos, degrees, hypot, pi, sin

import numpy as np

from kbvr.depth.scene_depth import SceneDepth
from kbvr.geometry.camera import Camera
from kbvr.motion.consequences import Landmarks
from kbvr.motion.crop import Framing
from kbvr.motion.easing import Timing, shares, turns
from kbvr.motion.ken_burns import autozoom, crop_move, depth_within_m, filled_by, framed_at, gentler
from kbvr.motion.keyframes import Keyframes, load_keyframes
from kbvr.motion.limits import Verdict, largest
from kbvr.motion.move import Move, disocclusion_reach_m, orbiting
from kbvr.motion.path_options import PathOptions
from kbvr.motion.view import OVERSCAN
from kbvr.motion.zoom_to_subject import ASIDES, zoom_to_subject

PATH_SHARE = {"swing": 0.015, "circle": 0.012, "orbit": 0.045, "dolly": 0.04, "dolly-zoom": 0.08}
"""Largest move of each path at normal strength, as the parallax range that it causes: a share of the width."""

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
class ScenePath:
    """A path through one scene."""

    at: Callable[[float], Move]
    """The move at a share (0 to 1) of the path."""

    turn: Callable[[float], Move] | None = None
    """The move at a share of one turn, if the path is closed."""

    limit: Callable[[], float] = lambda: 1.0
    """Returns the largest share of the path that steps may reach; 1 is its end."""

    avoids_scene: bool = False
    """Whether moves are held back so that they do not run into the scene."""

    default_timing: Timing = field(default_factory=Timing)
    ends: tuple[float, ...] = (1.0,)
    """The shares of the path at which its moves are largest."""

    verdict: Verdict | None = None
    """How large the path may be; None if it was not chosen by what it shows."""

    @property
    def is_whole(self) -> bool:
        """Whether the path is as large as it was wished for."""
        return self.verdict is None or self.verdict.limited_by is None

    def moves(self, options: PathOptions, scene_depth: SceneDepth) -> list[Move]:
        """Return the move of every frame."""
        timing = options.timing(self.default_timing)
        if self.turn is not None and (timing.loop or timing.steps is not None):
            moves = [self.turn(float(turn)) for turn in turns(timing, ease=options.ease)]
        else:
            moves = [self.at(float(share)) for share in shares(timing, limit=self.limit())]
        frames = max(1, round(HOLD_BACK_S * timing.fps))
        return _held_back(moves, scene_depth, frames=frames) if self.avoids_scene else moves


def check_keyframes(options: PathOptions) -> None:
    """Check the keyframes file, if there is one.

    Raises:
        InputError: if it is not valid.
    """
    if options.keyframes is not None:
        load_keyframes(options.keyframes)


def moves_along(options: PathOptions, landmarks: Landmarks) -> list[Move]:
    """Return the move of every frame.

    Raises:
        InputError: if a crop or the keyframes file is not valid.
    """
    return path_through(options, landmarks).moves(options, landmarks.scene_depth)


def path_through(options: PathOptions, landmarks: Landmarks) -> ScenePath:
    """Return the path through a scene: the wished one, shrunk until what it shows is within the options' limits.

    Raises:
        InputError: if a crop or the keyframes file is not valid.
    """
    builders = VARIANTS.get(options.name, (PATHS[options.name],)) if options.is_planned else (PATHS[options.name],)
    paths = [builder(options, landmarks) for builder in builders]
    if not options.is_planned:
        return paths[0](1.0)
    planned: list[ScenePath] = []
    for path in paths:
        planned.append(_within_limits(path, options, landmarks))
        if planned[-1].is_whole:
            break
    return max(planned, key=lambda path: disocclusion_reach_m(path.at(1.0), landmarks.scene_depth.camera))


def _within_limits(path: SizedPath, options: PathOptions, landmarks: Landmarks) -> ScenePath:
    """Return the path at the largest size that the options' limits allow."""

    def cameras(size: float) -> list[Camera]:
        sized = path(options.factor * size)
        return [sized.at(end).camera(landmarks.view_at_rest) for end in sized.ends]

    verdict = largest(cameras, landmarks, options.limits)
    return replace(path(options.factor * verdict.size), verdict=verdict)


def _static(options: PathOptions, landmarks: Landmarks) -> SizedPath:  # noqa: ARG001
    return lambda size: ScenePath(at=lambda share: Move())  # noqa: ARG005


def _swing(options: PathOptions, landmarks: Landmarks) -> SizedPath:  # noqa: ARG001
    reach_m, held = landmarks.scene_depth.sideways_m(PATH_SHARE["swing"]), landmarks.scene_depth.subject_inverse_depth
    return lambda size: _from_side_to_side(lambda side: Move(x_m=size * reach_m * side, held_inverse_depth=held))


def _from_side_to_side(at: Callable[[float], Move]) -> ScenePath:
    """Return a path whose `at` takes -1 (left) to 1 (right); rounded, so that it repeats its moves exactly."""
    return ScenePath(
        at=lambda share: at(2 * share - 1),
        turn=lambda turn: at(round(sin(2 * pi * turn), 12)),
        ends=(0.0, 1.0),
    )


def _circle(options: PathOptions, landmarks: Landmarks) -> SizedPath:  # noqa: ARG001
    reach_m, held = landmarks.scene_depth.sideways_m(PATH_SHARE["circle"]), landmarks.scene_depth.subject_inverse_depth

    def sized(size: float) -> ScenePath:
        radius_m = size * reach_m

        def at(turn: float) -> Move:
            return Move(radius_m * sin(2 * pi * turn), 0.6 * radius_m * cos(2 * pi * turn), held_inverse_depth=held)

        return ScenePath(at=at, turn=at, ends=(0.0, 0.25, 0.5, 0.75))

    return sized


def _orbit(options: PathOptions, landmarks: Landmarks) -> SizedPath:  # noqa: ARG001
    """Move from side to side around the subject, which stays still."""
    subject_m = landmarks.scene_depth.subject_m
    sine = landmarks.scene_depth.sideways_m(PATH_SHARE["orbit"]) / subject_m

    def sized(size: float) -> ScenePath:
        max_deg = min(MAX_ORBIT_DEG, degrees(asin(min(1.0, size * sine))))
        return _from_side_to_side(lambda side: orbiting(max_deg * side, subject_m))

    return sized


def _dolly(options: PathOptions, landmarks: Landmarks) -> SizedPath:  # noqa: ARG001
    """Move forward, at most a third of the distance to the nearest thing."""
    scene_depth = landmarks.scene_depth
    return lambda size: _straight(Move(), Move(z_m=_forward_m("dolly", scene_depth, size)), scene_depth)


def _dolly_zoom(options: PathOptions, landmarks: Landmarks) -> SizedPath:  # noqa: ARG001
    """Move back and zoom in: the subject keeps its size while its background seems to come closer."""
    scene_depth = landmarks.scene_depth

    def sized(size: float) -> ScenePath:
        back_m = _forward_m("dolly-zoom", scene_depth, size)

        def at(share: float) -> Move:
            return Move(z_m=-back_m * share, zoom=1 + share * back_m / landmarks.subject_m)

        return ScenePath(at=at, limit=lambda: 2.0)

    return sized


def _forward_m(path: str, scene_depth: SceneDepth, size: float) -> float:
    """Return the move straight ahead that shifts the picture's border as far as a path's largest sideways move."""
    sideways_m = scene_depth.sideways_m(size * PATH_SHARE[path])
    per_forward_m = scene_depth.camera.size_px[0] / 2 / scene_depth.camera.f_px
    return min(sideways_m / per_forward_m, 0.33 / max(scene_depth.nearest_inverse_depth, 1e-6))


def _kenburns(options: PathOptions, landmarks: Landmarks, *, aside: float = 1.0) -> SizedPath:
    """Move from one crop to another: towards the subject, as in the paper, or between crops by hand."""
    scene_depth = landmarks.scene_depth
    if options.start is not None and options.end is not None:
        size_px = scene_depth.camera.size_px
        path = _between(options.start.framed(size_px), options.end.framed(size_px), scene_depth)
        return lambda size: path  # noqa: ARG005

    def sized(size: float) -> ScenePath:
        if options.is_planned:
            first, last = zoom_to_subject(landmarks, strength=options.factor, size=size, aside=aside)
        else:
            framings = autozoom(scene_depth, **options.automatic)
            first, last = crop_move(*framings, scene_depth)
        first, last = (replace(move, zoom=move.zoom / OVERSCAN) for move in (first, last))
        return _straight(first, last, scene_depth)

    return sized


def _between(start: Framing, end: Framing, scene_depth: SceneDepth) -> ScenePath:
    """Return the path between two crops by hand: each fills the frame."""
    first, last = gentler(crop_move(start, end, scene_depth), scene_depth)
    nearness = [1 / depth_within_m(framing, scene_depth) for framing in (start, end)]

    def at(share: float) -> Move:
        framing, moved = framed_at(start, end, share)
        depth_m = 1 / (nearness[0] + moved * (nearness[1] - nearness[0]))
        move = filled_by(first.towards(last, moved), framing, scene_depth, depth_m=depth_m)
        return replace(move, zoom=move.zoom / OVERSCAN)

    return ScenePath(at=at)


def _flight(options: PathOptions, landmarks: Landmarks) -> SizedPath:  # noqa: ARG001
    """Fly into the picture, in the direction with the most room."""
    scene_depth, camera = landmarks.scene_depth, landmarks.scene_depth.camera
    farthest_m = np.zeros(3)
    offsets = np.linspace(-FLIGHT_SPREAD, FLIGHT_SPREAD, FLIGHT_DIRECTIONS)
    for across, down in sorted(((x, y) for x in offsets for y in offsets), key=lambda offset: hypot(*offset)):
        direction = np.array([across * camera.size_px[0], down * camera.size_px[1], camera.f_px])
        room_m = scene_depth.room_m(np.zeros(3), direction)
        position_m = direction / np.linalg.norm(direction) * room_m
        if position_m[2] > farthest_m[2] * FLIGHT_GAIN:
            farthest_m = position_m

    def sized(size: float) -> ScenePath:
        share = min(1.0, size * FLIGHT_SHARE)
        end = Move(*(float(value) for value in share * farthest_m))
        path = _straight(Move(), end, scene_depth)
        return replace(path, limit=lambda: 1 / share if share > 0 else 1.0, default_timing=Timing(loop=False))

    return sized


def _keyframed(options: PathOptions, landmarks: Landmarks) -> SizedPath:  # noqa: ARG001
    """Follow keyframes, without running into the scene."""
    assert options.keyframes is not None
    frames: Keyframes = load_keyframes(options.keyframes)
    timing = Timing(seconds=max(0.1, frames.seconds), ease="linear", loop=False)
    turn = (lambda turn: frames.at(turn % 1.0)) if frames.is_closed else None
    return lambda size: ScenePath(at=frames.at, turn=turn, default_timing=timing, avoids_scene=True)  # noqa: ARG005


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

    def limit() -> float:
        return scene_depth.room_m(start.position_m, direction) / length_m if length_m > 0 else 1.0

    return ScenePath(at=lambda share: start.towards(end, share), limit=limit)


SizedPath = Callable[[float], ScenePath]
"""Returns the path of a size: 1 is the path that is wished for at normal strength."""

PathBuilder = Callable[[PathOptions, Landmarks], SizedPath]

PATHS: dict[str, PathBuilder] = {
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
"""Name of a path -> its builder."""

VARIANTS: dict[str, tuple[PathBuilder, ...]] = {"kenburns": tuple(partial(_kenburns, aside=aside) for aside in ASIDES)}
"""Builders to choose from: the first whose whole path is within its limits, or that with the largest move."""
