"""Read the weights of an ONNX file back into torch, to continue training from the shipped file.

In the file, batch norms are folded into the preceding convolutions. They are unfolded with the statistics of a batch of
pictures: the network computes the same as the file, and its batch norms have a suitable scale for training.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn


@torch.no_grad()
def load_folded(net: nn.Module, path: Path, *inputs: Tensor) -> None:
    """Load weights written by `export.onnx_export` into a network of the same architecture.

    The inputs are examples, which give the batch norms their statistics.

    Raises:
        ValueError: if the file's layers differ from the network's.
    """
    graph = onnx.load(str(path)).graph
    arrays = {i.name: torch.from_numpy(numpy_helper.to_array(i).astype(np.float32)) for i in graph.initializer}
    arrays |= {n.output[0]: arrays[n.input[0]] for n in graph.node if n.op_type == "Cast" and n.input[0] in arrays}
    one = tuple(tensor[:1] for tensor in inputs)
    layers = [m for m in _called_in_order(net, *one) if isinstance(m, nn.Conv2d | nn.Linear)]
    kernels = {layer.weight.shape[2:] for layer in layers}
    in_order = [
        node  # convolutions with other kernels are computed, not learnt
        for node in graph.node
        if node.op_type in ("Conv", "Gemm") and arrays.get(node.input[1], torch.empty(0)).shape[2:] in kernels
    ]
    if len(in_order) != len(layers):
        raise ValueError(f"expected a file of {len(layers)} layers, got {len(in_order)}: {path}")
    biases: dict[nn.Module, Tensor] = {}
    for node, layer in zip(in_order, layers, strict=True):
        weight = arrays[node.input[1]]
        if weight.shape != layer.weight.shape:
            raise ValueError(f"expected weights {tuple(layer.weight.shape)}, got {tuple(weight.shape)}: {path}")
        layer.weight.copy_(weight)
        biases[layer] = arrays[node.input[2]]
        if layer.bias is not None:
            layer.bias.copy_(biases[layer])
    for block in net.modules():
        for conv, norm in pairwise(block.children()):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                norm.register_forward_pre_hook(_Unfold(biases[conv]))
    net.eval()
    net(*inputs)
    for module in net.modules():
        module._forward_pre_hooks.clear()
    net.train()


class _Unfold:
    """Sets a batch norm to its input's statistics, with the scale and shift that undo them except for the bias."""

    def __init__(self, bias: Tensor) -> None:
        self.bias = bias

    def __call__(self, norm: nn.Module, inputs: tuple[Tensor]) -> None:
        mean = inputs[0].mean(dim=(0, 2, 3))
        variance = inputs[0].var(dim=(0, 2, 3), unbiased=False)
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(self.bias + mean)


def _called_in_order(net: nn.Module, *inputs: Tensor) -> list[Any]:
    """Return the modules without children, in the order of their calls."""
    called: list[nn.Module] = []
    hooks = [
        module.register_forward_pre_hook(lambda module, _: called.append(module))
        for module in net.modules()
        if not list(module.children())
    ]
    training = net.training
    net.eval()
    net(*inputs)
    net.train(training)
    for hook in hooks:
        hook.remove()
    return called
