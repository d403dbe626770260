"""A grey photo that gets colours in the studio: what is shown and what is planned has them.

The studios have processes of their own, which look for networks in the folder of the test.
"""

from __future__ import annotations

import time
from io import BytesIO

import numpy as np
import pytest
from colour_stand_ins import ddcolor_like, install
from PIL import Image
from studio_client import Client, opened_studio
from studio_states import PATIENCE_S, until, until_ready

from kbvr.imaging.lab import chroma_of
from kbvr.nets import models_folder
from kbvr.serving.worker import Worker


@pytest.fixture
def grey(tmp_path):
    """Return a grey photo."""
    grey = np.random.default_rng(0).integers(60, 200, (12, 18), np.uint8)
    Image.fromarray(grey).resize((180, 120)).save(tmp_path / "grey.jpg")
    return tmp_path / "grey.jpg"


def redness(client: Client, project: str) -> float:
    """Return the mean of `a` of the photo that the page shows."""
    _, _, photo = client.raw("GET", f"api/projects/{project}/photo.jpg")
    return float(chroma_of(np.asarray(Image.open(BytesIO(photo)).convert("RGB")))[..., 0].mean())


def set_options(client: Client, project: str, **options: str) -> None:
    """Set options of a project."""
    revision = client.json("GET", f"api/projects/{project}")["revision"]
    client.json("PUT", f"api/projects/{project}/options", {"revision": revision, "options": options})


def test_a_photo_gets_colours_and_loses_them_again(grey, tmp_path, monkeypatch):
    monkeypatch.setenv("KBVR_HOME", str(tmp_path / "home"))
    models_folder().mkdir(parents=True)
    install(models_folder(), "ddcolor-tiny", ddcolor_like(tmp_path / "n.onnx", left=(50, 10), right=(50, 10)))
    with opened_studio(tmp_path / "projects", new_worker=Worker) as client:
        project = client.upload(grey)
        before = until_ready(client, project)
        assert abs(redness(client, project)) < 3
        set_options(client, project, colorize="auto")
        coloured = until(client, project, lambda state: state["depth"]["revision"] > before["depth"]["revision"])
        assert redness(client, project) > 30
        assert chroma_of(client.studio.projects.opened(project).photo.rgb)[..., 0].mean() > 30, "what is exported, too"
        set_options(client, project)
        until(client, project, lambda state: state["depth"]["revision"] > coloured["depth"]["revision"])
        assert abs(redness(client, project)) < 3


def test_the_page_says_how_to_get_a_network_that_is_not_installed(grey, tmp_path, monkeypatch):
    monkeypatch.setenv("KBVR_HOME", str(tmp_path / "home"))
    with opened_studio(tmp_path / "projects", new_worker=Worker) as client:
        project = client.upload(grey)
        until_ready(client, project)
        seq = client.json("GET", "api/events?since=0")["seq"]
        set_options(client, project, colorize="deoldify-artistic")
        notes: list[str] = []
        end_s = time.monotonic() + PATIENCE_S
        while not notes and time.monotonic() < end_s:
            news = client.json("GET", f"api/events?since={seq}")
            seq, notes = news["seq"], news["notes"]
        assert "kbvr models pull deoldify-artistic" in notes[0]
        assert "{" not in notes[0]
