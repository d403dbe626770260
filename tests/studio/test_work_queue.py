"""Work in the background: the most urgent first, each thing once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from kbvr.studio.work_queue import WorkQueue


@pytest.fixture
def queue() -> Iterator[WorkQueue]:
    queue = WorkQueue("test")
    try:
        yield queue
    finally:
        queue.close()


def test_the_most_urgent_is_first_and_each_thing_is_done_once(queue):
    begun, go, ended, done = threading.Event(), threading.Event(), threading.Event(), []
    queue.put("first", lambda: (begun.set(), go.wait(10)))
    begun.wait(10)
    queue.put("b", lambda: done.append("old b"), urgency=2)
    queue.put("a", lambda: done.append("a"), urgency=1)
    queue.put("b", lambda: done.append("b"), urgency=2)
    queue.put("gone", lambda: done.append("gone"), urgency=1)
    queue.put("end", ended.set, urgency=3)
    queue.forget("gone")
    go.set()
    assert ended.wait(10)
    assert done == ["a", "b"]


def test_what_is_delayed_waits_and_later_calls_replace_it(queue):
    done, ended = [], threading.Event()
    queue.put("scene", lambda: done.append("old"), delay_s=0.2)
    queue.put("now", lambda: done.append("now"))
    queue.put("scene", lambda: (done.append("scene"), ended.set()), delay_s=0.1)
    assert ended.wait(10)
    assert done == ["now", "scene"]


def test_a_failure_does_not_end_the_work(queue, caplog):
    ended = threading.Event()
    queue.put("bad", lambda: 1 / 0)
    queue.put("good", ended.set)
    assert ended.wait(10)
    assert "could not do its work" in caplog.text


def test_what_fails_because_all_ends_is_not_logged(queue, caplog):
    begun, ends = threading.Event(), threading.Event()

    def killed() -> None:
        begun.set()
        ends.wait(10)
        raise RuntimeError("its process was killed")

    queue.put("work", killed)
    assert begun.wait(10)
    queue.stop()
    ends.set()
    queue.close()
    assert not caplog.records


def test_idle_work_is_done_when_there_is_nothing_else():
    idle = threading.Event()
    queue = WorkQueue("test", idle=idle.set, idle_s=0.05)
    try:
        assert idle.wait(10)
    finally:
        queue.close()


def test_what_is_owed_is_done_at_the_end():
    queue, done = WorkQueue("test"), []
    queue.put("later", lambda: done.append("later"), delay_s=60)
    queue.put("owed", lambda: done.append("owed"), delay_s=60, is_owed=True)
    queue.put("forgotten", lambda: done.append("forgotten"), delay_s=60, is_owed=True)
    queue.forget("forgotten")
    queue.close()
    assert done == ["owed"]
