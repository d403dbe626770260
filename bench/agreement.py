"""Agreement of a depth map with the truth, for any size, scale and shift."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Float32, Float64, Shaped


def sized_as(
    guess: Float32[np.ndarray, "h w"], other: Shaped[np.ndarray, "H W *channels"]
) -> Float32[np.ndarray, "H W"]:
    """Return a map at the size of another map or of a picture."""
    return np.asarray(cv2.resize(guess, other.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def fitted(guess: Float32[np.ndarray, "h w"], truth: Float[np.ndarray, "H W"]) -> Float64[np.ndarray, "H W"]:
    """Return a map at the truth's size, with the least-squares scale and shift over the known pixels."""
    known = np.isfinite(truth)
    resized = sized_as(guess, truth).astype(np.float64)
    terms = np.stack([resized[known], np.ones(int(known.sum()))], axis=1)
    scale, shift = np.linalg.lstsq(terms, truth[known].astype(np.float64), rcond=None)[0]
    return np.asarray(scale * resized + shift)


def correlation(guess: Float32[np.ndarray, "h w"], truth: Float[np.ndarray, "H W"]) -> float:
    """Return the Pearson correlation of two maps where the truth is known (finite); NaN if one of them is flat."""
    known = np.isfinite(truth)
    a, b = sized_as(guess, truth)[known].astype(np.float64), truth[known].astype(np.float64)
    a, b = a - a.mean(), b - b.mean()
    spread = float(np.sqrt((a**2).mean() * (b**2).mean()))
    return float((a * b).mean() / spread) if spread > 0 else float("nan")


def errors(guess: Float32[np.ndarray, "h w"], truth: Float[np.ndarray, "H W"]) -> Float32[np.ndarray, "H W"]:
    """Return the absolute error of every pixel after the best scale and shift (least squares).

    The unit is the mean absolute deviation of the truth from its median, so the mean error is 0 for a perfect map and
    1 for a flat wall. NaN where the truth is unknown, and everywhere if it is flat.
    """
    true = truth.astype(np.float64)
    known = true[np.isfinite(true)]
    deviation = float(np.abs(known - np.median(known)).mean())
    return np.asarray(np.abs(fitted(guess, truth) - true) / (deviation or np.nan), np.float32)
