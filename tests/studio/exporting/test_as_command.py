"""An export as a command or in Python: both do what the studio does."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import kbvr
from kbvr.cli import export as cli_export
from kbvr.cli.main import main
from kbvr.errors import InputError
from kbvr.making.report import ExportReport
from kbvr.options.declare import Declared
from kbvr.options.export_options import ExportOptions, declared
from kbvr.options.outputs import OutputOptions
from kbvr.options.texts import given_texts
from kbvr.studio.exporting.as_command import as_command, command_words
from kbvr.studio.exporting.as_python import as_python
from kbvr.studio.exporting.as_text import as_text, calls_of
from kbvr.studio.exporting.export import PhotoToExport

PHOTO, OUT = Path("/photos/my cat's.jpg"), Path("/out put")

NUMBERS = st.decimals(0, 100, places=3).map(str)
PATHS = st.text("aé '\"$`-/\\,;&", min_size=1, max_size=12)
FORMS = {
    "max_size": st.builds("{}x{}".format, st.integers(16, 9999), st.integers(16, 9999)),
    "aspect": st.builds("{}:{}".format, st.integers(1, 19), NUMBERS),
    "focus": st.builds("{},{}%".format, NUMBERS, NUMBERS),
    "steps": st.builds("{}:{}:{}".format, NUMBERS, NUMBERS, st.integers(1, 999)),
    "from_crop": st.builds("{},{},{},{}{}".format, *[NUMBERS] * 4, st.sampled_from(["", "%"])),
    "max_memory": st.builds("{}{}".format, NUMBERS, st.sampled_from(["KB", "MiB", "GB"])),
    "screen": st.sampled_from(["phone", "headset", "1.2@2.5"]),
    "page_url": st.just("https://example.com/a b/?".replace(" ", "").rstrip("?")),
    "alt": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    "vr180_px": st.integers(32, 2048).map(lambda half: str(2 * half)),
}
FORMS["to_crop"] = FORMS["from_crop"]


def texts_of(option: Declared) -> st.SearchStrategy[str]:
    """Return texts that an option accepts, most of the time."""
    if option.is_switch:
        return st.sampled_from(["yes", "no"])
    if option.choices and option.is_list:
        return st.lists(st.sampled_from(option.choices), min_size=1, max_size=3, unique=True).map(",".join)
    if option.choices:
        return st.sampled_from(option.choices)
    if option.name in FORMS:
        return FORMS[option.name]
    return PATHS if option.takes_path else st.one_of(NUMBERS, st.integers(1, 300).map(str))


EVERY = {option.name: texts_of(option) for option in declared()}


@st.composite
def option_texts(draw: Any) -> dict[str, str]:
    """Return some options as texts; they may not fit together."""
    outputs = draw(st.lists(st.sampled_from(list(OutputOptions.model_fields)), max_size=2))
    others = draw(st.lists(st.sampled_from(list(EVERY)), max_size=4))
    texts = {name: draw(EVERY[name]) for name in dict.fromkeys([*outputs, *others])}
    if "depth" in texts:
        texts["depth_kind"] = "disparity"
    return texts


def valid(texts: dict[str, str]) -> ExportOptions:
    """Return the options if they fit together; otherwise ask for other texts."""
    try:
        return ExportOptions(**texts)
    except InputError:
        assume(False)
        raise


@pytest.fixture(scope="module")
def asked() -> Any:
    """Return the photos, folders and options of the calls of the pipeline, which does nothing here."""
    calls: list[tuple[Path, Path, ExportOptions]] = []

    def from_command(request: cli_export.ExportRequest) -> int:
        calls.extend((photo, request.call.out, request.options) for photo in request.photos)
        return 0

    def from_python(photo: Path, out: Path, options: ExportOptions, **_: object) -> ExportReport:
        calls.append((photo, out, options))
        return ExportReport("", (), {}, (), {})

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cli_export, "run_export", from_command)
        patched.setattr("kbvr.pipeline.export_photo", from_python)
        yield calls


def values_of(call: tuple[Path, Path, ExportOptions]) -> tuple[Path, Path, dict[str, Any]]:
    photo, out, options = call
    return photo, out, options.model_dump()


@given(texts=option_texts())
@example(texts={"kenburns": True, "stereo": False, "loop": False})
@example(texts={"kenburns": True, "to_crop": "0.000000001,1,80,9999999.123456789%", "steps": "0:0.5:9"})
@example(texts={"max_memory": 12_345_678_901_234, "alt": "--alt"})
def test_the_command_line_asks_for_the_same(texts, asked):
    """Split as a shell splits it and read by the command line itself, it gives the same options."""
    options = valid(texts)
    asked.clear()
    program, *words = shlex.split(as_command([PHOTO], OUT, options))
    assert program == "kbvr"
    assert main(words) == 0
    assert [values_of(call) for call in asked] == [values_of((PHOTO, OUT, options))]


@given(texts=option_texts())
@example(texts={"stereo": True, "wiggle": True, "loop": False, "layout": "sbs,tb"})
@example(texts={"max_memory": 12_345_678_901_234, "alt": '"""\n\\'})
def test_the_python_asks_for_the_same(texts, asked):
    options = valid(texts)
    asked.clear()
    exec(as_python(PHOTO, OUT, options), {})  # noqa: S102  our own program
    assert [values_of(call) for call in asked] == [values_of((PHOTO, OUT, options))]


@given(texts=option_texts())
def test_texts_give_the_same_options_again(texts):
    options = valid(texts)
    assert ExportOptions(**given_texts(options)).model_dump() == options.model_dump()


def test_the_python_is_what_a_person_would_write():
    options = ExportOptions(wiggle=True, animate_as="gif,webp", max_size="640x480", views=2)
    program = as_python(Path("cat.jpg"), Path("out"), options)
    assert program.splitlines() == [
        "import kbvr",
        "",
        "kbvr.export(",
        "    'cat.jpg',",
        "    'out',",
        "    wiggle=True,",
        "    max_size='640x480',",
        "    animate_as=['gif', 'webp'],",
        "    views=2,",
        ")",
    ]
    assert kbvr.export.__module__ == "kbvr.pipeline"


def test_several_exports_have_folders_of_their_own(tmp_path: Path):
    """Their calls follow each other without needless lines."""
    photo = PhotoToExport("cat", PHOTO, tmp_path)
    (tmp_path / "stereo").mkdir()
    calls = calls_of([(photo, {"stereo": "yes"}), (photo, {"stereo": "yes", "layout": "tb"}), (photo, {"gltf": "yes"})])
    assert [out.name for _, out, _ in calls] == ["stereo-2", "stereo-3", "gltf"]
    said = as_text(calls)
    assert len(said["command"].splitlines()) == 3
    assert said["python"].count("import kbvr") == 1
    assert said["python"].startswith("import kbvr\n\nkbvr.export(")
    assert said["python"].count("\n)\n\nkbvr.export(\n") == 2
    assert not {"", " ", "\n"} & {said["python"][-1], said["command"][-1]}
    assert "\n\n\n" not in said["python"]


def test_a_command_is_quoted_for_powershell():
    """Curly quotes end a text too, and a comma makes a list of words."""
    photo = Path("C:/it's ‘mine’.jpg")
    options = ExportOptions(kenburns=True, from_crop="0,10,80,80%", seconds=3)
    command = as_command([photo], Path("out"), options, for_windows=True)
    assert command == ("kbvr export 'C:/it''s ‘‘mine’’.jpg' -o out --kenburns --seconds 3 --from '0,10,80,80%'")


def test_names_that_look_like_flags_are_names():
    words = command_words([Path("-rf.jpg"), Path("b.jpg")], Path("out"), ExportOptions(wiggle=True, alt="-x"))
    assert words[2:4] == ["./-rf.jpg", "b.jpg"]
    assert "--alt=-x" in words


def test_a_text_that_no_command_line_can_hold_is_refused():
    with pytest.raises(InputError, match="got a zero byte"):
        as_command([PHOTO], OUT, ExportOptions(html=True, alt="a\0b"))
