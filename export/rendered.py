"""Rooms full of simple things, ray-cast with exact depth, for kbvr-depth to learn from beside its teachers.

A pinhole camera looks into a box-shaped room; boxes, balls and cylinders stand on its floor or on each other. Every
surface has a texture (a piece of a photo or a pattern), one light and the shadow where things touch.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from export.mixtures import SIDE_PX, surface_texture

ROOM_HW = (192, 256)
"""(height, width) of a picture of a room."""

FAR_M = 1e6


@dataclass(frozen=True, eq=False)
class Hit:
    """Where the rays meet one thing: distance along the optical axis, and per ray normal and texture coordinates."""

    depth: np.ndarray
    normal: np.ndarray
    u: np.ndarray
    v: np.ndarray


def rendered_sample(
    pictures: Sequence[np.ndarray], rng: random.Random, hw: tuple[int, int] = ROOM_HW
) -> tuple[np.ndarray, np.ndarray]:
    """Return a room, uint8 (H, W, 3), and its exact inverse depth in 1/m, float32 (H, W)."""
    height, width = hw
    f_px = width * rng.uniform(0.7, 1.6)
    eye_m, pitch = rng.uniform(0.3, 1.7), math.radians(rng.uniform(-5, 30))
    x, y = (
        np.broadcast_to(a.astype(np.float32), hw)
        for a in ((np.arange(width) + 0.5 - width / 2) / f_px, ((np.arange(height) + 0.5 - height / 2) / f_px)[:, None])
    )
    # camera axes in the world: x right, y down, z ahead; the camera looks down by the pitch
    rays = np.stack([x, y * math.cos(pitch) + math.sin(pitch), math.cos(pitch) - y * math.sin(pitch)], axis=-1)
    wall_m = rng.uniform(1.5, 6.0)
    half_m = rng.uniform(0.8, 3.0)
    hits = [
        _plane(rays, 1, eye_m),
        _plane(rays, 2, wall_m),
        _plane(rays, 0, half_m),
        _plane(rays, 0, -half_m),
        _plane(rays, 1, eye_m - rng.uniform(2.2, 3.5)),
    ]
    footprints = []
    for _ in range(rng.randrange(2, 9)):
        radius = rng.uniform(0.05, 0.3) * wall_m / 3
        z = rng.uniform(0.35, 0.95) * wall_m
        at = np.array([rng.uniform(-0.5, 0.5) * z * width / f_px, eye_m, z], np.float32)
        tall = radius * rng.uniform(0.5, 4.0)
        kind = rng.randrange(3)
        if kind == 0:
            hits.append(_ball(rays, at - np.array([0, radius, 0], np.float32), radius))
        elif kind == 1:
            hits.append(_box(rays, at, (radius, tall, radius * rng.uniform(0.3, 1.2)), rng.uniform(0, math.pi)))
        else:
            hits.append(_cylinder(rays, at, radius, tall))
        footprints.append((at, radius))
    depths = np.stack([hit.depth for hit in hits])
    nearest = depths.argmin(axis=0)
    depth = depths.min(axis=0)
    light = np.array([rng.uniform(-1, 1), -rng.uniform(0.3, 1.5), -rng.uniform(0.2, 1)], np.float32)
    light /= np.linalg.norm(light)
    ambient = rng.uniform(0.3, 0.8)
    rgb = np.zeros((*hw, 3), np.float32)
    for number, hit in enumerate(hits):
        seen = nearest == number
        if not seen.any():
            continue
        texture = surface_texture(pictures, rng)
        scale = SIDE_PX / rng.uniform(0.2, 2.5)
        u = (hit.u[seen] * scale).astype(np.int64) % SIDE_PX
        v = (hit.v[seen] * scale).astype(np.int64) % SIDE_PX
        facing = np.clip(hit.normal[seen] @ light, 0, 1)
        rgb[seen] = texture[v, u] * (ambient + (1 - ambient) * facing)[:, None]
    on_floor = nearest == 0
    points = rays[on_floor] * depth[on_floor, None]
    for at, radius in footprints:
        away = np.hypot(points[:, 0] - at[0], points[:, 2] - at[2]) / radius
        rgb[on_floor] *= (1 - 0.6 * np.exp(-((away / 1.2) ** 2)))[:, None].astype(np.float32)
    rgb = cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.3, 0.7)).astype(np.float32)
    along_axis = rays[..., 1] * math.sin(pitch) + rays[..., 2] * math.cos(pitch)  # 1 for every ray of a pinhole
    return np.round(np.clip(rgb, 0, 1) * 255).astype(np.uint8), (1 / (depth * along_axis)).astype(np.float32)


def _where(good: np.ndarray, depth: np.ndarray) -> np.ndarray:
    return np.where(good & (depth > 0.05), depth, FAR_M).astype(np.float32)


def _plane(rays: np.ndarray, axis: int, at: float) -> Hit:
    """Meet the plane where the coordinate of an axis is `at`."""
    depth = at / np.where(np.abs(rays[..., axis]) < 1e-6, 1e-6, rays[..., axis])
    normal = np.zeros_like(rays)
    normal[..., axis] = -math.copysign(1, at)
    points = rays * np.clip(depth, 0, 100)[..., None]
    u, v = (points[..., other] for other in range(3) if other != axis)
    return Hit(_where(depth > 0, depth), normal, u, v)


def _ball(rays: np.ndarray, centre: np.ndarray, radius: float) -> Hit:
    a, b = (rays * rays).sum(axis=-1), rays @ centre
    root = b * b - a * (centre @ centre - radius**2)
    depth = (b - np.sqrt(np.maximum(root, 0))) / a
    normal = (rays * depth[..., None] - centre) / radius
    return Hit(
        _where(root > 0, depth), normal, radius * np.arctan2(normal[..., 0], -normal[..., 2]), radius * normal[..., 1]
    )


def _box(rays: np.ndarray, at: np.ndarray, half: tuple[float, float, float], turn: float) -> Hit:
    """Meet a box of half sizes (x, height, z) that stands at a point of the floor, turned about the upright."""
    cos, sin = math.cos(turn), math.sin(turn)
    matrix = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]], np.float32)
    local = rays @ matrix.T
    origin = -(matrix @ (at - np.array([0, half[1] / 2, 0], np.float32)))
    size = np.array([half[0], half[1] / 2, half[2]], np.float32)
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
    """Meet an upright cylinder that stands at a point of the floor, its lid included."""
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
