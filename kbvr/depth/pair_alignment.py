"""Turn the second view of a stereo pair so that both views show every point in the same row.

Coordinates are centred and in photo widths; those of the second view in its own widths, so that its pixels are square
whatever its shape is, and cropping is a zoom. Two cameras side by side whose directions, zooms and heights differ a
little show a point in rows that differ by

    v2 - v1 = c + p u2 + q v1 + k u2 v1 + m v1^2

for a shift, a roll, a zoom, a yaw and a pitch of the second camera. The same roll, zoom, yaw and pitch move points
sideways by -p v1 + q u2 + k u2^2 + m u2 v1 (the flow of a rotation: Longuet-Higgins and Prazdny 1980), which is taken
back too, so that only the parallax is left.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import Bool, Float64, UInt8

from kbvr.imaging.matched_points import matched_points

Numbers = Float64[np.ndarray, "N"]
Rgb = UInt8[np.ndarray, "H W 3"]

TRIES = 400
FIRST_TOLERANCE, TOLERANCE = 0.006, 0.0015
"""Differences of rows, in photo widths, of points that agree with a first guess, and at the end."""

ROUNDS = 4
RIDGE = 1e-4
"""Weight against yaw and pitch, per point: few points tell them from noise."""

MIN_POINTS, MIN_SHARE = 20, 0.5
"""Number and share of the matched points that must agree."""

MAX_SLOPE = 0.15
"""Roll in radians, and zoom, beyond which pictures are no pair."""

MAX_SHIFT = 0.25
"""Largest difference of a point's parallax from the middle one, in photo widths."""

MIN_PARALLAX = 0.002
"""Pairs with a smaller range of parallax show no depth; in photo widths."""


class NoPairError(Exception):
    """Two pictures are no stereo pair; the message says why."""


BAND_PX = 256
"""Rows that are turned at a time."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """How the second view lies on the first, once both have one size."""

    terms: Float64[np.ndarray, "5"]
    """c, p, q, k and m."""

    u: Numbers = field(repr=False)
    """Columns of the matched points in the first view, in its widths, 0 to 1."""

    v: Numbers = field(repr=False)
    """Rows of the same points, in heights, 0 to 1."""

    parallax: Numbers = field(repr=False)
    """How much farther left the second view shows each point once it is turned, in photo widths."""

    residual: float
    """Median difference of their rows that is left, in photo widths."""

    def turned(self, second: UInt8[np.ndarray, "H2 W2 3"], size_px: tuple[int, int]) -> Rgb:
        """Return the second view, turned, at the (width, height) of the first."""
        width, height = size_px
        second_height, second_width = second.shape[:2]
        if second_width > 1.5 * width:  # sample no finer than the pixels that are averaged
            second = cv2.blur(second, (round(second_width / width),) * 2)
        u = ((np.arange(width) + 0.5) / width - 0.5)[None, :]
        middle = second_height / second_width / 2
        result = np.empty((height, width, 3), np.uint8)
        for top in range(0, height, BAND_PX):  # the maps of a large photo take much memory
            rows = np.arange(top, min(top + BAND_PX, height))
            v = ((rows + 0.5) / width - height / width / 2)[:, None]
            du, dv = _offsets(self.terms, u, v)
            x = ((u + du + 0.5) * second_width - 0.5).astype(np.float32)
            y = ((v + dv + middle) * second_width - 0.5).astype(np.float32)
            result[rows] = cv2.remap(second, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return result


def align(first: Rgb, second: UInt8[np.ndarray, "H2 W2 3"], *, side_px: int) -> Alignment:
    """Align the second view of a pair with the first by the points that they share, compared at `side_px`.

    Raises:
        NoPairError: if they are no pair; it says why.
    """
    at_first, at_second = matched_points(first, second, side_px=side_px)
    if len(at_first) < MIN_POINTS:
        raise NoPairError("the two pictures do not show the same thing")
    (u1, v1), (u2, v2) = (
        (at.T - 0.5) * np.array([[1], [rgb.shape[0] / rgb.shape[1]]])
        for at, rgb in ((at_first, first), (at_second, second))
    )
    agrees = _first_agreement(u1, v1, u2, v2)
    terms = np.zeros(5)
    turned_u = u2
    for _ in range(ROUNDS):
        terms = _fitted(turned_u[agrees], v1[agrees], (v2 - v1)[agrees])
        turned_u = u2 - _offsets(terms, turned_u, v1)[0]
        off = np.abs(v2 - v1 - _offsets(terms, turned_u, v1)[1])
        sideways = np.abs(u1 - turned_u - np.median((u1 - turned_u)[agrees]))
        agrees = (off < TOLERANCE) & (sideways < MAX_SHIFT)
        if agrees.sum() < MIN_POINTS:
            break
    if agrees.sum() < max(MIN_POINTS, MIN_SHARE * len(u1)) or np.abs(terms[1:3]).max() > MAX_SLOPE:
        raise NoPairError("the two pictures do not show the same thing from side by side")
    parallax = (u1 - turned_u)[agrees]
    if np.subtract(*np.percentile(parallax, (99, 1))) < MIN_PARALLAX:
        raise NoPairError("the two pictures show no parallax")
    return Alignment(terms, at_first[agrees, 0], at_first[agrees, 1], parallax, float(np.median(off[agrees])))


def _offsets(
    terms: Float64[np.ndarray, "5"], u: Float64[np.ndarray, "..."], v: Float64[np.ndarray, "..."]
) -> tuple[Float64[np.ndarray, "..."], Float64[np.ndarray, "..."]]:
    """Return how far right of and below its turned place a point is in the second view."""
    c, p, q, k, m = terms
    return q * u - p * v + k * u * u + m * u * v, c + p * u + q * v + k * u * v + m * v * v


def _first_agreement(u1: Numbers, v1: Numbers, u2: Numbers, v2: Numbers) -> Bool[np.ndarray, "N"]:
    """Return the points that agree with the shift, roll and zoom of the best three of them (RANSAC)."""
    random = np.random.default_rng(0)
    basis = np.stack([np.ones_like(u2), u2, v1], axis=1)
    best = np.zeros(len(u1), np.bool_)
    for chosen in random.integers(len(u1), size=(TRIES, 3)):
        rows = basis[chosen]
        if abs(np.linalg.det(rows)) < 1e-3:
            continue
        terms = np.linalg.solve(rows, (v2 - v1)[chosen])
        if np.abs(terms[1:]).max() > MAX_SLOPE:
            continue
        agrees = np.abs(v2 - v1 - basis @ terms) < FIRST_TOLERANCE
        best = agrees if agrees.sum() > best.sum() else best
    if best.sum() < MIN_POINTS:
        raise NoPairError("the two pictures do not show the same thing from side by side")
    return best


def _fitted(u: Numbers, v: Numbers, difference: Numbers) -> Float64[np.ndarray, "5"]:
    basis = np.stack([np.ones_like(u), u, v, u * v, v * v], axis=1)
    weights = np.diag([0.0, 0.0, 0.0, RIDGE, RIDGE]) * len(u)
    return np.asarray(np.linalg.solve(basis.T @ basis + weights + 1e-12 * np.eye(5), basis.T @ difference))
