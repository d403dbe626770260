"""Side-by-side stereo video: H.264 in MP4, the left eye's picture on the left.

Frame packing is told in the stream (SEI type 3, side by side; with every key frame, valid until the next) and
in the file's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from jaxtyping import UInt8

from kbvr.errors import InputError
from kbvr.formats.video import MAX_SIDE_PX, MIN_SIDE_PX, SIDE_BY_SIDE, Frame, VideoSummary, check_picture, write_frames

Layout = Literal["sbs", "sbs-half"]

NAME_ENDINGS: dict[Layout, str] = {"sbs": "_kbvr_LR.mp4", "sbs-half": "_kbvr_LR_HSBS.mp4"}


def video_name(stem: str, layout: Layout) -> str:
    """Return the name under which players know a video of this photo for what it is.

    `_LR` means left and right side by side, each in full; `_LR_HSBS` that each is squeezed to half its width.
    SKYBOX reads both, and so do players that look for `LR` or `SBS` anywhere in the name.
    """
    return stem + NAME_ENDINGS[layout]


def write_sbs_video(
    pairs: Iterable[tuple[UInt8[np.ndarray, "H W 3"], UInt8[np.ndarray, "H W 3"]]],
    path: Path,
    *,
    fps: float,
    layout: Layout,
    overwrite: bool = False,
    sources: Sequence[int] | None = None,
    on_frame: Callable[[int], None] | None = None,
) -> VideoSummary:
    """Write (left, right) sRGB pictures, all of one size, as they come, while the next ones are made.

    "sbs" keeps every eye's size, "sbs-half" squeezes each to half its width. H.264 wants even sizes: odd ones
    lose their last row or column ("sbs-half": up to three columns, before squeezing). The arrays must
    stay as they are from then on. `sources` says which frames show the same, as in `write_frames`. on_frame is
    told how many pairs have been taken, in the caller's thread. What pairs or on_frame raise is raised from here;
    nothing is left of the file.

    Raises:
        InputError: no pairs, other sizes than the first, too small, wider or higher than 4096 in all, a bad
            rate, a name that does not end in .mp4.
        OutputError: the file exists, cannot be written, or did not read back as it was written.
    """
    frames = _side_by_side_frames(pairs, layout, on_frame)
    return write_frames(frames, path, fps=fps, stereo_packing=SIDE_BY_SIDE, overwrite=overwrite, sources=sources)


def check_eye_size(size_px: tuple[int, int], layout: Layout) -> None:
    """Check that two eyes of this (width, height) fit into one video.

    Raises:
        InputError: if they are too small, or wider or higher than 4096 in all.
    """
    width, height = size_px
    eye_width, eye_height = _eye_in_video_px(size_px, layout)
    if min(eye_width, eye_height) < MIN_SIDE_PX:
        raise InputError(f"an eye must be {MIN_SIDE_PX} px or more each way in video, got {width}x{height}")
    if max(2 * eye_width, eye_height) > MAX_SIDE_PX:
        raise InputError(
            f"H.264 video is at most {MAX_SIDE_PX} px wide and high, but two eyes of {width}x{height} "
            f"as {layout} make {2 * eye_width}x{eye_height}: choose a smaller size per eye"
        )


def _eye_in_video_px(size_px: tuple[int, int], layout: Layout) -> tuple[int, int]:
    """Return the even (width, height) that an eye gets in the video, cropped and perhaps squeezed."""
    width, height = size_px
    return width // (2 if layout == "sbs" else 4) * 2, height // 2 * 2


def _side_by_side_frames(
    pairs: Iterable[tuple[np.ndarray, np.ndarray]], layout: Layout, on_frame: Callable[[int], None] | None
) -> Iterator[Frame]:
    first_shape: tuple[int, ...] = ()
    for count, pair in enumerate(pairs, start=1):
        left, right = pair
        first_shape = first_shape or left.shape
        for eye in pair:
            check_picture(eye, first_shape, f"pair {count}")
        yield _side_by_side(left, right, layout)
        if on_frame is not None:
            on_frame(count)


def _side_by_side(left: UInt8[np.ndarray, "H W 3"], right: UInt8[np.ndarray, "H W 3"], layout: Layout) -> Frame:
    """Return both as even-sized parts of a frame; no chroma sample lies across the seam."""
    size_px = left.shape[1], left.shape[0]
    check_eye_size(size_px, layout)
    eye_width, height = _eye_in_video_px(size_px, layout)
    if layout == "sbs":
        return left[:height, :eye_width], right[:height, :eye_width]
    wide = np.s_[:height, : 2 * eye_width]
    squeezed = (cv2.resize(eye[wide], (eye_width, height), interpolation=cv2.INTER_AREA) for eye in (left, right))
    return tuple(np.asarray(eye, np.uint8) for eye in squeezed)
