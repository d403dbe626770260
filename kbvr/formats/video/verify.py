"""A video that was written is opened as a player would, and must say what was meant."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass, fields
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av

from kbvr.errors import OutputError


@dataclass(frozen=True)
class VideoFacts:
    """What a file says about the video in it, most of it in FFmpeg's words and numbers."""

    codec: str
    pixel_format: str | None
    size: tuple[int, int]
    """(width, height) in px."""
    number_of_frames: int
    frames_per_second: float
    """Rounded to two digits: that is how exactly a container tells it."""
    number_of_the_last_frame: int
    """From its time stamp."""
    colours: tuple[int, int, int, int]
    """Matrix, primaries, transfer, range."""
    stereo_packing: tuple[int, bool] | None
    """AVStereo3D's type, and whether the right eye comes first; None if the first frame has none."""
    spherical: int | None = None
    """AVSphericalMapping's projection; None if the first frame has none."""


def check_read_back(path: Path, name: str, wanted: VideoFacts) -> None:
    """Decode the first frame of a file and its last group, and compare what it says; errors call the file `name`.

    Of the last group, frames that only lie between others (B frames) are not decoded: the last frame is none.

    Raises:
        OutputError: if it cannot be read, or differs.
    """
    try:
        found = _read_back(path)
    except (av.FFmpegError, LookupError) as error:
        raise OutputError(f"{name} could not be read back: {error}") from error
    for field in fields(VideoFacts):
        was, meant = getattr(found, field.name), getattr(wanted, field.name)
        if was != meant:
            what = field.name.replace("_", " ")
            raise OutputError(f"{name} did not read back as written: {what} is {was}, wanted {meant}")


def _read_back(path: Path) -> VideoFacts:
    """Return what a file says about its video; LookupError if it holds none."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        packets = sum(packet.size > 0 for packet in container.demux(stream))
        container.seek(0)
        first = deque(islice(container.decode(stream), 1))[0]
        if stream.codec_context.name == "h264":  # others may end with a B frame
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
    """Return type and inversion of the frame's AVStereo3D, its first two numbers; None if it has none."""
    kind = _first_number(frame, "STEREO3D")
    return None if kind is None else (kind, bool(_first_number(frame, "STEREO3D", skip=4)))


def _first_number(frame: av.VideoFrame, name: str, skip: int = 0) -> int | None:
    """Return an int of a frame's side data; None if it has none of this name."""
    side_data: Any = frame.side_data.get(name)
    return None if side_data is None else int.from_bytes(bytes(side_data)[skip : skip + 4], sys.byteorder)
