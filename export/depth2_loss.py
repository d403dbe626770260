"""What kbvr-depth 2 is told of its errors: scale-and-shift-invariant, only where depth is known, edges above all.

Ranftl et al. 2020, "Towards Robust Monocular Depth Estimation" (median and mean absolute deviation, trimmed, gradients
at several scales).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from export.train_depth import EDGE_REACH_PX

TRIMMED = 0.07
"""Share of a picture's pixels, the worst ones, that count nothing: labels are wrong there as often as the network."""

SAMPLED = 7
"""One pixel of so many says what is the median, and which pixels are the worst; sides are no multiples of it."""

LEAST_SPREAD = 1e-3
GRADIENT_SCALES = 4
GRADIENT_WEIGHT = 0.5
EDGE_WEIGHT = 0.5
EDGE_JUMP = 0.25
"""How much normalised inverse depth jumps from one pixel to the next at an edge."""

PASTED_WEIGHT = 0.15
"""Weight of what is wrong where something was pasted: thin things are so few pixels that all may be among the worst."""

SKY_WEIGHT = 1.0
DOUBT_WEIGHT = 0.1
LEAST_ERROR = 0.02
"""Smaller errors than this are not told from one another."""

GREATEST_ERROR = 20.0


def standardised(depth: Tensor, known: Tensor) -> Tensor:
    """Take each picture's median off and divide by its mean absolute deviation, both of what is known; 0 elsewhere."""
    flat = torch.where(known, depth, torch.nan).flatten(1)[:, ::SAMPLED]
    middle = flat.nanmedian(dim=1).values.nan_to_num()[:, None, None, None]
    centred = torch.where(known, depth - middle, 0.0)
    count = known.flatten(1).sum(1).clamp(min=1)[:, None, None, None]
    spread = centred.abs().sum(dim=(1, 2, 3), keepdim=True) / count
    return centred / (spread + LEAST_SPREAD)


def in_the_order_of(depth: Tensor, order: Tensor, known: Tensor) -> Tensor:
    """Return the values of one map (H, W) dealt out anew, so that they have the order of the other.

    A label of which only the order is to be trusted asks for what the network said, sorted as the label is.
    """
    wanted = order.clone()
    ranks = order[known].argsort()
    dealt = torch.empty_like(order[known])
    dealt[ranks] = depth[known].sort().values.to(dealt.dtype)
    wanted[known] = dealt
    return wanted


def depth_loss(
    guess: Tensor, truth: Tensor, pasted: Tensor, weight: Tensor, by_rank: Tensor, sharp: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the loss and what is wrong at every pixel, in mean absolute deviations, NaN where it is not known.

    guess and truth are (N, 1, H, W), truth NaN where unknown; pasted (N, 1, H, W) says where depth is known exactly;
    weight, by_rank and sharp (is what the label says of edges to be trusted) are (N,).
    """
    known = truth.isfinite()
    filled = truth.nan_to_num()
    if by_rank.any():
        filled = filled.clone()
        for number in by_rank.nonzero().flatten().tolist():
            filled[number, 0] = in_the_order_of(guess[number, 0].detach(), filled[number, 0], known[number, 0])
    wanted = standardised(filled, known)
    error = standardised(guess, known) - wanted
    size = error.abs()
    exact = known & pasted
    kept = exact | (known & (size <= _limits(size.detach(), known)))
    per_picture = _mean(size, kept) + PASTED_WEIGHT * _mean(size.clamp(max=GREATEST_ERROR), exact)
    near_edge = known & _near_edges(wanted, known)
    per_picture = per_picture + EDGE_WEIGHT * sharp * _mean(size.clamp(max=GREATEST_ERROR), near_edge)
    per_picture = per_picture + GRADIENT_WEIGHT * _gradients(error, known)
    counts = known.flatten(1).any(1) * weight
    loss = (per_picture * counts).sum() / counts.sum().clamp(min=1e-3)
    return loss, torch.where(known, size.detach(), torch.nan)


def _mean(values: Tensor, where: Tensor) -> Tensor:
    """Return the mean of each picture's values there, (N,); 0 where there are none."""
    return (values * where).sum(dim=(1, 2, 3)) / where.sum(dim=(1, 2, 3)).clamp(min=1)


def _limits(size: Tensor, known: Tensor) -> Tensor:
    """Return what all but TRIMMED of each picture's known errors are below, (N, 1, 1, 1)."""
    flat = torch.where(known, size, torch.inf).flatten(1)[:, ::SAMPLED]
    ranks = ((1 - TRIMMED) * flat.isfinite().sum(1)).long().clamp(max=flat.shape[1] - 1)
    return flat.sort(dim=1).values.gather(1, ranks[:, None])[:, :, None, None]


def _gradients(error: Tensor, known: Tensor) -> Tensor:
    """Return how much the error changes from pixel to pixel, at several scales, (N,)."""
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
    """Return where inverse depth jumps within EDGE_REACH_PX."""
    depth = depth.detach()
    x = (depth[..., :, 1:] - depth[..., :, :-1]).abs() * (known[..., :, 1:] & known[..., :, :-1])
    y = (depth[..., 1:, :] - depth[..., :-1, :]).abs() * (known[..., 1:, :] & known[..., :-1, :])
    jumps = (torch.maximum(F.pad(x, (0, 1)), F.pad(y, (0, 0, 0, 1))) > EDGE_JUMP).float()
    side = 2 * EDGE_REACH_PX + 1
    in_rows = F.max_pool2d(jumps, (1, side), 1, (0, EDGE_REACH_PX))
    return F.max_pool2d(in_rows, (side, 1), 1, (EDGE_REACH_PX, 0)) > 0


def sky_loss(logit: Tensor, truth: Tensor) -> Tensor:
    """Return the cross entropy of the sky, where it is known (truth is -1 elsewhere)."""
    known = (truth >= 0).float()
    entropy = F.binary_cross_entropy_with_logits(logit, truth.clamp(0, 1), reduction="none")
    return SKY_WEIGHT * (entropy * known).sum() / known.sum().clamp(min=1)


def doubt_loss(log_error: Tensor, size: Tensor) -> Tensor:
    """Return how badly the errors (NaN where unknown) were foreseen: the likelihood of a Laplace distribution."""
    known = size.isfinite()
    happened = size.nan_to_num().clamp(LEAST_ERROR, GREATEST_ERROR)
    foreseen = log_error.clamp(-5, 4)
    return DOUBT_WEIGHT * ((happened * (-foreseen).exp() + foreseen) * known).sum() / known.sum().clamp(min=1)
