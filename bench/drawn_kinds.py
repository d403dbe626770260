"""Drawn photos of kinds for which there is no free photo: traffic, and bottles on shelves.

They are traced exactly (bench/tracer.py). Outlines are in photo pixels relative to the principal point of a photo 960
pixels wide and 640 high.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from bench.tracer import SAMPLES, Coverage, Sheet, Surface, Values, Waves, World, trace
from bench.worlds import below, box, disc, union

SIZE_PX = (960, 640)
HORIZON_PX = -30.0
ROAD_DV = 0.0727
"""Disparity of the road per row below the horizon."""

LANE_X = (-3.3, -1.1, 1.1, 3.3)
"""Lines on the road, sideways, where it is one unit below the horizon."""

LINE_WIDTH = 0.06
DASHES = 600.0

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Painted:
    """A texture with marks painted on it, one over the other."""

    ground: Callable[[Values, Values], Values]
    marks: tuple[tuple[Coverage, Colour], ...]

    def __call__(self, x: Values, y: Values) -> Values:
        """Return the colours at photo pixels."""
        colours = self.ground(x, y)
        for covers, colour in self.marks:
            share = np.asarray(covers(x, y, SAMPLES))[..., None]
            colours = colours + share * (np.array(colour, np.float32) - colours)
        return colours


def drawn_photo(name: str) -> UInt8[np.ndarray, "H W 3"]:
    """Return a drawn photo: `traffic` or `bottles`."""
    world = {"traffic": traffic, "bottles": bottles}[name]()
    return trace(world, world.camera(SIZE_PX))


def plain(red: float, green: float, blue: float, seed: int, *, amplitude: float = 12.0) -> Waves:
    """Return a nearly even texture."""
    return Waves((red, green, blue), 17, amplitude, seed)


def road_lines(x: Values, y: Values, samples: float) -> Values:
    """Cover the lines of a road: the outer ones whole, the inner ones dashed."""
    del samples
    down = np.maximum(y - HORIZON_PX, 1.0)
    covered: Values = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.float32)
    for number, at in enumerate(LANE_X):
        off = np.abs(x / down - at) / LINE_WIDTH
        line = np.clip((1 - off) * LINE_WIDTH * down + 0.5, 0, 1)
        dashed = 0 < number < len(LANE_X) - 1
        covered = np.maximum(covered, line * (np.mod(DASHES / down, 2) < 1) if dashed else line)
    return covered


def car(left: float, top: float, right: float, bottom: float, paint: Waves) -> Sheet:
    """Return the back of a car that stands on the road."""
    width, height = right - left, bottom - top
    wheel = 0.1 * width
    feet = [disc(left + share * width, bottom - wheel, wheel) for share in (0.15, 0.85)]
    window = box(left + 0.12 * width, top + 0.1 * height, right - 0.12 * width, top + 0.42 * height)
    lamps = [
        box(left + share * width, top + 0.55 * height, left + (share + 0.1) * width, top + 0.68 * height)
        for share in (0.03, 0.87)
    ]
    plate = box(left + 0.38 * width, top + 0.66 * height, right - 0.38 * width, top + 0.75 * height)
    marks = (
        *((foot, (25.0, 25.0, 28.0)) for foot in feet),
        (window, (60.0, 75.0, 90.0)),
        *((lamp, (200.0, 30.0, 30.0)) for lamp in lamps),
        (plate, (235.0, 225.0, 180.0)),
    )
    outline = union(box(left, top, right, bottom - wheel), *feet)
    return Sheet(ROAD_DV * (bottom - HORIZON_PX), Painted(paint, marks), outline)


def traffic() -> World:
    """Return a van, cars behind it and a lamp post on a road with lines, before houses and the sky."""
    post = union(box(-404, -290, -397, 112), box(-404, -290, -330, -284))
    windows = [
        (box(x, y, x + 26, y + 34), (70.0, 80.0, 95.0)) for x in range(-470, 470, 62) for y in range(-190, -50, 56)
    ]
    surfaces: Sequence[Surface] = (
        car(60, -140, 330, 190, plain(225, 225, 220, 1)),
        car(-150, -20, 90, 122, plain(40, 80, 150, 2)),
        Sheet(ROAD_DV * (112 - HORIZON_PX), plain(60, 62, 64, 3), post),
        car(-330, -28, -240, 46, plain(160, 40, 40, 4)),
        Sheet(
            -ROAD_DV * HORIZON_PX,
            Painted(plain(105, 105, 108, 5, amplitude=16), ((road_lines, (235.0, 235.0, 228.0)),)),
            below(HORIZON_PX),
            dv=ROAD_DV,
        ),
        Sheet(1.2, Painted(plain(175, 150, 125, 6, amplitude=18), tuple(windows)), box(-480, -215, 480, -20)),
        Sheet(0, Waves((165, 195, 235), 200, 10, seed=7)),
    )
    return World("traffic", tuple(surfaces))


def bottle(middle: float, foot: float, near_px: float, glass: Waves, label: Colour) -> Sheet:
    """Return a bottle with a label."""
    body, neck = box(middle - 34, foot - 130, middle + 34, foot), box(middle - 11, foot - 205, middle + 11, foot - 120)
    marks = (
        (box(middle - 30, foot - 95, middle + 30, foot - 30), label),
        (box(middle - 24, foot - 80, middle + 24, foot - 72), (40.0, 40.0, 45.0)),
        (box(middle - 26, foot - 128, middle - 20, foot - 8), (240.0, 245.0, 240.0)),
        (box(middle - 12, foot - 205, middle + 12, foot - 188), (150.0, 30.0, 35.0)),
    )
    return Sheet(near_px, Painted(glass, marks), union(body, neck, disc(middle, foot - 130, 34, 26)))


def bottles() -> World:
    """Return two rows of bottles on two shelves with bright rims, before a wall."""
    glasses = [
        plain(*colour, seed=20 + index) for index, colour in enumerate(((40, 95, 60), (95, 55, 30), (60, 85, 120)))
    ]
    labels: tuple[Colour, ...] = ((235, 225, 195), (205, 60, 50), (240, 240, 240))
    rows = []
    for foot, near, first in ((268, 17.0, -410), (258, 12.5, -350), (-42, 17.0, -380), (-52, 12.5, -320)):
        for index in range(7):
            middle = first + 118.0 * index
            rows.append(bottle(middle, foot, near, glasses[(index + foot) % 3], labels[index % 3]))
    nearest_first = sorted(rows, key=lambda sheet: -sheet.d0)
    rims = [
        Sheet(18.4, plain(190, 150, 100, 30 + index), box(-480, y, 480, y + 16)) for index, y in enumerate((270, -40))
    ]
    boards = [
        Sheet(11.5, plain(120, 90, 60, 33 + index), box(-480, y, 480, y + 40)) for index, y in enumerate((240, -66))
    ]
    wall = Sheet(9.5, plain(120, 110, 100, 40, amplitude=20))
    return World("bottles", (*rims, *nearest_first, *boards, wall))
