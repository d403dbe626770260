"""Run a function in a process of its own: what hangs or crashes there does so there only."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

_MARK = "kbvr-apart:"
"""Begins the line with the answer: C++ libraries print on stdout too."""

_running: set[subprocess.Popen[bytes]] = set()


@dataclass(frozen=True)
class Answer:
    """What came of a function that ran apart."""

    values: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""
    """Why there are no values, in one line; empty if there are."""


def run_apart(function: str, argument: str = "", *, limit_s: float = 60.0) -> Answer:
    """Call a function, given as "module:name", with a text, and return the values that it returned.

    The function returns a dict that JSON can hold. The process finds modules where this one does, and it is killed
    when the time is up.
    """
    module, name = function.split(":")
    try:
        with started("kbvr.apart:answer", (module, name, argument), stdin=subprocess.DEVNULL) as process:
            stdout, stderr = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        return Answer(failure=f"no answer within {limit_s:g} s")
    except OSError as error:
        return Answer(failure=f"no process could be started: {error.strerror}")
    lines = stdout.decode("utf-8", "replace").splitlines()
    answers = [line.partition(_MARK)[2] for line in lines if _MARK in line]
    if not answers:
        return Answer(failure=how_it_ended(process.returncode, stderr))
    values = json.loads(answers[-1])
    return Answer(failure=values["failure"]) if "failure" in values else Answer(values)


@contextmanager
def started(
    function: str, arguments: Sequence[str], *, stdin: int, stderr: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a process that calls a function, given as "module:name", with texts; leaving kills it if it still runs.

    It finds modules where this process does. `stdin` and `stderr` are as in `subprocess.Popen`; stdout is a pipe.

    Raises:
        OSError: if no process can be started.
    """
    module, name = function.split(":")
    code = f"import sys; sys.path[:] = {sys.path!r}; from {module} import {name}; {name}(*sys.argv[1:])"
    process = subprocess.Popen(  # noqa: S603  our own interpreter and our own functions
        [sys.executable, "-c", code, *arguments], stdin=stdin, stdout=subprocess.PIPE, stderr=stderr
    )
    _running.add(process)
    try:
        with process:
            try:
                yield process
            finally:
                process.kill()
    finally:
        _running.discard(process)


def end_all() -> None:
    """Kill every process that was started here and still runs; for a process that is about to end itself."""
    for process in tuple(_running):
        process.kill()


def answer(module: str, name: str, argument: str) -> None:
    """Be the other process: call the function and write what it returned."""
    try:
        values = getattr(import_module(module), name)(argument)
    except Exception as error:  # noqa: BLE001  whatever it is, the other process tells it
        values = {"failure": " ".join(f"{type(error).__name__}: {error}".split())}
    sys.stdout.write(f"\n{_MARK}{json.dumps(values)}\n")
    sys.stdout.flush()


def how_it_ended(exit_code: int, stderr: bytes) -> str:
    """Return what is known of a process that said nothing."""
    if exit_code < 0:
        known = {int(number): number.name for number in signal.Signals}
        return f"crashed ({known.get(-exit_code, f'signal {-exit_code}')})"
    said = stderr.decode("utf-8", "replace").strip().splitlines()
    return f"ended with code {exit_code}" + (f": {said[-1]}" if said else "")
