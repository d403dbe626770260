"""Types of the arrays that most rooms share; their shapes are checked under pytest."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float32, UInt8

Picture = UInt8[np.ndarray, "H W 3"]
"""sRGB."""

Plane = Float32[np.ndarray, "H W"]
SmallPlane = Float32[np.ndarray, "h w"]
"""A plane of another size than the picture's."""

Mask = Bool[np.ndarray, "H W"]
Bytes = UInt8[np.ndarray, "H W"]
