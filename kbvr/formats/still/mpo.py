"""MPO: both eyes' JPEGs one after the other, as 3D cameras write them.

CIPA DC-007 (Multi-Picture Format): an APP2 segment `MPF` holds TIFF-like directories. The first picture's lists the
pictures, both of the type 0x020002, multi-frame disparity; each picture's own says how far its eye is from the first
one's, and by what angle their lines of sight to the screen plane meet.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from math import atan, degrees
from time import perf_counter

import numpy as np
from jaxtyping import UInt8

from kbvr.errors import InputError, OutputError
from kbvr.formats.spec.encoding import check_side, picture_bytes
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item, Views
from kbvr.formats.still.jpeg_segments import APP2, segments, with_segments
from kbvr.formats.still.one_instant import pair_of
from kbvr.options.export_options import FileOptions
from kbvr.photo.picture_file import open_picture
from kbvr.system.atomic_file import written_aside

IDENTIFIER = b"MPF\0"
VERSION = b"0100"
DISPARITY = 0x020002
REPRESENTATIVE = 1 << 29
"""Flag of the picture that viewers which know only one show."""

HEADER = b"MM\0*" + (8).to_bytes(4, "big")
LONG, RATIONAL, UNDEFINED, SIGNED_RATIONAL = 4, 5, 7, 10
TAG_VERSION, TAG_COUNT, TAG_LIST = 0xB000, 0xB001, 0xB002
TAG_NUMBER, TAG_BASE, TAG_ANGLE, TAG_LENGTH = 0xB101, 0xB204, 0xB205, 0xB206
MICRO = 1_000_000


@dataclass(frozen=True)
class _Entry:
    """One entry of a directory."""

    tag: int
    kind: int
    count: int
    content: bytes


def convergence_angle_deg(facts: Facts) -> float:
    """Return the angle at which the two eyes' lines of sight to the middle of the screen plane meet."""
    assert facts.baseline_m is not None
    assert facts.convergence_m is not None
    return degrees(2 * atan(facts.baseline_m / 2 / facts.convergence_m))


def mpo_bytes(jpegs: tuple[bytes, bytes], facts: Facts) -> bytes:
    """Return two JPEGs, the left eye's first, as one MPO."""
    assert facts.baseline_m is not None
    second = with_segments(jpegs[1], [(APP2, IDENTIFIER + HEADER + _directory(_own(2, facts), 8, last=True))])
    empty = with_segments(jpegs[0], [(APP2, _index(0, 0, 0, facts))])
    at = empty.index(IDENTIFIER + HEADER) + len(IDENTIFIER)
    index = _index(len(empty), len(second), len(empty) - at, facts)
    return with_segments(jpegs[0], [(APP2, index)]) + second


def _index(first_bytes: int, second_bytes: int, second_at: int, facts: Facts) -> bytes:
    """Return the first picture's segment: the list of both, then its own directory; places count from HEADER on."""
    listed = struct.pack(">IIIHH", REPRESENTATIVE | DISPARITY, first_bytes, 0, 0, 0)
    listed += struct.pack(">IIIHH", DISPARITY, second_bytes, second_at, 0, 0)
    entries = [
        _Entry(TAG_VERSION, UNDEFINED, 4, VERSION),
        _Entry(TAG_COUNT, LONG, 1, struct.pack(">I", 2)),
        _Entry(TAG_LIST, UNDEFINED, len(listed), listed),
    ]
    directory = _directory(entries, len(HEADER), last=False)
    return IDENTIFIER + HEADER + directory + _directory(_own(1, facts)[1:], len(HEADER) + len(directory), last=True)


def _own(number: int, facts: Facts) -> list[_Entry]:
    """Return what a picture says of itself: where its eye is, seen from the first one's."""
    is_first = number == 1
    angle = 0.0 if is_first else convergence_angle_deg(facts)
    length_m = 0.0 if is_first else facts.baseline_m or 0.0
    return [
        _Entry(TAG_VERSION, UNDEFINED, 4, VERSION),
        _Entry(TAG_NUMBER, LONG, 1, struct.pack(">I", number)),
        _Entry(TAG_BASE, LONG, 1, struct.pack(">I", 1)),
        _Entry(TAG_ANGLE, SIGNED_RATIONAL, 1, _rational(angle)),
        _Entry(TAG_LENGTH, RATIONAL, 1, _rational(length_m)),
    ]


def _rational(value: float) -> bytes:
    near = Fraction(value).limit_denominator(MICRO)
    return struct.pack(">II", near.numerator, near.denominator)


def _directory(entries: list[_Entry], start: int, *, last: bool) -> bytes:
    """Return a TIFF directory that begins at `start`; what is longer than 4 bytes lies behind it, then the next one."""
    behind_at = start + 2 + 12 * len(entries) + 4
    head, behind = struct.pack(">H", len(entries)), b""
    for entry in entries:
        head += struct.pack(">HHI", entry.tag, entry.kind, entry.count)
        if len(entry.content) <= 4:
            head += entry.content.ljust(4, b"\0")
        else:
            head += struct.pack(">I", behind_at + len(behind))
            behind += entry.content
    return head + struct.pack(">I", 0 if last else behind_at + len(behind)) + behind


def write_mpo(instants: Iterable[Views], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write the views of two eyes, and read them back; see `Format.write`."""
    left, right = pair_of(instants, item, facts)
    check_mpo((left.shape[1], left.shape[0]), item, options)
    begun = perf_counter()
    first, second = (picture_bytes(view, "jpeg", facts.credits, quality=options.quality) for view in (left, right))
    data = mpo_bytes((first, second), facts)
    encode_s = perf_counter() - begun
    with written_aside(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(data)
        try:
            found = _pictures(aside.read_bytes())
        except (OSError, SyntaxError, ValueError) as error:
            raise OutputError(f"{item.path.name} could not be read back: {error}") from error
        if len(found) != 2 or not all(map(np.array_equal, found, _pictures(first) + _pictures(second))):
            raise OutputError(f"{item.path.name} did not read back as written: it holds {len(found)} pictures")
        if [m for m, _, content in segments(aside.read_bytes()) if m == APP2 and content[:4] == IDENTIFIER] != [APP2]:
            raise OutputError(f"{item.path.name} did not read back as written: it has no list of its pictures")
    return FileSummary(item.path, (left.shape[1], left.shape[0]), 1, 0.0, 0.0, len(data), encode_s)


def _pictures(jpeg: bytes) -> list[UInt8[np.ndarray, "H W 3"]]:
    """Return the pictures that the list in a JPEG or MPO names, decoded."""
    image = open_picture(BytesIO(jpeg), "JPEG")
    found = []
    for index in range(getattr(image, "n_frames", 1)):
        image.seek(index)
        found.append(np.asarray(image.convert("RGB")))
    return found


def check_mpo(view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Check that views of this (width, height) can be JPEGs; see `Format.check`."""
    del options
    if item.path.suffix.lower() != ".mpo":
        raise InputError(f"MPO goes into a file that ends in .mpo, got {item.path.name}")
    check_side(view_px, "jpeg", "a view")


FORMAT = Format(
    says="a stereo photo as 3D cameras write it, for 3D televisions and 3D viewers",
    needs="views",
    suffixes=(".mpo",),
    proof="both pictures decoded through the file's list and compared",
    check=check_mpo,
    write=write_mpo,
)
