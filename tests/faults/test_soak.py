"""Exports one after the other in one process leave nothing behind in it."""

from __future__ import annotations

import sys

import pytest

from faults import soak
from faults.soak import Held, growth

QUICK = ("stereo", "wiggle", "stills", "depth maps", "glb")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts what Linux tells of a process")
def test_nothing_grows_from_export_to_export():
    """Open files, threads, children, temporary files; memory is measured by `make soak`, which has the time."""
    with soak.own_temporary_folder() as folder:
        seen = list(soak.rounds(QUICK, soak.WARM_ROUNDS + 1, folder))
    assert [line for line in growth(seen) if not line.startswith("memory")] == []
    assert seen[-1].files == 0


@pytest.mark.parametrize(
    ("last", "grown"),
    [
        (Held(100, 9, 1, 0, 0), []),
        (Held(100, 10, 1, 0, 0), ["descriptors: 9 -> 10"]),
        (Held(100, 9, 2, 0, 0), ["threads: 1 -> 2"]),
        (Held(100, 9, 1, 1, 0), ["children: 0 -> 1"]),
        (Held(100, 9, 1, 0, 3), ["files: 0 -> 3"]),
        (Held(120, 9, 1, 0, 0), ["memory: 6.7 MiB a round"]),
    ],
)
def test_whatever_grows_is_said(last, grown):
    """After two rounds in which all is loaded that is ever loaded."""
    warm = Held(100, 9, 1, 0, 0)
    assert growth([Held(50, 3, 1, 0, 0), warm, *[warm] * 3, last]) == grown
