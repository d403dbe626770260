"""A ray tracer for analytic worlds: colour, inverse depth and coverage along every ray.

A world is a list of surfaces. Each is a plane or a sphere with a coverage (1 inside its outline, 0 outside, in between
on the outline) and a texture of smooth waves. A pixel is the mean of SAMPLES x SAMPLES rays; on each ray the surfaces
are composited (Porter and Duff 1984) in 8-bit sRGB values, as is usual.

Outlines and textures are in photo pixels relative to the photo's principal point, where a plane is `inverse depth =
d0 + du x + dv y`. The unit of inverse depth is the disparity in pixels at a baseline of BASELINE_M.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, UInt8

from kbvr.geometry.camera import Camera, camera_of_photo

SAMPLES = 4
"""Number of rays along each side of a pixel."""

BAND_ROWS = 16
"""Rows of pixels to trace at once: few enough for the processor's cache."""

F_PX = 480.0
BASELINE_M = 0.06
"""The largest move; a surface with a disparity of d pixels is F_PX BASELINE_M / d metres away."""

SAME_POINT_PX = 0.05
"""Two hits on one ray whose disparities differ by less than this are one point."""

Values = Float[np.ndarray, "..."]
Coverage = Callable[[Values, Values, float], Values]
"""Coverage, 0 to 1, of a sample 1/n pixels wide at x, y in photo pixels relative to the principal point."""


@dataclass(frozen=True)
class Rays:
    """Rays from one camera position, by where they meet its image plane."""

    origin_px: tuple[float, float, float]
    """Camera position: x and y in pixels of parallax at a disparity of 1, z as a share of the depth at that disparity.
    (0, 0, 0) is the photo's camera."""

    x: Values
    """Pixels relative to the principal point; x and y broadcast against each other."""

    y: Values

    samples: float = SAMPLES
    """Reciprocal of the width of a ray in pixels."""


@dataclass(frozen=True)
class Hit:
    """The points where rays meet one surface. All fields broadcast to the shape of the rays."""

    disparity_px: Values
    """Inverse depth along the axis, from the rays' origin; 0 is infinitely far."""

    coverage: Values
    at: tuple[Values, ...]
    """Coordinates on the surface, for its texture and `Surface.photo_xy`."""


class Surface(Protocol):
    """A surface of a world."""

    def hit(self, rays: Rays) -> Hit:
        """Return where the rays meet the surface."""
        ...

    def colour(self, at: tuple[Values, ...]) -> Values:
        """Return the colour, 0 to 255, with a last axis of 3."""
        ...


@dataclass(frozen=True)
class Waves:
    """A texture: a base colour plus two products of waves, each in its own colour direction."""

    base: tuple[float, float, float]
    wavelength_px: float = 24.0
    amplitude: float = 26.0
    seed: int = 0

    def __call__(self, u: Values, v: Values) -> Values:
        """Return colours (..., 3) at u, v in pixels."""
        random = np.random.default_rng(self.seed)
        colour = np.asarray(self.base, np.float32)
        result: Values = np.broadcast_to(colour, (*np.broadcast_shapes(u.shape, v.shape), 3)).copy()
        for scale in (1.0, 1.7):
            k = 2 * np.pi / (self.wavelength_px * scale * random.uniform(0.9, 1.2, 2))
            phase = random.uniform(0, 2 * np.pi, 2)
            wave = np.sin(k[0] * u + phase[0]).astype(np.float32) * np.sin(k[1] * v + phase[1]).astype(np.float32)
            for channel, gain in enumerate(self.amplitude * random.uniform(-1, 1, 3)):
                result[..., channel] += np.float32(gain) * wave
        return result


def everywhere(x: Values, y: Values, samples: float) -> Values:  # noqa: ARG001
    """Cover everything."""
    return np.ones((1, 1), np.float32)


@dataclass(frozen=True)
class Sheet:
    """A plane with a coverage."""

    d0: float
    """Disparity at the principal point, in pixels; 0 (with du = dv = 0) is the sky."""

    texture: Callable[[Values, Values], Values]
    covers: Coverage = everywhere
    du: float = 0.0
    """Disparity per pixel to the right."""

    dv: float = 0.0

    def hit(self, rays: Rays) -> Hit:
        """Return where the rays meet the plane.

        The plane is n P = 1 with n = (du F, dv F, d0) in the units of `Rays.origin_px`; a ray o + s (x/F, y/F, 1)
        meets it at 1/s = (d0 + du x + dv y) / (1 - n o).
        """
        ox, oy, oz = rays.origin_px
        towards: Values = np.full((1, 1), self.d0, np.float32)  # stays small if nothing varies, which saves most time
        for slope, along in ((self.du, rays.x), (self.dv, rays.y)):
            if slope:
                towards = towards + slope * along
        disparity = towards / (1 - (self.du * ox + self.dv * oy + self.d0 * oz))
        nearer = 1 + oz * disparity
        x, y = rays.x, rays.y
        if ox or oz or self.du:
            x = (rays.x + ox * disparity) / nearer
        if oy or oz or self.dv:
            y = (rays.y + oy * disparity) / nearer
        coverage = np.where(disparity >= 0, self.covers(x, y, rays.samples), 0)
        return Hit(np.asarray(disparity), coverage, (x, y))

    def colour(self, at: tuple[Values, ...]) -> Values:
        """Return the texture at photo pixels."""
        return self.texture(*at)


@dataclass(frozen=True)
class Ball:
    """A sphere."""

    x: float
    """Centre, in photo pixels relative to the principal point."""

    y: float
    d0: float
    """Disparity of the centre, in pixels."""

    radius_px: float
    """Radius of a flat disc at the centre's depth."""

    texture: Callable[[Values, Values], Values]

    def hit(self, rays: Rays) -> Hit:
        """Return the first point of the sphere on each ray, in units where the photo's camera is F_PX / d0 away.

        With c the centre relative to the origin of the rays and a = (x/F, y/F, 1) a ray, s solves |s a - c| = r.
        """
        unit = F_PX / self.d0  # metres-like: 1 unit of depth has the disparity F_PX
        ox, oy, oz = (part * scale for part, scale in zip(rays.origin_px, (1.0, 1.0, F_PX), strict=True))
        centre = (self.x / self.d0 - ox, self.y / self.d0 - oy, unit - oz)
        radius = self.radius_px / self.d0
        ax, ay = rays.x / F_PX, rays.y / F_PX
        aa = ax**2 + ay**2 + 1
        ac = ax * centre[0] + ay * centre[1] + centre[2]
        miss = np.sqrt(np.maximum(sum(c**2 for c in centre) - ac**2 / aa, 0))
        depth = (ac - np.sqrt(np.maximum(radius**2 - miss**2, 0) * aa)) / aa
        coverage = np.clip(0.5 + (radius - miss) * F_PX / centre[2] * rays.samples, 0, 1)
        point = (ax * depth + ox, ay * depth + oy, depth + oz)
        return Hit(F_PX / depth, coverage, point)

    def colour(self, at: tuple[Values, ...]) -> Values:
        """Return the texture at the sphere's own three coordinates."""
        x, y, z = at
        return self.texture(self.d0 * (x + 0.7 * z), self.d0 * (y - 0.4 * z))


@dataclass(frozen=True, eq=False)
class World:
    """Surfaces, sorted so that the nearer of two on a ray comes first."""

    name: str
    surfaces: tuple[Surface, ...]

    def camera(self, size_px: tuple[int, int]) -> Camera:
        """Return the photo's camera."""
        return camera_of_photo(size_px, F_PX)


def origin_of(camera: Camera) -> tuple[float, float, float]:
    """Return a camera's position, as in `Rays.origin_px`."""
    x, y, z = -camera.camera_from_world[:3, 3]
    return float(x / BASELINE_M), float(y / BASELINE_M), float(z / (F_PX * BASELINE_M))


def rays_of(camera: Camera, samples: int = SAMPLES) -> Rays:
    """Return the rays of a picture, `samples` along each side of a pixel."""
    width, height = camera.size_px
    x = (np.arange(width * samples) + 0.5) / samples - camera.cx_px
    y = (np.arange(height * samples) + 0.5) / samples - camera.cy_px
    return Rays(origin_of(camera), x[None, :].astype(np.float32), y[:, None].astype(np.float32), samples)


def trace(world: World, camera: Camera, samples: int = SAMPLES) -> UInt8[np.ndarray, "H W 3"]:
    """Return the true picture of a camera that may be moved but not turned."""
    whole = rays_of(camera, samples)
    step = BAND_ROWS * samples
    bands = [replace(whole, y=whole.y[first : first + step]) for first in range(0, len(whole.y), step)]
    return np.concatenate([_traced(world, rays, samples) for rays in bands])


def _traced(world: World, rays: Rays, samples: int) -> UInt8[np.ndarray, "h W 3"]:
    """Trace a band of a picture."""
    height, width = rays.y.size // samples, rays.x.size // samples
    total = np.zeros((height * samples, width * samples, 3), np.float32)
    left = np.ones(total.shape[:2], np.float32)
    for surface in world.surfaces:
        hit = surface.hit(rays)
        coverage = np.broadcast_to(hit.coverage, left.shape)
        rows, columns = (np.flatnonzero(coverage.any(axis=axis)) for axis in (1, 0))
        if not rows.size:
            continue
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        at = tuple(_inside(part, box) for part in hit.at)
        share = coverage[box] * left[box]
        total[box] += share[..., None] * surface.colour(at)
        left[box] -= share
    mean = total.reshape(height, samples, width, samples, 3).mean(axis=(1, 3))
    return np.clip(mean + 0.5, 0, 255).astype(np.uint8)


def _inside(values: Values, box: tuple[slice, slice]) -> Values:
    """Return the part of a broadcastable array that belongs to a box of the picture."""
    return values[tuple(cut if extent > 1 else slice(None) for cut, extent in zip(box, values.shape, strict=True))]


def nearest(
    surfaces: Sequence[Surface], rays: Rays, *, min_coverage: float = 0.5
) -> tuple[Int[np.ndarray, "H W"], Float32[np.ndarray, "H W"]]:
    """Return the number of the first surface with `min_coverage` on each ray (-1: none), and its disparity."""
    shape = np.broadcast_shapes(rays.x.shape, rays.y.shape)
    number = np.full(shape, -1)
    disparity = np.zeros(shape, np.float32)
    for index, surface in enumerate(surfaces):
        hit = surface.hit(rays)
        new = (number < 0) & (np.broadcast_to(hit.coverage, shape) >= min_coverage)
        number[new] = index
        disparity[new] = np.broadcast_to(hit.disparity_px, shape)[new]
    return number, disparity


def disparity_of_photo(world: World, camera: Camera, samples: int = SAMPLES) -> Float32[np.ndarray, "H W"]:
    """Return the disparity at the middle of each pixel, of the surface that completes half of the pixel's coverage."""
    width, height = camera.size_px
    fine, middle = rays_of(camera, samples), rays_of(camera, 1)
    left = np.ones((height * samples, width * samples), np.float32)
    disparity = np.zeros((height, width), np.float32)
    open_yet = np.ones((height, width), bool)
    for surface in world.surfaces:
        left = left * (1 - surface.hit(fine).coverage)
        covered = 1 - left.reshape(height, samples, width, samples).mean(axis=(1, 3))
        new = open_yet & (covered >= 0.5)
        disparity[new] = np.broadcast_to(surface.hit(middle).disparity_px, disparity.shape)[new]
        open_yet &= ~new
    return disparity


@dataclass(frozen=True, eq=False)
class Sight:
    """Positions of one view's pixels in another view, and whether they are visible there."""

    surface: Int[np.ndarray, "H W"]
    """Number of the surface at the pixel's middle."""

    disparity_px: Float32[np.ndarray, "H W"]
    x: Float[np.ndarray, "H W"]
    """Column in the other view: 0 is its left border."""

    y: Float[np.ndarray, "H W"]
    inside: Bool[np.ndarray, "H W"]
    """Whether the position is inside the other view."""

    hidden: Bool[np.ndarray, "H W"]
    """Whether something nearer covers it there; undefined outside the other view."""


def sight(world: World, view: Camera, other: Camera) -> Sight:
    """Project the middle of every pixel of a view to its point of the world, and from there to another view."""
    rays = rays_of(view, 1)
    surface, disparity = nearest(world.surfaces, rays)
    ox, oy, oz = (a - b for a, b in zip(rays.origin_px, origin_of(other), strict=True))
    nearer = 1 + oz * disparity
    x, y = (rays.x + ox * disparity) / nearer, (rays.y + oy * disparity) / nearer
    _, first = nearest(world.surfaces, Rays(origin_of(other), x, y, 1))
    hidden = first > disparity / nearer + SAME_POINT_PX
    x, y = x + other.cx_px, y + other.cy_px
    inside = (x >= 0) & (x <= other.size_px[0]) & (y >= 0) & (y <= other.size_px[1])
    return Sight(surface, disparity, x, y, inside, hidden)
