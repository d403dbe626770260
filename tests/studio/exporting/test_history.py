"""Finished exports are there again when the server has been restarted."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock
from watched_queue import WatchedQueue, content_of

from kbvr.batching.opening import LOCK
from kbvr.studio.exporting.export import Export, MadeFile, PhotoProgress, PhotoToExport
from kbvr.studio.exporting.history import NAME, file_of, read_history, write_history
from kbvr.studio.exporting.interrupted import INTERRUPTED, is_batch_running, remove_left

CHEAP = {"depth_map": "png", "depth_quality": "fast"}


def finished(cat: PhotoToExport, *names: str) -> Export:
    """Return an export that has ended, with its files and its entry in the list."""
    folder = cat.exports / "depth-map"
    folder.mkdir(parents=True)
    for name in names or ("a.png",):
        (folder / name).write_bytes(b"depth")
    files = tuple(MadeFile(name, "depth-map", 5) for name in names or ("a.png",))
    export = Export("Depth map", ("cat",), CHEAP, folder, state="done", files=files)
    write_history(cat.exports, [export])
    return export


def restarted(cat: PhotoToExport) -> WatchedQueue:
    watched = WatchedQueue()
    watched.queue.adopt(cat.exports, ("again",))
    return watched


def test_a_restarted_server_shows_earlier_results(watched: WatchedQueue, cat: PhotoToExport):
    exports = [watched.made(cat, **CHEAP), watched.made(cat, near_m="3", **CHEAP)]
    again = restarted(cat)
    kept = [state | {"projects": ["again"]} for state in (one.as_json() for one in exports)]
    assert again.queue.states() == kept
    assert again.told == kept
    for export in exports:
        path = again.queue.file(export.id, 0)
        assert path is not None
        assert path.parent == export.folder
    made = again.made(cat, **CHEAP)
    assert [one["id"] for one in restarted(cat).queue.states()] == [*(one.id for one in exports), made.id]
    again.queue.close()


def test_a_project_may_have_moved(cat: PhotoToExport, tmp_path: Path):
    """Nothing in the list says where the project was."""
    export = finished(cat)
    assert str(tmp_path) not in (cat.exports / NAME).read_text("utf-8")
    moved = cat.exports.rename(tmp_path / "elsewhere")
    (found,) = read_history(moved)
    assert file_of(found, 0) == moved / "depth-map" / export.files[0].name


def test_files_that_are_gone_are_not_shown(cat: PhotoToExport):
    export = finished(cat, "a.png", "b.png")
    (export.folder / export.files[0].path).unlink()
    (found,) = read_history(cat.exports)
    assert [file.name for file in found.files] == ["b.png"]


def test_forgotten_exports_keep_their_files(cat: PhotoToExport):
    again, export = restarted(cat), finished(cat)
    again.queue.adopt(cat.exports)
    before = content_of(export.folder)
    assert again.queue.forget(export.id)
    assert again.queue.states() == []
    assert read_history(cat.exports) == []
    assert content_of(export.folder) == before
    assert not again.queue.forget(export.id)


def test_a_batch_that_another_process_makes_is_left_alone(tmp_path: Path):
    """One that was killed is interrupted, and its unfinished files are removed."""
    folder, photos = tmp_path / "Batch", (PhotoProgress("a", "a.jpg", "done"), PhotoProgress("b", "b.jpg", "running"))
    (folder / LOCK).parent.mkdir(parents=True)
    (folder / ".kbvr-0123abcd.part.mp4").write_bytes(b"half")
    write_history(folder, [Export("many", ("a", "b"), CHEAP, folder, state="running", photos=photos)])
    is_running = partial(is_batch_running, folder)
    with FileLock(folder / LOCK):
        watched = WatchedQueue()
        watched.queue.adopt(folder, (), is_running)
        remove_left(folder, is_running)
        assert watched.queue.states() == []
        assert (folder / ".kbvr-0123abcd.part.mp4").exists()
    watched.queue.adopt(folder, (), is_running)
    remove_left(folder, is_running)
    (state,) = watched.queue.states()
    assert (state["state"], state["problem"]) == ("failed", INTERRUPTED)
    assert state["ended_at"]
    assert [photo["state"] for photo in state["photos"]] == ["done", "waiting"]
    assert not (folder / ".kbvr-0123abcd.part.mp4").exists()


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "[]",
        "{",
        '{"format": "kbvr-exports", "version": 2, "exports": []}',
        '{"format": "kbvr-exports", "version": 1, "exports": [3]}',
        "[" * 100_000,
    ],
)
def test_a_damaged_list_is_kept_and_the_server_goes_on(damage: str, cat: PhotoToExport):
    cat.exports.mkdir(parents=True)
    (cat.exports / NAME).write_text(damage, "utf-8")
    assert restarted(cat).queue.states() == []
    assert (cat.exports / "exports.damaged.json").read_text("utf-8") == damage
    write_history(cat.exports, [])
    assert read_history(cat.exports) == []


@pytest.mark.parametrize("path", ["../secret.txt", "/etc/passwd", "a/../../secret.txt", "..\\secret.txt", "a\0b"])
@pytest.mark.parametrize("where", ["folder", "file"])
def test_no_list_reaches_files_elsewhere(path: str, where: str, cat: PhotoToExport):
    """A project that someone else has sent may contain anything."""
    finished(cat)
    (cat.exports.parent / "secret.txt").write_text("secret", "utf-8")
    content = json.loads((cat.exports / NAME).read_text("utf-8"))
    if where == "folder":
        content["exports"][0]["folder"] = path
    else:
        content["exports"][0]["files"][0]["path"] = path
    (cat.exports / NAME).write_text(json.dumps(content), "utf-8")
    assert read_history(cat.exports) == []


def test_no_link_reaches_files_elsewhere(cat: PhotoToExport, tmp_path: Path):
    export = finished(cat)
    (tmp_path / "secret.png").write_text("secret", "utf-8")
    path = export.folder / export.files[0].path
    path.unlink()
    path.symlink_to(tmp_path / "secret.png")
    assert file_of(export, 0) is None
