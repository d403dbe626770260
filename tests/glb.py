"""Read a GLB back, apart from the library that writes it: what the specification says, with struct, json and numpy.

glTF 2.0 (registry.khronos.org/glTF/specs/2.0), KHR_mesh_quantization, KHR_draco_mesh_compression, EXT_texture_webp.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import DracoPy
import numpy as np
from PIL import Image

JSON_CHUNK, BINARY_CHUNK = 0x4E4F534A, 0x004E4942
NUMBERS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
TRIANGLES = 4


@dataclass(frozen=True, eq=False)
class Mesh:
    """One primitive of one node, in the world."""

    name: str
    """Of the node."""

    points: np.ndarray
    """N x 3, metres, y up."""

    triangles: np.ndarray
    """M x 3 indices of points."""

    uv: np.ndarray | None
    """N x 2, from the top left of the texture."""

    colours: np.ndarray | None
    """N x 4, 0 to 1."""

    material: dict[str, Any]

    @property
    def corners(self) -> np.ndarray:
        """M x 3 x 3: the world points of every triangle."""
        return self.points[self.triangles]


@dataclass(frozen=True, eq=False)
class Hits:
    """What rays meet first."""

    distance: np.ndarray
    """In lengths of the ray's direction; infinite where it meets nothing."""

    mesh: np.ndarray
    """Index of the mesh; -1 where there is none."""

    colour: np.ndarray
    """R x 3, 0 to 255: of the texture there, between texels, before alpha."""


@dataclass(frozen=True, eq=False)
class Glb:
    """A GLB as it lies in a file."""

    json: dict[str, Any]
    binary: bytes

    @classmethod
    def read(cls, path: Path) -> Glb:
        """Return the one JSON chunk and the one binary chunk of a file, and find nothing else in it."""
        data = path.read_bytes()
        magic, version, length = struct.unpack_from("<4sII", data)
        assert (magic, version, length) == (b"glTF", 2, len(data))
        chunks, at = [], 12
        while at < length:
            size, kind = struct.unpack_from("<II", data, at)
            assert size % 4 == 0
            chunks.append((kind, data[at + 8 : at + 8 + size]))
            at += 8 + size
        (first, text), *rest = chunks
        assert first == JSON_CHUNK and [kind for kind, _ in rest] == [BINARY_CHUNK]
        return cls(json.loads(text), rest[0][1])

    @property
    def extras(self) -> dict[str, Any]:
        """What kbvr says of the scene."""
        return self.json["scenes"][self.json["scene"]]["extras"]["kbvr"]

    @cached_property
    def world_from_node(self) -> dict[int, np.ndarray]:
        """The 4 x 4 of every node of the scene."""
        found: dict[int, np.ndarray] = {}
        waiting = [(node, np.eye(4)) for node in self.json["scenes"][self.json["scene"]]["nodes"]]
        while waiting:
            index, parent = waiting.pop()
            node = self.json["nodes"][index]
            found[index] = parent @ local(node)
            waiting += [(child, found[index]) for child in node.get("children", ())]
        return found

    @cached_property
    def camera(self) -> tuple[np.ndarray, dict[str, float]]:
        """The 4 x 4 of the first camera's node, and the camera's perspective."""
        index = next(index for index in self.world_from_node if "camera" in self.json["nodes"][index])
        return self.world_from_node[index], self.json["cameras"][self.json["nodes"][index]["camera"]]["perspective"]

    def meshes(self) -> list[Mesh]:
        """Return every primitive of the scene, in the order of the nodes."""
        return [
            self._mesh(self.json["nodes"][index], primitive, matrix)
            for index, matrix in sorted(self.world_from_node.items())
            if "mesh" in self.json["nodes"][index]
            for primitive in self.json["meshes"][self.json["nodes"][index]["mesh"]]["primitives"]
        ]

    def _mesh(self, node: dict[str, Any], primitive: dict[str, Any], matrix: np.ndarray) -> Mesh:
        assert primitive.get("mode", TRIANGLES) == TRIANGLES
        draco = primitive.get("extensions", {}).get("KHR_draco_mesh_compression")
        values, triangles = self._draco(primitive, draco) if draco else self._plain(primitive)
        points = values["POSITION"] @ matrix[:3, :3].T + matrix[:3, 3]
        material = self.json["materials"][primitive["material"]] if "material" in primitive else {}
        return Mesh(node.get("name", ""), points, triangles, values.get("TEXCOORD_0"), values.get("COLOR_0"), material)

    def _plain(self, primitive: dict[str, Any]) -> tuple[dict[str, np.ndarray], np.ndarray]:
        values = {name: self.values(index) for name, index in primitive["attributes"].items()}
        if "indices" in primitive:
            triangles = self.accessor(primitive["indices"]).reshape(-1, 3)
        else:
            triangles = np.arange(len(values["POSITION"])).reshape(-1, 3)
        return values, triangles

    def _draco(self, primitive: dict[str, Any], draco: dict[str, Any]) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Return what a Draco payload holds; its accessors tell counts and how numbers are meant."""
        decoded = DracoPy.decode(self.view(draco["bufferView"]))
        values = {}
        for name, unique in draco["attributes"].items():
            accessor = self.json["accessors"][primitive["attributes"][name]]
            numbers = np.asarray(decoded.get_attribute_by_unique_id(unique)["data"]).reshape(
                -1, WIDTHS[accessor["type"]]
            )
            assert len(numbers) == accessor["count"]
            values[name] = as_meant(numbers, accessor)
        triangles = np.asarray(decoded.faces)
        assert triangles.size == self.json["accessors"][primitive["indices"]]["count"]
        return values, triangles

    def hits(self, start: np.ndarray, directions: np.ndarray) -> Hits:
        """Return what R rays from a point, all of them forward (-z), meet first of the opaque meshes.

        Moller and Trumbore, "Fast, minimum storage ray/triangle intersection", 1997.
        """
        distance, found = np.full(len(directions), np.inf), np.full(len(directions), -1)
        colour = np.zeros((len(directions), 3))
        looks = directions[:, :2] / -directions[:, 2:]
        for index, mesh in enumerate(self.meshes()):
            if mesh.material.get("alphaMode", "OPAQUE") != "OPAQUE":
                continue
            texture = np.asarray(self.texture(mesh.material).convert("RGB"), np.float64)
            low, high = seen_between(mesh.corners - start)
            for ray, look in enumerate(looks):
                near = np.flatnonzero(((low <= look) & (look <= high)).all(axis=1))
                if not near.size:
                    continue
                t, u, v = met(start, directions[ray], mesh.corners[near])
                first = t.argmin()
                if t[first] < distance[ray]:
                    weights = np.array([1 - u[first] - v[first], u[first], v[first]])
                    distance[ray], found[ray] = t[first], index
                    colour[ray] = sampled(texture, weights @ mesh.uv[mesh.triangles[near[first]]])
        return Hits(distance, found, colour)

    def view(self, index: int) -> bytes:
        """Return the bytes of a buffer view."""
        view = self.json["bufferViews"][index]
        at = view.get("byteOffset", 0)
        return self.binary[at : at + view["byteLength"]]

    def accessor(self, index: int) -> np.ndarray:
        """Return the numbers of an accessor as they are stored, N x width."""
        accessor = self.json["accessors"][index]
        kind, width, count = NUMBERS[accessor["componentType"]], WIDTHS[accessor["type"]], accessor["count"]
        row = np.dtype(kind).itemsize * width
        stride = self.json["bufferViews"][accessor["bufferView"]].get("byteStride", row)
        data = self.view(accessor["bufferView"])[accessor.get("byteOffset", 0) :]
        rows = np.lib.stride_tricks.as_strided(np.frombuffer(data, np.uint8), (count, row), (stride, 1))
        return np.ascontiguousarray(rows).view(kind)

    def values(self, index: int) -> np.ndarray:
        """Return what the numbers of an accessor mean."""
        return as_meant(self.accessor(index), self.json["accessors"][index])

    def texture(self, material: dict[str, Any]) -> Image.Image:
        """Return the picture of a material's base colour."""
        texture = self.json["textures"][material["pbrMetallicRoughness"]["baseColorTexture"]["index"]]
        source = texture.get("extensions", {}).get("EXT_texture_webp", texture)["source"]
        return self.pictures[source]

    @cached_property
    def pictures(self) -> list[Image.Image]:
        """All pictures, decoded; their kinds are those that the file says."""
        found = []
        for one in self.json.get("images", ()):
            picture = Image.open(BytesIO(self.view(one["bufferView"])))
            assert picture.get_format_mimetype() == one["mimeType"]
            picture.load()
            found.append(picture)
        return found


def seen_between(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and highest x / -z and y / -z of triangles; without bounds if they are not wholly in front."""
    depth = -corners[..., 2:]
    seen = corners[..., :2] / np.maximum(depth, 1e-6)
    behind = (depth <= 1e-6).any(axis=1)
    return np.where(behind, -np.inf, seen.min(axis=1)) - 1e-9, np.where(behind, np.inf, seen.max(axis=1)) + 1e-9


def met(start: np.ndarray, direction: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how far away a ray meets each triangle, if it does, and where in it."""
    first, edge1, edge2 = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normal, across = np.cross(direction, edge2), np.cross(start - first, edge1)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 1 / (edge1 * normal).sum(axis=1)
        u, v = ((start - first) * normal).sum(axis=1) * scale, across @ direction * scale
        t = (edge2 * across).sum(axis=1) * scale
        meets = (u >= -1e-6) & (v >= -1e-6) & (u + v <= 1 + 1e-6) & (t > 0)
    return np.where(meets, t, np.inf), u, v


def sampled(texture: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Return a texture's colour between its four nearest texels; it goes on as it ends."""
    height, width = texture.shape[:2]
    x, y = uv * (width, height) - 0.5
    left, top = int(np.floor(x)), int(np.floor(y))
    columns, rows = np.clip([left, left + 1], 0, width - 1), np.clip([top, top + 1], 0, height - 1)
    across, down = np.array([1 - (x - left), x - left]), np.array([1 - (y - top), y - top])
    return np.einsum("r,c,rck->k", down, across, texture[np.ix_(rows, columns)])


def as_meant(numbers: np.ndarray, accessor: dict[str, Any]) -> np.ndarray:
    """Return normalised integers as -1 to 1 or 0 to 1, and all others as they are; float64."""
    if not accessor.get("normalized", False):
        return numbers.astype(np.float64)
    most = np.iinfo(np.dtype(NUMBERS[accessor["componentType"]])).max
    return np.maximum(numbers / most, -1)


def local(node: dict[str, Any]) -> np.ndarray:
    """Return a node's own 4 x 4: its matrix, or translation, rotation (x, y, z, w) and scale."""
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, :3] *= node.get("scale", (1, 1, 1))
    matrix[:3, 3] = node.get("translation", (0, 0, 0))
    return matrix
