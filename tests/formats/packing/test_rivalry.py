"""The anaglyph method is chosen once for a photo, by what both eyes see of it."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from decoded import loop_frames
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import kbvr
from kbvr.formats.packing import rivalry
from kbvr.formats.packing.anaglyph import METHODS, anaglyph
from kbvr.formats.packing.rivalry import MIN_ADVANTAGE, best_method, faults_by_method
from kbvr.imaging.resize import averaged
from kbvr.options.picture import Glasses

ASTRONAUT = Path(__file__).parents[3] / "docs" / "photos" / "astronaut.jpg"
EVERY = [(glasses, colours) for glasses, methods in METHODS.items() for colours in methods]
seeds = st.integers(0, 2**32 - 1)


def some_picture(seed: int) -> np.ndarray:
    """A few flat colours and noise."""
    rng = np.random.default_rng(seed)
    flat = rng.integers(0, 256, (2, 3, 3)).repeat(8, axis=0).repeat(8, axis=1)
    return (flat + rng.normal(0, rng.uniform(0, 30), flat.shape)).clip(0, 255).astype(np.uint8)


def red_photo() -> np.ndarray:
    """A red flower that fills a third of a grey picture."""
    rgb = np.random.default_rng(1).integers(90, 130, (90, 120, 1), np.uint8).repeat(3, axis=2)
    rgb[20:70, 30:100] = (200, 30, 35)
    return rgb


@given(seeds, st.sampled_from(EVERY))
def test_faults_are_never_negative_and_a_grey_picture_has_next_to_none(seed, method):
    glasses, colours = method
    faults = faults_by_method(some_picture(seed), (colours,), glasses)[colours]
    assert min(faults.rivalry, faults.colour_error) >= 0
    assert faults.total == pytest.approx((faults.rivalry**2 + faults.colour_error**2) ** 0.5)
    grey = some_picture(seed)[..., :1].repeat(3, axis=2)
    if colours != "true":
        assert faults_by_method(grey, (colours,), glasses)[colours].total < 2


@given(seeds, st.sampled_from(get_args(Glasses)))
def test_full_colour_has_no_colour_error_and_gray_no_rivalry(seed, glasses):
    rgb = some_picture(seed)
    assert faults_by_method(rgb, ("colour",), glasses)["colour"].colour_error < 0.5
    assert faults_by_method(rgb, ("gray",), glasses)["gray"].rivalry < 0.5


def test_pure_red_is_white_for_one_eye_and_black_for_the_other():
    red = np.full((4, 4, 3), (255, 0, 0), np.uint8)
    assert faults_by_method(red, ("colour",), "red-cyan")["colour"].rivalry == pytest.approx(100, abs=0.1)


@given(seeds, st.sampled_from(get_args(Glasses)))
def test_the_chosen_method_is_as_good_as_any_but_for_the_advantage_of_dubois(seed, glasses):
    rgb = some_picture(seed)
    totals = {colours: fault.total for colours, fault in faults_by_method(rgb, METHODS[glasses], glasses).items()}
    chosen = best_method(rgb, glasses)
    assert totals[chosen] <= min(totals.values()) + (MIN_ADVANTAGE if chosen == "dubois" else 0)


@pytest.mark.parametrize("glasses", get_args(Glasses))
def test_a_grey_photo_keeps_dubois(glasses):
    assert best_method(some_picture(3)[..., :1].repeat(3, axis=2), glasses) == "dubois"


def hue_of(rgb: np.ndarray) -> np.ndarray:
    """Mean red, green and blue of the flower of `red_photo`."""
    return rgb[30:60, 45:85].reshape(-1, 3).mean(axis=0)


@pytest.mark.parametrize(("colours", "is_red"), [("auto", True), ("dubois", False), ("half-colour", True)])
def test_a_red_flower_stays_red_unless_another_method_is_asked_for(tmp_path, colours, is_red):
    """Dubois's matrices make it olive: as green as red."""
    np.save(tmp_path / "wall.npy", np.full((90, 120), 2.0))
    flat = {"depth": tmp_path / "wall.npy", "depth_kind": "depth-m"}
    report = kbvr.export(
        red_photo(), tmp_path, still="anaglyph", picture="png", anaglyph_colours=colours, overwrite=True, **flat
    )
    red, green, _ = hue_of(np.asarray(Image.open(report.file.path).convert("RGB")))
    assert (red > 1.5 * green) == is_red
    (line,) = (line for line in report.explanation if line.startswith("anaglyph: "))
    assert line.startswith("anaglyph: half-colour (rivalry" if is_red else "anaglyph: dubois (rivalry")
    assert (", compared with dubois (rivalry" in line) == is_red
    assert "for red-cyan glasses" in line


def test_loops_and_videos_show_the_method_of_the_photo_in_every_picture(tmp_path):
    """It is chosen once: pictures that swing out of the red do not change it."""
    np.save(tmp_path / "wall.npy", np.full((90, 120), 2.0))
    report = kbvr.export(
        red_photo(), tmp_path, anaglyph=True, stereo=True, layout="anaglyph", animate_as="webp", views=3, seconds=0.2,
        fps=10, depth=tmp_path / "wall.npy", depth_kind="depth-m",
    )  # fmt: skip
    shown = [one.file.path for one in report.written if one.item.format in ("video", "webp")]
    assert len(shown) == 2
    for path in shown:
        for picture in loop_frames(path):
            red, green, _ = hue_of(picture)
            assert red > 1.5 * green


def test_a_photo_with_much_orange_is_not_olive():
    """The suit of an astronaut."""
    rgb = kbvr.load_photo(ASTRONAUT).rgb
    assert best_method(rgb, "red-cyan") == "half-colour"
    made = anaglyph(rgb, rgb, colours=best_method(rgb, "red-cyan"), glasses="red-cyan")
    suit = np.s_[-90:-40, 60:120]
    red, green, _ = made[suit].reshape(-1, 3).mean(axis=0)
    assert red > 1.1 * green


def test_only_anaglyphs_are_explained(tmp_path):
    np.save(tmp_path / "wall.npy", np.full((90, 120), 2.0))
    report = kbvr.export(red_photo(), tmp_path, still="sbs", depth=tmp_path / "wall.npy", depth_kind="depth-m")
    assert not [line for line in report.explanation if line.startswith("anaglyph:")]


def test_a_photo_is_shrunk_once_for_all_methods(monkeypatch):
    """A large photo takes longer to shrink than all methods to measure."""
    shrunk: list[tuple[int, int]] = []

    def counted(rgb: np.ndarray, size_px: tuple[int, int]) -> np.ndarray:
        shrunk.append(size_px)
        return averaged(rgb, size_px)

    monkeypatch.setattr(rivalry, "averaged", counted)
    best_method(red_photo(), "red-cyan")
    assert len(shrunk) == 1
