"""The options as the page draws them."""

from __future__ import annotations

import re

import pytest

from kbvr.batching.finding.photo_names import PHOTO_SUFFIXES
from kbvr.options.export_options import ExportOptions, declared
from kbvr.options.presets import PRESETS
from kbvr.options.texts import text_of
from kbvr.studio.option_texts import FILE_OPTIONS, PREVIEWS, for_output, parsed, without_defaults
from kbvr.studio.schema import HIDDEN, schema

SCHEMA = schema(1000)
OPTIONS = {option["name"]: option for group in SCHEMA["groups"] for option in group["options"]}
KINDS = {"switch", "choice", "number", "integer", "text", "file", "list"}


def test_every_option_is_there_once_with_a_name_in_words():
    assert {*OPTIONS} | {*HIDDEN} == {option.name for option in declared()}
    assert not {*OPTIONS} & {*FILE_OPTIONS}
    labels = [option["label"] for option in OPTIONS.values()]
    assert len({*labels}) == len(labels)
    assert not [label for label in labels if "_" in label or label.endswith(("px", " m", " deg", " s"))]
    assert {option["kind"] for option in OPTIONS.values()} <= KINDS


@pytest.mark.parametrize("name", OPTIONS)
def test_a_default_is_the_text_that_gives_it(name):
    """So a page may send what it shows."""
    option = OPTIONS[name]
    if option["default"] is not None:
        assert without_defaults({name: option["default"]}) == {}


def test_nothing_is_offered_that_needs_a_file():
    """A page hides the options that name files."""
    assert "orbit" in OPTIONS["path"]["choices"]
    assert "keyframes" not in OPTIONS["path"]["choices"]
    assert "keyframes" not in OPTIONS["path"]["help"]
    assert "deep into the picture; static: not at all." in OPTIONS["path"]["help"]


def test_numbers_have_their_range():
    assert (OPTIONS["vignette"]["minimum"], OPTIONS["vignette"]["maximum"]) == (0, 1)
    assert OPTIONS["budget_percent"]["exclusive_minimum"]
    assert OPTIONS["budget_percent"]["unit"] == "percent of the width"
    assert OPTIONS["strength"]["choices"] == ["gentle", "normal", "bold"]


def test_choices_have_names_in_words():
    """In the order of the choices, each once."""
    for option in OPTIONS.values():
        labels = option["choice_labels"]
        assert len(labels) == len({*labels}) == len(option["choices"])
    assert dict(zip(OPTIONS["path"]["choices"], OPTIONS["path"]["choice_labels"], strict=True)) == {
        "static": "No move",
        "swing": "Side to side",
        "circle": "Circle",
        "orbit": "Orbit",
        "dolly": "Move in",
        "dolly-zoom": "Dolly zoom",
        "kenburns": "Ken Burns",
        "flight": "Flight",
    }, "and none that requires a file"


@pytest.mark.parametrize("name", ["screen", "fill", "depth_model"])
def test_what_is_suggested_has_names_in_words(name):
    """Neither they nor the help are those of a terminal; what the help says of a choice begins with its text."""
    option = OPTIONS[name]
    assert not [label for label in option["choice_labels"] if label.islower() or label.endswith(("small", "fill"))]
    explained = re.sub(r"(?:(?<=[.;] )|(?<=, ))[\w-]+(?=: |, \w+: )", "", option["help"])
    raw = [choice for choice in option["choices"] if "-" in choice or choice in ("auto", "lama", "migan")]
    assert not [choice for choice in raw if re.search(rf"\b{choice}\b", explained)]
    assert "FILE" not in option["help"]


def test_only_lists_of_known_names_are_lists():
    """Others are written."""
    assert OPTIONS["max_size"]["kind"] == "text"
    assert OPTIONS["layout"]["kind"] == "list"


@pytest.mark.parametrize(
    ("name", "outputs"),
    [
        ("path", ["kenburns", "stereo"]),
        ("convergence_m", ["wiggle", "stereo", "anaglyph", "still"]),
        ("views", ["wiggle", "anaglyph"]),
        ("glasses", ["anaglyph"]),
        ("strength", [*PREVIEWS]),
    ],
)
def test_an_option_says_whose_preview_it_changes(name, outputs):
    assert OPTIONS[name]["previewed_by"] == outputs


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_texts_that_mean_the_same(name):
    """As they do on the command line."""
    exact = ExportOptions(**PRESETS[name])
    assert parsed(SCHEMA["presets"][name]) == exact


def test_a_page_knows_which_files_it_may_offer():
    """The kinds that the command line takes, and those of raw files, which many people try."""
    limits = SCHEMA["limits"]
    assert {*limits["suffixes"]} == PHOTO_SUFFIXES
    assert {".dng", ".nef", ".cr3"} <= {*limits["raw_suffixes"]}
    assert not {*limits["suffixes"]} & {*limits["raw_suffixes"]}
    assert limits["kinds"] in limits["no_photo"]


VALUES = {
    "from_crop": "0,10,80,80%",
    "to_crop": "10,20,300,200",
    "steps": "0:8:400",
    "focus": "40,60%",
    "aspect": "4:5",
    "max_size": "1920x1080",
    "layout": "sbs,anaglyph",
    "seconds": "2.5",
    "wiggle": "yes",
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_written_as_the_text_that_gives_it(name):
    texts = {"kenburns": "yes", "stereo": "yes", name: VALUES[name]}
    if name == "focus":
        texts["aperture_percent"] = "1"
    value = getattr(parsed(texts), name)
    again = parsed(texts | {name: text_of(name, value)})
    assert getattr(again, name) == value


@pytest.mark.parametrize("output", PREVIEWS)
def test_options_of_other_outputs_do_not_stand_in_the_way(output):
    """A project holds options of all; an export of one output alone refuses some."""
    texts = {
        "seconds": "4",
        "path": "orbit",
        "convergence_m": "2",
        "baseline_mm": "60",
        "window": "floating",
        "projection": "flat",
        "layout": "tb",
        "gltf": "yes",
        "still": "sbs",
        "depth_map": "png",
        "fps": "30",
    }
    chosen = parsed(for_output(output, texts))
    assert chosen.outputs == (output,)
