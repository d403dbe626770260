"""The first picture of a video, for a thumbnail."""

from __future__ import annotations

from io import BufferedReader
from pathlib import Path

import av
import numpy as np
from jaxtyping import UInt8

from kbvr.errors import InputError


def first_picture(file: BufferedReader, max_px: int) -> UInt8[np.ndarray, "H W 3"]:
    """Return the first frame of an opened video as sRGB pixels, at most `max_px` along its long side.

    Raises:
        InputError: if the file contains no video, or one that cannot be decoded.
    """
    try:
        with av.open(file, "r") as container:
            frame = next(container.decode(container.streams.video[0]))
    except (av.FFmpegError, LookupError, StopIteration) as error:
        raise InputError(f"expected a video, got {Path(file.name).name}: {error}") from error
    scale = min(1.0, max_px / max(frame.width, frame.height))
    width, height = (max(2, round(side * scale)) for side in (frame.width, frame.height))
    return frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
