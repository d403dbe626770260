"""Size limits of videos: a video that is too large is encoded again, with a higher constant rate factor.

Like two passes at a bit rate, a constant rate factor spends bits where pictures need them, and every encoder supports
it. The source is the first video, since the pictures are not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import log2
from pathlib import Path

import av

from kbvr.errors import InputError
from kbvr.formats.video.recipe import Recipe
from kbvr.system.atomic_file import temporary_folder

FULL = 0.85
"""Share of the limit at which a file is close enough."""

TARGET = 0.93
TRIALS = 6

Encode = Callable[[Iterator[av.VideoFrame], Path, Recipe], tuple[tuple[int, int], int, float]]


def shrink_to_fit(path: Path, max_bytes: int, recipe: Recipe, encode: Encode) -> float:
    """Replace a video that is larger than a limit; return the encoding time in seconds.

    Raises:
        InputError: if it is too large even at the lowest quality.
    """
    sizes = {recipe.crf: path.stat().st_size}
    if sizes[recipe.crf] <= max_bytes:
        return 0.0
    encode_s, best = 0.0, 0
    with temporary_folder(path.parent) as folder:
        trial, fitting = folder / f"trial{path.suffix}", folder / f"fitting{path.suffix}"
        for _ in range(TRIALS):
            crf = _next_crf(sizes, TARGET * max_bytes, recipe)
            if crf in sizes:
                break
            encode_s += encode(_pictures(path), trial, replace(recipe, crf=crf))[2]
            size = sizes[crf] = trial.stat().st_size
            if best < size <= max_bytes:
                best = size
                trial.replace(fitting)
            if FULL * max_bytes <= size <= max_bytes:
                break
        if not best:
            raise InputError(
                f"expected a video of at most {max_bytes / 1e6:g} MB, got {min(sizes.values()) / 1e6:.3g} MB at the "
                "lowest quality: choose smaller pictures, a shorter video or a higher limit"
            )
        fitting.replace(path)
    return encode_s


def _next_crf(sizes: dict[float, int], target: float, recipe: Recipe) -> float:
    """Return the rate factor that should give the target size, from the sizes at other rate factors.

    The logarithm of the size falls about linearly; once there are sizes above and below the target, it is interpolated.
    """
    codec = recipe.codec
    above = max((crf for crf, size in sizes.items() if size > target), default=recipe.crf)
    below = min((crf for crf, size in sizes.items() if size <= target), default=None)
    halvings = log2(sizes[above] / target)
    if below is None:
        crf = above + max(halvings, 0.2) * codec.crf_per_halving
    else:
        crf = above + (below - above) * halvings / log2(sizes[above] / sizes[below])
    return round(min(crf, codec.worst_crf), codec.crf_digits)


def _pictures(path: Path) -> Iterator[av.VideoFrame]:
    """Yield the pictures of a video as new frames, without the metadata of the decoder."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            new = av.VideoFrame.from_ndarray(frame.to_ndarray(format="yuv420p"), format="yuv420p")
            new.colorspace, new.color_range = frame.colorspace, frame.color_range
            yield new
