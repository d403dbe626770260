"""Stereo metadata of videos: the packing as each container and stream stores it.

H.264 and HEVC streams have the frame packing arrangement SEI (ITU-T H.264, D.1.26; H.265, D.2.16).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class StereoTag:
    """The values that stand for one packing."""

    ffmpeg: int
    """AVStereo3D's type."""

    sei: int
    """frame_packing_arrangement_type."""

    matroska: str
    """FFmpeg's name of StereoMode."""

    st3d: int | None = None
    """stereo_mode of the box `st3d` (Spherical Video V2): 1 top-bottom, 2 left-right, 4 right-left; None for others."""

    pkin: bytes | None = None
    """Apple's view packing kind; None if it has no value for the packing."""

    right_first: bool = False


SIDE_BY_SIDE_SEI, TOP_BOTTOM_SEI = 3, 4
_SIDE_BY_SIDE = StereoTag(1, SIDE_BY_SIDE_SEI, "left_right", 2, b"side")
_TOP_BOTTOM = StereoTag(2, TOP_BOTTOM_SEI, "top_bottom", 1, b"over")

STEREO_TAGS: Mapping[str, StereoTag] = MappingProxyType(
    {
        "sbs": _SIDE_BY_SIDE,
        "sbs-half": _SIDE_BY_SIDE,
        "tb": _TOP_BOTTOM,
        "tb-half": _TOP_BOTTOM,
        "cross": StereoTag(1, SIDE_BY_SIDE_SEI, "right_left", 4, b"side", right_first=True),
        "rows": StereoTag(6, 2, "row_interleaved_lr"),
        "columns": StereoTag(7, 1, "col_interleaved_lr"),
        "checkerboard": StereoTag(4, 0, "checkerboard_lr"),
    }
)
"""Packing -> its tag; players treat other packings as plain pictures."""

WEBM_MODES = ("left_right", "right_left", "top_bottom")
"""The stereo modes above that WebM supports."""


def packing_sei(codec: str, tag: StereoTag) -> bytes | None:
    """Return the SEI unit of a packing, start code included; None if the codec does not support it."""
    if codec not in ("h264", "hevc") or (codec == "hevc" and tag.sei not in (SIDE_BY_SIDE_SEI, TOP_BOTTOM_SEI)):
        return None
    quincunx = tag.sei == 0
    bits = (
        "1"  # id 0
        "0"  # cancels no other
        f"{tag.sei:07b}{quincunx:b}{2 if tag.right_first else 1:06b}"
        "000000"  # not flipped, no fields, not interleaved in time, not self-contained
    )
    if not quincunx:
        bits += "0" * 16  # both grids begin at the corner
    bits += "00000000"  # reserved
    bits += "010" if codec == "h264" else "1"  # valid until the next one: repetition_period 1, or persistence
    bits += "0"  # no extension, or no upsampled aspect ratio
    if len(bits) % 8:  # a one and zeros fill the last byte
        bits += "1"
        bits += "0" * (-len(bits) % 8)
    payload = int(bits, 2).to_bytes(len(bits) // 8, "big")
    header = b"\x06" if codec == "h264" else b"\x4e\x01"
    content = bytes((45, len(payload))) + payload + b"\x80"
    # Emulation prevention bytes, so that the content has no start code (H.264, 7.4.1).
    return b"\x00\x00\x00\x01" + header + re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", content)
