"""The worlds of the analytic suite: subjects that are hard for layers and warps.

Every outline is in photo pixels relative to the principal point of a photo 480 pixels wide and 320 high.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.tracer import Ball, Coverage, Sheet, Values, Waves, World

WALL = Waves((150, 160, 120), 30, seed=1)
SIZE_PX = (480, 320)


@dataclass(frozen=True)
class LinedFloor:
    """The texture of a floor: dark lines away from the viewer, straight in every view."""

    d0: float
    dv: float
    du: float
    ground: Waves
    spacing_px: float = 36.0
    """Distance between lines where the floor has a disparity of UNIT_DISPARITY_PX."""

    width_px: float = 5.0
    """Width of a line there, between the points where it is 1/e as dark as in its middle."""

    def __call__(self, x: Values, y: Values) -> Values:
        """Return the colours at photo pixels."""
        _, off_px = self.lines(x, y)
        dark = np.exp(-((off_px / (self.width_px / 2)) ** 2)).astype(np.float32)
        disparity = self.d0 + self.du * x + self.dv * y
        dark *= np.clip(disparity / 4 - 1, 0, 1).astype(np.float32)  # lines finer than pixels would cause moiré
        return self.ground(x, y) * (1 - 0.7 * dark[..., None])

    def lines(self, x: Values, y: Values) -> tuple[Values, Values]:
        """Return the number of the nearest line and its distance, in pixels at UNIT_DISPARITY_PX."""
        across_px = x * UNIT_DISPARITY_PX / (self.d0 + self.du * x + self.dv * y)
        number = np.floor(across_px / self.spacing_px + 0.5)
        return number, across_px - number * self.spacing_px


UNIT_DISPARITY_PX = 14.0


def box(x0: float, y0: float, x1: float, y1: float) -> Coverage:
    """Cover an axis-aligned rectangle, exactly."""

    def covers(x: Values, y: Values, samples: float) -> Values:
        across = np.clip(0.5 + samples * np.minimum(x - x0, x1 - x), 0, 1)
        down = np.clip(0.5 + samples * np.minimum(y - y0, y1 - y), 0, 1)
        return across * down

    return covers


def disc(x0: float, y0: float, radius_x: float, radius_y: float | None = None) -> Coverage:
    """Cover an ellipse; the outline of a circle is exact, other outlines are soft over about a pixel."""
    ry = radius_x if radius_y is None else radius_y

    def covers(x: Values, y: Values, samples: float) -> Values:
        away = np.hypot((x - x0) / radius_x, (y - y0) / ry)
        return np.clip(0.5 + samples * (1 - away) * min(radius_x, ry), 0, 1)

    return covers


def bars(*lines: tuple[float, float, float]) -> Coverage:
    """Cover bars from top to bottom: (x at y = 0, columns per row, width in pixels)."""

    def covers(x: Values, y: Values, samples: float) -> Values:
        open_yet: Values = np.ones((1, 1), np.float32)
        for at, slope, width_px in lines:
            away = np.abs(x - at - slope * y) if slope else np.abs(x - at)
            open_yet = open_yet * (1 - _within(away / np.hypot(1, slope), width_px / 2, samples))
        return 1 - open_yet

    return covers


def strands(count: int, *, y0: float, y1: float, spread_px: float, seed: int) -> Coverage:
    """Cover curved hairs from y1 up to y0, 1 to 2.5 px wide at the roots and 0.5 px at the tips."""
    random = np.random.default_rng(seed)
    root = random.uniform(-spread_px, spread_px, count)
    lean, bend = random.uniform(-0.5, 0.5, count) + root / spread_px / 2, random.uniform(-0.004, 0.004, count)
    length, root_width = random.uniform(0.5, 1, count) * (y1 - y0), random.uniform(1, 2.5, count)

    def whole(x: Values, y: Values, samples: float) -> Values:
        open_yet: Values = np.ones(np.broadcast_shapes(x.shape, y.shape), np.float32)
        up = y1 - y
        for at, slope, curve, long, width in zip(root, lean, bend, length, root_width, strict=True):
            away = np.abs(x - at - slope * up - curve * up**2) / np.hypot(1, slope + 2 * curve * up)
            half = (width + (0.5 - width) * up / long) / 2
            open_yet = open_yet * (1 - _within(away, half, samples) * ((up >= -1) & (up <= long)))
        return 1 - open_yet

    def covers(x: Values, y: Values, samples: float) -> Values:
        if len(x) > 1 or y.shape[1] > 1:
            return whole(x, y, samples)
        rows, columns = y.ravel(), x.ravel()  # a grid: each hair covers few of its cells
        covered = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.float32)
        for at, slope, curve, long, width in zip(root, lean, bend, length, root_width, strict=True):
            up = y1 - rows
            mine = np.flatnonzero((up >= -1) & (up <= long))
            if not mine.size:
                continue
            up = up[mine, None]
            middle = at + slope * up + curve * up**2
            near = np.flatnonzero((columns > middle.min() - 4) & (columns < middle.max() + 4))
            away = np.abs(columns[None, near] - middle) / np.hypot(1, slope + 2 * curve * up)
            half = (width + (0.5 - width) * up / long) / 2
            part = _within(away, half, samples)
            cell = np.ix_(mine, near)
            covered[cell] = 1 - (1 - covered[cell]) * (1 - part)
        return covered

    return covers


def _within(away: Values, half: Values | float, samples: float) -> Values:
    """Return the share of a sample, 1/samples wide, within half a width of a line at a distance."""
    reach = 0.5 / samples
    return np.clip((np.minimum(away + reach, half) - np.maximum(away - reach, -half)) * samples, 0, 1)


def below(height: float, wave_px: float = 0.0, wavelength_px: float = 60.0) -> Coverage:
    """Cover everything below a wavy skyline, or below a level without waves."""

    def covers(x: Values, y: Values, samples: float) -> Values:
        k = 2 * np.pi / wavelength_px
        skyline = height + wave_px * (np.sin(k * x) + 0.4 * np.sin(2.7 * k * x + 1))
        steep = wave_px * k * (np.cos(k * x) + 1.08 * np.cos(2.7 * k * x + 1))
        return np.clip(0.5 + samples * (y - skyline) / np.hypot(1, steep), 0, 1)

    return covers


def union(*parts: Coverage) -> Coverage:
    """Cover the union of the parts."""

    def covers(x: Values, y: Values, samples: float) -> Values:
        open_yet: Values = np.ones((1, 1), np.float32)
        for part in parts:
            open_yet = open_yet * (1 - part(x, y, samples))
        return 1 - open_yet

    return covers


FLOOR = LinedFloor(d0=2.7, dv=0.133, du=0.012, ground=Waves((190, 180, 165), 40, 5, seed=4))


def worlds() -> tuple[World, ...]:
    """Return all worlds."""
    wall = Sheet(5.3, WALL)
    person = union(disc(30, 20, 45, 58), disc(30, 190, 130, 105))
    neighbour = union(disc(-238, -10, 52, 66), disc(-250, 190, 90, 120))
    hair = union(disc(0, 120, 90, 110), strands(70, y0=-130, y1=40, spread_px=70, seed=3))
    upright = [(-200 + 36.0 * i, 0.0, float(i + 1)) for i in range(6)]
    slanted = [(30 + 36.0 * i, 0.12 * (-1) ** i * (1 + i / 2), float(i + 1)) for i in range(6)]
    return (
        World(
            "cards",
            (
                Sheet(24.3, Waves((205, 90, 70), 26, seed=2), box(-170.3, -110.4, -60.6, 60.2)),
                Sheet(16.6, Waves((70, 110, 205), 26, seed=3), disc(60, -10, 60)),
                Sheet(11.4, Waves((215, 200, 90), 26, seed=5), box(130.2, -30.5, 215.7, 100.1)),
                wall,
            ),
        ),
        World("fence", (Sheet(20.4, Waves((225, 215, 200), 40, 12, seed=6), bars(*upright, *slanted)), wall)),
        World("sphere", (Ball(-20.2, 0.3, 14, 90, Waves((190, 100, 90), 30, seed=7)), Sheet(4.4, WALL))),
        World(
            "floor",
            (
                Sheet(FLOOR.d0, FLOOR, below(9.8), du=FLOOR.du, dv=FLOOR.dv),
                Sheet(4, Waves((110, 130, 165), 30, seed=8), du=FLOOR.du),
            ),
        ),
        World("hair", (Sheet(18.4, Waves((75, 50, 40), 24, 14, seed=9), hair), Sheet(6.3, WALL))),
        World(
            "stack",
            (
                Sheet(27.6, Waves((215, 80, 60), 26, seed=10), box(-10.5, -60.3, 75.4, 50.6)),
                Sheet(16.2, Waves((80, 120, 210), 26, seed=11), box(-130.2, -100.5, 70.3, 100.4)),
                Sheet(4.4, WALL),
            ),
        ),
        World(
            "person",
            (
                Sheet(18.3, Waves((180, 125, 105), 26, 18, seed=12), person),
                Sheet(14.2, Waves((60, 80, 130), 26, 18, seed=13), neighbour),
                Sheet(6.3, WALL),
            ),
        ),
        World(
            "sky",
            (
                Sheet(13.7, Waves((70, 60, 60), 26, 10, seed=14), box(99.6, -130.3, 104.1, 200)),
                Sheet(9.4, Waves((60, 100, 55), 20, 20, seed=15), below(0, 16, 70)),
                Sheet(0, Waves((150, 190, 235), 90, 12, seed=16)),
            ),
        ),
    )
