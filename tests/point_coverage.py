"""Which pixels the points of a point scene cover, before any filling."""

from __future__ import annotations

import numpy as np

from kbvr.geometry.camera import Camera
from kbvr.ken_burns_2019.point_scene import PointScene, lens_at, seen_from
from kbvr.ken_burns_2019.point_splatting import render_points


def coverage(scene: PointScene, camera: Camera) -> np.ndarray:
    """Return the covered pixels, for the scene's camera in the pose of another camera."""
    no_data = np.empty((0, len(scene.points)), np.float32)
    lens = lens_at(scene, camera)
    return render_points(seen_from(scene.points, lens, scene.units_per_m), no_data, lens).covered
