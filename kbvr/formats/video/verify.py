"""Verification of videos: a written file is opened as a player would open it, and compared."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av

from kbvr.formats.spec.verification import compare, verification_error

BT709, TV_RANGE = 1, 1
"""FFmpeg's numbers: BT.709 as matrix, primaries and transfer; narrow range."""


@dataclass(frozen=True, kw_only=True)
class VideoFacts:
    """Properties of a video file, in FFmpeg's names and numbers."""

    codec: str
    pixel_format: str | None = "yuv420p"
    size: tuple[int, int]
    """(width, height) in px."""
    number_of_frames: int
    frames_per_second: float
    """Rounded to two decimals, the precision of containers."""
    number_of_the_last_frame: int
    """From its time stamp."""
    colours: tuple[int, int, int, int] = (BT709, BT709, BT709, TV_RANGE)
    """Matrix, primaries, transfer, range."""
    stereo_packing: tuple[int, bool] | None = None
    """AVStereo3D's type, and whether the right eye comes first; None if the first frame has none."""
    spherical: int | None = None
    """AVSphericalMapping's projection; None if the first frame has none."""


def verify_video(path: Path, name: str, expected: VideoFacts) -> None:
    """Decode the first frame and the last group of a file, and compare its properties; `name` names the file in errors.

    B frames of the last group are skipped, since the last frame is never one.

    Raises:
        OutputError: if it cannot be decoded or differs.
    """
    try:
        found = _facts_of(path)
    except (av.FFmpegError, LookupError) as error:
        raise verification_error(name, error) from error
    compare(name, found, expected)


def _facts_of(path: Path) -> VideoFacts:
    """Return the properties of a video file; LookupError if it contains no video."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        packets = sum(packet.size > 0 for packet in container.demux(stream))
        container.seek(0)
        first = deque(islice(container.decode(stream), 1))[0]
        if stream.codec_context.name == "h264":  # other codecs may end with a B frame
            stream.codec_context.skip_frame = "BIDIR"
        container.seek(stream.duration or 0, stream=stream)
        last = deque(container.decode(stream), maxlen=1)[0]
        context, fps = stream.codec_context, stream.average_rate or Fraction(0)
        return VideoFacts(
            codec=context.codec.canonical_name,
            pixel_format=context.pix_fmt,
            size=(last.width, last.height),
            number_of_frames=packets,
            frames_per_second=round(float(fps), 2),
            number_of_the_last_frame=round((last.time or 0) * fps),
            colours=(context.colorspace, context.color_primaries, context.color_trc, context.color_range),
            stereo_packing=_packing(first),
            spherical=_first_number(first, "SPHERICAL"),
        )


def _packing(frame: av.VideoFrame) -> tuple[int, bool] | None:
    """Return the type and the inversion of a frame's AVStereo3D, its first two numbers; None if it has none."""
    kind = _first_number(frame, "STEREO3D")
    return None if kind is None else (kind, bool(_first_number(frame, "STEREO3D", skip=4)))


def _first_number(frame: av.VideoFrame, name: str, skip: int = 0) -> int | None:
    """Return an int of a frame's side data; None if there is none of this name."""
    side_data: Any = frame.side_data.get(name)
    return None if side_data is None else int.from_bytes(bytes(side_data)[skip : skip + 4], sys.byteorder)
