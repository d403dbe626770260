"""The layers of a scene as pictures with alpha."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from kbvr.imaging.resize import shrunk
from kbvr.ldi.layered_depth_image import LayeredDepthImage

SIDE_PX = 1024
FAST = [cv2.IMWRITE_PNG_COMPRESSION, 1]


@dataclass(frozen=True, eq=False)
class LayerPicture:
    """A layer, without the margin beyond the photo's border."""

    name: str
    png: bytes


def layer_pictures(ldi: LayeredDepthImage) -> list[LayerPicture]:
    """Return the front with its soft edges, the layer between if there is one, and the hidden layer."""
    front = ldi.front.rgba.copy()
    matte = ldi.matte.rgba
    has_edge = (matte[..., 3] > 0) & (front[..., 3] == 0)
    front[has_edge] = matte[has_edge]
    pictures = [("front", front), *((layer.name, layer.rgba) for layer in ldi.layers if layer.is_hidden)]
    return [LayerPicture(name, _png(rgba, ldi)) for name, rgba in pictures]


def _png(rgba: np.ndarray, ldi: LayeredDepthImage) -> bytes:
    (width, height), margin = ldi.size_px, ldi.margin_px
    inside = rgba[margin : margin + height, margin : margin + width]
    seen = np.where(inside[..., 3:] > 0, inside, 0)  # colours continue where nothing is, and would bleed
    done, data = cv2.imencode(".png", cv2.cvtColor(shrunk(seen, SIDE_PX), cv2.COLOR_RGBA2BGRA), FAST)
    assert done
    return data.tobytes()
