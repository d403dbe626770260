"""Run a trial in a process of its own, used once: `kbvr doctor` asks what works here, whatever it breaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kbvr.system.isolated_process import EndedError, IsolatedProcess, NotStartedError, Request


@dataclass(frozen=True)
class Answer:
    """What came of a function that ran apart."""

    values: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""
    """Why there are no values, in one line; empty if there are."""


def run_apart(function: str, argument: str = "", *, limit_s: float = 60.0) -> Answer:
    """Call a function, given as "module:name", with a text, and return the values that it returned.

    The process finds modules where this one does, and it is killed when the time is up.
    """
    try:
        process = IsolatedProcess()
    except NotStartedError as error:
        return Answer(failure=f"no process could be started: {error}")
    try:
        return Answer(process.call(Request(function, (argument,), limit_s)))
    except EndedError as error:
        return Answer(failure=": ".join(filter(None, (str(error), error.last_words))))
    except Exception as error:  # noqa: BLE001  whatever a trial raises, it is an answer
        return Answer(failure=" ".join(f"{type(error).__name__}: {error}".split()))
    finally:
        process.close()
