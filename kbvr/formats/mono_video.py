"""Plain video, one picture a frame: H.264 in MP4."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from kbvr.errors import InputError
from kbvr.formats.video import MAX_SIDE_PX, MIN_SIDE_PX, Frame, VideoSummary, check_picture, write_frames


def mono_video_name(stem: str) -> str:
    """Return the name of the plain video of a photo."""
    return f"{stem}_kbvr.mp4"


def write_mono_video(
    pictures: Iterable[UInt8[np.ndarray, "H W 3"]],
    path: Path,
    *,
    fps: float,
    overwrite: bool = False,
    sources: Sequence[int] | None = None,
    on_frame: Callable[[int], None] | None = None,
) -> VideoSummary:
    """Write sRGB pictures, all of one size, as they come, while the next ones are made; they must stay as they are.

    H.264 wants even sizes: odd ones lose their last row or column. `sources` says which frames show the same, see
    `write_frames`. on_frame is told how many pictures have been taken, in the caller's thread.

    Raises:
        InputError: no pictures, other sizes than the first, too small or too large for H.264, a bad rate, a name that
            does not end in .mp4.
        OutputError: the file exists, cannot be written, or did not read back as it was written.
    """
    return write_frames(
        _even(pictures, on_frame), path, fps=fps, stereo_packing=None, overwrite=overwrite, sources=sources
    )


def check_mono_size(size_px: tuple[int, int]) -> None:
    """Check that a picture of this (width, height) fits into a video.

    Raises:
        InputError: if it is too small, or wider or higher than 4096.
    """
    width, height = (side // 2 * 2 for side in size_px)
    if min(width, height) < MIN_SIDE_PX or max(width, height) > MAX_SIDE_PX:
        raise InputError(
            f"H.264 video is {MIN_SIDE_PX} to {MAX_SIDE_PX} px wide and high, "
            f"got {size_px[0]}x{size_px[1]} (the photo within --max-size)"
        )


def _even(pictures: Iterable[np.ndarray], on_frame: Callable[[int], None] | None) -> Iterator[Frame]:
    first_shape: tuple[int, ...] = ()
    for count, picture in enumerate(pictures, start=1):
        first_shape = first_shape or picture.shape
        check_picture(picture, first_shape, f"picture {count}")
        check_mono_size((picture.shape[1], picture.shape[0]))
        yield (picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2],)
        if on_frame is not None:
            on_frame(count)
