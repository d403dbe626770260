"""Cut a photo with depth into layers at its occlusion boundaries.

The layers share the photo's plane and a margin beyond its border. Nearest first:

    matte    a strip along every occlusion boundary: the near side with a soft alpha
    front    the photo itself, opaque, without the strips
    between  only where two boundaries are so close together that a move sees behind both: the surface directly behind
             the nearer one, continued from the narrow surface between the two
    hidden   what the near side hides, continued from the far side by a filler of `kbvr.inpaint`

The strip's colours F and the hidden layer's colours B are chosen so that alpha F + (1 - alpha) B is the photo: seen
from the photo's camera, the layers reproduce the photo.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.despeckle import speck_px_for, without_specks
from kbvr.depth.scene_depth import SceneDepth, scene_depth_of
from kbvr.errors import InputError
from kbvr.imaging.array_types import Mask, Picture, Plane
from kbvr.imaging.masked_blur import masked_blur
from kbvr.ldi.edge_evidence import edge_evidence, jump_sides
from kbvr.ldi.fringe import fringe_of
from kbvr.ldi.layered_depth_image import Layer, LayeredDepthImage, with_alpha
from kbvr.ldi.margin import FILM_TEXTURE, MAX_MARGIN_SHARE, SCENE_TEXTURE, extended, margin_px_for
from kbvr.ldi.occlusion import JUMP_PX, RIM_PX, Boundaries, between_px_for, find_boundaries, jump_px_for
from kbvr.ldi.slivers import without_slivers
from kbvr.ldi.snapping import snapped
from kbvr.ldi.soft_edges import softened
from kbvr.photo.photo import Photo

STRIP_SHARE = 0.004
"""Half the width of the matte strip, as a share of the photo's width."""

CONTEXT_SHARE = 0.04
"""Distance from a boundary within which the far side is a source for the hidden layer, as a share of the width."""

FRINGE_STRIPS = 4
"""Width of the band in which fringes are searched for, in half widths of the matte strip."""

OVERLAP_PX = 1.5
"""Overlap of the strip with the near side of the front layer."""

MIXED_LEVELS = 6.0
"""A far-side pixel is unmixed, however close to the jump, if its colour deviates from the far side's towards the near
side's by less than this, in 8-bit levels."""


def strip_px_for(width: int) -> float:
    """Return half the width of the matte strip, in pixels."""
    return float(np.clip(STRIP_SHARE * width, 3.0, 12.0))


def split(
    photo: Photo,
    depth: DepthMap,
    *,
    reach_m: float,
    border_m: float | None = None,
    scene_depth: SceneDepth | None = None,
    is_visited: bool = False,
) -> LayeredDepthImage:
    """Return the layers of a photo, with the hidden parts not yet filled; see `kbvr.ldi.scene.build_scene`.

    Raises:
        InputError: if photo and depth differ in size, or reach_m is not positive.
    """
    if photo.rgb.shape[:2] != depth.inverse_depth.shape:
        raise InputError(
            f"expected a depth map of the photo's size {photo.rgb.shape[:2]}, got {depth.inverse_depth.shape}"
        )
    if not reach_m > 0:
        raise InputError(f"reach_m must be > 0, got {reach_m}")
    width, height = photo.size_px
    largest = min(MAX_MARGIN_SHARE * max(width, height), 2 * MAX_MARGIN_SHARE * min(width, height) + 4)
    margin = min(margin_px_for(depth, reach_m if border_m is None else border_m), round(largest))
    parallax_per_inverse_depth = depth.f_px * reach_m
    depth_spread = (scene_depth or scene_depth_of(depth)).depth_spread
    jump_px = jump_px_for(width, depth_spread * parallax_per_inverse_depth)
    settled = _settled(depth, photo.rgb, parallax_per_inverse_depth, jump_px)
    rgb, inverse_depth = extended(photo.rgb, settled, margin, texture=SCENE_TEXTURE if is_visited else FILM_TEXTURE)
    boundaries = find_boundaries(inverse_depth, jump_px=jump_px, px=parallax_per_inverse_depth)
    strip_px = strip_px_for(width)
    near = boundaries.near_side(inverse_depth)
    band = boundaries.distance_px <= strip_px
    near_rgb, unmixed = _sides(rgb, boundaries, near, strip_px)
    jump = jump_px / parallax_per_inverse_depth
    is_exact = depth.confidence is None
    fringe = np.zeros(near.shape, np.uint8)
    if not is_exact:
        far = ~near & ~boundaries.uncovered & (np.abs(inverse_depth - boundaries.far_inverse_depth) <= jump)
        fringe = fringe_of(rgb, inverse_depth, boundaries, far, width_px=FRINGE_STRIPS * strip_px, jump=jump)
    hidden = boundaries.uncovered | (band & ~unmixed) | (fringe > 0)
    band |= fringe > 0
    band &= near | ~boundaries.uncovered  # keep the far side of one jump whole if it is the near side of another
    cut = band & ~(near & (boundaries.distance_px > strip_px - OVERLAP_PX))
    context = boundaries.far_distance_px <= CONTEXT_SHARE * width + strip_px
    sources = context & ~near & ~hidden
    rim = ~near & (boundaries.distance_px <= 2 * strip_px + RIM_PX)
    rim |= ~near & (cv2.dilate(fringe, np.ones((2 * RIM_PX + 1, 2 * RIM_PX + 1), np.uint8)) > 0)
    min_px = 0 if is_exact else speck_px_for(width)
    between, between_fill, between_source = _between(rgb, inverse_depth, boundaries, jump=jump, min_px=min_px)
    return LayeredDepthImage(
        matte=_matte(rgb, near_rgb, inverse_depth, boundaries, near, band, cut),
        front=Layer("front", _rgba(rgb, ~cut), inverse_depth),
        hidden=Layer("hidden", _rgba(rgb, hidden | rim), inverse_depth),
        between=between,
        margin_px=margin,
        f_px=depth.f_px,
        size_px=photo.size_px,
        reach_m=reach_m,
        jump_px=jump_px,
        fill_mask=hidden,
        source_mask=sources,
        fringe=fringe,
        is_exact=is_exact,
        between_fill=between_fill,
        between_source=between_source,
    )


def _between(
    rgb: Picture, inverse_depth: Plane, boundaries: Boundaries, *, jump: float, min_px: int
) -> tuple[Layer, Mask, Mask] | tuple[None, None, None]:
    """Return the layer between, its pixels to fill, and its sources: the narrow surfaces next to those pixels.

    `jump` is the minimum difference of inverse depth between two surfaces, 1/m. A piece of which the photo shows no
    more than `min_px` pixels is an error of estimation.
    """
    hole = boundaries.doubly_uncovered
    if not hole.any():
        return None, None, None
    close = boundaries.between_distance_px <= between_px_for(inverse_depth.shape[1])
    on_far_side = np.abs(inverse_depth - boundaries.far_inverse_depth) <= jump
    source = on_far_side & boundaries.uncovered & ~hole & close
    if min_px:
        _, piece = cv2.connectedComponents((hole | source).view(np.uint8), connectivity=8)
        large = np.bincount(piece[source], minlength=int(piece.max()) + 1) > min_px
        hole, source = hole & large[piece], source & large[piece]
    return Layer("between", _rgba(rgb, hole | source), inverse_depth), hole, source


def _settled(depth: DepthMap, rgb: Picture, to_px: float, jump_px: float) -> Plane:
    """Return the inverse depth without specks, small steps of a depth stored in few levels, and doubtful jumps."""
    parallax_px = depth.inverse_depth * np.float32(to_px)
    if depth.confidence is None:  # a depth that expects no error is taken as it is
        smooth_px = _without_steps(without_specks(parallax_px, rgb, jump_px=jump_px))
    else:
        smooth_px = _without_steps(parallax_px)
        evidence = edge_evidence(smooth_px, rgb, jump_px=jump_px)
        smooth_px = snapped(smooth_px, rgb, evidence)
        at = np.flatnonzero(np.logical_or(*jump_sides(smooth_px, jump_px)))
        smooth_px = without_slivers(smooth_px, rgb, at, jump_px=jump_px)
        smooth_px = without_specks(smooth_px, rgb, jump_px=jump_px)
        error_px = depth.expected_error(at) * np.float32(to_px)
        smooth_px = softened(smooth_px, evidence, at, error_px, jump_px=jump_px)
    smooth_px /= np.float32(to_px)
    return np.maximum(smooth_px, 0, out=smooth_px)


def _without_steps(parallax_px: Plane) -> Plane:
    return np.asarray(cv2.bilateralFilter(parallax_px, 7, JUMP_PX / 2, 2.5), np.float32)


def _rgba(rgb: Picture, mask: Mask) -> UInt8[np.ndarray, "H W 4"]:
    return with_alpha(rgb, mask.view(np.uint8) * np.uint8(255))


def _sides(rgb: Picture, boundaries: Boundaries, near: Mask, strip_px: float) -> tuple[Picture, Mask]:
    """Return the near side's colours, continued over the strip from inside, and the unmixed pixels of the far side."""
    where = boundaries.distance_px < 2 * strip_px
    at = np.flatnonzero(boundaries.distance_px < 3 * strip_px)
    inside_px = _inside_px(boundaries, near, at)
    weight, unmixed = np.zeros(near.shape, np.float32), np.zeros(near.shape, bool)

    def blurred_from(depth_px: Float32[np.ndarray, "N"]) -> Picture:
        weight.ravel()[at] = np.where(depth_px > 0, depth_px.clip(0.05, strip_px) ** 4, 0)
        return masked_blur(rgb, weight, strip_px, where=where)

    near_rgb, far_rgb = blurred_from(inside_px), blurred_from(-inside_px)
    outside = at[inside_px <= 0]
    photo, over, under = (picture.reshape(-1, 3)[outside].astype(np.float32) for picture in (rgb, near_rgb, far_rgb))
    towards, difference = ((photo - under) * (over - under)).sum(axis=1), np.linalg.norm(over - under, axis=1)
    unmixed.ravel()[outside] = towards <= MIXED_LEVELS * difference
    return near_rgb, unmixed


def _inside_px(boundaries: Boundaries, near: Mask, at: np.ndarray) -> Float32[np.ndarray, "N"]:
    """Return the distance of the pixels `at` from the jump, positive on the near side and negative on the far side."""
    to_far, to_near = boundaries.far_distance_px.ravel()[at], boundaries.near_distance_px.ravel()[at]
    return np.asarray(np.where(near.ravel()[at], to_far - 0.5, 0.5 - to_near), np.float32)


def _matte(
    rgb: Picture, near_rgb: Picture, inverse_depth: Plane, boundaries: Boundaries, near: Mask, band: Mask, cut: Mask
) -> Layer:
    """Return the strip with the near side's colours and alpha by distance alone."""
    at = np.flatnonzero(band)
    alpha, depth = np.zeros(band.shape, np.uint8), np.where(near, inverse_depth, boundaries.near_inverse_depth)
    alpha.ravel()[at] = (np.clip(0.5 + _inside_px(boundaries, near, at) / 1.5, 0, 1) * 255 + 0.5).astype(np.uint8)
    rgba = with_alpha(near_rgb, alpha)
    overlap = band & ~cut
    rgba[overlap, :3], rgba[overlap, 3] = rgb[overlap], 255
    return Layer("matte", rgba, depth)
