"""The point renderer and the hole filling of the 3D Ken Burns method, written out pixel by pixel; slow and plain.

From the words of the method, not from kbvr/paper: what is fast there has to agree with this.
"""

from __future__ import annotations

import math

import numpy as np

F_TIMES_B = 40.0


def landing(point: np.ndarray, f_px: float, cx_px: float, cy_px: float) -> tuple[float, float]:
    """Return column and row of a point, to 1/256 of a pixel."""
    x, y, z = point
    return tuple(round(256 * value) / 256 for value in (f_px * x / z + cx_px - 0.5, f_px * y / z + cy_px - 0.5))


def neighbours(u: float, v: float) -> list[tuple[int, int, float]]:
    """Return column, row and bilinear weight of the four pixels around: upper left, upper right, lower left, right."""
    column, row = math.floor(u), math.floor(v)
    right, down = u - column, v - row
    return [
        (column, row, (1 - right) * (1 - down)),
        (column + 1, row, right * (1 - down)),
        (column, row + 1, (1 - right) * down),
        (column + 1, row + 1, right * down),
    ]


def render(
    points: np.ndarray, data: np.ndarray, size_px: tuple[int, int], f_px: float, cx_px: float, cy_px: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return values (C, H, W) and weight (H, W)."""
    width, height = size_px
    landed = []
    z_buffer = np.full((height, width), 1e6)
    for point, datum in zip(points, data.T, strict=True):
        if point[2] < 0.001:
            continue
        around = neighbours(*landing(point, f_px, cx_px, cy_px))
        error = 1e6 - f_px * F_TIMES_B / (point[2] + 1e-7)
        landed.append((around, error, datum))
        column, row, _ = max(around, key=lambda pixel: pixel[2])  # the first of equal ones
        if 0 <= column < width and 0 <= row < height:
            z_buffer[row, column] = min(z_buffer[row, column], error)
    z_buffer = de_grid(de_grid(z_buffer))  # the second time for pixels between mended ones
    values, weight = np.zeros((len(data), height, width)), np.zeros((height, width))
    for around, error, datum in landed:
        for column, row, share in around:
            if 0 <= column < width and 0 <= row < height and error <= z_buffer[row, column] + 1:
                values[:, row, column] += share * datum
                weight[row, column] += share
    return values / (weight + 1e-7), weight


def de_grid(z_buffer: np.ndarray) -> np.ndarray:
    """Return the buffer in which pixels behind both of two opposite neighbours take the mean of such neighbours."""
    height, width = z_buffer.shape
    result = z_buffer.copy()
    for row in range(height):
        for column in range(width):
            found = []
            for x, y in ((1, 0), (0, 1), (1, 1), (1, -1)):
                ends = [(row + y, column + x), (row - y, column - x)]
                if not all(0 <= r < height and 0 <= c < width for r, c in ends):
                    continue
                if all(z_buffer[row, column] - z_buffer[end] >= 1 for end in ends):
                    found += [z_buffer[end] for end in ends]
            if found:
                result[row, column] = sum(found) / len(found)
    return result


def first_covered(covered: np.ndarray, row: int, column: int, x: float, y: float) -> tuple[int, int] | None:
    """Return the first covered pixel (row, column) along a ray, None if it leaves the frame before."""
    for step in range(1, 10_000):
        r, c = row + math.floor(step * y + 0.5), column + math.floor(step * x + 0.5)
        if not (0 <= r < covered.shape[0] and 0 <= c < covered.shape[1]):
            return None
        if covered[r, c]:
            return r, c
    raise AssertionError("a ray never ended")


def fill(values: np.ndarray, depth: np.ndarray, covered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return values (C, H, W) with the holes filled along 16 pairs of opposite rays, and what is covered then."""
    filled, now_covered = values.copy(), covered.copy()
    for row, column in zip(*np.nonzero(~covered), strict=True):
        shortest = math.inf
        for pair in range(16):
            x, y = math.cos(math.pi * pair / 16), math.sin(math.pi * pair / 16)
            longer = max(abs(x), abs(y))
            ends = [first_covered(covered, row, column, sign * x / longer, sign * y / longer) for sign in (1, -1)]
            if None in ends:
                continue
            span = math.dist(*ends)
            if span < shortest:
                shortest = span
                deeper = max(ends, key=lambda end: depth[end])  # the first of equal ones
                filled[:, row, column] = values[:, *deeper]
                now_covered[row, column] = True
    return filled, now_covered
