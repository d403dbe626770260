"""What follows from the declaration of an option is true of every option."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kbvr
from kbvr.cli.known_options import every_option
from kbvr.errors import InputError
from kbvr.formats.packing.layouts import PACKINGS, QUILTS
from kbvr.formats.registry import FORMATS
from kbvr.formats.spec.codecs import CODECS, CONTAINERS
from kbvr.mesh.backdrop import SURROUNDS
from kbvr.motion.crop import Crop
from kbvr.motion.path_names import Steps
from kbvr.nets import DEVICES
from kbvr.options.declare import OptionError
from kbvr.options.export_options import ExportOptions, FileOptions, declared
from kbvr.options.outputs import PACKED_STILLS, STILL_OUTPUTS, Still
from kbvr.options.picture import QuiltDisplay
from kbvr.options.run import Device
from kbvr.options.scene_file import Surround
from kbvr.options.video import LAYOUTS, CodecName, Container
from kbvr.plan.file_names import PAIR_FILES

ONCE = list(every_option())


def test_no_two_options_have_a_name_or_a_flag_in_common():
    names = [one.name for one in ONCE]
    flags = [flag for one in ONCE for flag in (one.flag, one.off_flag, one.short) if flag]
    assert len({*names}) == len(names)
    assert len({*flags}) == len(flags)


@pytest.mark.parametrize("one", ONCE, ids=lambda one: one.name)
def test_every_option_says_what_it_is_for_and_what_it_takes(one):
    """Help is whole sentences, each of which stands alone."""
    assert re.fullmatch(r"[A-Za-z0-9].*\.", one.help, re.DOTALL)
    assert not re.match(r"(And|Or|The same)\b", one.help)
    assert one.accepts
    assert {*one.used_by} <= {*FORMATS}


def test_every_option_of_a_group_is_one_of_an_export():
    assert {one.name for one in declared()} == {*ExportOptions.model_fields}
    assert {*FileOptions.model_fields} < {*ExportOptions.model_fields}


def test_names_are_those_of_what_does_the_work():
    """What may be named can be made, and what can be made may be named."""
    assert {*get_args(CodecName)} == {"auto", *CODECS}
    assert {*get_args(Container)} == {"auto", *CONTAINERS}
    assert {*get_args(Device)} == {*DEVICES}
    assert get_args(Surround) == SURROUNDS
    assert {*get_args(QuiltDisplay)} == {*QUILTS}
    assert {*LAYOUTS} - {"left-right"} <= {*PACKINGS}
    assert {*get_args(Still)} == {*PACKED_STILLS, *PAIR_FILES, *STILL_OUTPUTS}


@pytest.mark.parametrize(
    ("name", "text", "value", "read"),
    [
        ("layout", "sbs, tb", ["sbs", "tb"], ("sbs", "tb")),
        ("still", "jps", ("jps",), ("jps",)),
        ("max_size", "640X480", [640, 480], (640, 480)),
        ("steps", "0:8:400", (0, 8, 400), Steps(0, 8, 400)),
        ("from_crop", "0,10,80,80%", Crop(0, 10, 80, 80, percent=True), Crop(0, 10, 80, 80, percent=True)),
        ("to_crop", "1,2,3,4", (1, 2, 3, 4), Crop(1, 2, 3, 4)),
        ("focus", "40, 60%", (40, 60), (40.0, 60.0)),
        ("max_memory", "1.5GiB", 3 * 2**29, 3 * 2**29),
        ("max_memory", "800mb", 800 * 10**6, 800 * 10**6),
        ("budget_percent", "2.5", 2.5, 2.5),
        ("keyframes", "k.json", Path("k.json"), Path("k.json")),
        ("loop", "no", False, False),
        ("aspect", "9:16", [9, 16], (9.0, 16.0)),
        ("ipd_mm", "60", 60, 60.0),
        ("max_size", "640x480", np.array([640, 480]), (640, 480)),
        ("max_size", "640", 640, (640, 640)),
        ("max_memory", "2GB", np.int64(2 * 10**9), 2 * 10**9),
        ("quilt_for", "16", 16, "16"),
        ("from_crop", "0,10,80,80%", (0, 10, 80, 80, "%"), Crop(0, 10, 80, 80, percent=True)),
    ],
)
def test_a_text_means_the_same_as_the_value_of_python(name, text, value, read):
    extra = {"aperture_percent": 1} if name == "focus" else {"kenburns": True}
    found = [getattr(ExportOptions(**{name: given}, **extra), name) for given in (text, value)]
    assert found == [read, read]
    assert type(found[0]) is type(read)


@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [
        ("budget_percent", 300, "budget_percent must be above 0 and at most 15 percent of the width, got 300"),
        ("baseline_mm", "wide", "baseline_mm must be 0.1 to 1,000,000 millimetres, got 'wide'"),
        ("threads", 1.5, "threads must be a whole number from 1 to 256, got 1.5"),
        ("codec", "mp3", "codec must be one of auto, h264, hevc, av1, vp9, got 'mp3'"),
        ("animate_as", "gif,gif", "animate_as must be one or more of gif, webp, avif, mp4, separated by commas"),
        ("max_size", (8, 8), "max_size must be WIDTHxHEIGHT like 1920x1080, or one number for both, 16 or more, got"),
        ("fov_deg", float("nan"), "fov_deg must be 1 to 360 degrees, got nan"),
        ("screen", "1@", "screen must be phone, laptop, tv"),
        ("focus", "101,5%", "focus must be x,y in percent"),
        ("fps", True, "fps must be 1 to 240, got True"),
        ("max_memory", True, "max_memory must be a size like 2GB"),
        ("max_memory", ["2", "GB"], "max_memory must be a size like 2GB"),
        ("max_size", (None, 480), "max_size must be WIDTHxHEIGHT"),
        ("max_size", (640, None), "max_size must be WIDTHxHEIGHT"),
        ("max_size", True, "max_size must be WIDTHxHEIGHT"),
        ("max_size", "12", "max_size must be WIDTHxHEIGHT"),
        ("max_size", (640.7, 480), "max_size must be WIDTHxHEIGHT"),
        ("max_size", (10**30, 480), "max_size must be WIDTHxHEIGHT"),
        ("steps", (0, 1, float("inf")), "steps must be first:last:frames"),
        ("steps", (0, 1, 5.9), "steps must be first:last:frames"),
        ("from_crop", (0, 0, 9, 9, 9), "from_crop must be x,y,width,height"),
        ("from_crop", (0, 0, 10**400, 10), "from_crop must be x,y,width,height"),
        ("aspect", (1e-320, 1e-320), "aspect must be width:height"),
    ],
)
def test_an_error_says_what_was_expected_in_the_callers_unit(name, bad, message):
    with pytest.raises(OptionError, match=re.escape(message)):
        ExportOptions(**{name: bad})


def test_an_unknown_option_gets_a_suggestion():
    with pytest.raises(InputError, match=r"no option 'baselin_mm'; did you mean 'baseline_mm'\?"):
        ExportOptions(baselin_mm=3)
    with pytest.raises(InputError, match=r"no option 'aperture'; did you mean 'aperture_percent'\?"):
        ExportOptions(aperture=3)
    with pytest.raises(InputError, match=r"no option 'hologram'$"):
        kbvr.export("a.jpg", hologram=True)


@given(st.sampled_from([one for one in declared() if one.choices]), st.text(max_size=8))
def test_only_names_are_taken_where_names_are(one, text):
    if {part.strip() for part in text.split(",")} <= {*one.choices}:
        return
    with pytest.raises(OptionError) as caught:
        ExportOptions(**{one.name: text})
    assert caught.value.option == one.name


def test_an_export_makes_stereo_unless_something_else_is_named():
    assert ExportOptions().outputs == ("stereo",)
    assert ExportOptions(still="jps,quilt", depth_map="png").outputs == ("still", "quilt", "depth-map")
    assert ExportOptions(stereo=True, wiggle=True).outputs == ("stereo", "wiggle")
    with pytest.raises(InputError, match="no output is chosen: stereo is off"):
        ExportOptions(stereo=False)


def test_options_that_no_file_uses_are_named():
    options = ExportOptions(codec="h264", views=5, budget_percent=2, triangles=5000)
    assert options.unused({"video"}) == ("views", "triangles")
    assert options.unused({"gif", "gltf", "vr180-video"}) == ()
