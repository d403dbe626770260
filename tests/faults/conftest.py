"""One process that forks, and one whole export of each kind, for all tests of faults."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from faults.kinds import KINDS, call_for, given_files
from faults.zygote import Fault
from faults.zygote import zygote as started


@pytest.fixture(scope="session")
def zygote():
    """Return the process that forks."""
    if not sys.platform.startswith("linux"):
        pytest.skip("faults are put before libc, which Linux lets one do")
    with started() as running:
        yield running


@pytest.fixture(scope="session")
def given():
    """Return a folder with a photo and its depth, under a short name: it stands in messages."""
    with tempfile.TemporaryDirectory() as folder:
        given_files(Path(folder))
        yield Path(folder)


@pytest.fixture(scope="session")
def wholes(zygote, given):
    """Return how an export of each kind ends that nothing befalls, and its folder; made when it is first asked for."""
    made = {}

    def whole(kind):
        if kind not in made:
            out = given / f"whole {list(KINDS).index(kind)}"
            made[kind] = zygote.call(call_for(kind, given, out), Fault(folder=str(out))), out
        return made[kind]

    return whole
