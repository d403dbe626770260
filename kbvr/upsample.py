"""Bring a small map (depth, sky) to the photo's full size so that its edges lie on the photo's edges.

Networks draw soft edges, and a ramp between two surfaces would be a rubber sheet in the scene. So ramps of the small
map become steps first (toggle mapping: each pixel of a ramp takes the value of the plateau that it is nearer to). Joint
bilateral upsampling (Kopf et al. 2007) to a working size brings them to the edges of the picture, and what it left of
ramps becomes steps too. Work goes in strips of rows, so memory is bounded.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

RAMP_SHARE = 1 / 64
"""Half the width of the widest ramps of a small map that become steps, as a share of its long side."""

WORKING_LONG_SIDE_PX = 1280
STRIP_ROWS = 128
TAPS = 2
"""Neighbours on each side that a pixel looks at on the small map."""

SPATIAL_SIGMA_CELLS = 0.9
COLOUR_SIGMA_LEVELS = 14.0
STEP_SHARE = (0.05, 0.12)
"""Ramps that rise by less than the first share of the map's range stay; by more than the second become steps."""


def upsample_along_edges(
    small: Float32[np.ndarray, "h w"], rgb: UInt8[np.ndarray, "H W 3"]
) -> Float32[np.ndarray, "H W"]:
    """Return the map at the picture's size, its steps on the picture's edges."""
    height, width = rgb.shape[:2]
    scale = min(1.0, WORKING_LONG_SIDE_PX / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    guide = rgb if scale == 1 else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    cell_px = size[0] / small.shape[1]
    colours = cv2.resize(guide, small.shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    steep = steepened(small, radius_px=max(1, round(RAMP_SHARE * max(small.shape))))
    lifted = cv2.medianBlur(_joint_bilateral(steep, colours, guide), 5)
    stepped = steepened(lifted, radius_px=max(1, round(0.8 * cell_px)))
    if scale == 1:
        return stepped
    large = cv2.resize(stepped, (width, height), interpolation=cv2.INTER_LINEAR)
    return steepened(large, radius_px=max(1, round(1 / scale)))


def steepened(values: Float32[np.ndarray, "H W"], *, radius_px: int) -> Float32[np.ndarray, "H W"]:
    """Turn ramps of up to twice the radius into steps; leave slopes and flat regions alone."""
    window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))
    high, low = cv2.dilate(values, window), cv2.erode(values, window)
    whole_range = float(np.subtract(*np.percentile(values[::2, ::2], (98, 2)))) or 1.0
    rise = (high - low) / np.float32(whole_range)
    start, end = STEP_SHARE
    share = np.clip((rise - start) / (end - start), 0, 1).astype(np.float32)
    plateau = np.where(values - low > high - values, high, low)
    return (values + (plateau - values) * share).astype(np.float32)


def _joint_bilateral(
    small: Float32[np.ndarray, "h w"], colours: Float32[np.ndarray, "h w 3"], guide: UInt8[np.ndarray, "H W 3"]
) -> Float32[np.ndarray, "H W"]:
    height, width = guide.shape[:2]
    result = np.empty((height, width), np.float32)
    columns = ((np.arange(width, dtype=np.float32) + 0.5) * small.shape[1] / width) - 0.5
    for start in range(0, height, STRIP_ROWS):
        end = min(start + STRIP_ROWS, height)
        rows = ((np.arange(start, end, dtype=np.float32) + 0.5) * small.shape[0] / height) - 0.5
        result[start:end] = _strip(small, colours, guide[start:end].astype(np.float32), rows, columns)
    return result


def _strip(
    small: Float32[np.ndarray, "h w"],
    colours: Float32[np.ndarray, "h w 3"],
    guide: Float32[np.ndarray, "R W 3"],
    rows: Float32[np.ndarray, "R"],
    columns: Float32[np.ndarray, "W"],
) -> Float32[np.ndarray, "R W"]:
    """Return the joint bilateral mean of one strip; rows and columns are its pixels' places on the small map."""
    total = np.zeros(guide.shape[:2], np.float32)
    weights = np.full(guide.shape[:2], 1e-12, np.float32)
    for dy in range(-TAPS, TAPS + 1):
        y = np.round(rows) + dy
        weight_y = np.exp(-((rows - y) ** 2) / (2 * SPATIAL_SIGMA_CELLS**2))
        iy = np.clip(y, 0, small.shape[0] - 1).astype(np.intp)
        for dx in range(-TAPS, TAPS + 1):
            x = np.round(columns) + dx
            weight_x = np.exp(-((columns - x) ** 2) / (2 * SPATIAL_SIGMA_CELLS**2))
            ix = np.clip(x, 0, small.shape[1] - 1).astype(np.intp)
            away = guide - colours[iy[:, None], ix]
            distance = np.einsum("rwc,rwc->rw", away, away)
            weight = np.exp(distance * np.float32(-0.5 / COLOUR_SIGMA_LEVELS**2)) + np.float32(1e-4)
            weight *= weight_y[:, None] * weight_x
            total += weight * small[iy[:, None], ix]
            weights += weight
    return total / weights
