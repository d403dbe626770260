"""The margin beyond the photo's border: its width and its colours."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import UInt8

from kbvr.depth.depth_map import DepthMap, sampled

MAX_MARGIN_SHARE = 0.15
"""Maximum margin, as a share of the long side; it is also limited to twice this share of the short side."""

BORDER_BLUR = 0.45
"""Sigma of the blur beyond the border, as a share of the distance from the border."""

MARGIN_BLURS = 64
"""Maximum number of blurs on each side, so that wide margins of large photos take no longer."""


def margin_px_for(depth: DepthMap, reach_m: float) -> int:
    """Return the width of the area beyond the border that the largest move can see, in pixels."""
    nearest = float(np.percentile(sampled(depth.inverse_depth), 99.9))
    return int(np.ceil(depth.f_px * reach_m * nearest)) + 4


def extended(picture: UInt8[np.ndarray, "H W C"], margin: int) -> UInt8[np.ndarray, "H2 W2 C"]:
    """Return a picture extended beyond its border: each line is a blurred copy of the previous one.

    The blur grows with the distance, so that details at the border do not become streaks.
    """
    height, width, channels = picture.shape
    wide = np.empty((height + 2 * margin, width + 2 * margin, channels), np.uint8)
    wide[margin:-margin, margin:-margin] = picture
    stride = max(1, margin // MARGIN_BLURS)
    for view, extent in ((wide[margin:-margin].swapaxes(0, 1), width), (wide, height)):
        for border, outwards in ((margin, -1), (margin + extent - 1, 1)):
            line = view[border].astype(np.float32)[None]
            for step in range(1, margin + 1, stride):
                end = min(step + stride, margin + 1)
                sigma_px = BORDER_BLUR * ((end - 1) ** 2 - (step - 1) ** 2) ** 0.5
                line = cv2.GaussianBlur(line, (0, 0), sigma_px, sigmaY=1e-3, borderType=cv2.BORDER_REPLICATE)
                drawn = (line[0] + 0.5).astype(np.uint8)
                for distance in range(step, end):
                    view[border + outwards * distance] = drawn
    return wide
