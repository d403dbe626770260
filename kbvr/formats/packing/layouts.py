"""Packings: how what the eyes see shares one picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from jaxtyping import UInt8

from kbvr.formats.packing.anaglyph import anaglyph
from kbvr.options.export_options import FileOptions

View = UInt8[np.ndarray, "H W 3"]
Picture = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True)
class Packing:
    """One way to put the views of an instant into one picture."""

    says: str
    views: int
    """How many views there are: 1, or 2 with the left one first."""

    put: Callable[[Sequence[View], FileOptions], Picture]
    across: int = 1
    down: int = 1
    """How many views lie beside and above each other."""

    order: tuple[int, ...] | None = None
    """Which views lie beside each other as they are, from left to right; None if it is not as simple as that."""

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


def _only(index: int) -> Callable[[Sequence[View], FileOptions], Picture]:
    return lambda views, _choices: views[index]


def _beside(views: Sequence[View], _choices: FileOptions) -> Picture:
    return np.hstack(views)


def _above(views: Sequence[View], _choices: FileOptions) -> Picture:
    return np.vstack(views)


def _beside_half(views: Sequence[View], _choices: FileOptions) -> Picture:
    return np.hstack([_squeezed(view, 2, 1) for view in views])


def _above_half(views: Sequence[View], _choices: FileOptions) -> Picture:
    return np.vstack([_squeezed(view, 1, 2) for view in views])


def _crossed(views: Sequence[View], _choices: FileOptions) -> Picture:
    return np.hstack(views[::-1])


def _rows(views: Sequence[View], _choices: FileOptions) -> Picture:
    both = views[0].copy()
    both[1::2] = views[1][1::2]
    return both


def _columns(views: Sequence[View], _choices: FileOptions) -> Picture:
    both = views[0].copy()
    both[:, 1::2] = views[1][:, 1::2]
    return both


def _checkerboard(views: Sequence[View], _choices: FileOptions) -> Picture:
    both = views[0].copy()
    for parity in (0, 1):
        both[parity::2, 1 - parity :: 2] = views[1][parity::2, 1 - parity :: 2]
    return both


def _anaglyph(views: Sequence[View], options: FileOptions) -> Picture:
    return anaglyph(views[0], views[1], colours=options.anaglyph_colours, glasses=options.glasses)


def _squeezed(view: View, across: int, down: int) -> Picture:
    size = -(-view.shape[1] // across), -(-view.shape[0] // down)
    return np.asarray(cv2.resize(view, size, interpolation=cv2.INTER_AREA))


@dataclass(frozen=True)
class Quilt:
    """How many views a display wants in a quilt, and of what shape."""

    across: int
    down: int
    most_px: tuple[int, int]
    """(width, height) of the quilt that suits the display."""

    aspect: float
    """Width of the display over its height; a tile's pixels are stretched to that."""

    @property
    def tile_px(self) -> tuple[int, int]:
        """(width, height) of a tile at most."""
        return self.most_px[0] // self.across, self.most_px[1] // self.down

    @property
    def frame_px(self) -> tuple[int, int]:
        """(width, height) of the display's shape in square pixels, large enough for a tile's pixels."""
        width, height = self.tile_px
        return max(width, round(height * self.aspect)), max(height, round(width / self.aspect))

    def tile_of_px(self, view_px: tuple[int, int]) -> tuple[int, int]:
        """Return (width, height) of a tile that shows views of this size; smaller views make smaller tiles."""
        fit = max(view / most for view, most in zip(view_px, self.frame_px, strict=True))
        width, height = (max(1, round(side * min(1.0, fit))) for side in self.tile_px)
        return width, height

    def tile(self, view: View) -> Picture:
        """Return a view in the middle of a tile, with black beside or above it where the shapes differ."""
        height, width = view.shape[:2]
        tile_width, tile_height = self.tile_of_px((width, height))
        scale = min(self.aspect / width, 1 / height)
        size = (
            min(tile_width, max(1, round(tile_width * width * scale / self.aspect))),
            min(tile_height, max(1, round(tile_height * height * scale))),
        )
        tile = np.zeros((tile_height, tile_width, 3), np.uint8)
        x, y = (tile_width - size[0]) // 2, (tile_height - size[1]) // 2
        tile[y : y + size[1], x : x + size[0]] = cv2.resize(view, size, interpolation=cv2.INTER_AREA)
        return tile

    def put(self, views: Sequence[View], _choices: FileOptions) -> Picture:
        """Return the quilt of views from left to right: the first at the bottom left, rows from there upwards."""
        rows = [views[start : start + self.across] for start in range(0, len(views), self.across)]
        return np.vstack([np.hstack([self.tile(view) for view in row]) for row in reversed(rows)])


@dataclass(frozen=True)
class QuiltPacking(Packing):
    """A packing whose picture is a quilt."""

    quilt: Quilt | None = None

    def size_px(self, view_px: tuple[int, int]) -> tuple[int, int]:
        """Return (width, height) of the quilt of views of this size."""
        assert self.quilt is not None
        width, height = self.quilt.tile_of_px(view_px)
        return width * self.across, height * self.down


QUILTS: Mapping[str, Quilt] = MappingProxyType(
    {
        "portrait": Quilt(8, 6, (3360, 3360), 0.75),
        "go": Quilt(11, 6, (4092, 4092), 0.5625),
        "16": Quilt(7, 7, (5999, 5999), 1.7778),
        "32": Quilt(5, 9, (8190, 8190), 1.7778),
        "65": Quilt(8, 9, (8192, 8190), 1.7778),
    }
)
"""Looking Glass display -> its quilt: lookingglassfactory.com/tutorial/what-is-a-quilt and the quilts page of their
documentation, with sides that the tiles divide."""

INTERLEAVED = ("rows", "columns", "checkerboard")
"""Packings in which an eye's pixels lie between the other's: what blurs pixels mixes the eyes."""


def _quilt_packing(name: str, quilt: Quilt) -> Packing:
    count = quilt.across * quilt.down
    says = f"{count} views from left to right, for a Looking Glass {name}"
    return QuiltPacking(says, count, quilt.put, quilt.across, quilt.down, quilt=quilt)


PACKINGS: Mapping[str, Packing] = MappingProxyType(
    {
        "mono": Packing("what one eye in the middle sees", 1, _only(0)),
        "left": Packing("the left eye's view", 2, _only(0)),
        "right": Packing("the right eye's view", 2, _only(1)),
        "sbs": Packing("side by side, left eye on the left", 2, _beside, across=2, order=(0, 1)),
        "sbs-half": Packing("side by side, squeezed to half the width", 2, _beside_half, across=2, squeezed=(2, 1)),
        "tb": Packing("left eye above the right one", 2, _above, down=2),
        "tb-half": Packing("above each other, squeezed to half the height", 2, _above_half, down=2, squeezed=(1, 2)),
        "cross": Packing("left eye on the right, for crossed eyes", 2, _crossed, across=2, order=(1, 0)),
        "rows": Packing("rows in turn, the first the left eye's", 2, _rows),
        "columns": Packing("columns in turn, the first the left eye's", 2, _columns),
        "checkerboard": Packing("pixels in turn, the first the left eye's", 2, _checkerboard),
        "anaglyph": Packing("for coloured glasses", 2, _anaglyph),
        "apart": Packing("each eye's picture by itself in one file; plain viewers show the left one", 2, _only(0)),
        **{f"quilt-{name}": _quilt_packing(name, quilt) for name, quilt in QUILTS.items()},
    }
)
