"""Loops as a small MP4 that shows the loop several times, for sites that accept only videos."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from math import ceil
from pathlib import Path

import av

from kbvr.formats.loop.animation import AnimationFacts, Loop, check_sides, write_loop
from kbvr.formats.spec.codecs import x264_options
from kbvr.formats.spec.format import Format
from kbvr.formats.video.tags import add_to_mp4, video_tags
from kbvr.formats.video.verify import BT709, TV_RANGE, VideoFacts, verify_video

MAX_SIDE_PX = 4096
CRF = 23
"""x264's constant rate factor: 0 is lossless, 23 the default."""
THREADS = 4
"""Frames that x264 encodes at once. Fixed, since the file depends on it; the default is the number of processors."""
REFERENCES = 16
"""Earlier frames that x264 searches for repeated content; H.264 allows no more."""
MIN_SECONDS = 3.0
"""Some sites refuse shorter videos, and players pause at each repetition."""


def repetitions(loop: Loop) -> int:
    """Return how often the loop is shown."""
    return ceil(MIN_SECONDS * 100 / (loop.hundredths * len(loop.frames)))


def encode(loop: Loop, path: Path) -> None:
    """Write a loop to a file, several times; repetitions take almost no space."""
    rate = Fraction(100, loop.hundredths)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        container.metadata.update(video_tags(loop.credits, "mp4"))
        options = {"crf": str(CRF), "preset": "slow", "refs": str(REFERENCES), **x264_options()}
        stream = container.add_stream("libx264", rate=rate, options=options)
        (stream.width, stream.height), stream.pix_fmt = loop.size_px, "yuv420p"
        context = stream.codec_context
        context.thread_type, context.thread_count = "FRAME", THREADS
        context.gop_size = repetitions(loop) * len(loop.frames)
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = TV_RANGE
        for index, picture in enumerate(loop.frames * repetitions(loop)):
            rgb = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame = rgb.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    add_to_mp4(path, loop.credits)


def verify(path: Path, name: str, loop: Loop) -> AnimationFacts:
    """Decode the first and the last frames with FFmpeg and compare; see `animation.Verify`."""
    frames = repetitions(loop) * len(loop.frames)
    expected = VideoFacts(
        codec="h264",
        size=loop.size_px,
        number_of_frames=frames,
        frames_per_second=round(100 / loop.hundredths, 2),
        number_of_the_last_frame=frames - 1,
    )
    verify_video(path, name, expected)
    return AnimationFacts(loop.size_px, frames, 10 * loop.hundredths * frames, endless=False)


FORMAT = Format(
    purpose="a short video of a loop, for sites that accept only videos",
    needs="pictures",
    suffixes=(".mp4",),
    verification="first and last frames decoded; codec, size, rate, count and colours compared",
    check=partial(check_sides, max_side_px=MAX_SIDE_PX),
    write=partial(write_loop, encode=encode, verify=verify),
    even=True,
)
