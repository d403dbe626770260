"""Metadata that tells stereo pictures and pictures made by kbvr from photos. Only the heads of files are read."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

HEAD_BYTES, MAX_SEGMENTS = 2**15, 32
"""Length of the part of a PNG or HEIC that is searched, and number of segments of a JPEG, of 64 KiB or less each. WebP
has its metadata at its end, which is found by its chunks."""

BY_KBVR = re.compile(rb"kbvr \d+\.\d")
"""What kbvr writes as the software, in EXIF, PNG text or XMP."""

MPF_DISPARITY = 0x020002
"""Type of the pictures of a stereo pair in an MPO (CIPA DC-007, 5.2.3.3.1)."""

LEFT_FIRST, HALF_WIDTH, SIDE_BY_SIDE = 0x04, 0x02, 2
"""Flags and layout of a JPS (VRex, "Stereoscopic JPEG File Format" 2.2)."""

PANORAMA = (
    "FullPanoWidthPixels",
    "FullPanoHeightPixels",
    "CroppedAreaImageWidthPixels",
    "CroppedAreaImageHeightPixels",
)
"""Names in the XMP of a VR180 photo (Google, "Cardboard Camera VR Photo Format")."""


@dataclass(frozen=True)
class PictureFacts:
    """What the metadata of a picture file says."""

    is_by_kbvr: bool = False
    is_animated: bool = False
    layout: str | None = None
    """The layout of a stereo picture that states it; `spatial` for a stereo pair in HEIC."""


def picture_facts(path: Path) -> PictureFacts:
    """Return the facts in a picture file; none if it is damaged or of another kind.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if head.startswith(b"\xff\xd8"):
            return _in_jpeg(list(islice(_segments(file), MAX_SEGMENTS)))
        if head.startswith(b"\x89PNG"):
            return PictureFacts(bool(BY_KBVR.search(head[: head.find(b"IDAT")])), b"acTL" in head[:200])
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return _in_webp(file)
    if head[4:8] == b"ftyp":
        # a HEIC with a group of stereo pictures (ISO 23008-12, 6.8.5), or an AVIF sequence
        return PictureFacts(is_animated=b"avis" in head[8:64], layout="spatial" if b"ster" in _group(head) else None)
    return PictureFacts()


def _segments(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield marker and content of the segments of a JPEG before its pixels."""
    file.seek(2)
    while len(head := file.read(4)) == 4 and head[0] == 0xFF and head[1] != 0xDA:
        yield head[1], file.read(max(0, int.from_bytes(head[2:], "big") - 2))


def _in_jpeg(segments: list[tuple[int, bytes]]) -> PictureFacts:
    layout: str | None = None
    for marker, content in segments:
        if marker == 0xE2 and content.startswith(b"MPF\0") and _is_pair(content[4:]):
            layout = "apart"
        elif marker == 0xE3 and content.startswith(b"_JPSJPS_") and len(content) >= 14:
            _, flags, packing, _ = content[10:14]
            if packing == SIDE_BY_SIDE and not flags & HALF_WIDTH:
                layout = "sbs" if flags & LEFT_FIRST else "cross"
        elif marker == 0xE1 and _is_half_sphere(content):
            layout = "180-apart"
    is_by_kbvr = any(BY_KBVR.search(content) for marker, content in segments if marker == 0xE1)
    return PictureFacts(is_by_kbvr, layout=layout)


def _is_pair(mpf: bytes) -> bool:
    """Return whether the first two pictures of a multi-picture file are a stereo pair."""
    order = "<" if mpf[:2] == b"II" else ">"
    try:
        (directory,) = struct.unpack_from(f"{order}I", mpf, 4)
        (count,) = struct.unpack_from(f"{order}H", mpf, directory)
        for entry in range(count):
            tag, _, size, where = struct.unpack_from(f"{order}HHII", mpf, directory + 2 + 12 * entry)
            if tag == 0xB002 and size >= 32:
                kinds = [struct.unpack_from(f"{order}I", mpf, where + place)[0] & 0xFFFFFF for place in (0, 16)]
                return all(kind == MPF_DISPARITY for kind in kinds)
    except struct.error:
        pass
    return False


def _is_half_sphere(xmp: bytes) -> bool:
    found = [re.search(rf'GPano:{name}[=">]+(\d+)'.encode(), xmp) for name in PANORAMA]
    if not all(found):
        return False
    full_width, full_height, width, height = (int(match[1]) for match in found if match)
    return 2 * width == full_width and height == full_height


def _in_webp(file: BinaryIO) -> PictureFacts:
    is_animated = is_by_kbvr = False
    at = 12
    while True:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return PictureFacts(is_by_kbvr, is_animated)
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"VP8X":
            is_animated = bool(file.read(1)[0] & 2) if length else False
        elif head[:4] in (b"EXIF", b"XMP "):
            is_by_kbvr |= bool(BY_KBVR.search(file.read(min(length, HEAD_BYTES))))
        at += 8 + length + length % 2


def _group(head: bytes) -> bytes:
    """Return the entity groups of a HEIC."""
    at = head.find(b"grpl")
    return head[at : at + 256] if at >= 0 else b""
