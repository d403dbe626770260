"""Sizes as tensors, which a trace keeps as variables; plain numbers would become constants of the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor
from torch.onnx.operators import shape_as_tensor


def shape_of(x: Tensor) -> Tensor:
    """Return the shape as a vector of int64."""
    return shape_as_tensor(x)


def counted_to(count: Tensor) -> Tensor:
    """Return 0, 1, ... count - 1."""
    return torch.arange(cast(int, count))


def as_sizes(sizes: Sequence[Tensor | int]) -> tuple[int, ...]:
    """Return sizes for a function that is annotated for numbers but accepts scalar tensors too."""
    return tuple(cast(int, size) for size in sizes)
