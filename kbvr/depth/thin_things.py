"""Give thin straight things one smooth depth, and the parts of them that a network lost.

A network's depth wobbles along a pole, a leg or a tube, and where the background is strong, parts of it get the depth
of what is behind. The inverse depth of a straight thing is linear along it. So where a bar of the photo
(`kbvr.depth.bars`) stands out in the map, the map becomes linear along the bar; and where the photo shows that the bar
goes on although the map does not, the map is raised to that line. It is never lowered to what is behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float64, Int

from kbvr.depth.bars import Bars, bars_of
from kbvr.depth.bilateral_grid import read_at
from kbvr.imaging.array_types import Picture, Plane, SmallPlane
from kbvr.imaging.resize import resized

SAMPLES = 24
"""Number of points along a bar; as many are read beyond each of its ends."""

THIN_SHARE = 1 / 40
"""Half the width of the widest thin thing, as a share of the long side."""

SIDE_SHARE = 0.012
"""Distance from a bar at which its surroundings are read, as a share of the long side."""

BEYOND_SHARE = 0.03
"""How far beyond its end a bar may be joined to what holds it, as a share of the long side, besides its width."""

BESIDE_PX = 1.5
"""Distance from a bar at which the colours of its surroundings are read, in pixels of the map."""

INSIDE_SHARE, INSIDE_PX = 0.7, 0.8
"""How far from its middle line a bar is looked for in the map, as a share of half its width, at most so many pixels."""

STANDS_OUT = 0.04
"""Height above the surroundings from which a point belongs to a bar, as a share of the map's range."""

STANDS_CLEAR = 0.12
"""Height from which a point counts fully."""

HARDLY_BEHIND = 0.02
"""What is between two bars may be as near as they are in the map, up to this share of its range."""

WOBBLE = 0.08
"""Deviation from a line that is still wobble, as a share of the map's range: thin things wobble more than surfaces."""

UPRIGHT_LEAN = 0.06
"""Largest lean of an upright bar, columns per row; it has one depth."""

EVENNESS = 0.05
"""Weight of the rule that a bar has one depth, relative to that of its points."""

MIN_SEEN, MIN_SEEN_SHARE = 0.25, 0.03
"""How much of a bar the map must show: a share of the bar, and of the long side."""

MOSTLY = 0.5
"""Share of a bar that the map must show for the photo to show the rest."""

MAX_DIFFERENCE = 0.2
"""Largest difference between the ends of a bar of which only they are seen, as a share of the map's range."""

END_SHARE = 0.1
"""Share of a bar that counts as its end."""

MIN_SHOWN, SAME_COLOUR = 0.8, 1.0
"""Minimum share that the photo shows of a bar of which the map shows only the ends; largest change of its colour where
it is held, relative to its contrast."""

MIN_HALF_PX = 0.6
"""Half the width of the thinnest bar that is drawn, in pixels of the map."""

AROUND_SHARE = 0.007
"""How far beside a bar a map may still show it, as a share of the long side."""

OTHER_COLOUR = 8.0
"""Distance between the colours of a bar and of its surroundings, of 255, where the photo shows the bar."""


@dataclass(frozen=True, eq=False)
class _Readings:
    """What the map and the photo show along bars, before, between and beyond their ends."""

    values: Float64[np.ndarray, "N S"]
    """The map, at the nearest point across the bar."""

    nearer_side: Float64[np.ndarray, "N S"]
    farther_side: Float64[np.ndarray, "N S"]
    """The map beside the bar."""

    height: Float64[np.ndarray, "N S"]
    """How much nearer the bar is than its surroundings."""

    colours: Float64[np.ndarray, "N S 3"]
    contrast: Float64[np.ndarray, "N S"]
    """Difference to the colour on the side that is more alike, 0 to 255."""

    @property
    def shown(self) -> Bool[np.ndarray, "N S"]:
        """Whether the photo shows the bar."""
        return self.contrast > OTHER_COLOUR


@dataclass(frozen=True, eq=False)
class _Bar:
    """A bar to draw."""

    ends: Float64[np.ndarray, "2 2"]
    half_px: float
    line: Float64[np.ndarray, "2"]
    """Inverse depth at both ends."""

    reach: Float64[np.ndarray, "2"]
    """Where it starts and ends, in its lengths."""

    clear: Bool[np.ndarray, "S"]
    """The points at which the photo shows it in its own colour, before what is around it."""

    def places(
        self, x: Int[np.ndarray, "W"], y: Int[np.ndarray, "H 1"]
    ) -> tuple[Float64[np.ndarray, "H W"], Float64[np.ndarray, "H W"]]:
        """Return the positions of pixels along the bar, in its lengths, and their distances from its middle line."""
        along = self.ends[1] - self.ends[0]
        right, down = x - self.ends[0, 0], y - self.ends[0, 1]
        length_2 = float(along @ along)
        off_px = np.abs(down * along[0] - right * along[1]) / np.sqrt(length_2)
        return (right * along[0] + down * along[1]) / length_2, off_px

    def depth(self, share: Float64[np.ndarray, "H W"]) -> SmallPlane:
        """Return the inverse depth at positions."""
        return (self.line[0] + (self.line[1] - self.line[0]) * share).astype(np.float32)

    def is_clear(self, share: Float64[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
        """Return whether the photo shows the bar at positions."""
        return self.clear[np.clip(((share + 1) * SAMPLES).astype(int), 0, len(self.clear) - 1)]


AT = np.arange(-SAMPLES, 2 * SAMPLES) / SAMPLES + 0.5 / SAMPLES
"""Positions of the points, in lengths of the bar."""

ON_BAR = np.s_[:, SAMPLES : 2 * SAMPLES]


def with_thin_things(values: SmallPlane, rgb: Picture, spread: float) -> SmallPlane:
    """Return a map of inverse depth, with its range, in which thin straight things are straight and whole."""
    long_side_px = max(values.shape)
    bars = bars_of(rgb, long_side_px)
    if not len(bars):
        return values
    behind = behind_thin_things(values)
    readings = _read(bars, values, behind, resized(rgb, (values.shape[1], values.shape[0])), spread)
    line, on_line = _fitted(bars, readings, spread)
    seen = on_line[ON_BAR].mean(axis=1)
    length_px = np.linalg.norm(bars.ends[:, 1] - bars.ends[:, 0], axis=1)
    kept = (seen >= MIN_SEEN) & (seen * length_px >= MIN_SEEN_SHARE * long_side_px)
    clear = readings.shown & _alike(readings, on_line)
    reach = _reach(on_line, clear)
    held, held_line, held_reach = _held_at_both_ends(bars, readings, spread, long_side_px)
    held &= ~kept
    line[held], reach[held] = held_line[held], held_reach[held]
    depth = line[:, :1] + (line[:, 1:] - line[:, :1]) * AT
    clear &= (depth > readings.nearer_side - HARDLY_BEHIND * spread) & (AT > 0) & (AT < 1)
    drawn = [
        _Bar(bars.ends[bar], max(bars.width_px[bar] / 2, MIN_HALF_PX), line[bar], reach[bar], clear[bar])
        for bar in np.flatnonzero(kept | held)
    ]
    return _drawn(drawn, values, spread)


def behind_thin_things(values: Plane) -> Plane:
    """Return a map without what is thin and near in it."""
    reach = max(1, round(THIN_SHARE * max(values.shape)))
    return np.asarray(cv2.morphologyEx(values, cv2.MORPH_OPEN, np.ones((2 * reach + 1,) * 2, np.uint8)))


def _read(bars: Bars, values: SmallPlane, behind: SmallPlane, rgb: Picture, spread: float) -> _Readings:
    """Read a map, and a photo of its size, along bars."""
    start, along = bars.ends[:, :1], bars.ends[:, 1:] - bars.ends[:, :1]
    points = start + along * AT[:, None]
    across = np.stack([-along[..., 1], along[..., 0]], axis=2) / np.linalg.norm(along, axis=2, keepdims=True)
    half_px = np.maximum(bars.width_px / 2, 0.5)[:, None, None]
    inner, outer = across * half_px, across * (half_px + SIDE_SHARE * max(values.shape))
    close = across * np.minimum(INSIDE_SHARE * half_px, INSIDE_PX)
    on_bar, hind = (np.max([_at(of, points + side * close) for side in (-1, 0, 1)], axis=0) for of in (values, behind))
    sides = [_at(values, points + sign * outer) for sign in (-1, 1)]
    over_behind = on_bar - hind + HARDLY_BEHIND * spread
    over_sides = on_bar - (sides[0] + sides[1]) / 2
    nearer_side = np.maximum(*sides)
    is_front = on_bar > nearer_side - HARDLY_BEHIND * spread
    height = np.where(is_front, np.minimum(over_behind, over_sides), 0)
    beside = inner + BESIDE_PX * across
    picture = [_colours(rgb, points + offset) for offset in (-beside, 0 * beside, beside)]
    differences = [np.abs(picture[1] - side).max(axis=2) for side in (picture[0], picture[2])]
    return _Readings(on_bar, nearer_side, np.minimum(*sides), height, picture[1], np.minimum(*differences))


def _at(values: Plane, points: Float64[np.ndarray, "N S 2"]) -> Float64[np.ndarray, "N S"]:
    return read_at(values, *np.moveaxis(points, 2, 0)).astype(np.float64)


def _colours(rgb: Picture, points: Float64[np.ndarray, "N S 2"]) -> Float64[np.ndarray, "N S 3"]:
    x, y = np.moveaxis(points, 2, 0).astype(np.float32)
    return cv2.remap(rgb, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float64)


def _fitted(
    bars: Bars, readings: _Readings, spread: float
) -> tuple[Float64[np.ndarray, "N 2"], Bool[np.ndarray, "N S"]]:
    """Return the inverse depth of every bar at both ends, and the points that stand out and are on that line.

    Two fits are compared: one to all points, and one that starts from the depth of the nearest quarter of them, because
    what a network lost is farther.
    """
    along = np.abs(bars.ends[:, 1] - bars.ends[:, 0])
    upright = along[:, 0] <= UPRIGHT_LEAN * along[:, 1]
    position = 2 * AT - 1
    tolerance = WOBBLE * spread
    values, height = readings.values[ON_BAR], readings.height[ON_BAR]
    weight = np.clip(height / (STANDS_CLEAR * spread), 0, 1) ** 2 + 1e-9
    standing = np.where(height > STANDS_OUT * spread, values, np.nan)
    nearest = np.nan_to_num(_quantile(standing, 0.75))[:, None]
    best: tuple[np.ndarray, np.ndarray] | None = None
    for start, factors in ((None, (4.0, 2.0, 1.0, 1.0)), (nearest, (1.0, 1.0, 1.0))):
        trust = np.ones_like(values) if start is None else (1 + ((values - start) / (2 * tolerance)) ** 2) ** -2.0
        for factor in factors:
            level, slope = _line(weight * trust, position[SAMPLES : 2 * SAMPLES], values, upright)
            off = values - (level + slope * position[SAMPLES : 2 * SAMPLES])
            trust = (1 + (off / (factor * tolerance)) ** 2) ** -2.0
        off = readings.values - (level + slope * position)
        on_line = (readings.height > STANDS_OUT * spread) & (np.abs(off) < tolerance)
        line = np.concatenate([level - slope, level + slope], axis=1)
        if best is None:
            best = line, on_line
        else:
            better = on_line[ON_BAR].sum(axis=1) > best[1][ON_BAR].sum(axis=1)
            best = np.where(better[:, None], line, best[0]), np.where(better[:, None], on_line, best[1])
    assert best is not None
    return best


def _quantile(values: Float64[np.ndarray, "N S"], share: float) -> Float64[np.ndarray, "N"]:
    """Return a quantile of every row's numbers; NaN for a row without any."""
    order = np.sort(values, axis=1)
    count = np.isfinite(values).sum(axis=1)
    return order[np.arange(len(order)), np.maximum(np.ceil(share * count).astype(int) - 1, 0)]


def _line(
    weight: Float64[np.ndarray, "N S"],
    position: Float64[np.ndarray, "S"],
    values: Float64[np.ndarray, "N S"],
    upright: Bool[np.ndarray, "N"],
) -> tuple[Float64[np.ndarray, "N 1"], Float64[np.ndarray, "N 1"]]:
    """Return the level and the slope of the line that fits every row best; upright rows have no slope."""
    total = weight.sum(axis=1)
    middle = (weight * position).sum(axis=1) / total
    level = (weight * values).sum(axis=1) / total
    away = position - middle[:, None]
    spread = (weight * away**2).sum(axis=1) + EVENNESS * total
    slope = np.where(upright, 0, (weight * away * (values - level[:, None])).sum(axis=1) / spread)
    return (level - slope * middle)[:, None], slope[:, None]


def _held_at_both_ends(
    bars: Bars, readings: _Readings, spread: float, long_side_px: int
) -> tuple[Bool[np.ndarray, "N"], Float64[np.ndarray, "N 2"], Float64[np.ndarray, "N 2"]]:
    """Return which bars are held by near things at both ends, their inverse depth at both ends, and their reach.

    Most of such a bar may be lost in the background. That it is one with the things, rather than behind them, is known
    from its colour, which goes on, and from what is left of it in the map.
    """
    length_px = np.linalg.norm(bars.ends[:, 1] - bars.ends[:, 0], axis=1)
    beyond = (bars.width_px + BEYOND_SHARE * long_side_px) / np.maximum(length_px, 1e-9)
    far = np.median(readings.values[ON_BAR], axis=1)
    standing = (readings.height[ON_BAR] > STANDS_OUT * spread).mean(axis=1)
    held = (readings.shown[ON_BAR].mean(axis=1) >= MIN_SHOWN) & (standing * length_px >= MIN_SEEN_SHARE * long_side_px)
    near, reach = np.empty((2, len(far), 2))
    rows = np.arange(len(far))
    for end, past in enumerate((-AT, AT - 1)):
        outside = (past > 0) & (past <= np.maximum(beyond, 1 / SAMPLES)[:, None])
        inside = np.broadcast_to((past < 0) & (past > -END_SHARE), outside.shape)
        there = np.where(outside | inside, readings.values, -np.inf)
        nearest = there.argmax(axis=1)
        near[:, end], reach[:, end] = there[rows, nearest], AT[nearest]
        change = np.abs(readings.colours[rows, nearest] - _mean(readings.colours, inside[..., None])).max(axis=1)
        held &= change < SAME_COLOUR * _mean(readings.contrast, inside)
        held &= near[:, end] - readings.farther_side[rows, nearest] > STANDS_CLEAR * spread
    held &= (near - far[:, None] > STANDS_CLEAR * spread).all(axis=1)
    held &= np.ptp(near, axis=1) < MAX_DIFFERENCE * spread
    slope = (near[:, 1] - near[:, 0]) / (reach[:, 1] - reach[:, 0])
    level = near[:, 0] - slope * reach[:, 0]
    return held, np.stack([level, level + slope], axis=1), np.stack([reach.min(axis=1), reach.max(axis=1)], axis=1)


def _mean(values: Float64[np.ndarray, "N S *C"], where: Bool[np.ndarray, "N S *D"]) -> Float64[np.ndarray, "N *C"]:
    return np.asarray((values * where).sum(axis=1) / where.sum(axis=1))


def _alike(readings: _Readings, on_line: Bool[np.ndarray, "N S"]) -> Bool[np.ndarray, "N S"]:
    """Return which points have the colour of a bar, which is that of the points that the map shows."""
    seen = on_line[ON_BAR] & readings.shown[ON_BAR]
    count = np.maximum(seen.sum(axis=1), 1)[:, None]
    colour = (readings.colours[ON_BAR] * seen[..., None]).sum(axis=1) / count
    contrast = (readings.contrast[ON_BAR] * seen).sum(axis=1, keepdims=True) / count
    return np.abs(readings.colours - colour[:, None]).max(axis=2) < SAME_COLOUR * contrast


def _reach(on_line: Bool[np.ndarray, "N S"], clear: Bool[np.ndarray, "N S"]) -> Float64[np.ndarray, "N 2"]:
    """Return where every bar starts and ends, in its lengths.

    It goes on from what the map shows while the map or the photo shows it, with short gaps. Beyond its ends in the
    photo, and for a bar of which the map shows less than half, only the map counts.
    """
    on_bar = np.zeros_like(clear)
    on_bar[ON_BAR] = True
    is_mostly_seen = on_line[ON_BAR].mean(axis=1, keepdims=True) >= MOSTLY
    goes_on = on_line | (clear & on_bar & is_mostly_seen)
    reach = np.empty((len(on_line), 2))
    for row, (here, there) in enumerate(zip(on_line & on_bar, goes_on, strict=True)):
        first = int(here.argmax())
        last = len(here) - 1 - int(here[::-1].argmax())
        reach[row] = AT[_walk(there, first, -1)], AT[_walk(there, last, 1)]
    return reach + np.array([-0.5, 0.5]) / SAMPLES


GAP_SAMPLES = 3
"""Number of points after which a bar ends."""


def _walk(goes_on: Bool[np.ndarray, "S"], start: int, step: int) -> int:
    """Return the last point of a bar in one direction."""
    last = at = start
    while 0 <= at + step < len(goes_on) and abs(at + step - last) <= GAP_SAMPLES:
        at += step
        if goes_on[at]:
            last = at
    return last


def _drawn(bars: Sequence[_Bar], values: SmallPlane, spread: float) -> SmallPlane:
    """Return a map with bars drawn into it, except where something nearer is in front of them.

    The map shows a thin thing wider than it is; what it shows beside a bar is no nearer than the bar.
    """
    drawn = values.copy()
    around_px = AROUND_SHARE * max(values.shape)
    for bar in bars:
        corners = bar.ends[0] + (bar.ends[1] - bar.ends[0]) * bar.reach[:, None]
        low = np.maximum(np.floor(corners.min(axis=0) - bar.half_px - around_px).astype(int), 0)
        high = np.maximum(np.ceil(corners.max(axis=0) + bar.half_px + around_px).astype(int) + 1, low)
        box = np.s_[low[1] : high[1], low[0] : high[0]]
        own, into = values[box], drawn[box]
        share, off_px = bar.places(low[0] + np.arange(own.shape[1]), low[1] + np.arange(own.shape[0])[:, None])
        depth = bar.depth(share)
        along = (share >= bar.reach[0]) & (share <= bar.reach[1])
        inside = along & (off_px <= bar.half_px)
        of_bar = inside & (bar.is_clear(share) | (own < depth + WOBBLE * spread))
        into[of_bar] = np.where(into == own, depth, np.maximum(into, depth))[of_bar]
        beside = along & ~inside & (off_px <= bar.half_px + around_px) & (own < depth + 2 * WOBBLE * spread)
        into[beside & (into == own)] = np.minimum(own, depth)[beside & (into == own)]
    return drawn
