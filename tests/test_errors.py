"""Messages: file names cannot move the cursor, hide text or fill the screen."""

from __future__ import annotations

import io
import json
import logging
import os
import pickle
from pathlib import Path
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console

from kbvr import pipeline
from kbvr.cli.main import main
from kbvr.cli.printing import explained
from kbvr.cli.progress import stage_bars
from kbvr.errors import (
    INVISIBLE,
    JOINERS,
    AlreadyExistsError,
    InputError,
    OptionsError,
    OutOfMemoryError,
    OutputError,
    escaped,
    shortened,
)
from kbvr.formats.spec.format import FileSummary, Item
from kbvr.making.report import ExportReport, Written
from kbvr.options.declare import OptionError

NASTY = "a\nkbvr: all is well\x1b[2J\u202egpj\u2066\u2028[bold red]b"
SHOWN = r"a\nkbvr: all is well\x1b[2J\u202egpj\u2066\u2028[bold red]b"

posix = pytest.mark.skipif(os.name != "posix", reason="only there can a name hold such letters")


@given(st.text())
def test_escaped_text_is_one_line_of_letters_that_show(text: str) -> None:
    shown = escaped(text)
    assert len(shown.splitlines()) <= 1
    assert not [letter for letter in shown if category(letter) in INVISIBLE and letter not in JOINERS]
    assert escaped(shown) == shown


@pytest.mark.parametrize(
    "text", ["cat.jpg", r"C:\new\cat.jpg", "Müller 猫 \u202f3.jpg", "👩\u200d👧.jpg", "می\u200cروم"]
)
def test_ordinary_names_stay_as_they_are(text: str) -> None:
    assert escaped(text) == text


def test_what_cannot_be_shown_is_written_as_python_does() -> None:
    assert escaped(NASTY) == SHOWN
    assert escaped("caf\udce9\0\x7f\x85") == r"caf\udce9\x00\x7f\x85"


@given(st.text(min_size=1), st.integers(20, 300))
def test_shortened_text_has_both_its_ends(text: str, most: int) -> None:
    short = shortened(text * 20, most)
    assert len(short) <= most
    assert short[:9] == (text * 20)[:9]
    assert short[-4:] == (text * 20)[-4:]


def test_an_error_is_one_line_for_those_who_use_kbvr_as_a_library() -> None:
    assert str(OutputError(f"cannot write to {NASTY}")) == f"cannot write to {SHOWN}"


@pytest.fixture
def refuses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a fake pipeline that refuses photos whose name begins with a."""

    def export_photo(photo: Path, out_dir: Path, options: object, **_: object) -> ExportReport:
        if photo.name.startswith("a"):
            raise InputError(f"{photo}: wanted a photo, got {photo.name}")
        logging.getLogger("kbvr.photo.photo").warning("%s is dark", photo.name)
        path = out_dir / f"{photo.stem}.jpg"
        written = Written("still", Item("picture", path), FileSummary(path, (1, 1), 1, 0.0, 0.0, 6, 0.0))
        return ExportReport(str(photo), (written,), {}, (f"seen in {photo.name}",), {})

    monkeypatch.setattr(pipeline, "export_photo", export_photo)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@posix
@pytest.mark.parametrize(
    "error",
    [
        InputError("a {b}"),
        OutOfMemoryError("too little"),
        AlreadyExistsError("a.mp4"),
        OptionsError("{quality} and {max_mb}, got {{fps}}"),
        OptionError("fps", "1 to 240", "{x}"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_stay_the_same_on_their_way_from_another_process(error: InputError) -> None:
    """In Python and on the command line."""
    other = pickle.loads(pickle.dumps(error))  # noqa: S301  our own
    assert (type(other), str(other), explained(other)) == (type(error), str(error), explained(error))


def test_complaints_escape_names(refuses: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", NASTY]) == 2
    assert capsys.readouterr().err == f"kbvr: {SHOWN}: wanted a photo, got {SHOWN}\n"
    assert main(["export", NASTY, "--json"]) == 2
    told = capsys.readouterr()
    assert told.err == f"kbvr: {SHOWN}: wanted a photo, got {SHOWN}\n"
    (failure,) = json.loads(told.out)["failures"]
    assert failure == {"photo": NASTY, "output": None, "message": f"wanted a photo, got {SHOWN}", "bug": False}


@posix
def test_results_escape_names_and_keep_them_whole(refuses: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "b" * 200
    assert main(["export", f"{name}\n.jpg", "-o", "out\x1b[1m", "--explain"]) == 0
    reason, file = capsys.readouterr().out.splitlines()
    assert reason == rf"seen in {name}\n.jpg"
    assert file.startswith(rf"out\x1b[1m/{name}\n.jpg  (")


@posix
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_message_has_at_most_300_letters(refuses: Path, capsys: pytest.CaptureFixture[str], flags: list[str]) -> None:
    """Names and reasons are shortened in the middle."""
    photo = "a" * 150 + "\n" * 50 + ".jpg"
    assert main(["export", photo, *flags]) == 2
    told = capsys.readouterr()
    assert len(told.err) == 301
    assert told.err.startswith("kbvr: aaa")
    assert ".jpg: wanted a photo, got aaa" in told.err
    assert told.err.endswith(".jpg\n")
    for failure in json.loads(told.out or '{"failures": []}')["failures"]:
        assert len(failure["message"]) <= 300


@posix
def test_a_call_that_is_not_understood_escapes_what_came(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["formats", NASTY]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert SHOWN.partition("well")[2] in line


@posix
def test_warnings_escape_names(refuses: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", f"b{NASTY}"]) == 0
    assert capsys.readouterr().err == f"kbvr: b{SHOWN}: warning: b{SHOWN} is dark\n"
    assert main(["export", f"b{NASTY}", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["photos"]
    assert entry["warnings"] == [f"b{SHOWN} is dark"]


def test_bars_escape_names() -> None:
    screen = io.StringIO()
    with stage_bars(NASTY, Console(file=screen, force_terminal=True, width=100, color_system=None)):
        pass
    assert SHOWN in screen.getvalue()


@pytest.mark.parametrize("order", [1, -1])
def test_a_file_beside_a_photo_that_is_none_is_said_to_be_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], order: int
) -> None:
    """Some programs keep what they know of a.jpg in a.xmp, and a shell's a.* names both."""
    Image.new("RGB", (64, 48), (9, 99, 9)).save(tmp_path / "a.jpg")
    (tmp_path / "a.xmp").write_text('<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>')
    files = [str(tmp_path / name) for name in ("a.jpg", "a.xmp")][::order]
    assert main(["export", *files, "-o", str(tmp_path), "--depth-map", "npy", "--fov", "50"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"kbvr: {tmp_path / 'a.xmp'}: expected a photo")
    assert (tmp_path / "a_kbvr_depth_m.npy").is_file()
