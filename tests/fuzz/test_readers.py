"""The law: whatever it is given, a reader gives a result or one line, and nothing else."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fuzz import readers, watched
from fuzz.corpus import KEYFRAMES, relatives, seed_named, seeds
from fuzz.law import problem_of_message
from fuzz.mutators import Seed, mutations
from fuzz.readers import IN_PYTHON, READERS

EXAMPLES = 12
"""Of each seed that is decoded in a process of its own."""

SLOW = ("card", "answer", "note")
"""Readers that run whole commands or pulls."""


@pytest.fixture(scope="module")
def process():
    """Return a process that reads; one for all tests of this file."""
    with watched.watched() as running:
        yield running


@pytest.mark.parametrize("seed", seeds(), ids=lambda seed: seed.name)
def test_every_seed_is_read(process, seed):
    """Else its mutations would all be refused for the same reason; fractions of more than 1 are no photo."""
    verdict = process.verdict(seed, seed.content)
    assert verdict.kind == ("refused" if seed.name == "float.tif" else "result"), verdict.what


@pytest.mark.parametrize("seed", seeds(), ids=lambda seed: seed.name)
def test_damaged_input_gives_a_result_or_one_line(process, seed):
    """Of every kind; a crash or a hang of the decoder ends that process only and fails here."""
    few = settings(max_examples=4 if seed.reader in SLOW else EXAMPLES, phases=[Phase.generate, Phase.shrink])

    @few
    @given(mutations(seed, relatives(seed.reader)))
    def holds(data: bytes) -> None:
        verdict = process.verdict(seed, data)
        assert verdict.kind != "broken", verdict.what

    holds()


def test_every_reader_has_a_seed():
    """None is forgotten."""
    assert {seed.reader for seed in seeds()} == set(READERS)
    assert set(IN_PYTHON) <= set(READERS)


@given(st.binary(max_size=80))
def test_keyframes_that_are_no_json_at_all_get_one_line(tmp_path_factory, data):
    """Bytes that come from no seed."""
    folder = tmp_path_factory.mktemp("keyframes")
    try:
        readers.keyframes(folder, "x.json", data)
    except ValueError as error:
        assert not problem_of_message(str(error))  # noqa: PT017  most are refused


# --- the watching itself ---


def crashing(folder, name, data):
    """Die as a decoder in C does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def hanging(folder, name, data):
    """Never come back."""
    signal.pause()


def printing(folder, name, data):
    """Print past Python, as libraries in C do."""
    os.write(2, b"libpng warning: no\n")


def littering(folder, name, data):
    """Leave a file where it has no business."""
    (folder.parent / "tmp" / "left").write_bytes(b"")


def raising(folder, name, data):
    """Raise what no caller expects."""
    raise KeyError(name)


def babbling(folder, name, data):
    """Refuse in two lines."""
    from kbvr.errors import InputError

    error = InputError("x")
    error.args = ("one\ntwo",)
    raise error


WAYS = {
    "crash": (crashing, "the process ended: SIGSEGV"),
    "hang": (hanging, "no end within 1 s"),
    "print": (printing, "printed past kbvr"),
    "litter": (littering, "left files behind"),
    "raise": (raising, "KeyError"),
    "babble": (babbling, "a message of 2 lines"),
}


def serve_with_ways(connection, folder):
    """Be a process whose readers break the law."""
    readers.READERS = {**READERS, **{name: way for name, (way, _) in WAYS.items()}}
    watched.serve(connection, folder)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes in other ways")
def test_every_way_to_break_the_law_is_found_out_and_the_next_input_is_read(monkeypatch):
    """A harness that sees nothing would prove nothing."""
    monkeypatch.setattr(watched, "LIMIT_S", 1.0)
    with watched.watched() as process:
        process.serve = serve_with_ways
        good = seed_named("keyframes-0.json")
        for name, (_, wanted) in WAYS.items():
            verdict = process.verdict(Seed(name, name, "", b""), b"")
            assert (verdict.kind, verdict.what[: len(wanted)]) == ("broken", wanted)
            assert process.verdict(good, good.content).kind == "result"


def test_a_stack_is_told_by_its_innermost_lines_of_kbvr():
    """Of the thread that crashed, not of those that wait."""
    other = 'Thread 0x1 (most recent call first):\n  File "/x/socket.py", line 1 in accept'
    here = f'Current thread 0x2 (most recent call first):\n  File "{os.sep}kbvr{os.sep}photo.py", line 3 in load'
    assert watched.innermost(f"{other}\n\n{here}").endswith('photo.py", line 3 in load')
    assert faulthandler and KEYFRAMES
