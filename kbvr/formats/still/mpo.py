"""MPO: the JPEGs of both views in one file, as 3D cameras write them.

CIPA DC-007 (Multi-Picture Format): an APP2 segment `MPF` contains TIFF-like directories. The first picture has the
index of both pictures, of type 0x020002 (multi-frame disparity). The attributes of each picture are its distance from
the first camera, and the angle at which both cameras' lines of sight meet in the screen plane.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from fractions import Fraction
from io import BytesIO
from math import atan, degrees
from time import perf_counter

import numpy as np
from jaxtyping import UInt8
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from kbvr.errors import InputError
from kbvr.formats.spec.encoding import check_side, picture_bytes
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item, Views
from kbvr.formats.spec.verification import verification_error
from kbvr.formats.still.jpeg_segments import APP2, segments, with_segments
from kbvr.formats.still.one_instant import view_pair
from kbvr.options.export_options import FileOptions
from kbvr.photo.picture_file import open_picture
from kbvr.system.atomic_file import atomic_write

IDENTIFIER = b"MPF\0"
VERSION = b"0100"
DISPARITY = 0x020002
REPRESENTATIVE = 1 << 29
"""Flag of the picture that viewers of single pictures show."""

HEADER = b"MM\0*" + (8).to_bytes(4, "big")
TAG_VERSION, TAG_COUNT, TAG_LIST = 0xB000, 0xB001, 0xB002
TAG_NUMBER, TAG_BASE, TAG_ANGLE, TAG_LENGTH = 0xB101, 0xB204, 0xB205, 0xB206
MICRO = 1_000_000

Entries = dict[int, bytes | int | Fraction]
"""Tag -> value of a directory."""


def mpo_bytes(jpegs: tuple[bytes, bytes], facts: Facts) -> bytes:
    """Return the JPEGs of the left and the right view as one MPO."""
    attributes: Entries = {TAG_VERSION: VERSION, **_attributes(2, facts)}
    directory = _directory(attributes, len(HEADER), last=True)
    second = with_segments(jpegs[1], [(APP2, IDENTIFIER + HEADER + directory)])
    empty = with_segments(jpegs[0], [(APP2, _index(0, 0, 0, facts))])
    at = empty.index(IDENTIFIER + HEADER) + len(IDENTIFIER)
    index = _index(len(empty), len(second), len(empty) - at, facts)
    return with_segments(jpegs[0], [(APP2, index)]) + second


def _index(first_bytes: int, second_bytes: int, second_at: int, facts: Facts) -> bytes:
    """Return the first picture's segment: the index of both pictures, then its attributes; offsets are from HEADER."""
    pictures = struct.pack(">IIIHH", REPRESENTATIVE | DISPARITY, first_bytes, 0, 0, 0)
    pictures += struct.pack(">IIIHH", DISPARITY, second_bytes, second_at, 0, 0)
    entries: Entries = {TAG_VERSION: VERSION, TAG_COUNT: 2, TAG_LIST: pictures}
    index = IDENTIFIER + HEADER + _directory(entries, len(HEADER), last=False)
    return index + _directory(_attributes(1, facts), len(index) - len(IDENTIFIER), last=True)


def _attributes(number: int, facts: Facts) -> Entries:
    """Return a picture's attributes: the position of its camera relative to the first one."""
    assert facts.baseline_m is not None
    assert facts.convergence_m is not None
    length_m = 0.0 if number == 1 else facts.baseline_m
    angle_deg = degrees(2 * atan(length_m / 2 / facts.convergence_m))
    angle_and_length = (Fraction(value).limit_denominator(MICRO) for value in (angle_deg, length_m))
    return dict(zip((TAG_NUMBER, TAG_BASE, TAG_ANGLE, TAG_LENGTH), (number, 1, *angle_and_length), strict=True))


def _directory(entries: Entries, start: int, *, last: bool) -> bytes:
    """Return a TIFF directory at the offset `start`; unless it is the last, it refers to another right after it."""
    directory = ImageFileDirectory_v2(HEADER)
    directory.update(entries)
    content, link_at = directory.tobytes(start), 2 + 12 * len(entries)
    return content if last else content[:link_at] + struct.pack(">I", start + len(content)) + content[link_at + 4 :]


def write_mpo(instants: Iterable[Views], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify a pair of views; see `Format.write`."""
    left, right = view_pair(instants, item, facts)
    check_mpo((left.shape[1], left.shape[0]), item, options)
    start = perf_counter()
    first, second = (picture_bytes(view, "jpeg", facts.credits, quality=options.quality) for view in (left, right))
    data = mpo_bytes((first, second), facts)
    encode_s = perf_counter() - start
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(data)
        try:
            found = _pictures(aside.read_bytes())
        except (OSError, SyntaxError, ValueError) as error:
            raise verification_error(item.path.name, error) from error
        if len(found) != 2 or not all(map(np.array_equal, found, _pictures(first) + _pictures(second))):
            raise verification_error(item.path.name, "its pictures differ")
        if [m for m, _, content in segments(aside.read_bytes()) if m == APP2 and content[:4] == IDENTIFIER] != [APP2]:
            raise verification_error(item.path.name, "it has no index of its pictures")
    return FileSummary(item.path, (left.shape[1], left.shape[0]), 1, 0.0, 0.0, len(data), encode_s)


def _pictures(jpeg: bytes) -> list[UInt8[np.ndarray, "H W 3"]]:
    """Return the decoded pictures in the index of a JPEG or MPO."""
    image = open_picture(BytesIO(jpeg), "JPEG")
    found = []
    for index in range(getattr(image, "n_frames", 1)):
        image.seek(index)
        found.append(np.asarray(image.convert("RGB")))
    return found


def check_mpo(view_px: tuple[int, int], item: Item, _options: FileOptions) -> None:
    """Check that a JPEG can hold a view of this (width, height); see `Format.check`."""
    if item.path.suffix.lower() != ".mpo":
        raise InputError(f"expected a file that ends in .mpo, got {item.path.name}")
    check_side(view_px, "jpeg", "a view")


FORMAT = Format(
    purpose="a stereo photo as 3D cameras write it, for 3D televisions and viewers",
    needs="views",
    suffixes=(".mpo",),
    verification="both pictures decoded through the file's index and compared",
    check=check_mpo,
    write=write_mpo,
)
