"""Videos that must not be larger than a number of bytes: made anew with a higher rate factor until they are not.

A constant rate factor spends bits where pictures need them, as two passes at a bit rate would, and works with every
encoder. What is made anew is the video that was too large, not the pictures it was made of: they are gone by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import log2
from pathlib import Path
from typing import TYPE_CHECKING

import av

from kbvr.errors import InputError
from kbvr.system.atomic_file import folder_aside

if TYPE_CHECKING:
    from kbvr.formats.video.recipe import Recipe

FULL = 0.85
"""A file of so much of what it may have is good enough."""

AIM = 0.93
TRIES = 6

Encode = Callable[[Iterator[av.VideoFrame], Path, "Recipe"], tuple[tuple[int, int], int, float]]


def made_to_fit(path: Path, most_bytes: int, recipe: Recipe, encode: Encode) -> float:
    """Replace a video by one of at most so many bytes, unless it has no more; return the seconds it took.

    Raises:
        InputError: if it has more even at the lowest quality.
    """
    sizes = {recipe.crf: path.stat().st_size}
    if sizes[recipe.crf] <= most_bytes:
        return 0.0
    took_s, best = 0.0, 0
    with folder_aside(path.parent) as folder:
        trial, fitting = folder / f"trial{path.suffix}", folder / f"fitting{path.suffix}"
        for _ in range(TRIES):
            crf = _next_crf(sizes, AIM * most_bytes, recipe)
            if crf in sizes:
                break
            took_s += encode(_pictures(path), trial, replace(recipe, crf=crf))[2]
            size = sizes[crf] = trial.stat().st_size
            if best < size <= most_bytes:
                best = size
                trial.replace(fitting)
            if FULL * most_bytes <= size <= most_bytes:
                break
        if not best:
            raise InputError(
                f"the video does not fit into {most_bytes / 1e6:g} MB: at the lowest quality it has "
                f"{min(sizes.values()) / 1e6:.3g} MB; choose a smaller --max-size, fewer --seconds or more --max-mb"
            )
        fitting.replace(path)
    return took_s


def _next_crf(sizes: dict[float, int], wanted: float, recipe: Recipe) -> float:
    """Return the rate factor that should make a file of the wanted size, from sizes of files that were made.

    The logarithm of the size falls about linearly; between two sizes round the wanted one, as it does there.
    """
    codec = recipe.codec
    above = max((crf for crf, size in sizes.items() if size > wanted), default=recipe.crf)
    below = min((crf for crf, size in sizes.items() if size <= wanted), default=None)
    halvings = log2(sizes[above] / wanted)
    if below is None:
        crf = above + max(halvings, 0.2) * codec.crf_per_halving
    else:
        crf = above + (below - above) * halvings / log2(sizes[above] / sizes[below])
    return round(min(crf, codec.worst_crf), codec.crf_digits)


def _pictures(path: Path) -> Iterator[av.VideoFrame]:
    """Yield the pictures of a video as if they were new: without what a decoder knows of them."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            new = av.VideoFrame.from_ndarray(frame.to_ndarray(format="yuv420p"), format="yuv420p")
            new.colorspace, new.color_range = frame.colorspace, frame.color_range
            yield new
