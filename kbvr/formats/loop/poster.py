"""The poster of a loop: its middle view, as JPEG."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from kbvr.formats.loop.animation import AnimationFacts, Frame, Loop, check_sides, verify_loop, write_loop
from kbvr.formats.spec.encoding import credit_blocks, saved
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.spec.verification import verification_error
from kbvr.options.export_options import FileOptions

MAX_SIDE_PX = 65500
QUALITY = 85


def write_poster(pictures: Iterable[Frame], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify the middle one of sRGB views; see `Format.write`."""
    views = list(pictures)
    middle = views[(len(views) - 1) // 2 :][:1]
    return write_loop(middle, item, facts, options, encode=encode, verify=verify)


def encode(loop: Loop, path: Path) -> None:
    """Write the first frame of a loop to a file."""
    picture, known = Image.fromarray(loop.frames[0]), credit_blocks(loop.credits, loop.size_px)
    path.write_bytes(saved(picture, "JPEG", quality=QUALITY, optimize=True, progressive=True, **known))


def verify(path: Path, name: str, loop: Loop) -> AnimationFacts:
    """Decode the picture with OpenCV and compare; see `animation.Verify`."""
    content = np.frombuffer(path.read_bytes(), np.uint8)  # OpenCV cannot open names that are not valid text
    picture = cv2.imdecode(content, cv2.IMREAD_COLOR)
    if picture is None:
        raise verification_error(name, "OpenCV cannot decode it")
    return verify_loop(AnimationFacts((picture.shape[1], picture.shape[0]), 1, 0, endless=False), name, loop)


FORMAT = Format(
    purpose="the still that stands for a loop",
    needs="pictures",
    suffixes=(".jpg",),
    verification="decoded by OpenCV; size compared",
    check=partial(check_sides, max_side_px=MAX_SIDE_PX),
    write=write_poster,
)
