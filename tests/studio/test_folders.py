"""Folders of projects: made as a whole, called by ids that stand for one project only, and never left by a link."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from many_photos import tiny_photo
from studio_client import opened_studio
from studio_states import made_project, until, until_ready

from kbvr.errors import OutputError
from kbvr.studio import project_folder
from kbvr.system import atomic_file

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "projects"


def test_an_id_is_never_that_of_a_removed_project(folder, tmp_path):
    """Not even for a photo of the same name, in the same folder: pages know the removed one by it."""
    photo, ids = tiny_photo(tmp_path / "cat.jpg"), []
    with opened_studio(folder) as client:
        for _ in range(3):
            ids.append(client.upload(photo))
            client.json("DELETE", f"api/projects/{ids[-1]}")
        shutil.move(folder / "trash" / "cat.kbvr", folder / "cat.kbvr")
        ids.append(client.studio.projects.add_folder(folder / "cat.kbvr").id)
    assert len({*ids}) == 4


def test_a_project_keeps_its_id_and_a_copy_of_it_has_another(folder, tmp_path):
    """Batches that are exported name it after the studio has been started again."""
    with opened_studio(folder) as client:
        kept = client.upload(tiny_photo(tmp_path / "cat.jpg"))
    shutil.copytree(folder / "cat.kbvr", folder / "copy.kbvr")
    (folder / "cat.kbvr").rename(folder / "moved.kbvr")
    with opened_studio(folder) as client:
        ids = [state["id"] for state in client.json("GET", "api/projects")]
    assert kept in ids
    assert len({*ids}) == 2


@pytest.mark.parametrize("given", ["../../x", "A" * 16, "0" * 15, 7, None])
def test_an_id_in_a_file_is_one_that_a_studio_chooses(folder, given):
    """Others come from elsewhere."""
    made_project(folder, id=given)
    with opened_studio(folder) as client:
        (state,) = client.json("GET", "api/projects")
    assert project_folder.ID.fullmatch(state["id"])
    assert state["id"] != given


@needs_links
@pytest.mark.parametrize(
    "name", ["cache", "mending", "exports", "project.json", "depth.png", "automatic_depth.png", ".lock", "mending/x"]
)
def test_a_project_with_links_is_refused_and_nothing_is_written_through_them(folder, tmp_path, name):
    """Such a project comes from elsewhere; it can be forgotten."""
    project, outside = made_project(folder), tmp_path / "outside"
    outside.mkdir()
    (outside / "scene.glb").write_bytes(b"precious")
    (outside / "exports.json").write_text("no list", "utf-8")
    target = outside / "scene.glb" if "." in name or "/" in name else outside
    if name == "project.json":
        target = (project / name).rename(outside / name)
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).symlink_to(target)
    before = {path: path.read_bytes() for path in outside.iterdir()}
    with opened_studio(folder) as client:
        (listed,) = client.json("GET", "api/projects")
        state = until_ready(client, listed["id"])
        assert state["stage"] == "failed"
        assert state["problem"].startswith(f"{name} in this project is a link to another place")
        change = {"revision": 0, "options": {"strength": "bold"}}
        client.json("PUT", f"api/projects/{listed['id']}/options", change, status=422)
        assert client.json("DELETE", f"api/projects/{listed['id']}") == {"is_in_trash": True}
    assert {path: path.read_bytes() for path in outside.iterdir()} == before


@needs_links
def test_a_link_that_is_made_after_the_start_is_refused_too(folder, tmp_path):
    project = made_project(folder)
    (tmp_path / "outside").mkdir()
    with opened_studio(folder) as client:
        (listed,) = client.json("GET", "api/projects")
        until(client, listed["id"], lambda _: client.studio.projects.get(listed["id"]).thumbnail is not None)
        (project / "cache").symlink_to(tmp_path / "outside")
        assert "is a link" in until_ready(client, listed["id"])["problem"]
    assert not list((tmp_path / "outside").iterdir())


@pytest.mark.parametrize("is_reference", [False, True])
def test_a_project_that_could_not_be_begun_leaves_nothing(folder, tmp_path, monkeypatch, is_reference):
    """It appears as a whole: a studio that is killed meanwhile leaves no folder without project.json."""
    photo, seen = tiny_photo(tmp_path / "cat.jpg"), []

    def no_space(*_: object) -> None:
        seen.extend(folder.glob("*.kbvr"))
        raise OutputError("cannot write: the disk is full")

    given = [photo, tiny_photo(tmp_path / "dog.jpg")] if is_reference else []  # one alone is opened at once
    with opened_studio(folder, *given) as client:
        with monkeypatch.context() as patched:
            patched.setattr(project_folder, "write_project_file", no_space)
            if is_reference:
                listed = client.json("GET", "api/projects")[0]
                assert until_ready(client, listed["id"])["stage"] == "failed"
            else:
                assert client.raw("POST", "api/projects?name=cat.jpg", photo.read_bytes())[0] == 422
        assert seen == []
        assert not list(folder.iterdir())


def test_what_a_killed_upload_left_is_removed_at_the_start(folder):
    """Another studio may be writing to what is new."""
    old = folder / ".kbvr-0123abcd.part"
    (old / "cat.kbvr").mkdir(parents=True)
    with opened_studio(folder) as client:
        assert client.json("GET", "api/projects") == []
    assert old.exists()
    two_days_ago_s = time.time() - 2 * atomic_file.ABANDONED_S
    os.utime(old, (two_days_ago_s, two_days_ago_s))
    with opened_studio(folder):
        assert not old.exists()


@pytest.mark.parametrize("way", ["plain", "with dots", "by a link"])
def test_a_project_of_the_folder_goes_to_the_trash_however_the_folder_is_written(tmp_path, way):
    if way == "by a link" and os.name == "nt":
        pytest.skip("links need rights on Windows")
    folder = tmp_path / "projects"
    made_project(folder)
    given = {"plain": folder, "with dots": folder / ".." / "projects", "by a link": tmp_path / "link"}[way]
    if way == "by a link":
        given.symlink_to(folder)
    with opened_studio(given, folder / "cat.kbvr") as client:
        (listed,) = client.json("GET", "api/projects")
        assert listed["is_own"]
        assert client.json("DELETE", f"api/projects/{listed['id']}") == {"is_in_trash": True}
    assert (folder / "trash" / "cat.kbvr" / "project.json").exists()


def test_a_project_of_elsewhere_is_forgotten_and_stays(folder, tmp_path):
    project = made_project(tmp_path / "elsewhere")
    with opened_studio(folder, project) as client:
        (listed,) = client.json("GET", "api/projects")
        assert not listed["is_own"]
        assert client.json("DELETE", f"api/projects/{listed['id']}") == {"is_in_trash": False}
        assert client.json("GET", "api/projects") == []
    assert json.loads((project / "project.json").read_text("utf-8"))["format"] == "kbvr-project"


def test_a_project_whose_folder_has_gone_says_so_and_is_not_made_anew(folder, tmp_path):
    with opened_studio(folder) as client:
        project = client.upload(tiny_photo(tmp_path / "cat.jpg"))
        until_ready(client, project)
    with opened_studio(folder) as client:
        shutil.rmtree(folder / "cat.kbvr")
        assert "is missing" in until_ready(client, project)["problem"]
    assert not (folder / "cat.kbvr").exists()
