"""Consumers in threads of their own: each gets all that is made, and may end as soon as it has what it wants."""

from __future__ import annotations

import threading
from itertools import islice
from threading import Event

import pytest

from kbvr.formats.fan_out import fan_out


def test_a_consumer_that_knows_how_much_comes_may_end_before_it_is_told_so():
    """A video that shows its pictures again takes so many and ends; the maker goes on until a slower file has its."""
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


def test_a_consumer_that_ends_while_more_is_made_is_a_bug():
    with pytest.raises(AssertionError, match="ended before"):
        fan_out(range(100), [next, list])


def test_what_a_consumer_raises_stops_the_others():
    def fails(things):
        raise ValueError(next(things))

    with pytest.raises(ValueError, match="7"):
        fan_out(iter(lambda: 7, None), [list, fails])


def test_consumers_end_where_a_thread_for_the_next_cannot_be_started(monkeypatch):
    """Else the first would wait for ever for what is never made, and the program with it."""
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
