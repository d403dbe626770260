"""A small GLB with an exact answer: a textured card before a textured wall, laid out as kbvr lays its scenes out."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from io import BytesIO
from math import atan
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIZE_PX, F_PX = (320, 240), 240.0
NEAR_M, FAR_M = 1.0, 3.0
EYE_HEIGHT_M = 1.6
CARD_PX = (110, 70, 210, 170)
"""Left, top, right, bottom of the card in the picture from the camera."""

PATH_S = (0.0, 1.0, 2.0)
PATH_X_M = (0.0, 0.05, 0.0)
BYTE, SHORT, FLOAT = 5121, 5123, 5126
SIGNED_SHORT = 5122


def picture() -> np.ndarray:
    """Return what the camera sees: noise of many sizes, so that any place in it can be found again."""
    rng = np.random.default_rng(7)
    total = np.zeros((*SIZE_PX[::-1], 3))
    for cells in (8, 16, 32, 64):
        noise = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        total += np.asarray(noise.resize(SIZE_PX, Image.Resampling.BICUBIC), np.float64)
    return (total / 4).round().astype(np.uint8)


@dataclass(eq=False)
class Writer:
    """A GLB as it grows."""

    json: dict[str, Any] = field(default_factory=dict)
    binary: bytearray = field(default_factory=bytearray)

    def add(self, kind: str, entry: dict[str, Any]) -> int:
        """Append an entry to a list of the JSON; return its index."""
        entries = self.json.setdefault(kind, [])
        entries.append(entry)
        return len(entries) - 1

    def view(self, data: bytes, **more: Any) -> int:
        """Append bytes; return the index of their buffer view."""
        at = len(self.binary)
        self.binary += data + bytes(-len(data) % 4)
        return self.add("bufferViews", {"buffer": 0, "byteOffset": at, "byteLength": len(data), **more})

    def accessor(self, numbers: np.ndarray, component: int, kind: str, *, stride: int = 0, **more: Any) -> int:
        """Append numbers, each row padded to a stride; return the index of their accessor."""
        rows = np.ascontiguousarray(numbers).view(np.uint8).reshape(len(numbers), -1)
        padded = np.pad(rows, ((0, 0), (0, max(0, stride - rows.shape[1]))))
        view = self.view(padded.tobytes(), **({"byteStride": stride, "target": 34962} if stride else {}))
        entry = {"bufferView": view, "componentType": component, "count": len(numbers), "type": kind, **more}
        return self.add("accessors", entry)

    def write(self, path: Path) -> None:
        """Write the file."""
        self.json["buffers"] = [{"byteLength": len(self.binary)}]
        text = json.dumps(self.json).encode()
        text += b" " * (-len(text) % 4)
        chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
        chunks += struct.pack("<II", len(self.binary), 0x004E4942) + bytes(self.binary)
        path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)


def write_glb(path: Path, *, has_path: bool = True, **more: Any) -> None:
    """Write the card, the wall, a border of fading alpha round the wall, a camera and its path.

    `more` is added to what the file says about the photo.
    """
    glb = Writer({"asset": {"version": "2.0", "generator": "by hand"}})
    glb.json["extensionsUsed"] = ["KHR_materials_unlit", "KHR_mesh_quantization", "EXT_texture_webp"]
    glb.json["extensionsRequired"] = ["KHR_mesh_quantization", "EXT_texture_webp"]
    encoded = BytesIO()
    Image.fromarray(picture()).save(encoded, "webp", lossless=True)
    image = glb.add("images", {"bufferView": glb.view(encoded.getvalue()), "mimeType": "image/webp"})
    sampler = glb.add("samplers", {"magFilter": 9729, "minFilter": 9729, "wrapS": 33071, "wrapT": 33071})
    texture = glb.add("textures", {"sampler": sampler, "extensions": {"EXT_texture_webp": {"source": image}}})
    materials = [glb.add("materials", material(texture, mode)) for mode in ("OPAQUE", "BLEND")]
    left, top, right, bottom = CARD_PX
    width, height = SIZE_PX
    children = [
        surface(glb, "front 0", materials[0], *grid(left, top, right, bottom, NEAR_M, 1)),
        surface(glb, "hidden 0", materials[0], *grid(0, 0, width, height, FAR_M, 4)),
        surface(glb, "border 0", materials[1], *border(40)),
    ]
    perspective = {"yfov": 2 * atan(height / 2 / F_PX), "aspectRatio": width / height, "znear": 0.05, "zfar": 100.0}
    camera = glb.add("cameras", {"type": "perspective", "perspective": perspective})
    eye = glb.add("nodes", {"name": "camera", "camera": camera})
    root = {"name": "kbvr", "translation": [0, EYE_HEIGHT_M, 0], "children": [*children, eye]}
    times = glb.accessor(np.float32(PATH_S), FLOAT, "SCALAR", min=[PATH_S[0]], max=[PATH_S[-1]])
    places = glb.accessor(np.float32([[x, 0, 0] for x in PATH_X_M]), FLOAT, "VEC3")
    channel = {"sampler": 0, "target": {"node": eye, "path": "translation"}}
    path_of_camera = {"name": "camera path", "samplers": [{"input": times, "output": places}], "channels": [channel]}
    if has_path:
        glb.add("animations", path_of_camera)
    extras = {
        "size_px": SIZE_PX,
        "f_px": F_PX,
        "eye_height_m": EYE_HEIGHT_M,
        "head_box_m": [0.05, 0.05, 0.05],
        "nearest_m": NEAR_M,
        "farthest_m": FAR_M,
        "subject_m": NEAR_M,
        "ipd_m": 0.063,
        "photo": "by hand",
        **more,
    }
    glb.add("scenes", {"nodes": [glb.add("nodes", root)], "extras": {"kbvr": extras}})
    glb.json["scene"] = 0
    glb.write(path)


def material(texture: int, mode: str) -> dict[str, Any]:
    return {
        "pbrMetallicRoughness": {"baseColorTexture": {"index": texture}, "metallicFactor": 0},
        "alphaMode": mode,
        "doubleSided": True,
        "extensions": {"KHR_materials_unlit": {}},
    }


def at_depth(x_px: np.ndarray, y_px: np.ndarray, z_m: float) -> np.ndarray:
    """Return points that the camera sees at these places of its picture."""
    x, y = (x_px - SIZE_PX[0] / 2) / F_PX, -(y_px - SIZE_PX[1] / 2) / F_PX
    return np.stack([x * z_m, y * z_m, np.full(x.shape, -z_m)], axis=-1)


def grid(left: float, top: float, right: float, bottom: float, z_m: float, cells: int) -> tuple[Any, ...]:
    """Return points, uv, colours and triangles of a flat rectangle."""
    shares = np.linspace(0, 1, cells + 1)
    x, y = (part.ravel() for part in np.meshgrid(left + shares * (right - left), top + shares * (bottom - top)))
    corner = (np.arange(cells)[:, None] * (cells + 1) + np.arange(cells)).ravel()
    a, b, c, d = corner, corner + cells + 1, corner + 1, corner + cells + 2
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([c, b, d], 1)])
    return at_depth(x, y, z_m), np.stack([x, y], 1) / SIZE_PX, None, triangles


def border(wide_px: float) -> tuple[Any, ...]:
    """Return a frame round the picture, opaque within and clear without."""
    width, height = SIZE_PX
    inner = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    outer = inner + np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * wide_px
    x, y = np.concatenate([inner, outer]).T
    colours = np.full((8, 4), 255, np.uint8)
    colours[4:, 3] = 0
    sides = [(i, (i + 1) % 4) for i in range(4)]
    triangles = np.array([t for i, j in sides for t in ((i, j, 4 + i), (j, 4 + j, 4 + i))])
    uv = np.stack([x, y], 1) / SIZE_PX
    return at_depth(x, y, FAR_M), uv.clip(0, 1), colours, triangles


def surface(glb: Writer, name: str, material: int, points: Any, uv: Any, colours: Any, triangles: Any) -> int:
    """Append a mesh of quantised points and its node; return the node."""
    scale, middle = np.abs(points - points.mean(0)).max() / 32767, points.mean(0)
    steps = np.round((points - middle) / scale).astype("<i2")
    most = {"min": steps.min(0).tolist(), "max": steps.max(0).tolist()}
    attributes = {
        "POSITION": glb.accessor(steps, SIGNED_SHORT, "VEC3", stride=8, **most),
        "TEXCOORD_0": glb.accessor(np.round(uv * 65535).astype("<u2"), SHORT, "VEC2", stride=4, normalized=True),
    }
    if colours is not None:
        attributes["COLOR_0"] = glb.accessor(colours, BYTE, "VEC4", stride=4, normalized=True)
    indices = glb.accessor(triangles.astype("<u2").reshape(-1, 1), SHORT, "SCALAR")
    primitive = {"attributes": attributes, "indices": indices, "material": material}
    mesh = glb.add("meshes", {"name": name, "primitives": [primitive]})
    return glb.add("nodes", {"name": name, "mesh": mesh, "scale": [scale] * 3, "translation": middle.tolist()})
