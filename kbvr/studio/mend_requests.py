"""What pages ask an editor to do, read from JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from math import isfinite
from typing import Any

import numpy as np
from jaxtyping import Float64

from kbvr.imaging.array_types import Plane
from kbvr.studio.mending.regions import ACTIONS, Action
from kbvr.studio.mending.selecting import Point
from kbvr.studio.mending.selection import HOWS, Selection
from kbvr.studio.mending.stroke import TOOLS, Brush
from kbvr.studio.request_error import RequestError

MAX_POINTS = 4096
FARTHEST_PX = 1e5
"""Points farther from the picture than this are no places in it."""

MAX_NAME = 64


def brush_of(content: dict[str, Any]) -> Brush:
    """Return a brush."""
    tool: Any = choice_of(content, "tool", TOOLS)
    return Brush(
        tool,
        number_of(content, "radius_px"),
        number_of(content, "strength", 0.5),
        number_of(content, "hardness", 0.5),
        flag_of(content, "follows_edges", default=True),
    )


def action_of(content: dict[str, Any]) -> Action:
    """Return an action on the selection."""
    kind: Any = choice_of(content, "action", ACTIONS)
    outline: Any = choice_of({"outline": "sharp", **content}, "outline", ("sharp", "soft"))
    return Action(kind, number_of(content, "factor", 1.0), number_of(content, "relief", 0.5), outline)


def selecting_of(content: dict[str, Any]) -> Callable[[Selection, Plane], None]:
    """Return how the selection changes."""
    how: Any = choice_of({"how": "new", **content}, "how", HOWS)
    if "click" in content:
        at = _place(content["click"])
        reach, is_quick = number_of(content, "reach", 1.0), flag_of(content, "quick", default=False)
        if not 0.05 <= reach <= 20:
            raise _refused("The reach must be 0.05 to 20.")
        return lambda selection, depth: selection.click(depth, at, how, reach=reach, is_quick=is_quick)
    if "outline" in content:
        outline = _places(points_of(content["outline"], 2))
        is_exact = flag_of(content, "exact", default=False)
        return lambda selection, depth: selection.outline(depth, outline, how, is_exact=is_exact)
    if "line" in content:
        ends = _places(points_of(content["line"], 2))
        if len(ends) != 2:
            raise _refused("A line has two points.")
        return lambda selection, depth: selection.surface(depth, ends[0], ends[1])
    if content.get("clear") is True:
        return lambda selection, _: selection.clear()
    if content.get("invert") is True:
        return lambda selection, _: selection.invert()
    raise _refused("Something to select is missing.")


def points_of(value: Any, numbers: int) -> Float64[np.ndarray, "N K"]:
    """Return a list of points of so many numbers; there is at least one."""
    if not isinstance(value, list) or not 0 < len(value) <= MAX_POINTS:
        raise _refused(f"Expected 1 to {MAX_POINTS} points.")
    for point in value:
        if not isinstance(point, list) or len(point) != numbers or not all(_is_number(one) for one in point):
            raise _refused(f"Expected points of {numbers} numbers.")
    return np.array(value, np.float64)


def number_of(content: dict[str, Any], name: str, default: float | None = None) -> float:
    """Return a number."""
    value: Any = content.get(name, default)
    if not _is_number(value):
        raise _refused(f"{name} must be a number.")
    return float(value)


def flag_of(content: dict[str, Any], name: str, *, default: bool) -> bool:
    """Return whether something is so."""
    value = content.get(name, default)
    if not isinstance(value, bool):
        raise _refused(f"{name} must be true or false.")
    return value


def choice_of(content: dict[str, Any], name: str, choices: Sequence[str]) -> str:
    """Return one of several texts."""
    value = content.get(name)
    if not isinstance(value, str) or value not in choices:
        raise _refused(f"{name} must be one of {', '.join(choices)}.")
    return value


def name_of(value: Any) -> str:
    """Return the name that a page gives to a stroke or a drag."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME:
        raise _refused("A stroke needs a name.")
    return value


def _place(value: Any) -> Point:
    return _places(points_of([value], 2))[0]


def _places(points: Float64[np.ndarray, "N K"]) -> list[Point]:
    return [(x, y) for x, y in points.tolist()]


def _is_number(value: Any) -> bool:
    is_real = isinstance(value, int | float) and not isinstance(value, bool)
    return is_real and isfinite(value) and abs(value) <= FARTHEST_PX


def _refused(message: str) -> RequestError:
    return RequestError(HTTPStatus.BAD_REQUEST, message)
