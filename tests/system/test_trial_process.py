"""Failures of a trial are contained and reported."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from time import perf_counter

import pytest

from kbvr.system.trial_process import run_trial

FUNCTIONS = """
import os, sys, time

def echo(text):
    os.write(1, b"C++ prints this without an end of line")
    print("and Python this")
    return {"text": text, "nested": [1, {"a": None}]}

def fail(text):
    raise ValueError(f"not {text},\\nnever")

def crash(text):
    os.abort()

def leave(text):
    print("the last thing said", file=sys.stderr)
    os._exit(7)

def hang(text):
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a module with functions to call where only this process looks for one."""
    (tmp_path / "functions_apart.py").write_text(FUNCTIONS, "utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])


def test_values_come_back_whatever_else_is_printed() -> None:
    """The argument may contain any characters."""
    text = "a 'b' \"c\" ü\nd"
    answer = run_trial("functions_apart:echo", text)
    assert answer.failure == ""
    assert answer.values == {"text": text, "nested": [1, {"a": None}]}


def test_an_exception_gives_one_line() -> None:
    """With its type."""
    answer = run_trial("functions_apart:fail", "this")
    assert (answer.values, answer.failure) == ({}, "ValueError: not this, never")


def test_a_missing_module_is_reported() -> None:
    """Like any other exception."""
    assert "no_such_module" in run_trial("no_such_module:f").failure


@pytest.mark.skipif(os.name == "nt", reason="Windows ends processes without signals")
def test_a_crash_is_reported_with_its_signal() -> None:
    """This process continues."""
    assert run_trial("functions_apart:crash").failure == f"crashed ({signal.SIGABRT.name})"


def test_an_end_without_a_result_is_reported_with_the_last_line_of_stderr() -> None:
    """As when a library calls exit."""
    assert run_trial("functions_apart:leave").failure == "ended with code 7: the last thing said"


def test_a_function_that_hangs_is_ended_when_its_time_is_up() -> None:
    """It is not waited for."""
    start = perf_counter()
    assert run_trial("functions_apart:hang", limit_s=1.0).failure == "no answer within 1 s"
    assert perf_counter() - start < 20
