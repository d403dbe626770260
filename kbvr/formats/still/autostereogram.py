"""Autostereograms: one picture in which eyes that look straight through it see depth.

Thimbleby, Inglis and Witten, "Displaying 3D images: algorithms for single-image random-dot stereograms", IEEE Computer
27(10), 1994. The scene lies between a far plane, as far behind the picture as the eyes are before it, and a near plane
that is closer by the share MU. The two eyes see a point of nearness z (0 far plane, 1 near plane) through two dots of
one row, (1 - MU z) E / (2 - MU z) apart, so these dots must have one colour. What one of the eyes cannot see, because
something nearer stands in the way, binds nothing.
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
from kbvr.system.atomic_file import written_aside

MU = 1 / 3
EYES_SHARE = 0.25
"""How far apart the eyes are, as a share of the picture's width: the far plane repeats every eighth of it."""

MIN_EYES_PX = 8
FINER = 4
"""Dots are bound in columns so many times as fine as the picture's, for depth in so many more steps."""

SEED = 1994
SHOWN_PERCENT = (1.0, 99.0)
"""Inverse depth between these percentiles lies between the far and the near plane."""

Nearness = Float32[np.ndarray, "H W"]


def eyes_px(width: int) -> int:
    """Return how far apart the eyes are, in pixels of a picture of this width."""
    return max(MIN_EYES_PX, round(EYES_SHARE * width))


def separations_px(nearness: Nearness, eyes: int) -> Int32[np.ndarray, "H W"]:
    """Return how far apart the two dots of every point are."""
    return np.rint((1 - MU * nearness) * eyes / (2 - MU * nearness)).astype(np.int32)


def seen_by_both(nearness: Nearness, eyes: int) -> Bool[np.ndarray, "H W"]:
    """Return which points both eyes see: nothing nearer stands on the way to either.

    So many pixels beside a point, the way to an eye has come nearer by 2 (2 - MU z) / (MU E) a pixel.
    """
    seen = np.ones(nearness.shape, bool)
    per_px = 2 * (2 - MU * nearness) / (MU * eyes)
    for beside in range(1, min(nearness.shape[1] - 1, int(1 / per_px.min()) + 1) + 1):
        way = nearness + per_px * beside
        seen[:, beside:] &= (nearness[:, :-beside] < way[:, beside:]) | (way[:, beside:] >= 1)
        seen[:, :-beside] &= (nearness[:, beside:] < way[:, :-beside]) | (way[:, :-beside] >= 1)
    return seen


def links(nearness: Nearness, eyes: int) -> Int32[np.ndarray, "H N"]:
    """Return for every dot the column to its right (or its own) whose colour it must have, FINER dots to a pixel."""
    seen = np.repeat(seen_by_both(nearness, eyes), FINER, axis=1)
    apart = separations_px(np.repeat(nearness, FINER, axis=1), eyes * FINER)
    height, width = apart.shape
    left = np.arange(width) - apart // 2
    right = left + apart
    seen &= (left >= 0) & (right < width)
    linked = np.tile(np.arange(width, dtype=np.int32), (height, 1))
    for separation in range(int(apart.max()), int(apart.min()) - 1, -1):  # the nearest last: it is in front
        row, column = np.nonzero(seen & (apart == separation))
        linked[row, left[row, column]] = right[row, column]
    return linked


def autostereogram(nearness: Nearness, pattern: UInt8[np.ndarray, "H w 3"]) -> UInt8[np.ndarray, "H W 3"]:
    """Return the autostereogram of a picture's nearness, 0 to 1; dots that nothing binds are the pattern's.

    The pattern repeats from left to right.
    """
    height, width = nearness.shape
    linked = links(nearness, eyes_px(width))
    repeats = -(-width // pattern.shape[1])
    fine = np.repeat(np.tile(pattern, (1, repeats, 1))[:, :width], FINER, axis=1)
    rows = np.arange(height)
    for column in range(FINER * width - 1, -1, -1):
        fine[:, column] = fine[rows, linked[:, column]]
    return np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA))


def dots(width: int, height: int) -> UInt8[np.ndarray, "H W 3"]:
    """Return random dots, the same on every run."""
    return np.random.default_rng(SEED).integers(0, 256, (height, width, 3), np.uint8)


def liveliest_strip(rgb: UInt8[np.ndarray, "H W 3"], width: int) -> UInt8[np.ndarray, "H w 3"]:
    """Return the strip of a picture, from top to bottom, in which most goes on; its borders meet without a jump."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    lively = np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0)).mean(axis=0)
    sums = np.convolve(lively, np.ones(width), mode="valid")
    start = int(sums.argmax())
    strip = rgb[:, start : start + width]
    blended = width // 4
    share = np.linspace(0, 1, blended, endpoint=False)[:, None]
    joined = strip[:, blended:].astype(np.float32)
    if blended:
        joined[:, -blended:] = joined[:, -blended:] * (1 - share) + strip[:, :blended] * share
    return np.rint(joined).astype(np.uint8)


def nearness_of(depth: DepthMap) -> Nearness:
    """Return where the points of a photo lie between the far and the near plane."""
    far, near = np.percentile(depth.inverse_depth, SHOWN_PERCENT)
    spread = max(float(near - far), 1e-9)
    return np.clip((depth.inverse_depth - np.float32(far)) / np.float32(spread), 0, 1)


def write_autostereogram(source: tuple[Photo, DepthMap], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write the autostereogram of a photo of this depth, and read it back; see `Format.write`."""
    photo, depth = source
    check_autostereogram(photo.size_px, item, options)
    kind = kind_of(item)
    begun = perf_counter()
    width, height = photo.size_px
    strip_px = max(1, eyes_px(width) // 2)
    if options.autostereogram_pattern == "photo":
        pattern = liveliest_strip(photo.rgb, min(width, strip_px * 4 // 3))
    else:
        pattern = dots(width, height)
    picture = autostereogram(nearness_of(depth), pattern)
    data = picture_bytes(picture, kind, facts.credits, quality=options.quality, lossless=True)
    encode_s = perf_counter() - begun
    with written_aside(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(data)
        check_pixels(aside, item.path.name, picture, exact=kind == "png")
    return FileSummary(item.path, photo.size_px, 1, 0.0, 0.0, len(data), encode_s)


def check_autostereogram(view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Check that a picture of this (width, height) can be written; see `Format.check`."""
    del options
    check_side(view_px, kind_of(item), "an autostereogram")
    if view_px[0] < MIN_EYES_PX:
        raise InputError(f"an autostereogram must be {MIN_EYES_PX} px wide at least, got {view_px[0]}")


FORMAT = Format(
    says="a single picture for eyes that look through it, without any device",
    needs="depth",
    suffixes=(".png", ".jpg", ".jpeg", ".webp"),
    proof="decoded and compared: all pixels of a PNG, the size of others",
    check=check_autostereogram,
    write=write_autostereogram,
)
