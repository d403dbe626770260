"""Video: H.264, HEVC, AV1 or VP9 in MP4, MKV or WebM, verified.

Colours are BT.709 in the narrow ("tv") range, 8 bits, without HDR, and tagged as such.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from jaxtyping import UInt8

from kbvr.errors import InputError
from kbvr.formats.spec.codecs import x264_options
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.spec.verification import verification_error
from kbvr.formats.video.fit_size import shrink_to_fit
from kbvr.formats.video.mp4_boxes import add_to_sample_entry, boxes_in, sample_entry_boxes
from kbvr.formats.video.recipe import Recipe, check_video, container_of, exact_rate, recipe_of
from kbvr.formats.video.tags import add_to_mp4, video_tags
from kbvr.formats.video.verify import BT709, TV_RANGE, VideoFacts, verify_video
from kbvr.motion.frame_reuse import repeated
from kbvr.native.library import kernel
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import atomic_write
from kbvr.system.priority import kept_priority
from kbvr.system.stopwatch import Stopwatch

KEY_FRAME_SECONDS = 2.0
"""Interval of the positions that a player can seek to; the packing is repeated at each."""
ENCODER_THREADS = 4
"""Frames that x264 encodes at once: with a whole frame per thread, pictures are not cut into slices."""
X265_DELAY = 3
"""With fewer pictures, x265 4.2 leaves decoding times unset, unless B frames are off."""
DETERMINISTIC_MUXER = {"fflags": "+bitexact"}
"""Makes Matroska's muxer number tracks from 1 and omit the random number of the file."""
MUXERS = {"mp4": "mp4", "mkv": "matroska", "webm": "webm"}

Frame = UInt8[np.ndarray, "h w 3"] | tuple[UInt8[np.ndarray, "h w 3"], ...]
"""A picture, or the pictures that form it side by side."""
Packet: TypeAlias = Any
"""An av.Packet, which is generic in newer versions of av."""


def write_video(
    frames: Iterable[Frame], item: Item, facts: Facts, options: FileOptions, *, projection: str = "flat"
) -> FileSummary:
    """Write and verify a video of sRGB frames of one even size; see `Format.write`.

    The projection, `flat` or `vr180`, is stored as metadata.
    """
    container = container_of(item.path)
    rate = exact_rate(options.fps)
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        others = iter(frames)
        first = next(others, None)
        if first is None:
            raise InputError("expected at least one picture for a video, got none")
        parts = _parts(first)
        size_px = (sum(part.shape[1] for part in parts), parts[0].shape[0])
        recipe = recipe_of(container, rate, size_px, item, facts, options, projection)
        size_px, count, encode_s = _encode(chain((first,), others), aside, recipe, facts.sources)
        if options.max_mb is not None:
            encode_s += shrink_to_fit(aside, round(options.max_mb * 1e6), recipe, _encode)
        _verify(aside, item.path.name, recipe, size_px, count)
        size_bytes = aside.stat().st_size
    seconds = float(count / rate)
    return FileSummary(item.path, size_px, count, float(rate), seconds, size_bytes, encode_s, recipe.codec.label)


def _encode(
    frames: Iterator[Frame | av.VideoFrame], path: Path, recipe: Recipe, sources: Sequence[int] | None = None
) -> tuple[tuple[int, int], int, float]:
    """Encode frames to a file; return (width, height), the number of frames, and the encoding time in seconds."""
    count, clock = 0, Stopwatch()
    options = {"movflags": "+faststart"} if recipe.container == "mp4" else DETERMINISTIC_MUXER
    with av.open(str(path), "w", format=MUXERS[recipe.container], options=options) as container:
        container.metadata.update(video_tags(recipe.credits, recipe.container))
        first = list(islice(frames, X265_DELAY if recipe.name == "hevc" else 0))
        stream = _add_stream(container, recipe, short=0 < len(first) < X265_DELAY)
        converted = _converted(chain(first, frames), clock)
        for yuv in converted if sources is None else repeated(converted, sources):
            yuv.pts, yuv.time_base = count, 1 / recipe.rate
            with clock.stage("encode"):
                container.mux(_with_sei(stream.encode(yuv), recipe.sei))
            count += 1
        with clock.stage("encode"):
            container.mux(_with_sei(stream.encode(None), recipe.sei))
    if recipe.boxes:
        add_to_sample_entry(path, recipe.boxes)
    if recipe.container == "mp4":
        add_to_mp4(path, recipe.credits)
    return recipe.size_px, count, sum(clock.seconds.values())


def _converted(frames: Iterable[Frame | av.VideoFrame], clock: Stopwatch) -> Iterator[av.VideoFrame]:
    for frame in frames:
        with clock.stage("convert"):
            yuv = frame if isinstance(frame, av.VideoFrame) else _yuv(*_parts(frame))
        yield yuv


def _parts(frame: Frame) -> tuple[UInt8[np.ndarray, "h w 3"], ...]:
    return frame if isinstance(frame, tuple) else (frame,)


def _yuv(*parts: UInt8[np.ndarray, "h w 3"]) -> av.VideoFrame:
    """Return pictures of even size, side by side, as BT.709 4:2:0: three times as fast as FFmpeg's conversion."""
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
    """Add the stream, with colour and stereo metadata; `short` means fewer pictures than X265_DELAY."""
    codec = recipe.codec
    if recipe.name == "av1":
        os.environ.setdefault("SVT_LOG", "1")  # errors only: this is the only way to stop its encoder from printing
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
    with kept_priority():
        context.open()
    return stream


def _with_sei(packets: Iterable[Packet], sei: bytes | None) -> list[Packet]:
    """Return packets, with the message before each key frame."""
    return [_prefixed(packet, sei) if sei is not None and packet.is_keyframe else packet for packet in packets]


def _prefixed(packet: Packet, sei: bytes) -> Packet:
    longer: Packet = av.Packet(sei + bytes(packet))
    for name in ("stream", "time_base", "pts", "dts", "duration", "is_keyframe"):
        setattr(longer, name, getattr(packet, name))
    return longer


def _verify(path: Path, name: str, recipe: Recipe, size_px: tuple[int, int], frames: int) -> None:
    """Compare the properties of the written file with the recipe; `name` names the file in errors."""
    expected = VideoFacts(
        codec=recipe.name,
        size=size_px,
        number_of_frames=frames,
        frames_per_second=round(float(recipe.rate), 2),
        number_of_the_last_frame=frames - 1,
        stereo_packing=recipe.expected_packing,
        spherical=recipe.expected_projection,
    )
    verify_video(path, name, expected)
    if recipe.boxes:
        found = sample_entry_boxes(path)
        if any(found.get(kind) != content for kind, content in boxes_in(recipe.boxes)):
            raise verification_error(name, "its stereo boxes differ")


FORMAT = Format(
    purpose="a video for any player",
    needs="pictures",
    suffixes=(".mp4", ".mkv", ".webm"),
    verification="first and last frames decoded; codec, size, rate, count, colours, packing and boxes compared",
    check=check_video,
    write=write_video,
    even=True,
    takes_parts=True,
    repeats=True,
)
