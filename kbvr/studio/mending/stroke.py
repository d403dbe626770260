"""Brush strokes on a depth map."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float, Float32, Float64

from kbvr.errors import InputError
from kbvr.imaging.array_types import Mask, Plane, SmallPlane
from kbvr.studio.mending.box import Box
from kbvr.studio.mending.filters import sharpened, smoothed
from kbvr.studio.mending.guide import Guide, connected_likeness, main_tone
from kbvr.studio.mending.scale import Scale

Tool = Literal["nearer", "farther", "flatten", "smooth", "sharpen", "infinity"]
TOOLS: tuple[Tool, ...] = get_args(Tool)

MAX_RADIUS_SHARE = 0.25
"""Largest radius, as a share of the long side."""

SPACING = 0.3
"""Distance of two dabs of a brush, in radii."""

MIN_PRESSURE = 0.15
"""Share of the size that the lightest touch of a pen keeps."""

FULL_STROKE_SHARE = 0.35
"""How far one stroke of full strength moves things nearer or farther, as a share of the map's range."""

REACH_SHARE = 0.01
"""How far `sharpen` moves a step at most, as a share of the long side."""

Points = Float[np.ndarray, "N 3"]
"""x and y in pixels, and the pressure of the pen, 0 to 1."""


@dataclass(frozen=True)
class Brush:
    """A tool and its settings."""

    tool: Tool
    radius_px: float
    strength: float = 0.5
    """0 to 1."""

    hardness: float = 0.5
    """Share of the radius at which the brush begins to fade, 0 to 1."""

    follows_edges: bool = True
    """Whether it stays on the surface, as the photo shows it, on which each dab lies."""

    def __post_init__(self) -> None:
        """Check the settings."""
        for name, value in (("strength", self.strength), ("hardness", self.hardness)):
            if not 0 <= value <= 1:
                raise InputError(f"expected a {name} of 0 to 1, got {value}")
        if not 0 < self.radius_px < 1e5:
            raise InputError(f"expected a brush radius > 0, got {self.radius_px}")


class Stroke:
    """A stroke that grows while somebody draws it.

    What it has done so far does not depend on how its points were cut into pieces: every pixel has the strongest of all
    dabs on it, and its new value follows from that and from the map before the stroke.
    """

    def __init__(self, before: Plane, guide: Guide, brush: Brush, protected: Mask, scale: Scale) -> None:
        """Begin a stroke on a map, whose protected pixels stay as they are."""
        self.before, self.after = before, before.copy()
        self._guide, self._brush, self._protected, self._scale = guide, brush, protected, scale
        self._cover = np.zeros(before.shape, np.float32)
        self._last: Float64[np.ndarray, "3"] | None = None
        self._target = 0.0
        self.box = Box(0, 0, 0, 0)
        """Everything that has changed so far."""

    def extend(self, points: Points) -> Box:
        """Draw on through further points, and return the box of the pixels that may have changed."""
        box = Box(0, 0, 0, 0)
        for x, y, pressure in self._dabs(points).tolist():
            box = box.joined(self._dab(x, y, pressure))
        if not box.is_empty:
            self.after[box.slices] = self._painted(box)
            self.box = self.box.joined(box)
        return box

    def _dabs(self, points: Points) -> Float64[np.ndarray, "dabs 3"]:
        """Return where to dab on the way through some points: at even distances along the line."""
        given = np.asarray(points, np.float64)
        if self._last is None and len(given):
            self._target = self._depth_at(float(given[0, 0]), float(given[0, 1]))
            dabs = [given[:1]]
            self._last = given[0]
        else:
            dabs = []
        spacing = max(1.0, SPACING * self._brush.radius_px)
        for point in given:
            assert self._last is not None
            distance = float(np.hypot(*(point - self._last)[:2]))
            count = int(distance / spacing)
            if count:
                shares = (np.arange(1, count + 1) * (spacing / distance))[:, None]
                dabs.append(self._last + shares * (point - self._last))
                self._last = dabs[-1][-1]
        return np.concatenate(dabs) if dabs else np.zeros((0, 3))

    def _depth_at(self, x: float, y: float) -> float:
        around = Box.around(x, y, 2).within(self.before.shape)
        return 0.0 if around.is_empty else float(np.median(self.before[around.slices]))

    def _dab(self, x: float, y: float, pressure: float) -> Box:
        """Note one dab in the cover, and return its box."""
        radius_px = self._brush.radius_px * (MIN_PRESSURE + (1 - MIN_PRESSURE) * float(np.clip(pressure, 0, 1)))
        disc = _disc(max(1, round(radius_px)), round(self._brush.hardness, 2))
        reach, column, row = disc.shape[0] // 2, int(np.floor(x)), int(np.floor(y))
        whole = Box(column - reach, row - reach, column + reach + 1, row + reach + 1)
        box = whole.within(self.before.shape)
        if box.is_empty:
            return box
        weight = disc[box.inside(whole).slices]
        is_inside = 0 <= column < self.before.shape[1] and 0 <= row < self.before.shape[0]
        if self._brush.follows_edges and is_inside and self._brush.tool != "sharpen":  # which needs both sides
            seed = (column - box.left, row - box.top)
            colours = np.ascontiguousarray(self._guide.colours[box.slices])
            weight = weight * connected_likeness(colours, seed, weight > 0)
        np.maximum(self._cover[box.slices], weight, out=self._cover[box.slices])
        return box

    def _painted(self, box: Box) -> Plane:
        """Return the new values of a box."""
        old, cover = self.before[box.slices], self._cover[box.slices]
        new = _with_tool(self.before, self._guide, self._brush, self._target, self._scale, box, cover)
        return np.where(self._protected[box.slices] | (cover == 0), old, new)


def _with_tool(
    before: Plane, guide: Guide, brush: Brush, target: float, scale: Scale, box: Box, cover: SmallPlane
) -> SmallPlane:
    """Return the new values of a box, of which `cover` says how much the stroke lies on each pixel."""
    old = before[box.slices]
    share = cover * np.float32(brush.strength)
    if brush.tool in ("nearer", "farther"):
        sign = 1 if brush.tool == "nearer" else -1
        return np.clip(old + share * np.float32(sign * FULL_STROKE_SHARE * scale.spread), 0, scale.highest)
    if brush.tool == "infinity":
        return np.where(cover >= 0.5, np.float32(0), old)
    if brush.tool == "flatten":
        return old + share * (np.float32(target) - old)
    is_smooth = brush.tool == "smooth"
    reach_px = max(2, round(brush.radius_px / 3 if is_smooth else REACH_SHARE * max(before.shape)))
    outer = box.padded(2 * reach_px, before.shape)
    values, tone = before[outer.slices], main_tone(guide.colours[outer.slices])
    if is_smooth:
        new = smoothed(values, tone, radius_px=reach_px)
    else:
        share = np.minimum(2 * share, 1)  # what is half sharp would be a ramp
        new = sharpened(values, tone, reach_px=reach_px, spread=scale.spread)
    return np.asarray(old + share * (new[box.inside(outer).slices] - old), np.float32)


@lru_cache(maxsize=32)
def _disc(radius_px: int, hardness: float) -> Float32[np.ndarray, "d d"]:
    """Return the weight of a dab: 1 inside, fading to 0 at the radius."""
    y, x = np.mgrid[-radius_px : radius_px + 1, -radius_px : radius_px + 1].astype(np.float32)
    away = np.clip((1 - np.hypot(x, y) / (radius_px + 0.5)) / max(1 - hardness, 1e-3), 0, 1)
    disc: Float32[np.ndarray, "d d"] = (away * away * (3 - 2 * away)).astype(np.float32)
    disc.flags.writeable = False
    return disc
