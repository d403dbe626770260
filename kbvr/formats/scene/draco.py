"""Draco compression: meshes at a third of the size, for programs with its decoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int16, Int64, UInt8

from kbvr.formats.spec.verification import verification_error

STEP_BITS = 16
UV_BITS = 15
"""Precise to an eighth of a pixel in the largest texture."""

LEVEL = 7
"""Of compression, 0 to 10."""

NAMES: Mapping[int, str] = {0: "POSITION", 2: "COLOR_0", 3: "TEXCOORD_0"}
"""Draco's type of an attribute -> glTF's name."""


@dataclass(frozen=True)
class Payload:
    """A mesh in Draco's encoding."""

    content: bytes
    ids: Mapping[str, int]
    """glTF's name of an attribute -> Draco's id."""


def draco_payload(
    steps: Int16[np.ndarray, "N 3"],
    uv: Float32[np.ndarray, "N 2"],
    colour: UInt8[np.ndarray, "N 4"] | None,
    triangles: Int64[np.ndarray, "M 3"],
) -> tuple[Payload, tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]]:
    """Return a mesh's payload, and its decoded arrays: exact positions, in another order.

    Raises:
        OutputError: if the payload does not decode to the same triangles.
    """
    import DracoPy

    content = DracoPy.encode(
        steps.astype(np.float32),
        triangles.astype(np.uint32),
        quantization_bits=STEP_BITS,  # exact, since steps are integers
        quantization_range=2**STEP_BITS - 1,
        quantization_origin=[-(2.0 ** (STEP_BITS - 1))] * 3,
        tex_coord=uv.astype(np.float64),
        tex_coord_quantization_bits=UV_BITS,
        colors=colour,
        compression_level=LEVEL,
    )
    mesh = DracoPy.decode(content)
    decoded = np.rint(mesh.points).astype(np.int16)
    found, expected = (
        points[np.asarray(faces, np.int64)] for points, faces in ((decoded, mesh.faces), (steps, triangles))
    )
    if found.shape != expected.shape or not np.array_equal(_in_order(found), _in_order(expected)):
        raise verification_error("Draco's mesh", "its triangles differ")
    ids = {NAMES[attribute["attribute_type"]]: int(attribute["unique_id"]) for attribute in mesh.attributes}
    colours = None if colour is None else np.asarray(mesh.colors, np.uint8)
    decoded_uv = np.asarray(mesh.tex_coord, np.float32)
    return Payload(content, ids), (decoded, decoded_uv, colours, np.asarray(mesh.faces, np.int64))


def _in_order(corners: Int16[np.ndarray, "M 3 3"]) -> Int16[np.ndarray, "M 9"]:
    """Return sorted triangles, each of which starts at its smallest corner."""
    keys = (corners.astype(np.int64) + 32768) @ np.array([1 << 32, 1 << 16, 1])
    order = (keys.argmin(axis=1)[:, None] + np.arange(3)) % 3
    rows = np.take_along_axis(corners, order[..., None], axis=1).reshape(-1, 9)
    return np.asarray(rows[np.lexsort(rows.T)])
