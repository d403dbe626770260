"""Quantised chroma: the classes between which kbvr-color chooses.

A network that predicts chroma itself answers the mean of what is plausible, which is brown. Zhang, Isola & Efros 2016
("Colorful Image Colorization") predict the probabilities of quantised chroma instead, weigh rare colours more in
training, and decode with an annealed mean. Here the grid is coarser than theirs, and a truth between grid points is
shared among its four neighbours bilinearly, so that their mean is the truth.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

STEP = 12.0
"""Distance of neighbouring bins, in units of CIELAB's a and b."""

REACH = 10
"""Greatest number of steps from grey that is looked up; sRGB ends at 9 (blue's b is -108)."""

TEMPERATURE = 0.38
"""Of the annealed mean, as in the paper: 1 is the mean, 0 the most probable bin."""

UNIFORM_SHARE = 0.5
"""Share of a uniform distribution in the one that rarity is measured by, as in the paper."""

RARITY_POWER = 0.5
"""Power of the paper's weights. At 1, with few photos, wrong vivid colours cost less than right dull ones."""

_LAB_FROM_LINEAR = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
) / np.array([[0.950456], [1.0], [1.088754]])
"""XYZ / white (D65) from linear sRGB."""


def lab_of(rgb01: np.ndarray) -> np.ndarray:
    """Return CIELAB (..., 3) of sRGB in 0-1: L in 0-100, a and b in about -110 to 110."""
    linear = np.where(rgb01 <= 0.04045, rgb01 / 12.92, ((rgb01 + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _LAB_FROM_LINEAR.T
    x, y, z = np.moveaxis(np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


@cache
def _grid_points() -> tuple[tuple[int, int], ...]:
    """Return the grid points (a, b)/STEP that are nearest to some colour of sRGB, in order."""
    level = np.linspace(0, 1, 52)
    cube = np.stack(np.meshgrid(level, level, level), axis=-1).reshape(-1, 3)
    nearest = np.rint(lab_of(cube)[:, 1:] / STEP).astype(int)
    return tuple((int(a), int(b)) for a, b in np.unique(nearest, axis=0))


def bin_centres() -> Tensor:
    """Return the chroma (Q, 2) of the bins, in units of a and b."""
    return torch.tensor(_grid_points(), dtype=torch.float32) * STEP


@cache
def _bin_at() -> Tensor:
    """Return the number of the bin nearest to each grid point, int64 (2 REACH + 1, 2 REACH + 1), by a and b."""
    line = np.arange(-REACH, REACH + 1)
    grid = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1)
    away = ((grid[:, :, None] - np.array(_grid_points())) ** 2).sum(axis=-1)
    return torch.from_numpy(away.argmin(axis=-1))


def shares_of(ab: Tensor) -> tuple[Tensor, Tensor]:
    """Return the bins (N, 4, H, W) that share each chroma (N, 2, H, W), and their shares, which add up to 1.

    The mean of the bins, weighted by their shares, is the chroma wherever all four are colours of sRGB.
    """
    at = (ab / STEP).clamp(-REACH, REACH - 1e-3)
    low = at.floor()
    part = at - low
    corner = low.long() + REACH
    bins, shares = [], []
    for step_a in (0, 1):
        for step_b in (0, 1):
            bins.append(_bin_at()[corner[:, 0] + step_a, corner[:, 1] + step_b])
            share_a = part[:, 0] if step_a else 1 - part[:, 0]
            share_b = part[:, 1] if step_b else 1 - part[:, 1]
            shares.append(share_a * share_b)
    return torch.stack(bins, 1), torch.stack(shares, 1)


def annealed_mean(logits: Tensor, centres: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Return the chroma (N, 2, H, W) of logits (N, Q, H, W): the mean of the sharpened distribution."""
    shares = torch.softmax(logits.permute(0, 2, 3, 1) / temperature, dim=-1)  # no copies: channels are last in memory
    return (shares @ centres).permute(0, 3, 1, 2)


def frequencies(ab: Tensor) -> Tensor:
    """Return the share (Q,) of each bin in chroma (N, 2, H, W)."""
    bins, shares = shares_of(ab)
    counts = torch.bincount(bins.flatten(), shares.flatten().double(), minlength=len(_grid_points()))
    return (counts / counts.sum()).float()


def rarity_weights(share_of_bin: Tensor) -> Tensor:
    """Return the weight (Q,) of each bin in the loss; weighted by frequency their mean is 1.

    (Zhang et al., eq. 4: 1/((1 - u) p + u/Q) with the uniform share u, here to RARITY_POWER.)
    """
    mixed = (1 - UNIFORM_SHARE) * share_of_bin + UNIFORM_SHARE / len(share_of_bin)
    weights = mixed**-RARITY_POWER
    return weights / (share_of_bin * weights).sum()
