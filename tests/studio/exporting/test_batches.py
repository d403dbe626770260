"""Several projects at once: a batch with its ledger."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pytest
from many_photos import tiny_photo
from PIL import Image
from watched_queue import WatchedQueue, content_of, project_of, wait_until

from kbvr.batching.opening import ledger_to_look_at
from kbvr.errors import InputError
from kbvr.studio.exporting.batches import BatchExport
from kbvr.studio.exporting.export import Export, PhotoToExport
from kbvr.studio.exporting.history import NAME, read_history
from kbvr.studio.exporting.interrupted import is_batch_running

CHEAP = {"depth_map": "png", "depth_quality": "fast"}
ENDLESS = {"stereo": "yes", "seconds": "100", "fps": "100", "max_size": "64", "depth_quality": "fast", "fill": "spread"}


def projects_in(folder: Path, count: int) -> list[PhotoToExport]:
    return [project_of(tiny_photo(folder / f"{number}.jpg", number)) for number in range(count)]


def ask(watched: WatchedQueue, photos: list[PhotoToExport], folder: Path, **options: str) -> Export:
    export = Export("many", tuple(photo.project for photo in photos), options, folder)
    watched.queue.add(export, BatchExport(tuple(photos), folder))
    return export


def counts_in(folder: Path) -> dict[str, int]:
    with ledger_to_look_at(str(folder)) as ledger:
        return dict(ledger.counts())


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return the folder of a batch."""
    return tmp_path / "Batch"


def test_twenty_photos_are_made_through_the_ledger(watched: WatchedQueue, tmp_path: Path, out: Path):
    """One of them is damaged, which does not stop the others; made again, it alone is made."""
    photos = projects_in(tmp_path, 20)
    photos[7].file.write_bytes(photos[7].file.read_bytes()[:600])
    export = ask(watched, photos, out, **CHEAP)
    watched.wait_for(export)
    assert (export.state, export.problem) == ("done", "1 photo could not be exported.")
    assert [photo.state for photo in export.photos] == ["failed" if n == 7 else "done" for n in range(20)]
    assert export.photos[7].problem
    assert [file.name for file in export.files] == [f"{n}_kbvr_depth.png" for n in range(20) if n != 7]
    assert counts_in(out) == {"done": 19, "failed": 1}
    shares = [one["share"] for one in watched.told if one["share"] is not None]
    assert shares == sorted(shares)
    assert {"7 of 20 photos", "20 of 20 photos"} <= {*watched.stages_of(export)}

    tiny_photo(photos[7].file, 7)
    before = {name: (out / name).stat().st_mtime_ns for name in content_of(out) if name.endswith(".png")}
    watched.queue.add(export, BatchExport(tuple(photos), out))
    wait_until(lambda: export.has_ended and not export.problem)
    assert counts_in(out) == {"done": 20}
    assert len(export.files) == 20
    assert {name: (out / name).stat().st_mtime_ns for name in before} == before


def test_a_mended_photo_is_made_with_its_own_depth(watched: WatchedQueue, tmp_path: Path, out: Path):
    """Each photo's files are those of its own export."""
    first, second = projects_in(tmp_path, 2)
    depth = tiny_photo(tmp_path / "depth.png", 9)
    Image.open(depth).convert("L").save(depth)
    second = project_of(second.file, depth)
    options = {"wiggle": "yes", "views": "2", "animate_as": "gif", "fill": "spread", "depth_quality": "fast"}
    alone = [watched.made(photo, **options) for photo in (first, second)]
    export = ask(watched, [first, second], out, **options)
    watched.wait_for(export)
    made = content_of(out)
    for one in alone:
        assert {name: made[name] for name in content_of(one.folder)} == content_of(one.folder)


def test_a_photo_is_made_again_when_its_options_or_its_depth_have_changed(
    watched: WatchedQueue, tmp_path: Path, out: Path
):
    """Copies of the same depth under other names change nothing."""
    photos = projects_in(tmp_path, 3)
    depths = [tiny_photo(tmp_path / f"depth{number}.png", number) for number in range(3)]
    for depth in depths:
        Image.open(depth).convert("L").save(depth)
    copy = tmp_path / "copy.png"
    copy.write_bytes(depths[0].read_bytes())

    def made(export: Export, depth: Path | None, *options: dict[str, str]) -> list[int]:
        """Export everything again; return the numbers of the photos that were made."""
        before = {name: (out / name).stat().st_mtime_ns for name in content_of(out) if name.endswith(".png")}
        now = (photos[0], photos[1], project_of(photos[2].file, depth))
        export.ended_at = ""
        watched.queue.add(export, BatchExport(now, out, options))
        wait_until(lambda: export.ended_at)
        assert export.problem == ""
        assert counts_in(out) == {"done": 3}
        return [
            n for n in range(3) if (out / f"{n}_kbvr_depth.png").stat().st_mtime_ns != before.get(f"{n}_kbvr_depth.png")
        ]

    export = Export("many", ("0", "1", "2"), CHEAP, out)
    near = CHEAP | {"near_m": "3"}
    assert made(export, depths[0], CHEAP, CHEAP, CHEAP) == [0, 1, 2]
    assert made(export, depths[0], CHEAP, near, CHEAP) == [1]
    assert made(export, copy, CHEAP, near, CHEAP) == []
    assert made(export, depths[1], CHEAP, near, CHEAP) == [2]
    assert made(export, None, CHEAP, CHEAP, CHEAP) == [1, 2]


def test_cancelling_ends_a_batch_within_a_second(watched: WatchedQueue, tmp_path: Path, out: Path):
    photos = projects_in(tmp_path, 3)
    export = ask(watched, photos, out, **ENDLESS)
    wait_until(lambda: any(photo.state == "running" for photo in export.photos))
    time.sleep(2)
    start_s = time.monotonic()
    assert watched.queue.cancel(export.id)
    wait_until(lambda: export.has_ended, 5)
    assert time.monotonic() - start_s < 2  # of a busy machine
    assert export.state == "cancelled"
    assert not [name for name in content_of(out) if name.endswith(".mp4")]


def test_a_batch_that_waits_is_not_interrupted(watched: WatchedQueue, tmp_path: Path, out: Path):
    """Another studio neither lists it nor makes it, until it has ended."""
    photos = projects_in(tmp_path, 1)
    running = ask(watched, photos, tmp_path / "first", **ENDLESS)
    waiting = ask(watched, photos, out, **CHEAP)
    assert waiting.state == "waiting"
    assert read_history(out)[0].state == "waiting"
    assert is_batch_running(out)
    other = WatchedQueue()
    other.queue.adopt(out, (), partial(is_batch_running, out))
    assert other.queue.states() == []
    with pytest.raises(InputError, match="another kbvr studio"):
        ask(other, photos, out, **CHEAP)
    watched.queue.cancel(waiting.id)
    assert not is_batch_running(out)
    watched.queue.cancel(running.id)
    wait_until(lambda: not is_batch_running(tmp_path / "first"))
    assert running.has_ended
    assert read_history(tmp_path / "first") == [], "the list said so before"


def test_a_batch_of_which_all_fail_has_failed(watched: WatchedQueue, tmp_path: Path, out: Path):
    photos = [project_of(tmp_path / "gone.jpg")]
    export = ask(watched, photos, out, **CHEAP)
    watched.wait_for(export)
    assert export.state == "failed"
    assert export.problem.startswith("gone.jpg: ")


def test_a_restarted_server_shows_earlier_batches(watched: WatchedQueue, tmp_path: Path, out: Path):
    export = ask(watched, projects_in(tmp_path, 2), out, **CHEAP)
    watched.wait_for(export)
    assert (out / NAME).is_file()
    (found,) = read_history(out, export.projects)
    assert found.as_json() == export.as_json()
