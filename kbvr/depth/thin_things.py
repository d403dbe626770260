"""Give thin straight things one smooth depth, and the parts of them that a network lost.

A network's depth wobbles along a pole, a leg or a tube, and where the background is strong, parts of it get the depth
of what is behind. The inverse depth of a straight thing is linear along it. So where a bar of the photo
(`kbvr.depth.bars`) stands out in the map, the map becomes linear along the bar; and where the photo shows that the bar
goes on although the map does not, the map is raised to that line. It is never lowered to what is behind.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64

from kbvr.depth.bar_readings import AT, HARDLY_BEHIND, ON_BAR, SAMPLES, Readings, behind_thin_things, read_along
from kbvr.depth.bars import Bars, bars_of
from kbvr.depth.drawn_bars import MIN_HALF_PX, WOBBLE, DrawnBar, with_bars
from kbvr.imaging.array_types import Picture, SmallPlane
from kbvr.imaging.resize import resized

BEYOND_SHARE = 0.03
"""How far beyond its end a bar may be joined to what holds it, as a share of the long side, besides its width."""

STANDS_OUT = 0.04
"""Height above the surroundings from which a point belongs to a bar, as a share of the map's range."""

STANDS_CLEAR = 0.12
"""Height from which a point counts fully."""

FROM_ALL, FROM_NEAREST = (np.inf, 4.0, 2.0, 1.0), (2.0, 1.0, 1.0)
"""Factors of the tolerance when outliers are first looked for: around a fit to all points (graduated non-convexity,
Blake and Zisserman 1987), and around the nearest points."""

UPRIGHT_LEAN = 0.06
"""Largest lean of an upright bar, columns per row; it has one depth."""

EVENNESS = 0.01
"""Weight of the rule that a bar has one depth, relative to that of its points."""

MIN_SEEN, MIN_SEEN_SHARE = 0.25, 0.03
"""How much of a bar the map must show: a share of the bar, and of the long side."""

MOSTLY = 0.5
"""Share of a bar that the map must show for the photo to show the rest."""

MIN_LEFT_SHARE = 0.015
"""How much of a bar that is held at both ends the map must show, as a share of the long side."""

MIN_HOLD = 0.25
"""How much nearer than what is beside a bar the thing that holds it is, as a share of the map's range."""

MAX_DIFFERENCE = 0.2
"""Largest difference between the ends of a bar of which only they are seen, as a share of the map's range."""

END_SHARE = 0.1
"""Share of a bar that counts as its end."""

MIN_SHOWN, SAME_COLOUR = 0.8, 1.0
"""Minimum share that the photo shows of a bar of which the map shows only the ends; largest change of its colour where
it is held, relative to its contrast."""

GAP_SAMPLES = 3
"""Number of points after which a bar ends."""


def with_thin_things(values: SmallPlane, rgb: Picture, spread: float) -> SmallPlane:
    """Return a map of inverse depth, with its range, in which thin straight things are straight and whole."""
    long_side_px = max(values.shape)
    bars = bars_of(rgb, long_side_px)
    if not len(bars):
        return values
    behind = behind_thin_things(values)
    readings = read_along(bars, values, behind, resized(rgb, (values.shape[1], values.shape[0])), spread)
    line, on_line = _fitted(bars, readings, spread)
    seen = on_line[ON_BAR].mean(axis=1)
    kept = (seen >= MIN_SEEN) & (seen * bars.length_px >= MIN_SEEN_SHARE * long_side_px)
    clear = readings.shown & _alike(readings, on_line)
    reach = _reach(on_line, clear)
    held, held_line, held_reach = _held_at_both_ends(bars, readings, spread, long_side_px)
    held &= ~kept
    line[held], reach[held] = held_line[held], held_reach[held]
    clear &= (_depth_at(line) > readings.nearer_side - HARDLY_BEHIND * spread) & (AT > 0) & (AT < 1)
    drawn = [
        DrawnBar(bars.ends[bar], max(bars.width_px[bar] / 2, MIN_HALF_PX), line[bar], reach[bar], clear[bar])
        for bar in np.flatnonzero(kept | held)
    ]
    return with_bars(drawn, values, spread)


def _fitted(
    bars: Bars, readings: Readings, spread: float
) -> tuple[Float64[np.ndarray, "N 2"], Bool[np.ndarray, "N S"]]:
    """Return the inverse depth of every bar at both ends, and the points that stand out and are on that line.

    Two fits are compared: one to all points, and one that starts from the depth of the nearest quarter of them, because
    what a network lost is farther.
    """
    along = np.abs(bars.ends[:, 1] - bars.ends[:, 0])
    upright = along[:, 0] <= UPRIGHT_LEAN * along[:, 1]
    values, height = readings.values[ON_BAR], readings.height[ON_BAR]
    weight = np.clip(height / (STANDS_CLEAR * spread), 0, 1) ** 2 + 1e-9
    standing = np.where(height > STANDS_OUT * spread, values, np.nan)
    starts = np.zeros(len(bars)), np.nan_to_num(_quantile(standing, 0.75))
    lines, counts = [], []
    for start, factors in zip(starts, (FROM_ALL, FROM_NEAREST), strict=True):
        line = _robust(weight, values, upright, start, [factor * WOBBLE * spread for factor in factors])
        lines.append(line)
        counts.append(_on_line(line, readings, spread)[ON_BAR].sum(axis=1))
    line = np.where((counts[1] > counts[0])[:, None], lines[1], lines[0])
    return line, _on_line(line, readings, spread)


def _on_line(line: Float64[np.ndarray, "N 2"], readings: Readings, spread: float) -> Bool[np.ndarray, "N S"]:
    """Return the points that stand out of what surrounds them, and have the depth of their bar."""
    return (readings.height > STANDS_OUT * spread) & (np.abs(readings.values - _depth_at(line)) < WOBBLE * spread)


def _depth_at(line: Float64[np.ndarray, "N 2"]) -> Float64[np.ndarray, "N S"]:
    """Return the inverse depth of bars at all points."""
    return np.asarray(line[:, :1] + (line[:, 1:] - line[:, :1]) * AT)


def _robust(
    weight: Float64[np.ndarray, "N S"],
    values: Float64[np.ndarray, "N S"],
    upright: Bool[np.ndarray, "N"],
    start: Float64[np.ndarray, "N"],
    tolerances: list[float],
) -> Float64[np.ndarray, "N 2"]:
    """Return the inverse depth at both ends of the line through each bar's points, without outliers.

    Outliers are looked for with each tolerance in turn, first around a level to start from.
    """
    position = 2 * AT[SAMPLES : 2 * SAMPLES] - 1
    off = values - start[:, None]
    for tolerance in tolerances:
        trust = (1 + (off / tolerance) ** 2) ** -2.0
        level, slope = _line(weight * trust, position, values, upright)
        off = values - (level + slope * position)
    return np.concatenate([level - slope, level + slope], axis=1)


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
    bars: Bars, readings: Readings, spread: float, long_side_px: int
) -> tuple[Bool[np.ndarray, "N"], Float64[np.ndarray, "N 2"], Float64[np.ndarray, "N 2"]]:
    """Return which bars are held by near things at both ends, their inverse depth at both ends, and their reach.

    Most of such a bar may be lost in the background. That it is one with the things, rather than behind them, is known
    from its colour, which goes on, and from what is left of it in the map.
    """
    length_px = bars.length_px
    beyond = (bars.width_px + BEYOND_SHARE * long_side_px) / np.maximum(length_px, 1e-9)
    standing = (readings.height[ON_BAR] > STANDS_OUT * spread).mean(axis=1)
    held = (readings.shown[ON_BAR].mean(axis=1) >= MIN_SHOWN) & (standing * length_px >= MIN_LEFT_SHARE * long_side_px)
    near, reach = np.empty((2, len(bars), 2))
    rows = np.arange(len(bars))
    for end, past in enumerate((-AT, AT - 1)):
        outside = (past > 0) & (past <= np.maximum(beyond, 1 / SAMPLES)[:, None])
        inside = np.broadcast_to((past < 0) & (past > -END_SHARE), outside.shape)
        there = np.where(outside | inside, readings.values, -np.inf)
        nearest = there.argmax(axis=1)
        near[:, end], reach[:, end] = there[rows, nearest], AT[nearest]
        change = np.abs(readings.colours[rows, nearest] - _mean(readings.colours, inside[..., None])).max(axis=1)
        held &= change < SAME_COLOUR * _mean(readings.contrast, inside)
        held &= near[:, end] - _mean(readings.farther_side, inside) > MIN_HOLD * spread
    held &= np.ptp(near, axis=1) < MAX_DIFFERENCE * spread
    slope = (near[:, 1] - near[:, 0]) / (reach[:, 1] - reach[:, 0])
    level = near[:, 0] - slope * reach[:, 0]
    return held, np.stack([level, level + slope], axis=1), np.stack([reach.min(axis=1), reach.max(axis=1)], axis=1)


def _mean(values: Float64[np.ndarray, "N S *C"], where: Bool[np.ndarray, "N S *D"]) -> Float64[np.ndarray, "N *C"]:
    return np.asarray((values * where).sum(axis=1) / where.sum(axis=1))


def _alike(readings: Readings, on_line: Bool[np.ndarray, "N S"]) -> Bool[np.ndarray, "N S"]:
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


def _walk(goes_on: Bool[np.ndarray, "S"], start: int, step: int) -> int:
    """Return the last point of a bar in one direction."""
    last = at = start
    while 0 <= at + step < len(goes_on) and abs(at + step - last) <= GAP_SAMPLES:
        at += step
        if goes_on[at]:
            last = at
    return last
