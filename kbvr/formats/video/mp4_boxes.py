"""Boxes of MP4, AVIF and HEIC files: reading them, and adding stereo and VR180 metadata to a finished video.

ISO/IEC 14496-12 defines boxes and their containers; `st3d` and `sv3d` are Google's Spherical Video V2
(github.com/google/spatial-media); `vexu` and `hfov` are Apple's, "ISO Base Media File Format and Apple HEVC Stereo
Video" and "QuickTime and ISO Base Media File Formats and Spatial and Immersive Media".
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
"""Boxes between the file and a track's sample entries that consist of boxes."""

ENTRY_HEADER = 78
"""Bytes of a VisualSampleEntry before its boxes."""

HALF_CIRCLE_BOUND = 0x3FFFFFFF
"""The quarter of the circle that is cut off at the left and at the right, as a 0.32 fixed-point number."""

HEADERS = (b"mvhd", b"tkhd", b"mdhd")
"""Boxes that begin with the times of creation and modification (8.2.2, 8.3.2 and 8.4.2)."""

CHUNK = 1 << 20

MAX_INDEX = 1 << 25
"""Maximum length of an index that `sample_entry_boxes` reads; that of a film of ten hours is shorter."""


Change = Callable[[bytes, bytes], bytes]
"""Return a box of this kind and content, or what replaces it."""


def box(kind: bytes, *content: bytes) -> bytes:
    """Return a box."""
    joined = b"".join(content)
    return struct.pack(">I4s", 8 + len(joined), kind) + joined


def full_box(kind: bytes, *content: bytes, flags: int = 0) -> bytes:
    """Return a box of version 0 with flags."""
    return box(kind, flags.to_bytes(4, "big"), *content)


def boxes_in(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (kind, content) of every box.

    Raises:
        ValueError: if the size of a box is wrong.
    """
    at = 0
    while at < len(content):
        if at + 8 > len(content):
            raise ValueError("a box is cut off in its header")
        size, kind = struct.unpack_from(">I4s", content, at)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", content, at + 8)
            header = 16
        end = at + size if size else len(content)
        if not at + header <= end <= len(content):
            raise ValueError(f"expected {size} bytes in the box {kind!r}, got {len(content) - at}")
        yield kind, content[at + header : end]
        at = end


def content_of(boxes: bytes, target: bytes) -> bytes:
    """Return the content of the first box of a kind.

    Raises:
        ValueError: if there is none, or the size of a box is wrong.
    """
    for kind, content in boxes_in(boxes):
        if kind == target:
            return content
    raise ValueError(f"it has no {target.decode()}")


def half_sphere_box() -> bytes:
    """Return the box for an equirectangular half sphere, straight ahead."""
    bounds = struct.pack(">4I", 0, 0, HALF_CIRCLE_BOUND, HALF_CIRCLE_BOUND)
    projection = box(b"proj", full_box(b"prhd", bytes(12)), full_box(b"equi", bounds))
    return box(b"sv3d", full_box(b"svhd", b"kbvr\0"), projection)


def apple_boxes(
    packing: bytes, projection: bytes | None, *, right_first: bool, baseline_m: float, fov_deg: float
) -> tuple[bytes, bytes]:
    """Return Apple's boxes `vexu` and `hfov` for video with both views in each picture.

    `packing` is `side` or `over`; `projection` is `hequ` for half spheres, None for flat pictures; `fov_deg` is a
    view's horizontal field of view.
    """
    eyes = box(
        b"eyes",
        full_box(b"stri", bytes([0b0011 | right_first << 3])),
        full_box(b"hero", b"\x01"),
        box(b"cams", full_box(b"blin", struct.pack(">I", round(baseline_m * 1e6)))),
        box(b"cmfy", full_box(b"dadj", struct.pack(">i", 0))),
    )
    projected = b"" if projection is None else box(b"proj", full_box(b"prji", projection))
    packed = box(b"pack", full_box(b"pkin", packing))
    return box(b"vexu", eyes, projected, packed), box(b"hfov", struct.pack(">I", round(fov_deg * 1000)))


def add_to_sample_entry(path: Path, boxes: bytes) -> None:
    """Add boxes to the sample entry of a file's only track, after the decoder's configuration.

    Raises:
        ValueError: if the file is not an MP4 with one sample entry.
    """

    def changed(kind: bytes, content: bytes) -> bytes:
        if kind == b"stsd":
            return box(kind, content[:8], *(_entry(inner, inside, boxes) for inner, inside in boxes_in(content[8:])))
        return box(kind, content)

    _add_to_index(path, len(boxes), changed)


def add_to_user_data(path: Path, boxes: bytes) -> None:
    """Add boxes to the user data of a file that has some, as FFmpeg's MP4s have.

    Raises:
        ValueError: if the file is not an MP4 with user data.
    """

    def changed(kind: bytes, content: bytes) -> bytes:
        return box(kind, content, boxes) if kind == b"udta" else box(kind, content)

    _add_to_index(path, len(boxes), changed)


def _add_to_index(path: Path, added_bytes: int, changed: Change) -> None:
    """Change a file's index, which grows, by a function of every box that is not in CONTAINERS.

    Data after the index moves, and the index is updated. Memory holds only the index and CHUNK bytes.

    Raises:
        ValueError: if the file is not an MP4, or the function adds another number of bytes.
    """
    with path.open("r+b") as file:
        start, end, content = _index(file)
        mdat_start, _ = _extent(file, b"mdat")
        moov = _changed(b"moov", content, changed, added_bytes if mdat_start > start else 0)
        if len(moov) != end - start + added_bytes:
            raise ValueError("the index has no place, or more than one, for what is added to it")
        _overwrite(file, start, end, moov)


def clear_times(path: Path) -> None:
    """Set the times of creation and modification to 0, which means unknown, so that the file is deterministic.

    Raises:
        ValueError: if the file does not consist of boxes, as MP4 and AVIF do.
    """
    with path.open("r+b") as file:
        start, _, content = _index(file)
        file.seek(start)
        file.write(_without_times(b"moov", content))


def sample_entry_boxes(path: Path) -> dict[bytes, bytes]:
    """Return kind -> content of the boxes in the sample entry of a file's first video track.

    Raises:
        ValueError: if there is none, or the file's index is longer than MAX_INDEX.
        struct.error: if a box is cut off.
    """
    with path.open("rb") as file:
        start, end = _extent(file, b"moov")
        if end - start > MAX_INDEX:
            raise ValueError(f"its index is longer than {MAX_INDEX} bytes")
        _, _, index = _index(file)
    for kind, track in boxes_in(index):
        if kind == b"trak":
            media = content_of(track, b"mdia")
            if content_of(media, b"hdlr")[8:12] == b"vide":
                entries = content_of(content_of(content_of(media, b"minf"), b"stbl"), b"stsd")
                for _, entry in boxes_in(entries[8:]):
                    return dict(boxes_in(entry[ENTRY_HEADER:]))
    raise ValueError("it has no video track")


def half_sphere_bounds(sv3d: bytes) -> bool:
    """Return whether the content of a box `sv3d` describes an equirectangular half sphere, within 1% of the circle.

    Raises:
        ValueError, struct.error: if the box is damaged, or describes another projection than a part of a sphere.
    """
    _, _, left, right = struct.unpack_from(">4I", content_of(content_of(sv3d, b"proj"), b"equi"), 4)
    return abs(left + right - 2**31) < 2**32 / 100


def _index(file: BinaryIO) -> tuple[int, int, bytes]:
    """Return the start and the end of a file's index, and its content."""
    start, end = _extent(file, b"moov")
    file.seek(start)
    ((_, content),) = boxes_in(file.read(end - start))
    return start, end, content


def _extent(file: BinaryIO, target: bytes) -> tuple[int, int]:
    """Return the start and the end of a box."""
    length = file.seek(0, 2)
    at = 0
    while at + 8 <= length:
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
        end = at + size if size else length
        if end < at + 8 or end > length:
            break
        if kind == target:
            return at, end
        at = end
    raise ValueError(f"the file has no complete box {target!r}")


def _changed(kind: bytes, content: bytes, changed: Change, shift: int) -> bytes:
    """Return a box with the boxes inside changed, and the offsets of its samples shifted."""
    if kind in CONTAINERS:
        return box(kind, *(_changed(inner, inside, changed, shift) for inner, inside in boxes_in(content)))
    if kind in (b"stco", b"co64"):
        letter = "I" if kind == b"stco" else "Q"
        count = int.from_bytes(content[4:8], "big")
        offsets = struct.unpack_from(f">{count}{letter}", content, 8)
        try:
            shifted = struct.pack(f">{count}{letter}", *(offset + shift for offset in offsets))
        except struct.error as error:
            raise ValueError("the offsets of samples would exceed the 4 GiB of this index") from error
        return box(kind, content[:8], shifted)
    return changed(kind, content)


def _without_times(kind: bytes, content: bytes) -> bytes:
    if kind in CONTAINERS:
        return box(kind, *(_without_times(*inner) for inner in boxes_in(content)))
    if kind in HEADERS:
        size = 16 if content[0] else 8  # it depends on the box's version
        content = content[:4] + bytes(size) + content[4 + size :]
    return box(kind, content)


def _entry(kind: bytes, content: bytes, boxes: bytes) -> bytes:
    configuration, *others = (box(*inner) for inner in boxes_in(content[ENTRY_HEADER:]))
    return box(kind, content[:ENTRY_HEADER], configuration, boxes, *others)


def _overwrite(file: BinaryIO, start: int, end: int, content: bytes) -> None:
    """Replace a part of a file by longer content (by at most CHUNK bytes), and move the rest of the file."""
    length = file.seek(0, 2)
    write_at, read_at, pending = start, end, content
    while pending:
        file.seek(read_at)
        ahead = file.read(min(CHUNK, length - read_at))  # up to the old end only: beyond it is what was just written
        file.seek(write_at)
        file.write(pending)
        read_at, write_at, pending = read_at + len(ahead), write_at + len(pending), ahead
