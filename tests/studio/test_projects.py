"""Projects: what is kept, what opens again, and what is said of damaged ones."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from many_photos import tiny_photo
from PIL import Image
from studio_client import Client, opened_studio
from studio_states import made_project, until, until_ready
from watched_queue import wait_until

from kbvr.depth.depth_map import DepthMap
from kbvr.errors import InputError
from kbvr.photo.photo import load_photo
from kbvr.studio.photo_worker import thumbnail
from kbvr.studio.stored_depth import write_stored_depth

CONTENT = ("photo", "options", "revision")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "projects"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A studio for several tests, each with a photo of its own."""
    with opened_studio(tmp_path_factory.mktemp("shared")) as opened:
        yield opened


def content_of(project: Path) -> dict[str, Any]:
    return json.loads((project / "project.json").read_text("utf-8"))


def files_of(project: Path) -> dict[str, bytes]:
    """Return the content of every file of a project that is not made again by itself."""
    paths = [path for path in project.rglob("*") if path.is_file() and "cache" not in path.parts]
    return {str(path.relative_to(project)): path.read_bytes() for path in paths if path.name != ".lock"}


def damage(folder: Path, photo: Path | None = None) -> dict[str, Any]:
    """Open the only project of a folder, and return its state when it has failed; nothing in it has changed."""
    (project,) = folder.glob("*.kbvr")
    before = files_of(project)
    with opened_studio(folder) as client:
        (listed,) = client.json("GET", "api/projects")
        state = until_ready(client, listed["id"])
    assert state["stage"] == "failed"
    assert files_of(project) == before
    return state


def test_a_photo_goes_from_upload_to_scene(client, tmp_path):
    """Stage by stage; its depth and its pictures are kept."""
    project = client.upload(tiny_photo(tmp_path / "cat.jpg"))
    state = until_ready(client, project)
    assert state["stage"] == "ready"
    assert state["size_px"] == state["working_px"] == [96, 64]
    assert state["f_px"] > 0
    assert state["depth"] == {"revision": 1, "is_mended": False}
    refined = until(client, project, lambda state: state["scene"]["is_refined"])
    assert refined["scene"]["revision"] == state["scene"]["revision"] + 1
    for name, begin in (
        ("thumbnail.jpg", b"\xff\xd8"),
        ("photo.jpg", b"\xff\xd8"),
        ("depth.png", b"\x89PNG"),
        ("scene.glb", b"glTF"),
        ("tinted.glb", b"glTF"),
    ):
        status, headers, content = client.raw("GET", f"api/projects/{project}/{name}?revision=2")
        assert status == 200, name
        assert content.startswith(begin)
        assert headers["x-content-type-options"] == "nosniff"
    names = [layer["name"] for layer in client.json("GET", f"api/projects/{project}/layers.json")["layers"]]
    assert names[0] == "front"
    for index in range(len(names)):
        assert client.raw("GET", f"api/projects/{project}/layer-{index}.png")[2].startswith(b"\x89PNG")


def test_a_project_opens_again_with_the_same_depth_without_a_network(folder, tmp_path, monkeypatch):
    with opened_studio(folder) as client:
        project = client.upload(tiny_photo(tmp_path / "cat.jpg"))
        until(client, project, lambda state: bool(state["scene"]))
        first = client.studio.projects.opened(project).depth
        wait_until(lambda: content_of(folder / "cat.kbvr")["depth_options"] is not None)
        client.json("PUT", f"api/projects/{project}/options", {"revision": 0, "options": {"strength": "bold"}})
    shutil.rmtree(folder / "cat.kbvr" / "cache")
    with opened_studio(folder) as client:
        calls = []
        call = client.studio.making._call
        monkeypatch.setattr(client.studio.making._opening, "_call", lambda *a: (calls.append(a[0]), call(*a))[1])
        (listed,) = client.json("GET", "api/projects")
        assert listed["id"] == project
        assert listed["options"] == {"strength": "bold"}
        until_ready(client, project)
        again = client.studio.projects.opened(project).depth
    assert "estimate" not in calls
    assert again.network == first.network
    np.testing.assert_allclose(again.inverse_depth, first.inverse_depth, atol=2e-5 * first.inverse_depth.max())


def test_options_are_kept_at_once_and_only_those_that_differ(client, tmp_path):
    project = client.upload(tiny_photo(tmp_path / "kept.jpg"))
    chosen = {"strength": "bold", "wiggle": "yes", "seconds": "4", "vignette": "0", "stereo": "no"}
    state = client.json("PUT", f"api/projects/{project}/options", {"revision": 0, "options": chosen})
    kept = {"strength": "bold", "wiggle": "yes", "seconds": "4", "stereo": "no"}
    assert (state["revision"], state["options"]) == (1, kept)
    content = content_of(client.studio.projects.folder / "kept.kbvr")
    assert (content["revision"], content["options"]) == (1, kept)


def test_options_that_are_set_while_the_photo_is_prepared_are_kept(client, tmp_path):
    """Other parts of project.json are written then."""
    project = client.upload(tiny_photo(tmp_path / "busy.jpg"))
    for revision in range(40):
        options = {"seconds": str(revision + 1)}
        client.json("PUT", f"api/projects/{project}/options", {"revision": revision, "options": options})
    until_ready(client, project)
    content = content_of(client.studio.projects.folder / "busy.kbvr")
    assert (content["revision"], content["options"]) == (40, {"seconds": "40"})


def test_two_tabs_do_not_overwrite_each_other(client, tmp_path):
    """The second one is told what the first one has saved."""
    project = client.upload(tiny_photo(tmp_path / "cat.jpg"))
    path = f"api/projects/{project}/options"
    client.json("PUT", path, {"revision": 0, "options": {"strength": "bold"}})
    refused = client.json("PUT", path, {"revision": 0, "options": {"strength": "gentle"}}, status=409)
    assert "another tab" in refused["error"]
    assert refused["project"]["options"] == {"strength": "bold"}
    assert refused["project"]["revision"] == 1
    client.json("PUT", path, {"revision": 1, "options": {"strength": "gentle"}})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget_percent": "99"}, "Amount of depth must be above 0 and at most 15 percent of the width, got '99'"),
        ({"strenght": "bold"}, "there is no option 'strenght'; did you mean 'strength'?"),
        ({"depth": "/etc/passwd"}, "Depth file cannot name a file here"),
        ({"keyframes": "a.json"}, "Camera path file cannot name a file here"),
        ({"depth_model": "/tmp/net.onnx"}, "Depth network cannot name a file here"),
        ({"fill": "../net"}, "Fill of hidden areas cannot name a file here"),
        ({"segmentation": "net.onnx"}, "Upright objects cannot name a file here"),
    ],
)
def test_bad_options_are_refused_in_words(client, tmp_path, options, message):
    """With names of options as the page shows them; nothing is saved."""
    project = client.upload(tiny_photo(tmp_path / "cat.jpg"))
    path = f"api/projects/{project}/options"
    refused = client.json("PUT", path, {"revision": 0, "options": options}, status=422)
    assert refused["error"] == message
    assert client.json("GET", f"api/projects/{project}")["options"] == {}


def test_options_of_the_depth_make_it_again(client, tmp_path):
    project = client.upload(tiny_photo(tmp_path / "cat.jpg"))
    until(client, project, lambda state: bool(state["scene"]))
    near = client.studio.projects.opened(project).depth.inverse_depth.max()
    change = {"revision": 0, "options": {"near_m": "0.5", "fov_deg": "20"}}
    client.json("PUT", f"api/projects/{project}/options", change)
    state = until(client, project, lambda state: state["depth"]["revision"] > 1)
    assert client.studio.projects.opened(project).depth.inverse_depth.max() > 2 * near
    assert state["f_px"] == pytest.approx(48 / np.tan(np.radians(10)))


@pytest.mark.parametrize(("option", "is_kept"), [("seconds", True), ("surround", False)])
def test_a_better_scene_outlives_options_that_do_not_change_it(client, tmp_path, monkeypatch, option, is_kept):
    """Set while it is made; if they do change it, it is made again."""
    project = client.upload(tiny_photo(tmp_path / f"{option}.jpg"))
    making, refined = client.studio.making, []
    call = making._call

    def called(function: str, *arguments: Any, **more: Any) -> Any:
        if function == "refine" and not refined:
            options = {option: {"seconds": "3", "surround": "none"}[option]}
            client.json("PUT", f"api/projects/{project}/options", {"revision": 0, "options": options})
        refined.extend([function] if function == "refine" else [])
        return call(function, *arguments, **more)

    monkeypatch.setattr(making, "_call", called)
    client.json("GET", f"api/projects/{project}")
    until(client, project, lambda state: bool(state["scene"] and state["scene"]["is_refined"]))
    assert len(refined) == (1 if is_kept else 2)


def test_a_scene_that_failed_is_tried_again_when_the_project_is_opened_again(client, tmp_path, monkeypatch):
    making = client.studio.making
    call = making._call

    def called(function: str, *arguments: Any, **more: Any) -> Any:
        if function == "preview":
            raise MemoryError
        return call(function, *arguments, **more)

    monkeypatch.setattr(making, "_call", called)
    project = client.upload(tiny_photo(tmp_path / "again.jpg"))
    state = until_ready(client, project)
    assert (state["stage"], state["problem"]) == ("failed", "There is not enough memory for this photo.")
    monkeypatch.setattr(making, "_call", call)
    client.json("GET", f"api/projects/{project}")
    until(client, project, lambda state: state["stage"] == "ready")


def test_a_project_that_is_removed_goes_to_the_trash(client, tmp_path):
    """Whatever is being made of it."""
    folder = client.studio.projects.folder
    project = client.upload(tiny_photo(tmp_path / "gone.jpg"))
    until(client, project, lambda state: state["stage"] != "waiting")
    client.json("DELETE", f"api/projects/{project}")
    time.sleep(0.5)
    assert (folder / "trash" / "gone.kbvr" / "project.json").exists()
    assert not (folder / "gone.kbvr").exists()
    assert project in client.json("GET", "api/events?since=1")["removed"]
    client.json("GET", f"api/projects/{project}", status=404)


def test_a_photo_of_the_command_line_stays_where_it_is(folder, tmp_path):
    """Its project refers to it, is made when it is opened, and is found again."""
    photo = tiny_photo(tmp_path / "photos" / "cat.jpg")
    for _ in range(2):
        with opened_studio(folder, photo) as client:
            (listed,) = client.json("GET", "api/projects")
            assert listed["name"] == "cat.jpg"
            until_ready(client, listed["id"])
    assert content_of(folder / "cat.kbvr")["photo"]["file"] == str(photo)
    assert [path.name for path in folder.iterdir()] == ["cat.kbvr"]
    with opened_studio(folder) as client:
        client.json("DELETE", f"api/projects/{listed['id']}")
    assert photo.exists()


def test_a_folder_of_photos_is_shown_without_making_anything(folder, tmp_path):
    """Only thumbnails; the rest is made for what is opened."""
    for name in ("b.jpg", "a.png", "c.txt"):
        tiny_photo(tmp_path / "photos" / name.replace(".txt", ".jpg"))
    (tmp_path / "photos" / "c.jpg").rename(tmp_path / "photos" / "c.txt")
    with opened_studio(folder, tmp_path / "photos") as client:
        listed = client.json("GET", "api/projects")
        assert [state["name"] for state in listed] == ["a.png", "b.jpg"]
        until(client, listed[1]["id"], lambda _: client.studio.projects.get(listed[1]["id"]).thumbnail is not None)
        status, _, content = client.raw("GET", f"api/projects/{listed[1]['id']}/thumbnail.jpg")
        assert (status, content[:2]) == (200, b"\xff\xd8")
    assert not folder.exists()


@pytest.mark.parametrize("is_beside", [True, False])
def test_a_project_moves_between_machines(folder, tmp_path, is_beside):
    """With the copy of its photo inside, or with a photo beside it."""
    project = made_project(folder)
    if is_beside:
        (project / "photo" / "cat.jpg").rename(folder / "cat.jpg")
        content = content_of(project) | {"photo": {"name": "cat.jpg", "file": "../cat.jpg"}}
        (project / "project.json").write_text(json.dumps(content), "utf-8")
    elsewhere = tmp_path / "other" / "machine"
    shutil.move(folder, elsewhere)
    with opened_studio(tmp_path / "empty", elsewhere / "cat.kbvr") as client:
        (listed,) = client.json("GET", "api/projects")
        assert until_ready(client, listed["id"])["stage"] == "ready"


DAMAGE = {
    "no JSON": ("{", "project.json is damaged: it is no JSON."),
    "another file": ("[]", "project.json is no project of kbvr."),
    "later version": ({"version": 2}, "This project has version 2, and this kbvr reads version 1."),
    "no photo": ({"photo": {}}, "project.json is damaged: it names no photo."),
    "empty photo": ({"photo": {"name": "a", "file": ""}}, "project.json is damaged: it names no photo."),
    "bad options": ({"options": {"a": 1}}, "project.json is damaged: its options are no texts."),
    "unknown option": ({"options": {"colour": "1"}}, "project.json is damaged: there is no option 'colour'"),
    "a file": ({"options": {"fill": "/x.onnx"}}, "project.json is damaged: fill cannot name a file here"),
    "bad revision": ({"revision": -1}, "project.json is damaged: its revision is no whole number."),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_project_says_what_is_wrong_and_loses_nothing(folder, kind):
    content, words = DAMAGE[kind]
    project = made_project(folder)
    text = content if isinstance(content, str) else json.dumps(content_of(project) | content)
    (project / "project.json").write_text(text, "utf-8")
    assert damage(folder)["problem"].startswith(words)


def test_a_project_that_is_repaired_opens(folder):
    """Without starting the studio again."""
    project = made_project(folder)
    photo, file = project / "photo" / "cat.jpg", project / "project.json"
    text = file.read_text("utf-8")
    file.write_text("{", "utf-8")
    with opened_studio(folder) as client:
        (listed,) = client.json("GET", "api/projects")
        assert until_ready(client, listed["id"])["stage"] == "failed"
        file.write_text(text, "utf-8")
        photo.rename(folder / "cat.jpg")
        client.json("GET", f"api/projects/{listed['id']}")
        until(client, listed["id"], lambda state: "is missing" in state["problem"])
        (folder / "cat.jpg").rename(photo)
        client.json("GET", f"api/projects/{listed['id']}")
        state = until(client, listed["id"], lambda state: state["stage"] == "ready")
        assert state["problem"] == ""


def test_a_missing_project_file_is_said(folder):
    (made_project(folder) / "project.json").unlink()
    assert damage(folder)["problem"] == "project.json is missing."


def test_a_missing_photo_is_named(folder):
    project = made_project(folder)
    (project / "photo" / "cat.jpg").unlink()
    problem = damage(folder)["problem"]
    assert problem == f"The photo cat.jpg is missing. It was expected at {project / 'photo' / 'cat.jpg'}."


@pytest.mark.parametrize("content", [b"\xff\xd8\xff" + bytes(500), b"GIF89a"], ids=["damaged", "other"])
def test_a_photo_that_cannot_be_read_is_said(folder, content):
    project = made_project(folder)
    (project / "photo" / "cat.jpg").write_bytes(content)
    problem = damage(folder)["problem"]
    assert "damaged" in problem or "expected a photo" in problem
    assert str(folder) not in problem


@pytest.mark.parametrize("content", [b"\xff\xd8\xff" + bytes(500), b"GIF89a"], ids=["damaged", "other"])
def test_a_thumbnail_that_cannot_be_made_is_told_as_a_photo_that_cannot_be_read(tmp_path, content):
    path = tmp_path / "cat.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError) as by_thumbnail:
        thumbnail(path)
    with pytest.raises(InputError) as by_photo:
        load_photo(path)
    assert str(by_thumbnail.value) == str(by_photo.value)


def mended(project: Path) -> None:
    depth = DepthMap(np.linspace(0.1, 1, 96 * 64, dtype=np.float32).reshape(64, 96), 90.0)
    write_stored_depth(project / "depth.png", depth)


def test_a_damaged_mended_depth_is_said(folder):
    (made_project(folder) / "depth.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    assert damage(folder)["problem"].startswith("depth.png, the mended depth, is damaged.")


def test_a_mended_depth_of_another_photo_is_said(folder):
    project = made_project(folder, photo={"name": "cat.jpg", "file": "photo/cat.jpg", "sha256": 64 * "0"})
    mended(project)
    assert damage(folder)["problem"].startswith("The photo cat.jpg has changed since its depth was mended.")


def test_a_mended_depth_is_used(folder):
    mended(made_project(folder))
    with opened_studio(folder) as client:
        (listed,) = client.json("GET", "api/projects")
        state = until_ready(client, listed["id"])
        assert state["depth"]["is_mended"]
        assert client.studio.projects.opened(listed["id"]).depth.inverse_depth.max() == pytest.approx(1, abs=1e-4)


def test_another_photo_without_mended_depth_is_taken(folder):
    """Its depth is estimated again."""
    made_project(
        folder,
        photo={"name": "cat.jpg", "file": "photo/cat.jpg", "sha256": 64 * "0"},
        depth_options={},
    )
    write_stored_depth(folder / "cat.kbvr" / "automatic_depth.png", DepthMap(np.eye(64, 96, dtype=np.float32), 90.0))
    with opened_studio(folder) as client:
        (listed,) = client.json("GET", "api/projects")
        assert until_ready(client, listed["id"])["stage"] == "ready"
        assert client.studio.projects.opened(listed["id"]).depth.network


def test_a_damaged_estimate_is_made_again(folder):
    project = made_project(folder)
    sha256 = hashlib.sha256((project / "photo" / "cat.jpg").read_bytes()).hexdigest()
    content = content_of(project) | {"depth_options": {}}
    (project / "project.json").write_text(json.dumps(content | {"photo": content["photo"] | {"sha256": sha256}}))
    estimate, damaged = project / "automatic_depth.png", b"\x89PNG\r\n\x1a\n" + bytes(50)
    estimate.write_bytes(damaged)
    with opened_studio(folder) as client:
        (listed,) = client.json("GET", "api/projects")
        assert until_ready(client, listed["id"])["stage"] == "ready"
        wait_until(lambda: estimate.exists() and estimate.read_bytes() != damaged)
    with Image.open(estimate) as picture:
        assert picture.size == (96, 64)


def test_a_second_studio_does_not_write_to_an_open_project(folder, tmp_path):
    with opened_studio(folder) as first:
        project = first.upload(tiny_photo(tmp_path / "cat.jpg"))
        until_ready(first, project)
        with opened_studio(folder) as second:
            problem = until_ready(second, project)["problem"]
            assert problem == "This project is open in another kbvr studio. Close that one first."
            change = {"revision": 0, "options": {"strength": "bold"}}
            second.json("PUT", f"api/projects/{project}/options", change, status=422)
            second.json("DELETE", f"api/projects/{project}", status=422)
        first.json("PUT", f"api/projects/{project}/options", change)
    with opened_studio(folder) as third:
        assert until_ready(third, project)["stage"] == "ready"


KILLED = """
import os, signal, sys
from pathlib import Path
from studio_client import opened_studio
from studio_states import until_ready
with opened_studio(Path(sys.argv[1])) as client:
    project = client.upload(Path(sys.argv[2]))
    until_ready(client, project)
    for revision in range(3):
        options = {"seconds": str(revision + 2)}
        client.json("PUT", f"api/projects/{project}/options", {"revision": revision, "options": options})
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_server_loses_no_option(folder, tmp_path):
    """And locks nobody out."""
    photo = tiny_photo(tmp_path / "cat.jpg")
    tests = Path(__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": f"{tests}{os.pathsep}{tests.parent}"}
    done = subprocess.run([sys.executable, "-c", KILLED, folder, photo], env=environment, check=False, timeout=100)
    assert done.returncode == -signal.SIGKILL
    with opened_studio(folder) as client:
        (listed,) = client.json("GET", "api/projects")
        assert (listed["revision"], listed["options"]) == (3, {"seconds": "4"})
        assert until_ready(client, listed["id"])["stage"] == "ready"
