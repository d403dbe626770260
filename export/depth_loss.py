"""The losses of kbvr-depth: scale-and-shift-invariant, only where depth is known, with emphasis on edges.

They follow Ranftl et al. 2020, "Towards Robust Monocular Depth Estimation": median and mean absolute deviation, trimmed
errors, gradients at several scales.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

TRIMMED = 0.07
"""Share of a picture's worst pixels to ignore: there the label is wrong as often as the network."""

SAMPLED = 7
"""The median and the worst pixels are found from every 7th pixel; no side is a multiple of it."""

MIN_SPREAD = 1e-3
GRADIENT_SCALES = 4
GRADIENT_WEIGHT = 0.5
EDGE_WEIGHT = 0.5
EDGE_JUMP = 0.25
EDGE_REACH_PX = 5
"""Step of normalised inverse depth between neighbours that is an edge; distance from it that is near the edge."""

PASTED_WEIGHT = 0.15
"""Weight of errors of pasted things: thin things have so few pixels that all may be among the worst."""

SKY_WEIGHT = 1.0
DOUBT_WEIGHT = 0.1
MIN_ERROR = 0.02
"""Smaller errors count as this one."""

MAX_ERROR = 20.0


def standardised(depth: Tensor, known: Tensor) -> Tensor:
    """Subtract each picture's median and divide by its mean absolute deviation, both of known pixels; 0 elsewhere."""
    flat = torch.where(known, depth, torch.nan).flatten(1)[:, ::SAMPLED]
    middle = flat.nanmedian(dim=1).values.nan_to_num()[:, None, None, None]
    centred = torch.where(known, depth - middle, 0.0)
    count = known.flatten(1).sum(1).clamp(min=1)[:, None, None, None]
    spread = centred.abs().sum(dim=(1, 2, 3), keepdim=True) / count
    return centred / (spread + MIN_SPREAD)


def in_the_order_of(depth: Tensor, order: Tensor, known: Tensor) -> Tensor:
    """Return the values of one map (H, W), rearranged into the order of another.

    If only the order of a label is reliable, the target is the network's own values, sorted like the label.
    """
    rearranged = order.clone()
    ranks = order[known].argsort()
    dealt = torch.empty_like(order[known])
    dealt[ranks] = depth[known].sort().values.to(dealt.dtype)
    rearranged[known] = dealt
    return rearranged


def depth_loss(
    guess: Tensor, truth: Tensor, pasted: Tensor, weight: Tensor, by_rank: Tensor, sharp: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the loss, and the error of every pixel in mean absolute deviations, NaN where unknown.

    guess and truth are (N, 1, H, W), truth NaN where unknown; pasted (N, 1, H, W) marks exactly known depth; weight,
    by_rank and sharp (whether the label's edges are reliable) are (N,).
    """
    known = truth.isfinite()
    filled = truth.nan_to_num()
    if by_rank.any():
        filled = filled.clone()
        for number in by_rank.nonzero().flatten().tolist():
            filled[number, 0] = in_the_order_of(guess[number, 0].detach(), filled[number, 0], known[number, 0])
    target = standardised(filled, known)
    error = standardised(guess, known) - target
    size = error.abs()
    exact = known & pasted
    kept = exact | (known & (size <= _limits(size.detach(), known)))
    per_picture = _mean(size, kept) + PASTED_WEIGHT * _mean(size.clamp(max=MAX_ERROR), exact)
    near_edge = known & _near_edges(target, known)
    per_picture = per_picture + EDGE_WEIGHT * sharp * _mean(size.clamp(max=MAX_ERROR), near_edge)
    per_picture = per_picture + GRADIENT_WEIGHT * _gradients(error, known)
    counts = known.flatten(1).any(1) * weight
    loss = (per_picture * counts).sum() / counts.sum().clamp(min=1e-3)
    return loss, torch.where(known, size.detach(), torch.nan)


def _mean(values: Tensor, where: Tensor) -> Tensor:
    """Return the mean of each picture's masked values, (N,); 0 without any."""
    return (values * where).sum(dim=(1, 2, 3)) / where.sum(dim=(1, 2, 3)).clamp(min=1)


def _limits(size: Tensor, known: Tensor) -> Tensor:
    """Return the (1 - TRIMMED) quantile of each picture's known errors, (N, 1, 1, 1)."""
    flat = torch.where(known, size, torch.inf).flatten(1)[:, ::SAMPLED]
    ranks = ((1 - TRIMMED) * flat.isfinite().sum(1)).long().clamp(max=flat.shape[1] - 1)
    return flat.sort(dim=1).values.gather(1, ranks[:, None])[:, :, None, None]


def _gradients(error: Tensor, known: Tensor) -> Tensor:
    """Return the change of the error between neighbours, at several scales, (N,)."""
    total = torch.zeros(len(error), device=error.device)
    share = known.float()
    for _ in range(GRADIENT_SCALES):
        whole = share > 0.99
        along_x = (error[..., :, 1:] - error[..., :, :-1]).abs()
        along_y = (error[..., 1:, :] - error[..., :-1, :]).abs()
        total = total + _mean(along_x, whole[..., :, 1:] & whole[..., :, :-1])
        total = total + _mean(along_y, whole[..., 1:, :] & whole[..., :-1, :])
        error, share = F.avg_pool2d(error, 2), F.avg_pool2d(share, 2)
    return total


def _near_edges(depth: Tensor, known: Tensor) -> Tensor:
    """Return the pixels within EDGE_REACH_PX of an edge."""
    depth = depth.detach()
    x = (depth[..., :, 1:] - depth[..., :, :-1]).abs() * (known[..., :, 1:] & known[..., :, :-1])
    y = (depth[..., 1:, :] - depth[..., :-1, :]).abs() * (known[..., 1:, :] & known[..., :-1, :])
    jumps = (torch.maximum(F.pad(x, (0, 1)), F.pad(y, (0, 0, 0, 1))) > EDGE_JUMP).float()
    side = 2 * EDGE_REACH_PX + 1
    in_rows = F.max_pool2d(jumps, (1, side), 1, (0, EDGE_REACH_PX))
    return F.max_pool2d(in_rows, (side, 1), 1, (EDGE_REACH_PX, 0)) > 0


def sky_loss(logit: Tensor, truth: Tensor) -> Tensor:
    """Return the cross entropy of the sky where it is known; truth is -1 elsewhere."""
    known = (truth >= 0).float()
    entropy = F.binary_cross_entropy_with_logits(logit, truth.clamp(0, 1), reduction="none")
    return SKY_WEIGHT * (entropy * known).sum() / known.sum().clamp(min=1)


def doubt_loss(log_error: Tensor, size: Tensor) -> Tensor:
    """Return the negative log-likelihood of the errors (NaN where unknown) under the predicted Laplace distribution."""
    known = size.isfinite()
    error = size.nan_to_num().clamp(MIN_ERROR, MAX_ERROR)
    log_expected = log_error.clamp(-5, 4)
    return DOUBT_WEIGHT * ((error * (-log_expected).exp() + log_expected) * known).sum() / known.sum().clamp(min=1)
