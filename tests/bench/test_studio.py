"""The measures of the studio, in small."""

from __future__ import annotations

import json

from bench import studio


def test_every_wait_is_measured_on_the_page(capsys, monkeypatch):
    """The same figures as JSON and as a table."""
    for name in ("CHANGES", "STROKES", "CLICKS"):
        monkeypatch.setattr(studio, name, 1)
    found: list[object] = []
    measure = studio.measure
    monkeypatch.setattr(studio, "measure", lambda *given, **more: found[0] if found else measure(*given, **more))
    studio.main(["--size", "480x320", "--runs", "1", "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert [row["wait"] for row in printed["waits"]] == list(studio.WAITS)
    for row in printed["waits"]:
        assert row["count"] >= 1
        assert 0 < row["min_ms"] <= row["median_ms"] <= row["max_ms"]
    assert 10**7 < printed["memory"]["server_bytes"] < printed["memory"]["all_bytes"]
    found.append(([studio.WaitFigures("plan", 3, 1.0, 20.5, 1234.0)], studio.MemoryFigures(2 * 10**8, 3 * 10**9)))
    studio.main(["--size", "480x320", "--runs", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert "| plan | 3 | 1 | 20 | 1,234 |" in lines
    assert "| server and workers | 3,000 |" in lines
