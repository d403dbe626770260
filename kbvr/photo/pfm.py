"""Read PFM: one channel or three of 32-bit floats, from the bottom row to the top.

Three lines of text precede the pixels: Pf or PF, the width and the height, and a scale whose sign tells the byte order
(pauldebevec.com/Research/HDR/PFM). Programs that write depth leave the scale at 1, and others ignore it, as kbvr does.
Unknown pixels are infinite in the disparities of the Middlebury stereo data.
"""

from __future__ import annotations

import re
from typing import BinaryIO

import numpy as np
from jaxtyping import Float32

from kbvr.photo.decoding_memory import FLOAT_BYTES_A_PX
from kbvr.photo.picture_file import Source

_HEADER = re.compile(rb"P([fF])\s+(\d{1,9})\s+(\d{1,9})\s+([-+]?[0-9.]+(?:[eE][-+]?\d+)?)(?:\r\n|\s)")
MAX_HEADER_BYTES = 256


def is_pfm(head: bytes) -> bool:
    """Return whether a file that starts with these bytes is a PFM."""
    return re.match(rb"P[fF]\s+\d", head) is not None


def read_pfm(stream: BinaryIO, source: Source) -> Float32[np.ndarray, "h w c"]:
    """Return the floats of a PFM, the top row first; unknown (infinite) ones are NaN."""
    with source.damage_reported():
        header = _HEADER.match(stream.read(MAX_HEADER_BYTES))
        if header is None:
            raise ValueError("its header does not give a size and a scale")
        width, height, channels = int(header[2]), int(header[3]), 1 if header[1] == b"f" else 3
        if not (width and height):
            raise ValueError(f"its header specifies {width} x {height} pixels")
    source.check_size(width, height, channels * FLOAT_BYTES_A_PX)
    with source.damage_reported():
        stream.seek(header.end())
        order = "<" if float(header[4]) < 0 else ">"
        needed = 4 * width * height * channels
        data = stream.read(needed)
        if len(data) < needed:
            raise ValueError(f"expected {needed} bytes of pixels, got {len(data)}")
        pixels = np.frombuffer(data, f"{order}f4").astype(np.float32).reshape(height, width, channels)[::-1]
    return np.where(np.isinf(pixels), np.float32(np.nan), pixels)
