"""Waiting for a studio's projects."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from many_photos import tiny_photo
from studio_client import Client

PATIENCE_S = 60.0


def until(client: Client, project: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the state of a project as soon as it is so, as a page learns it from events."""
    end_s, seq = time.monotonic() + PATIENCE_S, 0
    while time.monotonic() < end_s:
        news = client.json("GET", f"api/events?since={seq}")
        seq = news["seq"]
        for state in news["projects"]:
            if state["id"] == project and is_so(state):
                return state
    raise AssertionError(client.json("GET", f"api/projects/{project}"))


def until_ready(client: Client, project: str) -> dict[str, Any]:
    """Open a project; return its state once it has a scene."""
    client.json("GET", f"api/projects/{project}")
    return until(client, project, lambda state: state["stage"] in ("ready", "failed"))


def made_project(folder: Path, name: str = "cat", **entries: Any) -> Path:
    """Write a project with a photo of a few pixels; return its folder. Entries replace those of project.json."""
    project = folder / f"{name}.kbvr"
    (project / "photo").mkdir(parents=True)
    tiny_photo(project / "photo" / f"{name}.jpg")
    content = {
        "format": "kbvr-project",
        "version": 1,
        "photo": {"name": f"{name}.jpg", "file": f"photo/{name}.jpg", "sha256": ""},
        "options": {},
        "revision": 0,
    }
    (project / "project.json").write_text(json.dumps(content | entries), "utf-8")
    return project
