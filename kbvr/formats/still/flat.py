"""The photo itself, not in 3D: what an old photo looks like once it is repaired and has colours."""

from __future__ import annotations

from kbvr.depth.depth_map import DepthMap
from kbvr.formats.spec.encoding import check_side
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.still.picture import kind_of, write_pixels
from kbvr.options.export_options import FileOptions
from kbvr.photo.photo import Photo


def write_flat(source: tuple[Photo, DepthMap], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify a photo; see `Format.write`."""
    photo, _ = source
    check_flat(photo.size_px, item, options)
    return write_pixels(photo.rgb, item, facts, options, lossless=False)


def check_flat(view_px: tuple[int, int], item: Item, _options: FileOptions) -> None:
    """Check that a photo of this (width, height) can be written; see `Format.check`."""
    check_side(view_px, kind_of(item), f"a photo of {view_px[0]}x{view_px[1]}")


FORMAT = Format(
    purpose="the photo itself, repaired and with colours, not in 3D",
    needs="depth",
    suffixes=(".png", ".jpg", ".jpeg", ".webp"),
    verification="decoded; all pixels of a PNG compared, the size of other pictures",
    check=check_flat,
    write=write_flat,
)
