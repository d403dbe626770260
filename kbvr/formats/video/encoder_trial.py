"""A test of the video encoders on this machine: each encodes two small pictures."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

import av
import numpy as np

from kbvr.system.priority import kept_priority

SIZE_PX = (320, 192)
"""(width, height) that every hardware encoder supports; some refuse smaller pictures."""

SOFTWARE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"H.264": ("libx264",), "HEVC": ("libx265",), "AV1": ("libsvtav1", "libaom-av1"), "VP9": ("libvpx-vp9",)}
)
"""Codec -> FFmpeg's names of its software encoders."""

HARDWARE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        codec: tuple(f"{prefix}_{api}" for api in ("nvenc", "qsv", "amf", "videotoolbox"))
        for codec, prefix in (("H.264", "h264"), ("HEVC", "hevc"), ("AV1", "av1"), ("VP9", "vp9"))
    }
)
"""Codec -> encoders that require hardware of NVIDIA, Intel, AMD or Apple."""


def try_encoders(names: str) -> dict[str, str]:
    """Test encoders, given as comma-separated names; return the error of each, "" if it works.

    Encoders that FFmpeg was built without are left out.
    """
    return {name: _error_of(name) for name in names.split(",") if name in av.codecs_available}


def _error_of(name: str) -> str:
    try:
        size_bytes = _encoded_bytes(name)
    except Exception as error:  # noqa: BLE001  FFmpeg has an exception for each error number, ValueError among them
        return " ".join(str(error).split()) or type(error).__name__
    return "" if size_bytes else "no output"


def _encoded_bytes(name: str) -> int:
    """Return the size of two pictures, encoded."""
    context = av.CodecContext.create(name, "w")
    if not isinstance(context, av.VideoCodecContext):
        raise TypeError(f"{name} is not a video encoder")
    context.width, context.height = SIZE_PX
    context.pix_fmt = "yuv420p"
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    with kept_priority():
        context.open()
    width, height = SIZE_PX
    size_bytes = 0
    for index in range(2):
        picture = np.full((height, width, 3), 64 + 64 * index, np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = index, Fraction(1, 25)
        size_bytes += sum(packet.size for packet in context.encode(frame))
    return size_bytes + sum(packet.size for packet in context.encode(None))
