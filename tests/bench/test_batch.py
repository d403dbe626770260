"""`python -m bench.batch` in small."""

from __future__ import annotations

import re
import sys

import pytest

from bench import batch


def test_the_rates_of_one_core_and_of_all_are_compared(monkeypatch, capsys):
    """With two photos the figures mean nothing, but their relation holds."""
    monkeypatch.setattr(batch, "SIZE_PX", (160, 120))
    monkeypatch.setattr(sys, "argv", ["bench.batch", "--photos", "2", "--runs", "1"])
    assert batch.main() == 0
    printed = capsys.readouterr().out
    one, cores, all_of_them = (
        float(re.search(pattern, printed)[1])
        for pattern in (
            r"one process on one core: ([\d.]+)",
            r"processes on (\d+) cores",
            r"processes on \d+ cores: ([\d.]+)",
        )
    )
    efficiency = float(re.search(r"efficiency: ([\d.]+)", printed)[1])
    assert efficiency == pytest.approx(all_of_them / (cores * one), abs=0.01)
    assert "peak memory of a worker: " in printed
