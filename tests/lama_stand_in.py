"""A small network with LaMa's tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def lama_like(path: Path, *, size_px: int | str = 512, range_: float = 255.0, grey: float | np.ndarray = 0.25) -> Path:
    """Write a network with LaMa's tensors that paints what is to be filled in one grey, or in that of a picture."""
    image, mask = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, size_px, size_px])
        for name, channels in (("image", 3), ("mask", 1))
    )
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3, size_px, size_px])
    values = {"grey": grey, "range": range_, "half": 0.5}
    constants = [numpy_helper.from_array(np.array(value, np.float32, ndmin=1), name) for name, value in values.items()]
    nodes = [
        helper.make_node("Greater", ["mask", "half"], ["fill"]),
        helper.make_node("Where", ["fill", "grey", "image"], ["painted"]),
        helper.make_node("Mul", ["painted", "range"], ["output"]),
    ]
    graph = helper.make_graph(nodes, "lama", [image, mask], [output], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path
