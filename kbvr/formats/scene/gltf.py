"""glTF (GLB): a scene of textured layers to step into, for WebXR and 3D programs.

glTF 2.0 with KHR_materials_unlit, KHR_mesh_quantization and EXT_texture_webp, which common viewers support; or
KHR_draco_mesh_compression, which requires a decoder; or, with JPEG textures, floats, which need no extension, because
old importers ignore required extensions and then misread the file. Axes are glTF's: y up, -z ahead, metres. The root
node is at eye height; its children are the layers in drawing order, and the photo's camera.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from time import perf_counter

import numpy as np
import pygltflib
from jaxtyping import Float32, Int64, UInt8
from PIL import Image

from kbvr.formats.scene.draco import draco_payload
from kbvr.formats.scene.glb import GlbMesh, Textures, glb_bytes
from kbvr.formats.scene.plain_textures import jpeg_bytes
from kbvr.formats.scene.quantized import Slab, slabs_of
from kbvr.formats.scene.scene_file import Y_UP, summary_of, too_large
from kbvr.formats.spec.encoding import saved
from kbvr.formats.spec.extras import check_extra
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.spec.verification import verification_error
from kbvr.mesh.textured_mesh import Part, TexturedMesh
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import atomic_write

QUALITIES = (94, 90, 86, 84, 80, 75, 70, 64, 58, 50, 42, 34, 26, 18, 10)
"""Of the textures, tried in turn until the file is small enough."""

DEFAULT_MAX_MB = 8.0
SPARE_BYTES = 200
"""Room for the numbers in the JSON that grow with the textures."""


def glb_meshes(textured_mesh: TexturedMesh, options: FileOptions) -> list[GlbMesh]:
    """Return the meshes of a GLB, one or more for each part."""
    points_m = [(part.points_m * Y_UP).astype(np.float32) for part in textured_mesh.parts]
    draco = options.compress == "draco"
    if options.texture == "jpeg" and not draco:
        return [_plain_mesh(part, points) for part, points in zip(textured_mesh.parts, points_m, strict=True)]
    slabs = slabs_of([(points, part.triangles) for part, points in zip(textured_mesh.parts, points_m, strict=True)])
    return [
        _mesh(part, slab, part.name if len(part_slabs) == 1 else f"{part.name} {number}", draco=draco)
        for part, part_slabs in zip(textured_mesh.parts, slabs, strict=True)
        for number, slab in enumerate(part_slabs)
    ]


def _plain_mesh(part: Part, points_m: Float32[np.ndarray, "N 3"]) -> GlbMesh:
    """Return a mesh of floats, in metres, without the vertices that no triangle uses."""
    vertex, triangles = np.unique(part.triangles, return_inverse=True)
    return GlbMesh(
        name=part.name,
        material=_material(part),
        step_m=1.0,
        positions=points_m[vertex],
        uv=part.uv[vertex].astype(np.float32),
        colour=_colour(part, vertex),
        indices=_indices(triangles, len(vertex)),
        payload=None,
    )


def _mesh(part: Part, slab: Slab, name: str, *, draco: bool) -> GlbMesh:
    steps, triangles = slab.steps, slab.triangles
    uv, colour = part.uv[slab.vertex], _colour(part, slab.vertex)
    payload = None
    positions, stored_uv = steps, np.rint(uv * 65535).astype(np.uint16)
    if draco:
        payload, (steps, stored_uv, colour, triangles) = draco_payload(steps, uv, colour, triangles)
        positions = steps.astype(np.float32)  # the decoders of some programs require it
    return GlbMesh(
        name=name,
        material=_material(part),
        step_m=slab.step_m,
        positions=positions,
        uv=stored_uv,
        colour=colour,
        indices=_indices(triangles, len(steps)),
        payload=payload,
    )


def _material(part: Part) -> int:
    return 2 if part.blends else 1 if part.texture == "atlas" else 0


def _colour(part: Part, vertex: Int64[np.ndarray, "N"]) -> UInt8[np.ndarray, "N 4"] | None:
    """Return white with the opacity of some vertices, None if all are opaque."""
    if part.alpha is None:
        return None
    colour = np.full((len(vertex), 4), 255, np.uint8)
    colour[:, 3] = part.alpha[vertex]
    return colour


def _indices(triangles: Int64[np.ndarray, "*shape"], vertices: int) -> np.ndarray:
    return triangles.ravel().astype(np.uint16 if vertices < 65536 else np.uint32)


def _textures(textured_mesh: TexturedMesh, options: FileOptions, quality: int) -> Textures:
    """Return the textures at a quality of 1 to 100."""
    photo, atlas = Image.fromarray(textured_mesh.photo), Image.fromarray(textured_mesh.atlas)
    if options.texture == "jpeg":
        content = jpeg_bytes(textured_mesh.photo, quality), saved(atlas, "PNG", optimize=True)
        return Textures(*content, ("image/jpeg", "image/png"))
    content = saved(photo, "WEBP", quality=quality), saved(atlas, "WEBP", quality=quality, exact=True)
    return Textures(*content, ("image/webp", "image/webp"))


def fitted_glb(
    viewable: ViewableScene, facts: Facts, options: FileOptions, *, file_bytes: Callable[[int], int] = int
) -> bytes:
    """Return a GLB of the chosen quality, or of the best quality within the size limit.

    `file_bytes` returns the size of the file that contains the GLB from the GLB's size; a limit that the caller gave
    is for that file.

    Raises:
        OutputError: if the GLB is too large at every quality.
    """
    meshes = glb_meshes(viewable.textured_mesh, options)
    if options.quality is not None:
        return glb_bytes(viewable, meshes, _textures(viewable.textured_mesh, options, options.quality), facts, options)
    max_mb = options.max_mb or DEFAULT_MAX_MB
    empty = Textures(b"", b"", ("image/webp", "image/webp"))
    rest = len(glb_bytes(viewable, meshes, empty, facts, options)) + SPARE_BYTES
    total = rest
    for quality in QUALITIES:
        textures = _textures(viewable.textured_mesh, options, quality)
        total = rest + len(textures.photo) + len(textures.atlas)
        total = total if options.max_mb is None else file_bytes(total)
        if total <= max_mb * 1e6:
            return glb_bytes(viewable, meshes, textures, facts, options)
    raise too_large("a scene", max_mb, total, "use fewer triangles or Draco compression")


def verify_glb(content: bytes, name: str, viewable: ViewableScene) -> None:
    """Read a GLB, and compare its triangles and textures with the scene; `name` names the file in errors.

    Raises:
        OutputError: if it cannot be read or differs.
    """
    try:
        document = pygltflib.GLTF2.load_from_bytes(content)
        blob = document.binary_blob()
        primitives = [primitive for mesh in document.meshes for primitive in mesh.primitives]
        triangles = sum(document.accessors[primitive.indices].count for primitive in primitives) / 3
        sizes = []
        for image in document.images:
            view = document.bufferViews[image.bufferView]
            with Image.open(BytesIO(blob[view.byteOffset : view.byteOffset + view.byteLength])) as picture:
                picture.load()
                sizes.append(picture.size)
    except (AttributeError, OSError, LookupError, TypeError, ValueError) as error:
        raise verification_error(name, error) from error
    textured_mesh = viewable.textured_mesh
    if sizes != [texture.shape[1::-1] for texture in (textured_mesh.photo, textured_mesh.atlas)]:
        raise verification_error(name, "its textures differ")
    if not 0.99 * textured_mesh.triangle_count <= triangles <= textured_mesh.triangle_count:
        raise verification_error(name, "its triangles differ")


def write_gltf(viewable: ViewableScene, item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify a scene as GLB; see `Format.write`."""
    start = perf_counter()
    content = fitted_glb(viewable, facts, options)
    verify_glb(content, item.path.name, viewable)
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(content)
    return summary_of(viewable, item, len(content), perf_counter() - start)


def check_compression(_view_px: tuple[int, int], _item: Item, options: FileOptions) -> None:
    """Check that the compression is installed; see `Format.check`."""
    if options.compress == "draco":
        check_extra("draco", "DracoPy", "Draco compression requires DracoPy")


FORMAT = Format(
    purpose="a scene to step into, for WebXR and 3D programs",
    needs="scene",
    suffixes=(".glb",),
    verification="its JSON is read, triangles counted, both textures decoded",
    check=check_compression,
    write=write_gltf,
)
