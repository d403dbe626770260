"""A 360 stereo picture: a whole sphere for each eye, the left one above the right one, in one JPEG.

The layout is that of Google's "Rendering Omni-directional Stereo Content". Players take it from `_360_TB` in the name
(`kbvr.plan.name_endings`) and from the shape, 1:1. There are no GPano properties: they describe one sphere
(developers.google.com/streetview/spherical-metadata) and have no word for two eyes, so a viewer that goes by them would
show both eyes' pictures on one sphere.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

from kbvr.errors import InputError
from kbvr.formats.packing.layouts import PACKINGS, Picture
from kbvr.formats.spec.encoding import check_pixels, check_side, picture_bytes
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.still.one_instant import single
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import atomic_write


def write_vr360(pictures: Iterable[Picture], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify two spheres, one above the other; see `Format.write`."""
    _check_name(item)
    picture = single(pictures, item)
    start = perf_counter()
    size_px = (picture.shape[1], picture.shape[0])
    data = picture_bytes(picture, "jpeg", facts.credits, quality=options.quality)
    encode_s = perf_counter() - start
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(data)
        check_pixels(aside, item.path.name, picture, exact=False)
    return FileSummary(item.path, size_px, 1, 0.0, 0.0, len(data), encode_s)


def check_vr360(view_px: tuple[int, int], item: Item, _options: FileOptions) -> None:
    """Check that a JPEG can hold both spheres of this (width, height); see `Format.check`."""
    _check_name(item)
    check_side(PACKINGS["tb"].size_px(view_px), "jpeg", f"360 stereo of {view_px[0]}x{view_px[1]}")


def _check_name(item: Item) -> None:
    if item.path.suffix.lower() not in (".jpg", ".jpeg") or item.packing != "tb":
        raise InputError(f"expected a 360 stereo .jpg packed as tb, got {item.path.name} packed as {item.packing}")


FORMAT = Format(
    purpose="a whole sphere for each eye, of a 360 photo, for headsets",
    needs="pictures",
    suffixes=(".jpg",),
    verification="decoded and compared",
    check=check_vr360,
    write=write_vr360,
)
