"""Beyond the photo's border lines, texture and depth go on."""

from __future__ import annotations

import numpy as np
import pytest
from glb import Glb
from hypothesis import given
from hypothesis import strategies as st
from scenes import depth_of, photo_of

import kbvr
from kbvr.ldi.margin import FILM_TEXTURE, SCENE_TEXTURE, TEXTURE_LEVELS, extended

MARGIN = 24


def noisy(height: int, width: int, *, spread: float = 20.0) -> np.ndarray:
    grey = np.random.default_rng(3).normal(120, spread, (height, width, 1)).clip(0, 255)
    return np.repeat(grey, 3, axis=2).astype(np.uint8)


def wide_picture(rgb: np.ndarray, *, texture: float = 0.0, margin: int = MARGIN) -> np.ndarray:
    return extended(rgb, np.ones(rgb.shape[:2], np.float32), margin, texture=texture)[0].astype(float)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("slope", [-0.9, -0.5, 0.0, 0.8])
@pytest.mark.parametrize("share", [FILM_TEXTURE, SCENE_TEXTURE])
def test_lines_that_run_into_the_border_keep_their_direction(slope, turns, share):
    """A wide band, at every border: its middle lies on the same straight line beyond the border."""
    size, margin = 240, 30
    y, x = np.mgrid[:size, :size] + 0.5
    offset = (y - size / 2 - slope * (x - size)) / np.hypot(1, slope)
    grey = 40 + 160 * np.exp(-((offset / 8) ** 2))
    rgb = np.rot90(np.repeat(grey[..., None], 3, axis=2).astype(np.uint8), turns)
    wide = np.rot90(wide_picture(np.ascontiguousarray(rgb), texture=share, margin=margin), -turns)[margin:-margin, :, 0]
    for distance in (5, 15):
        column = wide[:, margin + size + distance - 1] - 40
        found = (column * (np.arange(size) + 0.5)).sum() / column.sum()
        assert found == pytest.approx(size / 2 + slope * (distance - 0.5), abs=3.5)


def test_depth_continues_in_the_direction_of_the_colours():
    """The outline of a roof rises beyond the border; colour and depth change at the same places."""
    size, slope = 200, 0.7
    y, x = np.mgrid[:size, :size] + 0.5
    is_roof = y > size / 2 - slope * (size - x)
    rgb = np.where(is_roof[..., None], 60, 200).astype(np.uint8).repeat(3, axis=2)
    wide, depth = extended(rgb, np.where(is_roof, 1.0, 0.1).astype(np.float32), MARGIN, texture=0)
    beyond = np.s_[MARGIN:-MARGIN, -MARGIN:-8]
    dark = wide[beyond][..., 0] < 130
    edge = np.argmax(dark, axis=0)
    assert edge[0] > size / 2 - 4
    assert edge[-1] == pytest.approx(size / 2 + slope * 15, abs=4)
    assert (dark == (depth[beyond] > 0.5)).mean() > 0.98
    assert {*np.unique(depth)} == {np.float32(0.1), np.float32(1.0)}, "depth is never mixed"


def test_texture_goes_on_and_fades_to_nothing():
    """A scene keeps most of it near the border; at the margin's end it is gone. A film has lines only."""
    rgb = noisy(200, 260)
    spread = {
        share: [wide_picture(rgb, texture=share)[60:-60, at].std() for at in (MARGIN - 8, 0)]
        for share in (SCENE_TEXTURE, FILM_TEXTURE)
    }
    assert spread[SCENE_TEXTURE][0] > 0.4 * 20
    assert spread[SCENE_TEXTURE][0] > 1.5 * spread[FILM_TEXTURE][0]
    assert spread[SCENE_TEXTURE][1] < 3


def test_texture_does_not_begin_as_a_comb():
    """Beyond the border of a noisy picture the rows differ as they do in it; stripes would be the same in all rows."""
    wide = wide_picture(noisy(200, 400), texture=SCENE_TEXTURE)[:, MARGIN:-MARGIN, 0]
    first, fourth = wide[MARGIN + 200], wide[MARGIN + 203]
    assert np.corrcoef(first, fourth)[0, 1] < 0.3
    assert first.std() > 0.5 * 20


def test_a_line_is_sharp_where_it_leaves_the_picture():
    """In a scene too: beside the border only texture is blurred."""
    rgb = np.full((160, 200, 3), 200, np.uint8)
    rgb[:, 97:103] = 40
    for share in (FILM_TEXTURE, SCENE_TEXTURE):
        beyond = wide_picture(rgb, texture=share)[MARGIN + 160, MARGIN:-MARGIN, 0]
        assert beyond[100] < 70
        assert beyond[90] > 170


def test_a_smooth_surface_gets_no_noise():
    y, x = np.mgrid[:120, :160]
    rgb = np.repeat((60 + x / 4 + y / 3)[..., None], 3, axis=2).astype(np.uint8)
    assert np.abs(wide_picture(rgb, texture=1) - wide_picture(rgb)).max() <= 1


def test_no_object_appears_twice():
    """A white card near the border, which a mirror would repeat, is at most texture beyond it."""
    rgb = noisy(200, 260, spread=4)
    rgb[90:110, 246:254] = 255
    added = wide_picture(rgb, texture=1) - wide_picture(rgb)
    assert np.abs(added).max() <= TEXTURE_LEVELS + 1


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 50))
def test_any_size_has_a_margin_of_any_width(width, height, margin):
    """The photo itself stays as it is, and one colour stays one colour."""
    rgb = noisy(height, width)
    depth = np.arange(height * width, dtype=np.float32).reshape(height, width)
    wide, wide_depth = extended(rgb, depth, margin, texture=1)
    inside = np.s_[margin : margin + height, margin : margin + width]
    assert wide.shape[:2] == wide_depth.shape == (height + 2 * margin, width + 2 * margin)
    assert (wide[inside] == rgb).all()
    assert (wide_depth[inside] == depth).all()
    plain = np.full_like(rgb, (10, 120, 250))
    assert np.abs(wide_picture(plain, texture=1, margin=margin) - plain[0, 0]).max() <= 1


@pytest.mark.parametrize("share", [FILM_TEXTURE, SCENE_TEXTURE])
def test_scenes_for_visitors_have_texture_and_films_have_lines_only(share):
    rgb, depth = noisy(120, 160), depth_of(np.full((120, 160), 0.5))
    scene = kbvr.build_scene(photo_of(rgb), depth, reach_m=0.1, is_visited=share == SCENE_TEXTURE)
    wanted = wide_picture(rgb, texture=share, margin=scene.ldi.margin_px)
    assert (scene.ldi.front.rgba[..., :3] == wanted).all()


def test_a_scene_file_shows_texture_as_fine_as_the_photos_beyond_its_border(tmp_path):
    """Seen from the photo's camera, just outside: what a blurred or a coarse margin would not show."""
    rgb = noisy(200, 300)
    np.save(tmp_path / "wall.npy", np.full((200, 300), 2.0))
    report = kbvr.export(rgb, tmp_path, gltf=True, depth=tmp_path / "wall.npy", depth_kind="depth-m")
    glb = Glb.read(report.file.path)
    eye = glb.camera[0][:3, 3]
    half = 150 / glb.extras["f_px"]

    def seen(x_px: float) -> np.ndarray:
        """Colours along a column of pixels, x_px from the photo's right border."""
        y = (np.arange(40) - 20) / 150 * half
        x = np.full_like(y, (1 + x_px / 150) * half)
        return glb.hits(eye, np.stack([x, y, -np.ones_like(y)], axis=1)).colour[:, 0]

    beyond, inside = seen(7.5), seen(-7.5)
    assert np.abs(np.diff(beyond)).mean() > 0.35 * np.abs(np.diff(inside)).mean()
