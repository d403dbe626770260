"""Fan-out: each consumer receives every item, and may finish early if it knows their number."""

from __future__ import annotations

import threading
from itertools import islice
from threading import Event

import pytest

from kbvr.formats.fan_out import fan_out


def test_a_consumer_that_knows_the_number_of_items_may_finish_before_the_end():
    """A video that repeats its pictures stops at the last one, while a slower file still receives items."""
    ended = Event()

    def made():
        yield from (1, 2, 3)
        assert ended.wait(10)

    def takes_three(things):
        taken = list(islice(things, 3))
        ended.set()
        return taken

    for consumers in ([takes_three], [takes_three, list], [list, takes_three]):
        ended.clear()
        assert fan_out(made(), consumers) == [[1, 2, 3]] * len(consumers)


def test_a_consumer_that_ends_before_its_input_is_a_bug():
    with pytest.raises(AssertionError, match="ended before"):
        fan_out(range(100), [next, list])


def test_an_exception_in_a_consumer_stops_the_others():
    def fails(things):
        raise ValueError(next(things))

    with pytest.raises(ValueError, match="7"):
        fan_out(iter(lambda: 7, None), [list, fails])


def test_consumers_end_if_the_thread_of_the_next_fails_to_start(monkeypatch):
    """Otherwise the first would wait for ever, and the program with it."""
    starts = iter([threading.Thread.start])

    def start(thread):
        if thread.name.startswith("kbvr-write"):
            next(starts, refuses)(thread)
        else:
            real(thread)

    def refuses(thread):
        raise RuntimeError("can't start new thread")

    real = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", start)
    raised = []

    def run():
        try:
            fan_out(range(3), [list, list, list])
        except RuntimeError as error:
            raised.append(str(error))

    runs = threading.Thread(target=run, daemon=True)
    runs.start()
    runs.join(10)
    assert raised == ["can't start new thread"]
