"""One layer's surface as triangles without cracks between them.

The surface is divided into cells of a few pixels. Every corner of the grid of cells gets the mean inverse depth of the
pixels around it. Where the depth jumps between the cells around a corner, each surface gets its own vertex, so the mesh
is cut there.

Cells of one kind are merged into squares of 2, 4, 8 ... cells (a quadtree) where the error stays within a tolerance in
pixels. There are two errors. A triangle in space is linear in inverse depth over the photo's plane, so any deviation
from a plane is wrong parallax. And viewers map a texture evenly onto a triangle in space, which is uneven on the
photo's plane if the triangle is tilted: in the middle of an edge of s pixels between inverse depths a and b the
texture is off by s |a - b| / (2 (a + b)).

A square with smaller neighbours becomes a fan around its centre that uses all their corners, so no crack opens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

TEXTURE_WEIGHT = 2.0
"""Weight of a texture error relative to a parallax error: it is visible even when nothing moves."""

CORNERS = ((3, 0, 0), (2, 0, 1), (1, 1, 0), (0, 1, 1))
"""For a cell's upper left, upper right, lower left and lower right corner: the cell's index among the four cells around
that corner, and the corner's row and column relative to the cell."""


@dataclass(frozen=True, eq=False)
class LayerMesh:
    """Triangles over a grid of cells."""

    corner: Int64[np.ndarray, "N 2"]
    """Column and row of the grid corner at each vertex."""

    inverse_depth: Float32[np.ndarray, "N"]
    triangles: Int64[np.ndarray, "M 3"]
    """Vertex indices, counter-clockwise in the photo."""

    cell: Int64[np.ndarray, "M 2"]
    """Column and row of the first cell of each triangle's square."""

    def part(
        self, chosen: Bool[np.ndarray, "M"], pieces: Int64[np.ndarray, "M"]
    ) -> tuple[LayerMesh, Int64[np.ndarray, "K"]]:
        """Return the chosen triangles, with separate vertices for each piece, and the piece of every vertex."""
        triangles, piece = self.triangles[chosen], pieces[chosen]
        keys = piece[:, None] * len(self.corner) + triangles
        unique_keys, index = np.unique(keys, return_inverse=True)
        vertex_piece, vertex = np.divmod(unique_keys, max(1, len(self.corner)))
        mesh = LayerMesh(self.corner[vertex], self.inverse_depth[vertex], index.reshape(-1, 3), self.cell[chosen])
        return mesh, vertex_piece


@dataclass(frozen=True, eq=False)
class Grid:
    """The cells of a layer and the error of every square of cells: the source of meshes of any tolerance."""

    columns: int
    vertex: Int64[np.ndarray, "4 h w"]
    """The vertex at each of a cell's CORNERS: four times the index of the corner, plus the number of the surface."""

    depth: Float32[np.ndarray, "K"]
    """Inverse depth by vertex."""

    errors: tuple[Float32[np.ndarray, "_ _"], ...]
    """By level, for squares of 1, 2, 4 ... cells: the minimum tolerance at which each square may replace its cells."""

    def leaves(self, tolerance: float) -> list[Bool[np.ndarray, "_ _"]]:
        """Return, by level, which squares are used at a tolerance in pixels."""
        taken = np.zeros_like(self.errors[-1], bool)
        leaves = []
        for level in reversed(range(len(self.errors))):
            good = self.errors[level] <= tolerance
            leaves.append(good & ~taken)
            taken = (taken | good).repeat(2, axis=0).repeat(2, axis=1) if level else taken
        return leaves[::-1]

    def mesh(self, tolerance: float) -> LayerMesh:
        """Return the mesh for a tolerance in pixels."""
        corners, rings = self._rings(self.leaves(tolerance))
        used = np.zeros(len(self.depth), bool)
        used[corners] = True
        parts, cells = [], []
        for ring, row, column in rings:
            triangles, square = self._triangles(ring, used, row, column)
            parts.append(triangles)
            cells.append(np.stack([column[square], row[square]], axis=1))
        vertices, index = np.unique(np.concatenate(parts), return_inverse=True)
        rows, columns = np.divmod(vertices // 4, self.columns + 1)
        corner = np.stack([columns, rows], axis=1)
        return LayerMesh(corner, self.depth[vertices], index.reshape(-1, 3)[:, ::-1], np.concatenate(cells))

    def _rings(
        self, leaves: list[Bool[np.ndarray, "_ _"]]
    ) -> tuple[Int64[np.ndarray, "C"], list[tuple[np.ndarray, np.ndarray, np.ndarray]]]:
        """Return the vertices at the squares' corners; and, by level, the ring of vertices, row and column of each."""
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
        """Return the triangles of one level's squares, and the square of each triangle."""
        side = ring.shape[1] // 4
        kept = used[ring]
        plain = kept.sum(axis=1) == 4
        a, b, c, d = ring[plain][:, ::side].T
        depth = self.depth
        flat = np.abs(depth[a] - depth[c]) <= np.abs(depth[b] - depth[d])
        first = np.where(flat, (a, b, c), (a, b, d)).T
        second = np.where(flat, (a, c, d), (b, c, d)).T
        plain_squares = np.flatnonzero(plain)
        parts, squares = [first, second], [plain_squares, plain_squares]
        fans = np.flatnonzero(~plain)
        if fans.size:
            half = side // 2
            middle = self.vertex[0][row[fans] + half, column[fans] + half]
            fan, place = np.nonzero(kept[fans])
            start = np.flatnonzero(np.r_[True, fan[1:] != fan[:-1]])
            following = np.arange(1, len(fan) + 1)
            following[np.r_[start[1:], len(fan)] - 1] = start
            rim = ring[fans[fan], place]
            parts.append(np.stack([middle[fan], rim, rim[following]], axis=1))
            squares.append(fans[fan])
        return np.concatenate(parts), np.concatenate(squares)


def grid_of(
    inverse_depth: Float32[np.ndarray, "H W"],
    present: Bool[np.ndarray, "H W"],
    kinds: Int64[np.ndarray, "h w"],
    *,
    cell_px: int,
    jump: float,
    per_px: float,
    levels: int,
    stretched: Bool[np.ndarray, "h w"],
) -> Grid:
    """Return the grid of a layer, whose height and width are multiples of the largest square.

    Args:
        inverse_depth: 1/m.
        present: The pixels whose depth counts.
        kinds: The kind of each cell: 0 has no surface, others have at least one pixel present. Only cells of one kind
            are merged.
        cell_px: Side of a cell, even.
        jump: Minimum difference of inverse depth between two surfaces, 1/m.
        per_px: One pixel of parallax, 1/m.
        levels: Number of square sizes: 1, 2, 4 ... cells.
        stretched: The cells between which the mesh is never cut.
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
    far, near = four.min(axis=(1, 3)), four.max(axis=(1, 3))
    quarters = np.where(_doubled(near - far > jump), _doubled(far), quarters)  # no cell is stretched over a jump
    depth, vertex = _vertices(quarters, kinds > 0, np.where(_corners_within(stretched), np.inf, jump))
    return Grid(width, vertex, depth, _errors(kinds, vertex, depth, levels, cell_px, per_px))


def _corners_within(cells: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h1 w1"]:
    """Return the corners that touch only these cells."""
    wide = np.pad(cells, 1, constant_values=True)
    return np.asarray(wide[:-1, :-1] & wide[1:, :-1] & wide[:-1, 1:] & wide[1:, 1:])


def _doubled(values: np.ndarray) -> np.ndarray:
    return values.repeat(2, axis=0).repeat(2, axis=1)


def _vertices(
    quarters: Float32[np.ndarray, "h2 w2"], cells: Bool[np.ndarray, "h w"], jump: Float64[np.ndarray, "h1 w1"]
) -> tuple[Float32[np.ndarray, "K"], Int64[np.ndarray, "4 h w"]]:
    """Return the inverse depth of every vertex, and the vertices at the corners of every cell."""
    height, width = cells.shape
    by_corner = (height + 1, 2, width + 1, 2)
    values = np.pad(np.where(_doubled(cells), quarters, np.inf), 1, constant_values=np.inf)
    values = values.reshape(by_corner).transpose(0, 2, 1, 3).reshape(height + 1, width + 1, 4)
    order = np.argsort(values, axis=2, kind="stable")
    ordered = np.take_along_axis(values, order, axis=2)
    with np.errstate(invalid="ignore"):
        is_next = np.diff(ordered, axis=2) > jump[..., None]
    surface_in_order = np.concatenate([np.zeros((*is_next.shape[:2], 1), np.int64), is_next.cumsum(axis=2)], axis=2)
    surface = np.empty_like(surface_in_order)
    np.put_along_axis(surface, order, surface_in_order, axis=2)
    ids = np.arange((height + 1) * (width + 1)).reshape(height + 1, width + 1, 1) * 4 + surface
    present = np.isfinite(values)
    id_count = 4 * (height + 1) * (width + 1)
    count = np.bincount(ids[present], minlength=id_count)
    total = np.bincount(ids[present], weights=values[present], minlength=id_count)
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
    """Return, by level, the error of squares in pixels; infinity where a square is not one surface."""
    height, width = kinds.shape
    corner = depth[vertex]
    joins_right = np.zeros((height, width), bool)
    joins_right[:, :-1] = (
        (kinds[:, :-1] == kinds[:, 1:])
        & (vertex[1][:, :-1] == vertex[0][:, 1:])
        & (vertex[3][:, :-1] == vertex[2][:, 1:])
    )
    joins_below = np.zeros((height, width), bool)
    joins_below[:-1] = (kinds[:-1] == kinds[1:]) & (vertex[2][:-1] == vertex[0][1:]) & (vertex[3][:-1] == vertex[1][1:])
    errors = [np.where(kinds > 0, np.float32(0), np.float32(np.inf))]
    for level in range(1, levels):
        side = 1 << level
        half = side // 2
        blocks = (height // side, side, width // side, side)
        worst = errors[-1].reshape(height // side, 2, width // side, 2).max(axis=(1, 3))
        joined = joins_right.reshape(blocks)[:, :, :, half - 1].all(axis=1)
        joined &= joins_below.reshape(blocks)[:, half - 1].all(axis=2)
        upper_left, upper_right, lower_left, lower_right = (values.reshape(blocks) for values in corner)
        ends = upper_left[:, 0, :, 0], upper_right[:, 0, :, -1], lower_left[:, -1, :, 0], lower_right[:, -1, :, -1]
        uneven = (np.max(ends, axis=0) - np.min(ends, axis=0)) / np.maximum(np.sum(ends, axis=0) / 2, 1e-9)
        worst = np.maximum(worst, TEXTURE_WEIGHT * side * cell_px / 2 * uneven)
        twist = np.abs(ends[0] - ends[1] - ends[2] + ends[3]) / 4  # two triangles against a bilinear surface
        for values, first in ((upper_left, 0), (lower_right, 1)):
            at = (np.arange(side, dtype=np.float32) + first) / np.float32(side)
            error = np.abs(values - _bilinear(ends, at)).max(axis=(1, 3)) + twist
            worst = np.maximum(worst, error / np.float32(per_px))
        errors.append(np.where(joined, worst, np.float32(np.inf)))
    return tuple(errors)


def _bilinear(ends: tuple[np.ndarray, ...], at: Float32[np.ndarray, "S"]) -> Float32[np.ndarray, "h S w S"]:
    """Return values interpolated between a square's four corners, at shares `at` of its sides."""
    upper_left, upper_right, lower_left, lower_right = (end[:, None, :, None] for end in ends)
    x, y = at, at[:, None, None]
    return (upper_left * (1 - x) + upper_right * x) * (1 - y) + (lower_left * (1 - x) + lower_right * x) * y
