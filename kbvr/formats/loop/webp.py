"""Loops as WebP, a quarter of a GIF and with all colours."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
from PIL import UnidentifiedImageError

from kbvr.errors import OutputError
from kbvr.formats.loop.animation import Frame, Loop, Told, check_sides, check_told, write_loop
from kbvr.formats.loop.gif import told_by_pillow
from kbvr.formats.spec.encoding import exif_of
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.options.export_options import FileOptions

MAX_SIDE_PX = 16383
QUALITY = 75
EFFORT = 4
"""0 to 6: 6 takes twice as long and saves two percent."""
TIME_BASE = Fraction(1, 1000)
EXIF_FLAG = 0x08


def write_webp(pictures: Iterable[Frame], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write sRGB views as a loop and read the file back; see `Format.write`."""
    return write_loop(pictures, item, facts, options, encode=encode, read_back=read_back)


def encode(loop: Loop, path: Path) -> None:
    """Write a loop to a file."""
    with av.open(str(path), "w", format="webp", options={"loop": "0"}) as container:
        options = {"quality": str(QUALITY), "compression_level": str(EFFORT)}
        stream = container.add_stream("libwebp_anim", rate=Fraction(100, loop.hundredths), options=options)
        (stream.width, stream.height), stream.pix_fmt = loop.size_px, "bgra"
        stream.codec_context.time_base = TIME_BASE
        for index, picture in enumerate(loop.frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="bgra")
            frame.pts, frame.time_base = 10 * index * loop.hundredths, TIME_BASE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    if loop.credits:
        path.write_bytes(_with_exif(path.read_bytes(), exif_of(loop.credits, loop.size_px)))


def _with_exif(content: bytes, exif: bytes) -> bytes:
    """Return a WebP with an EXIF chunk at its end, and the flag for it (WebP container specification)."""
    body = content[12:]
    if body[:4] != b"VP8X":
        return content  # a single picture in the simple layout, which has no place for it
    flagged = body[:8] + bytes((body[8] | EXIF_FLAG,)) + body[9:]
    block = exif.removeprefix(b"Exif\0\0")
    chunk = b"EXIF" + len(block).to_bytes(4, "little") + block + b"\0" * (len(block) % 2)
    size = 4 + len(flagged) + len(chunk)
    return b"RIFF" + size.to_bytes(4, "little") + b"WEBP" + flagged + chunk


def read_back(path: Path, name: str, loop: Loop) -> Told:
    """Decode all pictures, with Pillow, and compare; errors call the file `name`."""
    try:
        return check_told(told_by_pillow(path, "WEBP"), name, loop, merged=True)
    except (UnidentifiedImageError, EOFError, ValueError) as error:
        raise OutputError(f"{name} could not be read back: {error}") from error


def check_webp(view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Check that views of this (width, height) fit; see `Format.check`."""
    del options
    check_sides(view_px, item, MAX_SIDE_PX)


FORMAT = Format(
    says="a loop for web pages, in all browsers since 2020",
    needs="pictures",
    suffixes=(".webp",),
    proof="all pictures decoded by Pillow; size, count, length and repetition compared",
    check=check_webp,
    write=write_webp,
)
