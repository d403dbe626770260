"""Packings: how what the eyes see shares one picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from jaxtyping import UInt8

from kbvr.formats.anaglyph import anaglyph
from kbvr.formats.choices import FileChoices

View = UInt8[np.ndarray, "H W 3"]
Picture = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True)
class Packing:
    """One way to put the views of an instant into one picture."""

    says: str
    views: int
    """How many views there are: 1, or 2 with the left one first."""

    put: Callable[[Sequence[View], FileChoices], Picture]
    across: int = 1
    down: int = 1
    """How many views lie beside and above each other."""

    squeezed: tuple[int, int] = (1, 1)
    """By how much a view's width and height are divided."""

    def size_px(self, view_px: tuple[int, int]) -> tuple[int, int]:
        """Return (width, height) of the packed picture of views of this size."""
        width, height = (-(-side // by) for side, by in zip(view_px, self.squeezed, strict=True))
        return width * self.across, height * self.down

    def even_view_px(self, view_px: tuple[int, int]) -> tuple[int, int]:
        """Return the largest size within a view's that is even after squeezing, as video wants it."""
        width, height = (side // (2 * by) * (2 * by) for side, by in zip(view_px, self.squeezed, strict=True))
        return width, height


def _only(index: int) -> Callable[[Sequence[View], FileChoices], Picture]:
    return lambda views, _choices: views[index]


def _beside(views: Sequence[View], _choices: FileChoices) -> Picture:
    return np.hstack(views)


def _above(views: Sequence[View], _choices: FileChoices) -> Picture:
    return np.vstack(views)


def _beside_half(views: Sequence[View], _choices: FileChoices) -> Picture:
    return np.hstack([_squeezed(view, 2, 1) for view in views])


def _above_half(views: Sequence[View], _choices: FileChoices) -> Picture:
    return np.vstack([_squeezed(view, 1, 2) for view in views])


def _crossed(views: Sequence[View], _choices: FileChoices) -> Picture:
    return np.hstack(views[::-1])


def _rows(views: Sequence[View], _choices: FileChoices) -> Picture:
    both = views[0].copy()
    both[1::2] = views[1][1::2]
    return both


def _columns(views: Sequence[View], _choices: FileChoices) -> Picture:
    both = views[0].copy()
    both[:, 1::2] = views[1][:, 1::2]
    return both


def _checkerboard(views: Sequence[View], _choices: FileChoices) -> Picture:
    both = views[0].copy()
    for parity in (0, 1):
        both[parity::2, 1 - parity :: 2] = views[1][parity::2, 1 - parity :: 2]
    return both


def _anaglyph(views: Sequence[View], choices: FileChoices) -> Picture:
    return anaglyph(views[0], views[1], colours=choices.anaglyph_colours, glasses=choices.glasses)


def _squeezed(view: View, across: int, down: int) -> Picture:
    size = -(-view.shape[1] // across), -(-view.shape[0] // down)
    return np.asarray(cv2.resize(view, size, interpolation=cv2.INTER_AREA))


PACKINGS: Mapping[str, Packing] = MappingProxyType(
    {
        "mono": Packing("what one eye in the middle sees", 1, _only(0)),
        "left": Packing("the left eye's view", 2, _only(0)),
        "right": Packing("the right eye's view", 2, _only(1)),
        "sbs": Packing("side by side, left eye on the left", 2, _beside, across=2),
        "sbs-half": Packing("side by side, squeezed to half the width", 2, _beside_half, across=2, squeezed=(2, 1)),
        "tb": Packing("left eye above the right one", 2, _above, down=2),
        "tb-half": Packing("above each other, squeezed to half the height", 2, _above_half, down=2, squeezed=(1, 2)),
        "cross": Packing("left eye on the right, for crossed eyes", 2, _crossed, across=2),
        "rows": Packing("rows in turn, the first the left eye's", 2, _rows),
        "columns": Packing("columns in turn, the first the left eye's", 2, _columns),
        "checkerboard": Packing("pixels in turn, the first the left eye's", 2, _checkerboard),
        "anaglyph": Packing("for coloured glasses", 2, _anaglyph),
    }
)
