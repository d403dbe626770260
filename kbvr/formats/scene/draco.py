"""Draco: meshes in a third of the bytes, for programs that have its decoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int16, Int64, UInt8

from kbvr.errors import OutputError

STEP_BITS = 16
UV_BITS = 15
"""Of places in textures: an eighth of a pixel of the largest."""

LEVEL = 7
"""Of the effort, 0 to 10."""

NAMES: Mapping[int, str] = {0: "POSITION", 2: "COLOR_0", 3: "TEXCOORD_0"}
"""Draco's number of what an attribute is -> glTF's name."""


@dataclass(frozen=True)
class Payload:
    """A mesh as Draco has it."""

    content: bytes
    ids: Mapping[str, int]
    """Name in glTF -> Draco's number of the attribute."""


def draco_payload(
    steps: Int16[np.ndarray, "N 3"],
    uv: Float32[np.ndarray, "N 2"],
    colour: UInt8[np.ndarray, "N 4"] | None,
    triangles: Int64[np.ndarray, "M 3"],
) -> tuple[Payload, tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]]:
    """Return a mesh's payload, and the mesh as it decodes: positions exact, in another order.

    Raises:
        OutputError: if the payload does not decode to the mesh.
    """
    import DracoPy

    content = DracoPy.encode(
        steps.astype(np.float32),
        triangles.astype(np.uint32),
        quantization_bits=STEP_BITS,  # of whole steps: exact
        quantization_range=2**STEP_BITS - 1,
        quantization_origin=[-(2.0 ** (STEP_BITS - 1))] * 3,
        tex_coord=uv.astype(np.float64),
        tex_coord_quantization_bits=UV_BITS,
        colors=colour,
        compression_level=LEVEL,
    )
    mesh = DracoPy.decode(content)
    decoded = np.rint(mesh.points).astype(np.int16)
    found, wanted = (
        points[np.asarray(faces, np.int64)] for points, faces in ((decoded, mesh.faces), (steps, triangles))
    )
    if found.shape != wanted.shape or not np.array_equal(_in_order(found), _in_order(wanted)):
        raise OutputError("Draco's mesh did not read back as written")
    ids = {NAMES[one["attribute_type"]]: int(one["unique_id"]) for one in mesh.attributes}
    colours = None if colour is None else np.asarray(mesh.colors, np.uint8)
    decoded_uv = np.asarray(mesh.tex_coord, np.float32)
    return Payload(content, ids), (decoded, decoded_uv, colours, np.asarray(mesh.faces, np.int64))


def _in_order(corners: Int16[np.ndarray, "M 3 3"]) -> Int16[np.ndarray, "M 9"]:
    """Return triangles sorted, each from its least corner on."""
    keys = (corners.astype(np.int64) + 32768) @ np.array([1 << 32, 1 << 16, 1])
    turned = (keys.argmin(axis=1)[:, None] + np.arange(3)) % 3
    rows = np.take_along_axis(corners, turned[..., None], axis=1).reshape(-1, 9)
    return np.asarray(rows[np.lexsort(rows.T)])
