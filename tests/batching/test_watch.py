"""Photos that appear in watched folders."""

from __future__ import annotations

import logging
import os
import queue
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from watchfiles import Change

from kbvr.batching.finding import watch
from kbvr.batching.finding.mounts import network_file_system
from kbvr.batching.finding.watch import watched_sources
from kbvr.batching.source import Source
from kbvr.errors import InputError

SETTLE_S = 0.2
GROWING_S = 1.0
"""The same for photos that are written meanwhile, which a busy machine may do with pauses."""

WAIT_S = 20.0
"""How long a photo that must come is waited for; quiet machines take a fraction of it."""

QUIET_S = 0.8
"""How long nothing may come: longer than a photo takes to settle."""


class Watched:
    """A folder that is watched by a thread of the test."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder, self.stop = folder, threading.Event()
        self._found: queue.Queue[Source | None] = queue.Queue()
        settings = {"recursive": True, "settle_s": SETTLE_S} | settings
        self._sources = watched_sources([str(folder)], stop=self.stop, **settings)
        self.thread = threading.Thread(target=self._run)
        self.error: Exception | None = None

    def _run(self) -> None:
        try:
            for source in self._sources:
                self._found.put(source)
        except InputError as error:
            self.error = error
        self._found.put(None)

    def next(self, count: int = 1) -> list[tuple[str, str]]:
        """Return the path below the folder and the output folder of the next photos, sorted."""
        sources = [self._found.get(timeout=WAIT_S) for _ in range(count)]
        root = os.path.realpath(self.folder)
        return sorted((os.path.relpath(s.address, root).replace(os.sep, "/"), s.folder) for s in sources if s)

    def assert_quiet(self, quiet_s: float = QUIET_S) -> None:
        """Fail if another photo comes."""
        time.sleep(quiet_s)
        assert self._found.empty(), self._found.get()

    def end(self) -> float:
        """Stop; return how long it took."""
        start_s = time.monotonic()
        self.stop.set()
        self.thread.join(WAIT_S)
        return time.monotonic() - start_s


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a photo that was written long ago."""
    (tmp_path / "in").mkdir()
    old(tmp_path / "in" / "old.jpg")
    return tmp_path / "in"


@pytest.fixture
def watching(folder: Path) -> Iterator[Callable[..., Watched]]:
    """Return what watches the folder."""
    started: list[Watched] = []

    def start(**settings: Any) -> Watched:
        watched = Watched(folder, **settings)
        started.append(watched)
        watched.thread.start()
        return watched

    yield start
    for watched in started:
        watched.end()


def old(path: Path) -> None:
    """Write a file, with a time long ago."""
    path.write_bytes(b"old")
    os.utime(path, (1, 1))


@pytest.mark.parametrize("poll", [False, True])
def test_photos_that_are_there_come_first_and_then_those_that_appear(folder, watching, monkeypatch, poll):
    """Written here, moved here alone or in folders, and changed; other files, hidden and temporary names do not."""
    monkeypatch.setattr(watch, "POLL_S", 0.2)
    watched = watching(poll=poll)
    assert watched.next() == [("old.jpg", "")]
    (folder / "new.jpg").write_bytes(b"1")
    (folder / "s" / "t").mkdir(parents=True)
    (folder / "s" / "t" / "deep.png").write_bytes(b"1")
    moved = folder.parent / "moved"
    (moved / "u").mkdir(parents=True)
    old(moved / "u" / "in folder.jpg")
    moved.rename(folder / "moved")
    for name in ("notes.txt", "a.jpg.part", "b.jpg.crdownload", "c.jpg~", ".d.jpg", "._old.jpg"):
        (folder / name).write_bytes(b"1")
    expected = [("moved/u/in folder.jpg", "moved/u"), ("new.jpg", ""), ("s/t/deep.png", "s/t")]
    assert watched.next(3) == expected
    (folder / "a.jpg.part").rename(folder / "a.jpg")
    assert watched.next() == [("a.jpg", "")]
    (folder / "old.jpg").write_bytes(b"changed")
    assert watched.next() == [("old.jpg", "")]
    watched.assert_quiet()
    assert watched.end() < 1


def test_a_photo_comes_when_it_has_stopped_growing(folder, watching):
    """However slowly it is written; and again after it has been rewritten, with its new stamp."""
    watched = watching(settle_s=GROWING_S)
    watched.next()
    with (folder / "slow.jpg").open("wb", buffering=0) as file:
        for _ in range(8):
            file.write(b"12345")
            time.sleep(GROWING_S / 5)
        assert watched._found.empty()
    first = watched._found.get(timeout=WAIT_S)
    assert first.size_bytes == 40
    (folder / "slow.jpg").write_bytes(b"again")
    second = watched._found.get(timeout=WAIT_S)
    assert (second.address, second.size_bytes) == (first.address, 5) and second.stamp != first.stamp


def test_a_photo_that_is_growing_at_the_start_comes_later(folder, watching):
    """One that was written a moment ago may not be complete."""
    (folder / "a.jpg").write_bytes(b"1")
    watched = watching(settle_s=GROWING_S)
    assert watched.next() == [("old.jpg", "")]
    with (folder / "a.jpg").open("ab", buffering=0) as file:
        for _ in range(4):
            file.write(b"1")
            time.sleep(GROWING_S / 5)
    assert watched._found.get(timeout=WAIT_S).size_bytes == 5


def test_a_photo_that_is_deleted_before_it_has_settled_does_not_come(folder, watching):
    """Nor do messages about it."""
    watched = watching(settle_s=GROWING_S)
    watched.next()
    (folder / "gone.jpg").write_bytes(b"1")
    (folder / "dir").mkdir()
    (folder / "dir" / "gone too.jpg").write_bytes(b"1")
    time.sleep(watch.GROUPED_S)
    (folder / "gone.jpg").unlink()
    shutil.rmtree(folder / "dir")
    watched.assert_quiet(GROWING_S + QUIET_S)


def test_photos_that_appear_while_others_are_made_are_not_missed(folder):
    """Whoever takes photos may take hours for one."""
    for number in range(3):
        old(folder / f"old {number}.jpg")
    stop = threading.Event()
    sources = watched_sources([str(folder)], stop=stop, settle_s=0.1)
    assert Path(next(sources).address).name == "old 0.jpg"
    (folder / "0.jpg").write_bytes(b"1")
    assert [Path(next(sources).address).name for _ in range(3)] == ["old 1.jpg", "old 2.jpg", "old.jpg"]
    (folder / "0.jpg").write_bytes(b"12")
    assert next(sources).size_bytes == 2
    stop.set()
    assert list(sources) == []


def test_a_photo_that_grows_without_messages_is_waited_for(folder, monkeypatch):
    """As on file systems that are looked at from time to time; and several messages about one change count once."""
    path, found = folder / "1.jpg", []

    def messages(*_: object, **__: object) -> Iterator[set[tuple[Change, str]]]:
        yield set()
        path.write_bytes(b"1")
        yield {(Change.added, str(path))}
        path.write_bytes(b"12")
        time.sleep(SETTLE_S)
        yield set()
        assert found == ["old.jpg"]
        for _ in range(3):
            time.sleep(SETTLE_S)
            yield {(Change.modified, str(path))}

    monkeypatch.setattr(watch, "watch", messages)
    for source in watched_sources([str(folder)], stop=threading.Event(), settle_s=SETTLE_S):
        found.append(source.name)  # noqa: PERF401  the messages look at it
    assert found == ["old.jpg", "1.jpg"]


@pytest.mark.parametrize("out", ["in/out", "in"])
def test_outputs_are_not_watched(folder, watching, out):
    """In a folder of their own, or beside the photos, where the caller knows them."""
    settings = {"out": str(folder.parent / out), "is_output": lambda address: "_kbvr" in Path(address).name}
    watched = watching(**settings)
    watched.next()
    target = folder.parent / out
    target.mkdir(exist_ok=True)
    (target / ".kbvr").mkdir()
    for name in ("x_kbvr.jpg", ".kbvr/y.jpg", *(["z.jpg"] if out == "in/out" else [])):
        (target / name).write_bytes(b"1")
    watched.assert_quiet()


def test_subfolders_are_left_alone_unless_asked_for(folder, watching):
    """As in a scan."""
    (folder / "s").mkdir()
    watched = watching(recursive=False)
    watched.next()
    (folder / "s" / "1.jpg").write_bytes(b"1")
    (folder / "2.jpg").write_bytes(b"1")
    assert watched.next() == [("2.jpg", "")]
    watched.assert_quiet()


def test_several_folders_keep_their_names(folder):
    """As in a scan."""
    (folder / "s").mkdir()
    (folder / "t").mkdir()
    old(folder / "s" / "1.jpg")
    stop = threading.Event()
    sources = watched_sources([str(folder / "s"), str(folder / "t")], stop=stop, settle_s=0.1)
    assert next(sources).folder == "s"
    (folder / "t" / "2.jpg").write_bytes(b"1")
    assert next(sources).folder == "t"
    stop.set()
    assert list(sources) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux follows links")
def test_photos_behind_links_come_once(folder, watching):
    """Links to folders elsewhere are followed, those to watched ones are not."""
    far = folder.parent / "far"
    far.mkdir()
    (folder / "real").mkdir()
    (folder / "far").symlink_to(far)
    (folder / "loop").symlink_to("real")
    watched = watching()
    watched.next()
    (folder / "real" / "1.jpg").write_bytes(b"1")
    (far / "2.jpg").write_bytes(b"2")
    assert watched.next(2) == [("../far/2.jpg", "far"), ("real/1.jpg", "real")]
    watched.assert_quiet()


@pytest.mark.parametrize(
    ("name", "problem"),
    [("none", "does not exist"), ("old.jpg", "is a file"), ("s3://bucket", "s3://bucket"), ("", "an empty argument")],
)
def test_only_folders_of_this_machine_can_be_watched(folder, monkeypatch, name, problem):
    """Said at once."""
    monkeypatch.chdir(folder)
    with pytest.raises(InputError, match=f"expected a folder of this machine, got .*{problem}"):
        watched_sources([name], stop=threading.Event())


def test_a_folder_that_disappears_is_an_error(folder, watching):
    """A drive that is unplugged; what appears in another one of that name would be missed."""
    watched = watching()
    watched.next()
    shutil.rmtree(folder)
    watched.thread.join(WAIT_S)
    assert "which does not exist" in str(watched.error)


def test_stopping_ends_the_first_scan_too(folder):
    """Not only the wait for messages."""
    old(folder / "zzz.jpg")
    stop = threading.Event()
    sources = watched_sources([str(folder)], stop=stop)
    next(sources)
    stop.set()
    assert list(sources) == []


def test_files_are_looked_at_where_the_system_sends_no_messages(folder, watching, monkeypatch, caplog):
    """With a warning: the limit of watched folders is reached, for example."""
    real = watch.watch

    def limited(*roots: str, force_polling: bool | None, **settings: Any) -> Any:
        if not force_polling:
            raise OSError("OS file watch limit reached")
        return real(*roots, force_polling=force_polling, **settings)

    monkeypatch.setattr(watch, "watch", limited)
    monkeypatch.setattr(watch, "POLL_S", 0.2)
    with caplog.at_level(logging.WARNING):
        watched = watching()
        watched.next()
    assert [r.getMessage() for r in caplog.records] == [
        "looking at all watched files every 2 s (OS file watch limit reached)"
    ]
    (folder / "1.jpg").write_bytes(b"1")
    assert watched.next() == [("1.jpg", "")]


def test_files_are_looked_at_on_network_file_systems(folder, tmp_path, monkeypatch, caplog):
    """What other machines write there sends no messages."""
    mounts = tmp_path / "mounts"
    share = os.path.realpath(folder).replace(" ", "\\040")
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/p {share} nfs4 rw 0 0\nx /mnt/a\\040b fuse.sshfs rw 0 0\n")
    monkeypatch.setattr("kbvr.batching.finding.mounts.MOUNTS", mounts)
    polled = []
    monkeypatch.setattr(watch, "watch", lambda *_, force_polling, **__: polled.append(force_polling) or iter(()))
    stop = threading.Event()
    assert [source.name for source in watched_sources([str(folder)], stop=stop)] == ["old.jpg"]
    assert polled == [True]
    assert "is on a network file system, nfs4" in caplog.text
    assert [network_file_system(p) for p in ("/mnt/a b/c", "/mnt", "/")] == ["fuse.sshfs", "", ""]
