"""Thin things drawn in front of drawn scenes, with exact masks."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, UInt8

from bench.edges import cards
from bench.estimates import Estimate
from bench.thin import AROUND_SHARE, NEARER_SHARE, ThinRow, nearer
from export.thin_things import KINDS, with_thin_thing


def scenes() -> list[tuple[str, str, UInt8[np.ndarray, "H W 3"], Bool[np.ndarray, "H W"]]]:
    """Return (name, kind, picture, mask of the thing): each kind in front of each card and its wall."""
    pictures = [card.rgb for card in cards()]
    drawn = []
    for place, kind in enumerate(KINDS):
        for number, behind in enumerate(pictures):
            rgb = behind.copy()
            flat, sky = np.zeros(rgb.shape[:2], np.float32), np.full(rgb.shape[:2], -1, np.float32)
            rng = random.Random(number * len(KINDS) + place)
            with_thin_thing(rgb, flat, sky, pictures[number - 1], rng, kind)
            if (flat > 0).any():
                drawn.append((f"{kind} {number}", kind, rgb, flat > 0))
    return drawn


def seen_drawn(
    estimate: Estimate, of: Sequence[tuple[str, str, UInt8[np.ndarray, "H W 3"], Bool[np.ndarray, "H W"]]]
) -> list[ThinRow]:
    """Return how much of each thing is seen in an estimate."""
    rows = []
    for name, kind, rgb, thing in of:
        around_px = round(max(rgb.shape[:2]) * AROUND_SHARE)
        is_seen = nearer(estimate(rgb), thing, np.zeros_like(thing), around_px=around_px, share=NEARER_SHARE)
        seen = float(is_seen[thing].mean())
        rows.append(ThinRow(name, seen, int(thing.sum()), {kind: seen}))
    return rows
