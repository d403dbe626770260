"""H.264 video in MP4, read back.

The colours are BT.709 in the narrow ("tv") range, and say so.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from jaxtyping import UInt8

from kbvr.compiled import kernel
from kbvr.errors import InputError, OutputError
from kbvr.formats import Facts, FileChoices, FileSummary, Format, Item
from kbvr.formats.packings import PACKINGS
from kbvr.formats.read_back import VideoFacts, check_read_back
from kbvr.output import written_aside
from kbvr.repeats import repeated
from kbvr.stopwatch import Stopwatch
from kbvr.timing import MAX_FPS, MIN_FPS

MAX_SIDE_PX = 4096
"""H.264 players and decoders in hardware stop here; wider needs HEVC or AV1."""
MIN_SIDE_PX = 16
NTSC_FPS = tuple(Fraction(whole * 1000, 1001) for whole in (24, 30, 48, 60, 120))
"""Television's rates, which people write as 23.976, 29.97, 59.94 and so on."""
CRF = 18
"""x264's constant quality: 0 loses nothing, 23 is x264's default."""
KEY_FRAME_SECONDS = 2.0
"""So often one can jump into the video, and the packing is told again."""
ENCODER_THREADS = 4
"""Frames that x264 encodes at once: each thread takes a whole one, so that no picture is cut into slices, and the file
is the same on every machine."""
BT709, TV_RANGE, SIDE_BY_SIDE = 1, 1, 1
"""FFmpeg's numbers: BT.709 as matrix, primaries and transfer; narrow range; AV_STEREO3D_SIDEBYSIDE."""
STEREO_TYPES = {"sbs": SIDE_BY_SIDE, "sbs-half": SIDE_BY_SIDE}
"""Packing -> FFmpeg's AVStereo3D type, which the stream tells."""
PACKING_SEI = {SIDE_BY_SIDE: 3}
"""FFmpeg's AVStereo3D type -> H.264's frame packing type."""

Frame = UInt8[np.ndarray, "h w 3"]


def write_video(frames: Iterable[Frame], item: Item, facts: Facts, choices: FileChoices) -> FileSummary:
    """Write sRGB frames of one even size as they come, and read the file back; see `Format.write`."""
    if item.path.suffix.lower() != ".mp4":
        raise InputError(f"video goes into a file that ends in .mp4, got {item.path.name}")
    rate = _checked_rate(choices.fps)
    stereo_packing = STEREO_TYPES.get(item.packing)
    with written_aside(item.path, overwrite=choices.overwrite) as aside:
        size_px, count, encode_s = _encode(iter(frames), aside, rate, stereo_packing, facts.sources)
        check_read_back(aside, item.path.name, _facts(size_px, count, rate, stereo_packing))
        size_bytes = aside.stat().st_size
    return FileSummary(item.path, size_px, count, float(rate), float(count / rate), size_bytes, encode_s)


def check_video(view_px: tuple[int, int], item: Item, choices: FileChoices) -> None:
    """Check that views of this (width, height) fit into a video; see `Format.check`."""
    del choices
    packing = PACKINGS[item.packing]
    width, height = packing.size_px(packing.even_view_px(view_px))
    shown = f"{view_px[0]}x{view_px[1]}"
    if min(width // packing.across, height // packing.down) < MIN_SIDE_PX:
        raise InputError(f"a view must be {MIN_SIDE_PX} px or more each way in video, got {shown} as {item.packing}")
    if max(width, height) > MAX_SIDE_PX:
        raise InputError(
            f"H.264 video is at most {MAX_SIDE_PX} px wide and high, but views of {shown} as {item.packing} "
            f"make {width}x{height}: choose a smaller --max-size"
        )


def _checked_rate(fps: float) -> Fraction:
    """Return frames per second as the fraction that is meant: one of NTSC_FPS within 0.005, else the nearest simple."""
    if not MIN_FPS <= fps <= MAX_FPS:
        raise InputError(f"the frame rate must be {MIN_FPS:g} to {MAX_FPS:g} per second, got {fps}")
    meant = (ntsc for ntsc in NTSC_FPS if abs(fps - ntsc) <= 0.005)
    return next(meant, Fraction(fps).limit_denominator(1001))


def _encode(
    frames: Iterator[Frame], path: Path, rate: Fraction, stereo_packing: int | None, sources: Sequence[int] | None
) -> tuple[tuple[int, int], int, float]:
    """Write the frames to path; return (width, height), how many there were, and the seconds it took."""
    first = next(frames, None)
    if first is None:
        raise InputError("a video needs at least one picture, got none")
    height, width = first.shape[:2]
    count, clock = 0, Stopwatch()
    options = {"movflags": "+faststart"}
    with _disk_errors(), av.open(str(path), "w", format="mp4", options=options) as container:
        stream = _add_stream(container, (width, height), rate, stereo_packing)
        drawn = _converted(chain((first,), frames), clock)
        for yuv in drawn if sources is None else repeated(drawn, sources):
            yuv.pts, yuv.time_base = count, 1 / rate
            with clock.stage("encode"):
                container.mux(stream.encode(yuv))
            count += 1
        with clock.stage("encode"):
            container.mux(stream.encode(None))
    return (width, height), count, sum(clock.seconds.values())


def _converted(frames: Iterable[Frame], clock: Stopwatch) -> Iterator[av.VideoFrame]:
    for frame in frames:
        with clock.stage("convert"):
            yuv = _yuv(frame)
        yield yuv


def _yuv(frame: Frame) -> av.VideoFrame:
    """Return an even-sized picture as BT.709 4:2:0, as its stream says: a third of what FFmpeg's way by RGB takes."""
    height, width = frame.shape[:2]
    rgb = np.ascontiguousarray(frame)
    yuv = av.VideoFrame(width, height, "yuv420p")
    planes = [value for plane in yuv.planes for value in (plane.buffer_ptr, plane.line_size)]
    kernel().kbvr_yuv420(rgb.ctypes.data, width, height, *planes)
    yuv.colorspace, yuv.color_range = BT709, TV_RANGE
    return yuv


def _add_stream(
    container: OutputContainer, size_px: tuple[int, int], rate: Fraction, stereo_packing: int | None
) -> VideoStream:
    """Return a new H.264 stream that says how its pictures are packed, if two are, and what its colours mean."""
    options = {"crf": str(CRF), "preset": "veryfast"}
    if stereo_packing is not None:
        options["x264-params"] = f"frame-packing={PACKING_SEI[stereo_packing]}"
    stream = container.add_stream("libx264", rate=rate, options=options)
    stream.width, stream.height = size_px
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.thread_type, context.thread_count = "FRAME", ENCODER_THREADS
    context.gop_size = max(1, round(KEY_FRAME_SECONDS * rate))
    context.colorspace = context.color_primaries = context.color_trc = BT709
    context.color_range = TV_RANGE
    return stream


@contextmanager
def _disk_errors() -> Iterator[None]:
    """Tell a full or failing disk in one line; other errors of the encoder are bugs and stay so."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS):
            raise
        raise OutputError(f"the video could not be written: {error.strerror}") from error


def _facts(size_px: tuple[int, int], frames: int, rate: Fraction, stereo_packing: int | None) -> VideoFacts:
    """Return what the written file has to say about itself."""
    return VideoFacts(
        codec="h264",
        pixel_format="yuv420p",
        size=size_px,
        number_of_frames=frames,
        frames_per_second=round(float(rate), 2),
        number_of_the_last_frame=frames - 1,
        colours=(BT709, BT709, BT709, TV_RANGE),
        stereo_packing=stereo_packing,
    )


FORMAT = Format(
    says="a video that any player shows",
    needs="pictures",
    suffixes=(".mp4",),
    proof="first and last frames decoded; codec, size, rate, count, colours and packing compared",
    check=check_video,
    write=write_video,
    options=("fps", "layout", "glasses", "anaglyph_colours"),
    even=True,
    repeats=True,
)
