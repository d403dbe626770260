"""Exports over HTTP, as the page asks for them."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from many_photos import tiny_photo
from studio_client import Client, opened_studio
from watched_queue import content_of, wait_until

from kbvr.cli.main import main
from kbvr.studio.exporting.interrupted import INTERRUPTED

DEPTH = {"depth_map": "png,color", "depth_quality": "fast"}
ENDLESS = {"stereo": "yes", "seconds": "100", "fps": "100", "max_size": "64", "depth_quality": "fast", "fill": "spread"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Return a client of a studio."""
    with opened_studio(tmp_path_factory.mktemp("studio") / "projects") as client:
        yield client


@pytest.fixture
def cat(client: Client, tmp_path: Path) -> str:
    """Return the id of a project."""
    return client.upload(tiny_photo(tmp_path / "cat's.jpg"))


@pytest.fixture(scope="module")
def exported(client: Client, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the state of an export that is done."""
    photo = tiny_photo(tmp_path_factory.mktemp("photos") / "owl.jpg", 4)
    return made(client, [client.upload(photo)], **DEPTH, html="yes", fill="spread")


def state_of(client: Client, export: str) -> dict[str, Any]:
    return next(one for one in client.json("GET", "api/exports")["exports"] if one["id"] == export)


def made(client: Client, projects: list[str], **options: str) -> dict[str, Any]:
    """Ask for an export, and return its state at the end."""
    export = client.json("POST", "api/exports", {"projects": projects, "options": options}, 201)["id"]
    wait_until(lambda: state_of(client, export)["ended_at"])
    return state_of(client, export)


def said_of(client: Client, project: str, *exports: dict[str, str]) -> dict[str, str]:
    """Return what is copied instead of some exports of a project."""
    asked = {"projects": [project], "exports": exports}
    said: dict[str, str] = client.json("POST", "api/exports/as-text", asked)
    return said


def cancel(client: Client, export: str) -> None:
    client.json("POST", f"api/exports/{export}/cancel")


def test_a_photo_is_exported_and_its_files_are_opened_and_saved(client: Client, cat: str, tmp_path: Path):
    """The names are those of the photo that was uploaded, and the bytes those of the command line."""
    state = made(client, [cat], **DEPTH)
    assert (state["state"], state["title"], state["projects"]) == ("done", "Depth map", [cat])
    assert [file["name"] for file in state["files"]] == ["cat's_kbvr_depth.png", "cat's_kbvr_depth_color.png"]
    words = ["--depth-map", "png,color", "--depth-quality", "fast"]
    assert main(["export", str(tmp_path / "cat's.jpg"), "-o", str(tmp_path / "out"), *words]) == 0
    expected = content_of(tmp_path / "out")
    for file in state["files"]:
        path = f"api/exports/{state['id']}/files/{file['n']}"
        status, headers, body = client.raw("GET", path)
        assert (status, headers["content-type"], body) == (200, "image/png", expected[file["name"]])
        assert "content-disposition" not in headers
        name = quote(file["name"])
        assert client.raw("GET", f"{path}?download")[1]["content-disposition"].endswith(name)
        assert client.raw("GET", f"{path}/{name}")[2] == body
    assert content_of(Path(state["folder"])) == expected


def test_events_tell_how_far_an_export_is(client: Client, cat: str):
    export = made(client, [cat], **DEPTH)
    assert export in client.json("GET", "api/events?since=0")["exports"]


def test_the_options_of_the_project_are_used_where_they_fit(client: Client, cat: str):
    """A wiggle takes the project's strength, but neither its outputs nor the path of its videos."""
    options = {"strength": "bold", "path": "orbit", "gltf": "yes", "layout": "tb", "vignette": "0.5"}
    client.json("PUT", f"api/projects/{cat}/options", {"revision": 0, "options": options})
    said = said_of(client, cat, {"wiggle": "yes", "vignette": "0.2"})
    assert said["command"].endswith("/exports/wiggle' --wiggle --vignette 0.2 --strength bold")
    said = said_of(client, cat, {"stereo": "yes"})
    assert "--stereo --layout tb --vignette 0.5 --path orbit --strength bold" in said["command"]


def test_the_copied_command_makes_the_same_files(client: Client, cat: str):
    """Run by a shell, and by Python, as a person would after pasting them."""
    said = said_of(client, cat, DEPTH)
    kbvr = f'"{sys.executable}" -m kbvr'
    assert said["command"].startswith("kbvr ")
    subprocess.run(["sh", "-c", kbvr + said["command"].removeprefix("kbvr")], check=True, capture_output=True)
    state = made(client, [cat], **DEPTH)
    folder = Path(state["folder"])
    assert folder.name == "depth-map-2"
    assert content_of(folder) == content_of(folder.with_name("depth-map"))
    said = said_of(client, cat, DEPTH)
    subprocess.run([sys.executable, "-c", said["python"]], check=True, capture_output=True)
    assert content_of(folder.with_name("depth-map-3")) == content_of(folder)


def test_a_mended_depth_is_exported_as_it_was_when_it_was_asked_for(client: Client, tmp_path: Path):
    """A stroke that has just been made counts, a later one does not; the copied command gives the same files."""
    dog = client.upload(tiny_photo(tmp_path / "dog.jpg", 7))
    wait_until(lambda: client.json("GET", f"api/projects/{dog}")["depth"])
    mend = f"api/projects/{dog}/mend"
    stroke = {"stroke": "a", "tool": "infinity", "radius_px": 20, "points": [[40, 30, 1]]}
    assert client.raw("POST", f"{mend}/stroke", json.dumps(stroke).encode())[0] == 200
    said = said_of(client, dog, DEPTH | {"near_m": "3"})
    assert said["command"].endswith("/dog.kbvr/depth.png --depth-kind kbvr")
    assert main(shlex.split(said["command"])[1:]) == 0
    blocking = client.json("POST", "api/exports", {"projects": [dog], "options": ENDLESS}, 201)["id"]
    asked = client.json("POST", "api/exports", {"projects": [dog], "options": DEPTH}, 201)["id"]
    assert client.raw("POST", f"{mend}/undo", b"{}")[0] == 200
    wait_until(lambda: not (client.studio.projects.get(dog).folder / "depth.png").exists())
    cancel(client, blocking)
    wait_until(lambda: state_of(client, asked)["ended_at"])
    folder = Path(state_of(client, asked)["folder"])
    files = content_of(folder)
    assert files == content_of(folder.with_name("depth-map"))
    automatic = Path(made(client, [dog], **DEPTH)["folder"])
    assert files["dog_kbvr_depth.png"] != content_of(automatic)["dog_kbvr_depth.png"]
    assert not list(folder.parent.glob(".kbvr-*"))


def test_a_running_export_is_cancelled_and_can_be_made_again(client: Client, cat: str):
    asked = {"projects": [cat], "options": ENDLESS}
    export = client.json("POST", "api/exports", asked, 201)["id"]
    wait_until(lambda: state_of(client, export)["share"])
    client.json("POST", f"api/exports/{export}/retry", status=409)
    client.json("DELETE", f"api/exports/{export}", status=409)
    cancel(client, export)
    wait_until(lambda: state_of(client, export)["state"] == "cancelled", 3)
    cancel(client, export)
    assert state_of(client, export)["state"] == "cancelled"
    again = client.json("POST", f"api/exports/{export}/retry", status=201)["id"]
    wait_until(lambda: state_of(client, again)["state"] == "running")
    cancel(client, again)
    wait_until(lambda: state_of(client, again)["ended_at"], 3)
    client.json("DELETE", f"api/exports/{again}")
    answer = client.json("GET", "api/events?since=0")
    listed = client.json("GET", "api/exports")["exports"]
    assert not {export, again} & {one["id"] for one in [*listed, *answer["exports"]]}
    assert {export, again} <= {*answer["removed"]}
    client.json("DELETE", f"api/exports/{again}", status=404)
    client.json("POST", f"api/exports/{again}/cancel", status=404)


def test_what_is_tried_again_is_made_as_the_project_is_set_now(client: Client, cat: str):
    """The cause of a failure is corrected there; what was chosen for the export stays chosen."""
    put = {"revision": 0, "options": {"max_mb": "0.001", "near_m": "5"}}
    client.json("PUT", f"api/projects/{cat}/options", put)
    chosen = {"ply": "yes", "near_m": "2", "depth_quality": "fast", "fill": "spread"}
    failed = made(client, [cat], **chosen)
    assert failed["state"] == "failed"
    put = {"revision": 1, "options": {"near_m": "5", "fov_deg": "60"}}
    client.json("PUT", f"api/projects/{cat}/options", put)
    again = client.json("POST", f"api/exports/{failed['id']}/retry", status=201)["id"]
    wait_until(lambda: state_of(client, again)["ended_at"])
    assert state_of(client, again)["state"] == "done"
    export = client.studio.exports.get(again)
    assert export is not None
    assert dict(export.options) == chosen | {"fov_deg": "60"}
    client.json("PUT", f"api/projects/{cat}/options", {"revision": 2, "options": {"max_mb": "1", "quality": "50"}})
    client.json("POST", f"api/exports/{again}/retry", status=422)
    assert state_of(client, again)["state"] == "done"


def test_a_project_that_another_studio_has_open_is_not_exported(client: Client, cat: str, tmp_path: Path):
    dog = client.upload(tiny_photo(tmp_path / "dog.jpg", 3))
    for project in (cat, dog):
        wait_until(lambda project=project: client.json("GET", f"api/projects/{project}")["depth"])
    with opened_studio(client.studio.projects.folder) as other:
        for projects in ([cat], [cat, dog]):
            answer = other.json("POST", "api/exports", {"projects": projects, "options": DEPTH}, 422)
            assert "open in another kbvr studio" in answer["error"]
    assert made(client, [cat], **DEPTH)["state"] == "done"


def test_no_copy_of_a_depth_stays_if_another_project_cannot_be_exported(client: Client, cat: str, tmp_path: Path):
    dog = client.upload(tiny_photo(tmp_path / "dog.jpg", 3))
    projects = [client.studio.projects.get(number) for number in (cat, dog)]
    (projects[0].folder / "depth.png").write_bytes(b"a depth")
    projects[1].content, projects[1].problem = None, "project.json is damaged."
    answer = client.json("POST", "api/exports", {"projects": [cat, dog], "options": DEPTH}, 422)
    assert answer["error"] == "project.json is damaged."
    assert not list(projects[0].folder.glob("exports/.kbvr-*"))


def test_several_projects_make_a_batch_with_their_own_options(client: Client, cat: str, tmp_path: Path):
    dog = client.upload(tiny_photo(tmp_path / "dog.jpg", 3))
    client.json("PUT", f"api/projects/{dog}/options", {"revision": 0, "options": {"near_m": "4"}})
    state = made(client, [cat, dog, cat], **DEPTH)
    assert (state["state"], state["projects"], state["problem"]) == ("done", [cat, dog], "")
    assert Path(state["folder"]).name.startswith("Batch 20")
    assert [photo["state"] for photo in state["photos"]] == ["done", "done"]
    files = content_of(Path(state["folder"]))
    alone = made(client, [dog], **DEPTH)
    assert files["dog_kbvr_depth.png"] == content_of(Path(alone["folder"]))["dog_kbvr_depth.png"]
    said = said_of(client, dog, DEPTH)
    assert "--near-m 4" in said["command"]
    client.json("DELETE", f"api/projects/{cat}")
    assert state_of(client, state["id"])["projects"] == [dog]
    assert json.loads((Path(state["folder"]) / "exports.json").read_text())["exports"][0]["projects"] == [dog]


def test_a_restarted_server_shows_and_serves_earlier_results(tmp_path: Path):
    with opened_studio(tmp_path / "projects") as client:
        projects = [client.upload(tiny_photo(tmp_path / f"{n}.jpg", n)) for n in range(2)]
        states = [made(client, one, **DEPTH) for one in (projects[:1], projects)]
    with opened_studio(tmp_path / "projects") as client:
        found = client.json("GET", "api/exports")["exports"]
        assert sorted(found, key=lambda one: one["title"] + str(len(one["photos"]))) == states
        assert client.raw("GET", f"api/exports/{states[1]['id']}/files/2")[0] == 200


def test_an_export_that_was_killed_is_shown_and_leaves_nothing(tmp_path: Path):
    """A studio that ends without a word; while another runs, nothing of it is touched."""
    with opened_studio(tmp_path / "projects") as client:
        cat = client.upload(tiny_photo(tmp_path / "cat.jpg"))
        wait_until(lambda: client.json("GET", f"api/projects/{cat}")["depth"])
        folder = client.studio.projects.get(cat).folder / "exports"
        first = client.json("POST", "api/exports", {"projects": [cat], "options": ENDLESS}, 201)["id"]
        second = client.json("POST", "api/exports", {"projects": [cat], "options": DEPTH}, 201)["id"]
        wait_until(lambda: state_of(client, first)["share"])
        killed = (folder / "exports.json").read_text()
        with opened_studio(tmp_path / "projects") as other:
            assert other.json("GET", "api/exports")["exports"] == []
        assert list(folder.glob(".kbvr-*"))
    (folder / "exports.json").write_text(killed)
    (folder / ".kbvr-0123abcd.part.png").write_bytes(b"a depth")
    (folder / ".kbvr-0123abce.part").mkdir()
    (folder / ".kbvr-0123abce.part" / "a.mp4").write_bytes(b"half")
    (folder / "mine.part").write_bytes(b"of somebody")
    with opened_studio(tmp_path / "projects") as client:
        found = client.json("GET", "api/exports")["exports"]
        assert {one["id"]: one["state"] for one in found} == {first: "failed", second: "failed"}
        assert {one["problem"] for one in found} == {INTERRUPTED}
        assert {path.name for path in folder.iterdir()} == {"exports.json", "mine.part"}
        again = client.json("POST", f"api/exports/{second}/retry", status=201)["id"]
        wait_until(lambda: state_of(client, again)["ended_at"])
        assert state_of(client, again)["state"] == "done"


def test_removing_a_project_ends_its_exports(client: Client, cat: str):
    export = client.json("POST", "api/exports", {"projects": [cat], "options": ENDLESS}, 201)["id"]
    wait_until(lambda: state_of(client, export)["share"])
    client.json("DELETE", f"api/projects/{cat}")
    assert export not in {one["id"] for one in client.json("GET", "api/exports")["exports"]}
    assert not list((client.studio.projects.folder / "trash").glob("*/exports/.kbvr-*"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"stereo": "no"}, "no output is chosen: Stereo video is off"),
        ({"stereo": "yes", "fps": "no"}, "Frames per second must be 1 to 240, got 'no'"),
        ({"wiggle": "yes", "quality": "50", "max_mb": "2"}, "Quality and Largest file size cannot be combined"),
        ({"wiggle": "yes", "fill": "/etc/passwd"}, "Fill of hidden areas cannot name a file here"),
        ({"kenburns": "yes", "path": "keyframes", "keyframes": "k.json"}, "Camera path file cannot name a file here"),
        ({"stereo": "yes", "path": "keyframes"}, "Camera path file"),
        ({"hologram": "yes"}, "no option 'hologram'"),
    ],
)
def test_what_cannot_be_exported_is_refused_in_words(client: Client, cat: str, options: dict[str, str], said: str):
    answer = client.json("POST", "api/exports", {"projects": [cat], "options": options}, 422)
    assert said in answer["error"]
    answer = client.json("POST", "api/exports/as-text", {"projects": [cat], "exports": [DEPTH, options]}, 422)
    assert said in answer["error"]


@pytest.mark.parametrize("content", [{}, {"projects": []}, {"projects": "abc"}, {"projects": ["x"] * 2000}])
def test_a_request_without_projects_is_refused(client: Client, content: dict[str, Any]):
    client.json("POST", "api/exports", content | {"options": {}}, 400)
    client.json("POST", "api/exports", {"projects": ["x"], "options": {}}, 404)
    client.json("POST", "api/exports/as-text", content | {"exports": [{}]}, 400)
    client.json("POST", "api/exports/as-text", {"projects": ["x"], "exports": []}, 400)


@pytest.mark.parametrize("n", ["9", "-1", "x", "0/other.png", "0/..%2fexports.json", "99999999999", "%30"])
def test_nothing_but_the_files_of_an_export_is_served(client: Client, exported: dict[str, Any], n: str):
    assert client.raw("GET", f"api/exports/{exported['id']}/files/{n}")[0] == 404
    assert client.raw("GET", f"api/exports/none/files/{n}")[0] == 404


def test_pages_are_opened_without_access_to_the_studio(client: Client, exported: dict[str, Any]):
    """An exported page may hold any script once somebody has edited it."""
    n = next(file["n"] for file in exported["files"] if file["name"].endswith(".html"))
    _, headers, _ = client.raw("GET", f"api/exports/{exported['id']}/files/{n}")
    assert "sandbox allow-scripts" in headers["content-security-policy"]
    for viewer in ("scene.html", "stereo.html"):
        assert b"<title>kbvr</title>" in client.raw("GET", f"api/exports/{viewer}")[2]
