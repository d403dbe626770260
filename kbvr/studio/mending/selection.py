"""What is selected in a photo, and how clicks change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from kbvr.errors import InputError
from kbvr.imaging.array_types import Mask, Plane
from kbvr.studio.mending.guide import Guide
from kbvr.studio.mending.planes import plane_through_line
from kbvr.studio.mending.scale import Scale
from kbvr.studio.mending.selecting import Clicks, Point, grown, inside_outline, refined

How = Literal["new", "add", "remove"]
HOWS: tuple[How, ...] = get_args(How)


class Selection:
    """The selection of one editor."""

    def __init__(self, guide: Guide, scale: Scale) -> None:
        self._guide, self.scale = guide, scale
        self._clicks = Clicks(())
        self._settled: Mask | None = None
        self.mask: Mask | None = None
        """The selected pixels; None if nothing is selected."""

    def click(
        self, inverse_depth: Plane, point: Point, how: How, *, reach: float = 1.0, is_quick: bool = False
    ) -> None:
        """Select the object at a point (x, y), add it, or remove it.

        A `reach` above 1 selects more, below 1 less; a quick selection has a rough outline.
        """
        region = grown(self._guide, inverse_depth, self.scale, point, reach=reach)
        is_new = how == "new" or self._settled is None
        before = np.zeros(region.shape, bool) if is_new or self._settled is None else self._settled
        clicks = Clicks(()) if how == "new" else self._clicks
        if how == "remove":
            clicks = replace(clicks, outside=(*clicks.outside, point))
            region = before & ~region
        else:
            clicks = replace(clicks, inside=(*clicks.inside, point))
            region = before | region
        if is_quick:
            self.mask = region
            return
        self._clicks = clicks
        self._take(self._refined(inverse_depth, region, clicks, before, how))

    def _refined(self, inverse_depth: Plane, region: Mask, clicks: Clicks, before: Mask, how: How) -> Mask:
        region = refined(self._guide, inverse_depth, self.scale, region, clicks)
        if how == "add":
            return region | before
        return region & before if how == "remove" else region

    def outline(self, inverse_depth: Plane, points: Sequence[Point], how: How, *, is_exact: bool) -> None:
        """Select what is inside an outline: exactly, or the object that it goes around.

        Raises:
            InputError: if the outline has fewer than 3 points.
        """
        if len(points) < 3:
            raise InputError("The outline is too short. Draw around something.")
        region = inside_outline(points, (inverse_depth.shape[0], inverse_depth.shape[1]))
        if not is_exact:
            region = refined(self._guide, inverse_depth, self.scale, region, Clicks(())) & region
        if how != "new" and self.mask is not None:
            region = self.mask | region if how == "add" else self.mask & ~region
        self._clicks = Clicks(())
        self._take(region)

    def surface(self, inverse_depth: Plane, start: Point, end: Point) -> None:
        """Select the wall or floor on which a line between two points lies.

        Raises:
            InputError: if there is none.
        """
        self._clicks = Clicks(())
        self._take(plane_through_line(inverse_depth, start, end, self.scale))

    def clear(self) -> None:
        """Select nothing."""
        self._clicks, self.mask, self._settled = Clicks(()), None, None

    def invert(self) -> None:
        """Select everything else."""
        if self.mask is not None:
            self._take(~self.mask)

    def _take(self, region: Mask) -> None:
        self.mask = self._settled = region if region.any() else None
