"""Batch norms that differ from what they begin with."""

from __future__ import annotations

import torch


def randomise_norms(net: torch.nn.Module) -> None:
    """Give the batch norms of a network something to fold."""
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            torch.nn.init.normal_(module.running_mean, 0, 0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
