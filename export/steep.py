"""Turn the ramps of a teacher's map into steps without the help of a picture."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from kbvr.depth.edge_ramps import sides_of, toggled


def steepened(values: Float32[np.ndarray, "H W"], *, radius_px: int) -> Float32[np.ndarray, "H W"]:
    """Turn ramps of up to twice the radius into steps; leave slopes and flat regions alone.

    Each pixel of a ramp takes the value of the nearer plateau (toggle mapping).
    """
    whole_range = float(np.subtract(*np.percentile(values[::2, ::2], (98, 2)))) or 1.0
    return toggled(values, *sides_of(values, radius_px, whole_range))
