"""RGB-D pictures: the photo on the left and its depth on the right, for Looking Glass displays and other programs.

The depth is grey, 0 at the farthest pixel to 255 at the nearest, linear in 1 / metres. Looking Glass reads colours on
the left and depth on the right (learn.lookingglassfactory.com/tutorials/rgb-d), with white near.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np
from jaxtyping import UInt8

from kbvr.depth.depth_map import DepthMap
from kbvr.formats.spec.encoding import check_pixels, check_side, picture_bytes
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.still.picture import kind_of
from kbvr.options.export_options import FileOptions
from kbvr.photo.photo import Photo
from kbvr.system.atomic_file import atomic_write


def rgbd(photo: Photo, depth: DepthMap) -> UInt8[np.ndarray, "H W 3"]:
    """Return a photo with its depth beside it."""
    low, high = float(depth.inverse_depth.min()), float(depth.inverse_depth.max())
    nearness = (depth.inverse_depth - np.float32(low)) / np.float32(max(high - low, 1e-30))
    grey = np.rint(nearness * 255).astype(np.uint8)
    return np.hstack([photo.rgb, np.repeat(grey[..., None], 3, axis=2)])


def write_rgbd(source: tuple[Photo, DepthMap], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify the RGB-D picture of a photo and its depth; see `Format.write`."""
    photo, depth = source
    check_rgbd(photo.size_px, item, options)
    kind = kind_of(item)
    start = perf_counter()
    picture = rgbd(photo, depth)
    data = picture_bytes(picture, kind, facts.credits, quality=options.quality, lossless=True)
    encode_s = perf_counter() - start
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(data)
        check_pixels(aside, item.path.name, picture, exact=kind == "png")
    return FileSummary(item.path, (picture.shape[1], picture.shape[0]), 1, 0.0, 0.0, len(data), encode_s)


def check_rgbd(view_px: tuple[int, int], item: Item, _options: FileOptions) -> None:
    """Check that an RGB-D picture of a photo of this (width, height) can be written; see `Format.check`."""
    check_side((2 * view_px[0], view_px[1]), kind_of(item), f"RGB-D of {view_px[0]}x{view_px[1]}")


FORMAT = Format(
    purpose="the photo and its depth side by side, for Looking Glass displays and other programs",
    needs="depth",
    suffixes=(".png", ".jpg", ".jpeg", ".webp"),
    verification="decoded; all pixels of a PNG compared, the size of other pictures",
    check=check_rgbd,
    write=write_rgbd,
)
