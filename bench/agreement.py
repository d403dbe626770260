"""How well a depth map agrees with the truth, whatever its size, scale and shift."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Float32, Float64, Shaped


def sized_as(
    guess: Float32[np.ndarray, "h w"], other: Shaped[np.ndarray, "H W *channels"]
) -> Float32[np.ndarray, "H W"]:
    """Return a map at the size of another, or of a picture."""
    return np.asarray(cv2.resize(guess, other.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def fitted(guess: Float32[np.ndarray, "h w"], truth: Float[np.ndarray, "H W"]) -> Float64[np.ndarray, "H W"]:
    """Return a map at the truth's size, scaled and shifted to be nearest to what is known of it (least squares)."""
    known = np.isfinite(truth)
    got = sized_as(guess, truth).astype(np.float64)
    terms = np.stack([got[known], np.ones(int(known.sum()))], axis=1)
    scale, shift = np.linalg.lstsq(terms, truth[known].astype(np.float64), rcond=None)[0]
    return np.asarray(scale * got + shift)


def correlation(guess: Float32[np.ndarray, "h w"], truth: Float[np.ndarray, "H W"]) -> float:
    """Return the correlation (Pearson) of two maps where the second is known, which is where it is finite.

    NaN if one of them is flat.
    """
    known = np.isfinite(truth)
    got, wanted = sized_as(guess, truth)[known].astype(np.float64), truth[known].astype(np.float64)
    got, wanted = got - got.mean(), wanted - wanted.mean()
    spread = float(np.sqrt((got**2).mean() * (wanted**2).mean()))
    return float((got * wanted).mean() / spread) if spread > 0 else float("nan")


def errors(guess: Float32[np.ndarray, "h w"], truth: Float[np.ndarray, "H W"]) -> Float32[np.ndarray, "H W"]:
    """Return the absolute error of every pixel after the best scale and shift (least squares).

    In mean absolute deviations of the truth from its median, so that the mean is the share of a flat wall's error that
    is left: 0 is perfect. NaN where the truth is unknown, and everywhere if it is flat.
    """
    wanted = truth.astype(np.float64)
    known = wanted[np.isfinite(wanted)]
    deviation = float(np.abs(known - np.median(known)).mean())
    return np.asarray(np.abs(fitted(guess, truth) - wanted) / (deviation or np.nan), np.float32)
