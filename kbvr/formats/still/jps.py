"""JPS: a stereo JPEG with the right eye's view on the left, and a descriptor of this layout.

The descriptor is that of VRex's "Stereoscopic JPEG File Format" (2.2): APP3, `_JPSJPS_`, the length of the block, then
separation, flags, layout and media type, a byte each, and a comment with its length.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

from kbvr.errors import InputError
from kbvr.formats.packing.layouts import PACKINGS, Picture
from kbvr.formats.spec.encoding import check_pixels, check_side, picture_bytes
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.spec.software import software
from kbvr.formats.spec.verification import verification_error
from kbvr.formats.still.jpeg_segments import APP3, segments, with_segments
from kbvr.formats.still.one_instant import single
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import atomic_write

IDENTIFIER = b"_JPSJPS_"
STEREO, SIDE_BY_SIDE, RIGHT_FIRST_FULL_SIZE, NO_SEPARATION = 1, 2, 0, 0


def descriptor() -> bytes:
    """Return the content of the segment that describes the layout."""
    comment = f"Written by {software()}".encode()
    block = bytes((NO_SEPARATION, RIGHT_FIRST_FULL_SIZE, SIDE_BY_SIDE, STEREO))
    return IDENTIFIER + len(block).to_bytes(2, "big") + block + len(comment).to_bytes(2, "big") + comment


def write_jps(pictures: Iterable[Picture], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify a cross-eyed picture with its descriptor; see `Format.write`."""
    _check_name(item)
    picture = single(pictures, item)
    start = perf_counter()
    plain = picture_bytes(picture, "jpeg", facts.credits, quality=options.quality)
    data = with_segments(plain, [(APP3, descriptor())])
    encode_s = perf_counter() - start
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(data)
        check_pixels(aside, item.path.name, picture, exact=False)
        if [content for marker, _, content in segments(aside.read_bytes()) if marker == APP3] != [descriptor()]:
            raise verification_error(item.path.name, "its descriptor differs")
    return FileSummary(item.path, (picture.shape[1], picture.shape[0]), 1, 0.0, 0.0, len(data), encode_s)


def check_jps(view_px: tuple[int, int], item: Item, _options: FileOptions) -> None:
    """Check that a JPEG can hold both views of this (width, height); see `Format.check`."""
    _check_name(item)
    check_side(PACKINGS["cross"].size_px(view_px), "jpeg", f"JPS of {view_px[0]}x{view_px[1]}")


def _check_name(item: Item) -> None:
    if item.path.suffix.lower() != ".jps" or item.packing != "cross":
        raise InputError(f"expected a .jps packed as cross, got {item.path.name} packed as {item.packing}")


FORMAT = Format(
    purpose="a stereo JPEG, for 3D viewers such as Stereo Photo Maker and sView",
    needs="pictures",
    suffixes=(".jps",),
    verification="decoded; size and descriptor compared",
    check=check_jps,
    write=write_jps,
)
