"""`kbvr models`: what a person reads about the networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbvr.cli.main import main
from kbvr.nets import BUILT_IN, FETCHED, card_of

NAMES = (*BUILT_IN, *FETCHED)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the person at this machine has fetched out of the tests."""
    monkeypatch.setenv("KBVR_HOME", str(tmp_path))


def test_the_list_names_every_network_with_its_licence(capsys: pytest.CaptureFixture[str]) -> None:
    """And says of which of them the file is not there."""
    assert main(["models", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [[name, card_of(name).licence] for name in NAMES]
    assert ["not here" in line for line in lines] == [name in FETCHED for name in NAMES]


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
