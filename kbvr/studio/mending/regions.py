"""What is done with a selected region of a depth map: move it, make it upright or flat, cut it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np

from kbvr.depth.upright_objects import adjusted_disparity
from kbvr.errors import InputError
from kbvr.imaging.array_types import Mask, Plane
from kbvr.imaging.nearest_seed import nearest_value
from kbvr.studio.mending.box import Box
from kbvr.studio.mending.planes import fit_plane
from kbvr.studio.mending.scale import Scale

Outline = Literal["sharp", "soft"]
ActionKind = Literal["move", "flatten", "upright", "infinity", "plane", "cut-out"]
ACTIONS: tuple[ActionKind, ...] = get_args(ActionKind)

RIM_SHARE = 0.006
"""Width of the outline in which depth is blurred, on both sides, as a share of the long side."""

PERSON = 1
"""The id of something that stands on the ground, for `adjusted_disparity`."""


@dataclass(frozen=True)
class Action:
    """Something to do with a region."""

    kind: ActionKind
    factor: float = 1.0
    """For `move`: on the distance."""

    relief: float = 0.5
    """For `upright` and `flatten`: the share of its own shape that the region keeps."""

    outline: Outline = "sharp"

    def __post_init__(self) -> None:
        """Check the values."""
        if not 0.02 <= self.factor <= 50:
            raise InputError(f"expected a factor of the distance of 0.02 to 50, got {self.factor}")
        if not 0 <= self.relief <= 1:
            raise InputError(f"expected a relief of 0 to 1, got {self.relief}")

    @property
    def cuts_out(self) -> bool:
        """Whether the region gets a clean outline first."""
        return self.kind == "cut-out" or (self.outline == "sharp" and self.kind != "plane")


def acted(inverse_depth: Plane, region: Mask, action: Action, scale: Scale) -> Plane:
    """Return the map after an action on a region.

    Raises:
        InputError: if the region is too small for it.
    """
    if action.kind == "move":
        return moved(inverse_depth, region, factor=action.factor, scale=scale)
    if action.kind == "flatten":
        return flattened(inverse_depth, region, relief=action.relief)
    if action.kind == "upright":
        return upright(inverse_depth, region, relief=action.relief)
    if action.kind == "infinity":
        return at_infinity(inverse_depth, region)
    return on_plane(inverse_depth, region) if action.kind == "plane" else inverse_depth


def moved(inverse_depth: Plane, region: Mask, *, factor: float, scale: Scale) -> Plane:
    """Return the map with a region at `factor` times its distance; it keeps its shape.

    Raises:
        InputError: if the factor is not positive.
    """
    if not factor > 0:
        raise InputError(f"expected a factor of the distance > 0, got {factor}")
    return np.where(region, np.minimum(inverse_depth / np.float32(factor), np.float32(scale.highest)), inverse_depth)


def flattened(inverse_depth: Plane, region: Mask, *, relief: float = 0.0) -> Plane:
    """Return the map with a region at its middle distance; `relief` is the share of its shape that it keeps."""
    if not region.any():
        return inverse_depth
    level = np.float32(np.median(inverse_depth[region]))
    kept = level + np.float32(relief) * (inverse_depth - level)
    return np.where(region, np.maximum(kept, 0), inverse_depth)


def upright(inverse_depth: Plane, region: Mask, *, relief: float = 0.0) -> Plane:
    """Return the map with a region at the depth of its foot, as something that stands there.

    Raises:
        InputError: if the region is too small.
    """
    adjusted = adjusted_disparity(
        inverse_depth, region[None], np.array([PERSON]), np.ones(1, np.float32), softness=relief
    )
    if np.array_equal(adjusted, inverse_depth) and int(region.sum()) < 400:
        raise InputError("The selection is too small to stand upright.")
    return adjusted


def at_infinity(inverse_depth: Plane, region: Mask) -> Plane:
    """Return the map with a region infinitely far away."""
    return np.where(region, np.float32(0), inverse_depth)


def cut_out(inverse_depth: Plane, region: Mask) -> Plane:
    """Return the map with a clean step around a region.

    Depth is blurred at outlines. So pixels of the rim get the depth of the region's inside, or of what lies around it.
    """
    rim_px = rim_px_for(inverse_depth.shape)
    box = Box.of(region).padded(3 * rim_px + 2, inverse_depth.shape)
    if box.is_empty:
        return inverse_depth
    inside, values = np.ascontiguousarray(region[box.slices]), np.ascontiguousarray(inverse_depth[box.slices])
    window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim_px + 1, 2 * rim_px + 1))
    core = cv2.erode(inside.view(np.uint8), window, borderValue=1) > 0
    wide = cv2.dilate(inside.view(np.uint8), window) > 0
    core = core if core.any() else inside
    if wide.all():
        return inverse_depth
    new = values.copy()
    for rim, seeds in ((inside & ~core, core), (wide & ~inside, ~wide)):
        new[rim] = nearest_value(seeds, values)[1][rim]
    result = inverse_depth.copy()
    result[box.slices] = new
    return result


def rim_px_for(shape: tuple[int, ...]) -> int:
    """Return the width of the outline, on both sides, in a map of (height, width)."""
    return max(2, round(RIM_SHARE * max(shape)))


def on_plane(inverse_depth: Plane, region: Mask) -> Plane:
    """Return the map with a region on the plane that most of it lies on; see `planes.fit_plane`."""
    return np.where(region, fit_plane(inverse_depth, region), inverse_depth)
