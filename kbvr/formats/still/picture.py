"""Plain picture files of packed views."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

from kbvr.errors import InputError
from kbvr.formats.packing.layouts import INTERLEAVED, PACKINGS, Picture
from kbvr.formats.spec.encoding import KINDS, Kind, check_pixels, check_side, picture_bytes
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.still.one_instant import single
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import atomic_write


def write_picture(pictures: Iterable[Picture], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify an sRGB picture; see `Format.write`."""
    return write_pixels(single(pictures, item), item, facts, options, lossless=item.packing in INTERLEAVED)


def write_pixels(picture: Picture, item: Item, facts: Facts, options: FileOptions, *, lossless: bool) -> FileSummary:
    """Write and verify one picture; `lossless` is for WebP without a quality."""
    kind = kind_of(item)
    start = perf_counter()
    data = picture_bytes(picture, kind, facts.credits, quality=options.quality, lossless=lossless)
    encode_s = perf_counter() - start
    exact = kind == "png" or (kind == "webp" and lossless and options.quality is None)
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(data)
        check_pixels(aside, item.path.name, picture, exact=exact)
    size_px = (picture.shape[1], picture.shape[0])
    return FileSummary(item.path, size_px, 1, 0.0, 0.0, len(data), encode_s)


def check_picture(view_px: tuple[int, int], item: Item, _options: FileOptions) -> None:
    """Check that a picture can hold views of this (width, height); see `Format.check`."""
    check_side(PACKINGS[item.packing].size_px(view_px), kind_of(item), f"{item.packing} of {view_px[0]}x{view_px[1]}")


def kind_of(item: Item) -> Kind:
    """Return the kind of a picture file from its suffix.

    Raises:
        InputError: if it is none of KINDS.
    """
    suffix = item.path.suffix.lower()
    if suffix not in KINDS:
        raise InputError(f"expected a picture file that ends in {', '.join(KINDS)}, got {item.path.name}")
    return KINDS[suffix]


FORMAT = Format(
    purpose="a stereo picture for any viewer",
    needs="pictures",
    suffixes=tuple(KINDS),
    verification="decoded; all pixels of lossless pictures compared, the size of others",
    check=check_picture,
    write=write_picture,
)
