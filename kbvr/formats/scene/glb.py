"""GLB documents: glTF 2.0 with its meshes, textures, camera and animation in one binary buffer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan, atan2, cos, hypot, radians, sin

import numpy as np
import pygltflib
from jaxtyping import Float64

from kbvr.formats.scene.draco import Payload
from kbvr.formats.scene.scene_file import Y_UP, copyright_of, scene_metadata
from kbvr.formats.spec.format import Facts
from kbvr.formats.spec.software import software
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.motion.move import Move
from kbvr.options.export_options import FileOptions

UNSIGNED_BYTE, SHORT, UNSIGNED_SHORT, UNSIGNED_INT, FLOAT = 5121, 5122, 5123, 5125, 5126
KINDS = {"uint8": UNSIGNED_BYTE, "int16": SHORT, "uint16": UNSIGNED_SHORT, "uint32": UNSIGNED_INT, "float32": FLOAT}
"""Name of a NumPy type -> component type of an accessor."""

ARRAY, ELEMENTS = 34962, 34963
"""Targets of buffer views: vertex attributes and indices."""

CLAMP, LINEAR, TRILINEAR = 33071, 9729, 9987
"""Wrapping and filters of samplers."""


@dataclass(frozen=True, eq=False)
class Textures:
    """The photo and the atlas as picture files."""

    photo: bytes
    atlas: bytes
    mime: tuple[str, str]


@dataclass(frozen=True, eq=False)
class GlbMesh:
    """The arrays of a mesh as a GLB stores them."""

    name: str
    material: int
    step_m: float
    """Scale of the positions."""

    positions: np.ndarray
    uv: np.ndarray
    colour: np.ndarray | None
    indices: np.ndarray
    payload: Payload | None
    """The mesh in Draco's encoding, stored instead of the arrays; None without compression."""


class _Buffer:
    """The binary buffer of a document, with the buffer views and accessors into it."""

    def __init__(self, document: pygltflib.GLTF2) -> None:
        self.document = document
        self.content = bytearray()

    def view(self, content: bytes, *, target: int | None = None, stride: int | None = None) -> int:
        """Add bytes and return the index of their buffer view."""
        self.content += bytes(-len(self.content) % 4)
        self.document.bufferViews.append(
            pygltflib.BufferView(
                buffer=0, byteOffset=len(self.content), byteLength=len(content), target=target, byteStride=stride
            )
        )
        self.content += content
        return len(self.document.bufferViews) - 1

    def accessor(self, values: np.ndarray, *, stored: bool = True, target: int | None = None) -> int:
        """Add an array of one element per row, and return the index of its accessor.

        Integers in 2 or 4 columns, texture coordinates and colours, are normalized to 0 to 1. An array that is not
        `stored` is decoded from Draco's payload.
        """
        rows = values.reshape(len(values), -1)
        kind = KINDS[rows.dtype.name]
        view = None
        if stored:
            padded = np.zeros((len(rows), -(-rows.shape[1] * rows.itemsize // 4) * 4 // rows.itemsize), rows.dtype)
            padded[:, : rows.shape[1]] = rows
            needs_padding = target == ARRAY and padded.shape != rows.shape  # vertices are aligned to 4 bytes
            content = (padded if needs_padding else rows).tobytes()
            view = self.view(content, target=target, stride=padded.shape[1] * rows.itemsize if needs_padding else None)
        has_limits = kind in (SHORT, FLOAT) and rows.shape[1] in (1, 3)
        self.document.accessors.append(
            pygltflib.Accessor(
                bufferView=view,
                byteOffset=0 if stored else None,
                componentType=kind,
                normalized=rows.shape[1] in (2, 4) and kind in (UNSIGNED_BYTE, UNSIGNED_SHORT),
                count=len(rows),
                type=("SCALAR", "VEC2", "VEC3", "VEC4")[rows.shape[1] - 1],
                min=rows.min(axis=0).tolist() if has_limits else None,
                max=rows.max(axis=0).tolist() if has_limits else None,
            )
        )
        return len(self.document.accessors) - 1


def glb_bytes(
    viewable: ViewableScene, meshes: Sequence[GlbMesh], textures: Textures, facts: Facts, options: FileOptions
) -> bytes:
    """Return a scene as a GLB."""
    document = pygltflib.GLTF2(asset=pygltflib.Asset(generator=software(), copyright=copyright_of(facts)))
    buffer = _Buffer(document)
    webp = "image/webp" in textures.mime
    _add_textures(document, buffer, textures)
    required = ["EXT_texture_webp"] if webp else []
    if any(mesh.payload for mesh in meshes):
        required.append("KHR_draco_mesh_compression")
    elif any(mesh.positions.dtype == np.int16 for mesh in meshes):
        required.append("KHR_mesh_quantization")
    children = [_add_mesh(document, buffer, mesh) for mesh in meshes]
    camera = viewable.textured_mesh.camera
    width, height = camera.size_px
    document.cameras.append(
        pygltflib.Camera(
            type="perspective",
            perspective=pygltflib.Perspective(
                yfov=2 * atan(height / 2 / camera.f_px), aspectRatio=width / height, znear=0.05
            ),
        )
    )
    document.nodes.append(pygltflib.Node(name="camera", camera=0))
    children.append(len(document.nodes) - 1)
    _add_animation(document, buffer, viewable, node=children[-1])
    document.nodes.append(pygltflib.Node(name="kbvr", translation=[0.0, options.eye_height_m, 0.0], children=children))
    metadata = {"kbvr": scene_metadata(viewable, facts, options)}
    document.scenes.append(pygltflib.Scene(name=viewable.photo, nodes=[len(document.nodes) - 1], extras=metadata))
    document.scene = 0
    document.extensionsUsed = ["KHR_materials_unlit", *required]
    document.extensionsRequired = required
    document.buffers.append(pygltflib.Buffer(byteLength=len(buffer.content)))
    document.set_binary_blob(bytes(buffer.content))
    return b"".join(document.save_to_bytes())


def _add_textures(document: pygltflib.GLTF2, buffer: _Buffer, textures: Textures) -> None:
    """Add both textures, and the materials: `photo`, `atlas` and `atlas, blended`."""
    document.samplers.append(pygltflib.Sampler(magFilter=LINEAR, minFilter=TRILINEAR, wrapS=CLAMP, wrapT=CLAMP))
    for name, content, mime in zip(("photo", "atlas"), (textures.photo, textures.atlas), textures.mime, strict=True):
        document.images.append(pygltflib.Image(name=name, mimeType=mime, bufferView=buffer.view(content)))
        source = len(document.images) - 1
        extension = {"EXT_texture_webp": {"source": source}} if mime == "image/webp" else {}
        document.textures.append(
            pygltflib.Texture(sampler=0, source=None if extension else source, extensions=extension)
        )
    for name, texture, mode in (("photo", 0, "OPAQUE"), ("atlas", 1, "OPAQUE"), ("atlas, blended", 1, "BLEND")):
        document.materials.append(
            pygltflib.Material(
                name=name,
                pbrMetallicRoughness=pygltflib.PbrMetallicRoughness(
                    baseColorTexture=pygltflib.TextureInfo(index=texture), metallicFactor=0.0, roughnessFactor=1.0
                ),
                alphaMode=mode,
                extensions={"KHR_materials_unlit": {}},
            )
        )


def _add_mesh(document: pygltflib.GLTF2, buffer: _Buffer, mesh: GlbMesh) -> int:
    """Add a mesh, and return the index of its node."""
    extensions = {}
    if mesh.payload is not None:
        names = ("POSITION", "TEXCOORD_0", *(["COLOR_0"] if mesh.colour is not None else []))
        extensions["KHR_draco_mesh_compression"] = {
            "bufferView": buffer.view(mesh.payload.content),
            "attributes": {name: mesh.payload.ids[name] for name in names},
        }
    stored = mesh.payload is None
    primitive = pygltflib.Primitive(
        attributes=pygltflib.Attributes(
            POSITION=buffer.accessor(mesh.positions, target=ARRAY, stored=stored),
            TEXCOORD_0=buffer.accessor(mesh.uv, target=ARRAY, stored=stored),
            COLOR_0=None if mesh.colour is None else buffer.accessor(mesh.colour, target=ARRAY, stored=stored),
        ),
        indices=buffer.accessor(mesh.indices, target=ELEMENTS, stored=stored),
        material=mesh.material,
        extensions=extensions,
    )
    document.meshes.append(pygltflib.Mesh(name=mesh.name, primitives=[primitive]))
    document.nodes.append(pygltflib.Node(name=mesh.name, mesh=len(document.meshes) - 1, scale=[mesh.step_m] * 3))
    return len(document.nodes) - 1


def _add_animation(document: pygltflib.GLTF2, buffer: _Buffer, viewable: ViewableScene, *, node: int) -> None:
    """Add the camera's path, if it has one."""
    moves = viewable.moves
    if len(moves) < 2:
        return
    times = np.linspace(0, viewable.seconds, len(moves), dtype=np.float32)
    positions = (np.array([move.position_m for move in moves]) * Y_UP).astype(np.float32)
    rotations = np.array([_rotation(move) for move in moves], np.float32)
    time = buffer.accessor(times)
    samplers = [pygltflib.AnimationSampler(input=time, output=buffer.accessor(rows)) for rows in (positions, rotations)]
    targets = [pygltflib.AnimationChannelTarget(node=node, path=path) for path in ("translation", "rotation")]
    channels = [pygltflib.AnimationChannel(sampler=index, target=target) for index, target in enumerate(targets)]
    document.animations.append(pygltflib.Animation(name="camera path", samplers=samplers, channels=channels))


def _rotation(move: Move) -> Float64[np.ndarray, "4"]:
    """Return the rotation of a camera as a quaternion (x, y, z, w).

    A sideways move shifts the picture so that the held depth stays in place; a glTF camera cannot shift, so it turns to
    keep that depth in the middle.
    """
    held = move.held_inverse_depth
    yaw = radians(move.yaw_deg) - atan(move.x_m * held)
    pitch = radians(move.pitch_deg) + atan2(move.y_m * held, hypot(1, move.x_m * held))
    y, x = -yaw / 2, pitch / 2  # with y up, a turn to the right is negative
    return np.array([sin(x) * cos(y), cos(x) * sin(y), -sin(x) * sin(y), cos(x) * cos(y)])
