"""Camera paths from a JSON file of keyframes.

    {"keyframes": [{"time_s": 0}, {"time_s": 2, "x_m": 0.1, "yaw_deg": -3}, {"time_s": 4, "z_m": 0.4, "zoom": 1.1}]}

Between keyframes every value follows a monotone cubic (Fritsch and Carlson, "Monotone piecewise cubic interpolation",
1980), at rest at both ends of the path: it never leaves the range of the two neighbouring keyframes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from kbvr.errors import InputError
from kbvr.motion.move import Move
from kbvr.system.input_file import read_small_file

RANGES = {
    "x_m": (-100.0, 100.0),
    "y_m": (-100.0, 100.0),
    "z_m": (-100.0, 100.0),
    "yaw_deg": (-30.0, 30.0),
    "pitch_deg": (-30.0, 30.0),
    "zoom": (0.7, 20.0),
}
"""The values of a keyframe, each with its minimum and maximum."""

MAX_KEYFRAMES = 1000
MAX_FILE_BYTES = 1_000_000


@dataclass(frozen=True, eq=False)
class Keyframes:
    """Times, and the values named in RANGES at each time."""

    times_s: Float64[np.ndarray, "K"]
    values: Float64[np.ndarray, "K 6"]

    @property
    def seconds(self) -> float:
        """Duration of the path."""
        return float(self.times_s[-1])

    @property
    def is_closed(self) -> bool:
        """Whether the path ends where it starts."""
        return bool(np.allclose(self.values[0], self.values[-1]))

    def at(self, share: float) -> Move:
        """Return the move at a share (0 to 1) of the duration."""
        time_s = min(max(share, 0.0), 1.0) * self.seconds
        index = int(np.clip(np.searchsorted(self.times_s, time_s, side="right") - 1, 0, len(self.times_s) - 2))
        step_s = self.times_s[index + 1] - self.times_s[index]
        t = (time_s - self.times_s[index]) / step_s
        before, after = self.values[index], self.values[index + 1]
        slope_before, slope_after = self._slopes[index] * step_s, self._slopes[index + 1] * step_s
        values = (
            (1 + 2 * t) * (1 - t) ** 2 * before
            + t * (1 - t) ** 2 * slope_before
            + t**2 * (3 - 2 * t) * after
            - t**2 * (1 - t) * slope_after
        )
        return Move(**dict(zip(RANGES, values.tolist(), strict=True)))

    @cached_property
    def _slopes(self) -> Float64[np.ndarray, "K 6"]:
        """The slope of each value at each keyframe: the harmonic mean of the adjacent slopes, 0 at turning points."""
        step_s = np.diff(self.times_s)[:, None]
        rise = np.diff(self.values, axis=0) / step_s
        slopes = np.zeros_like(self.values)
        left, right = rise[:-1], rise[1:]
        weight = (2 * step_s[1:] + step_s[:-1], step_s[1:] + 2 * step_s[:-1])
        same = left * right > 0
        safe_left, safe_right = np.where(same, left, 1.0), np.where(same, right, 1.0)
        mean = (weight[0] + weight[1]) / (weight[0] / safe_left + weight[1] / safe_right)
        slopes[1:-1] = np.where(same, mean, 0.0)
        return slopes


def load_keyframes(path: Path) -> Keyframes:
    """Read keyframes from a JSON file.

    Raises:
        InputError: if the file cannot be read, or does not contain keyframes with rising times and values within
            RANGES.
    """
    text = read_small_file(path, "a keyframes file", MAX_FILE_BYTES)
    try:
        content = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"expected keyframes as JSON, got {path}: {error}") from error
    rows = content.get("keyframes") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not 2 <= len(rows) <= MAX_KEYFRAMES:
        raise InputError(f'expected {{"keyframes": [...]}} with 2 to {MAX_KEYFRAMES} keyframes, got {path}')
    checked = [_checked(row, index, path) for index, row in enumerate(rows)]
    times_s = np.array([row[0] for row in checked])
    if times_s[0] != 0 or not (np.diff(times_s) > 0).all():
        raise InputError(f"the times of keyframes must start at 0 and rise, got {path}")
    return Keyframes(times_s, np.array([row[1] for row in checked]))


def _checked(row: Any, index: int, path: Path) -> tuple[float, list[float]]:
    """Return the time of a keyframe and its values; missing ones are those of a camera at rest."""
    place = f"keyframe {index} of {path}"
    if not isinstance(row, dict) or "time_s" not in row or set(row) - {"time_s", *RANGES}:
        raise InputError(f"expected a keyframe with time_s and some of {', '.join(RANGES)}, got {place}")
    for name, value in row.items():
        low, high = RANGES.get(name, (0.0, 600.0))
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and low <= value <= high):  # also rejects NaN, and is exact for integers of any size
            raise InputError(f"{name} must be a number from {low:g} to {high:g}, got {value!r} in {place}")
    rest = Move()
    return float(row["time_s"]), [float(row.get(name, getattr(rest, name))) for name in RANGES]
