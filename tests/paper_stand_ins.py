"""Small stand-ins for the networks of the paper, whose answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from kbvr.nets import Session, open_file

GREEN, FAR_DISPARITY = (51, 255, 0), 8.0
FLOAT = TensorProto.FLOAT
PERSON = 1


def network(
    path: Path, inputs: dict[str, Sequence[object]], outputs: dict[str, Sequence[object]], nodes, constants=()
) -> Session:
    """Write and open a network."""
    values = [
        [helper.make_tensor_value_info(name, FLOAT, list(shape)) for name, shape in side.items()]
        for side in (inputs, outputs)
    ]
    graph = helper.make_graph(nodes, path.stem, *values, list(constants))
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return open_file(path, device="cpu")


def integers(name: str, values: Sequence[int]) -> object:
    """Return a constant."""
    return helper.make_tensor(name, TensorProto.INT64, [len(values)], values)


def floats(name: str, shape: Sequence[int], values: Sequence[float]) -> object:
    """Return a constant."""
    return helper.make_tensor(name, FLOAT, shape, values)


def blue_is_near(path: Path) -> Session:
    """A disparity network: ten times the first channel of its picture, blue, at half the size."""
    nodes = [
        helper.make_node("Gather", ["bgr01", "first"], ["blue"], axis=1),
        helper.make_node("Mul", ["blue", "ten"], ["scaled"]),
        helper.make_node("AveragePool", ["scaled"], ["disparity"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
    ]
    constants = [integers("first", [0]), floats("ten", [1], [10])]
    return network(path, {"bgr01": (1, 3, "H", "W")}, {"disparity": (1, 1, "h", "w")}, nodes, constants)


def enlarging(path: Path) -> Session:
    """A refinement network: the disparity at the picture's size, plus one."""
    nodes = [
        helper.make_node("Shape", ["bgr01"], ["shape"]),
        helper.make_node("Slice", ["shape", "two", "four"], ["size"]),
        helper.make_node("Concat", ["ones", "size"], ["wanted"], axis=0),
        helper.make_node("Resize", ["disparity", "", "", "wanted"], ["large"], mode="linear"),
        helper.make_node("Add", ["large", "one"], ["refined_disparity"]),
    ]
    constants = [integers("two", [2]), integers("four", [4]), integers("ones", [1, 1]), floats("one", [1], [1])]
    inputs = {"bgr01": (1, 3, "H", "W"), "disparity": (1, 1, "h", "w")}
    return network(path, inputs, {"refined_disparity": (1, 1, "H", "W")}, nodes, constants)


def plain_context(path: Path) -> Session:
    """A context network that standardises nothing and whose context is the disparity, 64 times."""
    nodes = [
        helper.make_node("Concat", ["bgr01", *["disparity"] * 65], ["features"], axis=1),
        helper.make_node("Identity", ["zero"], ["mean"]),
        helper.make_node("Identity", ["one"], ["deviation"]),
    ]
    pair = (1, 2, 1, 1)
    constants = [floats("zero", pair, [0, 0]), floats("one", pair, [1, 1])]
    inputs = {"bgr01": (1, 3, "H", "W"), "disparity": (1, 1, "H", "W")}
    outputs = {"features": (1, 68, "H", "W"), "mean": pair, "deviation": pair}
    return network(path, inputs, outputs, nodes, constants)


def green_painter(path: Path) -> Session:
    """An inpainting network: what is not covered becomes green, at a disparity of 8."""
    nodes = [
        helper.make_node("Slice", ["features", "none", "three", "axis"], ["picture"]),
        helper.make_node("Slice", ["features", "three", "four", "axis"], ["disparity"]),
        helper.make_node("Cast", ["covered"], ["keep"], to=TensorProto.BOOL),
        helper.make_node("Where", ["keep", "picture", "green"], ["filled_bgr01"]),
        helper.make_node("Where", ["keep", "disparity", "far"], ["filled_disparity"]),
    ]
    constants = [
        integers("none", [0]),
        integers("three", [3]),
        integers("four", [4]),
        integers("axis", [1]),
        floats("green", (1, 3, 1, 1), [0, 1, 0.2]),
        floats("far", (1, 1, 1, 1), [FAR_DISPARITY]),
    ]
    size = ("H", "W")
    pair = (1, 2, 1, 1)
    inputs = {"features": (1, 68, *size), "covered": (1, 1, *size), "mean": pair, "deviation": pair}
    return network(path, inputs, {"filled_bgr01": (1, 3, *size), "filled_disparity": (1, 1, *size)}, nodes, constants)


def red_is_a_person(path: Path, input_name: str = "rgb01") -> Path:
    """Write a segmentation that finds one person, sure to 0.9, wherever the picture is red."""
    rgb = helper.make_tensor_value_info(input_name, TensorProto.FLOAT, [3, "H", "W"])
    outputs = [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, 4]),
        helper.make_tensor_value_info("labels", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1]),
        helper.make_tensor_value_info("masks", TensorProto.FLOAT, [1, 1, "H", "W"]),
    ]
    constants = [
        helper.make_tensor("first", TensorProto.INT64, [1], [0]),
        helper.make_tensor("box", TensorProto.FLOAT, [1, 4], [0, 0, 1, 1]),
        helper.make_tensor("label", TensorProto.INT64, [1], [PERSON]),
        helper.make_tensor("score", TensorProto.FLOAT, [1], [0.9]),
    ]
    nodes = [
        helper.make_node("Gather", [input_name, "first"], ["red"], axis=0),
        helper.make_node("Unsqueeze", ["red", "first"], ["masks"]),
        *(
            helper.make_node("Identity", [one], [many])
            for one, many in zip(("box", "label", "score"), ("boxes", "labels", "scores"), strict=True)
        ),
    ]
    graph = helper.make_graph(nodes, "red", [rgb], outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path
