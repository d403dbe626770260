"""The pictures that are in a video or a loop."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from PIL import Image


def video_frames(path: Path) -> list[np.ndarray]:
    """All frames as RGB, through the matrix and the range that the file names, worked out here in floats."""
    with av.open(str(path)) as container:
        return [bt709_rgb(frame) for frame in container.decode(video=0)]


def bt709_rgb(frame: av.VideoFrame) -> np.ndarray:
    """ITU-R BT.709-6, 3.2-3.5: narrow range, Kr = 0.2126, Kb = 0.0722."""
    planes = frame.to_ndarray(format="yuv420p").astype(np.float64)
    height, width = frame.height, frame.width
    luma = (planes[:height] - 16) / 219
    chroma = (planes[height:].reshape(2, height // 2, width // 2) - 128) / 224
    blue_less_luma, red_less_luma = (plane.repeat(2, 0).repeat(2, 1) for plane in chroma)
    red = luma + 2 * (1 - 0.2126) * red_less_luma
    blue = luma + 2 * (1 - 0.0722) * blue_less_luma
    green = (luma - 0.2126 * red - 0.0722 * blue) / 0.7152
    return np.stack([red, green, blue], 2) * 255


def loop_frames(path: Path) -> list[np.ndarray]:
    """All pictures of a loop as RGB."""
    if path.suffix in (".mp4", ".avif"):
        with av.open(str(path)) as container:
            frames = list(container.decode(container.streams.video[-1]))
            return [frame.reformat(format="rgb24", src_colorspace=_matrix(frame)).to_ndarray() for frame in frames]
    with Image.open(path) as picture:
        return [_frame(picture, index) for index in range(picture.n_frames)]


def _matrix(frame: av.VideoFrame) -> str:
    return "ITU709" if frame.colorspace == 1 else "ITU601"


def _frame(picture: Image.Image, index: int) -> np.ndarray:
    picture.seek(index)
    return np.asarray(picture.convert("RGB"))
