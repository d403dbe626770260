"""Networks that misbehave, made for tests: they never end, take any amount of memory, answer with nonsense."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Shape = Sequence[int | str]
PICTURE: Shape = (1, 3, "h", "w")
PLANE: Shape = (1, 1, "h", "w")


def saved(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    inputs: dict[str, Shape],
    outputs: dict[str, Shape],
    constants: dict[str, np.ndarray] | None = None,
) -> Path:
    """Save a network of float32 tensors."""
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def endless(path: Path, inputs: dict[str, Shape] | None = None) -> Path:
    """Save a network that goes round in a loop for a million years, holding its first input."""
    inputs = inputs or {"rgb01": PICTURE}
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Identity", ["v"], ["w"])],
        "b",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("w", TensorProto.FLOAT, None),
        ],
    )
    nodes = [
        helper.make_node("ReduceMean", [next(iter(inputs))], ["m"], axes=[1]),
        helper.make_node("Loop", ["n", "c", "m"], ["depth"], body=body),
    ]
    return saved(path, nodes, inputs, {"depth": PLANE}, {"n": np.array(10**15), "c": np.array(True)})


def constant(path: Path, value: np.ndarray, shape: Shape | None = None) -> Path:
    """Save a network that gives the same answer whatever it sees; `shape` is what it says about that."""
    nodes = [
        helper.make_node("ReduceMean", ["rgb01"], ["m"], keepdims=0),
        helper.make_node("Mul", ["m", "zero"], ["z"]),
        helper.make_node("Add", ["z", "value"], ["depth"]),
    ]
    constants = {"zero": np.float32(0).reshape(()), "value": value.astype(np.float32)}
    return saved(path, nodes, {"rgb01": PICTURE}, {"depth": shape or value.shape}, constants)


def expanding(path: Path, *shape: int) -> Path:
    """Save a network whose answer has this shape."""
    nodes = [helper.make_node("ReduceMean", ["rgb01"], ["m"]), helper.make_node("Expand", ["m", "s"], ["depth"])]
    return saved(path, nodes, {"rgb01": PICTURE}, {"depth": (1, 1, "a", "b")}, {"s": np.array(shape, np.int64)})


def averaging(path: Path, shape: Shape) -> Path:
    """Save a network that says it takes pictures of this shape, and gives their brightness."""
    nodes = [helper.make_node("ReduceMean", ["rgb01"], ["depth"], axes=[1])]
    return saved(path, nodes, {"rgb01": shape}, {"depth": PLANE})
