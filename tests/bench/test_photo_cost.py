"""The measures of a batch's photos, in small."""

from __future__ import annotations

import json

from bench import cluster_overhead, photo_cost


def test_a_photo_takes_time_memory_and_bytes(capsys, monkeypatch):
    """The same figures as JSON and as a table."""
    monkeypatch.setattr(photo_cost, "SIZES_PX", {"tiny": (96, 64)})
    photo_cost.main(["--outputs", "still, depth map at 640 px", "--runs", "1", "--json"])
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["cpu_s"] > 0 and row["wall_s"] > 0 and row["peak_bytes"] > 10**7
    assert row["bytes_in"] > 1000 and row["bytes_out"] > 1000


def test_dask_adds_little_to_a_photo():
    """All figures are there; how small they are is the bench's to say."""
    found = cluster_overhead.measure(3)
    assert found.dask_ms > 0 and found.alone_ms > 0 and found.client_cpu_ms > 0 and found.scheduler_cpu_ms >= 0
