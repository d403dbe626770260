"""`kbvr models`: what a person reads about the networks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from file_server import CONTENT, card_for, known

from kbvr.cli.main import main
from kbvr.nets import BUILT_IN, FETCHED, card_of
from kbvr.nets.model_card import card_text

NAMES = (*BUILT_IN, *FETCHED)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the person at this machine has fetched out of the tests."""
    monkeypatch.setenv("KBVR_HOME", str(tmp_path))


def test_without_a_subcommand_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    bare = capsys.readouterr()
    assert main(["models", "--help"]) == 0
    assert bare == capsys.readouterr()
    assert not bare.err and "\n  pull  Download a network" in bare.out


def test_the_list_names_every_network_with_licence_size_and_whereabouts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of those whose file is not there it says what brings it; one that was added is in it too."""
    known(card_for("", name="mine"), tmp_path)
    (tmp_path / "models" / "migan_pipeline_v2.onnx").write_bytes(b"x" * 1_200_000)
    assert main(["models", "list"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert list(lines) == [*NAMES, "mine"]
    for name, line in lines.items():
        assert card_of(name).licence in line and card_of(name).task in line
    assert all("built in" in lines[name] for name in BUILT_IN)
    assert "1.2 MB  installed" in lines["migan"]
    assert "208.0 MB  not installed: kbvr models pull lama" in lines["lama"]
    assert "not installed: kbvr models add FILE" in lines["mine"]


def test_the_list_is_told_to_programs_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All that the cards say, and what is known of the files; the same for one network."""
    assert main(["models", "list", "--json"]) == 0
    told = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert list(told) == list(NAMES)
    for name, entry in told.items():
        assert entry["built_in"] == entry["here"] == (name in BUILT_IN)
        assert entry["sha256"] == card_of(name).sha256 and entry["path"] == str(card_of(name).path)
    assert told["depth-anything-v2-small"]["depth"]["scaling"] == "imagenet"
    assert told["lama"]["size_bytes"] == 208_044_816
    assert main(["models", "show", "lama", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == told["lama"]


def test_networks_come_and_go(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Added with its licence shown, listed, pulled without a word to the network, removed."""
    card = card_for("https://a.example/x", name="mine", non_commercial=True)
    brought = tmp_path / "brought"
    brought.mkdir()
    (brought / "mine.onnx").write_bytes(CONTENT)
    (brought / "mine.json").write_text(card_text(card))
    assert main(["models", "add", str(brought)]) == 0
    came = capsys.readouterr()
    assert str(tmp_path / "models" / "mine.onnx") in came.out
    assert "CC BY-NC 4.0, which forbids commercial use" in came.err
    assert main(["models", "pull", "mine"]) == 0
    assert "already installed" in capsys.readouterr().out
    assert main(["models", "rm", "mine"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["models", "rm", "mine"]) == 2
    assert capsys.readouterr().err == f"kbvr: the network must be one of {', '.join(NAMES)}, got 'mine'\n"


def test_a_broken_card_is_told_and_the_rest_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "broken.json").write_text("{")
    assert main(["models", "list"]) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == len(NAMES)
    assert told.err.startswith("kbvr: expected a model card") and len(told.err.splitlines()) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_card_is_shown_whole(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Origin, training, licence, figures and limits, each as its file says them."""
    assert main(["models", "show", name]) == 0
    told = capsys.readouterr().out
    card = card_of(name)
    for text in (card.licence, card.source, card.trained_on, card.sizes, card.limits, card.sha256, card.task):
        assert text in told
    for figure, value in card.figures.items():
        assert f"{figure.replace('_', ' ')}: {value:g}" in told


def test_a_network_that_is_not_there_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "nonsense"]) == 2
    assert capsys.readouterr().err == f"kbvr: the network must be one of {', '.join(NAMES)}, got 'nonsense'\n"
