"""Loops as AVIF, the smallest, in browsers of today."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import av
from PIL import Image

from kbvr.errors import OutputError
from kbvr.formats.loop.animation import Frame, Loop, Told, check_sides, check_told, write_loop
from kbvr.formats.spec.encoding import exif_of
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.video.mp4_boxes import forget_times
from kbvr.options.export_options import FileOptions

MAX_SIDE_PX = 16384
QUALITY = 60
SPEED = 6
"""0 to 10: above 6 files are half as large again."""
THREADS = 4
"""Left to itself the encoder goes by the number of processors, and so does the file."""
REPEATED = b"\0\0\x01"
"""Flags of an edit list that begins again when it has ended (ISO/IEC 23008-12, 7.3: image sequences)."""


def write_avif(pictures: Iterable[Frame], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write sRGB views as a loop and read the file back; see `Format.write`."""
    return write_loop(pictures, item, facts, options, encode=encode, read_back=read_back)


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
        exif=exif_of(loop.credits, loop.size_px, says_upright=False) if loop.credits else b"",
        range="limited",  # of the full range Chromium makes too much contrast, in animations only
    )
    if rest:
        forget_times(path)  # the same loop has the same bytes


def read_back(path: Path, name: str, loop: Loop) -> Told:
    """Decode all pictures, with FFmpeg, and compare; errors call the file `name`."""
    try:
        return check_told(_told(path), name, loop)
    except (av.FFmpegError, LookupError) as error:
        raise OutputError(f"{name} could not be read back: {error}") from error


def _told(path: Path) -> Told:
    with av.open(str(path)) as container:
        stream = container.streams.video[-1]  # the first is the still that stands for it
        frames = list(container.decode(stream))
        size_px = frames[0].width, frames[0].height
        if len(frames) == 1:
            return Told(size_px, 1, 0, forever=False)
        milliseconds = round(1000 * float((stream.duration or 0) * (stream.time_base or 0)))
    _, _, edits = path.read_bytes().partition(b"elst")
    return Told(size_px, len(frames), milliseconds, forever=edits[1:4] == REPEATED)


def check_avif(view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Check that views of this (width, height) fit; see `Format.check`."""
    del options
    check_sides(view_px, item, MAX_SIDE_PX)


FORMAT = Format(
    says="a loop for web pages, by far the smallest, in browsers since 2023",
    needs="pictures",
    suffixes=(".avif",),
    proof="all pictures decoded by FFmpeg; size, count, length and repetition compared",
    check=check_avif,
    write=write_avif,
)
