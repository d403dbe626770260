"""OBJ: a mesh with textures as text, beside it its materials (MTL) and three pictures, for almost any 3D program.

Axes are glTF's: y up, -z ahead, metres; the photo's camera is at the origin. The dome is left out: such programs look
at a scene from outside. All files are written aside, and get their names together or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from time import perf_counter

import numpy as np

from kbvr.errors import OutputError
from kbvr.formats.scene.gltf import Y_UP, summary_of
from kbvr.formats.scene.plain_textures import PlainTextures, fitted, plain_textures
from kbvr.formats.spec.encoding import credit_texts
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.mesh.textured_mesh import Part, TexturedMesh
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import refuse_taken, written_aside_together


def parts_without_dome(mesh: TexturedMesh) -> list[Part]:
    """Return the parts that are looked at from outside too."""
    return [part for part in mesh.parts if part.name != "dome"]


def companions(stem: str) -> tuple[str, str, str, str]:
    """Return the names of an OBJ's materials, photo, atlas and alpha.

    There is nothing in them that ends a name in an OBJ (spaces, comments), begins an option or is no text.
    """
    named = re.sub(r"^-|[\s#\\\ud800-\udfff]+", "_", stem)
    return f"{named}.mtl", f"{named}_photo.jpg", f"{named}_atlas.jpg", f"{named}_alpha.png"


def obj_files(
    mesh: TexturedMesh, stem: str, textures: PlainTextures, credit: Mapping[str, str] | None = None
) -> dict[str, bytes]:
    """Return the files of a textured mesh by their names; the OBJ itself is the first."""
    mtl, photo, atlas, alpha = companions(stem)
    lit = "Ka 1 1 1\nKd 1 1 1\nKs 0 0 0\nillum 0\n"
    materials = (
        f"newmtl photo\n{lit}map_Kd {photo}\n\n"
        f"newmtl atlas\n{lit}map_Kd {atlas}\n\n"
        f"newmtl blended\n{lit}map_Kd {atlas}\nmap_d {alpha}\n"
    )
    return {
        f"{stem}.obj": _obj(mesh, mtl, credit or {}),
        mtl: materials.encode(),
        photo: textures.photo,
        atlas: textures.atlas,
        alpha: textures.alpha,
    }


def _obj(mesh: TexturedMesh, materials: str, credit: Mapping[str, str]) -> bytes:
    lines = [*(f"# {name}: {text}" for name, text in credit.items()), f"mtllib {materials}"]
    first = 1
    for part in parts_without_dome(mesh):
        lines += [f"o {part.name}", f"usemtl {'blended' if part.blends else part.texture}"]
        lines += ["v {:.6g} {:.6g} {:.6g}".format(*point) for point in (part.points_m * Y_UP).tolist()]
        lines += ["vt {:.6f} {:.6f}".format(*place) for place in (part.uv * (1, -1) + (0, 1)).tolist()]
        corners = (part.triangles + first).tolist()
        lines += [f"f {a}/{a} {b}/{b} {c}/{c}" for a, b, c in corners]
        first += len(part.points_m)
    return ("\n".join(lines) + "\n").encode()


def check_obj(files: dict[str, bytes], mesh: TexturedMesh) -> None:
    """Read an OBJ with all its files and compare it with the textured mesh.

    Raises:
        OutputError: if it is not what was written.
    """
    import trimesh

    name = next(iter(files))
    resolver = trimesh.resolvers.ZipResolver({name: BytesIO(content) for name, content in files.items()})
    try:
        loaded = trimesh.load_scene(
            BytesIO(files[name]),
            file_type="obj",
            resolver=resolver,
            process=False,
            group_material=False,
            split_objects=True,
        )
        found = {own: (mesh.triangles, mesh.visual.material.image.size) for own, mesh in loaded.geometry.items()}
    except (AttributeError, LookupError, TypeError, ValueError, OSError) as error:
        raise OutputError(f"the OBJ could not be read back: {error}") from error
    for part in parts_without_dome(mesh):
        corners, size_px = found.get(part.name, (np.zeros(0), None))
        wanted = (part.points_m * Y_UP)[part.triangles]
        picture = mesh.photo if part.texture == "photo" else mesh.atlas
        same = corners.shape == wanted.shape and np.allclose(corners, wanted, rtol=1e-4, atol=1e-4)
        if not same or size_px != picture.shape[1::-1]:
            raise OutputError(f"the OBJ did not read back as written: {part.name} differs")


def check_companions(view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Check that the files beside an OBJ may be written; see `Format.check`."""
    del view_px
    for name in companions(item.path.stem):
        refuse_taken(item.path.with_name(name), overwrite=options.overwrite)


def write_obj(viewable: ViewableScene, item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write a scene as OBJ with the files that belong to it, and read them back; see `Format.write`."""
    start = perf_counter()
    mesh = viewable.textured_mesh
    files: dict[str, bytes] = {}

    def made(quality: int) -> bytes:
        nonlocal files
        files = obj_files(mesh, item.path.stem, plain_textures(mesh, quality), credit_texts(facts.credits))
        return b"".join(files.values())

    total = len(fitted(made, options, "an OBJ with its files"))
    check_obj(files, mesh)
    paths = [item.path.with_name(name) for name in files]  # the first is the OBJ
    with written_aside_together(paths, overwrite=options.overwrite) as asides:
        for aside, content in zip(asides, files.values(), strict=True):
            aside.write_bytes(content)
    return replace(summary_of(viewable, item, total, perf_counter() - start), beside=tuple(paths[1:]))


FORMAT = Format(
    says="a mesh with textures, for almost any 3D program",
    needs="scene",
    suffixes=(".obj", ".mtl", ".jpg", ".png"),
    proof="read by trimesh with its materials and pictures, all triangles compared",
    check=check_companions,
    write=write_obj,
)
