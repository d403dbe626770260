"""The depth of the 3D Ken Burns method: a network's disparity, objects made upright, refined to the picture."""

from __future__ import annotations

import cv2
import numpy as np

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.placement import DEFAULT_NEAR_M
from kbvr.depth.upright_objects import adjusted_disparity, segment
from kbvr.errors import InputError
from kbvr.imaging.array_types import Plane
from kbvr.imaging.resize import long_side_px, resized
from kbvr.ken_burns_2019.networks import PICTURE_LONG_SIDE_PX, PaperNetworks, run_disparity, run_refinement
from kbvr.ken_burns_2019.point_splatting import paper_disparity_of
from kbvr.photo.photo import Photo


def paper_disparity(photo: Photo, networks: PaperNetworks, *, softness: float = 0.0) -> Plane:
    """Return the paper's disparity of a photo at a long side of 1024: 40 at the nearest pixel, >= 0.

    Without a segmentation nothing is made upright; without the refinement the disparity is enlarged (bilinear).
    `softness` is that of `adjusted_disparity`.

    Raises:
        InputError: if the disparity network is missing, a network does not fit, or the softness is not 0 to 1.
    """
    session = networks.required("disparity")
    size_px = long_side_px(photo.size_px, PICTURE_LONG_SIDE_PX)
    rgb = resized(photo.rgb, size_px)
    disparity = run_disparity(rgb, session)
    if networks.segmentation is not None:
        found = segment(rgb, networks.segmentation).useful().resized((disparity.shape[1], disparity.shape[0]))
        disparity = adjusted_disparity(disparity, found.masks, found.classes, found.scores, softness=softness)
    if networks.refinement is not None:
        disparity = run_refinement(rgb, disparity, networks.refinement)
    else:
        disparity = cv2.resize(disparity, size_px, interpolation=cv2.INTER_LINEAR)
    return paper_disparity_of(disparity)


def paper_depth_map(
    photo: Photo, networks: PaperNetworks, *, near_m: float = DEFAULT_NEAR_M, softness: float = 0.0
) -> DepthMap:
    """Return the paper's depth of a photo at the photo's size; the nearest pixel is near_m away.

    A disparity of 0 is infinitely far, so there is no shift to choose.

    Raises:
        InputError: as `paper_disparity`, and if near_m is not positive.
    """
    if not near_m > 0:
        raise InputError(f"the nearest distance must be > 0 m, got {near_m}")
    disparity = paper_disparity(photo, networks, softness=softness)
    if disparity.shape != photo.rgb.shape[:2]:
        disparity = cv2.resize(disparity, photo.size_px, interpolation=cv2.INTER_LINEAR)
    largest = float(disparity.max())
    scale = 1 / (near_m * largest) if largest > 0 else 0.0
    return DepthMap((disparity * scale).astype(np.float32), photo.f_px)
