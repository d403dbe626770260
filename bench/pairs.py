"""Real stereo pairs with true disparity, one folder each: NAME/left.png, right.png, disparity.npz.

The point at column x of the left picture is at column x - disparity of the right one, in the same row.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Int, Shaped, UInt8
from PIL import Image, UnidentifiedImageError

from kbvr.errors import InputError


@dataclass(frozen=True, eq=False)
class StereoPair:
    """A rectified pair of pictures of one size."""

    name: str
    left: UInt8[np.ndarray, "H W 3"]
    right: UInt8[np.ndarray, "H W 3"]
    disparity_px: Float32[np.ndarray, "H W"]
    """Disparity of every pixel of the left picture; 0 is unknown."""

    @property
    def known(self) -> Bool[np.ndarray, "H W"]:
        """Return where the true disparity is known."""
        return np.asarray(self.disparity_px > 0)

    @property
    def known_disparity_px(self) -> Float32[np.ndarray, "H W"]:
        """Return the disparity, NaN where it is unknown."""
        return np.where(self.known, self.disparity_px, np.float32(np.nan))

    def filled_disparity_px(self) -> Float32[np.ndarray, "H W"]:
        """Return the disparity without gaps.

        Most unknown pixels are background that only the left camera sees, so each takes the smaller disparity of the
        nearest known pixels to its left and right. A row without known pixels takes the smallest of the picture.
        """
        known = self.known
        filled = taken_from(self.disparity_px, farther_neighbour_columns(self.disparity_px, known))
        return np.where(known.any(axis=1, keepdims=True), filled, self.disparity_px[known].min()).astype(np.float32)


def load_pairs(folder: Path) -> list[StereoPair]:
    """Return the pairs of a folder, by name.

    Raises:
        InputError: if there is no pair, or one cannot be used.
    """
    if not folder.is_dir():
        raise InputError(f"--pairs: expected a folder of stereo pairs, got {folder}")
    pairs = [load_pair(inside) for inside in sorted(folder.iterdir()) if (inside / "disparity.npz").is_file()]
    if not pairs:
        raise InputError(f"expected a pair (NAME/left.png, right.png, disparity.npz), got none in {folder}")
    return pairs


def load_pair(folder: Path) -> StereoPair:
    """Load one pair.

    Raises:
        InputError: if a file is missing or broken, the sizes differ, or no disparity is known.
    """
    left, right = _load_rgb(folder / "left.png"), _load_rgb(folder / "right.png")
    disparity_px = _load_disparity_px(folder / "disparity.npz")
    if not left.shape == right.shape == (*disparity_px.shape, 3):
        raise InputError(
            f"{folder.name}: expected one size, got left {left.shape[:2]}, right {right.shape[:2]}, "
            f"disparity {disparity_px.shape} (rows, columns)"
        )
    if not (disparity_px > 0).any():
        raise InputError(f"{folder.name}: expected a disparity above 0, got none")
    return StereoPair(folder.name, left, right, disparity_px)


def _load_rgb(path: Path) -> UInt8[np.ndarray, "H W 3"]:
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"), np.uint8)
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(f"expected a picture, got {path}: {error}") from error


def _load_disparity_px(path: Path) -> Float32[np.ndarray, "H W"]:
    try:
        with np.load(path) as arrays:
            disparity_px = np.asarray(arrays["disparity"], np.float32)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"expected an array 'disparity' in {path}: {error}") from error
    if disparity_px.ndim != 2 or not np.isfinite(disparity_px).all() or (disparity_px < 0).any():
        raise InputError(f"expected disparity (H, W), finite and >= 0, in {path}")
    return disparity_px


def farther_neighbour_columns(
    disparity_px: Float32[np.ndarray, "H W"], known: Bool[np.ndarray, "H W"]
) -> Int[np.ndarray, "H W"]:
    """Return the column of its row from which every pixel takes its value.

    A known pixel keeps its own. An unknown one takes the nearest known pixel to its left or right: the one with the
    smaller disparity (farther away), or the nearer column if they are equal. Rows without known pixels keep their own
    columns.
    """
    width = known.shape[1]
    columns = np.broadcast_to(np.arange(width), known.shape)
    left = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
    right = np.minimum.accumulate(np.where(known, columns, width)[:, ::-1], axis=1)[:, ::-1]
    left_disparity = np.where(left >= 0, taken_from(disparity_px, np.maximum(left, 0)), np.inf)
    right_disparity = np.where(right < width, taken_from(disparity_px, np.minimum(right, width - 1)), np.inf)
    right_is_closer = right - columns < columns - left
    take_right = (right_disparity < left_disparity) | ((right_disparity == left_disparity) & right_is_closer)
    chosen = np.where(take_right, right, left)
    return np.where(known.any(axis=1, keepdims=True), chosen, columns)


def taken_from(
    values: Shaped[np.ndarray, "H W *rest"], columns: Int[np.ndarray, "H W"]
) -> Shaped[np.ndarray, "H W *rest"]:
    """Return values[row, columns[row, x]] for every row and x."""
    return np.asarray(values[np.arange(values.shape[0])[:, None], columns])
