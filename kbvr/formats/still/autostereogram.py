"""Autostereograms: a single picture that shows depth when both eyes look through it into the distance.

Thimbleby, Inglis and Witten, "Displaying 3D images: algorithms for single-image random-dot stereograms", IEEE Computer
27(10), 1994. The scene is between a far plane, as far behind the picture as the eyes are in front of it, and a near
plane, closer by the share MU. The eyes see a point of nearness z (0 far plane, 1 near plane) through two dots of one
row, separated by (1 - MU z) E / (2 - MU z), so that the dots must have the same colour. A point that is hidden from one
eye links no dots.
"""

from __future__ import annotations

from time import perf_counter

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int32, UInt8

from kbvr.depth.depth_map import DepthMap
from kbvr.errors import InputError
from kbvr.formats.spec.encoding import check_pixels, check_side, picture_bytes
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.still.picture import kind_of
from kbvr.options.export_options import FileOptions
from kbvr.photo.photo import Photo
from kbvr.system.atomic_file import atomic_write

MU = 1 / 3
EYES_SHARE = 0.25
"""Distance between the eyes, as a share of the picture's width: the far plane repeats at intervals of half of it."""

MIN_EYES_PX = 8
OVERSAMPLING = 4
"""Columns of dots per pixel: it multiplies the number of depth levels."""

SEED = 1994
PERCENTILES = (1.0, 99.0)
"""Of inverse depth, at the far plane and at the near plane."""

Nearness = Float32[np.ndarray, "H W"]


def eyes_px(width: int) -> int:
    """Return the distance between the eyes, in pixels of a picture of this width."""
    return max(MIN_EYES_PX, round(EYES_SHARE * width))


def separations_px(nearness: Nearness, eyes: int) -> Int32[np.ndarray, "H W"]:
    """Return the separation of the two dots of every point."""
    return np.rint((1 - MU * nearness) * eyes / (2 - MU * nearness)).astype(np.int32)


def visible_to_both(nearness: Nearness, eyes: int) -> Bool[np.ndarray, "H W"]:
    """Return the points that both eyes see, because nothing nearer is in the way.

    With every pixel of distance from a point, its ray to an eye comes nearer by 2 (2 - MU z) / (MU E).
    """
    visible = np.ones(nearness.shape, bool)
    per_px = 2 * (2 - MU * nearness) / (MU * eyes)
    for shift in range(1, min(nearness.shape[1] - 1, int(1 / per_px.min()) + 1) + 1):
        ray = nearness + per_px * shift
        visible[:, shift:] &= (nearness[:, :-shift] < ray[:, shift:]) | (ray[:, shift:] >= 1)
        visible[:, :-shift] &= (nearness[:, shift:] < ray[:, :-shift]) | (ray[:, :-shift] >= 1)
    return visible


def links(nearness: Nearness, eyes: int) -> Int32[np.ndarray, "H N"]:
    """Return for every dot the column, its own or one to the right, that it takes its colour from."""
    visible = np.repeat(visible_to_both(nearness, eyes), OVERSAMPLING, axis=1)
    separations = separations_px(np.repeat(nearness, OVERSAMPLING, axis=1), eyes * OVERSAMPLING)
    height, width = separations.shape
    left = np.arange(width) - separations // 2
    right = left + separations
    visible &= (left >= 0) & (right < width)
    linked = np.tile(np.arange(width, dtype=np.int32), (height, 1))
    for separation in range(int(separations.max()), int(separations.min()) - 1, -1):  # nearer points replace others
        row, column = np.nonzero(visible & (separations == separation))
        linked[row, left[row, column]] = right[row, column]
    return linked


def autostereogram(nearness: Nearness, pattern: UInt8[np.ndarray, "H w 3"]) -> UInt8[np.ndarray, "H W 3"]:
    """Return the autostereogram of a picture's nearness; the pattern, repeated, colours the dots without a link."""
    height, width = nearness.shape
    linked = links(nearness, eyes_px(width))
    repeats = -(-width // pattern.shape[1])
    fine = np.repeat(np.tile(pattern, (1, repeats, 1))[:, :width], OVERSAMPLING, axis=1)
    rows = np.arange(height)
    for column in range(OVERSAMPLING * width - 1, -1, -1):
        fine[:, column] = fine[rows, linked[:, column]]
    return np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA))


def dots(width: int, height: int) -> UInt8[np.ndarray, "H W 3"]:
    """Return random dots, the same on every run."""
    return np.random.default_rng(SEED).integers(0, 256, (height, width, 3), np.uint8)


def most_detailed_strip(rgb: UInt8[np.ndarray, "H W 3"], width: int) -> UInt8[np.ndarray, "H w 3"]:
    """Return the vertical strip of a picture with the most detail, blended so that it repeats seamlessly."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0)).mean(axis=0)
    sums = np.convolve(detail, np.ones(width), mode="valid")
    start = int(sums.argmax())
    strip = rgb[:, start : start + width]
    blended = width // 4
    share = np.linspace(0, 1, blended, endpoint=False)[:, None]
    joined = strip[:, blended:].astype(np.float32)
    if blended:
        joined[:, -blended:] = joined[:, -blended:] * (1 - share) + strip[:, :blended] * share
    return np.rint(joined).astype(np.uint8)


def nearness_of(depth: DepthMap) -> Nearness:
    """Return the nearness of a photo's points: 0 at the far plane, 1 at the near plane."""
    far, near = np.percentile(depth.inverse_depth, PERCENTILES)
    spread = max(float(near - far), 1e-9)
    return np.clip((depth.inverse_depth - np.float32(far)) / np.float32(spread), 0, 1)


def write_autostereogram(source: tuple[Photo, DepthMap], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify the autostereogram of a photo and its depth; see `Format.write`."""
    photo, depth = source
    check_autostereogram(photo.size_px, item, options)
    kind = kind_of(item)
    start = perf_counter()
    width, height = photo.size_px
    strip_px = max(1, eyes_px(width) // 2)
    if options.autostereogram_pattern == "photo":
        pattern = most_detailed_strip(photo.rgb, min(width, strip_px * 4 // 3))
    else:
        pattern = dots(width, height)
    picture = autostereogram(nearness_of(depth), pattern)
    data = picture_bytes(picture, kind, facts.credits, quality=options.quality, lossless=True)
    encode_s = perf_counter() - start
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(data)
        check_pixels(aside, item.path.name, picture, exact=kind == "png")
    return FileSummary(item.path, photo.size_px, 1, 0.0, 0.0, len(data), encode_s)


def check_autostereogram(view_px: tuple[int, int], item: Item, _options: FileOptions) -> None:
    """Check that an autostereogram of this (width, height) can be written; see `Format.check`."""
    check_side(view_px, kind_of(item), "an autostereogram")
    if view_px[0] < MIN_EYES_PX:
        raise InputError(f"expected an autostereogram at least {MIN_EYES_PX} px wide, got {view_px[0]}")


FORMAT = Format(
    purpose="a single picture for eyes that look through it, without a device",
    needs="depth",
    suffixes=(".png", ".jpg", ".jpeg", ".webp"),
    verification="decoded; all pixels of a PNG compared, the size of other pictures",
    check=check_autostereogram,
    write=write_autostereogram,
)
