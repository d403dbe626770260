"""Projects that are removed and brought back: nothing of them is lost, and pages know them as others."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from many_photos import tiny_photo
from studio_client import opened_studio
from studio_states import until_ready

from kbvr.studio.exporting.export import Export, MadeFile
from kbvr.studio.exporting.history import write_history
from kbvr.studio.project import Project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "projects"


def test_a_removed_project_comes_back_with_its_options_and_exports(folder, tmp_path):
    with opened_studio(folder) as client:
        before = client.upload(tiny_photo(tmp_path / "cat.jpg"))
        until_ready(client, before)
        client.json("PUT", f"api/projects/{before}/options", {"revision": 0, "options": {"strength": "bold"}})
        exports = folder / "cat.kbvr" / "exports"
        (exports / "wiggle").mkdir(parents=True)
        (exports / "wiggle" / "cat.gif").write_bytes(b"gif")
        files = (MadeFile("cat.gif", "gif", 3),)
        write_history(exports, [Export("Wiggle", (before,), {}, exports / "wiggle", state="done", files=files)])
        assert client.json("DELETE", f"api/projects/{before}") == {"is_in_trash": True}
        back = client.json("POST", f"api/projects/{before}/restore", status=201)
        assert (back["name"], back["options"]) == ("cat.jpg", {"strength": "bold"})
        assert back["id"] != before
        assert [path.name for path in (folder / "trash").iterdir()] == []
        assert [state["id"] for state in client.json("GET", "api/projects")] == [back["id"]]
        news = client.json("GET", "api/events?since=0")
        assert before in news["removed"]
        assert [state["id"] for state in news["projects"]] == [back["id"]]
        (export,) = client.json("GET", "api/exports")["exports"]
        assert (export["projects"], export["files"][0]["name"]) == ([back["id"]], "cat.gif")
        until_ready(client, back["id"])
        client.json("POST", f"api/projects/{before}/restore", status=404)


def test_it_comes_back_beside_one_that_has_taken_its_place(folder, tmp_path):
    photo = tiny_photo(tmp_path / "cat.jpg")
    with opened_studio(folder) as client:
        first = client.upload(photo)
        client.json("DELETE", f"api/projects/{first}")
        client.upload(photo)
        client.json("POST", f"api/projects/{first}/restore")
        assert {path.name for path in folder.glob("*.kbvr")} == {"cat.kbvr", "cat 2.kbvr"}


def test_a_photo_that_was_never_opened_comes_back(folder, tmp_path):
    """It has no folder."""
    with opened_studio(folder, tiny_photo(tmp_path / "a.jpg"), tiny_photo(tmp_path / "b.jpg")) as client:
        first, _ = client.json("GET", "api/projects")
        assert client.json("DELETE", f"api/projects/{first['id']}") == {"is_in_trash": False}
        back = client.json("POST", f"api/projects/{first['id']}/restore")
        assert back["name"] == "a.jpg"
        until_ready(client, back["id"])


def test_nothing_comes_back_that_was_not_removed(folder, tmp_path):
    with opened_studio(folder) as client:
        project = client.upload(tiny_photo(tmp_path / "cat.jpg"))
        for number in (project, "0" * 16, "..%2f..%2fetc"):
            client.json("POST", f"api/projects/{number}/restore", status=404)


def test_a_project_is_let_go_by_another_thread_than_holds_it(tmp_path):
    """Photos are opened in threads of their own, which live on."""
    first, second = (Project("0" * 16, tmp_path, None) for _ in range(2))
    held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        first.hold()
        held.set()
        may_end.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(60)
    assert second.is_open_elsewhere()
    first.let_go()
    assert not second.is_open_elsewhere()
    may_end.set()
    thread.join()
