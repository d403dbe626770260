"""Untrusted networks: whatever they do costs one line, limited time and limited memory, and crashes nothing."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from endless_networks import PICTURE, PLANE, averaging, constant, endless, expanding, saved
from onnx import helper
from PIL import Image

from kbvr.cli.main import main
from kbvr.depth.networks import depth_network
from kbvr.depth.predict import predict_depth
from kbvr.errors import InputError, OutOfMemoryError
from kbvr.inpaint.choose import filler_named
from kbvr.nets import built_in_card, open_network, open_session
from kbvr.nets import isolated_network as foreign
from kbvr.nets.isolated_network_worker import MEMORY_EXIT
from kbvr.system.isolated_process import EndedError

RGB = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Image.fromarray(RGB).save(path)
    return path


def sequence(path: Path) -> Path:
    """Save a network that outputs a sequence of tensors."""
    graph = helper.make_graph(
        [helper.make_node("SequenceConstruct", ["rgb01"], ["depth"])],
        "g",
        [helper.make_tensor_value_info("rgb01", onnx.TensorProto.FLOAT, PICTURE)],
        [helper.make_tensor_sequence_value_info("depth", onnx.TensorProto.FLOAT, None)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def without_output(path: Path) -> Path:
    return saved(path, [helper.make_node("Identity", ["rgb01"], ["y"])], {"rgb01": PICTURE}, {})


def with_unknown_operator(path: Path) -> Path:
    return saved(path, [helper.make_node("Nowhere", ["rgb01"], ["y"], domain="x")], {"rgb01": PICTURE}, {"y": PLANE})


def with_weights_elsewhere(path: Path, location: str = "/etc/passwd") -> Path:
    """Save a network whose weights are in another file."""
    saved(path, [helper.make_node("Add", ["rgb01", "w"], ["y"])], {"rgb01": PICTURE}, {"y": PICTURE})
    model = onnx.load(path)
    weights = onnx.TensorProto(name="w", data_type=1, dims=[1], data_location=1)
    entry = weights.external_data.add()
    entry.key, entry.value = "location", location
    model.graph.initializer.append(weights)
    path.write_bytes(model.SerializeToString())
    return path


def of_many_dimensions(path: Path) -> Path:
    """Save a network whose input has more dimensions than numpy supports."""
    return saved(path, [helper.make_node("Identity", ["rgb01"], ["y"])], {"rgb01": [1] * 200}, {"y": [1] * 200})


def with_a_name_that_is_no_text(path: Path) -> Path:
    content = averaging(path, PICTURE).read_bytes()
    path.write_bytes(content.replace(b"rgb01", b"rgb\xff1"))
    return path


def cut_off(path: Path) -> Path:
    content = averaging(path, PICTURE).read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (of_many_dimensions, "expected inputs of at most 8 dimensions"),
        (with_a_name_that_is_no_text, "names in UTF-8"),
        (without_output, "output, got .* without one"),
        (sequence, r"expected tensors, got .* with depth, which is seq\(tensor\(float\)\)"),
        (lambda path: averaging(path, (1, 3, 0, 0)), "expected sides of 1 to 16384, got .* with rgb01 of 1x3x0x0"),
        (lambda path: averaging(path, (1, 3, 10**6, 10**6)), "expected sides of 1 to 16384"),
        (lambda path: averaging(path, (7, 3, "h", "w")), "one picture at a time, got .* 7 at a time"),
        (lambda path: averaging(path, (1, 4, "h", "w")), r"float32 \(1, 3, height, width\)"),
        (lambda path: expanding(path, 1, 1, 0, 0), r"map about as large as the picture .* got depth of shape .*0, 0"),
        (lambda path: expanding(path, 1, 1, 4000, 4000), r"map about as large as the picture .*4000, 4000"),
        (lambda path: expanding(path, 1, 5, 40, 40), "one map"),
        (lambda path: constant(path, np.full((1, 1, 40, 40), np.nan)), "finite numbers"),
        (lambda path: constant(path, np.full((1, 1, 40, 40), -np.inf)), "finite numbers"),
        (lambda path: constant(path, np.full((1, 1, 40, 40), 1e30)), r"numbers up to 1e\+18"),
        (with_unknown_operator, "expected an ONNX network"),
        (with_weights_elsewhere, "expected an ONNX network, got .*Absolute path not allowed"),
        (
            lambda path: with_weights_elsewhere(path, "../../w.bin"),
            "expected an ONNX network, got .*External data path",
        ),
        (lambda path: with_weights_elsewhere(path, "setup.py"), "expected an ONNX network"),
        (cut_off, "expected an ONNX network"),
    ],
)
def test_a_network_that_cannot_be_used_costs_one_line(photo: Path, make, complaint: str, capfd) -> None:
    """On the command line: exit code 2, nothing written, and one line on stderr."""
    network = make(photo.with_name("network.onnx"))
    out = photo.with_name("out")
    assert main(["export", "--depth-map", "png", str(photo), "-o", str(out), "--depth-model", str(network)]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    with pytest.raises(AssertionError, match=complaint):
        raise AssertionError(line)
    assert not out.exists()


@pytest.mark.parametrize("number", [0, 1, 2, 4, 6, 7])
def test_networks_of_the_fuzzing_campaign_cost_one_line(number: int, photo: Path, shared: Path, capfd) -> None:
    """Files of the fuzzing campaign."""
    network = shared / "cases" / f"model_{number}.onnx"
    arguments = ["--depth-map", "png", "--depth-model", str(network)]
    assert main(["export", str(photo), "-o", str(photo.parent), *arguments]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("kbvr: ") and "bug" not in line
    assert sorted(path.name for path in photo.parent.iterdir()) == ["a.png"]


@pytest.mark.parametrize("value", [0.0, -3.0, 1e17, 1e-40])
def test_a_network_with_a_constant_output_makes_a_picture(photo: Path, value: float) -> None:
    """A constant depth is a valid scene."""
    network = constant(photo.with_name("network.onnx"), np.full((1, 1, 40, 40), value))
    out = photo.with_name("out")
    assert main(["export", "--still", "jps", str(photo), "-o", str(out), "--depth-model", str(network), "-q"]) == 0


def test_a_network_that_never_finishes_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its trial run, before a photo is resized for it; the next network gets a new process."""
    monkeypatch.setattr(foreign, "FIRST_LIMIT_S", 2.0)
    start = time.monotonic()
    with pytest.raises(InputError, match=r"an answer within 2 s, got none from .*endless\.onnx"):
        depth_network(endless(tmp_path / "endless.onnx"))
    assert time.monotonic() - start < 20
    assert depth_network(averaging(tmp_path / "good.onnx", PICTURE)).fixed_size_px is None


def test_a_network_of_a_fixed_size_is_killed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first picture is the trial run."""
    monkeypatch.setattr(foreign, "FIRST_LIMIT_S", 2.0)
    network = depth_network(endless(tmp_path / "endless.onnx", {"rgb01": (1, 3, 32, 64)}))
    with pytest.raises(InputError, match="an answer within 2 s"):
        predict_depth(network, RGB)


def test_a_network_must_keep_its_memory_limit(tmp_path: Path) -> None:
    """It requires 40 GB; the message names the limit."""
    greedy = expanding(tmp_path / "greedy.onnx", 1, 1, 100_000, 100_000)
    with pytest.raises(OutOfMemoryError, match=r"greedy\.onnx requires more memory than its limit of 700 MB"):
        depth_network(greedy, max_bytes=700_000_000)


def test_used_memory_is_watched_where_the_system_has_no_limit(tmp_path: Path, monkeypatch) -> None:
    """As on macOS, and with CUDA: the process checks its memory itself, and ends."""
    greedy = expanding(tmp_path / "greedy.onnx", 1, 1, 20_000, 20_000)
    asked = foreign.Request
    monkeypatch.setattr(foreign, "Request", lambda *arguments: asked(*arguments[:3]))
    codes: list[int] = []
    explained = foreign._explained

    def noted(error: EndedError, *rest: object) -> Exception:
        codes.append(error.exit_code)
        return explained(error, *rest)

    monkeypatch.setattr(foreign, "_explained", noted)
    with pytest.raises(OutOfMemoryError, match="limit of 600 MB"):
        depth_network(greedy, max_bytes=600_000_000)
    assert codes == [MEMORY_EXIT]


def test_max_memory_reaches_the_network(photo: Path, capfd) -> None:
    network = expanding(photo.with_name("greedy.onnx"), 1, 1, 20_000, 20_000)
    arguments = ["--depth-model", str(network), "--max-memory", "900MB"]
    assert main(["export", "--depth-map", "png", str(photo), "-o", str(photo.parent), *arguments]) == 2
    assert "greedy.onnx requires more memory than its limit of 900 MB" in capfd.readouterr().err


def test_a_crash_costs_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next call gets a new process."""
    network = open_network(averaging(tmp_path / "network.onnx", PICTURE))
    picture = {"rgb01": np.ones((1, 3, 32, 32), np.float32)}
    monkeypatch.setattr(foreign, "_WORKER", "nets.test_isolated_network")
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[1]), *sys.path])
    foreign._processes.clear()
    with pytest.raises(InputError, match=r"network that runs, got .*network\.onnx: onnxruntime crashed"):
        network.run(None, picture)
    monkeypatch.undo()
    assert np.array_equal(network.run(None, picture)[0], np.ones((1, 1, 32, 32), np.float32))


def run(*_: object) -> None:
    """Crash, as a worker."""
    os.abort()


def test_a_process_that_ended_when_idle_is_restarted(tmp_path: Path) -> None:
    """It opens the network again."""
    network = open_network(averaging(tmp_path / "network.onnx", PICTURE))
    for process in foreign._processes.values():
        process.close()
    (mean,) = network.run(None, {"rgb01": np.full((1, 3, 32, 32), 0.5, np.float32)})
    assert np.allclose(mean, 0.5)


def test_networks_that_ship_with_kbvr_run_in_this_process(tmp_path: Path) -> None:
    """Also copies of their files, which have the same checksum."""
    card = built_in_card("kbvr-fill")
    copy = tmp_path / "renamed.onnx"
    copy.write_bytes(card.path.read_bytes())
    assert not isinstance(open_network(copy), foreign.ForeignSession)
    assert open_network(card) is open_session(card)


def test_without_a_second_process_a_network_runs_in_this_one(tmp_path: Path, monkeypatch, caplog) -> None:
    """With a warning."""

    def refused(*_: object) -> None:
        raise foreign.NotStartedError("no more processes")

    monkeypatch.setattr(foreign, "_process", refused)
    session = open_network(averaging(tmp_path / "here.onnx", (1, 3, "h", 64)))
    assert not isinstance(session, foreign.ForeignSession)
    assert "can crash this program" in caplog.text and "no more processes" in caplog.text


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_a_pipe_is_not_a_network(tmp_path: Path) -> None:
    """Opening it would block until something is written to it."""
    os.mkfifo(tmp_path / "pipe.onnx")
    (tmp_path / "folder.onnx").mkdir()
    for name, complaint in (("pipe.onnx", "which is a pipe"), ("folder.onnx", "which is a folder")):
        with pytest.raises(InputError, match=complaint):
            depth_network(tmp_path / name)


FILLING = {"rgb01": PICTURE, "inverse_depth": PLANE, "known": PLANE}


@pytest.mark.parametrize(
    ("nodes", "outputs", "complaint"),
    [
        ([("Identity", ["rgb01"], ["rgb"])], {"rgb": PICTURE}, "expected 2 outputs .* got 1"),
        (
            [("Identity", ["rgb01"], ["rgb"]), ("Identity", ["rgb01"], ["d"])],
            {"rgb": PICTURE, "d": PICTURE},
            r"output of shape \(1, 1, .*got \(1, 3,",
        ),
        (
            [("Identity", ["rgb01"], ["rgb"]), ("Log", ["inverse_depth"], ["l"]), ("Log", ["l"], ["d"])],
            {"rgb": PICTURE, "d": PLANE},
            "finite numbers from the filling network",
        ),
    ],
)
def test_outputs_of_fillers_are_checked(tmp_path: Path, nodes, outputs, complaint: str) -> None:
    """Their number, shape and values."""
    made = [helper.make_node(*node) for node in nodes]
    filler = filler_named(saved(tmp_path / "filler.onnx", made, FILLING, outputs))
    hole = np.zeros((64, 96), bool)
    hole[20:40, 30:60] = True
    with pytest.raises(InputError, match=complaint):
        filler(RGB[:64, :96], np.full((64, 96), 0.5, np.float32), hole=hole, source=~hole)
