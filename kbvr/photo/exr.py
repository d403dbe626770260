"""OpenEXR: read a depth channel from any layout, and write one with ZIP compression."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import BinaryIO

import numpy as np
from jaxtyping import Float32

from kbvr.photo.decoding_memory import FLOAT_BYTES_A_PX
from kbvr.photo.picture_file import Source

Channel = tuple[int, str]
"""The number of a part, and the name of one of its channels."""


def read_exr(stream: BinaryIO, source: Source) -> Float32[np.ndarray, "h w c"]:
    """Read an EXR's depth channel, or R, G and B if it has none."""
    import OpenEXR

    with source.damage_reported():
        data = stream.read()
        parts = OpenEXR.File(BytesIO(data), header_only=True).parts
        headers = [part.header for part in parts]
        windows = [header["dataWindow"] for header in headers]
        sizes_px = [tuple(int(side) + 1 for side in np.subtract(end, start)) for start, end in windows]
        listed = {
            (index, channel.name): (channel.xSampling, channel.ySampling)
            for index, header in enumerate(headers)
            for channel in header["channels"]
        }
        are_deep = any(header["type"] in (OpenEXR.deepscanline, OpenEXR.deeptile) for header in headers)
    for width, height in sizes_px:
        source.check_size(width, height, FLOAT_BYTES_A_PX)
    if are_deep:
        raise source.refused("an EXR of deep pixels")
    chosen = _depth_channels(list(listed), source)
    if any(listed[channel] != (1, 1) for channel in chosen):
        raise source.refused(f"an EXR with its channel {chosen[0][1]} subsampled")
    with source.damage_reported():
        file = OpenEXR.File(BytesIO(data), separate_channels=True)
        planes = [np.asarray(file.channels(part)[name].pixels) for part, name in chosen]
        if any(plane.shape != sizes_px[chosen[0][0]][::-1] for plane in planes):
            raise ValueError("its pixels cannot be read")
    # Integers are converted without scaling: unlike PNG, EXR has float types, so its integers are plain values.
    return np.stack(planes, axis=-1).astype(np.float32)


def _depth_channels(channels: list[Channel], source: Source) -> list[Channel]:
    """Return the only channel, else the only one named depth (or in such a layer), else Z, Y, or R, G and B."""
    words = {channel: channel[1].lower().split(".") for channel in channels}
    named = [channel for channel, word in words.items() if {"depth", "disparity", "inverse_depth"} & set(word[-2:])]
    for choice in (channels, named, *([c for c, word in words.items() if word == [letter]] for letter in "zy")):
        if len(choice) == 1:
            return choice
    first = [(part, name) for part, name in channels if name in ("R", "G", "B") and part == channels[0][0]]
    if not named and len(first) == 3:
        return sorted(first, reverse=True)
    names = ", ".join(name for _, name in channels)
    raise source.refused(f"an EXR whose channels ({names}) do not say which is depth (Z, depth, disparity or Y)")


def exr_bytes(values: Float32[np.ndarray, "h w"], channel: str, attributes: Mapping[str, str | float]) -> bytes:
    """Return an EXR of one channel of floats, losslessly compressed, with attributes in its header."""
    import OpenEXR

    header = {**attributes, "compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    file = BytesIO()
    OpenEXR.File(header, {channel: np.ascontiguousarray(values)}).write(file)
    return file.getvalue()
