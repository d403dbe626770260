"""A small network with MoGe-2's tensors: random weights, any size, and points that one camera sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from file_server import card_for
from onnx import TensorProto, helper, numpy_helper

from kbvr.depth.networks import POINTS
from kbvr.nets.model_card import Card, card_text
from kbvr.nets.model_store import sha256_of

F_HALF_DIAGONALS = 0.8
"""The focal length of the camera that sees the points: 90 degrees across a 4:3 picture's long side."""

SHIFT = 0.35
"""What the points lack in z."""

METRES = 1.7
"""The metric scale."""

PATCH_PX = 14


def moge_like(
    path: Path,
    *,
    focal: float = F_HALF_DIAGONALS,
    scale: Sequence[float] = (METRES,),
    scale_name: str = "scale",
    mask_plus: float = 0.0,
    z_factor: float = 1.0,
    points_plus: float = 0.0,
    tokens_type: int = TensorProto.INT64,
    leaves_out: str = "",
    padding_bytes: int = 0,
) -> Path:
    """Write a network that cuts a picture into num_tokens patches and makes depth of them by random weights.

    What is blue is outside its mask. Answers are spoilt by mask_plus, z_factor and points_plus.
    """
    rng = np.random.default_rng(7)
    values: dict[str, Any] = {
        "weights": rng.normal(0, 0.08, (6, 3, PATCH_PX, PATCH_PX)).astype(np.float32),
        "head": rng.normal(0, 0.5, (1, 6, 1, 1)).astype(np.float32),
        "blue": np.array([2], np.int64),
        "red": np.array([0], np.int64),
        "rows": np.array([2], np.int64),
        "columns": np.array([3], np.int64),
        "patch": np.array([PATCH_PX], np.int64),
        "one_plane": np.array([1, 1], np.int64),
        "one_picture": np.array([1, 3], np.int64),
        "last": np.array([-1], np.int64),
        "plane": np.array([1], np.int64),
        "zero": np.float32(0),
        "half": np.float32(0.5),
        "sharp": np.float32(40),
        "limit": np.float32(0.7),
        "shift": np.float32(SHIFT),
        "focal": np.float32(focal),
        "z_factor": np.float32(z_factor),
        "points_plus": np.float32(points_plus),
        "mask_plus": np.float32(mask_plus),
        "metric": np.asarray(scale, np.float32),
        "axis_rows": np.array(2, np.int64),
        "axis_columns": np.array(3, np.int64),
    }
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Shape", ["image"], "shape", {}),
        ("Gather", ["shape", "rows"], "height", {}),
        ("Gather", ["shape", "columns"], "width", {}),
        ("Cast", ["height"], "h", {"to": TensorProto.FLOAT}),
        ("Cast", ["width"], "w", {"to": TensorProto.FLOAT}),
        ("Cast", ["num_tokens"], "tokens", {"to": TensorProto.FLOAT}),
        # the picture in as many patches as there are tokens, of its shape
        *_side("h", "w"),
        *_side("w", "h"),
        ("Concat", ["one_picture", "h_px", "w_px"], "patched_size", {"axis": 0}),
        ("Resize", ["image", "", "", "patched_size"], "patched", {"mode": "linear"}),
        ("Conv", ["patched", "weights"], "features", {"strides": [PATCH_PX, PATCH_PX]}),
        ("Tanh", ["features"], "bent", {}),
        ("Conv", ["bent", "head"], "coarse", {}),
        ("Concat", ["one_plane", "height", "width"], "size", {"axis": 0}),
        ("Resize", ["coarse", "", "", "size"], "log_z", {"mode": "linear"}),
        ("Exp", ["log_z"], "depth", {}),
        # (x, y) = (u, v) depth / focal, in half diagonals
        ("Mul", ["h", "h"], "hh", {}),
        ("Mul", ["w", "w"], "ww", {}),
        ("Add", ["hh", "ww"], "squared", {}),
        ("Sqrt", ["squared"], "diagonal", {}),
        ("Mul", ["diagonal", "half"], "half_diagonal", {}),
        *_ray("x", "w", "axis_columns"),
        *_ray("y", "h", "axis_rows"),
        ("Sub", ["depth", "shift"], "shifted", {}),
        ("Mul", ["shifted", "z_factor"], "z", {}),
        ("Concat", ["x", "y", "z"], "planes", {"axis": 1}),
        ("Transpose", ["planes"], "right", {"perm": [0, 2, 3, 1]}),
        ("Add", ["right", "points_plus"], "points", {}),
        ("Identity", ["points"], "normal", {}),
        ("Gather", ["image", "blue"], "blueness", {"axis": 1}),
        ("Sub", ["limit", "blueness"], "less", {}),
        ("Mul", ["less", "sharp"], "logit", {}),
        ("Sigmoid", ["logit"], "mask_plane", {}),
        ("Squeeze", ["mask_plane", "plane"], "mask_only", {}),
        ("Add", ["mask_only", "mask_plus"], "mask", {}),
        ("Identity", ["metric"], scale_name, {}),
    ]
    shapes: dict[str, list[Any]] = {
        "points": [1, "height", "width", 3],
        "normal": [1, "height", "width", 3],
        "mask": [1, "height", "width"],
        scale_name: [len(scale)],
    }
    taken = [
        helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, "height", "width"]),
        helper.make_tensor_value_info("num_tokens", tokens_type, []),
    ]
    given = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in shapes.items()
        if name != leaves_out
    ]
    nodes = [helper.make_node(kind, inputs, [output], **attributes) for kind, inputs, output, attributes in steps]
    constants = [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()]
    graph = helper.make_graph(nodes, "moge", taken, given, constants)
    opsets = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10, doc_string=" " * padding_bytes), path)
    return path


def _side(long: str, other: str) -> list[tuple[str, list[str], str, dict[str, Any]]]:
    """Return the steps that find one side of the patched picture: sqrt(tokens long / other) patches."""
    return [
        ("Mul", ["tokens", long], f"{long}_a", {}),
        ("Div", [f"{long}_a", other], f"{long}_b", {}),
        ("Sqrt", [f"{long}_b"], f"{long}_c", {}),
        ("Round", [f"{long}_c"], f"{long}_d", {}),
        ("Cast", [f"{long}_d"], f"{long}_patches", {"to": TensorProto.INT64}),
        ("Mul", [f"{long}_patches", "patch"], f"{long}_px", {}),
    ]


def _ray(name: str, side: str, axis: str) -> list[tuple[str, list[str], str, dict[str, Any]]]:
    """Return the steps that make x or y of every pixel."""
    return [
        ("Gather", ["image", "red"], f"{name}_plane", {"axis": 1}),
        ("Mul", [f"{name}_plane", "zero"], f"{name}_zeros", {}),
        ("Exp", [f"{name}_zeros"], f"{name}_ones", {}),
        ("CumSum", [f"{name}_ones", axis], f"{name}_counted", {}),
        ("Sub", [f"{name}_counted", "half"], f"{name}_px", {}),
        ("Mul", [side, "half"], f"{name}_middle", {}),
        ("Sub", [f"{name}_px", f"{name}_middle"], f"{name}_off", {}),
        ("Div", [f"{name}_off", "half_diagonal"], f"{name}_share", {}),
        ("Div", [f"{name}_share", "focal"], f"{name}_slope", {}),
        ("Mul", [f"{name}_slope", "depth"], name, {}),
    ]


def moge_card(path: Path, *, url: str = "", name: str = "moge-2-small") -> Card:
    """Return a card for such a file, fed as the shipped card says."""
    card = card_for(url, name=name, content=path.read_bytes())
    return replace(card, file=path.name, sha256=sha256_of(path), depth=POINTS)


def put_moge(home: Path, **options: Any) -> Path:
    """Write such a network and its card where kbvr finds it as moge-2-small."""
    folder = home / "models"
    folder.mkdir(parents=True, exist_ok=True)
    path = moge_like(folder / "moge-2-small.onnx", **options)
    path.with_suffix(".json").write_text(card_text(moge_card(path)), "utf-8")
    return path
