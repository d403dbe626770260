"""Loops as GIF, which every browser and every mail program shows, with one palette for all pictures.

A palette of its own for each picture would be larger, and colours would flicker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path

import av
from av.filter import Graph
from PIL import Image, UnidentifiedImageError

from kbvr.errors import OutputError
from kbvr.formats.loop.animation import Frame, Loop, Told, check_sides, check_told, write_loop
from kbvr.formats.spec.encoding import credit_texts
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.options.export_options import FileOptions

MAX_SIDE_PX = 65535
TIME_BASE = Fraction(1, 100)


def write_gif(pictures: Iterable[Frame], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write sRGB views as a loop and read the file back; see `Format.write`."""
    return write_loop(pictures, item, facts, options, encode=encode, read_back=read_back)


def encode(loop: Loop, path: Path) -> None:
    """Write a loop to a file."""
    width, height = loop.size_px
    graph = Graph()
    source = graph.add_buffer(width=width, height=height, format=av.VideoFormat("rgb24"), time_base=TIME_BASE)
    split = graph.add("split")
    palette = graph.add("palettegen", "stats_mode=full")
    use = graph.add("paletteuse", "dither=none")
    sink = graph.add("buffersink")
    source.link_to(split)
    split.link_to(palette, 0, 0)
    split.link_to(use, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    with av.open(str(path), "w", format="gif", options={"loop": "0"}) as container:
        stream = container.add_stream("gif", rate=Fraction(100, loop.hundredths))
        stream.width, stream.height, stream.pix_fmt = width, height, "pal8"
        stream.codec_context.time_base = TIME_BASE
        for index, picture in enumerate(loop.frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index * loop.hundredths, TIME_BASE
            graph.push(frame)
        graph.push(None)
        for _ in loop.frames:
            container.mux(stream.encode(graph.vpull()))
        container.mux(stream.encode(None))
    if loop.credits:
        content = path.read_bytes()
        path.write_bytes(content[:-1] + _comment(credit_texts(loop.credits)) + content[-1:])


def _comment(texts: Mapping[str, str]) -> bytes:
    """Return a comment extension (GIF89a, section 24), in UTF-8; it belongs before the trailer, which is one byte."""
    said = "\n".join(f"{name}: {text}" for name, text in texts.items()).encode()
    blocks = (said[at : at + 255] for at in range(0, len(said), 255))
    return b"!\xfe" + b"".join(bytes((len(block),)) + block for block in blocks) + b"\0"


def read_back(path: Path, name: str, loop: Loop) -> Told:
    """Decode all pictures, with Pillow, and compare; errors call the file `name`."""
    try:
        return check_told(told_by_pillow(path, "GIF"), name, loop)
    except (UnidentifiedImageError, EOFError, ValueError) as error:
        raise OutputError(f"{name} could not be read back: {error}") from error


def told_by_pillow(path: Path, kind: str) -> Told:
    """Return what a file of a kind that Pillow reads says of its animation."""
    with Image.open(path, formats=[kind]) as picture:
        count = getattr(picture, "n_frames", 1)
        milliseconds = 0
        for index in range(count):
            picture.seek(index)
            picture.load()
            milliseconds += round(picture.info.get("duration", 0))
        return Told(picture.size, count, milliseconds if count > 1 else 0, count > 1 and picture.info.get("loop") == 0)


def check_gif(view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Check that views of this (width, height) fit; see `Format.check`."""
    del options
    check_sides(view_px, item, MAX_SIDE_PX)


FORMAT = Format(
    says="a loop for web pages that anything shows; large",
    needs="pictures",
    suffixes=(".gif",),
    proof="all pictures decoded by Pillow; size, count, length and repetition compared",
    check=check_gif,
    write=write_gif,
)
