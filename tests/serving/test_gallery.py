"""The list of scenes that headsets offer: what is in it, and who gets it."""

from __future__ import annotations

import json

import pytest
from PIL import Image
from web_client import asked, path_of, raw, status_of, viewing

from kbvr.serving import Server


@pytest.fixture
def folder(tmp_path, pages):
    """A scene, a photo, a stereo picture, and what is none of these."""
    top = tmp_path / "holiday"
    top.mkdir()
    (top / "cat_kbvr.glb").write_bytes(b"glTF")
    Image.new("RGB", (60, 40)).save(top / "dog & <b>.jpg")
    Image.new("RGB", (120, 40)).save(top / "cat_kbvr_LR.jpg")
    (top / "cat_kbvr.ply").touch()
    (tmp_path / "secret_kbvr.glb").write_bytes(b"glTF secret")
    (top / "link_kbvr.glb").symlink_to(tmp_path / "secret_kbvr.glb")
    return top


def gallery(served: Server) -> dict[str, list[dict[str, str]]]:
    answer, body = asked(served, path_of(served, "gallery.json"))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    return json.loads(body)


def test_scenes_and_photos_are_listed_with_addresses_that_open(folder):
    """Not links, nor what is no scene; the photo's progress begins its scene."""
    with viewing(folder) as served:
        listed = gallery(served)
        assert [(scene["name"], scene["kind"]) for scene in listed["scenes"]] == [
            ("cat_kbvr.glb", "3D scene"),
            ("dog & <b>.jpg", "Photo"),
        ]
        assert [picture["name"] for picture in listed["stereo"]] == ["cat_kbvr_LR.jpg"]
        scene, photo = listed["scenes"]
        assert "progress" not in scene
        assert asked(served, path_of(served, scene["src"]))[1] == b"glTF"
        assert asked(served, path_of(served, photo["thumbnail"]))[0].status == 200
        assert asked(served, path_of(served, photo["src"]))[0].status == 404
        assert "secret" not in json.dumps(listed)
        assert str(folder.parent) not in json.dumps(listed)


def test_the_list_is_of_now(folder):
    with viewing(folder) as served:
        (folder / "new_kbvr.glb").write_bytes(b"glTF new")
        names = [scene["name"] for scene in gallery(served)["scenes"]]
        assert names == ["cat_kbvr.glb", "dog & <b>.jpg", "new_kbvr.glb"]


def test_only_who_knows_the_address_gets_the_list(folder):
    with viewing(folder) as served:
        for path in ("/gallery.json", f"/{'A' * len(served.token)}/gallery.json", path_of(served, "x/gallery.json")):
            assert asked(served, path)[1] == b"404 Not Found\n"
        for path in ("gallery.json/", "gallery%2ejson", "GALLERY.json", "gallery.json%00", "./gallery.json"):
            assert status_of(raw(served, f"GET /TOKEN/{path} HTTP/1.1\r\nHost: HOST\r\n\r\n".encode())) == 404
        request = b"GET /TOKEN/gallery.json HTTP/1.1\r\nHost: HOST\r\n\r\n"
        assert status_of(raw(served, request, host="evil.example")) == 421
        assert status_of(raw(served, request.replace(b"GET", b"POST"))) == 405


def test_a_viewer_knows_the_list_if_there_is_one(folder):
    """With one named file there is nothing to choose from."""
    tag = b'<meta name="kbvr-gallery" content="gallery.json">'
    with viewing(folder) as served:
        assert tag in asked(served, path_of(served, "scene.html"))[1]
    with viewing(folder / "cat_kbvr.glb") as served:
        assert tag not in asked(served, path_of(served, "scene.html"))[1]
