"""Ray-cast scenes of simple things with exact depth, to train kbvr-depth.

A pinhole camera looks into a room, or over open ground below a sky, with boxes, balls, cylinders, poles and cut-out
subjects of photos. Every surface has a texture (a photo, a piece of one, or a pattern), one light, and contact shadows.
Lengths are in metres, angles in radians, axes as everywhere in kbvr.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

TEXTURE_PX = 256
"""Side of a texture."""

FAR_M = 1e6
SKY_M = 1e5
"""Distance beyond which everything is sky."""

OPEN_SHARE = 0.3
"""Share of the scenes that are open ground."""


@dataclass(frozen=True, eq=False)
class Hit:
    """The points where rays meet one thing: depth along the optical axis, normal and texture coordinates per ray."""

    depth: np.ndarray
    normal: np.ndarray
    u: np.ndarray
    v: np.ndarray
    rgb: np.ndarray | None = None
    """Own colours instead of a texture, float32 in 0-1."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A subject cut out of a photo."""

    rgb: np.ndarray
    """uint8 (h, w, 3)."""

    matte: np.ndarray
    """bool (h, w)."""


@dataclass(frozen=True, eq=False)
class Rendered:
    """The picture of a scene, with its truth."""

    rgb: np.ndarray
    """uint8 (H, W, 3)."""

    inverse_depth: np.ndarray
    """float32 (H, W), 1/m; 0 in the sky."""

    sky: np.ndarray
    """bool (H, W)."""


@dataclass(eq=False)
class _Canvas:
    """The picture so far: colour (before blur), depth in metres, and the rays into the world."""

    rays: np.ndarray
    rgb: np.ndarray
    depth: np.ndarray
    light: np.ndarray
    ambient: float

    def draw(self, hit: Hit, texture: np.ndarray, scale: float, window: tuple[slice, slice] = np.s_[:, :]) -> None:
        """Draw a thing where it is nearer than the picture so far; `hit` belongs to the window's rays."""
        seen = hit.depth < self.depth[window]
        if not seen.any():
            return
        self.depth[window][seen] = hit.depth[seen]
        if hit.rgb is not None:
            colour = hit.rgb[seen]
        else:
            side = texture.shape[0]
            u, v = (np.floor(c[seen] * scale).astype(np.int64) % side for c in (hit.u, hit.v))
            colour = texture[v, u]
        facing = np.clip(hit.normal[seen] @ self.light, 0, 1)
        self.rgb[window][seen] = colour * (self.ambient + (1 - self.ambient) * facing)[:, None]


def rendered_sample(
    pictures: Sequence[np.ndarray], subjects: Sequence[Subject], rng: random.Random, hw: tuple[int, int]
) -> Rendered:
    """Return a random scene of (height, width) pixels."""
    height, width = hw
    f_px = max(hw) * rng.uniform(0.7, 1.7)
    eye_m = rng.uniform(0.3, 1.7)
    world_from_camera = _world_from_camera(math.radians(rng.uniform(-8, 32)), math.radians(rng.gauss(0, 20)))
    columns, rows = np.meshgrid(np.arange(width) + 0.5 - width / 2, np.arange(height) + 0.5 - height / 2)
    rays = (np.stack([columns / f_px, rows / f_px, np.ones(hw)], axis=-1) @ world_from_camera.T).astype(np.float32)
    light = np.array([rng.uniform(-1, 1), -rng.uniform(0.3, 1.5), -rng.uniform(0.2, 1)], np.float32)
    canvas = _Canvas(
        rays,
        np.zeros((*hw, 3), np.float32),
        np.full(hw, FAR_M, np.float32),
        light / np.linalg.norm(light),
        rng.uniform(0.3, 0.85),
    )
    open_ground = rng.random() < OPEN_SHARE
    far_m = math.exp(rng.uniform(math.log(6), math.log(40))) if open_ground else rng.uniform(1.5, 6.0)
    _draw_surroundings(canvas, pictures, rng, eye_m=eye_m, far_m=far_m, open_ground=open_ground)
    for _ in range(rng.randrange(3, 14)):
        z = far_m * math.exp(rng.uniform(math.log(0.12 if open_ground else 0.3), math.log(0.95)))
        ahead = world_from_camera @ np.array([rng.uniform(-0.55, 0.55) * width / f_px, 0, 1], np.float32)
        at = (ahead * z).astype(np.float32)
        at[1] = eye_m - (rng.uniform(0, 1.5) * eye_m if rng.random() < 0.25 else 0.0)
        size = far_m * rng.uniform(0.02, 0.12) if rng.random() < 0.5 else z * rng.uniform(0.03, 0.25)
        _draw_thing(canvas, pictures, subjects, rng, at=at, size=size, world_from_camera=world_from_camera, f_px=f_px)
    rgb = cv2.GaussianBlur(canvas.rgb, (0, 0), rng.uniform(0.35, 0.9))
    sky = canvas.depth > SKY_M
    inverse_depth = np.where(sky, 0, 1 / canvas.depth).astype(np.float32)
    return Rendered(np.round(np.clip(rgb, 0, 1) * 255).astype(np.uint8), inverse_depth, sky)


def _world_from_camera(pitch: float, yaw: float) -> np.ndarray:
    """Return the rotation of a camera that looks down by the pitch and to the right by the yaw."""
    down = np.array(
        [[1, 0, 0], [0, math.cos(pitch), math.sin(pitch)], [0, -math.sin(pitch), math.cos(pitch)]], np.float32
    )
    right = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]], np.float32)
    return right @ down


def _draw_surroundings(
    canvas: _Canvas,
    pictures: Sequence[np.ndarray],
    rng: random.Random,
    *,
    eye_m: float,
    far_m: float,
    open_ground: bool,
) -> None:
    """Draw floor, walls and ceiling, or ground and sky."""

    def draw(hit: Hit) -> None:
        texture = _photo(pictures, rng) if rng.random() < 0.3 else _texture(pictures, rng)
        canvas.draw(hit, texture, TEXTURE_PX / (far_m * rng.uniform(0.05, 1.0)))

    if open_ground:
        down = np.clip(canvas.rays[..., 1:2] / np.linalg.norm(canvas.rays, axis=-1, keepdims=True) + 0.6, 0, 1)
        top, horizon = (np.array([rng.uniform(low, 1) for low in lows]) for lows in ((0, 0.2, 0.4), (0.5, 0.5, 0.5)))
        sky = top + (horizon - top) * down
        if rng.random() < 0.6:
            clouds = np.array(_pattern(pictures, rng))
            sky = sky * 0.8 + 0.2 * cv2.resize(clouds, canvas.depth.shape[::-1], interpolation=cv2.INTER_LINEAR)
        canvas.rgb[:] = sky
        draw(_plane(canvas.rays, 1, eye_m))
        return
    half_m = far_m * rng.uniform(0.4, 1.0)
    for axis, place_m in ((1, eye_m), (2, far_m), (0, half_m), (0, -half_m), (1, eye_m - rng.uniform(2.2, 3.5))):
        draw(_plane(canvas.rays, axis, place_m))


def _draw_thing(
    canvas: _Canvas,
    pictures: Sequence[np.ndarray],
    subjects: Sequence[Subject],
    rng: random.Random,
    *,
    at: np.ndarray,
    size: float,
    world_from_camera: np.ndarray,
    f_px: float,
) -> None:
    """Draw one thing at a point, about `size` metres wide, and its shadow."""
    tall = size * rng.uniform(0.5, 4.0)
    turn = rng.uniform(0, math.pi)
    make: Callable[[np.ndarray], Hit]
    kind = rng.random()
    if kind < 0.18:
        tall = 2 * size
        make = lambda rays: _ball(rays, at - np.array([0, size, 0], np.float32), size)  # noqa: E731
    elif kind < 0.5:
        sizes = (size, tall, size * rng.uniform(0.05, 1.2))
        make = lambda rays: _box(rays, at, sizes, turn)  # noqa: E731
    elif kind < 0.68:
        make = lambda rays: _cylinder(rays, at, size, tall)  # noqa: E731
    elif kind < 0.8 or not subjects:
        size, tall = size * rng.uniform(0.08, 0.25), size * rng.uniform(2, 8)
        make = lambda rays: _cylinder(rays, at, size, tall)  # noqa: E731
    else:
        subject = rng.choice(subjects)
        tall = 2 * size * subject.rgb.shape[0] / subject.rgb.shape[1]
        make = lambda rays: _board(rays, at, size, tall, subject, world_from_camera, rng.gauss(0, 0.4))  # noqa: E731
    window = _window_of(
        canvas.depth.shape, at - np.array([0, tall / 2, 0], np.float32), 1.5 * size + tall / 2, world_from_camera, f_px
    )
    if window is None:
        return
    _shade_contact(canvas, at, size, window)
    texture = _photo(pictures, rng) if rng.random() < 0.15 else _texture(pictures, rng)
    canvas.draw(make(canvas.rays[window]), texture, TEXTURE_PX / (size * rng.uniform(0.7, 6)), window)


def _window_of(
    hw: tuple[int, ...], centre: np.ndarray, radius: float, world_from_camera: np.ndarray, f_px: float
) -> tuple[slice, slice] | None:
    """Return the part of the picture that may show a ball, or None."""
    x, y, z = centre @ world_from_camera
    if z < 0.1:
        return None
    near = max(z - radius, 0.2 * z)
    slices = []
    for middle, side in ((y, hw[0]), (x, hw[1])):
        low, high = middle - radius, middle + radius
        start = max(0, math.floor(f_px * low / (near if low < 0 else z + radius) + side / 2))
        stop = min(side, math.ceil(f_px * high / (near if high > 0 else z + radius) + side / 2))
        if start >= stop:
            return None
        slices.append(slice(start, stop))
    return slices[0], slices[1]


def _shade_contact(canvas: _Canvas, at: np.ndarray, size: float, window: tuple[slice, slice]) -> None:
    """Darken the surroundings of a thing's foot."""
    away = canvas.rays[window] * np.minimum(canvas.depth[window], 1e3)[..., None] - at
    squared = np.einsum("hwc,hwc->hw", away, away) * np.float32(1 / (1.2 * size) ** 2)
    canvas.rgb[window] *= (1 - 0.6 * np.exp(-np.minimum(squared, 20)))[..., None]


def _photo(pictures: Sequence[np.ndarray], rng: random.Random) -> np.ndarray:
    """Return a whole photo as a texture, to show that pictures are flat."""
    return (
        cv2.resize(rng.choice(pictures), (TEXTURE_PX, TEXTURE_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
        / 255
    )


def _texture(pictures: Sequence[np.ndarray], rng: random.Random) -> np.ndarray:
    """Return a piece of a photo, mirrored to repeat without a seam, or a pattern."""
    if rng.random() < 0.5:
        return _pattern(pictures, rng)
    half = TEXTURE_PX // 2
    piece = _piece(pictures, rng, greatest_share=0.6, side_px=half, interpolation=cv2.INTER_AREA)
    return np.pad(piece, ((0, half), (0, half), (0, 0)), mode="symmetric")


def _piece(
    pictures: Sequence[np.ndarray], rng: random.Random, *, greatest_share: float, side_px: int, interpolation: int
) -> np.ndarray:
    """Return a square piece of a photo, at least a tenth of its short side, float32 (side_px, side_px, 3) in 0-1."""
    rgb = rng.choice(pictures)
    side = max(8, round(min(rgb.shape[:2]) * rng.uniform(0.1, greatest_share)))
    y, x = rng.randrange(rgb.shape[0] - side + 1), rng.randrange(rgb.shape[1] - side + 1)
    piece = cv2.resize(rgb[y : y + side, x : x + side], (side_px, side_px), interpolation=interpolation)
    return piece.astype(np.float32) / 255


def _pattern(pictures: Sequence[np.ndarray], rng: random.Random) -> np.ndarray:
    """Return a colour, spots, stripes, tiles or a small piece of a picture, float32 (S, S, 3) in 0-1."""
    kind = rng.randrange(5)
    noise = np.random.default_rng(rng.randrange(2**32))
    colours = noise.uniform(0.05, 0.95, (2, 3)).astype(np.float32)
    if kind == 0:
        return _piece(pictures, rng, greatest_share=0.4, side_px=TEXTURE_PX, interpolation=cv2.INTER_LINEAR)
    share = np.zeros((TEXTURE_PX, TEXTURE_PX), np.float32)
    if kind in (1, 2):
        for cell_px in (64, 16, 4)[: rng.randrange(1, 4)]:
            cells = noise.normal(0, 0.2, (TEXTURE_PX // cell_px + 1,) * 2).astype(np.float32)
            share += cv2.resize(cells, (TEXTURE_PX, TEXTURE_PX), interpolation=cv2.INTER_CUBIC)
    else:
        period = rng.uniform(6, 60)
        cells = np.floor(np.arange(TEXTURE_PX) / period)
        rows = cells[:, None] if kind == 3 else np.zeros((TEXTURE_PX, 1))
        share = ((cells + rows) % 2).astype(np.float32)
    return np.clip(colours[0] + share[..., None] * (colours[1] - colours[0]), 0, 1).astype(np.float32)


def _where(good: np.ndarray, depth: np.ndarray) -> np.ndarray:
    return np.where(good & (depth > 0.05), depth, FAR_M).astype(np.float32)


def _plane(rays: np.ndarray, axis: int, at: float) -> Hit:
    """Meet the plane where the coordinate of an axis is `at`."""
    along = rays[..., axis]
    depth = at / np.where(np.abs(along) < 1e-6, 1e-6, along)
    normal = np.zeros_like(rays)
    normal[..., axis] = -math.copysign(1, at)
    points = rays * np.clip(depth, 0, 1000)[..., None]
    u, v = (points[..., other] for other in range(3) if other != axis)
    return Hit(_where((depth > 0) & (depth < SKY_M / 10), depth), normal, u, v)


def _ball(rays: np.ndarray, centre: np.ndarray, radius: float) -> Hit:
    a, b = (rays * rays).sum(axis=-1), rays @ centre
    root = b * b - a * (centre @ centre - radius**2)
    depth = (b - np.sqrt(np.maximum(root, 0))) / a
    normal = (rays * depth[..., None] - centre) / radius
    return Hit(
        _where(root > 0, depth), normal, radius * np.arctan2(normal[..., 0], -normal[..., 2]), radius * normal[..., 1]
    )


def _box(rays: np.ndarray, at: np.ndarray, sizes: tuple[float, float, float], turn: float) -> Hit:
    """Meet a box (half its width, its height, half its depth) standing at a point, turned about the vertical."""
    cos, sin = math.cos(turn), math.sin(turn)
    matrix = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]], np.float32)
    local = rays @ matrix.T
    origin = -(matrix @ (at - np.array([0, sizes[1] / 2, 0], np.float32)))
    size = np.array([sizes[0], sizes[1] / 2, sizes[2]], np.float32)
    safe = np.where(np.abs(local) < 1e-6, 1e-6, local)
    one, two = (-size - origin) / safe, (size - origin) / safe
    enters, leaves = np.minimum(one, two), np.maximum(one, two)
    axis = enters.argmax(axis=-1)
    depth, out = enters.max(axis=-1), leaves.min(axis=-1)
    points = local * depth[..., None] + origin
    normal = -np.sign(local) * np.eye(3, dtype=np.float32)[axis]
    u = np.where(axis == 0, points[..., 2], points[..., 0])
    v = np.where(axis == 1, points[..., 2], points[..., 1])
    return Hit(_where(depth < out, depth), normal @ matrix, u, v)


def _cylinder(rays: np.ndarray, at: np.ndarray, radius: float, tall: float) -> Hit:
    """Meet a vertical cylinder with its lid, standing at a point of the floor."""
    x, z = rays[..., 0], rays[..., 2]
    a, b = x * x + z * z, x * at[0] + z * at[2]
    root = b * b - a * (at[0] ** 2 + at[2] ** 2 - radius**2)
    side = (b - np.sqrt(np.maximum(root, 0))) / a
    height = at[1] - rays[..., 1] * side
    side = _where((root > 0) & (height >= 0) & (height <= tall), side)
    lid_y = at[1] - tall
    lid = lid_y / np.where(np.abs(rays[..., 1]) < 1e-6, 1e-6, rays[..., 1])
    inside = np.hypot(x * lid - at[0], z * lid - at[2]) <= radius
    lid = _where(inside & (lid_y > 0), lid)
    on_lid = lid < side
    depth = np.minimum(side, lid)
    points = rays * np.minimum(depth, 100)[..., None] - at
    normal = np.stack([points[..., 0] / radius, np.zeros_like(x), points[..., 2] / radius], axis=-1)
    normal = np.where(on_lid[..., None], np.array([0, -1, 0], np.float32), normal)
    u = np.where(on_lid, points[..., 0], radius * np.arctan2(points[..., 0], -points[..., 2]))
    v = np.where(on_lid, points[..., 2], points[..., 1])
    return Hit(depth, normal, u, v)


def _board(
    rays: np.ndarray,
    at: np.ndarray,
    half: float,
    tall: float,
    subject: Subject,
    world_from_camera: np.ndarray,
    turn: float,
) -> Hit:
    """Meet a vertical cut-out at a point, facing the camera except for a turn."""
    ahead = world_from_camera[:, 2].copy()
    ahead[1] = 0
    ahead /= np.linalg.norm(ahead)
    cos, sin = math.cos(turn), math.sin(turn)
    normal = np.array([cos * ahead[0] + sin * ahead[2], 0, cos * ahead[2] - sin * ahead[0]], np.float32)
    across = np.array([normal[2], 0, -normal[0]], np.float32)
    along = rays @ normal
    depth = (at @ normal) / np.where(np.abs(along) < 1e-6, 1e-6, along)
    points = rays * np.clip(depth, 0, 1000)[..., None] - at
    height, width = subject.matte.shape
    u, v = (points @ across / half + 1) / 2 * width, (points[..., 1] / tall + 1) * height
    inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    column, row = (np.where(inside, c, 0).astype(np.intp) for c in (u, v))
    met = _where(inside & subject.matte[row, column] & (depth > 0), depth)
    shaped = np.broadcast_to(-normal, rays.shape)
    return Hit(met, shaped, u, v, subject.rgb[row, column].astype(np.float32) / 255)
