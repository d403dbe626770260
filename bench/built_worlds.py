"""Drawn worlds of straight things: columns, a door frame, a street of facades, a person before a tiled wall.

Units are those of `bench.worlds`: outlines in photo pixels relative to the principal point, of a photo of SIZE_PX.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.tracer import Ball, Sheet, Values, Waves, World
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
    )
