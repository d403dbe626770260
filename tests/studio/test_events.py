"""What pages learn of changes, and when."""

from __future__ import annotations

import asyncio
import threading
import time

from kbvr.studio import events as events_module
from kbvr.studio.events import Events


def numbered(*known: str) -> Events:
    return Events(lambda project: {"id": project} if project in known else None)


def test_a_page_learns_what_has_changed_since_it_last_asked():
    events = numbered("a", "b")
    events.changed_project("a")
    first = events.since(0)
    assert [state["id"] for state in first["projects"]] == ["a"]
    events.changed_project("b")
    events.changed_export({"id": "x", "state": "running"})
    events.note("Done.")
    news = events.since(first["seq"])
    assert [state["id"] for state in news["projects"]] == ["b"]
    assert [state["id"] for state in news["exports"]] == ["x"]
    assert news["notes"] == ["Done."]
    assert events.since(news["seq"]) == {"seq": news["seq"], "projects": [], "removed": [], "exports": [], "notes": []}


def test_a_removed_project_does_not_come_back():
    """Although work on it may still end."""
    known = {"a"}
    events = Events(lambda project: {"id": project} if project in known else None)
    events.changed_project("a")
    known.clear()
    events.removed_project("a")
    events.changed_project("a")
    assert events.since(0)["projects"] == []
    assert events.since(0)["removed"] == ["a"]


def test_a_number_of_an_earlier_server_is_answered_with_everything():
    events = numbered("a")
    events.changed_project("a")
    assert events.since(1000)["projects"]


def test_an_answer_waits_for_news(monkeypatch):
    monkeypatch.setattr(events_module, "POLL_S", 30.0)
    events = numbered("a")
    events.changed_project("a")
    seq = events.since(0)["seq"]
    threading.Timer(0.1, events.changed_project, ["a"]).start()
    start_s = time.monotonic()
    asyncio.run(events.wait(seq))
    assert 0.05 < time.monotonic() - start_s < 10
    asyncio.run(events.wait(seq))  # there is news already


def test_an_answer_without_news_comes_after_a_while(monkeypatch):
    monkeypatch.setattr(events_module, "POLL_S", 0.05)
    events = numbered()
    asyncio.run(events.wait(0))
