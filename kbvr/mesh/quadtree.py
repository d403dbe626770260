"""Sheets: one layer's surface as triangles that meet without gaps.

The surface is divided into cells of a few pixels. Every corner of the grid of cells gets the mean inverse depth of the
pixels around it; where the surfaces of its cells are a jump apart, each gets a vertex of its own: there the sheet is
cut.

Cells of one kind are merged to squares of 2, 4, 8 ... cells (a quadtree) where the error stays within a tolerance in
pixels. There are two errors. A triangle in space is linear in inverse depth over the photo's plane, so a deviation of
the inverse depth from that is wrong parallax. And viewers map a texture evenly to a triangle in space, which is uneven
on the photo's plane where the triangle is tilted: in the middle of an edge of s pixels between inverse depths a and b
the texture is off by s |a - b| / (2 (a + b)).

A square with smaller neighbours becomes a fan around its centre that uses all their corners, so that neighbours share
their edges and no crack opens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

TEXTURE_WEIGHT = 2.0
"""Weight of an error of the texture over one of parallax: it shows even when nothing moves."""

CORNERS = ((3, 0, 0), (2, 0, 1), (1, 1, 0), (0, 1, 1))
"""For a cell's upper left, upper right, lower left and lower right corner: the cell's index among the corner's four
cells, and how many cells the corner lies below and to the right."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """Triangles over a grid of cells."""

    at: Int64[np.ndarray, "N 2"]
    """Column and row of every vertex in the grid's corners."""

    inverse_depth: Float32[np.ndarray, "N"]
    """1/m."""

    triangles: Int64[np.ndarray, "M 3"]
    """Indices of vertices, counter-clockwise in the photo."""

    cell: Int64[np.ndarray, "M 2"]
    """Column and row of the first cell of each triangle's square."""

    def part(
        self, chosen: Bool[np.ndarray, "M"], pieces: Int64[np.ndarray, "M"]
    ) -> tuple[Sheet, Int64[np.ndarray, "K"]]:
        """Return some of the triangles, with separate vertices for each piece, and the piece of every vertex."""
        triangles, piece = self.triangles[chosen], pieces[chosen]
        keys = piece[:, None] * len(self.at) + triangles
        found, index = np.unique(keys, return_inverse=True)
        of_piece, vertex = np.divmod(found, max(1, len(self.at)))
        sheet = Sheet(self.at[vertex], self.inverse_depth[vertex], index.reshape(-1, 3), self.cell[chosen])
        return sheet, of_piece


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells with a surface, and the error of every square of them, from which sheets of any tolerance are cut."""

    columns: int
    vertex: Int64[np.ndarray, "4 h w"]
    """The vertex at each of a cell's CORNERS: four times the corner's index, plus the number of its surface."""

    depth: Float32[np.ndarray, "K"]
    """Inverse depth by vertex."""

    errors: tuple[Float32[np.ndarray, "_ _"], ...]
    """By level, for squares of 1, 2, 4 ... cells: the least tolerance at which each square may replace its cells."""

    def leaves(self, tolerance: float) -> list[Bool[np.ndarray, "_ _"]]:
        """Return by level which squares are used at a tolerance in pixels."""
        taken = np.zeros_like(self.errors[-1], bool)
        leaves = []
        for level in reversed(range(len(self.errors))):
            good = self.errors[level] <= tolerance
            leaves.append(good & ~taken)
            taken = (taken | good).repeat(2, axis=0).repeat(2, axis=1) if level else taken
        return leaves[::-1]

    def sheet(self, tolerance: float) -> Sheet:
        """Return the triangles for a tolerance in pixels."""
        corners, rings = self._rings(self.leaves(tolerance))
        used = np.zeros(len(self.depth), bool)
        used[corners] = True
        parts, cells = [], []
        for ring, row, column in rings:
            triangles, of = self._triangles(ring, used, row, column)
            parts.append(triangles)
            cells.append(np.stack([column[of], row[of]], axis=1))
        found, index = np.unique(np.concatenate(parts), return_inverse=True)
        rows, columns = np.divmod(found // 4, self.columns + 1)
        at = np.stack([columns, rows], axis=1)
        return Sheet(at, self.depth[found], index.reshape(-1, 3)[:, ::-1], np.concatenate(cells))

    def _rings(
        self, leaves: list[Bool[np.ndarray, "_ _"]]
    ) -> tuple[Int64[np.ndarray, "C"], list[tuple[np.ndarray, np.ndarray, np.ndarray]]]:
        """Return the vertices at corners of squares; and by level those around each square, and its row and column."""
        corners, rings = [], []
        upper_left, upper_right, lower_left, lower_right = self.vertex
        for level, chosen in enumerate(leaves):
            side = 1 << level
            row, column = (index * side for index in np.nonzero(chosen))
            along, last = np.arange(side), side - 1
            ring = np.concatenate(
                [
                    upper_left[row[:, None], column[:, None] + along],
                    upper_right[row[:, None] + along, column[:, None] + last],
                    lower_right[row[:, None] + last, column[:, None] + along[::-1]],
                    lower_left[row[:, None] + along[::-1], column[:, None]],
                ],
                axis=1,
            )
            corners.append(ring[:, ::side].ravel())
            rings.append((ring, row, column))
        return np.concatenate(corners), rings

    def _triangles(
        self, ring: Int64[np.ndarray, "L R"], used: Bool[np.ndarray, "K"], row: np.ndarray, column: np.ndarray
    ) -> tuple[Int64[np.ndarray, "M 3"], Int64[np.ndarray, "M"]]:
        """Return the triangles of one level's squares, and the square that each belongs to."""
        side = ring.shape[1] // 4
        kept = used[ring]
        plain = kept.sum(axis=1) == 4
        a, b, c, d = ring[plain][:, ::side].T
        depth = self.depth
        flat = np.abs(depth[a] - depth[c]) <= np.abs(depth[b] - depth[d])
        first = np.where(flat, (a, b, c), (a, b, d)).T
        second = np.where(flat, (a, c, d), (b, c, d)).T
        whole = np.flatnonzero(plain)
        parts, of = [first, second], [whole, whole]
        fans = np.flatnonzero(~plain)
        if fans.size:
            half = side // 2
            middle = self.vertex[0][row[fans] + half, column[fans] + half]
            fan, place = np.nonzero(kept[fans])
            start = np.flatnonzero(np.r_[True, fan[1:] != fan[:-1]])
            following = np.arange(1, len(fan) + 1)
            following[np.r_[start[1:], len(fan)] - 1] = start
            here = ring[fans[fan], place]
            parts.append(np.stack([middle[fan], here, here[following]], axis=1))
            of.append(fans[fan])
        return np.concatenate(parts), np.concatenate(of)


def grid_of(
    inverse_depth: Float32[np.ndarray, "H W"],
    present: Bool[np.ndarray, "H W"],
    kinds: Int64[np.ndarray, "h w"],
    *,
    cell_px: int,
    jump: float,
    per_px: float,
    levels: int,
    stretched: int = 0,
) -> Grid:
    """Return the grid of a layer.

    `present` are the pixels whose depth counts. `kinds` are the kinds of the cells of cell_px (even) pixels: 0 has no
    surface, others have at least one pixel present, and only cells of one kind are merged. Height and width are
    multiples of the largest squares. `jump` is the least jump between two surfaces, 1/m; `per_px` is a pixel of
    parallax, 1/m. Between cells of the kind `stretched` the sheet is never cut.
    """
    height, width = kinds.shape
    quarter_px = cell_px // 2
    shape = (2 * height, quarter_px, 2 * width, quarter_px)
    count = present.reshape(shape).sum(axis=(1, 3), dtype=np.float32)
    total = np.where(present, inverse_depth, np.float32(0)).reshape(shape).sum(axis=(1, 3))
    in_cell = (height, 2, width, 2)
    cell_mean = total.reshape(in_cell).sum(axis=(1, 3)) / np.maximum(count.reshape(in_cell).sum(axis=(1, 3)), 1)
    quarters = np.where(count > 0, total / np.maximum(count, 1), _doubled(cell_mean))
    four = quarters.reshape(in_cell)
    least, most = four.min(axis=(1, 3)), four.max(axis=(1, 3))
    quarters = np.where(_doubled(most - least > jump), _doubled(least), quarters)  # no cell is stretched over a jump
    depth, vertex = _vertices(quarters, kinds > 0, np.where(_corners_amid(kinds == stretched), np.inf, jump))
    return Grid(width, vertex, depth, _errors(kinds, vertex, depth, levels, cell_px, per_px))


def _corners_amid(cells: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h1 w1"]:
    """Return the corners that touch no other cells."""
    wide = np.pad(cells, 1, constant_values=True)
    return np.asarray(wide[:-1, :-1] & wide[1:, :-1] & wide[:-1, 1:] & wide[1:, 1:])


def _doubled(values: np.ndarray) -> np.ndarray:
    return values.repeat(2, axis=0).repeat(2, axis=1)


def _vertices(
    quarters: Float32[np.ndarray, "h2 w2"], cells: Bool[np.ndarray, "h w"], jump: Float64[np.ndarray, "h1 w1"]
) -> tuple[Float32[np.ndarray, "K"], Int64[np.ndarray, "4 h w"]]:
    """Return the inverse depth of every vertex, and the vertices at the corners of every cell."""
    height, width = cells.shape
    about_corners = (height + 1, 2, width + 1, 2)
    values = np.pad(np.where(_doubled(cells), quarters, np.inf), 1, constant_values=np.inf)
    values = values.reshape(about_corners).transpose(0, 2, 1, 3).reshape(height + 1, width + 1, 4)
    order = np.argsort(values, axis=2, kind="stable")
    ordered = np.take_along_axis(values, order, axis=2)
    with np.errstate(invalid="ignore"):
        later = np.diff(ordered, axis=2) > jump[..., None]
    surface_in_order = np.concatenate([np.zeros((*later.shape[:2], 1), np.int64), later.cumsum(axis=2)], axis=2)
    surface = np.empty_like(surface_in_order)
    np.put_along_axis(surface, order, surface_in_order, axis=2)
    ids = np.arange((height + 1) * (width + 1)).reshape(height + 1, width + 1, 1) * 4 + surface
    there = np.isfinite(values)
    most = 4 * (height + 1) * (width + 1)
    count = np.bincount(ids[there], minlength=most)
    total = np.bincount(ids[there], weights=values[there], minlength=most)
    depth = (total / np.maximum(count, 1)).astype(np.float32)
    vertex = np.stack([ids[down : down + height, right : right + width, cell] for cell, down, right in CORNERS])
    return depth, vertex


def _errors(
    kinds: Int64[np.ndarray, "h w"],
    vertex: Int64[np.ndarray, "4 h w"],
    depth: Float32[np.ndarray, "K"],
    levels: int,
    cell_px: int,
    per_px: float,
) -> tuple[Float32[np.ndarray, "_ _"], ...]:
    """Return by level the error of squares, in pixels; infinity where a square is not one surface."""
    height, width = kinds.shape
    corner = depth[vertex]
    beside = np.zeros((height, width), bool)  # the cell to the right continues the same surface
    beside[:, :-1] = (
        (kinds[:, :-1] == kinds[:, 1:])
        & (vertex[1][:, :-1] == vertex[0][:, 1:])
        & (vertex[3][:, :-1] == vertex[2][:, 1:])
    )
    below = np.zeros((height, width), bool)
    below[:-1] = (kinds[:-1] == kinds[1:]) & (vertex[2][:-1] == vertex[0][1:]) & (vertex[3][:-1] == vertex[1][1:])
    errors = [np.where(kinds > 0, np.float32(0), np.float32(np.inf))]
    for level in range(1, levels):
        side = 1 << level
        half = side // 2
        blocks = (height // side, side, width // side, side)
        worst = errors[-1].reshape(height // side, 2, width // side, 2).max(axis=(1, 3))
        joined = beside.reshape(blocks)[:, :, :, half - 1].all(axis=1)
        joined &= below.reshape(blocks)[:, half - 1].all(axis=2)
        upper_left, upper_right, lower_left, lower_right = (values.reshape(blocks) for values in corner)
        ends = upper_left[:, 0, :, 0], upper_right[:, 0, :, -1], lower_left[:, -1, :, 0], lower_right[:, -1, :, -1]
        uneven = (np.max(ends, axis=0) - np.min(ends, axis=0)) / np.maximum(np.sum(ends, axis=0) / 2, 1e-9)
        worst = np.maximum(worst, TEXTURE_WEIGHT * side * cell_px / 2 * uneven)
        twist = np.abs(ends[0] - ends[1] - ends[2] + ends[3]) / 4  # the difference of two triangles from bilinear
        for values, first in ((upper_left, 0), (lower_right, 1)):
            at = (np.arange(side, dtype=np.float32) + first) / np.float32(side)
            away = np.abs(values - _bilinear(ends, at)).max(axis=(1, 3)) + twist
            worst = np.maximum(worst, away / np.float32(per_px))
        errors.append(np.where(joined, worst, np.float32(np.inf)))
    return tuple(errors)


def _bilinear(ends: tuple[np.ndarray, ...], at: Float32[np.ndarray, "S"]) -> Float32[np.ndarray, "h S w S"]:
    """Return values between a square's four corners, at shares of its side both ways."""
    upper_left, upper_right, lower_left, lower_right = (end[:, None, :, None] for end in ends)
    x, y = at, at[:, None, None]
    return (upper_left * (1 - x) + upper_right * x) * (1 - y) + (lower_left * (1 - x) + lower_right * x) * y
