"""Model cards and sessions, with a network small enough to know its answers."""

from __future__ import annotations

import hashlib
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from kbvr.errors import InputError
from kbvr.nets import BUILT_IN, Card, Tensor, built_in_card, open_session, read_card, session
from kbvr.nets.card import card_text


@pytest.fixture
def doubler(tmp_path) -> Card:
    """Return the card of a network that doubles its input."""
    value = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in ("x", "y")}
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "doubler", [value["x"]], [value["y"]])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, tmp_path / "doubler.onnx")
    return Card(
        name="doubler",
        file="doubler.onnx",
        sha256=hashlib.sha256((tmp_path / "doubler.onnx").read_bytes()).hexdigest(),
        licence="MIT",
        source="this test",
        task="double",
        inputs=(Tensor("x", "float32", ("n",), "anything"),),
        outputs=(Tensor("y", "float32", ("n",), "twice x"),),
        normalisation="none",
        sizes="any",
        trained_on="nothing",
        figures={"error": 0.0},
        limits="none",
        folder=tmp_path,
    )


@pytest.fixture
def no_driver(monkeypatch):
    """Make this a machine whose onnxruntime has CUDA but which has no driver."""
    providers = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: providers)
    monkeypatch.setattr(session, "device_count", lambda: 0)
    session.cuda_problem.cache_clear()
    yield
    session.cuda_problem.cache_clear()


def test_a_card_survives_its_file(doubler, tmp_path):
    """What is written is what is read."""
    path = tmp_path / "doubler.json"
    path.write_text(card_text(doubler), "utf-8")
    assert read_card(path) == doubler


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"inputs": [], "outputs": [], "figures": {}}', "\xff"])
def test_a_file_that_is_no_card_is_refused_in_one_line(text, tmp_path):
    """An InputError, whatever is wrong with it."""
    path = tmp_path / "card.json"
    path.write_text(text, "latin-1")
    with pytest.raises(InputError, match="wanted a model card") as caught:
        read_card(path)
    assert "\n" not in str(caught.value)


def test_a_missing_card_is_refused(tmp_path):
    """With the path that was wanted."""
    with pytest.raises(InputError, match=r"none\.json"):
        read_card(tmp_path / "none.json")


def test_an_unknown_network_is_answered_with_the_known_ones():
    """A typo is put right without a look at the docs."""
    with pytest.raises(InputError, match="kbvr-depth"):
        open_session("kbvr-dept")


def test_a_session_computes(doubler):
    """On the CPU, with any number of threads."""
    x = np.arange(5, dtype=np.float32)
    for threads in (None, 1, 2):
        (y,) = open_session(doubler, "cpu", threads).run(None, {"x": x})
        assert (y == 2 * x).all()


def test_the_same_call_gives_the_same_session(doubler):
    """Also when several threads ask at once: a network is loaded once."""
    with ThreadPoolExecutor(4) as pool:
        sessions = list(pool.map(lambda _: open_session(doubler, "cpu"), range(8)))
    assert len({id(opened) for opened in sessions}) == 1
    assert open_session(doubler, "cpu", threads=3) is not sessions[0]


def test_a_damaged_network_is_refused(doubler):
    """One byte more, and the sum is another."""
    doubler.path.write_bytes(doubler.path.read_bytes() + b"\0")
    with pytest.raises(InputError, match="sha256"):
        open_session(doubler)


def test_a_missing_network_is_refused(doubler):
    """With the path that was wanted."""
    with pytest.raises(InputError, match=r"gone\.onnx"):
        open_session(replace(doubler, file="gone.onnx"))


@pytest.mark.parametrize(("device", "threads"), [("gpu", None), ("", None), ("cpu", 0), ("cpu", -1)])
def test_a_wrong_device_or_number_of_threads_is_refused(doubler, device, threads):
    """Before anything is loaded."""
    with pytest.raises(InputError, match=r"device must be|threads must be"):
        open_session(doubler, device, threads)


def test_without_a_driver_auto_means_the_cpu_and_nothing_is_said(doubler, no_driver, capfd, caplog):
    """A machine without CUDA is nothing to complain about."""
    with caplog.at_level(logging.WARNING):
        opened = open_session(doubler, "auto")
    assert opened.get_providers() == ["CPUExecutionProvider"]
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_without_a_driver_cuda_is_refused_with_the_reason(doubler, no_driver, capfd):
    """In one line, and without onnxruntime's own pages."""
    with pytest.raises(InputError, match="no NVIDIA driver"):
        open_session(doubler, "cuda")
    assert capfd.readouterr() == ("", "")


def only_cpu(make_session):
    """Return onnxruntime's constructor as it behaves where CUDA's libraries cannot be loaded."""
    cpu = ["CPUExecutionProvider"]
    return lambda network, options, **_: make_session(network, options, providers=cpu)


def test_with_a_driver_but_no_libraries_the_cpu_is_taken_with_a_warning(doubler, no_driver, monkeypatch, capfd, caplog):
    """The CPU's answer is right, but the owner of the device wants to know."""
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None)
    monkeypatch.setattr(onnxruntime, "InferenceSession", only_cpu(onnxruntime.InferenceSession))
    monkeypatch.setattr(session, "device_count", lambda: 1)
    with caplog.at_level(logging.WARNING, logger="kbvr"):
        opened = open_session(doubler, "auto", threads=4)
    assert opened.get_providers() == ["CPUExecutionProvider"]
    assert "kbvr[cuda]" in caplog.text
    assert capfd.readouterr() == ("", "")
    with pytest.raises(InputError, match=r"kbvr\[cuda\]"):
        open_session(doubler, "cuda", threads=4)


def test_counting_devices_never_fails():
    """With or without a driver."""
    assert session.device_count() >= 0


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_network_is_what_its_card_says(name):
    """Right sum, names, element types and numbers of dimensions; every line of the card is filled in."""
    card = built_in_card(name)
    opened = open_session(card, "cpu")
    for said, found in ((card.inputs, opened.get_inputs()), (card.outputs, opened.get_outputs())):
        assert [(t.name, len(t.shape)) for t in said] == [(t.name, len(t.shape)) for t in found]
        assert all(t.type == "tensor(float)" and s.dtype == "float32" for s, t in zip(said, found, strict=True))
    assert all((card.licence, card.source, card.task, card.trained_on, card.limits, card.figures))


@pytest.mark.parametrize("size_px", [(256, 192), (192, 320), (32, 32)])
def test_kbvr_depth_takes_any_multiple_of_32(size_px):
    """Outputs have the size of the input, are finite, and the sky is a probability."""
    width, height = size_px
    rgb01 = np.random.default_rng(0).random((1, 3, height, width), np.float32)
    inverse_depth, sky = open_session("kbvr-depth", "cpu").run(None, {"rgb01": rgb01})
    assert inverse_depth.shape == sky.shape == (1, 1, height, width)
    assert np.isfinite(inverse_depth).all()
    assert ((sky >= 0) & (sky <= 1)).all()
