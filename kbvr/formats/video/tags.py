"""What is known about a photo, as videos store it: tags of FFmpeg's muxers, and boxes that are added to an MP4.

MP4 has iTunes' tags and the time of creation, to which a packet of XMP (specification, part 3, 1.2.7) adds the credit
line, and QuickTime's `©xyz` the place as phones store and show it. Matroska's names are those of its tag specification
(matroska.org/technical/tagging.html), which has none for a credit line; FFmpeg's name for the place is LOCATION.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from kbvr.formats.spec.encoding import credit_texts
from kbvr.formats.spec.exif import DATE_LENGTH
from kbvr.formats.spec.xmp import xmp_of
from kbvr.formats.video.mp4_boxes import add_to_user_data, box
from kbvr.photo.credits import Credits

MP4_NAMES: Mapping[str, str] = {
    "title": "title",
    "artist": "artist",
    "copyright": "copyright",
    "caption": "description",
    "date": "date",
}
MATROSKA_NAMES: Mapping[str, str] = {
    "title": "title",
    "artist": "ARTIST",
    "copyright": "COPYRIGHT",
    "credit": "CREDIT",
    "caption": "DESCRIPTION",
    "location": "LOCATION",
}
"""Name of a text -> name of FFmpeg's tag."""

XMP_ID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
FIRST_YEAR, LAST_YEAR = 1904, 2040
"""Years that MP4's times, seconds since 1904, can show in 32 bits; many players read no longer ones."""

UNDETERMINED = 0x55C4
"""The language `und` (ISO 14496-12, 8.4.2.3)."""


def video_tags(photo_credits: Credits, container: str) -> dict[str, str]:
    """Return the tags of a video in `mp4`, `mkv` or `webm`."""
    texts, date = credit_texts(photo_credits), photo_credits.date
    names = MP4_NAMES if container == "mp4" else MATROSKA_NAMES
    tags = {tag: texts[name] for name, tag in names.items() if name in texts}
    if date and container != "mp4":
        tags["DATE_RECORDED"] = date[:DATE_LENGTH].replace("T", " ")
    if date and FIRST_YEAR < int(date[:4]) < LAST_YEAR:
        tags["creation_time"] = _utc(date)
    return tags


def _utc(date: str) -> str:
    """Return a date in UTC; a local time without an offset is taken as it is, as most cameras store it."""
    when = datetime.fromisoformat(date)
    return f"{(when if when.tzinfo is None else when.astimezone(UTC)).replace(tzinfo=None).isoformat()}Z"


def add_to_mp4(path: Path, photo_credits: Credits) -> None:
    """Add to a finished MP4 what FFmpeg's muxer cannot write: XMP, and the place with all its digits.

    Raises:
        ValueError: if the file is not an MP4 with one video track.
    """
    if photo_credits.place:
        text = photo_credits.place.iso_6709().encode()
        add_to_user_data(path, box(b"\xa9xyz", struct.pack(">HH", len(text), UNDETERMINED), text))
    if photo_credits:
        with path.open("ab") as file:
            file.write(box(b"uuid", XMP_ID, xmp_of(photo_credits)))
