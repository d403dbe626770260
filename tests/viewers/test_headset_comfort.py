"""What keeps people at ease in an emulated headset: the vignette, postures, recentring, the light around a photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from glb_by_hand import write_glb
from worn import put_on

PAGES = Path(__file__).parents[2] / "kbvr" / "pages"
BOX_M = 0.05
HEAD_M = 1.6


@pytest.fixture(scope="module")
def address(web, tmp_path_factory):
    path = tmp_path_factory.mktemp("scene") / "card.glb"
    write_glb(path)
    web.files["/viewers/scene.html"] = PAGES / "scene.html"
    return f"{web.origin}/viewers/scene.html?src={web.address(path)}"


@pytest.fixture
def worn(web, address):
    with put_on(web, address) as headset:
        yield headset


@pytest.fixture(scope="module")
def leaning(web, address):
    """Return one headset for all tests that only move the head."""
    with put_on(web, address) as headset:
        yield headset


def light(worn):
    """Return how light the middle and the edge of a view are, in the left eye."""
    here = worn.headset.page.evaluate("[xrDevice.position.x, xrDevice.position.y, xrDevice.position.z]")
    left, _ = worn.headset.seen(here)
    rows, columns = (np.abs(np.arange(size) - size / 2) / size for size in left.shape[:2])
    away = np.hypot(*np.meshgrid(rows, columns, indexing="ij"))
    return float(left[away < 0.12].mean()), float(left[(away > 0.42) & (away < 0.46)].mean())


def at(worn, x, y=HEAD_M):
    worn.move(x, y, 0)
    worn.settled()
    return worn.state


def test_outside_the_box_the_view_narrows_and_then_goes_dark(leaning):
    """Inside it is open; it comes back with the head."""
    inside, near, far = at(leaning, BOX_M - 0.001), at(leaning, BOX_M + 0.05), at(leaning, BOX_M + 0.3)
    assert (inside["narrow"], inside["veil"]) == (0, 0)
    assert near["narrow"] > 0.5
    assert near["veil"] == 0
    assert (far["narrow"], far["veil"]) == (1, 1)
    back = at(leaning, 0)
    assert (back["narrow"], back["veil"]) == (0, 0)


def test_a_narrow_view_is_dark_at_its_edges_only(leaning):
    at(leaning, 0)
    middle, edge = light(leaning)
    at(leaning, BOX_M + 0.055)
    narrow_middle, narrow_edge = light(leaning)
    assert narrow_middle > 0.9 * middle
    assert narrow_edge < 0.6 * edge
    at(leaning, BOX_M + 0.3)
    assert max(light(leaning)) < 12


def test_both_eyes_see_the_edge_in_the_same_direction(leaning):
    """It is infinitely far, so that nothing hangs before the face."""
    at(leaning, BOX_M + 0.12)
    left, right = (eye.max(axis=-1) > 20 for eye in leaning.headset.seen((BOX_M + 0.12, HEAD_M, 0)))
    assert left.any()
    spans = [np.flatnonzero(eye[eye.shape[0] // 2])[[0, -1]] for eye in (left, right)]
    assert np.abs(spans[0] - spans[1]).max() <= 4


def test_trembling_at_the_limit_does_not_flicker(leaning):
    """The view closes a little at a time, however fast the head moves."""
    at(leaning, 0)
    with leaning.watched() as frames:
        for _ in range(6):
            leaning.headset.page.evaluate("xrDevice.position.set(0.4, 1.6, 0)")
            leaning.frames(1)
            leaning.headset.page.evaluate("xrDevice.position.set(0, 1.6, 0)")
            leaning.frames(1)
    veils = [veil for _, _, veil in frames]
    assert 0 < max(veils) < 1
    assert np.abs(np.diff(veils)).max() < 0.7


def test_a_thumbstick_that_moves_the_scene_narrows_the_view(leaning):
    at(leaning, 0)
    leaning.push(0, 1)
    leaning.settled()
    moving = leaning.state
    leaning.push(0, 0)
    leaning.settled()
    assert moving["narrow"] == pytest.approx(0.45)
    assert moving["veil"] == 0
    assert moving["distance_m"] > 0
    assert leaning.state["narrow"] == 0


def stand(worn):
    worn.ask()
    worn.choose("Seated")
    worn.until("state.note.startsWith('Standing')")
    worn.frames(3)


def test_standing_the_picture_follows_the_height_of_the_head(worn):
    """Half a second after a person has sat down; seated it stays until it is recentred."""
    assert at(worn, 0, HEAD_M - 0.4)["veil"] == 1
    worn.headset.page.wait_for_timeout(900)
    assert at(worn, 0, HEAD_M - 0.4)["veil"] == 1
    at(worn, 0)
    stand(worn)
    at(worn, 0, HEAD_M - 0.4)
    worn.until("state.veil === 0 && state.narrow === 0")
    with worn.watched() as frames:
        worn.move(0, HEAD_M, 0)
        worn.until("state.veil > 0.9")
        worn.until("state.veil === 0 && state.narrow === 0")
    assert len(frames) > 2


def test_standing_means_heights_above_the_floor(worn):
    """The panel says what a posture does, and the choice holds until the page is closed."""
    worn.ask()
    seated = worn.state["targets"][0]["place_m"][1]
    worn.choose("Seated")
    worn.until("state.note === 'Standing: the picture follows when you stand up or sit down.'")
    worn.until("state.targets.some(({ label }) => label === 'Standing')")
    assert worn.state["targets"][0]["place_m"][1] == pytest.approx(seated + HEAD_M, abs=0.01)
    worn.choose("Standing", on_floor=True)
    worn.until("state.note === 'Seated: the picture keeps its height until you recentre.'")


def test_recentring_brings_the_picture_to_the_head(worn):
    """By the panel, by a squeeze, by the headset's own reset, and when it is put on again after a while."""
    page = worn.headset.page
    places = iter((0.4, -0.4, 0.8, -0.8))

    def goes_dark():
        assert at(worn, next(places))["veil"] == 1

    def is_light():
        worn.until("state.veil === 0 && state.narrow === 0")

    goes_dark()
    worn.until("state.targets.length > 0")
    page.evaluate("xrDevice.recenter()")
    is_light()
    goes_dark()
    worn.press("squeeze")
    is_light()
    goes_dark()
    for state in ("hidden", "visible"):
        page.evaluate("state => xrDevice.updateVisibilityState(state)", state)
        page.wait_for_timeout(100)
    is_light()
    goes_dark()
    page.evaluate("xrDevice.updateVisibilityState('visible-blurred')")
    worn.frames(3)
    page.evaluate("xrDevice.updateVisibilityState('visible')")
    worn.frames(6)
    assert worn.state["veil"] == 1, "a menu of the headset moves nothing"


def test_the_light_around_the_photo_is_remembered(worn):
    """Another session begins with the last step."""
    page = worn.headset.page
    worn.ask()
    for step in ("dim", "bright", "dark", "dim"):
        assert f"Surround: {step}" in worn.labels
        worn.choose(f"Surround: {step}")
    assert "Surround: bright" in worn.labels
    page.evaluate("xrDevice.activeSession.end()")
    page.wait_for_function("() => !xrDevice.activeSession")
    page.locator("kbvr-photo canvas").press("v")
    page.wait_for_function("() => xrDevice.activeSession")
    worn.frames(3)
    worn.ask()
    assert "Surround: bright" in worn.labels
