"""H.264 video in MP4: frames are encoded while the next ones are made, and the file is read back.

The colours are BT.709 in the narrow ("tv") range, and say so.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event
from typing import TypeVar

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from jaxtyping import UInt8

from kbvr.compiled import kernel
from kbvr.errors import InputError, OutputError
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
"""Frames that x264 encodes at once: each thread takes a whole one, so that no picture is cut into slices."""
QUEUE_FRAMES = 3
"""Frames that may wait between rendering and encoding."""
POLL_SECONDS = 0.1
BT709, TV_RANGE, SIDE_BY_SIDE = 1, 1, 1
"""FFmpeg's numbers: BT.709 as matrix, primaries and transfer; narrow range; AV_STEREO3D_SIDEBYSIDE."""
PACKING_SEI = {SIDE_BY_SIDE: 3}
"""FFmpeg's AVStereo3D type -> H.264's frame packing type."""

T = TypeVar("T")
Frame = tuple[UInt8[np.ndarray, "h w 3"], ...]
"""The sRGB pictures of one even size that lie beside each other in a frame."""


@dataclass(frozen=True)
class VideoSummary:
    """A video that was written and has been read back."""

    path: Path
    size_px: tuple[int, int]
    """(width, height) of the whole frame; of a stereo video, both eyes in it."""
    frames: int
    fps: float
    seconds: float
    """How long it plays."""
    bytes: int
    encode_s: float
    """Time that converting and encoding took, in their own thread."""


def write_frames(
    frames: Iterable[Frame],
    path: Path,
    *,
    fps: float,
    stereo_packing: int | None,
    overwrite: bool = False,
    sources: Sequence[int] | None = None,
) -> VideoSummary:
    """Write frames of one size as they come, while the next ones are made, and read the file back.

    The arrays must stay as they are from then on.
    `sources` gives for every frame of the video the number of the frame that it shows, itself or an earlier one; only
    those come that show themselves (`kbvr.repeats`). `stereo_packing` is FFmpeg's AVStereo3D type, which the stream
    tells, or None. What the frames raise is raised from here; nothing is left of the file.

    Raises:
        InputError: no frames, a bad rate, a name that does not end in .mp4.
        OutputError: the file exists, cannot be written, or did not read back as it was written.
    """
    if path.suffix.lower() != ".mp4":
        raise InputError(f"video goes into a file that ends in .mp4, got {path.name}")
    rate = _checked_rate(fps)
    with written_aside(path, overwrite=overwrite) as aside:
        size_px, count, encode_s = _run_alongside(
            frames, lambda fed: _encode(fed, aside, rate, stereo_packing, sources)
        )
        check_read_back(aside, path.name, _facts(size_px, count, rate, stereo_packing))
        size_bytes = aside.stat().st_size
    return VideoSummary(path, size_px, count, float(rate), float(count / rate), size_bytes, encode_s)


def check_picture(picture: np.ndarray, shape: tuple[int, ...], what: str) -> None:
    """Check that a picture is uint8 (height, width, 3) and of the first one's shape; errors call it `what`.

    Raises:
        InputError: if it is not.
    """
    if picture.dtype != np.uint8 or picture.shape != shape or picture.ndim != 3 or picture.shape[2] != 3:
        wanted = f"uint8 (height, width, 3), all of one size; the first is {shape}"
        raise InputError(f"pictures must be {wanted}, {what} is {picture.dtype} {picture.shape}")


def _checked_rate(fps: float) -> Fraction:
    """Return frames per second as the fraction that is meant: one of NTSC_FPS within 0.005, else the nearest simple."""
    if not MIN_FPS <= fps <= MAX_FPS:
        raise InputError(f"the frame rate must be {MIN_FPS:g} to {MAX_FPS:g} per second, got {fps}")
    meant = (ntsc for ntsc in NTSC_FPS if abs(fps - ntsc) <= 0.005)
    return next(meant, Fraction(fps).limit_denominator(1001))


class _AbandonedError(Exception):
    """Raised inside the consumer's thread once nobody waits for its result."""


def _run_alongside(frames: Iterable[Frame], consume: Callable[[Iterator[Frame]], T]) -> T:
    """Run consume in a thread of its own and feed it the frames, which are made in this one.

    At most QUEUE_FRAMES wait in between. An exception on either side stops the other side, and is raised here
    once the thread has ended.
    """
    waiting: Queue[Frame | None] = Queue(maxsize=QUEUE_FRAMES)
    abandoned = Event()

    def fed() -> Iterator[Frame]:
        while not abandoned.is_set():
            try:
                frame = waiting.get(timeout=POLL_SECONDS)
            except Empty:
                continue
            if frame is None:
                return
            yield frame
        raise _AbandonedError

    with ThreadPoolExecutor(1, thread_name_prefix="kbvr-encode") as pool:
        consumed = pool.submit(consume, fed())
        try:
            for frame in frames:
                _offer(frame, waiting, consumed)
            _offer(None, waiting, consumed)
            return consumed.result()
        except BaseException:
            abandoned.set()
            wait([consumed])
            raise


def _offer(frame: Frame | None, waiting: Queue[Frame | None], consumed: Future[T]) -> None:
    """Put a frame into the queue; raise what the consumer raised if it has failed and will take no more."""
    while True:
        if consumed.done():
            consumed.result()
            raise AssertionError("the consumer ended before its frames did")
        try:
            return waiting.put(frame, timeout=POLL_SECONDS)
        except Full:
            pass


def _encode(
    frames: Iterator[Frame], path: Path, rate: Fraction, stereo_packing: int | None, sources: Sequence[int] | None
) -> tuple[tuple[int, int], int, float]:
    """Write the frames to path; return (width, height), how many there were, and the seconds it took."""
    first = next(frames, None)
    if first is None:
        raise InputError("a video needs at least one picture, got none")
    height, width = first[0].shape[0], sum(part.shape[1] for part in first)
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
            yuv = _yuv(*frame)
        yield yuv


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
