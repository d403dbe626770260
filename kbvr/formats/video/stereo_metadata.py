"""How a video says which eye sees what: in each container's words, and inside the stream.

The message inside H.264 and HEVC streams is the frame packing arrangement SEI (ITU-T H.264, D.1.26; H.265, D.2.16).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class StereoTag:
    """One packing, in everybody's words."""

    ffmpeg: int
    """AVStereo3D's type."""

    sei: int
    """frame_packing_arrangement_type."""

    matroska: str
    """FFmpeg's name of StereoMode."""

    st3d: int | None = None
    """stereo_mode of the box `st3d` (Spherical Video V2); None if it has no word for it."""

    pkin: bytes | None = None
    """Apple's view packing kind."""

    right_first: bool = False


_BESIDE = StereoTag(1, 3, "left_right", 2, b"side")
_ABOVE = StereoTag(2, 4, "top_bottom", 1, b"over")

STEREO_TAGS: Mapping[str, StereoTag] = MappingProxyType(
    {
        "sbs": _BESIDE,
        "sbs-half": _BESIDE,
        "tb": _ABOVE,
        "tb-half": _ABOVE,
        "cross": StereoTag(1, 3, "right_left", 4, b"side", right_first=True),
        "rows": StereoTag(6, 2, "row_interleaved_lr"),
        "columns": StereoTag(7, 1, "col_interleaved_lr"),
        "checkerboard": StereoTag(4, 0, "checkerboard_lr"),
    }
)
"""Packing -> its tag; packings without one are plain pictures to a player."""

WEBM_MODES = ("left_right", "right_left", "top_bottom")
"""The stereo modes that WebM has of Matroska's, as far as they are ours."""

SEI_CODECS = ("h264", "hevc")
BESIDE_SEI, ABOVE_SEI = 3, 4


def packing_sei(codec: str, tag: StereoTag) -> bytes | None:
    """Return a unit of the stream, start code included, that tells the packing; None if the codec has no such word."""
    if codec not in SEI_CODECS or (codec == "hevc" and tag.sei not in (BESIDE_SEI, ABOVE_SEI)):
        return None
    quincunx = tag.sei == 0
    bits = (
        "1"  # id 0
        "0"  # this does not cancel another
        f"{tag.sei:07b}{quincunx:b}{2 if tag.right_first else 1:06b}"
        "000000"  # none flipped, no fields, none told apart by time or self-contained
    )
    if not quincunx:
        bits += "0" * 16  # both grids begin at the corner
    bits += "00000000"  # reserved
    bits += "010" if codec == "h264" else "1"  # until the next one: repetition_period 1, or persistence
    bits += "0"  # no extension, or no upsampled aspect ratio
    payload = _closed(bits)
    header = b"\x06" if codec == "h264" else b"\x4e\x01"
    return b"\x00\x00\x00\x01" + header + _escaped(bytes((45, len(payload))) + payload + b"\x80")


def _closed(bits: str) -> bytes:
    """Return the bits as bytes, ended by a one and zeros unless they end with a byte."""
    if len(bits) % 8:
        bits += "1"
        bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _escaped(content: bytes) -> bytes:
    """Return content in which nothing looks like a start code (H.264, 7.4.1)."""
    return re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", content)
