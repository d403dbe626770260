"""What two eyes see that turn around in the middle of a sphere: omnidirectional stereo (ODS).

Google's "Rendering Omni-directional Stereo Content": every column of an eye's picture is seen from another place on a
circle as wide as the eyes are apart, along a ray that touches the circle. So a point at the horizontal distance d and
the longitude p is seen at p + asin(r/d) by the left eye and at p - asin(r/d) by the right one, r being the circle's
radius. Near the poles the eyes come together, for no head looks up with both eyes beside each other in all directions
at once. Points keep their latitude: the difference is below (r/d)^2 / 4.
"""

from __future__ import annotations

from math import radians

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from kbvr.depth.depth_map import DepthMap
from kbvr.imaging.array_types import Picture, Plane
from kbvr.inpaint.filler import Filler
from kbvr.inpaint.push_pull import spread
from kbvr.ldi.fill_hidden import fill
from kbvr.ldi.layered_depth_image import Layer, LayeredDepthImage
from kbvr.ldi.matting import solve_mattes
from kbvr.ldi.split import split
from kbvr.photo.photo import Photo
from kbvr.sphere.sphere_depth import wrapped

FULL_RAD, NONE_RAD = radians(55), radians(80)
"""Latitudes up to which stereo is full, and from which on there is none."""

MAX_SHARE = 0.5
"""Maximum of the circle's radius over the horizontal distance of what is seen from it: 30 degrees."""

WRAP_SHARE = 12
"""The width, as a multiple of what is added at the left and at the right before the picture is split into layers."""

ROWS = 128
REMAP_PX = 8
BORDER_M = 1e-6
"""The eyes never see beyond the border of a sphere."""


def stereo_share(latitude_rad: Float32[np.ndarray, "*shape"]) -> Float32[np.ndarray, "*shape"]:
    """Return how far apart the eyes are at a latitude: 1 in the middle, smoothly down to 0 towards the poles."""
    part = np.clip((NONE_RAD - np.abs(latitude_rad)) / (NONE_RAD - FULL_RAD), 0, 1)
    return np.asarray(part * part * (3 - 2 * part), np.float32)


def horizontal_inverse(inverse_distance: Plane) -> Plane:
    """Return what decides about the shift of each pixel: the share of stereo over the horizontal distance, 1/m."""
    height = len(inverse_distance)
    latitude = ((0.5 - (np.arange(height, dtype=np.float32) + 0.5) / height) * np.pi).astype(np.float32)[:, None]
    return np.asarray(inverse_distance / np.maximum(np.cos(latitude), 1e-3) * stereo_share(latitude), np.float32)


def shift_px(inverse: Plane, *, radius_m: float, width_px: int) -> Plane:
    """Return how far points are moved to the right in the left eye, and to the left in the right one."""
    share = np.minimum(inverse * np.float32(radius_m), np.float32(MAX_SHARE))
    return np.arcsin(share) * np.float32(width_px / (2 * np.pi))


def clipped_share(inverse_distance: Plane, *, radius_m: float) -> float:
    """Return the share of a sphere's pixels that are too near for the eyes, and so are not moved as far as they should.

    Only latitudes with full stereo count.
    """
    rows = np.s_[
        round(len(inverse_distance) * (0.5 - FULL_RAD / np.pi)) : round(
            len(inverse_distance) * (0.5 + FULL_RAD / np.pi)
        )
    ]
    return float((horizontal_inverse(inverse_distance)[rows] * radius_m > MAX_SHARE).mean())


def split_sphere(
    sphere: Picture, inverse_distance: Plane, *, radius_m: float, filler: Filler | None
) -> LayeredDepthImage:
    """Return the layers of a sphere, whose depths are those of `horizontal_inverse`, without margin and filled.

    Left and right belong together, so both are continued with the other side while the layers are made.
    """
    width = sphere.shape[1]
    added, f_px = width // WRAP_SHARE, width / (2 * np.pi)
    inverse = np.minimum(horizontal_inverse(inverse_distance), np.float32(MAX_SHARE / radius_m))
    rgb, inverse = wrapped(sphere, added), wrapped(inverse, added)
    rgb.flags.writeable = False
    depth = DepthMap(inverse, f_px, confidence=np.full(inverse.shape, 255, np.uint8))
    photo = Photo(rgb, f_px, "flag", "sphere")
    layers = solve_mattes(fill(split(photo, depth, reach_m=radius_m, border_m=BORDER_M), filler))
    inside = np.s_[
        layers.margin_px : layers.margin_px + len(sphere),
        layers.margin_px + added : layers.margin_px + added + width,
    ]
    return layers.with_layers(
        lambda layer: Layer(
            layer.name, np.ascontiguousarray(layer.rgba[inside]), np.ascontiguousarray(layer.inverse_depth[inside])
        )
    )


def seen_by_eyes(layers: LayeredDepthImage, *, radius_m: float) -> tuple[Picture, Picture]:
    """Return the equirectangular pictures of the left and the right eye."""
    left, right = (_seen(layers, radius_m=radius_m * side) for side in (1, -1))
    return left, right


def _seen(layers: LayeredDepthImage, *, radius_m: float) -> Picture:
    """Return one eye's picture; the radius is negative for the right eye."""
    height, width = layers.front.inverse_depth.shape
    seen = np.zeros((height, width, 3), np.uint8)
    for start in range(0, height, ROWS):
        rows = slice(start, start + ROWS)
        seen[rows] = _seen_rows(layers, rows, radius_m=radius_m)
    return seen


def _seen_rows(layers: LayeredDepthImage, rows: slice, *, radius_m: float) -> UInt8[np.ndarray, "h W 3"]:
    jump = layers.jump_px / (layers.f_px * layers.reach_m)
    opaque = [layer for layer in layers.layers if not layer.is_soft]
    moved = [_moved(layer, rows, radius_m=radius_m, jump=jump) for layer in opaque]
    depth = np.full(moved[0][1].shape, -1, np.float32)
    seen = np.zeros((*depth.shape, 3), np.uint8)
    for rgba, inverse in moved:  # nearest first
        nearer = inverse > depth + (jump if depth.max() >= 0 else 0) * (depth >= 0)
        seen[nearer], depth[nearer] = rgba[nearer, :3], inverse[nearer]
    missing = depth < 0
    if missing.any():
        seen, depth = spread(seen, np.maximum(depth, 0), hole=missing, source=~missing)
    rgba, inverse = _moved(layers.matte, rows, radius_m=radius_m, jump=jump)
    alpha = np.where(inverse >= depth - jump, rgba[..., 3], 0).astype(np.float32)[..., None] / 255
    return np.asarray(seen + (rgba[..., :3].astype(np.float32) - seen) * alpha + 0.5, np.uint8)


def _moved(
    layer: Layer, rows: slice, *, radius_m: float, jump: float
) -> tuple[UInt8[np.ndarray, "h W 4"], Float32[np.ndarray, "h W"]]:
    """Return some rows of a layer as an eye sees them, and the depth of each pixel, -1 where there is none."""
    inverse, rgba = layer.inverse_depth[rows], layer.rgba[rows]
    width = inverse.shape[1]
    side = np.float32(1 if radius_m > 0 else -1)
    at = np.arange(width, dtype=np.float32) + np.float32(0.5)
    to = at + side * shift_px(inverse, radius_m=abs(radius_m), width_px=width)
    after, next_inverse = np.roll(to, -1, axis=1), np.roll(inverse, -1, axis=1)
    after[:, -1] += width
    is_there = rgba[..., 3] > 0
    whole = is_there & np.roll(is_there, -1, axis=1) & (np.abs(next_inverse - inverse) <= jump) & (after > to)
    source, found = _inverted(to, after, inverse, next_inverse, whole)
    wide = cv2.copyMakeBorder(rgba, 0, 0, REMAP_PX, REMAP_PX, cv2.BORDER_WRAP)
    lines = np.broadcast_to(np.arange(len(inverse), dtype=np.float32)[:, None], source.shape)
    x = source + np.float32(REMAP_PX - 0.5)
    colours = cv2.remap(wide, x, np.ascontiguousarray(lines), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(colours, np.uint8), found


def _inverted(
    to: Float32[np.ndarray, "h W"],
    after: Float32[np.ndarray, "h W"],
    inverse: Float32[np.ndarray, "h W"],
    next_inverse: Float32[np.ndarray, "h W"],
    whole: Bool[np.ndarray, "h W"],
) -> tuple[Float32[np.ndarray, "h W"], Float32[np.ndarray, "h W"]]:
    """Return the source position of every target pixel and its depth, -1 where nothing comes to lie.

    Between two neighbours that are one surface, positions are interpolated; of several surfaces the nearest is taken.
    """
    height, width = to.shape
    row, column = np.nonzero(whole)
    start, end = to[row, column], after[row, column]
    first = np.ceil(start - 0.5).astype(np.int64)
    covered = np.ceil(end - 0.5).astype(np.int64) - first
    targets, sources, depths = [], [], []
    for step in range(int(covered.max(initial=0))):
        pick = np.flatnonzero(covered > step)
        target = first[pick] + step
        share = (target + 0.5 - start[pick]) / (end[pick] - start[pick])
        targets.append(row[pick] * width + target % width)
        sources.append(column[pick] + 0.5 + share)
        near = inverse[row[pick], column[pick]]
        depths.append(near + (next_inverse[row[pick], column[pick]] - near) * share)
    source, found = np.zeros(height * width, np.float32), np.full(height * width, -1, np.float32)
    if targets:
        target, position, depth = (np.concatenate(lists) for lists in (targets, sources, depths))
        order = np.argsort(depth, kind="stable")  # the nearest is written last
        source[target[order]], found[target[order]] = position[order], depth[order]
    return source.reshape(height, width), found.reshape(height, width)
