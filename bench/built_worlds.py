"""Drawn worlds of straight things: columns, a door frame, facades, people, posts, a bicycle.

Units are those of `bench.worlds`: outlines in photo pixels relative to the principal point, of a photo of SIZE_PX.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.tracer import Ball, Coverage, Sheet, Values, Waves, World
from bench.worlds import below, box, disc, union


@dataclass(frozen=True)
class Ruled:
    """A texture of dark lines along rows and columns of the photo, which stay straight in every view of a plane."""

    ground: Waves
    spacing_px: float
    width_px: float = 2.0
    upright_only: bool = False

    def __call__(self, x: Values, y: Values) -> Values:
        """Return the colours at photo pixels."""
        dark = self._dark(x)
        if not self.upright_only:
            dark = np.maximum(dark, self._dark(y))
        return self.ground(x, y) * (1 - 0.55 * dark[..., None])

    def _dark(self, at: Values) -> Values:
        off_px = (at / self.spacing_px - np.floor(at / self.spacing_px + 0.5)) * self.spacing_px
        return np.exp(-((off_px / (self.width_px / 2)) ** 2)).astype(np.float32)


def bar(x0: float, y0: float, x1: float, y1: float, width_px: float) -> Coverage:
    """Cover a straight bar between two points, exactly along its sides."""
    length = np.hypot(x1 - x0, y1 - y0)
    right, down = (x1 - x0) / length, (y1 - y0) / length

    def covers(x: Values, y: Values, samples: float) -> Values:
        along = (x - x0) * right + (y - y0) * down
        away = np.abs((y - y0) * right - (x - x0) * down)
        ends = np.clip(0.5 + samples * np.minimum(along, length - along), 0, 1)
        return ends * np.clip(0.5 + samples * (width_px / 2 - away), 0, 1)

    return covers


def ring(x0: float, y0: float, radius_px: float, width_px: float) -> Coverage:
    """Cover a ring, exactly."""

    def covers(x: Values, y: Values, samples: float) -> Values:
        away = np.abs(np.hypot(x - x0, y - y0) - radius_px)
        return np.clip(0.5 + samples * (width_px / 2 - away), 0, 1)

    return covers


def built_worlds() -> tuple[World, ...]:
    """Return the worlds of straight things, and a ball, which is to stay round."""
    plaster, stone = Waves((165, 160, 150), 30, 8, seed=21), Waves((205, 195, 175), 40, 10, seed=22)
    wood, cloth = Waves((150, 110, 70), 24, 12, seed=23), Waves((70, 85, 140), 26, 18, seed=24)
    floor = Sheet(3.0, Ruled(stone, 48.0, upright_only=True), below(30.0), dv=0.09)
    wall = Sheet(5.7, Ruled(plaster, 40.0))
    columns = [box(x, -200, x + 34, 110) for x in (-190.3, -60.6, 70.2, 180.7)]
    frame = union(box(-90.4, -120, -70.2, 200), box(70.4, -120, 90.6, 200), box(-90.4, -120, 90.6, -98.3))
    person = union(disc(30, -62, 19, 25), box(2.3, -40, 58.4, 62), box(5.2, 60, 27.1, 145), box(33.6, 60, 55.3, 145))
    ball = Ball(-120.2, 60.3, 14, 60, Waves((190, 100, 90), 30, seed=7))
    return (
        World("columns", (Sheet(13.0, Ruled(stone, 11.0, 1.5, upright_only=True), union(*columns)), floor, wall)),
        World(
            "door",
            (
                Sheet(16.4, Ruled(wood, 300.0), frame),
                Sheet(13.8, Ruled(plaster, 44.0), union(box(-250, -170, -90.4, 200), box(90.6, -170, 250, 200))),
                floor,
                wall,
            ),
        ),
        World(
            "facades",
            (
                Sheet(15.0, Ruled(plaster, 30.0), box(-250, -170, -20.2, 200), du=0.0),
                Sheet(4.0, Ruled(stone, 34.0), box(20.4, -170, 250, 200), du=0.045),
                Sheet(3.0, plaster),
            ),
        ),
        World("standing", (Sheet(15.3, cloth, person), floor, wall)),
        World("ball", (ball, wall)),
        *_thin_worlds(floor, wall),
        World("people", (*_people(), floor, wall)),
    )


def _thin_worlds(floor: Sheet, wall: Sheet) -> tuple[World, ...]:
    """Return worlds of thin things: a lamp post, a sign and a tripod; a bicycle before a wall."""
    iron, tin = Waves((60, 62, 70), 24, 8, seed=31), Waves((210, 205, 60), 26, 10, seed=32)
    black, red = Waves((50, 45, 45), 26, 8, seed=33), Waves((180, 50, 45), 24, 8, seed=34)
    lamp = union(bar(-170.3, -150, -170.3, 90, 7.0), bar(-170.3, -147, -120.2, -147, 4.0))
    sign = union(bar(120.4, -80, 120.4, 75, 5.0), bar(180.4, -80, 180.4, 75, 5.0), box(108.2, -100, 192.6, -60.4))
    legs = union(*(bar(-20.2, -20, x, 128, 5.0) for x in (-75.4, -14.6, 40.3)), box(-34.2, -38, -6.4, -18))
    tubes = ((-40.3, -20, 40.4, -26), (-37.2, -10, 22, 58), (44, -40, 22, 58), (40, -26, 90, 58))
    frame = union(
        *(bar(x0, y0, x1, y1, 6.0) for x0, y0, x1, y1 in tubes), bar(22, 58, 90, 58, 5.0), bar(-40.3, -30, -84, 58, 5.0)
    )
    wheels = union(ring(-84, 58, 46, 5.0), ring(90, 58, 46, 5.0))
    return (
        World("posts", (Sheet(16.0, black, legs), Sheet(12.2, iron, lamp), Sheet(10.4, tin, sign), floor, wall)),
        World("bicycle", (Sheet(13.0, red, frame), Sheet(12.8, black, wheels), floor, wall)),
    )


def _people() -> tuple[Sheet, ...]:
    """Return three people at different distances, the nearest first."""
    people = []
    for seed, (x, foot, d0, scale) in enumerate(((-150, 150, 16.4, 1.0), (30, 120, 13.6, 0.8), (160, 95, 11.4, 0.65))):
        parts = (
            disc(x, foot - 205 * scale, 18 * scale, 23 * scale),
            box(x - 27 * scale, foot - 184 * scale, x + 27 * scale, foot - 82 * scale),
            box(x - 24 * scale, foot - 84 * scale, x - 3 * scale, foot),
            box(x + 4 * scale, foot - 84 * scale, x + 25 * scale, foot),
        )
        people.append(Sheet(d0, Waves((90 + 40 * seed, 80, 130 - 30 * seed), 26, 18, seed=41 + seed), union(*parts)))
    return tuple(people)
