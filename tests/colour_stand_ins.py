"""Small networks with the tensors of those that colour grey photos."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from kbvr.nets import FETCHED, card_of, read_card
from kbvr.nets.model_card import FOLDER, card_text


def _write(
    path: Path, channels: tuple[int, int], size: tuple[int | str, int | str], nodes: list, **values: np.ndarray
) -> Path:
    """Write a network from `x` to `y`."""
    given, found = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, planes, *size])
        for name, planes in zip("xy", channels, strict=True)
    )
    constants = [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in values.items()]
    graph = helper.make_graph(nodes, "colours", [given], [found], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


def deoldify_like(path: Path, gains: tuple[float, float, float] = (1.2, 1.0, 0.6)) -> Path:
    """256x256 RGB of 0 to 255 in and out: the grey times a gain a plane."""
    nodes = [helper.make_node("Mul", ["x", "gains"], ["y"])]
    return _write(path, (3, 3), (256, 256), nodes, gains=np.array(gains).reshape(1, 3, 1, 1))


def ddcolor_like(path: Path, left: tuple[float, float] = (40, 20), right: tuple[float, float] = (-30, 40)) -> Path:
    """512x512 grey of 0 to 1 in, a and b out: one chroma in the left half, another one in the right half."""
    plane = np.empty((1, 2, 512, 512), np.float32)
    plane[:, :, :, :256] = np.reshape(left, (1, 2, 1, 1))
    plane[:, :, :, 256:] = np.reshape(right, (1, 2, 1, 1))
    nodes = [
        helper.make_node("ReduceMin", ["x", "axes"], ["least"], keepdims=1),
        helper.make_node("Mul", ["least", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "plane"], ["y"]),
    ]
    path = _write(path, (3, 2), (512, 512), nodes, plane=plane, zero=np.zeros(1))
    model = onnx.load(path)
    model.graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), "axes"))
    onnx.save(model, path)
    return path


def kbvr_color_like(path: Path, ab: tuple[float, float] = (0.3, 0.6)) -> Path:
    """Lightness of 0 to 1 at any size in; a and b divided by 100 out: they are the lightness times two numbers."""
    nodes = [helper.make_node("Mul", ["x", "ab"], ["y"])]
    return _write(path, (1, 2), ("height", "width"), nodes, ab=np.array(ab).reshape(1, 2, 1, 1))


def install(folder: Path, name: str, network: Path) -> None:
    """Put a stand-in where a network's file belongs, with a card of its hash."""
    shutil.copy(network, folder / card_of(name).file)
    card = replace(read_card(FOLDER / FETCHED[name]), sha256=hashlib.sha256(network.read_bytes()).hexdigest())
    (folder / f"{name}.json").write_text(card_text(card), "utf-8")
