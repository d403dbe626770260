"""Fill what a camera will uncover with the inpainting networks of the 3D Ken Burns method, and add it to the scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64

from kbvr.geometry.camera import Camera
from kbvr.ken_burns_2019.networks import PaperNetworks, run_context, run_inpainting
from kbvr.ken_burns_2019.point_scene import PointScene, lens_at, own_points, seen_from
from kbvr.ken_burns_2019.point_splatting import (
    NEAREST_Z,
    Splat,
    away_from_edges,
    depth_from_disparity,
    directions,
    render_points,
)

MEDIAN_PX = 5
"""Side of the median that takes lone covered pixels out of the coverage."""


def inpainted(scene: PointScene, cameras: Sequence[Camera], networks: PaperNetworks) -> PointScene:
    """Return the scene with the points that the networks see behind and beside the photo, from each camera in turn.

    The cameras are the far ends of a move; only where they stand counts, they look through the scene's own lens. From
    each the photo's points are drawn with their features, and what they leave open is filled. Filled pixels that fail
    the edge filter become no points, and neither do those that the filling from an earlier camera covers.

    Raises:
        InputError: if the context or the inpainting network is not there, or is another one.
    """
    context = run_context(scene.picture, scene.disparity, networks.wanted("context"))
    session = networks.wanted("inpainting")
    own, kept = own_points(scene.disparity, scene.camera)
    features = np.ascontiguousarray(context.features[:, kept])
    for camera in cameras:
        lens = lens_at(scene, camera)
        splat = render_points(seen_from(own, lens, scene.units_per_m), features, lens)
        covered = trusted_coverage(splat)
        rgb01, disparity = run_inpainting(splat.values * covered, covered.astype(np.float32), context, session)
        points, valid = points_behind(disparity, lens, scene.units_per_m)
        valid &= ~covered & ~_filled_before(scene, lens)
        scene = replace(
            scene,
            points=np.concatenate([scene.points, points[valid]]),
            rgb01=np.concatenate([scene.rgb01, rgb01[valid]]),
        )
    return scene


def trusted_coverage(splat: Splat) -> Bool[np.ndarray, "H W"]:
    """Return where points landed and most of the 5x5 pixels around are covered too."""
    covered = splat.covered
    return covered & (cv2.medianBlur(covered.astype(np.uint8), MEDIAN_PX) > 0)


def points_behind(
    disparity: Float32[np.ndarray, "H W"], lens: Camera, units_per_m: float
) -> tuple[Float64[np.ndarray, "H W 3"], Bool[np.ndarray, "H W"]]:
    """Return the world's points that the pixels of a lens show, and which of them are points at all.

    The features carry the photo's disparity and the network continues them, so its answer is a depth along the axis of
    the photo's camera, wherever the lens stands: each point lies where its pixel's ray reaches that depth. (The
    reference takes it for the depth from the lens, which puts what is filled too far back or forth by the camera's move
    along the axis.) Rays that never get there, or only behind the lens, show no point; nor do steps of the disparity.
    """
    world_from_lens = lens.camera_from_world[:3, :3].T
    centre = -world_from_lens @ lens.camera_from_world[:3, 3] * units_per_m
    rays = directions(lens) @ world_from_lens.T
    depth = depth_from_disparity(disparity, lens.f_px)
    forward = rays[..., 2]
    along = (depth - centre[2]) / np.where(forward > 0, forward, 1.0)
    valid = away_from_edges(disparity) & (forward > 0) & (along >= NEAREST_Z)
    return centre + rays * along[..., None], valid


def _filled_before(scene: PointScene, lens: Camera) -> Bool[np.ndarray, "H W"]:
    filled = scene.points[scene.own_count :]
    nothing = np.empty((0, len(filled)), np.float32)
    return render_points(seen_from(filled, lens, scene.units_per_m), nothing, lens).covered
