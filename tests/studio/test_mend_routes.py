"""Mending over HTTP: patches, selections, refusals in words."""

from __future__ import annotations

import hashlib
import json
import struct
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from lent_workers import LentWorker
from PIL import Image
from scenes import card_before_wall

from kbvr.depth.read_placed import load_placed_depth
from kbvr.formats.depth.depth_map import png_of_depth
from kbvr.photo.photo import photo_from_array
from kbvr.serving import open_server
from kbvr.studio.project_folder import ProjectFile, write_project_file
from kbvr.studio.studio import Studio

CLICK = {"click": [60, 50]}


class Page:
    """What a page asks a studio for the only project."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.project = json.loads(self.get("/api/projects")[0])[0]["id"]
        end = time.monotonic() + 60
        while (state := json.loads(self.get(self.one())[0]))["stage"] != "ready":
            assert state["stage"] != "failed" and time.monotonic() < end, state
            time.sleep(0.1)

    def one(self, path: str = "") -> str:
        """Return a path below the project's."""
        return f"/api/projects/{self.project}{path}"

    def get(self, path: str, body: object = None, method: str | None = None):
        """Return a body and headers."""
        data = None if body is None else json.dumps(body).encode()
        origin = "/".join(self.url.split("/")[:3])
        headers = {"Origin": origin, "Content-Type": "application/json"} if data or method else {}
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.read(), answer.headers

    def mend(self, path: str, body: object = None):
        """Return the same of the editor."""
        return self.get(self.one(f"/mend{path}"), body)

    def refusal(self, path: str, body: object) -> tuple[int, str]:
        """Return the status and the words of a refusal."""
        with pytest.raises(urllib.error.HTTPError) as caught:
            self.mend(path, body)
        return caught.value.code, json.loads(caught.value.read())["error"]

    def depth(self) -> np.ndarray:
        """Return the whole depth."""
        return np.frombuffer(self.mend("/depth.bin")[0], "<u2").reshape(100, 120)

    def patched(self, path: str, body: object):
        """Return a patch's box, and check that it is what has changed."""
        before = self.depth().copy()
        content, headers = self.mend(path, body)
        x, y, width, height = struct.unpack_from("<4I", content)
        before[y : y + height, x : x + width] = np.frombuffer(content, "<u2", offset=16).reshape(height, width)
        assert np.array_equal(before, self.depth())
        return (x, y, width, height), headers


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    folder = tmp_path_factory.mktemp("projects")
    photo, depth = card_before_wall()
    project = folder / "card.kbvr"
    project.mkdir()
    Image.fromarray(photo.rgb).save(project / "photo.png")
    (project / "automatic_depth.png").write_bytes(png_of_depth(depth))
    sha256 = hashlib.sha256((project / "photo.png").read_bytes()).hexdigest()
    write_project_file(project, ProjectFile("card.png", "photo.png", sha256, depth_options={}))
    with open_server(Studio(folder, new_worker=LentWorker)) as server:
        yield server, project


@pytest.fixture
def page(studio):
    page = Page(studio[0].url)
    yield page
    page.mend("/reset", {})
    page.mend("/select", {"clear": True})


def test_the_whole_depth_is_16_bits_a_pixel(page):
    state = json.loads(page.mend("")[0])
    assert state["size_px"] == [120, 100]
    depth = page.depth()
    assert depth[50, 60] == pytest.approx(4 * int(depth[5, 5]), abs=4)
    low, high = state["shown"]
    assert (low, high) == (pytest.approx(depth[5, 5], abs=1), pytest.approx(depth[50, 60], abs=1))


def test_a_stroke_is_answered_with_what_has_changed(page):
    stroke = {"stroke": "a", "tool": "farther", "radius_px": 8, "points": [[60, 50, 1], [70, 50, 1]], "last": False}
    box, headers = page.patched("/stroke", stroke)
    assert 40 <= box[0] < 60 and box[0] + box[2] <= 80
    revision = headers["X-Kbvr-Revision"]
    _, headers = page.patched("/stroke", stroke | {"last": True})
    assert (headers["X-Kbvr-Can-Undo"], headers["X-Kbvr-Size"]) == ("1", "120x100")
    assert int(headers["X-Kbvr-Revision"]) == int(revision) + 1
    _, headers = page.patched("/undo", {})
    assert headers["X-Kbvr-Can-Redo"] == "1"
    page.patched("/redo", {})


def test_a_click_selects_and_an_action_moves_it(page):
    bits, _ = page.mend("/select", CLICK)
    mask = np.unpackbits(np.frombuffer(bits, np.uint8), count=12000).reshape(100, 120).astype(bool)
    assert mask[50, 60] and not mask[5, 5]
    assert page.mend("/selection.bin")[0] == bits
    before = page.depth()
    page.patched("/region", {"gesture": "a", "action": "move", "factor": 2})
    assert page.depth()[50, 60] == pytest.approx(before[50, 60] / 2, abs=2)
    assert page.mend("/select", {"clear": True})[0] == b""


def test_protecting_answers_with_what_is_protected(page):
    bits, _ = page.mend("/select", CLICK)
    assert page.mend("/region", {"action": "protect"})[0] == bits
    before = page.depth()
    page.mend("/region", {"gesture": "a", "action": "infinity", "outline": "soft"})
    assert np.array_equal(page.depth(), before)
    assert not any(page.mend("/region", {"action": "unprotect"})[0])
    assert page.mend("/protected.bin")[0] == bytes(1500)


def test_the_project_and_its_files_follow(studio, page):
    page.mend("/stroke", {"stroke": "a", "tool": "infinity", "radius_px": 9, "points": [[60, 50, 1]]})
    state = json.loads(page.get(page.one())[0])
    assert (
        state["depth"]["is_mended"] and str(state["depth"]["revision"]) == page.mend("/depth.bin")[1]["X-Kbvr-Revision"]
    )
    end = time.monotonic() + 60
    while not (studio[1] / "depth.png").exists():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/stroke", {}, "tool must be one of nearer, farther"),
        ("/stroke", {"tool": "nearer", "radius_px": "wide"}, "radius_px must be a number."),
        ("/stroke", {"tool": "nearer", "radius_px": 5, "points": []}, "Expected 1 to 4096 points."),
        ("/stroke", {"tool": "nearer", "radius_px": 5, "points": [[1, 2]]}, "Expected points of 3 numbers."),
        ("/stroke", {"tool": "nearer", "radius_px": 5, "points": [[1, 2, 1e300]]}, "Expected points of 3 numbers."),
        ("/stroke", {"tool": "nearer", "radius_px": 5, "points": [[1, 2, 1]]}, "A stroke needs a name."),
        ("/select", {}, "Something to select is missing."),
        ("/select", {"click": [1, 2], "how": "eat"}, "how must be one of new, add, remove."),
        ("/select", {"click": [1, 2], "reach": 1e4}, "The reach must be 0.05 to 20."),
        ("/select", {"click": [1, 2], "quick": 1}, "quick must be true or false."),
        ("/select", {"line": [[1, 2]]}, "A line has two points."),
        ("/region", {"action": "eat", "gesture": "a"}, "action must be one of move, flatten"),
        ("/line", {"points": [[1, 2]]}, "A line has two points."),
    ],
)
def test_requests_that_make_no_sense_are_refused_in_words(page, path, body, words):
    status, message = page.refusal(path, body)
    assert status == 400 and words in message


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/region", {"gesture": "a", "action": "move"}, "Nothing is selected."),
        ("/select", {"outline": [[1, 2], [3, 4]]}, "The outline is too short."),
        ("/line", {"points": [[1, 2], [1, 3]]}, "The line is too short."),
        (
            "/stroke",
            {"stroke": "a", "tool": "nearer", "radius_px": -5, "points": [[1, 2, 1]]},
            "expected a brush radius",
        ),
    ],
)
def test_what_cannot_be_done_is_explained(page, path, body, words):
    status, message = page.refusal(path, body)
    assert status == 422 and words in message


def test_an_export_uses_what_was_mended_a_moment_ago(studio, page):
    (studio[1] / "depth.png").unlink(missing_ok=True)
    page.mend("/stroke", {"stroke": "a", "tool": "infinity", "radius_px": 9, "points": [[60, 50, 1]]})
    asked = {"projects": [page.project], "exports": [{"wiggle": "yes"}]}
    command = json.loads(page.get("/api/exports/as-text", asked)[0])["command"]
    assert "--depth-kind kbvr" in command and "depth.png" in command
    found = load_placed_depth(studio[1] / "depth.png", photo_from_array(card_before_wall()[0].rgb))
    assert found.inverse_depth[50, 60] == 0


def test_nothing_is_written_to_a_project_that_was_removed(tmp_path):
    Image.fromarray(card_before_wall()[0].rgb).save(tmp_path / "card.png")
    with open_server(Studio(tmp_path / "projects", [tmp_path / "card.png"], new_worker=LentWorker)) as server:
        page = Page(server.url)
        page.mend("/stroke", {"stroke": "a", "tool": "infinity", "radius_px": 9, "points": [[60, 50, 1]]})
        page.get(page.one(), method="DELETE")
        time.sleep(2)
        assert [path.name for path in (tmp_path / "projects").iterdir()] == ["trash"]
        (folder,) = (tmp_path / "projects" / "trash").iterdir()
        assert (folder / "depth.png").exists(), "what was mended last is kept"


def test_other_projects_are_not_found(page):
    with pytest.raises(urllib.error.HTTPError) as caught:
        page.get("/api/projects/0000000000000000/mend")
    assert caught.value.code == 404
    assert Path(page.project).name == page.project
