"""Find the damage of a print: scratches, dust, folds, blotches and torn corners, told from what the photo shows."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32

from kbvr.imaging.array_types import Mask, Picture
from kbvr.imaging.resize import shrunk
from kbvr.nets import open_session

NETWORK = "kbvr-damage"
SIDE_PX = 1024
"""Size at which damage is found."""

MULTIPLE_PX = 16
"""Sides that the network takes are multiples of this."""

SURE, LIKELY = 0.6, 0.4
"""Probabilities: a thing is damage if some pixel of it surely is; it reaches as far as pixels likely are."""

GROWN_PX = 3
"""Damage has soft edges: side of the square by which it is grown."""


def damage_of(rgb: Picture, *, device: str = "auto", threads: int | None = None) -> Mask:
    """Return the damaged pixels of a print."""
    likely = damage_probability(shrunk(rgb, SIDE_PX), device=device, threads=threads)
    count, things = cv2.connectedComponents((likely > LIKELY).astype(np.uint8), connectivity=8)
    is_damage = np.zeros(count, bool)
    is_damage[things[likely > SURE]] = True
    is_damage[0] = False
    grown = cv2.dilate(is_damage[things].astype(np.uint8), np.ones((GROWN_PX, GROWN_PX), np.uint8))
    return cv2.resize(grown * np.uint8(255), rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 127


def damage_probability(rgb: Picture, *, device: str = "auto", threads: int | None = None) -> Float32[np.ndarray, "H W"]:
    """Return the probability of damage at each pixel, 0 to 1."""
    height, width = rgb.shape[:2]
    padding = ((0, -height % MULTIPLE_PX), (0, -width % MULTIPLE_PX), (0, 0))
    rgb01 = np.pad(rgb, padding, mode="symmetric").astype(np.float32).transpose(2, 0, 1)[None] / np.float32(255)
    (found,) = open_session(NETWORK, device, threads).run(None, {"rgb01": rgb01})
    return np.asarray(found[0, 0, :height, :width], np.float32)
