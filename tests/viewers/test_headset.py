"""The glTF scene in an emulated headset: both eyes see it, as deep as it is, and whole from where the head may be."""

from __future__ import annotations

import re
from pathlib import Path

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
from web_engines import IPD_M, IWER_HEAD_M
from worn import Worn

PAGES = Path(__file__).parents[2] / "kbvr" / "pages"
EYE_PX = (420, 280)
LEAST_PX = 2
"""What is farther away than this disparity says is not judged by its depth."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scene")
    return exported(small_photo(folder), folder)


def fov_deg(glb):
    return float(np.degrees(glb.camera[1]["yfov"]))


@pytest.fixture(scope="module")
def worn(web, scene):
    """Return the scene viewer in a headset, put on where the scene's camera is."""
    web.files["/viewers/scene.html"] = PAGES / "scene.html"
    address = f"{web.origin}/viewers/scene.html?src={web.address(scene)}"
    glb = Glb.read(scene)
    assert glb.camera[0][:3, 3].tolist() == [0, IWER_HEAD_M, 0]
    with web.in_headset(address, EYE_PX, fov_deg=fov_deg(glb), button=re.compile("Enter VR")) as headset:
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
    true_px = worn.f_px * IPD_M / depth
    good = (np.abs(across - true_px) < 2) & (true_px > LEAST_PX)
    assert good.sum() > 0.9 * (true_px > LEAST_PX).sum()
    assert np.median(np.abs(down[good])) < 0.3
    assert abs(np.median(down[good])) < 0.1
    assert depth[good].max() > 2 * depth[good].min()
    for part in np.array_split(np.argsort(depth[good]), 4):
        assert np.median((across / true_px)[good][part]) == pytest.approx(1, abs=0.02)


def test_no_background_shows_through_while_the_head_is_in_its_box(worn, scene):
    """From the middle and from four corners, for both eyes."""
    glb = Glb.read(scene)
    looks = rays(EYE_PX, worn.f_px)
    camera = glb.camera[0][:3, 3]
    corners = [place for place in corners_of_head_box(glb) if np.prod(place) > 0]
    for place in ((0, 0, 0), *corners):
        holes = see_through(lambda clear, place=place: np.stack(worn.seen(camera + place, clear=clear)))
        inside = np.stack([within_frame(glb, eye, looks) for eye in eyes_of(place)])
        assert inside.mean() > 0.4
        assert not (holes & inside).any(), f"{(holes & inside).sum()} pixels from {place}"


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


def test_the_light_around_the_photo_has_steps(worn, scene):
    """What is behind the head becomes brighter and darker, and the photo does not."""
    camera = Glb.read(scene).camera[0][:3, 3]
    person = Worn(worn)
    behind, ahead = [], []
    for step in ("dim", "bright", "dark"):
        behind.append(np.mean(worn.seen(camera, (0, 1, 0, 0))))
        ahead.append(worn.seen(camera)[0][80:140, 180:240].mean())
        person.ask()
        person.choose(f"Surround: {step}")
    assert behind[2] < 0.5 * behind[0]
    assert behind[1] > 1.2 * behind[0]
    assert ahead == pytest.approx([ahead[0]] * 3, abs=0.5)
