"""Loops as AVIF: the smallest files, in current browsers."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import av
from PIL import Image

from kbvr.formats.loop.animation import AnimationFacts, Loop, check_sides, verify_loop, write_loop
from kbvr.formats.spec.encoding import credit_blocks
from kbvr.formats.spec.format import Format
from kbvr.formats.spec.verification import verification_error
from kbvr.formats.video.mp4_boxes import clear_times

MAX_SIDE_PX = 16384
QUALITY = 60
SPEED = 6
"""0 to 10: files are half as large again above 6."""
THREADS = 4
"""Fixed, since the file depends on it; the encoder's default is the number of processors."""
REPEATED = b"\0\0\x01"
"""Flags of an edit list that repeats (ISO/IEC 23008-12, 7.3: image sequences)."""


def encode(loop: Loop, path: Path) -> None:
    """Write a loop to a file."""
    first, *rest = (Image.fromarray(frame) for frame in loop.frames)
    first.save(
        path,
        "AVIF",
        save_all=True,
        append_images=rest,
        duration=10 * loop.hundredths,
        quality=QUALITY,
        speed=SPEED,
        max_threads=THREADS,
        subsampling="4:2:0",
        range="limited",  # Chromium shows animations in the full range with too much contrast
        **credit_blocks(loop.credits, loop.size_px, with_orientation=False),
    )
    if rest:
        clear_times(path)


def verify(path: Path, name: str, loop: Loop) -> AnimationFacts:
    """Decode all frames with FFmpeg and compare; see `animation.Verify`."""
    try:
        return verify_loop(_facts_of(path), name, loop)
    except (av.FFmpegError, LookupError) as error:
        raise verification_error(name, error) from error


def _facts_of(path: Path) -> AnimationFacts:
    with av.open(str(path)) as container:
        stream = container.streams.video[-1]  # the first is a still that stands for the animation
        frames = list(container.decode(stream))
        size_px = frames[0].width, frames[0].height
        if len(frames) == 1:
            return AnimationFacts(size_px, 1, 0, endless=False)
        duration_ms = round(1000 * float((stream.duration or 0) * (stream.time_base or 0)))
    _, _, edits = path.read_bytes().partition(b"elst")
    return AnimationFacts(size_px, len(frames), duration_ms, endless=edits[1:4] == REPEATED)


FORMAT = Format(
    purpose="a loop for web pages, by far the smallest, in browsers since 2023",
    needs="pictures",
    suffixes=(".avif",),
    verification="all frames decoded by FFmpeg; size, count, duration and repetition compared",
    check=partial(check_sides, max_side_px=MAX_SIDE_PX),
    write=partial(write_loop, encode=encode, verify=verify),
)
