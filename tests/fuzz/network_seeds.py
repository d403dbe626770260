"""Networks of a few nodes, and the card of one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from onnx import TensorProto, checker, helper

from fuzz.mutators import Seed

FREE = ["n", 3, "h", "w"]
DEPTH_SHAPE = ["n", 1, "h", "w"]


def network_seeds() -> Iterator[Seed]:
    """Yield networks for depth, for filling and for finding objects."""
    yield Seed("depth.onnx", "depth network", "protobuf", depth_network())
    yield Seed("depth-conv.onnx", "depth network", "protobuf", convolving_network())
    yield Seed("depth-fixed.onnx", "depth network", "protobuf", depth_network(1, 3, 28, 42))
    yield Seed("fill.onnx", "fill network", "protobuf", fill_network())
    yield Seed("tiles.onnx", "fill network", "protobuf", tile_network())
    yield Seed("objects.onnx", "segmentation", "protobuf", object_network())


def _model(
    nodes: list[object], inputs: list[object], outputs: list[object], constants: tuple[object, ...] = ()
) -> bytes:
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _floats(name: str, *shape: int | str) -> object:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape) or FREE)


def depth_network(*shape: int) -> bytes:
    """Return a network that takes the mean of the colours for depth."""
    mean = helper.make_node("ReduceMean", ["rgb01"], ["depth"], axes=[1], keepdims=1)
    out = [shape[0], 1, *shape[2:]] if shape else DEPTH_SHAPE
    return _model([mean], [_floats("rgb01", *shape)], [_floats("depth", *out)])


def convolving_network() -> bytes:
    """Return one with a convolution, a constant, and a size that is computed."""
    weights = helper.make_tensor("weights", TensorProto.FLOAT, [2, 3, 3, 3], [0.01 * (i % 7) for i in range(54)])
    scales = helper.make_tensor("scales", TensorProto.FLOAT, [4], [1.0, 1.0, 2.0, 2.0])
    nodes = [
        helper.make_node("Conv", ["rgb01", "weights"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Resize", ["b", "", "scales"], ["c"], mode="nearest"),
        helper.make_node("ReduceMax", ["c"], ["inverse_depth_per_m"], axes=[1], keepdims=1),
    ]
    return _model(nodes, [_floats("rgb01")], [_floats("inverse_depth_per_m", *DEPTH_SHAPE)], (weights, scales))


def fill_network() -> bytes:
    """Return one of kbvr-fill's kind that gives back what it gets."""
    nodes = [
        helper.make_node("Mul", ["rgb01", "known"], ["rgb"]),
        helper.make_node("Mul", ["inverse_depth", "known"], ["d"]),
    ]
    inputs = [_floats("rgb01"), _floats("inverse_depth", *DEPTH_SHAPE), _floats("known", *DEPTH_SHAPE)]
    return _model(nodes, inputs, [_floats("rgb"), _floats("d", *DEPTH_SHAPE)])


def tile_network() -> bytes:
    """Return an inpainting network of a fixed size."""
    nodes = [helper.make_node("Mul", ["image", "mask"], ["painted"])]
    return _model(
        nodes, [_floats("image", 1, 3, 64, 64), _floats("mask", 1, 1, 64, 64)], [_floats("painted", 1, 3, 64, 64)]
    )


def object_network() -> bytes:
    """Return a segmentation that finds its own picture, once."""
    whole = helper.make_tensor("whole", TensorProto.INT64, [1], [1])
    score = helper.make_tensor("score", TensorProto.FLOAT, [1], [0.9])
    nodes = [
        helper.make_node("ReduceMean", ["rgb01"], ["mean"], axes=[0], keepdims=1),
        helper.make_node("Unsqueeze", ["mean", "axis"], ["masks"]),
        helper.make_node("Identity", ["whole"], ["labels"]),
        helper.make_node("Identity", ["score"], ["scores"]),
    ]
    axis = helper.make_tensor("axis", TensorProto.INT64, [1], [0])
    labels = helper.make_tensor_value_info("labels", TensorProto.INT64, ["n"])
    outputs = [labels, _floats("scores", "n"), _floats("masks", "n", 1, "h", "w")]
    return _model(nodes, [_floats("rgb01", 3, "h", "w")], outputs, (whole, score, axis))


CARD = {
    "name": "mine",
    "file": "mine.onnx",
    "sha256": hashlib.sha256(depth_network()).hexdigest(),
    "licence": "MIT",
    "source": "a formula",
    "task": "depth",
    "inputs": [{"name": "rgb01", "dtype": "float32", "shape": [1, 3, "h", "w"], "meaning": "sRGB"}],
    "outputs": [{"name": "depth", "dtype": "float32", "shape": [1, 1, "h", "w"], "meaning": "near"}],
    "normalisation": "0 to 1",
    "sizes": "any",
    "trained_on": "nothing",
    "figures": {"seen": 0.5},
    "limits": "all",
    "url": "https://example.org/mine.onnx",
    "size_bytes": 300,
    "non_commercial": False,
    "depth": {"input": "rgb01", "output": "depth", "gives": "depth_m", "long_side_px": 64, "multiple_of_px": 32},
    "fill": {"output_range": "0-1"},
}
"""A card that says all that one can say."""
