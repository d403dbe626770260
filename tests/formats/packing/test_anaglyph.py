"""Anaglyphs equal the matrices' maths, in linear light."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docs.make_stills import rivalry
from kbvr.errors import InputError
from kbvr.formats.packing.anaglyph import CHANNELS, DUBOIS, METHODS, anaglyph, matrices
from kbvr.imaging.srgb import to_linear, to_srgb
from kbvr.options.export_options import FileOptions
from kbvr.options.picture import AnaglyphColours, Glasses

EVERY = [(colours, glasses) for glasses, methods in METHODS.items() for colours in methods]
triples = st.tuples(*[st.integers(0, 255)] * 3)


def slow_linear(code: float) -> float:
    """IEC 61966-2-1."""
    share = code / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def slow_code(linear: float) -> float:
    light = min(max(linear, 0.0), 1.0)
    return 255 * (12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055)


def dots(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((2, 3, 3), colour, np.uint8)


def test_every_method_is_an_option_and_every_option_but_auto_a_method():
    """Those that exist for some glasses only are refused for the others by the options too."""
    assert {*get_args(AnaglyphColours)} - {"auto"} == {colours for colours, _ in EVERY}
    assert {*METHODS} == {*get_args(Glasses)}
    for colours in {*get_args(AnaglyphColours)} - {"auto"}:
        for glasses in get_args(Glasses):
            if (colours, glasses) in EVERY:
                FileOptions(anaglyph_colours=colours, glasses=glasses)
            else:
                with pytest.raises(InputError):
                    FileOptions(anaglyph_colours=colours, glasses=glasses)


@pytest.mark.parametrize(("colours", "glasses"), EVERY)
@given(left=triples, right=triples)
def test_a_pixel_is_what_the_matrices_say(colours, glasses, left, right):
    """Two matrices on linear light, to one step of 255."""
    made = anaglyph(dots(left), dots(right), colours=colours, glasses=glasses)
    of_left, of_right = matrices(colours, glasses)
    light = of_left @ [slow_linear(code) for code in left] + of_right @ [slow_linear(code) for code in right]
    assert np.abs(made - [slow_code(one) for one in light]).max() <= 1


@pytest.mark.parametrize(("colours", "glasses"), EVERY)
def test_white_stays_white_and_black_black(colours, glasses):
    white = anaglyph(dots((255, 255, 255)), dots((255, 255, 255)), colours=colours, glasses=glasses)
    seen = (0, 2) if colours == "true" else (0, 1, 2)
    assert (white[..., seen] >= 253).all()
    assert not anaglyph(dots((0, 0, 0)), dots((0, 0, 0)), colours=colours, glasses=glasses).any()


@pytest.mark.parametrize("glasses", get_args(Glasses))
def test_published_matrices_share_out_white(glasses):
    """Each row of the two matrices adds up to 1, within the three digits that were published."""
    assert np.allclose(sum(DUBOIS[glasses]).sum(axis=1), 1, atol=0.0015)


@pytest.mark.parametrize(("colours", "glasses"), [method for method in EVERY if method[0] != "dubois"])
@given(left=triples, right=triples, other=triples)
def test_an_eyes_channels_do_not_depend_on_the_other_eye(colours, glasses, left, right, other):
    first = anaglyph(dots(left), dots(right), colours=colours, glasses=glasses)
    second = anaglyph(dots(left), dots(other), colours=colours, glasses=glasses)
    assert (first[..., CHANNELS[glasses][0]] == second[..., CHANNELS[glasses][0]]).all()


@given(triples)
def test_srgb_comes_back_from_linear_light(colour):
    assert (to_srgb(to_linear(dots(colour))) == dots(colour)).all()


@pytest.mark.parametrize(
    ("colours", "glasses"), [("true", "amber-blue"), ("optimised", "green-magenta"), ("sepia", "red-cyan")]
)
def test_methods_that_do_not_exist_are_refused(colours, glasses):
    with pytest.raises(InputError):
        matrices(colours, glasses)
    with pytest.raises(InputError):
        FileOptions(anaglyph_colours=colours, glasses=glasses)


@pytest.mark.parametrize("glasses", get_args(Glasses))
def test_grey_anaglyphs_have_no_rivalry(glasses):
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    assert rivalry(picture, colours="gray", glasses=glasses) < 0.5
    grey = np.repeat(picture[..., :1], 3, axis=2)
    for colours in ("colour", "half-colour"):
        assert rivalry(grey, colours=colours, glasses=glasses) < 0.5


def test_pure_red_is_all_that_one_eye_sees():
    """One eye sees white, the other black: 100 of 100. Half-colour and optimised anaglyphs reduce that."""
    red = dots((255, 0, 0))
    assert rivalry(red, colours="colour", glasses="red-cyan") == pytest.approx(100, abs=0.01)
    assert rivalry(red, colours="half-colour", glasses="red-cyan") == pytest.approx(61.6, abs=0.5)
    assert rivalry(red, colours="optimised", glasses="red-cyan") < 0.01


def test_rivalry_orders_the_methods_as_people_do():
    """For a colourful picture: colour is the most tiring, then half-colour, then Dubois."""
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    figures = [rivalry(picture, colours=colours, glasses="red-cyan") for colours in ("colour", "half-colour", "dubois")]
    assert figures == sorted(figures, reverse=True)
