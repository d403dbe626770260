"""The view of a photo: the camera of a picture while nothing moves."""

from __future__ import annotations

from dataclasses import replace

from kbvr.depth.scene_depth import SceneDepth
from kbvr.geometry.camera import Camera

OVERSCAN = 1.03
"""Enlargement of the view, so that moves show less of the area beyond the photo's border."""


def view_of(scene_depth: SceneDepth, size_px: tuple[int, int]) -> Camera:
    """Return the photo's camera for pictures of this size, enlarged by OVERSCAN."""
    base = scene_depth.camera.resized(size_px)
    return replace(base, f_px=base.f_px * OVERSCAN)
