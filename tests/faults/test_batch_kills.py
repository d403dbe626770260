"""A batch that is killed goes on where it was: a small run of `faults.batch_kills`."""

from __future__ import annotations

from random import Random

from faults.batch_kills import ROOT, make_photos, run_with_kills


def test_a_killed_batch_misses_nothing_and_damages_nothing(tmp_path):
    """Twelve photos of many kinds, two broken, killed twice after one to three photos."""
    random = Random(1)
    make_photos(tmp_path / "photos", 12, 2, sorted((ROOT / "examples").glob("*.jpg")), random, side_px=160)
    ending = run_with_kills(tmp_path / "photos", tmp_path / "out", 2, random, most_done=3)
    assert not ending.problems
    assert ending.done == 10 and len(ending.errors) == 2
