"""Depth as a picture to look at."""

from __future__ import annotations

import cv2
import numpy as np

from kbvr.depth.depth_map import DepthMap
from kbvr.formats.depth.depth_map import coloured

FAST = [cv2.IMWRITE_PNG_COMPRESSION, 1]


def depth_picture(depth: DepthMap, *, is_gray: bool) -> bytes:
    """Return a PNG whose colours, or grey, are linear in inverse depth from the 1st to the 99th percentile."""
    if is_gray:
        far, near = np.percentile(depth.inverse_depth[::4, ::4], (1, 99))
        share = np.clip((depth.inverse_depth - far) / max(float(near - far), 1e-30), 0, 1)
        pixels = np.rint(share * 255).astype(np.uint8)
    else:
        pixels = cv2.cvtColor(coloured(depth), cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".png", pixels, FAST)
    assert done
    return data.tobytes()
