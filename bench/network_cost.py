"""The cost of a depth network: seconds per pass, and bytes on disk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.depth_bars import MAX_MB, MAX_SECONDS, Bar, at_most
from bench.estimates import Tested
from kbvr.nets import open_file

TIMED_SIZE_PX = (512, 384)
TIMED_PASSES = 21
THREADS = 2


@dataclass(frozen=True)
class Cost:
    """The time of passes on the CPU, and the size of the file."""

    pass_s: Sequence[float]
    """Time of every pass, fastest first; empty for a network that requires more than a picture of that size."""

    file_mb: float


def cost_of(tested: Tested) -> Cost:
    """Time the passes of a network on the CPU, with two threads and a picture of TIMED_SIZE_PX."""
    mb = tested.path.stat().st_size / 1e6
    if tested.network.fixed_size_px not in (None, TIMED_SIZE_PX) or len(tested.network.session.get_inputs()) > 1:
        return Cost((), mb)
    session = open_file(tested.path, device="cpu", threads=THREADS)
    width, height = TIMED_SIZE_PX
    feeds = {tested.network.recipe.input: np.random.default_rng(0).random((1, 3, height, width), np.float32)}
    session.run(None, feeds)
    seconds = []
    for _ in range(TIMED_PASSES):
        start = time.perf_counter()
        session.run(None, feeds)
        seconds.append(time.perf_counter() - start)
    return Cost(sorted(seconds), mb)


def bars(cost: Cost) -> list[Bar]:
    """Return the bars for time and file size."""
    bytes_bar = at_most("file, MB", cost.file_mb, MAX_MB)
    if not cost.pass_s:
        return [bytes_bar]
    return [at_most("one pass at 512x384, s", cost.pass_s[len(cost.pass_s) // 2], MAX_SECONDS), bytes_bar]


def report(name: str, cost: Cost) -> str:
    """Return a sentence about time and file size."""
    size = f"The file of {name} has {cost.file_mb:.1f} MB."
    if not cost.pass_s:
        return size
    width, height = TIMED_SIZE_PX
    seconds = cost.pass_s
    return (
        f"One pass of {name} at {width}x{height} on {THREADS} threads, {len(seconds)} runs: "
        f"{seconds[0]:.3f} s minimum, {seconds[len(seconds) // 2]:.3f} s median, {seconds[-1]:.3f} s maximum. {size}"
    )
