"""Packings: how several views share one picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

from kbvr.formats.packing.anaglyph import anaglyph
from kbvr.formats.packing.rivalry import best_method
from kbvr.options.export_options import FileOptions

View = UInt8[np.ndarray, "H W 3"]
Picture = UInt8[np.ndarray, "h w 3"]
Pack = Callable[[Sequence[View], FileOptions], Picture]


@dataclass(frozen=True)
class Quilt:
    """The grid of views that a light field display shows."""

    columns: int
    rows: int
    max_px: tuple[int, int]
    """(width, height) of the largest quilt that the display supports."""

    aspect: float
    """Width of the display over its height; the display stretches tiles to this aspect ratio."""

    @property
    def max_tile_px(self) -> tuple[int, int]:
        """(width, height) of the largest tile."""
        return self.max_px[0] // self.columns, self.max_px[1] // self.rows

    @property
    def max_view_px(self) -> tuple[int, int]:
        """(width, height) of the view that fills the largest tile: square pixels, in the display's aspect ratio."""
        width, height = self.max_tile_px
        return max(width, round(height * self.aspect)), max(height, round(width / self.aspect))

    def tile_px(self, view_px: tuple[int, int]) -> tuple[int, int]:
        """Return (width, height) of the tile for views of this size; smaller views make smaller tiles."""
        scale = max(view / limit for view, limit in zip(view_px, self.max_view_px, strict=True))
        width, height = (max(1, round(side * min(1.0, scale))) for side in self.max_tile_px)
        return width, height

    def tile(self, view: View) -> Picture:
        """Return a tile with the view in its middle, on black."""
        height, width = view.shape[:2]
        tile_width, tile_height = self.tile_px((width, height))
        scale = min(self.aspect / width, 1 / height)
        size = (
            min(tile_width, max(1, round(tile_width * width * scale / self.aspect))),
            min(tile_height, max(1, round(tile_height * height * scale))),
        )
        tile = np.zeros((tile_height, tile_width, 3), np.uint8)
        x, y = (tile_width - size[0]) // 2, (tile_height - size[1]) // 2
        tile[y : y + size[1], x : x + size[0]] = cv2.resize(view, size, interpolation=cv2.INTER_AREA)
        return tile

    def pack(self, views: Sequence[View], _options: FileOptions) -> Picture:
        """Return the quilt of views from left to right: row by row from the bottom left to the top right."""
        rows = [views[start : start + self.columns] for start in range(0, len(views), self.columns)]
        return np.vstack([np.hstack([self.tile(view) for view in row]) for row in reversed(rows)])


@dataclass(frozen=True)
class Packing:
    """A way to combine the views of an instant into one picture."""

    views: int
    """Number of views."""

    pack: Pack
    columns: int = 1
    rows: int = 1
    order: tuple[int, ...] | None = None
    """Views from left to right if the picture is just these views side by side, else None."""

    squeezed: tuple[int, int] = (1, 1)
    """Divisors of a view's width and height."""

    quilt: Quilt | None = None
    """The grid of a quilt, which has tiles of its own size; else None."""

    def size_px(self, view_px: tuple[int, int]) -> tuple[int, int]:
        """Return (width, height) of the packed picture."""
        if self.quilt is not None:
            width, height = self.quilt.tile_px(view_px)
        else:
            width, height = (-(-side // by) for side, by in zip(view_px, self.squeezed, strict=True))
        return width * self.columns, height * self.rows

    def even_view_px(self, view_px: tuple[int, int]) -> tuple[int, int]:
        """Return the largest (width, height) within a view that is even after squeezing, as video requires."""
        width, height = (side // (2 * by) * (2 * by) for side, by in zip(view_px, self.squeezed, strict=True))
        return width, height


def _single(index: int) -> Pack:
    return lambda views, _options: views[index]


def _stacked(stack: Callable[[Sequence[View]], Picture]) -> Pack:
    return lambda views, _options: stack(views)


def _squeezed(stack: Callable[[Sequence[View]], Picture], by: tuple[int, int]) -> Pack:
    def pack(views: Sequence[View], _options: FileOptions) -> Picture:
        size = -(-views[0].shape[1] // by[0]), -(-views[0].shape[0] // by[1])
        return stack([np.asarray(cv2.resize(view, size, interpolation=cv2.INTER_AREA)) for view in views])

    return pack


def _interleaved(*right: Any) -> Pack:
    """Return a function that takes the pixels at these indices from the right view, the others from the left one."""

    def pack(views: Sequence[View], _options: FileOptions) -> Picture:
        picture = views[0].copy()
        for pixels in right:
            picture[pixels] = views[1][pixels]
        return picture

    return pack


def _anaglyph(views: Sequence[View], options: FileOptions) -> Picture:
    left, right = views
    if options.anaglyph_colours == "auto":  # a plan chooses for the photo; without one, each picture has its own
        return anaglyph(left, right, colours=best_method(left, options.glasses), glasses=options.glasses)
    return anaglyph(left, right, colours=options.anaglyph_colours, glasses=options.glasses)


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
documentation, with sizes reduced to multiples of the grid."""

INTERLEAVED = ("rows", "columns", "checkerboard")
"""Packings that alternate pixels of both eyes: lossy compression would mix the eyes."""

PACKINGS: Mapping[str, Packing] = MappingProxyType(
    {
        "mono": Packing(1, _single(0)),
        "left": Packing(2, _single(0)),
        "right": Packing(2, _single(1)),
        "sbs": Packing(2, _stacked(np.hstack), columns=2, order=(0, 1)),
        "sbs-half": Packing(2, _squeezed(np.hstack, (2, 1)), columns=2, squeezed=(2, 1)),
        "tb": Packing(2, _stacked(np.vstack), rows=2),
        "tb-half": Packing(2, _squeezed(np.vstack, (1, 2)), rows=2, squeezed=(1, 2)),
        "cross": Packing(2, lambda views, _options: np.hstack(views[::-1]), columns=2, order=(1, 0)),
        "rows": Packing(2, _interleaved(np.s_[1::2])),
        "columns": Packing(2, _interleaved(np.s_[:, 1::2])),
        "checkerboard": Packing(2, _interleaved(np.s_[::2, 1::2], np.s_[1::2, ::2])),
        "anaglyph": Packing(2, _anaglyph),
        "apart": Packing(2, _single(0)),  # each eye's picture separately; viewers of plain pictures show the left one
        **{
            f"quilt-{name}": Packing(quilt.columns * quilt.rows, quilt.pack, quilt.columns, quilt.rows, quilt=quilt)
            for name, quilt in QUILTS.items()
        },
    }
)
"""Name -> packing; a pair of views is packed with the left one first: on the left, on top, in the first row."""
