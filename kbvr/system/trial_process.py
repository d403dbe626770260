"""Run a trial in a process that is used once, so that `kbvr doctor` survives whatever the trial breaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kbvr.system.isolated_process import EndedError, IsolatedProcess, NotStartedError, Request


@dataclass(frozen=True)
class TrialResult:
    """The result of a trial."""

    values: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""
    """Why the trial failed, in one line; empty if it succeeded."""


def run_trial(function: str, argument: str = "", *, limit_s: float = 60.0) -> TrialResult:
    """Call a function, given as "module:name", with a text; it is killed at the time limit."""
    try:
        process = IsolatedProcess()
    except NotStartedError as error:
        return TrialResult(failure=f"no process could be started: {error}")
    try:
        return TrialResult(process.call(Request(function, (argument,), limit_s)))
    except EndedError as error:
        return TrialResult(failure=": ".join(filter(None, (str(error), error.last_line))))
    except Exception as error:  # noqa: BLE001  whatever a trial raises is its result
        return TrialResult(failure=" ".join(f"{type(error).__name__}: {error}".split()))
    finally:
        process.close()
