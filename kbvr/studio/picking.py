"""What a click on the photo means: the depth there, and the options that put the screen plane or the focus there."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from math import isfinite
from typing import Any

import numpy as np

from kbvr.depth.depth_map import DepthMap
from kbvr.studio.open_project import OpenProject
from kbvr.studio.option_texts import parsed
from kbvr.studio.request_error import RequestError

REACH_SHARE = 0.004
"""Half the side of the square whose median is the depth of a point, as a share of the photo's long side."""

MIN_M, MAX_M = 0.01, 1e5
"""Range of the distance of the screen plane."""


def share_of(value: Any) -> float:
    """Return a place along a side of the photo, 0 to 1.

    Raises:
        RequestError: if it is no such number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not (isfinite(value) and 0 <= value <= 1):
        raise RequestError(HTTPStatus.BAD_REQUEST, "A place on the photo must be given as x and y from 0 to 1.")
    return float(value)


def inverse_depth_at(depth: DepthMap, place: tuple[float, float]) -> float:
    """Return the inverse depth at a place, given as shares of the width and height, 1/m."""
    height, width = depth.inverse_depth.shape
    column, row = min(int(place[0] * width), width - 1), min(int(place[1] * height), height - 1)
    reach = max(1, round(REACH_SHARE * max(width, height)))
    near = depth.inverse_depth[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
    return float(np.median(near))


def place_at(project: OpenProject, place: tuple[float, float], texts: Mapping[str, str]) -> dict[str, Any]:
    """Return what a click at a place of the whole photo means with these options.

    Raises:
        InputError: if an option cannot be used.
    """
    inverse_depth = inverse_depth_at(project.depth, place)
    depth_m = min(max(1 / max(inverse_depth, 1e-9), MIN_M), MAX_M)
    names = ("aspect", "aperture_percent")
    options = parsed({name: texts[name] for name in names if name in texts} | {"kenburns": "yes"})
    left, top, width, height = project.ground(options.aspect).crop or (0.0, 0.0, 1.0, 1.0)
    x, y = (place[0] - left) / width, (place[1] - top) / height
    focus = {"focus": f"{_percent(x):.4g},{_percent(y):.4g}%"}
    if options.aperture_percent == 0:
        focus["aperture_percent"] = "1"  # with none, a focus is refused
    return {
        "depth_m": depth_m,
        "inverse_depth": inverse_depth,
        "parallax_zero_option": {"convergence_m": f"{depth_m:.5g}"},
        "focus_option": focus,
    }


def _percent(share: float) -> float:
    return 100 * min(max(share, 0.0), 1.0)
