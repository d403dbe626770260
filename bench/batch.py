"""Measure how many photos a minute `kbvr batch` makes with one process on one core, and with one on every core.

Photos of 2 million pixels (the example photos, mirrored and cropped) become stereo pictures of at most 640 pixels and
depth maps. The efficiency is the rate of all cores over the number of cores times the rate of one process on one core.
Both rates include the start of the processes. Runs alternate; medians are printed, with the range.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

from PIL import Image, ImageOps

from bench.machine import ROOT, this_machine
from kbvr.batching.batch import Batch, Tally, run_batch
from kbvr.batching.local_workers import LocalWorkers
from kbvr.batching.opening import open_ledger
from kbvr.batching.shares import Shares, shares_of
from kbvr.batching.source import Source
from kbvr.options.export_options import ExportOptions

SIZE_PX = (1632, 1224)
OPTIONS = ExportOptions(still=("sbs",), depth_map=("png",), max_size=(640, 640))


def write_photos(folder: Path, count: int) -> list[Path]:
    """Write photos of 2 million pixels, of which no two are the same."""
    examples = [ROOT / "examples" / name for name in ("temple.jpg", "cat.jpg", "coffee.jpg")]
    originals = [Image.open(path).convert("RGB") for path in examples]
    paths = []
    for number in range(count):
        image = originals[number % len(originals)]
        left = number // len(originals) % 20 * image.width // 100
        image = image.crop((left, 0, image.width, image.height))
        image = ImageOps.fit(ImageOps.mirror(image) if number % 2 else image, SIZE_PX)
        paths.append(folder / f"{number:04}.jpg")
        image.save(paths[-1], quality=90)
    return paths


def photos_per_s(photos: list[Path], cores: list[int], shares: Shares) -> tuple[float, int]:
    """Return the rate of a batch on these cores, and the largest memory of one worker in bytes."""
    mine = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as name:
        batch, tally = Batch(name, OPTIONS), Tally()
        sources = [Source(str(path), "", path.stat().st_size) for path in photos]
        begun_s = time.perf_counter()
        os.sched_setaffinity(0, cores)
        try:
            with closing(open_ledger(batch.out)) as ledger:
                executor = LocalWorkers(shares, limit_s=600)
                results = list(run_batch(batch, sources, ledger, executor, tally))
        finally:
            os.sched_setaffinity(0, mine)
        seconds = time.perf_counter() - begun_s
    assert tally.done == len(photos), [result.error for result in results if result.error]
    return len(photos) / seconds, max(result.peak_bytes or 0 for result in results)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    shares = shares_of(OPTIONS, len(cores))
    single, together, peaks = [], [], []
    with tempfile.TemporaryDirectory() as name:
        photos = write_photos(Path(name), arguments.photos)
        few = photos[: max(1, len(photos) // len(cores))]
        for _ in range(arguments.runs):
            single.append(photos_per_s(few, cores[:1], Shares(1, 1, shares.max_bytes))[0])
            rate, peak = photos_per_s(photos, cores, shares)
            together.append(rate)
            peaks.append(peak)
    efficiency = [rate / (len(cores) * one) for rate, one in zip(together, single, strict=True)]
    print("\n".join(this_machine().lines()))
    print(f"{arguments.photos} photos of 2 million pixels, {arguments.runs} runs, {len(cores)} cores")
    for title, values, unit in (
        ("one process on one core", single, "photos/s"),
        (f"{shares.jobs} processes on {len(cores)} cores", together, "photos/s"),
        ("efficiency", efficiency, ""),
    ):
        print(f"{title}: {statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f}) {unit}".rstrip())
    print(f"peak memory of a worker: {max(peaks) / 2**20:.0f} MiB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
