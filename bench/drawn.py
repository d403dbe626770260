"""Drawn photos of any size with their true depth, to measure the upsampling of depth.

The worlds are those of the analytic suite and a few that are hard to upsample. They are drawn larger, not finer:
outlines stay sharp at every size. A lens and a sensor are simulated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from bench.tracer import F_PX, Coverage, Hit, Rays, Sheet, Surface, Values, Waves, World, disparity_of_photo, trace
from bench.worlds import WALL, bars, below, box, union, worlds
from kbvr.geometry.camera import camera_of_photo

WORLD_SIZE_PX = (480, 360)
"""Size of the worlds without enlargement."""

LENS_SIGMA_PX = 0.7
NOISE_LEVELS = 2.5

MAP_LONG_SIDE_PX = 384

FATTENED = ("thin", "hair")
"""Worlds with things thinner than a cell."""

FATTENED_CELLS = 0.6
"""Extra width of such things in small maps, on either side."""

WANDER_SIGMA_CELLS = 3.0
"""Correlation length of a small map's error along an outline."""

THIN_WIDTHS_PX = (2, 3, 4, 5, 6)
"""Widths of the bars of the world `thin`, in pixels of a photo 4000 wide."""


@dataclass(frozen=True, eq=False)
class DrawnPhoto:
    """A drawn photo and its true depth."""

    name: str
    rgb: UInt8[np.ndarray, "H W 3"]
    disparity_px: Float32[np.ndarray, "H W"]
    """Inverse depth, as disparity in pixels of the world."""


@dataclass(frozen=True)
class Enlarged:
    """A surface drawn larger."""

    surface: Surface
    scale: float

    def hit(self, rays: Rays) -> Hit:
        """Return where the rays of the larger photo meet the surface."""
        scale = np.float32(self.scale)
        return self.surface.hit(replace(rays, x=rays.x / scale, y=rays.y / scale, samples=rays.samples * self.scale))

    def colour(self, at: tuple[Values, ...]) -> Values:
        """Return the surface's colour."""
        return self.surface.colour(at)


@dataclass(frozen=True)
class Poster:
    """A texture with hard contrasts: tiles, discs and stripes of three colours."""

    tile_px: float = 23.0

    def __call__(self, u: Values, v: Values) -> Values:
        """Return colours (..., 3) at u, v in pixels."""
        across, down = np.floor(u / self.tile_px), np.floor(v / self.tile_px)
        away = np.hypot(u / self.tile_px - across - 0.5, v / self.tile_px - down - 0.5)
        odd = (across + down) % 2 > 0
        stripes = (np.floor((u + v) / 3) % 2 > 0) & ((across - down) % 3 == 0)
        shades = np.where(odd, 0.9, 0.25) * np.where(away < 0.32, 0.4, 1.0) * np.where(stripes, 0.6, 1.0)
        tint = np.where((across % 3 == 0)[..., None], (250, 120, 90), (150, 210, 255))
        return np.asarray(shades[..., None] * tint, np.float32)


def drawn_worlds() -> tuple[World, ...]:
    """Return the worlds of the analytic suite and those that are hard to upsample."""
    rough = Waves((120, 125, 105), 5, 60, seed=21)
    widths = [width * WORLD_SIZE_PX[0] / 4000 for width in THIN_WIDTHS_PX]
    thin = [(-200 + 80.0 * i, (-1) ** i * 0.07 * i, width) for i, width in enumerate(widths)]
    thin += [(-160 + 80.0 * i, 0.3, width) for i, width in enumerate(widths)]
    post = box(96.3, -150.0, 101.9, 40.0)
    roof = union(_gable(-90, -60, 0.55), _gable(120, -20, 0.3), box(-60.5, -118.0, -42.2, 0.0))
    return (
        *worlds(),
        World("poster", (Sheet(9, Poster(), du=0.012, dv=0.004),)),
        World("poster and wall", (Sheet(14, Poster(), box(-150, -90, 140, 95), du=0.008), Sheet(5, WALL))),
        World(
            "textured",
            (
                Sheet(17, Waves((140, 120, 100), 6, 70, seed=20), _slanted_card()),
                Sheet(6, rough),
            ),
        ),
        World(
            "thin", (Sheet(19, Waves((60, 55, 60), 20, 14, seed=22), bars(*thin)), Sheet(5, Waves((190, 195, 200), 30)))
        ),
        World(
            "roofs",
            (
                Sheet(12, Waves((60, 55, 50), 9, 20, seed=23), post),
                Sheet(9, Waves((150, 80, 65), 8, 40, seed=24), roof),
                Sheet(7, Waves((95, 110, 70), 9, 40, seed=25), below(70, 3, 50)),
                Sheet(0, Waves((170, 195, 230), 200, 10, seed=26)),
            ),
        ),
    )


def draw(world: World, size_px: tuple[int, int], *, seed: int = 0) -> DrawnPhoto:
    """Draw a world at a size, with noise from the seed."""
    scale = size_px[0] / WORLD_SIZE_PX[0]
    larger = World(world.name, tuple(Enlarged(surface, scale) for surface in world.surfaces))
    camera = camera_of_photo(size_px, F_PX * scale)
    blurred = cv2.GaussianBlur(trace(larger, camera, samples=1), (0, 0), LENS_SIGMA_PX)
    noise = NOISE_LEVELS * np.random.default_rng(seed).standard_normal(blurred.shape, np.float32)
    rgb = np.clip(np.rint(blurred + noise), 0, 255).astype(np.uint8)
    return DrawnPhoto(world.name, rgb, disparity_of_photo(larger, camera, samples=1))


def fattened(photo: DrawnPhoto) -> Float32[np.ndarray, "H W"]:
    """Return the true depth, with things thinner than a cell widened as networks draw them."""
    if photo.name not in FATTENED:
        return photo.disparity_px
    radius = max(1, round(FATTENED_CELLS * max(photo.disparity_px.shape) / MAP_LONG_SIDE_PX))
    window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.dilate(photo.disparity_px, window)


def small_map(
    values: Float32[np.ndarray, "H W"],
    *,
    long_side_px: int = MAP_LONG_SIDE_PX,
    blur_cells: float = 1.0,
    wander_cells: float = 0.0,
) -> Float32[np.ndarray, "h w"]:
    """Return a true map as a network would predict it: small, soft, and with wandering outlines."""
    height, width = values.shape
    scale = long_side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    if wander_cells:
        drift = np.random.default_rng(1).normal(size=(2, *small.shape)).astype(np.float32)
        drift = np.stack([cv2.GaussianBlur(part, (0, 0), WANDER_SIGMA_CELLS) for part in drift])
        drift *= np.float32(wander_cells / drift.std())
        rows, columns = np.indices(small.shape, np.float32)
        small = cv2.remap(small, columns + drift[0], rows + drift[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.GaussianBlur(small, (0, 0), blur_cells) if blur_cells else small


def _gable(x: float, top: float, slope: float) -> Coverage:
    """Cover a house with a pointed roof."""

    def covers(at_x: Values, at_y: Values, samples: float) -> Values:
        under = (at_y - top - slope * np.abs(at_x - x)) / np.hypot(1, slope)
        wall = 75 - np.abs(at_x - x)
        return np.clip(0.5 + samples * np.minimum(under, wall), 0, 1)

    return covers


def _slanted_card() -> Coverage:
    """Cover a rotated square."""
    turn = 0.35
    cos, sin = float(np.cos(turn)), float(np.sin(turn))

    def covers(x: Values, y: Values, samples: float) -> Values:
        across, along = np.abs(cos * x + sin * y), np.abs(cos * y - sin * x)
        return np.clip(0.5 + samples * np.minimum(110 - across, 90 - along), 0, 1)

    return covers
