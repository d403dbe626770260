"""Loops as a small MP4, for what takes videos only; it shows the loop several times."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import ceil
from pathlib import Path

import av

from kbvr.formats.loop.animation import Frame, Loop, Told, check_sides, write_loop
from kbvr.formats.spec.codecs import x264_options
from kbvr.formats.spec.encoding import credit_texts
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.video.verify import VideoFacts, check_read_back
from kbvr.options.export_options import FileOptions

MAX_SIDE_PX = 4096
CRF = 23
"""x264's constant quality: 0 loses nothing, 23 is its default."""
THREADS = 4
"""Pictures that x264 encodes at once; left to itself it goes by the number of processors, and so does the file."""
REFERENCES = 16
"""So many earlier pictures are looked at for what has been there before; H.264 has no more."""
LEAST_S = 3.0
"""Some sites refuse shorter videos, and players hesitate each time one begins again."""
BT709, TV_RANGE = 1, 1
"""FFmpeg's numbers: BT.709 as matrix, primaries and transfer; narrow range."""


def write_clip(pictures: Iterable[Frame], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write sRGB views of an even size as loops and read the file back; see `Format.write`."""
    return write_loop(pictures, item, facts, options, encode=encode, read_back=read_back)


def rounds(loop: Loop) -> int:
    """Return how many times the loop is shown."""
    return ceil(LEAST_S * 100 / (loop.hundredths * len(loop.frames)))


def encode(loop: Loop, path: Path) -> None:
    """Write a loop to a file, several times; what was there before costs next to nothing."""
    rate = Fraction(100, loop.hundredths)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        container.metadata.update(credit_texts(loop.credits))
        options = {"crf": str(CRF), "preset": "slow", "refs": str(REFERENCES), **x264_options()}
        stream = container.add_stream("libx264", rate=rate, options=options)
        (stream.width, stream.height), stream.pix_fmt = loop.size_px, "yuv420p"
        context = stream.codec_context
        context.thread_type, context.thread_count = "FRAME", THREADS
        context.gop_size = rounds(loop) * len(loop.frames)
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = TV_RANGE
        for index, picture in enumerate(loop.frames * rounds(loop)):
            rgb = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame = rgb.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def read_back(path: Path, name: str, loop: Loop) -> Told:
    """Decode first and last pictures, with FFmpeg, and compare; errors call the file `name`."""
    pictures = rounds(loop) * len(loop.frames)
    check_read_back(
        path,
        name,
        VideoFacts(
            codec="h264",
            pixel_format="yuv420p",
            size=loop.size_px,
            number_of_frames=pictures,
            frames_per_second=round(100 / loop.hundredths, 2),
            number_of_the_last_frame=pictures - 1,
            colours=(BT709, BT709, BT709, TV_RANGE),
            stereo_packing=None,
        ),
    )
    return Told(loop.size_px, pictures, 10 * loop.hundredths * pictures, forever=False)


def check_clip(view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Check that views of this (width, height) fit; see `Format.check`."""
    del options
    check_sides(view_px, item, MAX_SIDE_PX)


FORMAT = Format(
    says="a short video of a loop, for sites that take videos",
    needs="pictures",
    suffixes=(".mp4",),
    proof="first and last pictures decoded; codec, size, rate, count and colours compared",
    check=check_clip,
    write=write_clip,
    even=True,
)
