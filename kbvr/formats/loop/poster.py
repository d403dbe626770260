"""The still that stands for a loop: its middle view, as JPEG."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from kbvr.errors import OutputError
from kbvr.formats.loop.animation import Frame, Loop, Told, check_sides, check_told, write_loop
from kbvr.formats.spec.encoding import exif_of
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.options.export_options import FileOptions

MAX_SIDE_PX = 65500
QUALITY = 85


def write_poster(pictures: Iterable[Frame], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write the middle one of sRGB views and read the file back; see `Format.write`."""
    views = list(pictures)
    middle = views[(len(views) - 1) // 2 :][:1]
    return write_loop(middle, item, facts, options, encode=encode, read_back=read_back)


def encode(loop: Loop, path: Path) -> None:
    """Write the first picture of a loop to a file."""
    exif = exif_of(loop.credits, loop.size_px) if loop.credits else b""
    file = BytesIO()  # of a file on a full disk, Pillow may not notice that it wrote half of a JPEG
    Image.fromarray(loop.frames[0]).save(file, "JPEG", quality=QUALITY, optimize=True, progressive=True, exif=exif)
    path.write_bytes(file.getvalue())


def read_back(path: Path, name: str, loop: Loop) -> Told:
    """Decode the picture, with OpenCV, and compare; errors call the file `name`."""
    content = np.frombuffer(path.read_bytes(), np.uint8)  # OpenCV opens no name that is no text
    picture = cv2.imdecode(content, cv2.IMREAD_COLOR)
    if picture is None:
        raise OutputError(f"{name} could not be read back")
    return check_told(Told((picture.shape[1], picture.shape[0]), 1, 0, forever=False), name, loop)


def check_poster(view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Check that views of this (width, height) fit; see `Format.check`."""
    del options
    check_sides(view_px, item, MAX_SIDE_PX)


FORMAT = Format(
    says="the still that stands for a loop",
    needs="pictures",
    suffixes=(".jpg",),
    proof="decoded by OpenCV; size compared",
    check=check_poster,
    write=write_poster,
)
