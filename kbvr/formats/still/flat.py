"""The photo itself, not in 3D: what an old photo looks like once it is repaired and has colours."""

from __future__ import annotations

from time import perf_counter

from kbvr.depth.depth_map import DepthMap
from kbvr.formats.spec.encoding import check_pixels, check_side, picture_bytes
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.still.picture import kind_of
from kbvr.options.export_options import FileOptions
from kbvr.photo.photo import Photo
from kbvr.system.atomic_file import atomic_write


def write_flat(source: tuple[Photo, DepthMap], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify a photo; see `Format.write`."""
    photo, _ = source
    check_flat(photo.size_px, item, options)
    kind = kind_of(item)
    start = perf_counter()
    data = picture_bytes(photo.rgb, kind, facts.credits, quality=options.quality)
    encode_s = perf_counter() - start
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(data)
        check_pixels(aside, item.path.name, photo.rgb, exact=kind == "png")
    return FileSummary(item.path, photo.size_px, 1, 0.0, 0.0, len(data), encode_s)


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
