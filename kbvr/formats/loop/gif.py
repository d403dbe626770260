"""Loops as GIF, for every browser and mail program, with one palette for all frames.

A palette for each frame would make files larger and colours flicker. Ordered dithering keeps skies and ceilings from
banding: its pattern stays in place, so that nothing flickers, and costs 2% of the size. Error diffusion (Floyd and
Steinberg, Sierra, Heckbert) makes files up to 63% larger, and its grain changes from frame to frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
from av.filter import Graph
from PIL import Image, UnidentifiedImageError

from kbvr.formats.loop.animation import AnimationFacts, Loop, check_sides, verify_loop, write_loop
from kbvr.formats.spec.encoding import credit_texts
from kbvr.formats.spec.format import Format
from kbvr.formats.spec.verification import verification_error
from kbvr.formats.spec.xmp import xmp_of

MAX_SIDE_PX = 65535
TIME_BASE = Fraction(1, 100)
DITHER = "bayer:bayer_scale=4"
"""FFmpeg's ordered dither; a smaller scale has a coarser pattern, a larger one leaves bands."""


def encode(loop: Loop, path: Path) -> None:
    """Write a loop to a file."""
    width, height = loop.size_px
    graph = Graph()
    source = graph.add_buffer(width=width, height=height, format=av.VideoFormat("rgb24"), time_base=TIME_BASE)
    split = graph.add("split")
    palette = graph.add("palettegen", "stats_mode=full")
    use = graph.add("paletteuse", f"dither={DITHER}")
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
        added = _comment(credit_texts(loop.credits)) + _xmp(xmp_of(loop.credits))
        path.write_bytes(content[:-1] + added + content[-1:])


def _comment(texts: Mapping[str, str]) -> bytes:
    """Return a comment extension (GIF89a, section 24) in UTF-8, to be put before the trailer, the last byte."""
    text = "\n".join(f"{name}: {text}" for name, text in texts.items()).encode()
    blocks = (text[at : at + 255] for at in range(0, len(text), 255))
    return b"!\xfe" + b"".join(bytes((len(block),)) + block for block in blocks) + b"\0"


def _xmp(packet: bytes) -> bytes:
    """Return an application extension with a packet (XMP specification, part 3, 1.1.2), which has no blocks.

    Readers that skip blocks read letters as lengths, and arrive somewhere in a trailer that leads to its end: 1, then
    255 down to 0, then 0.
    """
    return b"!\xff\x0bXMP DataXMP" + packet + b"\x01" + bytes(range(255, -1, -1)) + b"\0"


def verify(path: Path, name: str, loop: Loop, *, kind: str = "GIF", may_merge: bool = False) -> AnimationFacts:
    """Decode all frames with Pillow, as a kind of file, and compare; see `animation.Verify` and `verify_loop`."""
    try:
        return verify_loop(_facts_of(path, kind), name, loop, may_merge=may_merge)
    except (UnidentifiedImageError, EOFError, ValueError) as error:
        raise verification_error(name, error) from error


def _facts_of(path: Path, kind: str) -> AnimationFacts:
    with Image.open(path, formats=[kind]) as picture:
        count = getattr(picture, "n_frames", 1)
        duration_ms = 0
        for index in range(count):
            picture.seek(index)
            picture.load()
            duration_ms += round(picture.info.get("duration", 0))
        endless = count > 1 and picture.info.get("loop") == 0
        return AnimationFacts(picture.size, count, duration_ms if count > 1 else 0, endless)


FORMAT = Format(
    purpose="a loop for web pages that works everywhere; large",
    needs="pictures",
    suffixes=(".gif",),
    verification="all frames decoded by Pillow; size, count, duration and repetition compared",
    check=partial(check_sides, max_side_px=MAX_SIDE_PX),
    write=partial(write_loop, encode=encode, verify=verify),
)
