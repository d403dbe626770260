"""What has changed since a page last asked: a page asks again and again, and each answer waits for news (long poll)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Lock
from typing import Any

POLL_S = 10.0
"""How long an answer without news waits."""

MAX_NOTES = 20

State = Mapping[str, Any]
"""JSON of a project or an export; `id` names it."""


class Events:
    """Numbered changes of projects and exports, from any thread."""

    def __init__(self, project_state: Callable[[str], State | None]) -> None:
        """`project_state` returns the state of a project, or None if there is no such project."""
        self._project_state = project_state
        self._seq = 0
        self._projects: dict[str, int] = {}
        self._removed: dict[str, int] = {}
        self._exports: dict[str, tuple[int, State]] = {}
        self._notes: list[tuple[int, str]] = []
        self._lock = Lock()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def changed_project(self, project: str) -> None:
        """Tell pages that a project has changed; one that has been removed meanwhile does not come back."""
        if self._project_state(project) is None:
            return
        with self._lock:
            self._projects[project] = self._next()
            self._removed.pop(project, None)
        self._wake()

    def removed_project(self, project: str) -> None:
        """Tell pages that a project is gone."""
        with self._lock:
            self._projects.pop(project, None)
            self._removed[project] = self._next()
        self._wake()

    def changed_export(self, state: State) -> None:
        """Tell pages the state of an export."""
        with self._lock:
            self._exports[state["id"]] = self._next(), state
        self._wake()

    def removed_export(self, export: str) -> None:
        """Tell pages that an export is no longer listed."""
        with self._lock:
            self._exports.pop(export, None)
            self._removed[export] = self._next()
        self._wake()

    def note(self, text: str) -> None:
        """Tell pages something in words."""
        with self._lock:
            self._notes = [*self._notes, (self._next(), text)][-MAX_NOTES:]
        self._wake()

    def since(self, seq: int) -> dict[str, Any]:
        """Return what has changed since an answer with this number; 0 for everything.

        A number that this server has not given, because it has been restarted, is answered with everything.
        """
        with self._lock:
            seq = seq if 0 <= seq <= self._seq else 0
            changed = [project for project, at in self._projects.items() if at > seq]
            answer: dict[str, Any] = {
                "seq": self._seq,
                "removed": [project for project, at in self._removed.items() if at > seq],
                "exports": [state for at, state in self._exports.values() if at > seq],
                "notes": [text for at, text in self._notes if at > seq],
            }
        states = (self._project_state(project) for project in changed)
        return answer | {"projects": [state for state in states if state is not None]}

    async def wait(self, seq: int) -> None:
        """Return when something has changed since an answer with this number, or after POLL_S."""
        waiter = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            if self._seq != seq:
                return
            self._waiting.add(waiter)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(waiter[1].wait(), POLL_S)
        finally:
            with self._lock:
                self._waiting.discard(waiter)

    def close(self) -> None:
        """Let all answers go."""
        self._wake()

    def _next(self) -> int:
        self._seq += 1
        return self._seq

    def _wake(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, set()
        for loop, event in waiting:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(event.set)
