"""Photos: their scenes are made when they are opened, one at a time, and removed at the end."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import Any

import pytest
from PIL import Image
from web_client import asked, path_of, viewing

from kbvr.errors import DamagedFileError, InputError
from kbvr.serving import Server, scenes
from kbvr.serving.thumbnail import thumbnail
from kbvr.system.isolated_process import EndedError, Request, TimeUpError


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder of temporary files."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


@pytest.fixture
def photos(tmp_path, pages):
    paths = [tmp_path / f"{name}.jpg" for name in "abc"]
    for path in paths:
        Image.new("RGB", (48, 32), "gray").save(path)
    return paths


class FakeWorker:
    """Does what a test says, instead of making scenes in another process."""

    def __init__(self, preloaded: str) -> None:
        self.preloaded = preloaded
        self.closed = Event()

    def call(self, request: Request) -> Any:
        """Do it."""
        return (thumbnail_of if "thumbnail" in self.preloaded else self.make)(request)

    def close(self) -> None:
        """Note it."""
        self.closed.set()

    make: Callable[[Request], Any] = staticmethod(lambda request: None)


def thumbnail_of(request: Request) -> bytes:
    raise InputError("none")


@pytest.fixture
def making(monkeypatch):
    """Replace what makes scenes."""

    def replace(make: Callable[[Request], Any]) -> None:
        monkeypatch.setattr(scenes, "Worker", type("Worker", (FakeWorker,), {"make": staticmethod(make)}))

    return replace


def written(request: Request) -> None:
    photo, scene, _ = request.arguments
    assert photo.is_absolute() is False
    scene.write_bytes(f"scene of {photo}".encode())


def progress(served: Server, number: int, name: str) -> dict[str, Any]:
    answer, body = asked(served, path_of(served, f"progress?src=files/{number}/{name}.jpg"))
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return json.loads(body)


def until(served: Server, number: int, name: str, state: str, patience_s: float = 10) -> dict[str, Any]:
    end = time.monotonic() + patience_s
    while (told := progress(served, number, name))["state"] != state:
        assert time.monotonic() < end, told
        time.sleep(0.02)
    return told


def test_a_photo_becomes_a_scene_and_no_trace_is_left(tmp_path, pages, temporary):
    """The whole way, with the real networks: the page of the photo, the progress, and the scene."""
    Image.effect_noise((64, 48), 40).convert("RGB").save(tmp_path / "cat photo.jpg")
    with viewing(tmp_path / "cat photo.jpg") as served:
        assert served.served.site.links == ("photo.html?src=files/0/cat_photo.jpg",)
        page = asked(served, path_of(served, served.served.site.links[0]))[1].decode()
        assert "<title>cat photo.jpg – kbvr</title>" in page
        assert 'scene = "scene.html?src=scenes/0/cat_photo_kbvr.glb", progress = "progress?src=files/0/' in page
        assert asked(served, path_of(served, "scenes/0/cat_photo_kbvr.glb"))[0].status == 404
        until(served, 0, "cat_photo", "ready", patience_s=90)
        answer, scene = asked(served, path_of(served, "scenes/0/cat_photo_kbvr.glb"))
        assert (answer.headers["Content-Type"], scene[:4]) == ("model/gltf-binary", b"glTF")
        viewer = asked(served, path_of(served, "scene.html?src=scenes/0/cat_photo_kbvr.glb"))[1].decode()
        assert "<title>cat photo.jpg – kbvr</title>" in viewer
        assert len(list(temporary.glob("kbvr-view-*"))) == 1
    assert list(temporary.iterdir()) == []
    assert [path.name for path in tmp_path.glob("cat*")] == ["cat photo.jpg"]


def test_one_scene_is_made_at_a_time_and_only_once(photos, making, temporary):
    begun: SimpleQueue[str] = SimpleQueue()
    go_on = Event()

    def make(request: Request) -> None:
        request.arguments[2].write_text("depth\n1\n4")
        begun.put(request.arguments[0].name)
        assert go_on.wait(10)
        written(request)

    making(make)
    with viewing(*photos) as served:
        assert progress(served, 0, "a")["text"] == "Starting"
        assert begun.get(timeout=10) == "a.jpg"
        assert until(served, 0, "a", "making") == {"state": "making", "text": "Estimating depth", "share": 0.25}
        assert progress(served, 1, "b") == {"state": "waiting", "text": "Waiting for another photo", "share": None}
        assert begun.empty()
        go_on.set()
        for number, name in enumerate("ab"):
            until(served, number, name, "ready")
            assert (
                asked(served, path_of(served, f"scenes/{number}/{name}_kbvr.glb"))[1] == f"scene of {name}.jpg".encode()
            )
        assert begun.get(timeout=10) == "b.jpg"
        assert begun.empty()


def test_nothing_is_made_before_a_page_asks(photos, making, temporary):
    making(lambda request: pytest.fail("nobody asked"))
    with viewing(*photos) as served:
        for path in ("", "photo.html?src=files/0/a.jpg", "files/0/a.jpg", "thumbnails/0.jpg"):
            asked(served, path_of(served, path))
        for path in ("progress", "progress?src=", "progress?src=files/9/a.jpg", "progress?src=../a.jpg", "photo.html"):
            assert asked(served, path_of(served, path))[0].status == 404
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "words", "is_bug"),
    [
        (InputError("expected a photo, got a.jpg"), "expected a photo, got a.jpg", False),
        (DamagedFileError("a.jpg: expected"), "This file is damaged or incomplete.", False),
        (
            EndedError("killed", -9),
            "The process that makes the scene was killed, most likely because memory ran out.",
            False,
        ),
        (
            TimeUpError("no answer within 9 s", -9),
            "The process that makes the scene failed: no answer within 9 s",
            False,
        ),
        (EndedError("crashed (SIGSEGV)", -11), "The process that makes the scene failed: crashed (SIGSEGV)", False),
        (MemoryError(), "There is not enough memory to make the scene.", False),
        (KeyError("x"), "kbvr failed because of a bug. The terminal shows the details.", True),
    ],
)
def test_a_failure_is_told_in_words_and_can_be_tried_again(photos, making, temporary, caplog, error, words, is_bug):
    errors = [error]

    def make(request: Request) -> None:
        if errors:
            raise errors.pop()
        written(request)

    making(make)
    with viewing(*photos) as served:
        assert until(served, 0, "a", "failed")["text"] == words
        assert progress(served, 0, "a")["state"] == "failed"
        asked(served, path_of(served, "photo.html?src=files/0/a.jpg"))
        until(served, 0, "a", "ready")
    assert [record.levelname for record in caplog.records] == ["ERROR"] * is_bug


def test_a_real_failure_names_the_file_but_not_its_folder(tmp_path, pages, temporary):
    """People on the network may read it."""
    (tmp_path / "a.jpg").write_bytes(b"no photo")
    with viewing(tmp_path / "a.jpg") as served:
        text = until(served, 0, "a", "failed", patience_s=60)["text"]
    assert "a.jpg" in text
    assert str(tmp_path) not in text


def test_a_truncated_photo_is_said_to_be_damaged(tmp_path, pages, temporary):
    Image.effect_noise((200, 150), 40).convert("RGB").save(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:3000])
    with viewing(tmp_path / "a.jpg") as served:
        assert until(served, 0, "a", "failed", patience_s=60)["text"] == "This file is damaged or incomplete."
        assert [*temporary.glob("kbvr-view-*/*")] == []


def test_a_photo_that_has_changed_is_made_anew(photos, making, temporary):
    making(lambda request: request.arguments[1].write_bytes(photos[0].read_bytes()))
    with viewing(photos[0].parent) as served:
        until(served, 0, "a", "ready")
        photos[0].write_bytes(b"changed")
        asked(served, path_of(served))
        until(served, 0, "a", "ready")
        assert asked(served, path_of(served, "scenes/0/a_kbvr.glb"))[1] == b"changed"


def test_old_scenes_make_room(photos, making, temporary, monkeypatch):
    monkeypatch.setattr(scenes, "MAX_KEPT", 2)
    making(written)
    with viewing(*photos) as served:
        for number, name in enumerate("abc"):
            until(served, number, name, "ready")
        assert len(list(temporary.glob("kbvr-view-*/*.glb"))) == 2
        assert asked(served, path_of(served, "scenes/0/a_kbvr.glb"))[0].status == 404
        until(served, 0, "a", "ready")


def test_the_end_does_not_wait_for_a_scene(tmp_path, pages, temporary):
    """A real one, in its process."""
    Image.effect_noise((1600, 1200), 40).convert("RGB").save(tmp_path / "a.jpg")
    with viewing(tmp_path / "a.jpg") as served:
        until(served, 0, "a", "making")
        time.sleep(0.3)
        start = time.monotonic()
    assert time.monotonic() - start < 5  # not measured: the process takes longer than this to start
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("given", ["photo", "folder"])
def test_a_photo_is_shown_as_it_is_now(photos, making, temporary, given):
    """When its page is reloaded, without a look at the index; when its scene is, too, which goes back to its page."""
    making(lambda request: request.arguments[1].write_bytes((Path(request.folder) / request.arguments[0]).read_bytes()))
    with viewing(photos[0] if given == "photo" else photos[0].parent) as served:
        until(served, 0, "a", "ready")
        scene, page = path_of(served, "scenes/0/a_kbvr.glb"), path_of(served, "scene.html?src=scenes/0/a_kbvr.glb")
        assert asked(served, scene)[1] == photos[0].read_bytes()
        photos[0].write_bytes(b"changed")
        assert asked(served, scene)[0].status == 404
        answer, _ = asked(served, page)
        assert (answer.status, answer.headers["Location"]) == (307, "photo.html?src=files/0/a.jpg")
        assert asked(served, path_of(served, "photo.html?src=files/0/a.jpg"))[0].status == 200
        until(served, 0, "a", "ready")
        assert asked(served, scene)[1] == b"changed"
        assert asked(served, page)[0].status == 200
        photos[0].unlink()
        for path in ("scenes/0/a_kbvr.glb", "progress?src=files/0/a.jpg", "photo.html?src=files/0/a.jpg"):
            assert asked(served, path_of(served, path))[0].status == 404
        photos[0].write_bytes(b"back")
        until(served, 0, "a", "ready")
        assert asked(served, scene)[1] == b"back"
        photos[0].unlink()
        assert b"a.jpg" not in asked(served, path_of(served))[1]


@pytest.mark.parametrize("replaced", ["file", "folder"])
def test_a_link_in_the_place_of_a_photo_leads_nowhere(tmp_path, pages, temporary, replaced):
    """Neither its scene nor its thumbnail is made of what is elsewhere."""
    for name in ("shown", "secret"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (48, 32), "gray").save(tmp_path / name / "a.jpg")
    with viewing(tmp_path / "shown") as served:
        if replaced == "file":
            (tmp_path / "shown" / "a.jpg").unlink()
            (tmp_path / "shown" / "a.jpg").symlink_to(tmp_path / "secret" / "a.jpg")
        else:
            (tmp_path / "shown").rename(tmp_path / "old")
            (tmp_path / "shown").symlink_to(tmp_path / "secret")
        for path in (
            "progress?src=files/0/a.jpg",
            "scenes/0/a_kbvr.glb",
            "thumbnails/0.jpg",
            "files/0/a.jpg",
            "photo.html?src=files/0/a.jpg",
        ):
            assert asked(served, path_of(served, path))[0].status == 404


def test_a_scene_and_a_thumbnail_are_of_the_file_that_was_opened(photos, making, temporary):
    """A link that takes the place of a waiting photo is not followed, in no process."""
    begun, go_on = Event(), Event()

    def make(request: Request) -> None:
        begun.set()
        assert go_on.wait(10)
        written(request)

    making(make)
    with viewing(*photos) as served:
        progress(served, 0, "a")
        assert begun.wait(10)
        entry = served.served.site.entry_at("files/1/b.jpg")
        progress(served, 1, "b")
        photos[1].unlink()
        photos[1].symlink_to(photos[2])
        go_on.set()
        waited = served.served._scenes
        end = time.monotonic() + 10
        while (told := waited.progress(entry))["state"] != "failed":
            assert time.monotonic() < end, told
            time.sleep(0.02)
        assert told["text"].startswith("The photo cannot be read: ")
        with pytest.raises(InputError):
            thumbnail(photos[1], ".jpg", "mono")


def test_a_photo_that_failed_is_tried_again_when_it_is_asked_to(photos, making, temporary):
    """A scene that is ready is not made again."""
    tries: list[Request] = []

    def make(request: Request) -> None:
        tries.append(request)
        if len(tries) == 1:
            raise InputError("expected more light")
        written(request)

    making(make)
    with viewing(*photos) as served:
        assert until(served, 1, "b", "failed")["text"] == "expected more light"
        assert progress(served, 1, "b")["state"] == "failed"
        for _ in range(2):
            asked(served, path_of(served, "progress?src=files/1/b.jpg&again"))
            until(served, 1, "b", "ready")
        assert len(tries) == 2
