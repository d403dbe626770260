"""A rectangle of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kbvr.imaging.array_types import Mask


@dataclass(frozen=True)
class Box:
    """Rows from `top` and columns from `left`, up to but without `bottom` and `right`."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, x: float, y: float, radius_px: float) -> Box:
        """Return the box around a disc; it may reach beyond the picture."""
        reach = int(np.ceil(radius_px)) + 1
        return cls(int(x) - reach, int(y) - reach, int(x) + reach + 1, int(y) + reach + 1)

    @classmethod
    def of(cls, mask: Mask) -> Box:
        """Return the smallest box around the pixels that are set; an empty box if none is."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not rows.size:
            return cls(0, 0, 0, 0)
        return cls(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the box's pixels in a picture."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def size_px(self) -> tuple[int, int]:
        """(width, height)."""
        return self.right - self.left, self.bottom - self.top

    @property
    def is_empty(self) -> bool:
        """Whether it has no pixels."""
        return self.right <= self.left or self.bottom <= self.top

    def within(self, shape: tuple[int, ...]) -> Box:
        """Return the part inside a picture of (height, width)."""
        return Box(max(self.left, 0), max(self.top, 0), min(self.right, shape[1]), min(self.bottom, shape[0]))

    def joined(self, other: Box) -> Box:
        """Return the smallest box around both."""
        if self.is_empty or other.is_empty:
            return other if self.is_empty else self
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def padded(self, margin_px: int, shape: tuple[int, ...]) -> Box:
        """Return the box with a margin, inside a picture of (height, width)."""
        return Box(self.left - margin_px, self.top - margin_px, self.right + margin_px, self.bottom + margin_px).within(
            shape
        )

    def inside(self, outer: Box) -> Box:
        """Return the same box, counted from the corner of an outer one."""
        return Box(self.left - outer.left, self.top - outer.top, self.right - outer.left, self.bottom - outer.top)
