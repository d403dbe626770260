"""PLY: a mesh with colours at its vertices, which almost every 3D program reads.

It has no textures, so the mesh is cut as finely as the file may be large: OBJ and glTF show more with less. What is
less than half opaque is left out. Axes are glTF's: y up, -z ahead, metres; the photo's camera is at the origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from time import perf_counter
from typing import Any

import numpy as np

from kbvr.errors import OutputError
from kbvr.formats.scene.gltf import Y_UP, no_check, summary_of
from kbvr.formats.spec.encoding import credit_texts
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.mesh.vertex_colors import ColouredMesh, coloured_mesh
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import written_aside

MAX_MB = 60.0
"""The most that a file has if nothing is said, in million bytes."""

TRIANGLE_BYTES, VERTEX_BYTES = 13, 16
VERTICES_SHARE = 0.6
"""Of the number of triangles: half of it in the midst of a mesh, more at borders."""


def ply_bytes(mesh: ColouredMesh, credit: Mapping[str, str] | None = None) -> bytes:
    """Return a mesh as binary PLY, with comments on who took the photo and when."""
    import trimesh

    described = trimesh.Trimesh(
        mesh.points_m * Y_UP, mesh.triangles, vertex_colors=mesh.rgba, process=False, validate=False
    )
    content = described.export(file_type="ply", vertex_normal=False)
    assert isinstance(content, bytes)
    return with_comments(content, credit or {})


def with_comments(content: bytes, texts: Mapping[str, str]) -> bytes:
    """Return a PLY with comments at the end of its header, in UTF-8."""
    head, end, body = content.partition(b"end_header\n")
    return head + "".join(f"comment {name}: {text}\n" for name, text in texts.items()).encode() + end + body


def check_ply(content: bytes, mesh: ColouredMesh) -> None:
    """Read a PLY and compare it with the mesh.

    Raises:
        OutputError: if it is not what was written.
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
        raise OutputError(f"the PLY could not be read back: {error}") from error
    if not same:
        raise OutputError("the PLY did not read back as written")


def write_ply(viewable: ViewableScene, item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write a scene as PLY, and read it back; see `Format.write`."""
    start = perf_counter()
    most_mb = options.max_mb or MAX_MB
    max_triangles = int(most_mb * 1e6 / (TRIANGLE_BYTES + VERTEX_BYTES * VERTICES_SHARE))
    mesh = coloured_mesh(viewable.textured_mesh, max_triangles=max_triangles)
    content = ply_bytes(mesh, credit_texts(facts.credits))
    if len(content) > most_mb * 1e6:
        raise OutputError(
            f"wanted a PLY of at most {most_mb:g} MB, the smallest of this scene has {len(content) / 1e6:.2f} MB: "
            "fewer --triangles make it smaller"
        )
    check_ply(content, mesh)
    with written_aside(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(content)
    summary = summary_of(viewable, item, len(content), perf_counter() - start)
    return replace(summary, codec=f"{len(mesh.triangles)} triangles")


FORMAT = Format(
    says="a mesh with colours at its vertices, for almost any 3D program",
    needs="scene",
    suffixes=(".ply",),
    proof="read by trimesh, all vertices, colours and triangles compared",
    check=no_check,
    write=write_ply,
)
