"""Fill what a camera uncovers, with the 3D Ken Burns method's inpainting networks, and add the points to the scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Float64

from kbvr.geometry.camera import Camera
from kbvr.imaging.array_types import Mask, Plane
from kbvr.ken_burns_2019.networks import PaperNetworks, run_context, run_inpainting
from kbvr.ken_burns_2019.point_scene import PointScene, lens_at, photo_points, seen_from
from kbvr.ken_burns_2019.point_splatting import (
    NEAREST_Z,
    Splat,
    away_from_edges,
    depth_from_disparity,
    directions,
    render_points,
)

MEDIAN_PX = 5
"""Side of the median filter that removes single covered pixels from the coverage."""


def inpainted(scene: PointScene, cameras: Sequence[Camera], networks: PaperNetworks) -> PointScene:
    """Return the scene with the points that the networks add behind the photo's points and beyond its border.

    The cameras are the far ends of a move; of each only the pose is used, with the scene's lens. For each camera in
    turn, the photo's points are rendered with their features, and the uncovered pixels are filled. Filled pixels that
    fail the edge filter do not become points, nor do those that an earlier camera's filling already covers.

    Raises:
        InputError: if the context or the inpainting network is missing or does not fit.
    """
    context = run_context(scene.picture, scene.disparity, networks.required("context"))
    session = networks.required("inpainting")
    points_of_photo, kept = photo_points(scene.disparity, scene.camera)
    features = np.ascontiguousarray(context.features[:, kept])
    for camera in cameras:
        lens = lens_at(scene, camera)
        splat = render_points(seen_from(points_of_photo, lens, scene.units_per_m), features, lens)
        covered = trusted_coverage(splat)
        rgb01, disparity = run_inpainting(splat.values * covered, covered.astype(np.float32), context, session)
        points, valid = points_behind(disparity, lens, scene.units_per_m)
        valid &= ~covered & ~_already_filled(scene, lens)
        scene = replace(
            scene,
            points=np.concatenate([scene.points, points[valid]]),
            rgb01=np.concatenate([scene.rgb01, rgb01[valid]]),
        )
    return scene


def trusted_coverage(splat: Splat) -> Mask:
    """Return the covered pixels of which most of the 5x5 neighbours are covered too."""
    covered = splat.covered
    return covered & (cv2.medianBlur(covered.astype(np.uint8), MEDIAN_PX) > 0)


def points_behind(disparity: Plane, lens: Camera, units_per_m: float) -> tuple[Float64[np.ndarray, "H W 3"], Mask]:
    """Return the world points of a lens's pixels, and which of them are valid.

    The features contain the photo's disparity and the network continues them. So its output is a depth along the axis
    of the photo's camera, wherever the lens is, and each point is where its pixel's ray reaches that depth. (The
    reference implementation takes it for the depth from the lens, which misplaces the filling by the camera's move
    along the axis.) Rays that never reach that depth, or only behind the lens, give no point; nor do disparity steps.
    """
    world_from_lens = lens.camera_from_world[:3, :3].T
    centre = -world_from_lens @ lens.camera_from_world[:3, 3] * units_per_m
    rays = directions(lens) @ world_from_lens.T
    depth = depth_from_disparity(disparity, lens.f_px)
    forward = rays[..., 2]
    along = (depth - centre[2]) / np.where(forward > 0, forward, 1.0)
    valid = away_from_edges(disparity) & (forward > 0) & (along >= NEAREST_Z)
    return centre + rays * along[..., None], valid


def _already_filled(scene: PointScene, lens: Camera) -> Mask:
    filled = scene.points[scene.photo_point_count :]
    no_data = np.empty((0, len(filled)), np.float32)
    return render_points(seen_from(filled, lens, scene.units_per_m), no_data, lens).covered
