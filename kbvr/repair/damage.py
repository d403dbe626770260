"""Find the damage of a print: scratches, dust, folds, blotches and torn corners, told from what the photo shows."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32

from kbvr.imaging.array_types import Mask, Picture
from kbvr.imaging.resize import shrunk
from kbvr.nets import open_session
from kbvr.repair.parallel import are_bars
from kbvr.repair.torn import torn_corners

NETWORK = "kbvr-damage"
SIDES_PX = (512, 1024)
"""Long sides of the copies in which damage is found: in a large scan, the same damage may be coarse or fine."""

MULTIPLE_PX = 16
"""Sides that the network takes are multiples of this."""

SURE, LIKELY = 0.6, 0.45
"""Probabilities: a thing is damage if some pixel of it surely is; it reaches as far as pixels likely are."""

GROWN_PX = 3
"""Damage has soft edges: side of the square by which it is grown."""


def damage_of(rgb: Picture, *, device: str = "auto", threads: int | None = None) -> Mask:
    """Return the damaged pixels of a print."""
    copies = {copy.shape: copy for copy in (shrunk(rgb, side_px) for side_px in SIDES_PX)}
    damage = np.zeros(rgb.shape[:2], bool)
    for copy in copies.values():
        probability = damage_probability(copy, device=device, threads=threads)
        found = _things(probability) | torn_corners(copy, probability)
        grown = cv2.dilate(found.astype(np.uint8) * np.uint8(255), np.ones((GROWN_PX, GROWN_PX), np.uint8))
        damage |= cv2.resize(grown, rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 127
    return damage


def _things(probability: Float32[np.ndarray, "H W"]) -> Mask:
    """Return the pixels of what is damage, without rows of bars such as fences."""
    count, things = cv2.connectedComponents((probability > LIKELY).astype(np.uint8), connectivity=8)
    is_damage = np.zeros(count, bool)
    is_damage[things[probability > SURE]] = True
    is_damage[0] = False
    is_damage[1:] &= ~are_bars(np.asarray(things, np.int32), is_damage[1:])
    return is_damage[things]


def damage_probability(rgb: Picture, *, device: str = "auto", threads: int | None = None) -> Float32[np.ndarray, "H W"]:
    """Return the probability of damage at each pixel, 0 to 1."""
    height, width = rgb.shape[:2]
    padding = ((0, -height % MULTIPLE_PX), (0, -width % MULTIPLE_PX), (0, 0))
    print01 = np.pad(rgb, padding, mode="symmetric").astype(np.float32).transpose(2, 0, 1)[None] / np.float32(255)
    (found,) = open_session(NETWORK, device, threads).run(None, {"print01": print01})
    return np.asarray(found[0, 0, :height, :width], np.float32)
