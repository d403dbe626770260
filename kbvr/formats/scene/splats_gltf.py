"""3D Gaussian splatting as glTF (GLB): KHR_gaussian_splatting, ratified in 2026; other viewers show coloured points.

Rotations are quaternions (x, y, z, w), scales and opacities plain numbers, colours the spherical harmonic of degree 0
of sRGB (`srgb_rec709_display`), and in COLOR_0 linear, for viewers without support for splats. Axes are glTF's: y up,
-z ahead, metres; the root node is at eye height. Source:
github.com/KhronosGroup/glTF/tree/main/extensions/2.0/Khronos/KHR_gaussian_splatting
"""

from __future__ import annotations

import json
import struct
from math import atan
from time import perf_counter
from typing import Any

import numpy as np

from kbvr.formats.scene.glb import ARRAY, FLOAT, UNSIGNED_BYTE
from kbvr.formats.scene.scene_file import Y_UP, copyright_of, scene_metadata, summary_of
from kbvr.formats.scene.splats import fitted_splats, harmonics
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item, accept_all
from kbvr.formats.spec.software import software
from kbvr.formats.spec.verification import verification_error
from kbvr.imaging.srgb import to_linear
from kbvr.mesh.gaussians import Splats
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import atomic_write

EXTENSION = "KHR_gaussian_splatting"
SPLAT_BYTES = 60
JSON_BYTES = 2000
"""Room for the JSON on the splats."""

MAGIC, VERSION = b"glTF", 2


def attributes_of(splats: Splats) -> dict[str, np.ndarray]:
    """Return glTF's attributes of the splats, by name.

    Half a turn about x leads from the photo camera's axes to glTF's: i (w + x i + y j + z k) = -x + w i - z j + y k.
    """
    w, x, y, z = splats.turns.T
    linear = to_linear(np.rint(255 * np.clip(splats.rgb, 0, 1)).astype(np.uint8)[None])[0]
    colour = np.column_stack([linear, splats.opacity])
    return {
        "POSITION": (splats.points_m * Y_UP).astype("<f4"),
        "COLOR_0": np.rint(255 * colour).astype(np.uint8),
        f"{EXTENSION}:ROTATION": np.stack([w, -z, y, -x], axis=1).astype("<f4"),
        f"{EXTENSION}:SCALE": splats.scales_m.astype("<f4"),
        f"{EXTENSION}:OPACITY": np.clip(splats.opacity, 0, 1).astype("<f4")[:, None],
        f"{EXTENSION}:SH_DEGREE_0_COEF_0": harmonics(splats).astype("<f4"),
    }


def splats_glb(attributes: dict[str, np.ndarray], document: dict[str, Any]) -> bytes:
    """Return a GLB of splats; `document` is the JSON without the splats."""
    views, accessors, offset = [], [], 0
    for name, values in attributes.items():
        views.append({"buffer": 0, "byteOffset": offset, "byteLength": values.nbytes, "target": ARRAY})
        accessor: dict[str, Any] = {
            "bufferView": len(views) - 1,
            "componentType": UNSIGNED_BYTE if values.dtype == np.uint8 else FLOAT,
            "count": len(values),
            "type": ("SCALAR", "VEC2", "VEC3", "VEC4")[values.shape[1] - 1],
        }
        if values.dtype == np.uint8:
            accessor["normalized"] = True
        if name == "POSITION":
            accessor |= {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
        accessors.append(accessor)
        offset += values.nbytes
    primitive = {
        "mode": 0,
        "attributes": {name: index for index, name in enumerate(attributes)},
        "extensions": {EXTENSION: {"kernel": "ellipse", "colorSpace": "srgb_rec709_display"}},
    }
    whole = document | {
        "extensionsUsed": [EXTENSION],
        "meshes": [{"name": "splats", "primitives": [primitive]}],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": offset}],
    }
    text = json.dumps(whole, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    body = b"".join(values.tobytes() for values in attributes.values())
    length = 12 + 8 + len(text) + 8 + len(body)
    return b"".join(
        [
            struct.pack("<4sII", MAGIC, VERSION, length),
            *(struct.pack("<I4s", len(text), b"JSON"), text),
            *(struct.pack("<I4s", len(body), b"BIN\0"), body),
        ]
    )


def attributes_in(content: bytes, file_name: str) -> dict[str, np.ndarray]:
    """Return the attributes of the splats in a GLB, by name; `file_name` names the file in errors.

    Raises:
        OutputError: if it cannot be read.
    """
    try:
        magic, number, length, text_bytes = struct.unpack_from("<4sIII", content)
        if (magic, number, length) != (MAGIC, VERSION, len(content)):
            raise ValueError("its header is not that of a GLB of this length")
        document = json.loads(content[20 : 20 + text_bytes])
        body = memoryview(content)[28 + text_bytes :]
        (primitive,) = document["meshes"][0]["primitives"]
        found = {}
        for name, index in primitive["attributes"].items():
            accessor = document["accessors"][index]
            view = document["bufferViews"][accessor["bufferView"]]
            kind = np.dtype(np.uint8 if accessor["componentType"] == UNSIGNED_BYTE else "<f4")
            values = body[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
            found[name] = np.frombuffer(values, kind).reshape(accessor["count"], -1)
    except (LookupError, TypeError, ValueError, struct.error) as error:
        raise verification_error(file_name, error) from error
    return found


def _document(viewable: ViewableScene, facts: Facts, options: FileOptions) -> dict[str, Any]:
    """Return the scene's nodes, camera and metadata, as JSON values."""
    camera = viewable.textured_mesh.camera
    width, height = camera.size_px
    perspective = {"yfov": 2 * atan(height / 2 / camera.f_px), "aspectRatio": width / height, "znear": 0.05}
    owner = copyright_of(facts)
    credit = {"copyright": owner} if owner else {}
    metadata = {"kbvr": scene_metadata(viewable, facts, options)}
    return {
        "asset": {"version": "2.0", "generator": software()} | credit,
        "scene": 0,
        "scenes": [{"name": viewable.photo, "nodes": [0], "extras": metadata}],
        "nodes": [
            {"name": "kbvr", "translation": [0, options.eye_height_m, 0], "children": [1, 2]},
            {"name": "splats", "mesh": 0},
            {"name": "camera", "camera": 0},
        ],
        "cameras": [{"type": "perspective", "perspective": perspective}],
    }


def write_splats_gltf(viewable: ViewableScene, item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify a scene as a GLB of splats; see `Format.write`."""
    start = perf_counter()
    document = _document(viewable, facts, options)
    rest_bytes = len(json.dumps(document)) + JSON_BYTES
    splats = fitted_splats(viewable, options, splat_bytes=SPLAT_BYTES, rest_bytes=rest_bytes)
    attributes = attributes_of(splats)
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(splats_glb(attributes, document))
        content = aside.read_bytes()
        found = attributes_in(content, item.path.name)
        if found.keys() != attributes.keys() or any(
            not np.array_equal(found[name], values) for name, values in attributes.items()
        ):
            raise verification_error(item.path.name, "its attributes differ")
    return summary_of(viewable, item, len(content), perf_counter() - start, f"{len(splats.opacity)} splats")


FORMAT = Format(
    purpose="3D Gaussian splatting in glTF (KHR_gaussian_splatting), for viewers that support it",
    needs="scene",
    suffixes=(".glb",),
    verification="its JSON and all attributes read and compared",
    check=accept_all,
    write=write_splats_gltf,
)
