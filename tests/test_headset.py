"""The glTF scene in an emulated headset: both eyes see it, as deep as it is, and whole from where the head may be."""

from __future__ import annotations

import numpy as np
import pytest
from glb import Glb
from scene_views import (
    corners_of_head_box,
    exported,
    matches,
    rays,
    see_through,
    small_photo,
    smooth_hits,
    within_frame,
)
from web_engines import IPD_M

EYE_PX = (480, 360)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scene")
    return exported(small_photo(folder), folder)


def fov_deg(glb):
    return float(np.degrees(glb.camera[1]["yfov"]))


@pytest.fixture
def worn(web, scene):
    with web.in_plain_headset(scene, EYE_PX, fov_deg=fov_deg(Glb.read(scene))) as headset:
        yield headset


def eyes_of(head):
    """Return where the left and the right eye of a head are."""
    return [np.array(head) + np.array([side * IPD_M / 2, 0, 0]) for side in (-1, 1)]


def test_disparities_give_back_the_depths_of_the_scene(worn, scene):
    """What is matched between the eyes is as far away as the triangle there, from near to far; no row is shifted."""
    glb = Glb.read(scene)
    head = glb.camera[0][:3, 3]
    left, right = worn.seen(head)
    at_left, at_right = matches(left, right)
    hits = smooth_hits(glb, eyes_of(head)[0], at_left, EYE_PX, worn.f_px)
    steady = np.isfinite(hits.distance)
    assert steady.sum() > 100
    depth = hits.distance[steady]
    across, down = (at_left - at_right)[steady].T
    error_px = across - worn.f_px * IPD_M / depth
    good = np.abs(error_px) < 2
    assert good.mean() > 0.9
    assert np.median(np.abs(down[good])) < 0.3
    assert abs(np.median(down[good])) < 0.05
    order = np.argsort(depth[good])
    for part in np.array_split(order, 4):
        found = worn.f_px * IPD_M / np.median(across[good][part])
        assert found == pytest.approx(np.median(depth[good][part]), rel=0.02)


def test_no_background_shows_through_while_the_head_is_in_its_box(worn, scene):
    glb = Glb.read(scene)
    looks = rays(EYE_PX, worn.f_px)
    camera = glb.camera[0][:3, 3]
    for place in ((0, 0, 0), *corners_of_head_box(glb)):
        for side in (0, 1):
            holes = see_through(lambda clear, place=place, side=side: worn.seen(camera + place, clear=clear)[side])
            inside = within_frame(glb, tuple(eyes_of(place)[side]), looks)
            assert not (holes & inside).any(), f"{(holes & inside).sum()} pixels from {place}, eye {side}"


def test_moving_the_head_uncovers_what_was_filled(worn, scene):
    """From the side an eye sees hidden surfaces that the camera does not, in the colours of their texture."""
    glb = Glb.read(scene)
    camera = glb.camera[0][:3, 3]
    hidden = [index for index, mesh in enumerate(glb.meshes()) if mesh.name.startswith("hidden")]
    place = np.array([glb.extras["head_box_m"][0], 0, 0])
    _, right = worn.seen(camera + place)
    eye = eyes_of(camera + place)[1]
    every = rays(EYE_PX, worn.f_px)[::6, ::6].reshape(-1, 3)
    hits = glb.hits(eye, every)
    uncovered = np.isin(hits.mesh, hidden)
    points = eye + every[uncovered] * hits.distance[uncovered, None]
    from_camera = glb.hits(camera, points - camera)
    uncovered[uncovered] = from_camera.distance < 0.97
    assert uncovered.sum() > 20
    drawn = right[::6, ::6].reshape(-1, 3)[uncovered]
    assert np.median(np.abs(drawn - hits.colour[uncovered])) < 8
