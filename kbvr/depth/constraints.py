"""Constraints on a map: at each of many rows of points it is a combination of a few functions, up to outliers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

TRUST = 2
"""A row counts by this power of the mean weight of its points: rows that are mostly outliers show nothing."""

TOLERANCES = (4.0, 2.0, 1.0, 1.0)
"""Factors of the tolerance when outliers are first looked for: a fit to all points comes first (graduated
non-convexity, Blake and Zisserman 1987)."""

DAMPING = 1e-6
"""Keeps the fit to a row without weight finite, as a share of its points' weight."""


@dataclass(frozen=True, eq=False)
class Constraints:
    """Rows of points, each with the functions of which the map should be a combination there."""

    x: Float[np.ndarray, "N S"]
    y: Float[np.ndarray, "N S"]
    """Points, as indices of pixels."""

    basis: Float[np.ndarray, "N S K"]
    """The functions at the points, about 1 in size, such as 1 and the position along a line."""

    strength: Float[np.ndarray, "N"]
    """How much each row counts."""

    tolerance: Float[np.ndarray, "N"]
    """Points that deviate from their row by more than about this belong to something else."""

    def fitted(self, values: Float[np.ndarray, "N S"], before: Fit | None = None) -> Fit:
        """Return the fit to the map's values at the points, without outliers; `before` is that of a similar map."""
        fit = before or Fit(self, np.ones_like(self.x))
        for factor in TOLERANCES if before is None else TOLERANCES[-1:]:
            fit = Fit(self, (1 + (fit.residual(values) / (factor * self.tolerance[:, None])) ** 2) ** -2.0)
        return fit


class Fit:
    """A least-squares fit to every row of some constraints, with a weight for every point."""

    def __init__(self, constraints: Constraints, weight: Float[np.ndarray, "N S"]) -> None:
        """Prepare the fit; a weight is 1 for a point on its row to 0 for an outlier (Geman and McClure 1987)."""
        basis = constraints.basis
        self._basis, self._weighted = basis, basis * weight[..., None]
        normal = np.swapaxes(self._weighted, 1, 2) @ basis
        damping = DAMPING * basis.shape[1] * np.eye(basis.shape[2])
        self._inverse = np.linalg.inv(normal + damping)
        share = weight.mean(axis=1, keepdims=True) ** TRUST / basis.shape[1]
        self.weight: Float64[np.ndarray, "N S"] = weight * share * constraints.strength[:, None]
        """How much each point counts."""

    def residual(self, values: Float[np.ndarray, "N S"]) -> Float64[np.ndarray, "N S"]:
        """Return the deviation of the values from the best combinations of the functions."""
        factors = self._inverse @ (np.swapaxes(self._weighted, 1, 2) @ values[..., None].astype(np.float64))
        return np.asarray(values - (self._basis @ factors)[..., 0], np.float64)
