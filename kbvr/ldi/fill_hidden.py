"""Fill the hidden layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kbvr.depth.behind import Behind
from kbvr.imaging.array_types import Mask, Plane
from kbvr.imaging.tiling import tiles
from kbvr.inpaint.filler import Filler
from kbvr.inpaint.patches import patches
from kbvr.inpaint.push_pull import spread
from kbvr.ldi.layered_depth_image import Layer, LayeredDepthImage, with_alpha

MIN_GAP_JUMPS = 0.5
"""Minimum distance of a filled pixel behind the surface that hides it, as a multiple of the minimum jump, so that it
never shows through."""

HALF_COVERED = 127
"""Alpha of the strip above which a pixel is on the near side, before the matte is solved."""

BLOCK_PX = 256
CONTEXT_PX = 48
"""Side of the blocks in which the layer between is filled, and the width of the context that provides sources."""


def fill(ldi: LayeredDepthImage, filler: Filler | None = None, behind: Behind | None = None) -> LayeredDepthImage:
    """Return the image with its hidden layer filled, by default with patches, and the layer between by push-pull.

    What a second view shows behind the photo's surfaces is taken from there, and the rest is filled from that too.
    """
    if not ldi.fill_mask.any():
        return ldi
    hidden, between, hole, source, shown = ldi.hidden, ldi.between, ldi.fill_mask, ldi.source_mask, None
    if behind is not None:
        hidden, shown = _with_shown(ldi, behind)
        hole, source = hole & ~shown, source | shown
    rgb, inverse_depth = (filler or patches)(hidden.rgba[..., :3], hidden.inverse_depth, hole=hole, source=source)
    gap = np.float32(MIN_GAP_JUMPS * ldi.jump_px / (ldi.f_px * ldi.reach_m))
    near_side = (ldi.front.rgba[..., 3] > 0) | (ldi.matte.rgba[..., 3] > HALF_COVERED)
    in_front = ldi.front.inverse_depth.copy()
    np.subtract(in_front, gap, out=in_front, where=near_side)
    if between is not None and ldi.between_fill is not None and ldi.between_source is not None:
        between = _continued(between, in_front, hole=ldi.between_fill, source=ldi.between_source)
        np.subtract(between.inverse_depth, gap, out=in_front, where=ldi.between_fill)
    deeper, at = hidden.inverse_depth.copy(), np.flatnonzero(ldi.fill_mask)
    deeper.ravel()[at] = np.minimum(inverse_depth.ravel()[at], in_front.ravel()[at]).clip(0)
    hidden = Layer("hidden", with_alpha(rgb, hidden.rgba[..., 3]), deeper)
    return replace(ldi, between=between, hidden=hidden, shown_mask=shown)


def _with_shown(ldi: LayeredDepthImage, behind: Behind) -> tuple[Layer, Mask]:
    """Return the hidden layer with what a second view shows of it, and where that is."""
    (width, height), frame = ldi.size_px, ldi.margin_px
    photo = np.s_[frame : frame + height, frame : frame + width]
    shown = np.zeros(ldi.fill_mask.shape, np.bool_)
    shown[photo] = behind.known & ldi.fill_mask[photo]
    if ldi.between_fill is not None:  # the second view shows what is directly behind, which is not the hidden layer
        shown &= ~ldi.between_fill
    rgba, inverse_depth = ldi.hidden.rgba.copy(), ldi.hidden.inverse_depth.copy()
    rgba[photo][shown[photo], :3] = behind.rgb[shown[photo]]
    inverse_depth[photo][shown[photo]] = behind.inverse_depth[shown[photo]]
    return Layer("hidden", rgba, inverse_depth), shown


def _continued(layer: Layer, in_front: Plane, *, hole: Mask, source: Mask) -> Layer:
    """Return the layer with its hole filled by push-pull, block by block, never nearer than `in_front`."""
    rgba, inverse_depth = layer.rgba.copy(), layer.inverse_depth.copy()
    for y, x in tiles(hole, tile_px=BLOCK_PX + 2 * CONTEXT_PX, step_px=BLOCK_PX):
        block = np.s_[y : y + BLOCK_PX + 2 * CONTEXT_PX, x : x + BLOCK_PX + 2 * CONTEXT_PX]
        at = hole[block]
        rgb, depth = spread(layer.rgba[block][..., :3], layer.inverse_depth[block], hole=at, source=source[block])
        rgba[block][at, :3] = rgb[at]
        inverse_depth[block][at] = np.minimum(depth, in_front[block]).clip(0)[at]
        if not source[block].any():
            rgba[block][at, 3] = 0
    return Layer("between", rgba, inverse_depth)
