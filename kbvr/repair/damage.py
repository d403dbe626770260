"""Tell the damage of a print from what it shows: scratches, dust and folds from wires, stars and window bars.

A classifier of 16 neurons judges candidates by their looks, then with the evidence that the print is damaged elsewhere;
`python -m export damage` trains it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float64

from kbvr.imaging.array_types import Mask, Picture
from kbvr.imaging.resize import shrunk
from kbvr.repair.candidate_features import FEATURES
from kbvr.repair.candidates import Candidates, dark_candidates, light_candidates
from kbvr.repair.parallel import are_bars

SIDE_PX = 1024
"""Size at which damage is found."""

SURE = 1.0
"""Candidates whose looks score more are evidence for others."""

MARGIN, CONTINUES = 1.0, 0.6
"""Damage scores more than the trained threshold by the first number; the rest of a thing that is damage by the
first less the second."""

COMPACT_PX, COMPACT_ELONGATION = 5.0, 2.5
"""Things that are wider and less elongated are no scratches and no dust: bows and lips have that shape, too."""

GROWN_PX = 3
"""Damage has soft edges: side of the square by which it is grown."""

WEIGHTS = Path(__file__).with_name("damage.npz")

Weights = Mapping[str, np.ndarray]
POLARITIES: Mapping[str, Callable[[Picture], Candidates]] = {"light": light_candidates, "dark": dark_candidates}


def damage_of(rgb: Picture) -> Mask:
    """Return the damaged pixels of a print."""
    small = shrunk(rgb, SIDE_PX)
    found = np.zeros(small.shape[:2], bool)
    for polarity, candidates_of in POLARITIES.items():
        found |= _damaged(candidates_of(small), _weights(polarity))
    grown = cv2.dilate(found.astype(np.uint8), np.ones((GROWN_PX, GROWN_PX), np.uint8))
    return cv2.resize(grown, rgb.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0


def looks(weights: Weights, features: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N"]:
    """Return how much candidates look like damage: the logarithm of the odds."""
    seen = np.clip((features - weights["mean"]) / weights["deviation"], -4, 4)
    hidden = np.tanh(seen @ weights["hidden"].T + weights["hidden_bias"])
    return np.asarray(hidden @ weights["output"] + weights["output_bias"], np.float64)


def evidence_of(share: Float64[np.ndarray, "N"]) -> Float64[np.ndarray, "N"]:
    """Return the evidence for damage, from the share of a picture that is surely damaged, apart from a candidate."""
    return np.log(np.maximum(share, 0) * 1e4 + 1)


def _damaged(found: Candidates, weights: Weights) -> Mask:
    if len(found.features) == 0:
        return np.zeros(found.labels.shape, bool)
    looks_like = looks(weights, found.features)
    area = np.bincount(found.labels.ravel(), minlength=len(looks_like) + 1)[1:] / found.labels.size
    sure = np.where(looks_like > SURE, area, 0)
    evidence = evidence_of(sure.sum() - sure)
    by_looks, by_evidence, by_both, offset = weights["evidence"]
    beyond = looks_like * (by_looks + by_both * evidence) + by_evidence * evidence + offset
    beyond -= weights["threshold"] + MARGIN
    width, elongation = (found.features[:, FEATURES.index(name)] for name in ("width", "log elongation"))
    beyond[(width > COMPACT_PX) & (elongation < np.log(COMPACT_ELONGATION))] = -np.inf
    bars = are_bars(found.labels, beyond > -CONTINUES)
    whole_area, bar_area = (np.bincount(found.wholes, part) for part in (area, area * bars))
    beyond[2 * bar_area[found.wholes] > whole_area[found.wholes]] = -np.inf
    beyond[bars] = -np.inf
    best = np.full(found.wholes.max() + 1, -np.inf)
    np.maximum.at(best, found.wholes, beyond)
    is_damage = (beyond > 0) | ((best[found.wholes] > 0) & (beyond > -CONTINUES))
    return np.concatenate([[False], is_damage])[found.labels]


@cache
def _weights(polarity: str) -> Weights:
    with np.load(WEIGHTS) as arrays:
        return {name.removeprefix(f"{polarity}_"): arrays[name] for name in arrays if name.startswith(polarity)}
