"""Make objects stand upright: the 3D Ken Burns method's adjustment of a disparity by an instance segmentation.

A depth network's error varies over a person or a car, so parts of it would lag behind when the camera moves. Therefore
a whole object gets the disparity of the point where it touches the ground, like a flat cut-out. With a softness above 0
it keeps a share of its relief. The classes and shares are those of Niklaus et al. 2019.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Int64, Shaped

from kbvr.depth.depth_map import DepthMap
from kbvr.errors import InputError
from kbvr.imaging.array_types import Mask, Picture, Plane
from kbvr.imaging.resize import resized
from kbvr.nets import Session

STANDING = frozenset({1, 3, *range(6, 10), *range(16, 26)})
"""COCO ids of objects that stand on the ground: people, cars, buses, trains, trucks, boats, animals."""

CARRIED = frozenset({2, 4, 27, 28, 31, 32, 33})
"""COCO ids of things that belong to an object that they overlap: bicycles, motorcycles, bags, umbrellas, ties."""

MIN_SCORE = 0.7
MASK_THRESHOLD = 0.5
"""A pixel belongs to the object if its mask is above this."""

MIN_AREA_PX = 64
"""Minimum area of a mask, in pixels of the disparity."""

MIN_OVERLAP = 0.03
"""Minimum share of a carried thing that its object must cover."""

GROUND_SHARE = 0.97
"""An object touches the ground below this share of its height, measured from its top."""

EROSIONS = 2
"""Number of 3x3 erosions before an object is measured, because depth is blurred at its outline."""

RGB_INPUT = "rgb01"
OUTPUTS = ("labels", "scores", "masks")


@dataclass(frozen=True, eq=False)
class Instances:
    """Objects that a network detected in a picture."""

    masks: Float32[np.ndarray, "N H W"]
    """Probability that each pixel belongs to each object, 0 to 1."""

    classes: Int64[np.ndarray, "N"]
    scores: Float32[np.ndarray, "N"]
    """COCO ids, and the confidence in each object, 0 to 1."""

    def useful(self) -> Instances:
        """Return the instances that the adjustment uses."""
        keep = (self.scores >= MIN_SCORE) & np.isin(self.classes, sorted(STANDING | CARRIED))
        return Instances(self.masks[keep], self.classes[keep], self.scores[keep])

    def resized(self, size_px: tuple[int, int]) -> Instances:
        """Return the same objects in a picture of another size (by area if it is smaller, else bilinear)."""
        masks = np.empty((len(self.masks), size_px[1], size_px[0]), np.float32)
        for target, mask in zip(masks, self.masks, strict=True):
            target[:] = resized(mask, size_px)
        return replace(self, masks=masks)


def check_segmentation(session: Session) -> None:
    """Check that a network is an instance segmentation that `segment` can run.

    Raises:
        InputError: if its inputs or outputs do not match.
    """
    inputs = {tensor.name: len(tensor.shape) for tensor in session.get_inputs()}
    outputs = [tensor.name for tensor in session.get_outputs()]
    if inputs != {RGB_INPUT: 3} or not set(OUTPUTS) <= set(outputs):
        expected = f"{RGB_INPUT} (3, height, width) and gives {', '.join(OUTPUTS)}"
        got = ", ".join(f"{name} of {rank} dimensions" for name, rank in inputs.items())
        raise InputError(f"expected an instance segmentation that takes {expected}, got {got} and {', '.join(outputs)}")


def segment(photo_rgb: Picture, session: Session) -> Instances:
    """Return the objects that an instance segmentation detects in a picture.

    The network takes `rgb01` (3, H, W) float32, 0 to 1, and outputs `labels` (N,) int64, COCO ids, `scores` (N,) and
    `masks` (N, 1, H, W), 0 to 1, of the picture's size.

    Raises:
        InputError: if the network's inputs or outputs do not match.
    """
    check_segmentation(session)
    rgb01 = np.ascontiguousarray(photo_rgb.transpose(2, 0, 1), np.float32) / np.float32(255)
    labels, scores, masks = session.run(OUTPUTS, {RGB_INPUT: rgb01})
    expected = labels.shape, (*labels.shape, 1, *photo_rgb.shape[:2])
    if (scores.shape, masks.shape) != expected:
        raise InputError(f"expected scores {expected[0]} and masks {expected[1]}, got {scores.shape} and {masks.shape}")
    return Instances(masks[:, 0].astype(np.float32), labels.astype(np.int64), scores.astype(np.float32))


def adjusted_disparity(
    disparity: Plane,
    masks: Bool[np.ndarray, "N h w"] | Float[np.ndarray, "N h w"],
    classes: Shaped[np.ndarray, "n"],
    scores: Float[np.ndarray, "m"],
    *,
    softness: float = 0.0,
) -> Plane:
    """Return the disparity, of any scale, with every object that stands on the ground made upright.

    With softness 0 an object becomes flat, as in the paper; with 1 it keeps its relief and is only moved to the
    disparity where it touches the ground. Where objects overlap, the nearer one is in front. An object that the erosion
    removes completely stays unchanged.

    Raises:
        InputError: if sizes or counts differ, the disparity is not finite and >= 0, or the softness is not 0 to 1.
    """
    if masks.shape[1:] != disparity.shape:
        raise InputError(f"expected masks of the disparity's size {disparity.shape}, got {masks.shape[1:]}")
    if not len(masks) == len(classes) == len(scores):
        counts = f"{len(classes)} and {len(scores)}"
        raise InputError(f"expected a class and a score for each of {len(masks)} masks, got {counts}")
    if not np.isfinite(disparity).all() or (disparity < 0).any():
        raise InputError("expected a disparity that is finite and >= 0 everywhere, got other values")
    if not 0 <= softness <= 1:
        raise InputError(f"the softness must be 0 to 1, got {softness}")
    adjusted = disparity.copy()
    objects = [(mask, _grounded(disparity, mask)) for mask in _whole_objects(masks, classes, scores)]
    standing = [(mask, ground) for mask, ground in objects if ground is not None]
    for mask, (at_ground, usual) in sorted(standing, key=lambda entry: entry[1]):
        adjusted[mask] = np.maximum(at_ground + softness * (disparity[mask] - usual), 0)
    return adjusted


def adjusted_depth(depth: DepthMap, instances: Instances, *, softness: float) -> DepthMap:
    """Return a photo's depth, from any source, with its objects made upright by `adjusted_disparity`.

    Raises:
        InputError: if the softness is not 0 to 1.
    """
    height, width = depth.inverse_depth.shape
    found = instances.useful().resized((width, height))
    inverse_depth = adjusted_disparity(depth.inverse_depth, found.masks, found.classes, found.scores, softness=softness)
    return replace(depth, inverse_depth=inverse_depth)


def _whole_objects(
    masks: Shaped[np.ndarray, "N H W"], classes: Shaped[np.ndarray, "N"], scores: Float[np.ndarray, "N"]
) -> Iterator[Mask]:
    """Yield the mask of each standing object and the things that it carries."""
    solid = np.asarray(masks > MASK_THRESHOLD)
    areas = solid.sum(axis=(1, 2))
    valid = np.flatnonzero((scores >= MIN_SCORE) & (areas >= MIN_AREA_PX))
    carried = [index for index in valid if int(classes[index]) in CARRIED]
    for index in valid:
        if int(classes[index]) not in STANDING:
            continue
        whole = solid[index].copy()
        for other in carried:
            if (solid[index] & solid[other]).sum() >= MIN_OVERLAP * areas[other]:
                whole |= solid[other]
        yield whole


def _grounded(disparity: Plane, mask: Mask) -> tuple[float, float] | None:
    """Return an object's largest eroded disparity and its median where it touches the ground.

    The first is its new disparity; the second stays fixed if the object is softened. None if the erosion removes it.
    """
    window = np.ones((3, 3), np.uint8)
    inside = cv2.erode(mask.astype(np.uint8), window, iterations=EROSIONS) > 0
    if not inside.any():
        return None
    eroded = cv2.erode(np.where(mask, disparity, np.float32(np.inf)), window, iterations=EROSIONS)
    rows = np.flatnonzero(inside.any(axis=1))
    top, bottom = int(rows[0]), int(rows[-1])
    first = int(top + GROUND_SHARE * (bottom - top))
    at_ground = inside[first:]
    return float(eroded[first:][at_ground].max()), float(np.median(disparity[first:][at_ground]))
