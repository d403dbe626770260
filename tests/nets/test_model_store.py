"""Adding and removing networks, and untrusted cards."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from file_server import CONTENT, card_for, known

from kbvr.errors import InputError, OutputError
from kbvr.nets import (
    BUILT_IN,
    FETCHED,
    Card,
    add,
    card_of,
    fetched_card,
    is_verified,
    known_cards,
    models_folder,
    read_card,
    remove,
)
from kbvr.nets.model_card import card_text
from kbvr.nets.model_store import part_of
from kbvr.nets.recipe import DepthRecipe, FillRecipe


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use an empty models folder."""
    monkeypatch.setenv("KBVR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def brought(tmp_path: Path) -> Path:
    """Return a folder for networks to add."""
    folder = tmp_path / "brought"
    folder.mkdir()
    return folder


def written(card: Card, folder: Path, content: bytes | None = CONTENT) -> Path:
    """Write a card, and its file if there is content, into a folder; return the card's path."""
    if content is not None:
        (folder / card.file).write_bytes(content)
    path = folder / f"{card.name}.json"
    path.write_text(card_text(card), "utf-8")
    return path


def everything_in(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder except locks."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("by", ["thing.onnx", "thing.json", ""])
def test_a_network_is_added_with_its_card(by: str, home: Path, brought: Path) -> None:
    """Given by its file, card or folder, it is known from then on, and the originals stay."""
    written(card_for("", name="thing"), brought)
    before = everything_in(brought)
    (card,) = add(brought / by)
    assert card == fetched_card("thing") and card.path == home / "models" / "thing.onnx"
    assert is_verified(card)
    assert everything_in(brought) == before
    assert set(everything_in(home)) == {"models/thing.onnx", "models/thing.json"}
    assert add(brought / by) == (card,)


def test_a_folder_of_several_is_added_at_once_or_not_at_all(home: Path, brought: Path) -> None:
    """The file of the fourth does not match its card, so none is added."""
    cards = [card_for("", name=f"part-{n}", content=CONTENT[n:]) for n in range(4)]
    for n, card in enumerate(cards):
        written(card, brought, CONTENT[n:] if n < 3 else b"something else")
    with pytest.raises(InputError, match=rf"part-3\.onnx with {hashlib.sha256(b'something else').hexdigest()}"):
        add(brought)
    assert everything_in(home) == {}
    (brought / "part-3.onnx").write_bytes(CONTENT[3:])
    assert [card.name for card in add(brought)] == [card.name for card in cards]
    assert set(known_cards()) == {*BUILT_IN, *FETCHED, *(card.name for card in cards)}


def test_a_renamed_file_is_recognized_by_its_checksum(home: Path, brought: Path) -> None:
    """A file downloaded by hand gets the name on its card."""
    known(card_for("http://a.example/thing.onnx"), home)
    (brought / "model (1).onnx").write_bytes(CONTENT)
    (card,) = add(brought / "model (1).onnx")
    assert card.path.read_bytes() == CONTENT
    assert fetched_card("thing").path == card.path


def test_migan_downloaded_by_hand_is_added(shared: Path) -> None:
    """The real file and the card that ships with kbvr."""
    (card,) = add(shared / "models" / "migan_pipeline_v2.onnx")
    assert card.name == "migan"
    assert card.path.stat().st_size == card.size_bytes == 28_079_181
    assert is_verified(fetched_card("migan"))


def test_a_card_alone_is_added_if_it_has_a_url(brought: Path) -> None:
    (card,) = add(written(card_for("https://a.example/thing.onnx"), brought, None))
    assert not card.path.exists()
    with pytest.raises(InputError, match="kbvr models pull thing"):
        fetched_card("thing")
    with pytest.raises(InputError, match=r"requires its file other\.onnx next to it, or a url"):
        add(written(card_for("", name="other"), brought, None))


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_name_of_a_built_in_network_cannot_be_taken(name: str, home: Path, brought: Path) -> None:
    """Neither by adding it nor by a card in the folder."""
    card = card_for("", name=name)
    with pytest.raises(InputError, match=f"{name} is the name of a built-in network"):
        add(written(card, brought))
    known(card, home)
    assert card_of(name).sha256 != card.sha256


def test_the_users_network_replaces_a_shipped_card(home: Path, brought: Path) -> None:
    """For example an exported Depth Anything, until it is removed."""
    own = replace(card_for("", name="depth-anything-v2-small"), task="my own export")
    add(written(own, brought))
    assert card_of("depth-anything-v2-small").task == "my own export"
    remove("depth-anything-v2-small")
    assert card_of("depth-anything-v2-small").url.startswith("https://")
    assert everything_in(home) == {}


def test_replacing_a_network_of_the_same_name_requires_overwrite(home: Path, brought: Path) -> None:
    """The replaced file is removed, because no card names it any more."""
    add(written(card_for("", name="thing"), brought))
    new = replace(card_for("", name="thing", content=CONTENT[1:]), file="newer.onnx")
    path = written(new, brought, CONTENT[1:])
    before = everything_in(home)
    with pytest.raises(OutputError, match="already exists"):
        add(path)
    assert everything_in(home) == before
    add(path, overwrite=True)
    assert set(everything_in(home)) == {"models/newer.onnx", "models/thing.json"}
    assert is_verified(card_of("thing"))


def test_the_file_of_another_network_cannot_be_overwritten(home: Path, brought: Path) -> None:
    """An untrusted card names migan's file as its own."""
    path = written(replace(card_for("", name="thing"), file="migan_pipeline_v2.onnx"), brought)
    with pytest.raises(InputError, match="is already the file of migan"):
        add(path, overwrite=True)
    for n in (1, 2):
        written(replace(card_for("", name=f"twin-{n}"), file="Twin.onnx" if n == 1 else "twin.onnx"), brought)
    path.unlink()
    (brought / "migan_pipeline_v2.onnx").unlink()
    with pytest.raises(InputError, match="must differ"):
        add(brought)
    assert everything_in(home) == {}


ESCAPES = (
    "../x",
    "/tmp/x",
    "a/b",
    "a\\b",
    "..",
    ".",
    "",
    ".hidden",
    "C:x",
    "x\n",
    "con",
    "x" * 80,
    "café",
    "a.",
    3,
    None,
)


@pytest.mark.parametrize("bad", ESCAPES)
@pytest.mark.parametrize("field", ["name", "file"])
def test_an_untrusted_card_writes_only_into_the_models_folder(
    field: str, bad: str | None, home: Path, brought: Path, tmp_path: Path
) -> None:
    """Names with folders, hidden names and invalid names are refused before anything is written."""
    values = json.loads(card_text(card_for("https://a.example/x", name="thing")))
    values[field] = f"{bad}.onnx" if field == "file" and isinstance(bad, str) and bad not in ("..", "a.") else bad
    (brought / "thing.json").write_text(json.dumps(values))
    before = everything_in(tmp_path)
    with pytest.raises(InputError, match="expected a model card"):
        add(brought / "thing.json")
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sha256": "abc"}, "64 hexadecimal digits"),
        ({"sha256": None}, "64 hexadecimal digits"),
        ({"url": "file:///etc/passwd"}, "https://"),
        ({"url": 3}, "https://"),
        ({"size_bytes": -1}, "size_bytes"),
        ({"size_bytes": True}, "size_bytes"),
        ({"non_commercial": "no"}, "non_commercial"),
        ({"licence": 3}, "licence"),
        ({"file": "network.bin"}, "end with .onnx"),
        ({"depth": {"input": "x", "output": "y", "scaling": "0-2"}}, "scaling must be one of 0-1, 0-255, imagenet"),
        ({"depth": {"input": "x", "output": "y", "gives": "feet"}}, "gives must be one of"),
        ({"depth": {"input": "x", "output": "y", "colour_order": "grb"}}, "colour_order"),
        ({"depth": {"input": "x", "output": "y", "multiple_of_px": 0}}, "multiple_of_px"),
        ({"depth": {"input": "x", "output": "y", "long_side_px": 1e3}}, "long_side_px"),
        ({"depth": {"input": "x", "output": "y", "long_side_px": 16}}, "long_side_px"),
        ({"depth": {"input": "x", "output": "y", "max_enlargement": 0}}, "max_enlargement"),
        ({"depth": {"input": "", "output": "y"}}, "input must be the name"),
        ({"depth": {"input": "x"}}, "output"),
        ({"depth": {"input": "x", "output": "y", "sky_output": 1}}, "sky_output"),
        ({"depth": {"input": "x", "output": "y", "surprise": 1}}, "must be an object with"),
        ({"depth": [1]}, "must be an object with input, output"),
        ({"fill": {"output_range": "0-2"}}, "output_range"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_values_of_a_card_are_checked_when_it_is_read(change: dict, message: str, tmp_path: Path) -> None:
    path = tmp_path / "thing.json"
    path.write_text(json.dumps(json.loads(card_text(card_for("", name="thing"))) | change))
    with pytest.raises(InputError, match=message) as caught:
        read_card(path)
    assert "\n" not in str(caught.value)


def test_recipes_survive_the_file_of_a_card(tmp_path: Path) -> None:
    """With a non-default value in every field."""
    depth = DepthRecipe("a", "b", "depth_m", "imagenet", "bgr", 14, 518, 3, "s")
    card = replace(card_for("https://a.example/x"), depth=depth, fill=FillRecipe("0-1"), folder=tmp_path)
    path = written(card, tmp_path, None)
    assert read_card(path) == card


def test_a_broken_card_in_the_folder_is_skipped(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is skipped with a warning that names it, like one that is not named after its network."""
    known(card_for("", name="good"), home)
    (home / "models" / "broken.json").write_text("{")
    (home / "models" / "other.json").write_text(card_text(card_for("", name="thing")))
    assert set(known_cards()) == {*BUILT_IN, *FETCHED, "good"}
    assert "broken.json" in caplog.text and "other.json" in caplog.text
    known_cards()
    assert len(caplog.records) == 2


@pytest.mark.parametrize("what", ["nothing.onnx", "nothing.json", "photo.jpg", "empty", "unknown.onnx", "nonsense"])
def test_what_cannot_be_added_is_refused_in_one_line(what: str, brought: Path) -> None:
    (brought / "empty").mkdir()
    (brought / "unknown.onnx").write_bytes(b"a network of nobody")
    with pytest.raises(InputError, match=r"expected|requires a card|no such file") as caught:
        add(brought / what)
    assert "\n" not in str(caught.value)


def test_removing_deletes_the_file_the_part_and_an_added_card(home: Path, brought: Path) -> None:
    (card,) = add(written(card_for("https://a.example/x", name="thing"), brought))
    part_of(card).write_bytes(b"half")
    assert {path.name for path in remove("thing")} == {"thing.onnx", "thing.onnx.part", "thing.json"}
    assert everything_in(home) == {}
    with pytest.raises(InputError, match="must be one of"):
        remove("thing")


@pytest.mark.parametrize("name", [*BUILT_IN, *FETCHED])
def test_built_in_and_missing_networks_cannot_be_removed(name: str) -> None:
    with pytest.raises(InputError, match="ships with kbvr" if name in BUILT_IN else "is not installed"):
        remove(name)
    assert card_of(name).path.exists() == (name in BUILT_IN)


@pytest.mark.skipif(os.name == "nt", reason="permissions of folders are another matter there")
def test_a_copy_that_fails_leaves_nothing(home: Path, brought: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a partial file nor a card without its file."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kbvr.nets.install.shutil.copyfile", full)
    with pytest.raises(OutputError, match="No space left"):
        add(written(card_for("", name="thing"), brought))
    assert everything_in(home) == {}


def test_a_card_that_cannot_be_read_can_be_removed_by_its_name(home: Path) -> None:
    """Together with its file, and nothing else."""
    folder = models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("broken.json", "broken.onnx", "other.onnx"):
        (folder / name).write_text("[]", "utf-8")
    assert {path.name for path in remove("broken")} == {"broken.json", "broken.onnx"}
    assert [path.name for path in folder.iterdir()] == ["other.onnx"]
    for name in ("broken", "../other", "other"):
        with pytest.raises(InputError, match="must be one of"):
            remove(name)
