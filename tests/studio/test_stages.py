"""The stages of a photo: each is told to pages, and pages know no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from many_photos import tiny_photo
from studio_client import opened_studio
from studio_states import until, until_ready

from kbvr.studio.project import Stage

TYPES = Path(__file__).parents[2] / "viewers" / "studio" / "types.ts"
STAGES = {*get_args(Stage)}


def test_every_stage_is_told(tmp_path, monkeypatch):
    """From the upload to the scene, and of a photo that is damaged."""
    whole, torn = (tiny_photo(tmp_path / f"{name}.jpg") for name in ("whole", "torn"))
    torn.write_bytes(torn.read_bytes()[:700])
    with opened_studio(tmp_path / "projects") as client:
        events, projects, told = client.studio.events, client.studio.projects, set[str]()
        tell = events.changed_project

        def telling(number: str) -> None:
            told.add(projects.get(number).stage)
            tell(number)

        monkeypatch.setattr(events, "changed_project", telling)
        until_ready(client, client.upload(whole))
        until(client, client.upload(torn), lambda state: state["stage"] == "failed")
    assert told == STAGES


def test_pages_know_the_same_stages():
    union = re.search(r"type ProjectStage = ([^;]*);", TYPES.read_text("utf-8"))
    assert union
    assert {*re.findall(r'"(\w+)"', union[1])} == STAGES
