"""Which photos a batch is given, and where their outputs go."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbvr.batching.finding import trees
from kbvr.batching.finding.photo_names import safe_names
from kbvr.batching.finding.sources import find_sources
from kbvr.errors import InputError

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="creating links requires a privilege")

Found = Callable[..., list[tuple[str, str]]]


def write(*names: str) -> None:
    """Write files below the working folder."""
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(name.encode("utf-8", "surrogateescape"))


def link(name: str, target: str) -> None:
    """Make a link; the target is relative to its folder."""
    Path(name).symlink_to(target)


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Found:
    """Return what finds sources in an empty working folder: path below it and output folder of each."""
    monkeypatch.chdir(tmp_path)
    root = os.path.realpath(tmp_path)

    def find(*texts: str, **settings: Any) -> list[tuple[str, str]]:
        sources = find_sources(texts, **settings)
        return [(os.path.relpath(s.address, root).replace(os.sep, "/"), s.folder) for s in sources]

    return find


def test_a_folder_gives_its_photos_by_suffix(found):
    """Capitals do not matter; other files, hidden ones and subfolders are left alone."""
    write("p/b.JPG", "p/a.jpeg", "p/c.png", "p/d.webp", "p/e.TIF", "p/f.tiff", "p/g.heic", "p/h.HEIF", "p/i.avif")
    write(
        "p/notes.txt", "p/x.jpg.part", "p/clip.mp4", "p/jpg", "p/.hidden.jpg", "p/._a.jpeg", "p/Thumbs.db", "p/s/z.jpg"
    )
    assert [name for name, _ in found("p")] == [
        *("p/a.jpeg", "p/b.JPG", "p/c.png", "p/d.webp", "p/e.TIF"),
        *("p/f.tiff", "p/g.heic", "p/h.HEIF", "p/i.avif"),
    ]


def test_photos_of_a_folder_keep_their_subfolders(found):
    """The files of a folder come before those of its subfolders, each sorted; folders of the system are skipped."""
    write("p/b.jpg", "p/a/2.jpg", "p/a/1.jpg", "p/a/deep/x.jpg", "p/z.jpg")
    write("p/.kbvr/x.jpg", "p/@eaDir/b.jpg", "p/kbvr-gallery/x.jpg", "p/$RECYCLE.BIN/x.jpg", "p/.thumbnails/x.jpg")
    expected = [("p/b.jpg", ""), ("p/z.jpg", ""), ("p/a/1.jpg", "a"), ("p/a/2.jpg", "a"), ("p/a/deep/x.jpg", "a/deep")]
    assert found("p", recursive=True) == expected
    assert found(f"p{os.sep}", recursive=True) == expected


def test_several_folders_keep_their_own_names(found):
    """As with cp -r; files that are given beside them go to the output folder itself."""
    write("p/1.jpg", "q/s/2.jpg", "r/3.jpg")
    assert found("p", "r/3.jpg", "q", recursive=True) == [("p/1.jpg", "p"), ("r/3.jpg", ""), ("q/s/2.jpg", "q/s")]
    assert found("p", "r/3.jpg", recursive=True) == [("p/1.jpg", ""), ("r/3.jpg", "")]


def test_the_working_folder_and_those_above_keep_no_dots(found, monkeypatch):
    """Names of output folders are those that the folders have, however they are given."""
    write("p/q/1.jpg", "r/2.jpg")
    monkeypatch.chdir("p/q")
    assert found(".", "../../r") == [("p/q/1.jpg", "q"), ("r/2.jpg", "r")]
    assert found("..", recursive=True) == [("p/q/1.jpg", "q")]


def test_a_file_that_is_given_by_name_is_always_taken(found):
    """Whether it is a photo is found out when it is read; its outputs go to the output folder itself."""
    write("p/notes.txt", "p/.hidden.jpg", "p/[1].jpg")
    names = ("p/notes.txt", "p/.hidden.jpg", "p/[1].jpg")
    assert found(*names) == [(name, "") for name in names]


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("p/*.jpg", ["p/a.jpg|"]),
        ("p/?.*", ["p/a.jpg|", "p/b.png|"]),
        ("p/[ab].jp*", ["p/a.jpg|"]),
        ("*/*.jpg", ["p/a.jpg|p"]),
        ("p/*/*.jpg", ["p/s/c.jpg|s"]),
        ("p/**/*.jpg", ["p/a.jpg|", "p/s/c.jpg|s", "p/s/t/d.jpg|s/t"]),
        ("p/**/t/**", ["p/s/t/d.jpg|s/t"]),
        ("**/t", ["p/s/t/d.jpg|p/s/t"]),
        ("p/**", ["p/a.jpg|", "p/b.png|", "p/s/c.jpg|s", "p/s/t/d.jpg|s/t"]),
        ("p/s*", ["p/s/c.jpg|s"]),
        ("p/*.raw", ["p/e.raw|"]),
        ("p/*", ["p/a.jpg|", "p/b.png|", "p/s/c.jpg|s"]),
        ("p/.h*/*", ["p/.h/x.jpg|.h"]),
    ],
)
def test_globs_that_no_shell_has_expanded(found, glob, expected):
    """Outputs keep the folders that wildcards stand for; * means no hidden names, and other files only by suffix."""
    write("p/a.jpg", "p/b.png", "p/s/c.jpg", "p/s/t/d.jpg", "p/e.raw", "p/.h/x.jpg", "p/.y.jpg")
    assert [f"{name}|{folder}" for name, folder in found(glob)] == expected


def test_folders_that_a_glob_matches_are_scanned(found):
    """With their subfolders if that is asked for."""
    write("p/2024-1/a.jpg", "p/2024-2/s/b.jpg", "p/2025/c.jpg")
    assert found("p/2024*") == [("p/2024-1/a.jpg", "2024-1")]
    assert found("p/2024*", recursive=True) == [("p/2024-1/a.jpg", "2024-1"), ("p/2024-2/s/b.jpg", "2024-2/s")]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["p", "nothing"], "nothing: no such file or folder"),
        (["p/1.jpg/x"], "no such file or folder"),
        (["p/*.png"], r"p/\*\.png: no photo matches"),
        (["n*/*.png"], "no photo matches"),
        ([""], "got an empty argument"),
        (["p\0"], "expected a path"),
    ],
)
def test_what_does_not_exist_is_an_error_at_once(found, caplog, texts, message):
    """Before the first photo is asked for, and without warnings."""
    write("p/1.jpg")
    with pytest.raises(InputError, match=message):
        find_sources(texts)
    assert not caplog.records


@pytest.mark.parametrize(
    "texts",
    [
        ("p/s/1.jpg", "p"),
        ("p", "p/s/1.jpg"),
        ("p", "p/s"),
        ("p/s", "p"),
        ("p/s", "p/../p/s/", "./p/s/1.jpg"),
        ("p/s/*.jpg", "p/**/*.jpg"),
        ("**/*.jpg", "p"),
        ("p", "p/*/1.jpg"),
        ("p/s/1.jpg", "p/s/1.jpg"),
    ],
)
def test_a_photo_that_is_given_twice_is_found_once(found, texts):
    """However it is spelled, and in whatever order."""
    write("p/s/1.jpg")
    assert [name for name, _ in found(*texts, recursive=True)] == ["p/s/1.jpg"]


def test_the_first_of_two_overlapping_sources_says_where_outputs_go(found):
    """So that adding a source does not move the outputs of those before it."""
    write("p/s/1.jpg", "p/2.jpg", "q/3.jpg")
    assert found("p/s/1.jpg", "p", recursive=True) == [("p/s/1.jpg", ""), ("p/2.jpg", "")]
    assert found("p/s", "p", recursive=True) == [("p/s/1.jpg", "s"), ("p/2.jpg", "p")]


@needs_links
def test_links_to_what_is_found_anyway_are_skipped(found, monkeypatch):
    """Whether they come before or after it, and loops end."""
    write("p/m/1.jpg", "p/z/2.jpg", "beside/3.jpg")
    link("p/m/0.jpg", "../z/2.jpg")
    link("p/a", "m")
    link("p/m/up", "../..")
    link("p/m/loop", "../m")
    link("p/self", "self")
    listed = []
    scandir = os.scandir
    monkeypatch.setattr(trees.os, "scandir", lambda path: listed.append(path) or scandir(path))
    expected = [("p/m/1.jpg", "m"), ("p/z/2.jpg", "z")]
    assert found("p", recursive=True) == expected
    assert len(listed) == 3
    assert found("p/z/2.jpg", "p", "p/m/0.jpg", recursive=True) == [("p/z/2.jpg", ""), ("p/m/1.jpg", "m")]


@needs_links
def test_links_to_what_is_elsewhere_are_followed_once(found):
    """Outputs go where the link is; a photo keeps its own name, and the link to a single photo its name there."""
    write("p/1.jpg", "far/2.jpg", "far/s/3.jpg", "annex/sha")
    link("p/a", "../far")
    link("p/b", "../far")
    link("p/c", "../far/s")
    link("far/s/round", "..")
    link("p/photo.jpg", "../annex/sha")
    link("p/same.jpg", "../annex/sha")
    found_once = [("p/1.jpg", ""), ("p/photo.jpg", ""), ("far/2.jpg", "a"), ("far/s/3.jpg", "a/s")]
    assert found("p", recursive=True) == found_once
    link("link", "p")
    assert found("link", recursive=True) == found_once
    assert found("link/1.jpg", "p/1.jpg") == found("link/1.jpg") == [("p/1.jpg", "")]
    several = [("p/1.jpg", "p"), ("p/photo.jpg", "p"), ("far/2.jpg", "far"), ("far/s/3.jpg", "far/s")]
    assert found("p", "far", recursive=True) == several


@needs_links
def test_a_link_that_leads_nowhere_fails_as_a_photo(found):
    """It is not passed over in silence."""
    write("p/1.jpg")
    link("p/0.jpg", "gone")
    assert [name for name, _ in found("p")] == ["p/0.jpg", "p/1.jpg"]


def test_a_folder_that_cannot_be_read_is_skipped_with_a_warning(found, monkeypatch, caplog):
    """The photos in the others are found."""
    write("p/a/1.jpg", "p/b/2.jpg")
    scandir = os.scandir

    def refusing(path: str) -> Any:
        if str(path).endswith("a"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(trees.os, "scandir", refusing)
    assert found("p/**/*.jpg", recursive=True) == [("p/b/2.jpg", "b")]
    assert [r.getMessage().partition(": ")[2] for r in caplog.records] == ["Permission denied"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have only names that are text")
def test_names_that_are_no_text_are_found(found):
    """A name is bytes on Linux."""
    write("p/\udcff/\udce9.jpg")
    (source,) = find_sources(["p"], recursive=True)
    assert (source.name, source.stem, source.folder) == ("\udce9.jpg", "\udce9", "\udcff")
    assert len(source.key) == 32
    Path("list").write_bytes(os.fsencode("p/\udcff/\udce9.jpg\n"))
    assert [listed.address for listed in find_sources([], from_file="list")] == [source.address]


def test_a_folder_is_listed_when_its_photos_are_asked_for(found, monkeypatch):
    """The first photo comes at once, and one folder's listing is in memory."""
    write("p/0.jpg", *(f"p/{folder}/{photo}.jpg" for folder in "abc" for photo in range(3)))
    listed: list[str] = []
    scandir = os.scandir

    def recorded(path: str) -> Any:
        listed.append(Path(path).name)
        return scandir(path)

    monkeypatch.setattr(trees.os, "scandir", recorded)
    sources = find_sources(["p"], recursive=True)
    assert listed == []
    seen = [(next(sources).folder, listed.copy()) for _ in range(7)]
    assert seen[0] == ("", ["p"])
    assert seen[3] == ("a", ["p", "a"])
    assert seen[4] == ("b", ["p", "a", "b"])


def test_stamp_and_size_are_those_of_the_file(found):
    """A photo that has been written since has another stamp."""
    write("p/1.jpg")
    os.utime("p/1.jpg", ns=(1, 1234567890123456700))
    (before,) = find_sources(["p"])
    assert (before.size_bytes, before.stamp) == (7, str(Path("p/1.jpg").stat().st_mtime_ns))
    os.utime("p/1.jpg", ns=(1, 1234567891123456700))
    assert next(find_sources(["p/1.jpg"])).stamp != before.stamp


class TestOutputs:
    """Outputs do not become sources."""

    @pytest.mark.parametrize("texts", [["p"], ["p/**"], [".", "p"]])
    def test_an_output_folder_inside_a_source_is_not_scanned(self, found, texts):
        """Whatever is in it."""
        write("p/1.jpg", "p/out/1_kbvr.jpg", "p/out/s/2_kbvr.jpg")
        assert [name for name, _ in found(*texts, recursive=True, out="p/out")] == ["p/1.jpg"]

    @pytest.mark.parametrize("out", ["p", "."])
    def test_outputs_beside_the_photos_are_left_out(self, found, out):
        """The caller knows them; what kbvr keeps there is no photo."""
        write("p/1.jpg", "p/1_kbvr.jpg", "p/.kbvr/x.jpg", "p/kbvr.sqlite", "p/kbvr.sqlite-wal", "p/kbvr-gallery/x.webp")
        settings = {"recursive": True, "out": out, "is_output": lambda address: "_kbvr" in Path(address).name}
        assert found("p", **settings) == [("p/1.jpg", "")]
        assert found("p/1.jpg", "p/1_kbvr.jpg", **settings) == [("p/1.jpg", "")]
        assert found("p/*.jpg", **settings) == [("p/1.jpg", "")]

    def test_an_output_folder_that_is_given_is_scanned(self, found):
        """It was asked for by name."""
        write("p/1.jpg", "p/out/2.jpg")
        assert found("p", "p/out", recursive=True, out="p/out") == [("p/1.jpg", "p"), ("p/out/2.jpg", "out")]


class TestLists:
    """--from-file."""

    def test_a_list_has_a_path_in_each_line(self, found):
        """Relative to the working folder; folders stay as they are written; a missing photo becomes a source."""
        write("p/s/1.jpg", "2 3.jpg", "q/4.jpg", "lists/l.txt")
        lines = ["# photos", "", "p/s/1.jpg", "  2 3.jpg ", "missing.jpg", "q", "./p/s/../s/1.jpg", "#2.jpg"]
        Path("lists/l.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
        expected = [("p/s/1.jpg", "p/s"), ("2 3.jpg", ""), ("missing.jpg", ""), ("q/4.jpg", "q")]
        assert found(from_file="lists/l.txt") == expected

    def test_what_is_given_and_listed_is_found_once(self, found):
        """Lines that a folder contains are found there."""
        write("p/1.jpg", "2.jpg")
        Path("l.txt").write_text("2.jpg\np/1.jpg\np\n2.jpg\n")
        assert found("p", from_file="l.txt") == [("p/1.jpg", ""), ("2.jpg", "")]
        assert found(from_file="l.txt") == [("2.jpg", ""), ("p/1.jpg", "p")]

    def test_paths_from_elsewhere_stay_below_the_output_folder(self, found, tmp_path, monkeypatch):
        """An absolute path keeps its folders, one that leads up loses the dots."""
        write("p/1.jpg", "w/x")
        monkeypatch.chdir("w")
        Path("l.txt").write_text(f"../p/1.jpg\n{tmp_path / 'q' / '2.jpg'}\n")
        one, two = found(from_file="l.txt")
        assert one == ("p/1.jpg", "p")
        drive = tmp_path.drive.replace(":", "")
        assert two[1] == "/".join((*([drive] if drive else []), *tmp_path.parts[1:], "q"))

    def test_a_list_is_read_from_standard_input(self, found, monkeypatch):
        """As it arrives."""
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"a.jpg\nb.jpg")))
        assert found(from_file="-") == [("a.jpg", ""), ("b.jpg", "")]

    @pytest.mark.parametrize("content", [b"\xff\xd8\0\0", b"x" * 40000])
    def test_a_file_that_is_no_list_is_an_error(self, found, content):
        """A photo that is given as a list, for example."""
        Path("l.txt").write_bytes(content)
        with pytest.raises(InputError, match=r"expected a list of photos.* line 1 is no text"):
            found(from_file="l.txt")

    @pytest.mark.parametrize(("name", "message"), [("none.txt", "no such file"), (".", "which is a folder")])
    def test_a_list_that_cannot_be_read_is_an_error_at_once(self, name, message):
        """Before the first photo is asked for."""
        with pytest.raises(InputError, match=message):
            find_sources([], from_file=name)


@given(st.lists(st.text(alphabet=st.sampled_from([".", "/", "\\", "\0", "a", "C", ":"]), max_size=4), max_size=4))
def test_no_name_leads_out_of_a_folder(names):
    """Keys of object stores may be anything."""
    for name in safe_names(names):
        assert name not in ("", ".", "..")
        assert not {"/", "\0"} & set(name)
