"""Drawn streets: one with a bus, and three lanes of traffic."""

from __future__ import annotations

import random
from collections.abc import Sequence

from drawn_shapes import DARK, WHITE, Point, ball, box, bricks, daylight, look, material, rod


def house(at: Point, size: Point, wall: bpy.types.Material, side: int) -> None:
    """Stand a house beside the road: its windows look along x to `side`."""
    box(at, size, wall)
    frame, pane = material(WHITE), material((0.04, 0.06, 0.08), rough=0.08)
    face = at[0] + side * size[0] / 2
    box((face, at[1], at[2] + size[2]), (0.6, size[1], 0.35), frame)
    for floor in range(int(size[2] / 3)):
        for place in range(int(size[1] / 2.4)):
            y, z = at[1] - size[1] / 2 + 1.2 + 2.4 * place, at[2] + 0.9 + 3 * floor
            box((face, y, z), (0.16, 1.25, 1.75), frame)
            box((face, y, z + 0.1), (0.2, 1.05, 1.55), pane)
            box((face, y, z + 0.82), (0.24, 1.05, 0.07), frame)


def lamp_post(x: float, y: float, side: int) -> None:
    """Stand a lamp post whose arm points to `side`."""
    iron = material((0.06, 0.08, 0.07), rough=0.4, metal=0.6)
    rod((x, y, 0), (x, y, 0.9), 0.11, iron, tip=0.08)
    rod((x, y, 0.9), (x, y, 5.6), 0.055, iron)
    rod((x, y, 5.55), (x + side * 1.3, y, 5.9), 0.035, iron)
    ball((x + side * 1.3, y, 5.82), 0.22, material((0.9, 0.88, 0.8), rough=0.2), 0.6)


def wheel(at: Point, radius: float, wide: float) -> None:
    """Draw a wheel that rolls along y."""
    rod((at[0] - wide / 2, at[1], at[2]), (at[0] + wide / 2, at[1], at[2]), radius, material(DARK, rough=0.8))
    rod(
        (at[0] - wide / 2 - 0.01, at[1], at[2]),
        (at[0] + wide / 2 + 0.01, at[1], at[2]),
        radius * 0.6,
        material((0.5, 0.5, 0.5), metal=0.8, rough=0.3),
    )


def bus(x: float, y: float, paint: Point) -> None:
    """Stand a double-decker on the road, its front towards the camera."""
    body, pane = material(paint, rough=0.25), material((0.03, 0.04, 0.05), rough=0.05)
    box((x, y, 0.35), (2.5, 10, 4.0), body, bevel=0.18)
    for z in (1.35, 3.05):
        box((x, y - 4.97, z), (2.15, 0.12, 0.95 if z > 2 else 1.15), pane, bevel=0.04)
        for place in range(6):
            box((x, y - 3.9 + 1.5 * place, z), (2.54, 1.3, 0.9), pane, bevel=0.04)
    box((x, y - 5.0, 2.62), (1.5, 0.1, 0.32), material((0.9, 0.65, 0.05)))
    box((x, y - 5.0, 0.5), (2.3, 0.14, 0.3), material((0.1, 0.1, 0.1)))
    for side in (-1, 1):
        ball((x + side * 0.95, y - 5.02, 0.98), 0.13, material(WHITE, rough=0.1))
        rod((x + side * 1.3, y - 5.1, 2.1), (x + side * 1.55, y - 5.25, 2.1), 0.03, material(DARK))
        box((x + side * 1.6, y - 5.25, 1.75), (0.22, 0.08, 0.5), material(DARK))
        for place in (-3.2, 3.2):
            wheel((x + side * 1.12, y + place, 0.5), 0.5, 0.3)


def car(x: float, y: float, paint: Point, *, tall: float = 1.45, away: bool = True) -> None:
    """Stand a car on the road; `away` from the camera, its tail lamps show."""
    body, pane = material(paint, rough=0.22, metal=0.2), material((0.02, 0.025, 0.03), rough=0.05)
    box((x, y, 0.28), (1.75, 4.2, tall * 0.42), body, bevel=0.14)
    long = 2.4 if tall < 1.7 else 3.4
    box((x, y + 0.1, 0.26 + tall * 0.4), (1.62, long, tall * 0.46), pane, bevel=0.05, top=(0.78, 0.72))
    box((x, y + 0.1, 0.25 + tall * 0.85), (1.28, long * 0.74, 0.05), body, bevel=0.02)
    back = y - 2.1
    lamps = material((0.75, 0.02, 0.02) if away else WHITE, rough=0.1)
    for side in (-1, 1):
        box((x + side * 0.68, back, 0.62), (0.3, 0.08, 0.18), lamps, bevel=0.03)
        for place in (-1.3, 1.35):
            wheel((x + side * 0.8, y + place, 0.32), 0.32, 0.2)
    box((x, back, 0.5), (0.52, 0.06, 0.12), material((0.9, 0.9, 0.85)))
    box((x, back, 0.3), (1.7, 0.1, 0.14), material(DARK))


def van(x: float, y: float, paint: Point) -> None:
    """Stand a box van on the road, seen from behind."""
    body = material(paint, rough=0.35)
    box((x, y, 0.4), (2.0, 5.2, 2.2), body, bevel=0.1)
    for side in (-1, 1):
        box((x + side * 0.48, y - 2.6, 1.5), (0.7, 0.06, 0.75), material((0.03, 0.03, 0.04), rough=0.05), bevel=0.02)
        box((x + side * 0.9, y - 2.6, 0.9), (0.14, 0.08, 0.5), material((0.7, 0.02, 0.02), rough=0.1))
        for place in (-1.6, 1.7):
            wheel((x + side * 0.9, y + place, 0.36), 0.36, 0.24)
    box((x, y - 2.62, 0.55), (0.02, 0.05, 1.95), material(DARK))
    box((x, y - 2.64, 0.42), (2.0, 0.12, 0.18), material(DARK))
    box((x + 0.35, y - 2.62, 0.72), (0.52, 0.05, 0.12), material((0.9, 0.8, 0.2)))


def road(half: float, lines: Sequence[float]) -> None:
    """Draw a road along y with dashed lines, kerbs and pavements."""
    box((0, 60, -1), (2 * half, 160, 1), material((0.09, 0.09, 0.095), spots=0.35, scale=25, rough=0.9))
    paint = material((0.75, 0.75, 0.7), spots=0.2, scale=20)
    for x in lines:
        for place in range(28):
            box((x, 2 + 4 * place, 0), (0.14, 2, 0.006), paint)
    for side in (-1, 1):
        box((side * (half - 0.35), 60, 0), (0.12, 160, 0.006), paint)
        box((side * (half + 0.1), 60, -1), (0.2, 160, 1.14), material((0.4, 0.4, 0.4)))
        box((side * (half + 8), 60, -1), (15.6, 160, 1.12), material((0.3, 0.29, 0.28), spots=0.25, scale=6, rough=0.9))


def tree(x: float, y: float, tall: float, rng: random.Random) -> None:
    """Plant a tree."""
    rod((x, y, 0), (x, y, tall * 0.6), 0.16, material((0.12, 0.08, 0.05), spots=0.3), tip=0.1)
    leaves = material((0.06, 0.13, 0.03), spots=0.7, scale=9, rough=0.8)
    for _ in range(14):
        at = [rng.gauss(0, tall * 0.16) for _ in range(3)]
        ball((x + at[0], y + at[1], tall * 0.72 + at[2]), tall * rng.uniform(0.1, 0.2), leaves)


def bus_street() -> None:
    """Draw a street with a bus, lamp posts and houses."""
    rng = random.Random(1)
    road(4.2, (0,))
    colours = [(0.35, 0.12, 0.08), (0.5, 0.38, 0.25), (0.42, 0.2, 0.14), (0.55, 0.5, 0.42), (0.3, 0.14, 0.1)]
    for side in (-1, 1):
        y = 4.0
        while y < 75:
            wide = rng.uniform(7, 11)
            one = rng.choice(colours)
            wall = bricks(one, [c * 0.75 for c in one], 2.2) if rng.random() < 0.6 else material(one, spots=0.15)
            house((side * 11.5, y + wide / 2, 0.1), (8, wide, rng.uniform(8, 13)), wall, -side)
            y += wide
        for place in range(5):
            lamp_post(side * 5.0, 8.5 + 11 * place, -side)
    bus(1.9, 17, (0.55, 0.02, 0.02))
    car(-2.2, 13, (0.1, 0.16, 0.35))
    car(-2.1, 27, (0.6, 0.6, 0.62))
    for x, y in ((5.9, 11.0), (-5.8, 15.0), (6.3, 22.0)):
        walker(x, y, rng)
    daylight(38, 215)
    look((-0.6, 0, 1.7), (0.5, 20, 2.4), 28)


def walker(x: float, y: float, rng: random.Random) -> None:
    """Stand a person on the pavement."""
    coat, legs = material([rng.uniform(0.05, 0.5) for _ in range(3)]), material([rng.uniform(0.02, 0.12)] * 3)
    for side in (-1, 1):
        rod((x + side * 0.1, y + side * 0.12, 0.12), (x + side * 0.08, y, 0.95), 0.075, legs, tip=0.1)
        rod((x + side * 0.26, y + side * 0.1, 0.85), (x + side * 0.2, y, 1.45), 0.05, coat, tip=0.07)
    rod((x, y, 0.9), (x, y, 1.52), 0.19, coat, tip=0.15)
    ball((x, y, 1.72), 0.125, material((0.55, 0.36, 0.27)), 1.2)


def traffic(*, seed: int, eye: Point, aim: Point, lens_mm: float) -> None:
    """Draw three lanes of cars, a van among them, below trees and gantries."""
    rng = random.Random(seed)
    road(6.2, (-2, 2))
    paints = [
        (0.5, 0.02, 0.02),
        (0.02, 0.08, 0.3),
        (0.6, 0.6, 0.6),
        (0.03, 0.03, 0.03),
        (0.7, 0.7, 0.68),
        (0.05, 0.2, 0.1),
        (0.4, 0.3, 0.1),
    ]
    van(0.1, 11.5, (0.75, 0.75, 0.72))
    for lane in (-4, 0, 4):
        y = {0: 19.0, -4: 8.5, 4: 13.0}[lane] + rng.uniform(0, 1.5)
        while y < 90:
            car(lane + rng.uniform(-0.3, 0.3), y, rng.choice(paints), tall=rng.choice((1.4, 1.45, 1.9)))
            y += rng.uniform(6.5, 11)
    steel = material((0.45, 0.47, 0.48), metal=0.8, rough=0.4)
    for side in (-1, 1):
        for place in range(40):
            box((side * 7.0, 3 + 3 * place, 0), (0.1, 0.1, 0.75), steel)
        box((side * 6.95, 60, 0.5), (0.06, 120, 0.28), steel)
        for place in range(8):
            tree(side * rng.uniform(11, 17), 12 + 9 * place + rng.uniform(-3, 3), rng.uniform(6, 10), rng)
        rod((side * 7.6, 34, 0), (side * 7.6, 34, 7), 0.16, steel)
    rod((-7.6, 34, 6.6), (7.6, 34, 6.6), 0.12, steel)
    rod((-7.6, 34, 5.9), (7.6, 34, 5.9), 0.12, steel)
    for x in (-4, 0.2, 4.2):
        box((x, 33.8, 5.3), (3.2, 0.08, 1.9), material((0.02, 0.12, 0.35)))
        box((x, 33.74, 5.8), (2.2, 0.02, 0.16), material(WHITE))
        box((x, 33.74, 6.3), (1.6, 0.02, 0.16), material(WHITE))
    daylight(32, 140)
    look(eye, aim, lens_mm)
