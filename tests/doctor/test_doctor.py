"""`kbvr doctor`: what is found, what it says about it, and what it ends with."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from native_fakes import driver

import kbvr
from kbvr.cli.doctor import LEGEND, table
from kbvr.cli.main import main
from kbvr.doctor import Finding, can_work, diagnosis, files, trials
from kbvr.formats.video.encoder_trial import HARDWARE, SOFTWARE, try_encoders
from kbvr.nets import BUILT_IN, FETCHED, card_of
from kbvr.nets.device_trial import last_error
from kbvr.system import cuda_driver as cuda
from kbvr.system.trial_process import TrialResult, run_trial

GOOD: dict[str, dict[str, Any]] = {
    "kbvr.nets.device_trial:described_runtime": {
        "version": "1.31.1",
        "cuda": "13.0",
        "providers": ["CPUExecutionProvider"],
    },
    "kbvr.nets.device_trial:try_device": {"ran_on": "the CPU", "difference": 0.0, "seconds": 0.02},
    "kbvr.system.cuda_driver:described_devices": {"driver": False, "devices": []},
    "kbvr.rendering.trial:try_renderer": {"instructions": "AVX2", "difference": 0.1},
    "kbvr.rendering.trial:try_gpu": {"problem": "no NVIDIA driver was found", "remedy": "install its driver"},
    "kbvr.formats.video.encoder_trial:try_encoders": {},
}
NO_CUDA = {"problem": "no NVIDIA driver was found", "remedy": "install its driver", "surprising": False}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what the person at this machine has fetched out of the tests; return KBVR_HOME."""
    monkeypatch.setenv("KBVR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], TrialResult]:
    """Return what to fill with the answers of a machine, by function and argument; others are a good machine's."""
    answers: dict[tuple[str, str], TrialResult] = {}
    monkeypatch.setattr(trials, "_version_of", {"onnxruntime-gpu": "1.31.1"}.get)

    def answered(function: str, argument: str = "", *, limit_s: float = 60.0) -> TrialResult:
        if (function, argument) in answers:
            return answers[function, argument]
        if function == "kbvr.nets.device_trial:try_device" and argument not in ("cpu", "auto"):
            return TrialResult(NO_CUDA)
        if function == "kbvr.formats.video.encoder_trial:try_encoders" and argument in map(",".join, SOFTWARE.values()):
            return TrialResult({argument.split(",")[0]: ""})
        return TrialResult(GOOD[function])

    monkeypatch.setattr(diagnosis, "run_trial", answered)
    return answers


def told(capsys: pytest.CaptureFixture[str], code: int, *options: str) -> str:
    """Run the doctor, which must end with this code and say nothing on stderr; return what it prints."""
    assert main(["doctor", *options]) == code
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


def test_this_machine_can_make_videos(capsys: pytest.CaptureFixture[str]) -> None:
    """The real trials: the CPU agrees with itself, and what is not good names its remedy."""
    entries = json.loads(told(capsys, 0, "--json"))
    assert entries["works"] is True
    found = {entry["what"]: entry for entry in entries["findings"]}
    for what in ("CPU", "H.264", "renderer", "onnxruntime", "folder", *BUILT_IN):
        assert found[what]["state"] == "good", found[what]
    assert found["CPU"]["facts"]["difference"] == 0
    assert found["CPU"]["facts"]["seconds"] > 0
    assert found["H.264"]["facts"]["encoders"]["libx264"] == ""
    assert found["renderer"]["facts"]["difference"] < 1
    assert found["kbvr"]["found"] == kbvr.__version__
    for entry in entries["findings"]:
        assert (entry["remedy"] == "") == (entry["state"] == "good"), entry


def test_the_table_fits_80_columns_and_has_no_colours_in_a_pipe(
    machine: dict[tuple[str, str], TrialResult], capsys: pytest.CaptureFixture[str]
) -> None:
    """Only a remedy, which is copied whole, may be longer; the verdict is first, the marks are explained last."""
    machine["kbvr.nets.device_trial:try_device", "cuda"] = TrialResult(
        failure="crashed (SIGSEGV) " + "and went on " * 20
    )
    lines = told(capsys, 0).splitlines()
    assert lines[0] == "kbvr works here, with problems: see CUDA."
    assert lines[-1] == LEGEND
    assert not [line for line in lines if len(line) > 80 and "->" not in line]
    assert not [line for line in lines if "\x1b" in line]
    assert [line for line in lines if line.startswith("  !! CUDA ")]
    assert [line for line in lines if line.strip() == "-> until this is fixed, use --device cpu"]


def test_a_terminal_gets_colours_and_its_own_width() -> None:
    """The marks say the same without them."""
    finding = Finding("Video", "H.264", "broken", "libx264 does not work: " + "why " * 30, "pip install av")
    lines = list(table([finding], 60))
    assert "\x1b[31m" in lines[0] and "cannot make videos" in lines[0]
    assert any("XX" in line for line in lines)
    assert len([line for line in lines if "why" in line]) > 2


@pytest.mark.parametrize(
    ("function", "argument", "answer", "what"),
    [
        (
            "kbvr.nets.device_trial:described_runtime",
            "",
            TrialResult(failure="ImportError: no libonnxruntime"),
            "onnxruntime",
        ),
        ("kbvr.nets.device_trial:try_device", "cpu", TrialResult(failure="crashed (SIGILL)"), "CPU"),
        ("kbvr.nets.device_trial:try_device", "cpu", TrialResult({**NO_CUDA, "surprising": True}), "CPU"),
        (
            "kbvr.formats.video.encoder_trial:try_encoders",
            "libx264",
            TrialResult({"libx264": "Invalid argument"}),
            "H.264",
        ),
        ("kbvr.formats.video.encoder_trial:try_encoders", "libx264", TrialResult({}), "H.264"),
        ("kbvr.rendering.trial:try_renderer", "", TrialResult(failure="OSError: libkbvr_v2.so"), "renderer"),
        (
            "kbvr.rendering.trial:try_renderer",
            "",
            TrialResult({"instructions": "AVX2", "difference": 30.0}),
            "renderer",
        ),
    ],
)
def test_without_what_a_video_needs_the_exit_code_is_2(
    machine: dict[tuple[str, str], TrialResult],
    capsys: pytest.CaptureFixture[str],
    function: str,
    argument: str,
    answer: TrialResult,
    what: str,
) -> None:
    """And the first line says where to look."""
    machine[function, argument] = answer
    out = told(capsys, 2)
    assert out.splitlines()[0] == f"kbvr cannot make videos here: see {what}."
    assert "-> pip install --force-reinstall" in out or answer.values.get("remedy", "no remedy") in out


@pytest.mark.parametrize(
    ("answer", "state", "said"),
    [
        (
            TrialResult({"ran_on": "CUDA (X)", "difference": 0.004, "seconds": 0.0021}),
            "good",
            "CUDA (X), ran a small network in 2 ms",
        ),
        (
            TrialResult({"ran_on": "CUDA (X)", "difference": 0.3, "seconds": 1.0}),
            "bad",
            "wrong results: they differ from the CPU's by 0.3 of white",
        ),
        (TrialResult({"ran_on": "CUDA (X)", "difference": float("inf"), "seconds": 1.0}), "bad", "by inf of white"),
        (TrialResult(NO_CUDA), "absent", "no NVIDIA driver"),
        (TrialResult({**NO_CUDA, "surprising": True}), "bad", "no NVIDIA driver"),
        (TrialResult(failure="no answer within 60 s"), "bad", "no answer within 60 s"),
    ],
)
def test_a_device_is_judged_by_its_answers(
    machine: dict[tuple[str, str], TrialResult],
    capsys: pytest.CaptureFixture[str],
    answer: TrialResult,
    state: str,
    said: str,
) -> None:
    """Wrong ones and none are told; what the machine never had is no fault; the JSON stays JSON."""
    machine["kbvr.nets.device_trial:try_device", "cuda"] = answer
    findings = json.loads(told(capsys, 0, "--json"))["findings"]
    (cuda_row,) = [finding for finding in findings if finding["what"] == "CUDA"]
    assert cuda_row["state"] == state
    assert said in cuda_row["found"]


def test_a_driver_that_takes_auto_down_is_told(
    machine: dict[tuple[str, str], TrialResult], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every call without --device cpu would end so."""
    machine["kbvr.nets.device_trial:try_device", "auto"] = TrialResult(failure="crashed (SIGSEGV)")
    out = told(capsys, 0)
    assert out.splitlines()[0] == "kbvr works here, with problems: see --device auto."


@pytest.mark.skipif(sys.platform != "linux", reason="the fake driver is built as Linux names it")
def test_a_gpu_is_told_with_its_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name and sizes are the driver's."""
    monkeypatch.setattr(cuda, "DRIVER_LIBRARY", str(driver(tmp_path, cuda=(13, 1), devices=1)))
    (row,) = trials.gpu_findings(TrialResult(cuda.described_devices()))
    assert (row.what, row.state) == ("GPU 0", "good")
    assert row.found == "Fake GPU A, 6.0 GB (5.0 GB free); the driver supports CUDA 13.1"


def test_two_builds_of_onnxruntime_at_once_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them overwrites files of the other; the remedy keeps the one with the GPU."""
    installed = {"onnxruntime": "1.30.0", "onnxruntime-gpu": "1.31.1"}
    monkeypatch.setattr(trials, "_version_of", installed.get)
    runtime = TrialResult(GOOD["kbvr.nets.device_trial:described_runtime"])
    *_, row = trials.version_findings(runtime)
    assert row.state == "bad"
    assert "onnxruntime-gpu 1.31.1 and onnxruntime 1.30.0" in row.found
    assert row.remedy.startswith("pip uninstall -y onnxruntime-gpu onnxruntime && pip install")
    assert row.remedy.endswith(" onnxruntime-gpu")
    del installed["onnxruntime"]
    *_, row = trials.version_findings(runtime)
    assert (row.state, row.remedy) == ("good", "")


def test_a_hardware_encoder_that_crashes_takes_no_other_with_it(
    machine: dict[tuple[str, str], TrialResult], capsys: pytest.CaptureFixture[str]
) -> None:
    """H.264 works on the processor all the same; the JSON says what happened."""
    machine["kbvr.formats.video.encoder_trial:try_encoders", ",".join(HARDWARE["H.264"])] = TrialResult(
        failure="crashed (SIGSEGV)"
    )
    findings = json.loads(told(capsys, 0, "--json"))["findings"]
    (row,) = [finding for finding in findings if finding["what"] == "H.264"]
    assert (row["state"], row["found"]) == ("good", "libx264")
    assert row["facts"]["failures"] == ["crashed (SIGSEGV)"]


def test_an_encoder_is_given_pictures_and_one_that_is_none_is_left_out() -> None:
    """libx264 is always in PyAV; a decoder under its name is no encoder, and says so."""
    tried = try_encoders("libx264,no_such_encoder,libdav1d")
    assert tried["libx264"] == ""
    assert "no_such_encoder" not in tried
    assert tried["libdav1d"] != ""


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], ""),
        ([b"W: not of onnxruntime\n", b"2026 [W:onnxruntime:Default, x.cc:1 F] a warning\n"], ""),
        (
            [b"\x1b[1;31m2026 [E:onnxruntime:Default, b.cc:24 F()] G() : 1 : FAIL : No x.so: y.so is gone\n\x1b[m\n"],
            "No x.so: y.so is gone",
        ),
        (
            [b"2026 [E:onnxruntime:Default, f.cc:1 G] first\n", b"2026 [E:onnxruntime:, f.cc:9 H()] CUDA failure 35\n"],
            "CUDA failure 35",
        ),
    ],
)
def test_onnxruntimes_own_complaint_is_told_without_what_only_its_authors_need(lines: list[bytes], said: str) -> None:
    """The last error; warnings are none."""
    assert last_error(lines) == said


def network_row(name: str, *, deep: bool) -> Finding | None:
    """Return what is found of a network file, None if it has no row of its own."""
    return next((row for row in files.network_findings(deep=deep) if row.what == name), None)


def test_a_fetched_network_is_compared_with_its_card_only_if_that_is_asked(home: Path) -> None:
    """A wrong file of some hundred megabytes is found by --deep; without it the row says that nobody looked."""
    name = next(iter(FETCHED))
    assert network_row(name, deep=True) is None
    path = card_of(name).path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not this")
    quick, deep = network_row(name, deep=False), network_row(name, deep=True)
    assert quick is not None and quick.state == "good" and "--deep" in quick.found
    assert deep is not None and deep.state == "bad" and name in deep.remedy
    assert can_work([deep])


def test_a_damaged_network_of_our_own_is_fatal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is always compared, being small."""
    name = next(iter(BUILT_IN))
    (tmp_path / card_of(name).file).write_bytes(b"half a file")
    damaged = replace(card_of(name), folder=tmp_path)
    real = card_of
    monkeypatch.setattr(files, "card_of", lambda asked: damaged if asked == name else real(asked))
    row = network_row(name, deep=False)
    assert row is not None and row.state == "broken"
    (tmp_path / damaged.file).unlink()
    row = network_row(name, deep=False)
    assert row is not None and row.state == "broken" and "No such file" in row.found


def test_files_that_kbvr_does_not_know_are_listed(home: Path) -> None:
    """They may be a person's own."""
    (home / "models").mkdir(parents=True)
    (home / "models" / "mine.onnx").touch()
    row = network_row("others", deep=False)
    assert row is not None and row.found == "mine.onnx"


def test_a_folder_that_is_not_there_yet_is_judged_by_where_it_would_be(home: Path) -> None:
    """It is not made by looking."""
    row = files.folder_finding(home / "models")
    assert row.state == "good"
    assert row.facts["free_bytes"] > 0
    assert not home.exists()


def test_a_folder_that_cannot_be_written_to_or_is_full_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variable that names another."""
    monkeypatch.setattr(files, "MIN_FREE_BYTES", 1 << 60)
    row = files.folder_finding(home)
    assert row.state == "bad" and "KBVR_HOME" in row.remedy and "free" in row.found

    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files, "TemporaryFile", refuse)
    row = files.folder_finding(home)
    assert row.state == "bad" and "cannot be written to" in row.found and "KBVR_HOME" in row.remedy


@pytest.mark.skipif(sys.platform != "linux", reason="the fake driver is built as Linux names it")
def test_a_machine_with_a_driver_and_nothing_else_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the real trial in its own process, which finds the fake driver as it would find NVIDIA's."""
    driver(tmp_path)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    answer = run_trial("kbvr.nets.device_trial:try_device", "cuda")
    if "problem" not in answer.values or "libraries" not in answer.values["problem"]:
        pytest.skip(f"this machine does not lack CUDA's libraries alone: {answer}")
    row = trials.device_finding("cuda", "CUDA", answer)
    assert (row.state, row.remedy) == ("bad", 'pip install "kbvr[cuda]"')
    (gpu, *_) = trials.gpu_findings(run_trial("kbvr.system.cuda_driver:described_devices"))
    assert gpu.found.startswith("Fake GPU A, 6.0 GB")


@pytest.mark.parametrize("works", [True, False])
def test_tensorrt_is_tried_only_where_cuda_works(
    machine: dict[tuple[str, str], TrialResult], capsys: pytest.CaptureFixture[str], works: bool
) -> None:
    """It has minutes to answer in, which a driver that hangs must not use up a second time."""
    if sys.platform == "darwin":
        pytest.skip("there is neither on this system")
    fine = TrialResult({"ran_on": "CUDA (X)", "difference": 0.0, "seconds": 0.001})
    machine["kbvr.nets.device_trial:try_device", "cuda"] = (
        fine if works else TrialResult(failure="no answer within 60 s")
    )
    machine["kbvr.nets.device_trial:try_device", "tensorrt"] = fine
    findings = json.loads(told(capsys, 0, "--json"))["findings"]
    (row,) = [finding for finding in findings if finding["what"] == "TensorRT"]
    assert row["state"] == ("good" if works else "absent")
    assert works or "requires CUDA" in row["found"]


@pytest.mark.parametrize(
    ("answer", "state", "said"),
    [
        ({"drawn_on": "NVIDIA A", "difference": 0.01}, "good", "on NVIDIA A"),
        ({"drawn_on": "NVIDIA A", "difference": 9.0}, "bad", "a frame of NVIDIA A differs"),
        ({"problem": "no NVIDIA driver", "remedy": ""}, "absent", "not used: no NVIDIA driver"),
    ],
)
def test_it_says_what_draws_the_pictures(answer: dict[str, Any], state: str, said: str) -> None:
    """The GPU where it agrees with the CPU; else why not, and what to do."""
    finding = trials.drawing_finding(TrialResult(answer))
    assert (finding.state, finding.found.startswith(said)) == (state, True)
    assert (finding.remedy == "") == (state == "good")
    assert trials.drawing_finding(TrialResult(failure="crashed (SIGSEGV)")).state == "bad"
