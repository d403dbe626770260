"""Video, read back: H.264, HEVC, AV1 or VP9 in MP4, MKV or WebM.

The colours are BT.709 in the narrow ("tv") range, and say so. They are those of an ordinary photo: 8 bits, no HDR.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from jaxtyping import UInt8

from kbvr.errors import InputError, OutputError
from kbvr.formats.spec.codecs import x264_options
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.video.fit_size import made_to_fit
from kbvr.formats.video.mp4_boxes import (
    add_to_sample_entry,
    boxes_in,
    sample_entry_boxes,
)
from kbvr.formats.video.recipe import Recipe, check_video, checked_rate, container_of, recipe_of
from kbvr.formats.video.verify import VideoFacts, check_read_back
from kbvr.motion.frame_reuse import repeated
from kbvr.native.library import kernel
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import written_aside
from kbvr.system.stopwatch import Stopwatch

KEY_FRAME_SECONDS = 2.0
"""So often one can jump into the video, and the packing is told again."""
ENCODER_THREADS = 4
"""Frames that x264 encodes at once: each thread takes a whole one, so that no picture is cut into slices."""
BT709, TV_RANGE = 1, 1
"""FFmpeg's numbers: BT.709 as matrix, primaries and transfer; narrow range."""
X265_DELAY = 3
"""x265 leaves the decoding times of fewer pictures than these unset (4.2), unless it may make no B-frames."""
WITHOUT_RANDOM_NUMBERS = {"fflags": "+bitexact"}
"""Matroska's muxer numbers tracks from 1 then, and leaves out the random number of the file, which none needs."""
MUXERS = {"mp4": "mp4", "mkv": "matroska", "webm": "webm"}

Frame = UInt8[np.ndarray, "h w 3"] | tuple[UInt8[np.ndarray, "h w 3"], ...]
"""A picture, or those that lie beside each other in it."""
Packet: TypeAlias = Any
"""An av.Packet, which newer versions of av want to know the stream's type of."""


def write_video(frames: Iterable[Frame], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write sRGB frames of one even size as they come, and read the file back; see `Format.write`."""
    return write_projected(frames, item, facts, options, "flat")


def write_projected(
    frames: Iterable[Frame], item: Item, facts: Facts, options: FileOptions, projection: str
) -> FileSummary:
    """Do as `write_video` does, with frames that show what the projection says (a name of PROJECTIONS)."""
    container = container_of(item.path)
    rate = checked_rate(options.fps)
    with written_aside(item.path, overwrite=options.overwrite) as aside:
        coming = iter(frames)
        first = next(coming, None)
        if first is None:
            raise InputError("a video needs at least one picture, got none")
        parts = _parts(first)
        size_px = (sum(part.shape[1] for part in parts), parts[0].shape[0])
        recipe = recipe_of(container, rate, size_px, item, facts, options, projection)
        size_px, count, encode_s = _encode(chain((first,), coming), aside, recipe, facts.sources)
        if options.max_mb is not None:
            encode_s += made_to_fit(aside, round(options.max_mb * 1e6), recipe, _encode)
        _check(aside, item.path.name, recipe, size_px, count)
        size_bytes = aside.stat().st_size
    seconds = float(count / rate)
    return FileSummary(item.path, size_px, count, float(rate), seconds, size_bytes, encode_s, recipe.codec.says)


def _encode(
    frames: Iterator[Frame | av.VideoFrame], path: Path, recipe: Recipe, sources: Sequence[int] | None = None
) -> tuple[tuple[int, int], int, float]:
    """Write the frames to path; return (width, height), how many there were, and the seconds it took."""
    count, clock = 0, Stopwatch()
    options = {"movflags": "+faststart"} if recipe.container == "mp4" else WITHOUT_RANDOM_NUMBERS
    with _disk_errors(), av.open(str(path), "w", format=MUXERS[recipe.container], options=options) as container:
        container.metadata.update(recipe.credits)
        first = list(islice(frames, X265_DELAY if recipe.name == "hevc" else 0))
        stream = _add_stream(container, recipe, short=0 < len(first) < X265_DELAY)
        drawn = _converted(chain(first, frames), clock)
        for yuv in drawn if sources is None else repeated(drawn, sources):
            yuv.pts, yuv.time_base = count, 1 / recipe.rate
            with clock.stage("encode"):
                container.mux(_with_sei(stream.encode(yuv), recipe.sei))
            count += 1
        with clock.stage("encode"):
            container.mux(_with_sei(stream.encode(None), recipe.sei))
    if recipe.boxes:
        with _disk_errors():
            add_to_sample_entry(path, recipe.boxes)
    return recipe.size_px, count, sum(clock.seconds.values())


def _converted(frames: Iterable[Frame | av.VideoFrame], clock: Stopwatch) -> Iterator[av.VideoFrame]:
    for frame in frames:
        with clock.stage("convert"):
            yuv = frame if isinstance(frame, av.VideoFrame) else _yuv(*_parts(frame))
        yield yuv


def _parts(frame: Frame) -> tuple[UInt8[np.ndarray, "h w 3"], ...]:
    return frame if isinstance(frame, tuple) else (frame,)


def _yuv(*parts: UInt8[np.ndarray, "h w 3"]) -> av.VideoFrame:
    """Return even-sized pictures beside each other as BT.709 4:2:0: a third of what FFmpeg's way by RGB takes."""
    height, width = parts[0].shape[:2]
    yuv = av.VideoFrame(len(parts) * width, height, "yuv420p")
    for index, part in enumerate(parts):
        rgb = np.ascontiguousarray(part)
        starts = zip(yuv.planes, (index * width, index * width // 2, index * width // 2), strict=True)
        planes = [value for plane, start in starts for value in (plane.buffer_ptr + start, plane.line_size)]
        kernel().kbvr_yuv420(rgb.ctypes.data, width, height, *planes)
    yuv.colorspace, yuv.color_range = BT709, TV_RANGE
    return yuv


def _add_stream(container: OutputContainer, recipe: Recipe, *, short: bool) -> VideoStream:
    """Return a new stream that says what its colours mean, and how pictures are packed if the container has that.

    A short one has fewer pictures than X265_DELAY.
    """
    codec = recipe.codec
    if recipe.name == "av1":
        os.environ.setdefault("SVT_LOG", "1")  # errors only: its encoder prints what it does, and has no other switch
    options = {"crf": f"{recipe.crf:g}", **codec.options, **(x264_options() if recipe.name == "h264" else {})}
    if short:
        options["x265-params"] += ":bframes=0"
    stream = container.add_stream(codec.encoder, rate=recipe.rate, options=options)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = recipe.size_px
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    if recipe.container in codec.tags:
        context.codec_tag = codec.tags[recipe.container]
    if recipe.name == "h264":
        context.thread_type, context.thread_count = "FRAME", ENCODER_THREADS
    context.gop_size = max(1, round(KEY_FRAME_SECONDS * recipe.rate))
    context.colorspace = context.color_primaries = context.color_trc = BT709
    context.color_range = TV_RANGE
    if recipe.stereo_mode is not None:
        stream.metadata["stereo_mode"] = recipe.stereo_mode
    return stream


def _with_sei(packets: Iterable[Packet], sei: bytes | None) -> list[Packet]:
    """Return packets of which those of key frames begin with a message."""
    return [_begun_with(packet, sei) if sei is not None and packet.is_keyframe else packet for packet in packets]


def _begun_with(packet: Packet, sei: bytes) -> Packet:
    longer: Packet = av.Packet(sei + bytes(packet))
    for name in ("stream", "time_base", "pts", "dts", "duration", "is_keyframe"):
        setattr(longer, name, getattr(packet, name))
    return longer


@contextmanager
def _disk_errors() -> Iterator[None]:
    """Tell a full or failing disk in one line; other errors of the encoder are bugs and stay so."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS):
            raise
        raise OutputError(f"the video could not be written: {error.strerror}") from error


def _check(path: Path, name: str, recipe: Recipe, size_px: tuple[int, int], frames: int) -> None:
    """Compare what the written file says about itself with what was meant; errors call it `name`."""
    wanted = VideoFacts(
        codec=recipe.name,
        pixel_format="yuv420p",
        size=size_px,
        number_of_frames=frames,
        frames_per_second=round(float(recipe.rate), 2),
        number_of_the_last_frame=frames - 1,
        colours=(BT709, BT709, BT709, TV_RANGE),
        stereo_packing=recipe.stereo_read,
        spherical=recipe.spherical_read,
    )
    check_read_back(path, name, wanted)
    if recipe.boxes:
        found = sample_entry_boxes(path)
        if any(found.get(kind) != content for kind, content in boxes_in(recipe.boxes)):
            raise OutputError(f"{name} did not read back as written: its boxes for players differ")


FORMAT = Format(
    says="a video that any player shows",
    needs="pictures",
    suffixes=(".mp4", ".mkv", ".webm"),
    proof="first and last frames decoded; codec, size, rate, count, colours, packing and boxes compared",
    check=check_video,
    write=write_video,
    even=True,
    takes_parts=True,
    repeats=True,
)
