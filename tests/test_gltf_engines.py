"""The glTF scene in three.js, Babylon.js and model-viewer: the photo from its camera, and no hole from near it."""

from __future__ import annotations

import numpy as np
import pytest
from glb import Glb
from PIL import Image
from scene_views import (
    corners_of_head_box,
    exported,
    psnr,
    rays,
    see_through,
    small_photo,
    within_frame,
)
from web_engines import ENGINES, validated

from kbvr.options import ExportOptions
from kbvr.photo import load_photo
from kbvr.profiles import profile_of
from kbvr.render import Renderer
from kbvr.scene import build_scene

AS_THE_PHOTO_DB = 35
AS_OUR_RENDERER_DB = 28
WITHIN_PX = 12
"""Nearer to the picture's border what is made up beyond it shows, which the two draw in ways of their own."""


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    return small_photo(tmp_path_factory.mktemp("photo"))


@pytest.fixture(scope="module")
def plain(photo, tmp_path_factory):
    return exported(photo, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def packed(photo, tmp_path_factory):
    return exported(photo, tmp_path_factory.mktemp("packed"), compress="draco")


@pytest.fixture(scope="module")
def drawn_by_kbvr(photo, plain):
    """Return what draws the scene with the renderer of the videos, from a place near the camera."""
    read = load_photo(photo, fov_deg=60)
    options = ExportOptions(outputs=("stereo",), fov_deg=60)
    x, _, z = Glb.read(plain).extras["head_box_m"]
    scene = build_scene(read, profile_of(options).depth(read), reach_m=x, forward_m=z)
    with Renderer(scene) as renderer:
        yield lambda moved_m: renderer.frame(scene.camera.moved(moved_m[0], -moved_m[1], -moved_m[2]))


def size_of(glb):
    return tuple(glb.extras["size_px"])


@pytest.mark.parametrize("name", ["plain", "packed"])
def test_the_validator_has_nothing_to_say_against_it(name, request):
    issues = validated(request.getfixturevalue(name))["issues"]
    assert issues["numErrors"] == issues["numWarnings"] == 0, issues["messages"]


def test_draco_packs_the_same_triangles(plain, packed):
    """Mesh by mesh every triangle of the one lies on one of the other, in whatever order, to within the quantising."""
    one, other = Glb.read(plain), Glb.read(packed)
    assert "KHR_draco_mesh_compression" in other.json["extensionsRequired"]
    assert [mesh.name for mesh in one.meshes()] == [mesh.name for mesh in other.meshes()]
    for mesh, unpacked in zip(one.meshes(), other.meshes(), strict=True):
        assert len(mesh.triangles) == len(unpacked.triangles)
        middles, others = (each.corners.mean(axis=1) for each in (mesh, unpacked))
        nearest = np.array([np.linalg.norm(others - middle, axis=1).min() for middle in middles])
        assert (nearest <= 2e-3 * np.linalg.norm(middles - one.camera[0][:3, 3], axis=1)).all()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["plain", "packed"])
def test_from_its_camera_the_scene_is_the_photo(web, photo, engine, name, request):
    path = request.getfixturevalue(name)
    with web.opened(engine, path, size_of(Glb.read(path))) as opened:
        assert psnr(opened.drawn(), np.asarray(Image.open(photo))) >= AS_THE_PHOTO_DB


@pytest.mark.parametrize("engine", ENGINES)
def test_no_background_shows_through_the_photo_from_where_eyes_may_be(web, plain, engine):
    """From corners of the box that the eyes may move in, and from half way."""
    glb = Glb.read(plain)
    looks = rays(size_of(glb), glb.extras["f_px"])
    places = list(corners_of_head_box(glb, with_eyes=True))[:: 3 if engine == "model-viewer" else 1]
    with web.opened(engine, plain, size_of(glb)) as opened:
        assert not see_through(opened.drawn).any()
        for place in (*places, tuple(x / 2 for x in places[0])):
            holes = see_through(lambda clear, place=place: opened.drawn(place, clear=clear))
            inside = within_frame(glb, place, looks)
            assert inside.mean() > 0.5
            assert not (holes & inside).any(), f"{(holes & inside).sum()} pixels from {place}"


@pytest.mark.parametrize("engine", ENGINES)
def test_from_beside_the_camera_it_is_what_our_renderer_draws(web, plain, drawn_by_kbvr, engine):
    glb = Glb.read(plain)
    looks = rays(size_of(glb), glb.extras["f_px"])
    with web.opened(engine, plain, size_of(glb)) as opened:
        for place in list(corners_of_head_box(glb))[::3]:
            inside = within_frame(glb, place, looks)
            inside[:WITHIN_PX] = inside[-WITHIN_PX:] = inside[:, :WITHIN_PX] = inside[:, -WITHIN_PX:] = False
            drawn, wanted = opened.drawn(place), drawn_by_kbvr(place)
            assert psnr(drawn[inside], wanted[inside]) >= AS_OUR_RENDERER_DB


def test_the_path_plays_and_returns_without_a_jump(web, plain):
    """Three and Babylon show the same on the way, and at its end what they show at its start."""
    glb = Glb.read(plain)
    seen = {}
    for engine in ("three", "babylon"):
        with web.opened(engine, plain, size_of(glb)) as opened:
            (path,) = opened.told["animations"]
            assert path["name"] == "camera path"
            seconds = path["seconds"]
            seen[engine] = [opened.drawn(at_s=share * seconds * 0.9999) for share in (0, 0.2, 0.4, 0.7, 1)]
            at_rest = opened.drawn()
        assert min(psnr(seen[engine][1], at_rest), psnr(seen[engine][3], at_rest)) < 30
        assert psnr(seen[engine][0], seen[engine][-1]) > 40
    for one, other in zip(seen["three"], seen["babylon"], strict=True):
        assert psnr(one, other) > 35
