"""The command line: what it asks of the pipeline, what it prints where, and how it ends."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

import kbvr
from kbvr import pipeline
from kbvr.cli.interruption import SIGNALS
from kbvr.cli.known_options import every_option
from kbvr.cli.main import main
from kbvr.cli.progress import stage_bars
from kbvr.depth.placement import DEFAULT_NEAR_M
from kbvr.errors import InputError, OutputError
from kbvr.formats.spec.format import Facts, Item
from kbvr.formats.write import write_items
from kbvr.making.report import ExportReport, Written
from kbvr.motion.crop import Crop
from kbvr.motion.path_names import Steps
from kbvr.options.export_options import ExportOptions
from kbvr.plan.from_options import path_options

Progress = Callable[[str, int, int], None]


class FakePipeline:
    """Stands for the pipeline: remembers how it was called, and writes two grey frames."""

    def __init__(self) -> None:
        self.calls: list[tuple[Path, Path, ExportOptions]] = []
        self.progress: list[bool] = []

    def export_photo(
        self, photo_path: Path, out_dir: Path, options: ExportOptions, *, progress: Progress | None = None
    ) -> ExportReport:
        """Do what the pipeline promises, in no time."""
        self.calls.append((photo_path, out_dir, options))
        self.progress.append(progress is not None)
        if progress is not None:
            progress("depth", 0, 0)
            progress("frames", 1, 2)
        self.fail_by_name(photo_path)
        grey = np.full((32, 32, 3), 99, np.uint8)
        item = Item("video", out_dir / f"{photo_path.stem}_kbvr_LR.mp4", options.layout[0])
        (file,) = write_items([(grey, grey)] * 2, [item], Facts(100.0), options)
        stereo = {"baseline_m": 0.03, "convergence_m": float("inf")}
        written = (Written("stereo", item, file),)
        return ExportReport(str(photo_path), written, stereo, ("the camera swings", "so far"), {"depth": 0.5})

    def fail_by_name(self, photo: Path) -> None:
        """Fail as the photo's name says."""
        if "broken" in (photo.stem, photo.parent.name):
            logging.getLogger("kbvr.photo.photo").warning("the focal length is a guess")
            raise InputError(f"{photo}: wanted a photo, got a text")
        if photo.stem == "taken":
            raise OutputError("taken_kbvr_LR.mp4 already exists")
        if photo.stem == "bug":
            raise ZeroDivisionError("division by zero")
        if photo.stem == "interrupted":
            raise KeyboardInterrupt
        if photo.stem == "half-imported":
            try:
                raise KeyboardInterrupt
            except KeyboardInterrupt as error:
                raise ImportError("initialization failed") from error
        if photo.stem == "overflow":
            np.float32(1e38) * np.float32(1e38)
        if photo.stem == "guess":
            logging.getLogger("kbvr.photo.photo").warning("the focal length is %s", "a guess")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakePipeline:
    fake = FakePipeline()
    monkeypatch.setattr(pipeline, "export_photo", fake.export_photo)
    monkeypatch.chdir(tmp_path)
    return fake


def everything_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def videos_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.mp4"))


def write_photo(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (32, 32)).save(path)


@pytest.mark.parametrize("arguments", [["export", "a.jpg"], ["export", "--stereo", "a.jpg"]])
def test_with_nothing_said_the_pipelines_own_defaults_hold(fake: FakePipeline, arguments: list[str]) -> None:
    """And with no kind of output named, stereo is meant."""
    assert main(arguments) == 0
    assert fake.calls == [(Path("a.jpg"), Path(), ExportOptions())]
    assert everything_in(Path()) == ["a_kbvr_LR.mp4"]


def test_every_option_reaches_the_pipeline_in_its_units(fake: FakePipeline, tmp_path: Path) -> None:
    text = (
        "export a.jpg --stereo -o out --layout sbs-half --path dolly --fps 30 "
        "--max-size 640x480 --fov 61 --depth d.png --depth-kind depth-m --baseline-mm 12.5 "
        "--convergence-m 1.75 --budget 1.5 --near-m 2 "
        "--depth-quality best --fill filler.onnx --overwrite --threads 3 --device cuda "
        "--explain --quiet --kenburns --steps 0:1.5:40"
    )
    (tmp_path / "d.png").touch()
    assert main(text.split()) == 0
    options = ExportOptions(
        layout="sbs-half",
        path="dolly",
        fps=30.0,
        max_size=(640, 480),
        fov_deg=61.0,
        depth=Path("d.png"),
        depth_kind="depth-m",
        baseline_mm=12.5,
        convergence_m=1.75,
        budget_percent=1.5,
        near_m=2.0,
        depth_quality="best",
        fill="filler.onnx",
        overwrite=True,
        threads=3,
        device="cuda",
        stereo=True,
        kenburns=True,
        steps=Steps(0, 1.5, 40),
    )
    assert fake.calls == [(Path("a.jpg"), Path("out"), options)]


@pytest.mark.parametrize(
    ("flags", "fields", "outputs"),
    [
        ("--still sbs,mpo", {"still": "sbs,mpo"}, ("still",)),
        ("--still jps --stereo", {"still": "jps"}, ("stereo", "still")),
        (
            "--still quilt,autostereogram --quilt-for go --autostereogram-pattern photo",
            {"still": "quilt,autostereogram", "quilt_for": "go", "autostereogram_pattern": "photo"},
            ("quilt", "autostereogram"),
        ),
        (
            "--still rows --picture webp --quality 60 --depth-map png,exr",
            {"still": "rows", "picture": "webp", "quality": 60, "depth_map": "png,exr"},
            ("still", "depth-map"),
        ),
        ("--depth-map color", {"depth_map": "color"}, ("depth-map",)),
    ],
)
def test_pictures_are_named_by_their_flags(
    fake: FakePipeline, flags: str, fields: dict[str, Any], outputs: tuple[str, ...]
) -> None:
    """And a stereo video is written beside them only if it is named too."""
    assert main(["export", "a.jpg", *flags.split()]) == 0
    ((_, _, options),) = fake.calls
    assert options == ExportOptions(stereo="stereo" in outputs or None, **fields)
    assert options.outputs == outputs


@pytest.mark.parametrize(
    ("flags", "fields", "path"),
    [
        ("--kenburns", {}, "kenburns"),
        ("--kenburns --path orbit", {"path": "orbit"}, "orbit"),
        ("--kenburns --shift 10 --zoom 1e55", {"shift_px": 10.0, "zoom": 1e55}, "kenburns"),
        (
            "--kenburns --from 0,0,100,80.5% --to 10,20,30,40",
            {"from_crop": Crop(0, 0, 100, 80.5, percent=True), "to_crop": Crop(10, 20, 30, 40)},
            "kenburns",
        ),
        ("--kenburns --keyframes k.json", {"keyframes": Path("k.json")}, "keyframes"),
        (
            "--kenburns --depth-model deep.onnx --profile paper",
            {"depth_model": "deep.onnx", "profile": "paper"},
            "kenburns",
        ),
        ("--kenburns --segmentation a.onnx --softness 0.2", {"segmentation": "a.onnx", "softness": 0.2}, "kenburns"),
        ("--kenburns --loop --subject-distance 3", {"loop": True, "subject_distance_m": 3.0}, "kenburns"),
        ("--kenburns --seconds 2.5 --ease out --one-way", {"seconds": 2.5, "ease": "out", "loop": False}, "kenburns"),
    ],
)
def test_camera_moves_reach_the_pipeline(fake: FakePipeline, flags: str, fields: dict, path: str) -> None:
    """Options of one path name it, and a plain video alone is no stereo video."""
    Path("k.json").write_text((Path(__file__).parents[2] / "examples" / "keyframes.json").read_text("utf-8"), "utf-8")
    assert main(["export", "a.jpg", *flags.split()]) == 0
    (options,) = (call[2] for call in fake.calls)
    assert options == ExportOptions(kenburns=True, **fields)
    assert path_options("kenburns", options).name == path


def test_a_person_is_told_what_was_written(fake: FakePipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "a.jpg", "-o", "out"]) == 0
    told = capsys.readouterr()
    path = Path("out") / "a_kbvr_LR.mp4"
    assert told.out == f"{path}  (sbs, 64x32, H.264, 2 frames, 0.1 s, {path.stat().st_size / 1e3:.1f} kB)\n"
    assert told.err == ""


def test_explain_prints_the_pipelines_reasons(fake: FakePipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "a.jpg", "--explain", "--quiet"]) == 0
    assert capsys.readouterr().out.splitlines() == ["the camera swings", "so far"]


def test_quiet_says_nothing_when_all_is_well(fake: FakePipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "a.jpg", "guess.jpg", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_warnings_go_to_stderr_with_their_photo(fake: FakePipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "guess.jpg", "a.jpg"]) == 0
    assert capsys.readouterr().err == "kbvr: guess.jpg: warning: the focal length is a guess\n"


def test_one_failure_does_not_stop_the_rest(fake: FakePipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "a.jpg", "x/broken.jpg", "taken.jpg", "b.jpg"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"kbvr: {Path('x/broken.jpg')}: wanted a photo, got a text",
        "kbvr: taken.jpg: taken_kbvr_LR.mp4 already exists",
    ]
    assert everything_in(Path()) == ["a_kbvr_LR.mp4", "b_kbvr_LR.mp4"]


@pytest.mark.parametrize("second", ["x/a.jpg", "a.png", "a.jpg"])
def test_two_photos_of_one_name_do_not_overwrite_each_other(
    fake: FakePipeline, capsys: pytest.CaptureFixture[str], second: str
) -> None:
    write_photo(Path(second))
    assert main(["export", "--overwrite", "a.jpg", second, "b.jpg"]) == 2
    assert [call[0].name for call in fake.calls] == ["a.jpg", "b.jpg"]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"kbvr: {Path(second)}: ")
    assert line.endswith("same name as a.jpg, whose outputs it would overwrite")


def test_a_name_is_free_again_if_its_photo_failed(fake: FakePipeline, capsys: pytest.CaptureFixture[str]) -> None:
    write_photo(Path("y/a.jpg"))
    assert main(["export", "broken/a.jpg", "x/a.jpg", "y/a.jpg"]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("wanted a photo, got a text")
    assert second.endswith(f"same name as {Path('x/a.jpg')}, whose outputs it would overwrite")
    assert videos_in(Path()) == ["a_kbvr_LR.mp4"]


@pytest.mark.filterwarnings("always::RuntimeWarning")
@pytest.mark.parametrize("name", ["overflow.jpg", "broken.jpg"])
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_what_libraries_warn_programmers_of_stays_off_the_terminal(
    fake: FakePipeline, capsys: pytest.CaptureFixture[str], name: str, flags: list[str]
) -> None:
    """It goes to `logging`; and a complaint stands alone, without the photo's warnings."""
    main(["export", name, *flags])
    assert len(capsys.readouterr().err.splitlines()) == (name == "broken.jpg")


def test_a_bug_keeps_its_traceback_and_does_not_stop_the_rest(
    fake: FakePipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "bug.jpg", "broken.jpg", "b.jpg"]) == 1
    told = capsys.readouterr().err
    assert "Traceback (most recent call last)" in told
    assert "in fail_by_name" in told
    assert "kbvr: bug.jpg: this is a bug in kbvr: ZeroDivisionError: division by zero\n" in told
    assert everything_in(Path()) == ["b_kbvr_LR.mp4"]


def test_json_is_one_object_on_stdout_and_nothing_else(fake: FakePipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--json", "--explain", "-o", "out", "guess.jpg", "broken.jpg", "b.jpg"]) == 2
    told = capsys.readouterr()
    summary = json.loads(told.out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    path = Path("out") / "guess_kbvr_LR.mp4"
    assert summary["photos"][0] == {
        "photo": "guess.jpg",
        "written": [
            {
                "output": "stereo",
                "format": "video",
                "packing": "sbs",
                "path": str(path),
                "size_px": [64, 32],
                "frames": 2,
                "fps": 25.0,
                "seconds": 0.08,
                "bytes": path.stat().st_size,
                "encode_s": summary["photos"][0]["written"][0]["encode_s"],
                "codec": "H.264",
                "beside": [],
            }
        ],
        "stereo": {"baseline_m": 0.03, "convergence_m": None},
        "warnings": ["the focal length is a guess"],
        "explanation": ["the camera swings", "so far"],
        "took_seconds": {"depth": 0.5},
    }
    assert [photo["photo"] for photo in summary["photos"]] == ["guess.jpg", "b.jpg"]
    assert summary["failures"] == [
        {"photo": "broken.jpg", "output": None, "message": "wanted a photo, got a text", "bug": False}
    ]
    assert told.err == "kbvr: broken.jpg: wanted a photo, got a text\n"


def test_json_tells_of_a_bug_too(fake: FakePipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--json", "bug.jpg"]) == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["failures"][0]["bug"] is True
    assert "Traceback" in told.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("export", "no photo is given (see --help)"),
        ("export a.jpg --layout wide", "--layout must be one or more of sbs"),
        ("export a.jpg --path loop", "--path must be one of static, swing"),
        ("export a.jpg --seconds long", "--seconds must be 0.1 to 600 seconds, got 'long'"),
        ("export a.jpg --seconds -1", "--seconds must be 0.1 to 600 seconds, got '-1'"),
        ("export a.jpg --budget 300", "--budget must be above 0 and at most 15 percent of the width, got '300'"),
        ("export a.jpg --baseline-mm 0.01", "--baseline-mm must be 0.1 to 1,000,000 millimetres"),
        ("export a.jpg --vr180-px 65", "--vr180-px must be 64 to 8192 pixels, even"),
        ("export a.jpg --max-memory much", "--max-memory must be a size like 2GB"),
        ("export a.jpg --stero", "there is no option --stero; did you mean --stereo?"),
        ("export a.jpg --no-such-option", "there is no option --no-such-option; did you mean"),
        ("view a.glb --foo", "there is no option --foo (see --help)"),
        ("view a.glb --port abc", "--port must be a whole number from 0 to 65535, got 'abc'"),
        ("models pull bset", "the network must be best or one of kbvr-depth, "),
        ("export a.jpg --max-size 1920x", "--max-size must be WIDTHxHEIGHT like 1920x1080, or one number for both"),
        ("export a.jpg --max-size 0x100", "--max-size must be WIDTHxHEIGHT"),
        (
            "export a.jpg b.jpg --depth d.png --depth-kind depth-m",
            "--depth requires a single photo, got 2 photos",
        ),
        ("export a.jpg --depth d.png --rgbd right", "--depth and --rgbd cannot be combined"),
        ("export a.jpg --rgbd right --depth-model kbvr-depth", "--rgbd and --depth-model cannot be combined"),
        ("export a.jpg --from 1,2,3", "--from must be x,y,width,height"),
        ("export a.jpg --from 1,2,3,4", "--from and --to must be given together"),
        ("export a.jpg --path swing --zoom 2", "--zoom requires --path kenburns, got swing"),
        ("export a.jpg --path keyframes", "--path keyframes requires --keyframes"),
        ("export a.jpg --steps 0:8:9 --seconds 3", "--steps cannot be combined with --seconds, --ease and --loop"),
        ("export a.jpg --kenburns --baseline-mm 20", "--baseline-mm requires a stereo output"),
        ("export a.jpg --softness 0.3", "--softness requires --segmentation"),
        ("export a.jpg --profile paper --fill spread", "--fill requires --profile layers"),
        ("export a.jpg --threads 100000", "--threads must be a whole number from 1 to 256"),
        ("export a.jpg --kenburns --zoom 0.5", "the zoom must be 1 or more"),
        ("export a.jpg --aspect 30:1", "--aspect must be width:height from 1:20 to 20:1, like 9:16, got '30:1'"),
        ("export a.jpg --steps 0:8", "--steps must be first:last:frames"),
        ("export a.jpg --steps 0:8:0", "--steps must be first:last:frames, like 0:8:400, got '0:8:0'"),
        ("export a.jpg --near-m 1 --subject-distance 2", "--near-m and --subject-distance cannot be combined"),
        ("export a.jpg --depth-kind disparity", "--depth-kind requires --depth or --rgbd"),
        ("explode a.jpg", "'explode'"),
    ],
)
def test_bad_options_get_one_line_and_exit_code_2(
    fake: FakePipeline, capsys: pytest.CaptureFixture[str], arguments: str, complaint: str
) -> None:
    assert main(arguments.split()) == 2
    told = capsys.readouterr()
    (line,) = told.err.splitlines()
    assert line.startswith("kbvr: ")
    assert complaint in line
    assert told.out == ""
    assert fake.calls == []
    assert everything_in(Path()) == []


@pytest.mark.parametrize("photo", ["interrupted.jpg", "half-imported.jpg"])
def test_an_interruption_ends_with_130(fake: FakePipeline, capsys: pytest.CaptureFixture[str], photo: str) -> None:
    """Also where an import turned it into an error of its own."""
    assert main(["export", "a.jpg", photo, "b.jpg"]) == 130
    assert capsys.readouterr().err == "kbvr: interrupted\n"
    assert everything_in(Path()) == ["a_kbvr_LR.mp4"]


@pytest.mark.parametrize("module", ["numpy", "av", "kbvr.nets"])
def test_ctrl_c_while_modules_are_imported_is_no_bug(module: str, tmp_path: Path) -> None:
    """A compiled module may forget that its ImportError was an interruption."""
    program = f"""
import os, signal, sys, time
from kbvr.cli.main import main

class Importer:
    def find_spec(self, name, *_):
        if name == {module!r}:
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(10)
            except KeyboardInterrupt:
                pass
            raise ImportError("initialization failed")

sys.meta_path.insert(0, Importer())
sys.exit(main())
"""
    command = [sys.executable, "-c", program, "export", "a.jpg", "-o", str(tmp_path / "out")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "kbvr: interrupted\n")


ENDLESS = """
import itertools, sys, numpy as np
from kbvr import pipeline
from kbvr.cli.main import main
from kbvr.formats.spec.format import Facts, Item; from kbvr.options.export_options import FileOptions
from kbvr.formats.write import write_items

def endless(photo, out_dir, options, *, progress=None):
    pair = tuple(np.random.default_rng(0).integers(0, 256, (2, 240, 320, 3), np.uint8))
    write_items(itertools.repeat(pair), [Item("video", out_dir / "a_LR.mp4", "sbs")], Facts(100.0), FileOptions())

pipeline.export_photo = endless
sys.exit(main())
"""
"""kbvr, with a pipeline that writes frames without end."""


def wait_for_frames(running: subprocess.Popen[str], folder: Path) -> None:
    """Wait until a program has written something into the folder."""
    until = time.monotonic() + 30
    while not any(path.stat().st_size for path in folder.glob(".kbvr-*.part.mp4")):
        assert running.poll() is None, running.stderr
        assert time.monotonic() < until, "no frame was ever written"
        time.sleep(0.02)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGTERM SIGTERM", "SIGHUP", "SIGHUP SIGHUP SIGTERM"])
def test_signals_that_end_kbvr_leave_nothing_behind(tmp_path: Path, name: str) -> None:
    """Real signals, and a real encoder. A closing terminal sends SIGHUP more than once.

    One that comes when all is cleaned up, while Python itself ends, ends it in its own way.
    """
    numbers = [getattr(signal, each) for each in name.split()]
    command = [sys.executable, "-c", ENDLESS, "export", "a.jpg", "-o", str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        wait_for_frames(running, tmp_path / "out")
        for number in numbers:
            running.send_signal(number)
            time.sleep(0.001)
        out, err = running.communicate(timeout=30)
    assert running.returncode in (128 + numbers[0], *(-number for number in numbers[1:]))
    assert (out, err) == ("", "kbvr: interrupted\n")
    assert everything_in(tmp_path) == []


def test_what_was_started_to_survive_a_closed_terminal_does(tmp_path: Path) -> None:
    """`nohup kbvr` starts it with SIGHUP ignored."""
    program = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + ENDLESS
    command = [sys.executable, "-c", program, "export", "a.jpg", "-o", str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        wait_for_frames(running, tmp_path / "out")
        running.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        assert running.poll() is None
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=30)
    assert running.returncode == 128 + signal.SIGTERM


def test_the_callers_own_signal_handlers_come_back(fake: FakePipeline) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    assert main(["export", "interrupted.jpg"]) == 130
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_help_is_quick_for_nothing_heavy_is_loaded() -> None:
    program = """
import sys
from kbvr.cli.main import main
assert main(["--help"]) == main(["export", "--help"]) == main([]) == 0
heavy = {"numpy", "cv2", "av", "PIL", "onnxruntime", "torch", "trimesh", "kbvr.pipeline"}
sys.exit(", ".join(sorted(heavy & set(sys.modules))) or 0)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_flags_of_loops_reach_the_pipeline(fake: FakePipeline) -> None:
    text = "export a.jpg --wiggle --anaglyph --animate-as webp,mp4 --views 9 --period-s 1.2 --max-kb 250 --alt kitten"
    assert main(text.split()) == 0
    loops = {"animate_as": "webp,mp4", "views": 9, "period_s": 1.2, "max_kb": 250.0, "alt": "kitten"}
    assert fake.calls == [(Path("a.jpg"), Path(), ExportOptions(wiggle=True, anaglyph=True, **loops))]


def test_help_fits_one_screen(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The outputs and what people use most, in 45 lines of 80 columns, and where the rest is."""
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["export", "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 45
    assert max(map(len, lines)) <= 80
    told = " ".join(lines)
    assert all(f"--{output} " in told for output in ("stereo", "still", "wiggle", "gltf"))
    assert "--help-all" in told
    assert "kbvr export cat.jpg -o out/" in told


def test_the_full_help_shows_every_option_with_its_default(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["export", "--help-all"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    told = " ".join(out.split())
    for one in every_option():
        assert f" {one.flag}" in told
        assert " ".join(one.help.split()) in told
    for text in (
        "[default: kenburns for --kenburns, else swing]",
        "[default: 1920x1080 for videos and autostereograms, 4096x4096 for other stills, 720x720 for --wiggle",
        "[default: 3; 2.5 for --wiggle, 2 for --anaglyph]",
        "[default: gif,webp,avif,mp4]",
        f"[default: {DEFAULT_NEAR_M:g}]",
        "requires kbvr[usd]",
        "Motion:",
        "Stereo:",
    ):
        assert text in told


def test_version_is_that_of_the_installed_package(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.metadata.version", {"kbvr": "1.2.3"}.__getitem__)
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "kbvr 1.2.3\n"


def test_python_m_kbvr_is_kbvr() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kbvr", "export"], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr.startswith("kbvr: no photo is given")


@pytest.mark.parametrize(
    ("terminal", "flags", "shown"),
    [(True, [], True), (True, ["--quiet"], False), (True, ["--json"], False), (False, [], False)],
)
def test_bars_appear_only_on_a_terminal_that_is_watched(
    fake: FakePipeline,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,
    flags: list[str],
    shown: bool,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    assert main(["export", "a.jpg", *flags]) == 0
    told = capsys.readouterr()
    assert fake.progress == [shown]
    assert ("frames" in told.err) == shown
    assert "frames" not in told.out.replace("2 frames", "").replace('"frames": 2', "")


def test_a_bar_shows_stage_steps_and_time_left() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, color_system=None)
    with stage_bars("cat [1].jpg", console) as report:
        report("depth", 0, 0)
        report("depth", 1, 1)
        for done in range(4):
            report("frames", done, 150)
    told = screen.getvalue()
    assert "cat [1].jpg" in told
    assert "depth" in told
    assert "3/150" in told
    assert "-:--:--" in told or "0:0" in told


@pytest.mark.skipif(os.name != "posix", reason="only there can a name be any bytes")
def test_a_name_that_cannot_be_shown_is_no_bug() -> None:
    program = """
import sys
from kbvr import pipeline
from kbvr.cli.main import main
from kbvr.errors import InputError

def refuse(*_, **__):
    raise InputError("not today")

pipeline.export_photo = refuse
sys.exit(main())
"""
    command = [os.fsencode(sys.executable), b"-c", program.encode(), b"export", b"caf\xe9.jpg"]
    done = subprocess.run(command, check=False, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.splitlines() == [b"kbvr: caf\\udce9.jpg: not today"]


@pytest.mark.parametrize(
    ("words", "count", "wanted"),
    [
        ("kbvr export --cod", 2, ["--codec"]),
        ("kbvr export --codec ", 3, ["auto", "h264", "hevc", "av1", "vp9"]),
        ("kbvr export --layout ch", 3, ["checkerboard"]),
        ("kbvr export --layout sbs,ch", 3, ["sbs,checkerboard"]),
        ("kbvr export --preset q", 3, ["quest"]),
        ("kbvr export --screen la", 3, ["laptop"]),
    ],
)
def test_a_shell_completes_options_and_their_names(words: str, count: int, wanted: list[str]) -> None:
    """As bash asks for it, once `kbvr --install-completion` has told it to."""
    asked = {"_KBVR_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(count)}
    done = subprocess.run(
        [sys.executable, "-m", "kbvr"], capture_output=True, text=True, check=True, env={**os.environ, **asked}
    )
    assert done.stdout.split() == wanted


@pytest.mark.parametrize("command", ["", "export", "studio", "view", "formats", "models", "models pull", "doctor"])
def test_help_has_lines_that_fit_and_no_types_of_python(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*command.split(), "--help"]) == 0
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 80
    assert len(told.splitlines()) <= 45
    assert not re.search(r"<(bool|str|int|float|list)", told)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["view", ""], "expected a file or a folder, got an empty argument"),
        (["view", "--no-open", "examples", ""], "expected a file or a folder, got an empty argument"),
        (["export", "--gltf", ""], "expected a file or a folder, got an empty argument"),
        (["export", "--gltf", "none.jpg", "-o", ""], "--out must be a folder or a file, got ''"),
        (["export", "--gltf", "none.jpg", "--config", ""], "--config must be a TOML file, got ''"),
    ],
)
def test_an_empty_argument_is_not_the_current_folder(command, message, capsys):
    """A variable of the shell that is not set."""
    assert main(command) == 2
    assert capsys.readouterr().err == f"kbvr: {message}\n"


def test_an_empty_text_is_no_folder_in_python():
    with pytest.raises(kbvr.InputError, match="expected a folder or a file, got ''"):
        kbvr.export("examples/cat.jpg", "", gltf=True)
