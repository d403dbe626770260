"""Depth of field: a lens with an aperture sees the scene from many places at once.

Each picture is the mean, in linear light, of pictures from places spread over the aperture, shifted so that the depth
in focus stays still (Haeberli and Akeley 1990, "The accumulation buffer"). The background of a blurred edge is really
visible, so nothing bleeds. Each layer is first blurred by the gap between neighbouring places, so that few places
suffice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from math import pi, sqrt

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from kbvr.geometry.camera import Camera
from kbvr.imaging.array_types import Picture, Plane
from kbvr.imaging.srgb import to_linear, to_srgb
from kbvr.ldi.layered_depth_image import Layer
from kbvr.ldi.scene import Scene

SPACING_PX = 3.0
"""Distance between neighbouring places, in pixels of the blur disc."""

MIN_PLACES, MAX_PLACES = 12, 40
GOLDEN_ANGLE = pi * (3 - sqrt(5))
SLABS = 8
"""Number of depth slabs in a layer; each is blurred by its own amount, without its neighbours."""

MIN_SIGMA_PX = 0.3

Frames = Callable[[Iterable[Camera]], Iterator[Picture]]


@dataclass(frozen=True)
class Lens:
    """A thin lens, focused on one inverse depth."""

    aperture_m: float
    """Diameter of the aperture."""

    focus_inverse_depth: float
    """1/m, in the photo's camera."""

    count: int
    """Number of places on the lens from which the scene is rendered."""

    @property
    def places_m(self) -> Float64[np.ndarray, "N 2"]:
        """Places spread evenly over the aperture (Vogel 1979), right and down from its centre."""
        radii = self.aperture_m / 2 * np.sqrt((np.arange(self.count) + 0.5) / self.count)
        turns = np.arange(self.count) * GOLDEN_ANGLE
        return radii[:, None] * np.stack([np.cos(turns), np.sin(turns)], axis=1)


def lens_for(blur_px: float, focus_inverse_depth: float, ends: tuple[float, float], f_px: float) -> Lens:
    """Return the lens whose largest blur disc, over a range of inverse depths, is `blur_px` in diameter."""
    largest_defocus = max(*(abs(end - focus_inverse_depth) for end in ends), 1e-9)
    count = round((blur_px / SPACING_PX) ** 2 * pi / 4)
    return Lens(blur_px / (f_px * largest_defocus), focus_inverse_depth, min(max(count, MIN_PLACES), MAX_PLACES))


def seen_from(place_m: Float64[np.ndarray, "2"], lens: Lens, camera: Camera) -> Camera:
    """Return a camera at a place on the lens, shifted so that the plane in focus stays still."""
    x_m, y_m = place_m.tolist()
    focus = camera.camera_from_world @ np.array([0.0, 0.0, 1.0, lens.focus_inverse_depth])
    per_m = camera.f_px * lens.focus_inverse_depth / focus[2]
    return replace(camera.moved(x_m, y_m), cx_px=camera.cx_px + per_m * x_m, cy_px=camera.cy_px + per_m * y_m)


def frames_through(lens: Lens, frames: Frames, cameras: Iterable[Camera]) -> Iterator[Picture]:
    """Yield one picture per camera, seen through the lens; `frames` renders pictures seen through a pinhole."""
    places_m = lens.places_m
    pictures = frames(seen_from(place_m, lens, camera) for camera in cameras for place_m in places_m)
    for first in pictures:
        light = to_linear(first)
        for picture in islice(pictures, lens.count - 1):
            cv2.add(light, to_linear(picture), dst=light)
        light *= np.float32(1 / lens.count)
        yield to_srgb(light)


def darker_at_corners(picture: Picture, strength: float) -> Picture:
    """Return a picture with a vignette that falls off with the fourth power, to 1 - strength in the corners."""
    falloff = _falloff((picture.shape[1], picture.shape[0]), strength)
    return to_srgb(to_linear(picture) * falloff[..., None])


@lru_cache(maxsize=4)
def _falloff(size_px: tuple[int, int], strength: float) -> Plane:
    rows, columns = ((np.arange(side) + 0.5) / side * 2 - 1 for side in size_px[::-1])
    off_axis = (columns**2 + rows[:, None] ** 2) / 2
    return (1 - strength * off_axis**2).astype(np.float32)


def softened(scene: Scene, lens: Lens) -> Scene:
    """Return a scene whose layers are blurred by the gap between neighbouring places on the lens."""
    f_px = scene.camera.f_px / sqrt(lens.count)
    ldi = scene.ldi.with_layers(lambda layer: replace(layer, rgba=_softened(layer, lens, f_px)))
    return replace(scene, ldi=ldi)


def _softened(layer: Layer, lens: Lens, f_px: float) -> UInt8[np.ndarray, "H W 4"]:
    """Return a layer's blurred colours; a disc of diameter D is approximated by a Gaussian of equal variance, D / 4."""
    sigma_px = lens.aperture_m * f_px / 4 * np.abs(layer.inverse_depth - np.float32(lens.focus_inverse_depth))
    if float(sigma_px.max()) < MIN_SIGMA_PX:
        return layer.rgba
    present = layer.rgba[..., 3] > 0
    slab = np.minimum(
        (layer.inverse_depth - layer.inverse_depth.min()) / max(float(np.ptp(layer.inverse_depth)), 1e-9) * SLABS,
        SLABS - 1,
    ).astype(np.uint8)
    light = to_linear(np.ascontiguousarray(layer.rgba[..., :3]))
    rgba = layer.rgba.copy()
    for index in range(SLABS):
        inside = present & (slab == index)
        if not inside.any():
            continue
        sigma = float(np.median(sigma_px[inside]))
        if sigma < MIN_SIGMA_PX:
            continue
        weight = inside.astype(np.float32)
        blurred = cv2.GaussianBlur(light * weight[..., None], (0, 0), sigma)
        blurred /= np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-6)[..., None]
        rgba[inside, :3] = to_srgb(blurred)[inside]
    return rgba
