"""What the page of a scene shows before the scene has arrived, and the decoder that some scenes need."""

from __future__ import annotations

import gzip
import json
import struct

import pytest
from web_client import asked, path_of, viewing

from kbvr.serving import site
from kbvr.serving.scene_facts import SceneFacts, scene_facts

MARK = "<kbvr-photo droppable></kbvr-photo>"


def glb(document):
    """Return the head of a GLB with this JSON."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    return struct.pack("<4sIII4s", b"glTF", 2, 20 + len(text), len(text), b"JSON") + text


def of_kbvr(**extras):
    known = {"photo": 'a "cat"', "size_px": [640, 427], "subject_box_px": [1.5, 2, 300, 400]}
    return {"scenes": [{"extras": {"kbvr": known | extras}}]}


@pytest.fixture
def pages(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("pages")
    for name in ("scene.html", "stereo.html"):
        (folder / name).write_text(f"<title>kbvr</title>{MARK}", "utf-8")
    (folder / "kbvr-draco.js").write_text("decode()" * 1000, "utf-8")
    monkeypatch.setattr(site, "PAGES", folder)
    return folder


@pytest.mark.usefixtures("pages")
def test_the_page_of_a_scene_holds_its_thumbnail_in_the_place_of_the_photo(tmp_path):
    (tmp_path / "a.glb").write_bytes(glb(of_kbvr()))
    with viewing(tmp_path / "a.glb") as served:
        page = asked(served, path_of(served, served.served.site.links[0]))[1].decode()
        plain = asked(served, path_of(served, "scene.html"))[1].decode()
    assert (
        '<kbvr-photo alt="a &quot;cat&quot;" droppable>'
        '<img slot="poster" src="thumbnails/0.jpg" alt="a &quot;cat&quot;" '
        'width="640" height="427" data-subject="1.5 2.0 300.0 400.0"></kbvr-photo>'
    ) in page
    assert MARK in plain


@pytest.mark.parametrize(
    "document",
    [
        b"{",
        b"[" * 100_000,
        {},
        {"scenes": [{}]},
        {"scenes": 3},
        of_kbvr(size_px=[640]),
        of_kbvr(size_px=[0, 427]),
        of_kbvr(size_px=[1e300, 427]),
        of_kbvr(size_px=[10**400, 427]),
        of_kbvr(size_px=["a", 1]),
        of_kbvr(photo=["a"]),
        of_kbvr(subject_box_px=[1, 2, 3, float("nan")]),
    ],
)
def test_a_scene_with_damaged_data_has_no_place_for_its_photo(tmp_path, document):
    (tmp_path / "a.glb").write_bytes(glb(document))
    assert scene_facts(tmp_path / "a.glb") is None


def test_a_scene_tells_its_photo(tmp_path):
    (tmp_path / "a.glb").write_bytes(glb(of_kbvr()))
    assert scene_facts(tmp_path / "a.glb") == SceneFacts('a "cat"', (640, 427), (1.5, 2, 300, 400))
    (tmp_path / "a.glb").write_bytes(glb(of_kbvr(subject_box_px=None)))
    told = scene_facts(tmp_path / "a.glb")
    assert told is not None
    assert told.subject_px is None


@pytest.mark.parametrize("content", [b"", b"glTF", b"<html>", glb(of_kbvr())[:60]])
def test_a_file_that_is_no_scene_tells_nothing(tmp_path, content):
    (tmp_path / "a.glb").write_bytes(content)
    assert scene_facts(tmp_path / "a.glb") is None


def test_the_decoder_is_sent_compressed_and_kept(tmp_path, pages):
    (tmp_path / "a.glb").write_bytes(b"glTF")
    with viewing(tmp_path / "a.glb") as served:
        answer, body = asked(served, path_of(served, "kbvr-draco.js"), Accept_Encoding="gzip")
        assert answer.headers["Content-Type"].startswith("text/javascript")
        assert gzip.decompress(body) == (pages / "kbvr-draco.js").read_bytes()
        etag = answer.headers["ETag"]
        again = asked(served, path_of(served, "kbvr-draco.js"), Accept_Encoding="gzip", If_None_Match=etag)
        assert again[0].status == 304
        (pages / "kbvr-draco.js").unlink()
        assert asked(served, path_of(served, "kbvr-draco.js"))[0].status == 404


def test_the_thumbnail_of_the_only_file_is_made_ahead(tmp_path, pages, monkeypatch):
    from kbvr.serving.thumbnails import Thumbnails

    made = []
    monkeypatch.setattr(Thumbnails, "make_ahead", lambda _, entry: made.append(entry.name))
    (tmp_path / "a.glb").write_bytes(b"glTF")
    with viewing(tmp_path / "a.glb") as served, viewing(tmp_path) as listed:
        served.served.prepare()
        listed.served.prepare()
    assert made == ["a.glb"]
