"""Scenes with `texture="jpeg"` in programs that know no extension: assimp reads what the file says.

assimp ignores what it does not know, even extensions that a file requires, and so misread quantized meshes.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass

import assimp_py
import numpy as np
import pytest
from glb import Glb
from scene_views import exported, small_photo

NEEDS_TOOL = pytest.mark.skipif(not shutil.which("assimp"), reason="needs assimp (Debian: apt install assimp-utils)")


@dataclass(frozen=True, eq=False)
class Read:
    """A mesh as a program has read it, in its node's coordinates."""

    points: np.ndarray
    uv: np.ndarray
    colours: np.ndarray | None
    triangles: np.ndarray


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jpeg")
    return exported(small_photo(folder), folder / "out", texture="jpeg")


def read_by_library(path):
    """Return the meshes that the wheel's assimp reads; v is up in them."""
    found = []
    scene = assimp_py.import_file(str(path), 0)  # owns the arrays
    for mesh in scene.meshes:
        colours = np.array(mesh.colors[0]).reshape(-1, 4) if mesh.colors else None
        points, uv, corners = (
            np.array(values).reshape(-1, width)
            for values, width in ((mesh.vertices, 3), (mesh.texcoords[0], 2), (mesh.indices, 3))
        )
        found.append(Read(points, uv, colours, corners))
    return found


def read_by_tool(path, folder):
    """Return the meshes that the installed assimp reads, from what it writes as text with six digits."""
    told = folder / "read.assxml"
    subprocess.run(["assimp", "export", path, told], check=True, capture_output=True)
    found = []
    for text in re.findall(r"<Mesh types.*?</Mesh>", told.read_text("utf-8", errors="replace"), re.DOTALL):
        rows = {
            tag: np.array(body.split(), np.float64)
            for tag, body in re.findall(r"<(Positions|TextureCoords|Colors)\b[^>]*>([^<]*)<", text)
        }
        corners = [row.split() for row in re.findall(r"<Face num=\"3\">([^<]*)<", text)]
        colours = rows["Colors"].reshape(-1, 4) if "Colors" in rows else None
        uv = rows["TextureCoords"].reshape(-1, 2)
        found.append(Read(rows["Positions"].reshape(-1, 3), uv, colours, np.array(corners, int)))
    return found


def check(found, path):
    glb = Glb.read(path)
    meshes = glb.meshes()
    assert len(found) == len(meshes)
    for read, mesh in zip(found, meshes, strict=True):
        root_m = np.array([0, glb.extras["eye_height_m"], 0])
        assert np.allclose((read.points + root_m)[read.triangles], mesh.corners, rtol=1e-6, atol=2e-6)
        assert np.allclose((read.uv * (1, -1) + (0, 1))[read.triangles], mesh.uv[mesh.triangles], atol=2e-6)
        assert (read.colours is None) == (mesh.colours is None)
        if mesh.colours is not None:
            assert np.allclose(read.colours[read.triangles], mesh.colours[mesh.triangles], atol=2e-6)


def test_the_library_reads_every_triangle(scene):
    check(read_by_library(scene), scene)


@NEEDS_TOOL
def test_an_older_version_reads_every_triangle(scene, tmp_path):
    """Debian's assimp is of 2022."""
    check(read_by_tool(scene, tmp_path), scene)


def test_the_file_requires_no_extension(scene):
    told = Glb.read(scene).json
    assert "extensionsRequired" not in told
    assert told["extensionsUsed"] == ["KHR_materials_unlit"]


def test_what_meshes_share_is_at_one_place(scene):
    """Floats are stored as they are, so that no crack opens between layers."""
    front, border = (
        next(mesh.points for mesh in Glb.read(scene).meshes() if mesh.name == name) for name in ("front", "border")
    )
    assert len({*map(tuple, front)} & {*map(tuple, border)}) > 100


@pytest.mark.parametrize("compress", ["none", "draco"])
def test_webp_scenes_stay_quantized(tmp_path, compress):
    told = Glb.read(exported(small_photo(tmp_path), tmp_path / "out", compress=compress)).json
    packed = {"none": "KHR_mesh_quantization", "draco": "KHR_draco_mesh_compression"}[compress]
    assert told["extensionsRequired"] == ["EXT_texture_webp", packed]
