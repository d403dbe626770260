"""The files of a mended depth in a project's folder.

depth.png                the depth, while it differs from the automatic one; a text says the last step in it
mending/history          the undo history (`kbvr.studio.mending.journal`)
mending/unmended_step    the last step, while depth.png does not exist because everything was undone
mending/protected.png    pixels that stay as they are
"""

from __future__ import annotations

import logging
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from kbvr.depth.depth_map import DepthMap
from kbvr.errors import InputError
from kbvr.formats.depth.depth_map import png_of_depth
from kbvr.imaging.array_types import Mask
from kbvr.photo.png_texts import read_png_texts
from kbvr.system.atomic_file import atomic_write

STEP = "mending_step"
QUICK = 1
"""Compression of the PNG, which is written again after each pause."""

_log = logging.getLogger(__name__)


class DepthStore:
    """Where the depth of one project is kept."""

    def __init__(self, folder: Path) -> None:
        self._depth = folder / "depth.png"
        self._unmended = folder / "mending" / "unmended_step"
        self._protected = folder / "mending" / "protected.png"
        self.history = folder / "mending" / "history"

    def saved_step(self) -> int:
        """Return the last step in the depth on disk; 0 if that has none."""
        try:
            if self._depth.exists():
                return _step(read_png_texts(self._depth, "a depth map").get(STEP, ""))
            return _step(self._unmended.read_text("ascii"))
        except (OSError, InputError, UnicodeDecodeError):
            return 0

    def save(self, depth: DepthMap, step: int) -> None:
        """Write a mended depth. Raises OutputError if it cannot be written."""
        content = png_of_depth(depth, texts={STEP: str(step)}, compress_level=QUICK)
        with atomic_write(self._depth, overwrite=True) as temporary:
            temporary.write_bytes(content)

    def save_unmended(self, step: int) -> None:
        """Remove the mended depth: the automatic one is the current one again. Raises OutputError if it cannot."""
        with atomic_write(self._unmended, overwrite=True) as temporary:
            temporary.write_text(str(step), "ascii")
        self._depth.unlink(missing_ok=True)

    def protected(self, shape: tuple[int, int]) -> Mask:
        """Return which pixels are protected in a map of (height, width)."""
        with suppress(OSError, ValueError, SyntaxError), self._protected.open("rb") as file:
            picture = PngImagePlugin.PngImageFile(file)
            if picture.size == (shape[1], shape[0]):
                return np.asarray(picture.convert("L")) > 127
        return np.zeros(shape, bool)

    def save_protected(self, mask: Mask) -> None:
        """Write which pixels are protected. Raises OutputError if it cannot be written."""
        file = BytesIO()
        Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).convert("1").save(file, "PNG")
        with atomic_write(self._protected, overwrite=True) as temporary:
            temporary.write_bytes(file.getvalue())


def _step(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
