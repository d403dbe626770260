"""Many photos at once, and the network."""

from __future__ import annotations

from pathlib import Path

import pytest
from lent_workers import LentWorker
from many_photos import tiny_photo
from studio_client import opened_studio
from studio_states import made_project, until, until_ready

from kbvr.serving import LOOPBACK, open_server
from kbvr.studio.studio import Studio

COUNT = 20


def test_twenty_photos_that_are_dropped_are_all_made(tmp_path):
    """One after the other; what is looked at is made before the others, and alone in detail."""
    with opened_studio(tmp_path / "projects") as client:
        ids = [client.upload(tiny_photo(tmp_path / f"{number}.jpg", number)) for number in range(COUNT)]
        assert len({*ids}) == COUNT
        until_ready(client, ids[-1])
        stages = [client.studio.projects.get(number).stage for number in ids]
        assert stages.count("ready") < COUNT
        for number in ids:
            until(client, number, lambda state: state["stage"] == "ready")
        until(client, ids[-1], lambda state: state["scene"]["is_refined"])
        refined = [number for number in ids if client.studio.projects.get(number).scene.is_refined]
        assert refined == [ids[-1]]


def test_hundreds_of_photos_are_listed_at_once(tmp_path):
    """Without reading them; each is made when it is opened."""
    photo = tiny_photo(tmp_path / "photos" / "000.jpg").read_bytes()
    for number in range(1, 300):
        (tmp_path / "photos" / f"{number:03}.jpg").write_bytes(photo)
    with opened_studio(tmp_path / "projects", tmp_path / "photos") as client:
        listed = client.json("GET", "api/events?since=0")["projects"]
        assert [state["name"] for state in listed] == [f"{number:03}.jpg" for number in range(300)]
        assert {state["stage"] for state in listed} == {"waiting"}
        assert until_ready(client, listed[200]["id"])["stage"] == "ready"


def test_a_single_photo_is_prepared_before_the_page_is_open(tmp_path):
    with opened_studio(tmp_path / "projects", tiny_photo(tmp_path / "cat.jpg")) as client:
        (listed,) = client.json("GET", "api/projects")
        until(client, listed["id"], lambda state: bool(state["scene"]))


@pytest.mark.parametrize("is_lan", [False, True])
def test_a_headset_of_others_keeps_no_copy(tmp_path, is_lan):
    """On this machine, where the files are anyway, a browser does, and asks whether it is current."""
    from studio_client import Client

    folder: Path = tmp_path / "projects"
    made_project(folder)
    studio = Studio(folder, is_lan=is_lan, new_worker=LentWorker)
    with open_server(studio, LOOPBACK) as server:
        client = Client(server, studio)
        (listed,) = client.json("GET", "api/projects")
        until_ready(client, listed["id"])
        for name in ("thumbnail.jpg", "photo.jpg", "depth.png", "scene.glb"):
            _, headers, _ = client.raw("GET", f"api/projects/{listed['id']}/{name}")
            assert headers["cache-control"] == ("no-store" if is_lan else "private, no-cache"), name
