"""Model cards and sessions, with a network whose outputs are known."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from kbvr.errors import InputError
from kbvr.nets import BUILT_IN, Card, Tensor, built_in_card, open_session, read_card
from kbvr.nets.device_trial import TOLERANCE
from kbvr.nets.model_card import card_text
from kbvr.nets.providers import PROVIDERS, problem_with


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


def test_a_card_survives_its_file(doubler, tmp_path):
    """What is written is what is read."""
    path = tmp_path / "doubler.json"
    path.write_text(card_text(doubler), "utf-8")
    assert read_card(path) == doubler


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"inputs": [], "outputs": [], "figures": {}}', "\xff"])
def test_a_file_that_is_not_a_card_is_refused_in_one_line(text, tmp_path):
    """An InputError, whatever is wrong with it."""
    path = tmp_path / "card.json"
    path.write_text(text, "latin-1")
    with pytest.raises(InputError, match="expected a model card") as caught:
        read_card(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "figures", [{"error": "none"}, {"error": float("nan")}, {"error": 10**400}, {"error": True}, [1]]
)
def test_figures_of_a_card_are_finite_numbers(figures, doubler, tmp_path):
    """`kbvr models show` prints them as such."""
    path = tmp_path / "card.json"
    path.write_text(json.dumps({**json.loads(card_text(doubler)), "figures": figures}), "utf-8")
    with pytest.raises(InputError, match="figures must be an object of finite numbers"):
        read_card(path)


@pytest.mark.parametrize("change", [{"meaning": float("nan")}, {"name": 3}, {"shape": [1.5]}, {"shape": [None]}])
def test_tensors_of_a_card_are_texts_and_whole_numbers(change, doubler, tmp_path):
    """`kbvr models show --json` prints them as such."""
    path, card = tmp_path / "card.json", json.loads(card_text(doubler))
    card["inputs"][0] |= change
    path.write_text(json.dumps(card), "utf-8")
    with pytest.raises(InputError, match="of a tensor must"):
        read_card(path)


def test_a_missing_card_is_refused(tmp_path):
    """The message contains the path."""
    with pytest.raises(InputError, match=r"none\.json"):
        read_card(tmp_path / "none.json")


def test_the_message_for_an_unknown_network_lists_the_known_ones():
    """So that a typo is easy to correct."""
    with pytest.raises(InputError, match="kbvr-depth"):
        open_session("kbvr-dept")


def test_a_session_computes(doubler):
    """On the CPU, with any number of threads."""
    x = np.arange(5, dtype=np.float32)
    for threads in (None, 1, 2):
        (y,) = open_session(doubler, "cpu", threads).run(None, {"x": x})
        assert (y == 2 * x).all()


def test_the_same_call_gives_the_same_session(doubler):
    """Also when several threads call at once."""
    with ThreadPoolExecutor(4) as pool:
        sessions = list(pool.map(lambda _: open_session(doubler, "cpu"), range(8)))
    assert len({id(opened) for opened in sessions}) == 1
    assert open_session(doubler, "cpu", threads=3) is not sessions[0]


def test_a_damaged_network_is_refused(doubler):
    """One extra byte changes the checksum."""
    doubler.path.write_bytes(doubler.path.read_bytes() + b"\0")
    with pytest.raises(InputError, match="sha256"):
        open_session(doubler)


def test_a_missing_network_is_refused(doubler):
    """The message contains the path."""
    with pytest.raises(InputError, match=r"gone\.onnx"):
        open_session(replace(doubler, file="gone.onnx"))


@pytest.mark.parametrize(("device", "threads"), [("gpu", None), ("", None), ("cpu", 0), ("cpu", -1), ("cpu", 100_000)])
def test_a_wrong_device_or_number_of_threads_is_refused(doubler, device, threads):
    """Before anything is loaded."""
    with pytest.raises(InputError, match=r"device must be|threads must be"):
        open_session(doubler, device, threads)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_network_is_what_its_card_says(name):
    """Checksum, names, types and dimensions match, and every field of the card is filled in."""
    card = built_in_card(name)
    opened = open_session(card, "cpu")
    for said, found in ((card.inputs, opened.get_inputs()), (card.outputs, opened.get_outputs())):
        assert [(t.name, len(t.shape)) for t in said] == [(t.name, len(t.shape)) for t in found]
        assert all(t.type == "tensor(float)" and s.dtype == "float32" for s, t in zip(said, found, strict=True))
    assert all((card.licence, card.source, card.task, card.trained_on, card.limits, card.figures))


@pytest.mark.parametrize("size_px", [(256, 192), (192, 320), (32, 32)])
def test_kbvr_depth_takes_any_multiple_of_32(size_px):
    """Outputs have the size of the input, are finite; sky and confidence are from 0 to 1."""
    width, height = size_px
    rgb01 = np.random.default_rng(0).random((1, 3, height, width), np.float32)
    inverse_depth, sky, confidence = open_session("kbvr-depth", "cpu").run(None, {"rgb01": rgb01})
    assert inverse_depth.shape == sky.shape == confidence.shape == (1, 1, height, width)
    assert np.isfinite(inverse_depth).all()
    assert all(((share >= 0) & (share <= 1)).all() for share in (sky, confidence))


@pytest.mark.parametrize("device", PROVIDERS)
def test_a_device_gives_the_answers_of_the_cpu(device, capfd):
    """All built-in networks, at two sizes; only where there is such a device."""
    problem = problem_with(device)
    if problem is not None:
        pytest.skip(str(problem))
    for name, bound in (("kbvr-depth", 0.05), ("kbvr-fill", TOLERANCE), ("kbvr-color", 0.05)):
        on_device, on_cpu = open_session(name, device), open_session(name, "cpu")
        assert on_device.get_providers()[0] == PROVIDERS[device].execution_provider
        for width, height in ((64, 64), (96, 64)):
            random = np.random.default_rng(0)
            shapes = {tensor.name: int(tensor.shape[1]) for tensor in built_in_card(name).inputs}
            feeds = {key: random.random((1, planes, height, width), np.float32) for key, planes in shapes.items()}
            answers, wanted = on_device.run(None, feeds), on_cpu.run(None, feeds)
            assert all(answer.shape == exact.shape for answer, exact in zip(answers, wanted, strict=True))
            assert max(float(np.abs(a - b).max()) for a, b in zip(answers, wanted, strict=True)) < bound
        assert on_device.get_providers()[0] == PROVIDERS[device].execution_provider
    assert capfd.readouterr() == ("", "")
