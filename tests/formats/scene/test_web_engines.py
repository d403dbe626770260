"""The tools that test scenes give exact answers for a handmade scene."""

from __future__ import annotations

import numpy as np
import pytest
from glb import Glb
from glb_by_hand import CARD_PX, EYE_HEIGHT_M, F_PX, FAR_M, NEAR_M, SIZE_PX, picture, write_glb
from web_engines import ENGINES, GREEN, IPD_M, validated


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory):
    path = tmp_path_factory.mktemp("glb") / "hand.glb"
    write_glb(path)
    return path


def middle_of(left, top, right, bottom):
    """Return the inner part of a rectangle as a slice of a picture."""
    return slice(top + 8, bottom - 8), slice(left + 8, right - 8)


def test_the_validator_tells_good_files_from_bad(by_hand, tmp_path):
    assert validated(by_hand)["issues"]["numErrors"] == validated(by_hand)["issues"]["numWarnings"] == 0
    broken = tmp_path / "broken.glb"
    broken.write_bytes(by_hand.read_bytes().replace(b'"VEC3"', b'"VEC4"'))
    assert validated(broken)["issues"]["numErrors"] > 0


def test_the_reader_finds_points_in_metres_and_what_rays_meet(by_hand):
    glb = Glb.read(by_hand)
    card, wall, border = glb.meshes()
    assert [mesh.name for mesh in (card, wall, border)] == ["front 0", "hidden 0", "border 0"]
    np.testing.assert_allclose(card.points[:, 2], -NEAR_M, atol=1e-4)
    np.testing.assert_allclose(np.ptp(wall.points, axis=0), [4, 3, 0], atol=1e-3)
    np.testing.assert_array_equal(border.colours[:, 3], [1] * 4 + [0] * 4)
    eye = glb.camera[0][:3, 3]
    np.testing.assert_allclose(eye, (0, EYE_HEIGHT_M, 0))
    places_px = np.array([(160, 120), (20, 30), (-50, 120)])
    x, y = (places_px - np.array(SIZE_PX) / 2).T / F_PX
    hits = glb.hits(eye, np.stack([x, -y, np.full(3, -1)], axis=1))
    np.testing.assert_allclose(hits.distance, [NEAR_M, FAR_M, np.inf], rtol=1e-4)
    assert hits.mesh.tolist() == [0, 1, -1]
    between_pixels = picture()[29:31, 19:21].reshape(4, 3).mean(axis=0)
    np.testing.assert_allclose(hits.colour[1], between_pixels, atol=0.5)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_draws_what_the_camera_sees(web, by_hand, engine):
    """The picture itself from its position; 12 mm to the right, near and far things move as expected."""
    with web.opened(engine, by_hand, SIZE_PX) as opened:
        assert np.abs(opened.drawn() - picture().astype(int)).max() <= 2
        np.testing.assert_array_equal(opened.drawn(), opened.drawn(clear=GREEN))
        moved = opened.drawn((0.0125, 0, 0)).astype(int)
        uncovered = opened.drawn((1, 0, 0))
    card, far = middle_of(*CARD_PX), (slice(0, 60), slice(0, 300))
    np.testing.assert_allclose(moved[card], np.roll(picture(), -round(0.0125 * F_PX / NEAR_M), axis=1)[card], atol=2)
    np.testing.assert_allclose(moved[far], np.roll(picture(), -round(0.0125 * F_PX / FAR_M), axis=1)[far], atol=2)
    assert (uncovered[:, -1] == (255, 0, 255)).all()


@pytest.mark.parametrize("engine", ["three", "babylon"])
def test_an_engine_plays_the_path(web, by_hand, engine):
    with web.opened(engine, by_hand, SIZE_PX) as opened:
        assert opened.told["animations"] == [{"name": "camera path", "seconds": pytest.approx(2)}]
        np.testing.assert_array_equal(opened.drawn(at_s=1.0), opened.drawn((0.05, 0, 0)))
        np.testing.assert_array_equal(opened.drawn(at_s=0.5), opened.drawn((0.025, 0, 0)))


def test_a_headset_sees_two_pictures_an_eye_distance_apart(web, by_hand):
    """Both are the wall and the card, moved to the side by f b / z."""
    with web.in_plain_headset(by_hand, (240, 240), fov_deg=90) as headset:
        assert headset.f_px == pytest.approx(120)
        left, right = headset.seen((0, EYE_HEIGHT_M, 0))
        turned, _ = headset.seen((0, EYE_HEIGHT_M, 0), (0, 1, 0, 0))
    assert (turned == (255, 0, 255)).all()
    for z_m, part in ((NEAR_M, (slice(105, 135), slice(105, 135))), (FAR_M, (slice(70, 90), slice(60, 180)))):
        wanted, shifts = left[part].astype(int), np.arange(-15, 16)
        errors = [np.abs(np.roll(right, shift, axis=1)[part] - wanted).mean() for shift in shifts]
        assert shifts[np.argmin(errors)] == pytest.approx(headset.f_px * IPD_M / z_m, abs=1)
