"""Options from files and presets, under those of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbvr.cli.call_options import CallOptions
from kbvr.cli.export_command import read_options
from kbvr.cli.main import main
from kbvr.errors import InputError
from kbvr.options.presets import PRESETS


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a folder for a person's own file; the working folder is another."""
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("KBVR_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "home"


def test_the_nearer_file_wins_and_the_command_line_over_all(home: Path) -> None:
    (home / "kbvr.toml").write_text('layout = "tb"\nseconds = 9\nout = "far"\nbudget-percent = 1\n')
    Path("kbvr.toml").write_text('layout = ["sbs", "tb"]\nquiet = true\n')
    call, options = read_options(CallOptions, {"seconds": "3"})
    assert (options.layout, options.seconds, options.budget_percent) == (("sbs", "tb"), 3.0, 1.0)
    assert (call.out, call.quiet) == (Path("far"), True)


def test_a_file_that_is_named_takes_the_place_of_the_others(home: Path) -> None:
    (home / "kbvr.toml").write_text("seconds = 9\n")
    Path("other.toml").write_text("fps = 30\n")
    _, options = read_options(CallOptions, {"config": "other.toml"})
    assert (options.seconds, options.fps) == (None, 30.0)


def test_a_preset_of_ones_own_goes_over_the_file(home: Path) -> None:
    (home / "kbvr.toml").write_text('layout = "tb"\n[preset.mine]\nlayout = "rows"\nwiggle = true\n')
    _, options = read_options(CallOptions, {"preset": "mine"})
    assert (options.layout, options.outputs) == (("rows",), ("wiggle",))


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_used(name: str) -> None:
    _, options = read_options(CallOptions, {"preset": name})
    assert all(getattr(options, option) is not None for option in PRESETS[name])


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        ("budget-percent = 300", {}, "kbvr.toml: budget_percent must be above 0 and at most 15"),
        ("[preset.a]\nfps = 0", {"preset": "a"}, "preset a in kbvr.toml: fps must be 1 to 240"),
        (
            "[preset.a]\nquality = 50\nmax_mb = 1",
            {"preset": "a"},
            "preset a in kbvr.toml: quality and preset a in kbvr.toml: max_mb cannot be combined",
        ),
        ("layuot = 3", {}, "kbvr.toml: there is no option layuot; did you mean layout?"),
        ("aperature = 3", {}, "there is no option aperature; did you mean aperture_percent?"),
        ("hologram = 3", {}, "there is no option hologram$"),
        ("overwrite = true", {}, "kbvr.toml: overwrite can only be given on the command line"),
        ("[preset.a]\nconfig = 'x'", {"preset": "a"}, "config can only be given on the command line"),
        ("max-kb = 5\nmax_kb = 6", {}, "max_kb is set twice"),
        ("x = " + "[" * 5000, {}, "expected a TOML file of options, got kbvr.toml"),
        ("fps = true", {}, "fps must be 1 to 240"),
        ("max-size = [inf, 5]", {}, "max_size must be WIDTHxHEIGHT"),
        ("layout", {}, "expected a TOML file of options, got kbvr.toml"),
        ("preset = 3", {}, "a preset must be a table"),
        ("", {"preset": "qest"}, "--preset must be one of quest, .*got 'qest'; did you mean quest?"),
        ("", {"config": "none.toml"}, "none.toml"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_name(text: str, given: dict[str, str], message: str) -> None:
    Path("kbvr.toml").write_text(text)
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        read_options(CallOptions, given)


def test_a_file_of_options_reaches_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    Path("kbvr.toml").write_text('codec = "mp3"\n')
    assert main(["export", "a.jpg"]) == 2
    assert "kbvr.toml: codec must be one of auto" in capsys.readouterr().err


def test_a_files_options_that_do_not_go_with_a_call_are_left_out_of_it() -> None:
    """They are wishes for every call: neither an error nor a warning comes of them."""
    Path("kbvr.toml").write_text('fps = 30\nquality = 80\nlayout = "tb"\naspect = "1:1"\nglasses = "amber-blue"\n')
    _, wiggle = read_options(CallOptions, {"wiggle": True})
    assert (wiggle.fps, wiggle.quality, wiggle.layout, wiggle.glasses) == (25.0, None, ("sbs",), "amber-blue")
    _, small = read_options(CallOptions, {"max_mb": "5", "from_crop": "0,0,9,9", "to_crop": "1,1,5,5"})
    assert (small.quality, small.aspect, small.fps, small.layout) == (None, None, 30.0, ("tb",))


def test_outputs_of_the_command_line_take_the_place_of_a_files() -> None:
    Path("kbvr.toml").write_text("wiggle = true\ngltf = true\n")
    assert read_options(CallOptions, {})[1].outputs == ("wiggle", "gltf")
    assert read_options(CallOptions, {"stereo": True})[1].outputs == ("stereo",)
    assert read_options(CallOptions, {"wiggle": False})[1].outputs == ("stereo",)


def test_options_may_be_called_as_their_flags_are() -> None:
    Path("kbvr.toml").write_text('fov = 60\n"from" = "0,0,9,9"\nto = "1,1,5,5"\njson = true\n')
    call, options = read_options(CallOptions, {})
    assert (options.fov_deg, call.as_json) == (60.0, True)
    assert options.from_crop is not None


def test_depth_of_a_file_is_for_one_photo_and_its_kind_may_be_there_too(capsys: pytest.CaptureFixture[str]) -> None:
    Path("kbvr.toml").write_text('depth = "d.npy"\ndepth-kind = "depth-m"\n')
    assert read_options(CallOptions, {"depth": "e.npy"})[1].depth == Path("e.npy")
    assert main(["export", "a.jpg", "b.jpg"]) == 2
    assert "--depth requires a single photo, got 2 photos" in capsys.readouterr().err
