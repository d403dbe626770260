"""glTF (GLB): a scene of textured layers that one can step into, for WebXR and other programs.

glTF 2.0 with KHR_materials_unlit, KHR_mesh_quantization and EXT_texture_webp, which common viewers read with nothing
set; or KHR_draco_mesh_compression, which wants a decoder. Axes are glTF's: y up, -z ahead, metres. A node stands as
high above the floor as eyes do; in it are the layers, in the order in which they are drawn, and the photo's camera.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from io import BytesIO
from math import atan, atan2, cos, hypot, radians, sin
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float64
from PIL import Image

from kbvr.errors import OutputError
from kbvr.formats.scene.draco import Payload, draco_payload
from kbvr.formats.scene.plain_textures import jpeg_bytes
from kbvr.formats.scene.quantized import Slab, slabs_of
from kbvr.formats.spec.encoding import credit_texts, software
from kbvr.formats.spec.extras import check_extra
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.mesh.textured_mesh import Part, TexturedMesh
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.motion.move import Move
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import written_aside

if TYPE_CHECKING:
    import pygltflib

QUALITIES = (94, 90, 86, 84, 80, 75, 70, 64, 58, 50, 42, 34, 26, 18, 10)
"""Of the textures, tried until the file is small enough."""

MAX_MB = 8.0
"""The most that a file has if nothing is said, in million bytes."""

SPARE_BYTES = 200
"""Numbers of the JSON that grow with the textures."""

UNSIGNED_BYTE, SHORT, UNSIGNED_SHORT, UNSIGNED_INT, FLOAT = 5121, 5122, 5123, 5125, 5126
KINDS = {"uint8": UNSIGNED_BYTE, "int16": SHORT, "uint16": UNSIGNED_SHORT, "uint32": UNSIGNED_INT, "float32": FLOAT}
"""Component types of accessors."""

ARRAY, ELEMENTS = 34962, 34963
CLAMP, LINEAR, TRILINEAR = 33071, 9729, 9987
"""What buffers are for, and how textures are looked at."""

Y_UP = np.array([1.0, -1.0, -1.0])
"""glTF's axes from the photo camera's."""


@dataclass(frozen=True, eq=False)
class Textures:
    """The photo and the atlas as files."""

    photo: bytes
    atlas: bytes
    mime: tuple[str, str]


@dataclass(frozen=True, eq=False)
class _Mesh:
    """The triangles of one slab of a part, as a GLB has them; the same whatever the textures are."""

    name: str
    material: int
    step_m: float
    positions: np.ndarray
    uv: np.ndarray
    colour: np.ndarray | None
    indices: np.ndarray
    payload: Payload | None
    """Draco's, which has the arrays then; None if they are stored themselves."""


class _Buffer:
    """The binary part of a GLB, and its accessors."""

    def __init__(self, document: pygltflib.GLTF2) -> None:
        self.document = document
        self.content = bytearray()

    def view(self, content: bytes, *, target: int | None = None, stride: int | None = None) -> int:
        """Add bytes and return their buffer view."""
        import pygltflib

        self.content += bytes(-len(self.content) % 4)
        self.document.bufferViews.append(
            pygltflib.BufferView(
                buffer=0, byteOffset=len(self.content), byteLength=len(content), target=target, byteStride=stride
            )
        )
        self.content += content
        return len(self.document.bufferViews) - 1

    def accessor(self, values: np.ndarray, *, stored: bool = True, target: int | None = None) -> int:
        """Add an array, a row an element, and return its accessor; not `stored` is what Draco's payload has.

        Places in textures and colours stand for 0 to 1 if they are whole numbers.
        """
        import pygltflib

        rows = values.reshape(len(values), -1)
        kind = KINDS[rows.dtype.name]
        view = None
        if stored:
            padded = np.zeros((len(rows), -(-rows.shape[1] * rows.itemsize // 4) * 4 // rows.itemsize), rows.dtype)
            padded[:, : rows.shape[1]] = rows
            wide = target == ARRAY and padded.shape != rows.shape  # vertices begin at whole words
            content = (padded if wide else rows).tobytes()
            view = self.view(content, target=target, stride=padded.shape[1] * rows.itemsize if wide else None)
        limited = kind in (SHORT, FLOAT) and rows.shape[1] in (1, 3)
        self.document.accessors.append(
            pygltflib.Accessor(
                bufferView=view,
                byteOffset=0 if stored else None,
                componentType=kind,
                normalized=rows.shape[1] in (2, 4) and kind in (UNSIGNED_BYTE, UNSIGNED_SHORT),
                count=len(rows),
                type=("SCALAR", "VEC2", "VEC3", "VEC4")[rows.shape[1] - 1],
                min=rows.min(axis=0).tolist() if limited else None,
                max=rows.max(axis=0).tolist() if limited else None,
            )
        )
        return len(self.document.accessors) - 1


def _glb(
    viewable: ViewableScene, meshes: Sequence[_Mesh], textures: Textures, facts: Facts, options: FileOptions
) -> bytes:
    """Return a GLB of a scene."""
    import pygltflib

    document = pygltflib.GLTF2(asset=pygltflib.Asset(generator=software(), copyright=copyright_of(facts)))
    buffer = _Buffer(document)
    webp = "image/webp" in textures.mime
    _add_textures(document, buffer, textures)
    extensions = ["KHR_materials_unlit", *(["EXT_texture_webp"] if webp else [])]
    extensions += ["KHR_draco_mesh_compression" if options.compress == "draco" else "KHR_mesh_quantization"]
    children = [_added(document, buffer, mesh) for mesh in meshes]
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
    _add_path(document, buffer, viewable, node=children[-1])
    document.nodes.append(pygltflib.Node(name="kbvr", translation=[0.0, options.eye_height_m, 0.0], children=children))
    document.scenes.append(
        pygltflib.Scene(
            name=viewable.photo, nodes=[len(document.nodes) - 1], extras={"kbvr": told_of(viewable, facts, options)}
        )
    )
    document.scene = 0
    document.extensionsUsed = extensions
    document.extensionsRequired = [name for name in extensions if name != "KHR_materials_unlit"]
    document.buffers.append(pygltflib.Buffer(byteLength=len(buffer.content)))
    document.set_binary_blob(bytes(buffer.content))
    return b"".join(document.save_to_bytes())


def copyright_of(facts: Facts) -> str | None:
    """Return whose photo it is, if it says so."""
    texts = credit_texts(facts.credits)
    return texts.get("copyright") or texts.get("artist")


def told_of(viewable: ViewableScene, facts: Facts, options: FileOptions) -> dict[str, Any]:
    """Return what a scene says of itself, to viewers too."""
    camera = viewable.textured_mesh.camera
    return {
        "version": version("kbvr"),
        "photo": viewable.photo,
        "size_px": list(camera.size_px),
        "f_px": camera.f_px,
        "eye_height_m": options.eye_height_m,
        "head_box_m": list(viewable.head_box_m),
        "nearest_m": viewable.nearest_m,
        "farthest_m": viewable.farthest_m,
        "subject_m": viewable.subject_m,
        "ipd_m": viewable.ipd_m,
        "depth": viewable.depth_source,
        "is_metric": viewable.is_metric,
        **credit_texts(facts.credits),
    }


def _add_textures(document: pygltflib.GLTF2, buffer: _Buffer, textures: Textures) -> None:
    """Add the two textures, and the materials: `photo`, `atlas` and `atlas, blended`."""
    import pygltflib

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


def _meshes(textured_mesh: TexturedMesh, *, draco: bool) -> list[_Mesh]:
    """Return the meshes of all parts."""
    slabs = slabs_of([((part.points_m * Y_UP).astype(np.float32), part.triangles) for part in textured_mesh.parts])
    return [
        _mesh(part, slab, part.name if len(own) == 1 else f"{part.name} {number}", draco=draco)
        for part, own in zip(textured_mesh.parts, slabs, strict=True)
        for number, slab in enumerate(own)
    ]


def _mesh(part: Part, slab: Slab, name: str, *, draco: bool) -> _Mesh:
    """Return the triangles of one slab."""
    steps, triangles = slab.steps, slab.triangles
    uv = part.uv[slab.vertex]
    colour = None
    if part.alpha is not None:
        colour = np.full((len(steps), 4), 255, np.uint8)
        colour[:, 3] = part.alpha[slab.vertex]
    payload = None
    positions, places = steps, np.rint(uv * 65535).astype(np.uint16)
    if draco:
        payload, (steps, places, colour, triangles) = draco_payload(steps, uv, colour, triangles)
        positions = steps.astype(np.float32)  # as the decoders of some programs want them
    return _Mesh(
        name=name,
        material=2 if part.blends else 1 if part.texture == "atlas" else 0,
        step_m=slab.step_m,
        positions=positions,
        uv=places,
        colour=colour,
        indices=triangles.ravel().astype(np.uint16 if len(steps) < 65536 else np.uint32),
        payload=payload,
    )


def _added(document: pygltflib.GLTF2, buffer: _Buffer, mesh: _Mesh) -> int:
    """Add a mesh, and return its node."""
    import pygltflib

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


def _add_path(document: pygltflib.GLTF2, buffer: _Buffer, viewable: ViewableScene, *, node: int) -> None:
    """Add the camera's path."""
    import pygltflib

    moves = viewable.moves
    if len(moves) < 2:
        return
    times = np.linspace(0, viewable.seconds, len(moves), dtype=np.float32)
    places = (np.array([move.position_m for move in moves]) * Y_UP).astype(np.float32)
    turns = np.array([_turn(move) for move in moves], np.float32)
    time = buffer.accessor(times)
    samplers = [pygltflib.AnimationSampler(input=time, output=buffer.accessor(rows)) for rows in (places, turns)]
    targets = [pygltflib.AnimationChannelTarget(node=node, path=path) for path in ("translation", "rotation")]
    channels = [pygltflib.AnimationChannel(sampler=index, target=target) for index, target in enumerate(targets)]
    document.animations.append(pygltflib.Animation(name="camera path", samplers=samplers, channels=channels))


def _turn(move: Move) -> Float64[np.ndarray, "4"]:
    """Return where a camera looks, as a quaternion (x, y, z, w).

    What a sideways move holds still on the screen by shifting the picture, a camera that turns holds in the middle.
    """
    held = move.held_inverse_depth
    yaw = radians(move.yaw_deg) - atan(move.x_m * held)
    pitch = radians(move.pitch_deg) + atan2(move.y_m * held, hypot(1, move.x_m * held))
    y, x = -yaw / 2, pitch / 2  # glTF's y is up: to the right is against it
    return np.array([sin(x) * cos(y), cos(x) * sin(y), -sin(x) * sin(y), cos(x) * cos(y)])


def _textures(textured_mesh: TexturedMesh, options: FileOptions, quality: int) -> Textures:
    """Return the textures at a quality of 1 to 100."""
    photo, atlas = BytesIO(), BytesIO()
    if options.texture == "jpeg":
        Image.fromarray(textured_mesh.atlas).save(atlas, "PNG", optimize=True)
        return Textures(jpeg_bytes(textured_mesh.photo, quality), atlas.getvalue(), ("image/jpeg", "image/png"))
    Image.fromarray(textured_mesh.photo).save(photo, "WEBP", quality=quality)
    Image.fromarray(textured_mesh.atlas).save(atlas, "WEBP", quality=quality, exact=True)
    return Textures(photo.getvalue(), atlas.getvalue(), ("image/webp", "image/webp"))


def fitted_glb(
    viewable: ViewableScene, facts: Facts, options: FileOptions, *, file_bytes: Callable[[int], int] = int
) -> bytes:
    """Return a GLB of the quality wanted, or of the best that is small enough.

    `file_bytes` are those of the file that the GLB goes into, by the GLB's: a size that was asked for is the file's.

    Raises:
        OutputError: if none is.
    """
    meshes = _meshes(viewable.textured_mesh, draco=options.compress == "draco")
    if options.quality is not None:
        return _glb(viewable, meshes, _textures(viewable.textured_mesh, options, options.quality), facts, options)
    most_mb = options.max_mb or MAX_MB
    nothing = Textures(b"", b"", ("image/webp", "image/webp"))
    rest = len(_glb(viewable, meshes, nothing, facts, options)) + SPARE_BYTES
    total = rest
    for quality in QUALITIES:
        textures = _textures(viewable.textured_mesh, options, quality)
        total = rest + len(textures.photo) + len(textures.atlas)
        total = total if options.max_mb is None else file_bytes(total)
        if total <= most_mb * 1e6:
            return _glb(viewable, meshes, textures, facts, options)
    raise OutputError(
        f"wanted a scene of at most {most_mb:g} MB, the smallest of this photo has {total / 1e6:.2f} MB: "
        "fewer --triangles or --compress draco make it smaller"
    )


def check_glb(content: bytes, viewable: ViewableScene) -> None:
    """Read a GLB and compare it with the scene.

    Raises:
        OutputError: if it is not what was written.
    """
    import pygltflib

    try:
        document = pygltflib.GLTF2.load_from_bytes(content)
        blob = document.binary_blob()
        triangles = sum(document.accessors[one.indices].count for mesh in document.meshes for one in mesh.primitives)
        sizes = []
        for image in document.images:
            view = document.bufferViews[image.bufferView]
            with Image.open(BytesIO(blob[view.byteOffset : view.byteOffset + view.byteLength])) as picture:
                picture.load()
                sizes.append(picture.size)
    except (AttributeError, OSError, LookupError, TypeError, ValueError) as error:
        raise OutputError(f"the scene could not be read back: {error}") from error
    textured_mesh = viewable.textured_mesh
    wanted = [texture.shape[1::-1] for texture in (textured_mesh.photo, textured_mesh.atlas)]
    if not 0.99 * textured_mesh.triangle_count <= triangles / 3 <= textured_mesh.triangle_count or sizes != wanted:
        raise OutputError("the scene did not read back as written")


def write_gltf(viewable: ViewableScene, item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write a scene as GLB, and read it back; see `Format.write`."""
    start = perf_counter()
    content = fitted_glb(viewable, facts, options)
    check_glb(content, viewable)
    with written_aside(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(content)
    return summary_of(viewable, item, len(content), perf_counter() - start)


def summary_of(viewable: ViewableScene, item: Item, file_bytes: int, seconds: float) -> FileSummary:
    """Return what there is to tell of a scene's file."""
    return FileSummary(
        path=item.path,
        size_px=viewable.textured_mesh.camera.size_px,
        frames=1,
        fps=0.0,
        seconds=0.0,
        bytes=file_bytes,
        encode_s=seconds,
        codec=f"{viewable.textured_mesh.triangle_count} triangles",
    )


def check_compression(view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Check that there is what packs the triangles; see `Format.check`."""
    del view_px, item
    if options.compress == "draco":
        check_extra("draco", "DracoPy", "compressing by Draco needs DracoPy")


def no_check(view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Take any size."""
    del view_px, item, options


FORMAT = Format(
    says="a scene to step into, for WebXR and 3D programs",
    needs="scene",
    suffixes=(".glb",),
    proof="its JSON is read, triangles counted, both textures decoded",
    check=check_compression,
    write=write_gltf,
)
