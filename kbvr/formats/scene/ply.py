"""PLY: a mesh with vertex colours, for almost any 3D program.

Without textures, detail takes triangles: the mesh is as fine as the size limit allows, and OBJ and glTF show more in
smaller files. Surfaces that are less than half opaque are left out. Axes are glTF's: y up, -z ahead, metres; the
photo's camera is at the origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from time import perf_counter
from typing import Any

import numpy as np

from kbvr.formats.scene.scene_file import Y_UP, summary_of, too_large
from kbvr.formats.spec.encoding import credit_texts
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item, accept_all
from kbvr.formats.spec.verification import verification_error
from kbvr.mesh.vertex_colors import ColouredMesh, coloured_mesh
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import atomic_write

DEFAULT_MAX_MB = 60.0
TRIANGLE_BYTES, VERTEX_BYTES = 13, 16
VERTICES_PER_TRIANGLE = 0.6
"""Half inside a mesh, more at its borders."""


def ply_bytes(mesh: ColouredMesh, credit: Mapping[str, str] | None = None) -> bytes:
    """Return a mesh as binary PLY, with the photo's credits as comments."""
    import trimesh

    exported = trimesh.Trimesh(
        mesh.points_m * Y_UP, mesh.triangles, vertex_colors=mesh.rgba, process=False, validate=False
    )
    content = exported.export(file_type="ply", vertex_normal=False)
    assert isinstance(content, bytes)
    return with_comments(content, credit or {})


def with_comments(content: bytes, texts: Mapping[str, str]) -> bytes:
    """Return a PLY with comments (UTF-8) at the end of its header."""
    head, end, body = content.partition(b"end_header\n")
    return head + "".join(f"comment {name}: {text}\n" for name, text in texts.items()).encode() + end + body


def verify_ply(content: bytes, name: str, mesh: ColouredMesh) -> None:
    """Read a PLY and compare it with the mesh; `name` names the file in errors.

    Raises:
        OutputError: if it cannot be read or differs.
    """
    import trimesh

    try:
        found: Any = trimesh.load(BytesIO(content), file_type="ply", process=False)
        same = (
            np.array_equal(found.faces, mesh.triangles)
            and np.array_equal(found.visual.vertex_colors, mesh.rgba)
            and np.allclose(found.vertices, mesh.points_m * Y_UP, rtol=1e-6)
        )
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise verification_error(name, error) from error
    if not same:
        raise verification_error(name, "its mesh differs")


def write_ply(viewable: ViewableScene, item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify a scene as PLY; see `Format.write`."""
    start = perf_counter()
    max_mb = options.max_mb or DEFAULT_MAX_MB
    max_triangles = int(max_mb * 1e6 / (TRIANGLE_BYTES + VERTEX_BYTES * VERTICES_PER_TRIANGLE))
    mesh = coloured_mesh(viewable.textured_mesh, max_triangles=max_triangles)
    content = ply_bytes(mesh, credit_texts(facts.credits))
    if len(content) > max_mb * 1e6:
        raise too_large("a PLY", max_mb, len(content))
    verify_ply(content, item.path.name, mesh)
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(content)
    return summary_of(viewable, item, len(content), perf_counter() - start, f"{len(mesh.triangles)} triangles")


FORMAT = Format(
    purpose="a mesh with vertex colours, for almost any 3D program",
    needs="scene",
    suffixes=(".ply",),
    verification="read by trimesh; all vertices, colours and triangles compared",
    check=accept_all,
    write=write_ply,
)
