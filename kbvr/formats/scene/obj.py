"""OBJ: a textured mesh as text, with a file of materials (MTL) and three pictures, for almost any 3D program.

Axes are glTF's: y up, -z ahead, metres; the photo's camera is at the origin. The dome is left out, since these programs
show a scene from outside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from time import perf_counter

import numpy as np

from kbvr.formats.scene.plain_textures import PlainTextures, fitted, plain_textures
from kbvr.formats.scene.scene_file import Y_UP, summary_of
from kbvr.formats.spec.encoding import credit_texts
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.spec.verification import verification_error
from kbvr.mesh.textured_mesh import Part, TexturedMesh
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import atomic_write_together, check_writable


def parts_without_dome(mesh: TexturedMesh) -> list[Part]:
    """Return the parts of a mesh except the dome."""
    return [part for part in mesh.parts if part.name != "dome"]


def companions(stem: str) -> tuple[str, str, str, str]:
    """Return the names of an OBJ's materials, photo, atlas and alpha.

    They contain nothing that ends a name in an OBJ (spaces, comments), begins an option, or is not valid text.
    """
    safe = re.sub(r"^-|[\s#\\\ud800-\udfff]+", "_", stem)
    return f"{safe}.mtl", f"{safe}_photo.jpg", f"{safe}_atlas.jpg", f"{safe}_alpha.png"


def obj_files(
    mesh: TexturedMesh, stem: str, textures: PlainTextures, credit: Mapping[str, str] | None = None
) -> dict[str, bytes]:
    """Return name -> content of the files of a mesh, the OBJ first."""
    mtl, photo, atlas, alpha = companions(stem)
    unlit = "Ka 1 1 1\nKd 1 1 1\nKs 0 0 0\nillum 0\n"
    materials = (
        f"newmtl photo\n{unlit}map_Kd {photo}\n\n"
        f"newmtl atlas\n{unlit}map_Kd {atlas}\n\n"
        f"newmtl blended\n{unlit}map_Kd {atlas}\nmap_d {alpha}\n"
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
        lines += ["vt {:.6f} {:.6f}".format(*uv) for uv in (part.uv * (1, -1) + (0, 1)).tolist()]
        corners = (part.triangles + first).tolist()
        lines += [f"f {a}/{a} {b}/{b} {c}/{c}" for a, b, c in corners]
        first += len(part.points_m)
    return ("\n".join(lines) + "\n").encode()


def verify_obj(files: dict[str, bytes], mesh: TexturedMesh) -> None:
    """Read an OBJ with all its files, and compare it with the mesh.

    Raises:
        OutputError: if it cannot be read or differs.
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
        found = {
            part_name: (part.triangles, part.visual.material.image.size) for part_name, part in loaded.geometry.items()
        }
    except (AttributeError, LookupError, TypeError, ValueError, OSError) as error:
        raise verification_error(name, error) from error
    for part in parts_without_dome(mesh):
        corners, size_px = found.get(part.name, (np.zeros(0), None))
        expected = (part.points_m * Y_UP)[part.triangles]
        picture = mesh.photo if part.texture == "photo" else mesh.atlas
        same = corners.shape == expected.shape and np.allclose(corners, expected, rtol=1e-4, atol=1e-4)
        if not same or size_px != picture.shape[1::-1]:
            raise verification_error(name, f"{part.name} differs")


def check_companions(_view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Check that the companions of an OBJ may be written; see `Format.check`."""
    for name in companions(item.path.stem):
        check_writable(item.path.with_name(name), overwrite=options.overwrite)


def write_obj(viewable: ViewableScene, item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify a scene as OBJ with its companions; see `Format.write`."""
    start = perf_counter()
    mesh = viewable.textured_mesh
    files: dict[str, bytes] = {}

    def encoded(quality: int) -> bytes:
        nonlocal files
        files = obj_files(mesh, item.path.stem, plain_textures(mesh, quality), credit_texts(facts.credits))
        return b"".join(files.values())

    total = len(fitted(encoded, options, "an OBJ with its pictures"))
    verify_obj(files, mesh)
    paths = [item.path.with_name(name) for name in files]  # the first is the OBJ
    with atomic_write_together(paths, overwrite=options.overwrite) as asides:
        for aside, content in zip(asides, files.values(), strict=True):
            aside.write_bytes(content)
    return replace(summary_of(viewable, item, total, perf_counter() - start), beside=tuple(paths[1:]))


FORMAT = Format(
    purpose="a textured mesh, for almost any 3D program",
    needs="scene",
    suffixes=(".obj", ".mtl", ".jpg", ".png"),
    verification="read by trimesh with its materials and pictures; all triangles compared",
    check=check_companions,
    write=write_obj,
)
