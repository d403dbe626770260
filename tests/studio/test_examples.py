"""The photos that people can try."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from studio_client import Client, opened_studio

from kbvr.studio.example_photos import EXAMPLE_PHOTOS, FOLDER

MAX_BYTES = 80_000


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with opened_studio(tmp_path_factory.mktemp("parent") / "projects") as opened:
        yield opened


def test_each_example_is_small_and_has_an_author_and_a_licence():
    named = (FOLDER / "credits.txt").read_text("utf-8")
    assert {path.stem for path in FOLDER.glob("*.jpg")} == {example.name for example in EXAMPLE_PHOTOS}
    for example in EXAMPLE_PHOTOS:
        assert example.path.stat().st_size <= MAX_BYTES
        assert f"{example.name}.jpg " in named


@pytest.mark.parametrize("example", EXAMPLE_PHOTOS, ids=lambda example: example.name)
def test_an_example_becomes_a_project(client, example):
    """A copy of its photo, under its name."""
    assert {"name": example.name, "title": example.title} in client.json("GET", "api/examples")
    status, headers, content = client.raw("GET", f"api/examples/{example.name}.jpg")
    assert (status, headers["content-type"], content) == (200, "image/jpeg", example.path.read_bytes())
    state = client.json("POST", f"api/examples/{example.name}", status=201)
    assert state["name"] == f"{example.name}.jpg"
    folder: Path = client.studio.projects.get(state["id"]).folder
    with Image.open(folder / "photo" / f"{example.name}.jpg") as photo, Image.open(example.path) as original:
        assert photo.size == original.size


def test_there_are_no_others(client):
    client.json("POST", "api/examples/credits", status=404)
    assert client.raw("GET", "api/examples/credits.jpg")[0] == 404
