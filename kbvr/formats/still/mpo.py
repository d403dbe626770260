"""MPO: the JPEGs of both views in one file, as 3D cameras write them.

CIPA DC-007 (Multi-Picture Format): an APP2 segment `MPF` contains TIFF-like directories. The first picture has the
index of both pictures, of type 0x020002 (multi-frame disparity). The attributes of each picture are its distance from
the first camera, and the angle at which both cameras' lines of sight meet in the screen plane.
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
LONG, RATIONAL, UNDEFINED, SIGNED_RATIONAL = 4, 5, 7, 10
TAG_VERSION, TAG_COUNT, TAG_LIST = 0xB000, 0xB001, 0xB002
TAG_NUMBER, TAG_BASE, TAG_ANGLE, TAG_LENGTH = 0xB101, 0xB204, 0xB205, 0xB206
MICRO = 1_000_000


@dataclass(frozen=True)
class _Entry:
    """An entry of a directory."""

    tag: int
    kind: int
    count: int
    content: bytes


def convergence_angle_deg(facts: Facts) -> float:
    """Return the angle at which both cameras' lines of sight to the middle of the screen plane meet."""
    assert facts.baseline_m is not None
    assert facts.convergence_m is not None
    return degrees(2 * atan(facts.baseline_m / 2 / facts.convergence_m))


def mpo_bytes(jpegs: tuple[bytes, bytes], facts: Facts) -> bytes:
    """Return the JPEGs of the left and the right view as one MPO."""
    assert facts.baseline_m is not None
    second = with_segments(jpegs[1], [(APP2, IDENTIFIER + HEADER + _directory(_attributes(2, facts), 8, last=True))])
    empty = with_segments(jpegs[0], [(APP2, _index(0, 0, 0, facts))])
    at = empty.index(IDENTIFIER + HEADER) + len(IDENTIFIER)
    index = _index(len(empty), len(second), len(empty) - at, facts)
    return with_segments(jpegs[0], [(APP2, index)]) + second


def _index(first_bytes: int, second_bytes: int, second_at: int, facts: Facts) -> bytes:
    """Return the first picture's segment: the index of both pictures, then its attributes; offsets are from HEADER."""
    pictures = struct.pack(">IIIHH", REPRESENTATIVE | DISPARITY, first_bytes, 0, 0, 0)
    pictures += struct.pack(">IIIHH", DISPARITY, second_bytes, second_at, 0, 0)
    entries = [
        _Entry(TAG_VERSION, UNDEFINED, 4, VERSION),
        _Entry(TAG_COUNT, LONG, 1, struct.pack(">I", 2)),
        _Entry(TAG_LIST, UNDEFINED, len(pictures), pictures),
    ]
    index = IDENTIFIER + HEADER + _directory(entries, len(HEADER), last=False)
    return index + _directory(_attributes(1, facts)[1:], len(index) - len(IDENTIFIER), last=True)


def _attributes(number: int, facts: Facts) -> list[_Entry]:
    """Return a picture's attributes: the position of its camera relative to the first one."""
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
    fraction = Fraction(value).limit_denominator(MICRO)
    return struct.pack(">II", fraction.numerator, fraction.denominator)


def _directory(entries: list[_Entry], start: int, *, last: bool) -> bytes:
    """Return a TIFF directory at the offset `start`, followed by its values of more than 4 bytes."""
    values_at = start + 2 + 12 * len(entries) + 4
    head, values = struct.pack(">H", len(entries)), b""
    for entry in entries:
        head += struct.pack(">HHI", entry.tag, entry.kind, entry.count)
        if len(entry.content) <= 4:
            head += entry.content.ljust(4, b"\0")
        else:
            head += struct.pack(">I", values_at + len(values))
            values += entry.content
    return head + struct.pack(">I", 0 if last else values_at + len(values)) + values


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
