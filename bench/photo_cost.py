"""Measure what one photo of a batch takes: processor time, memory, and bytes in and out.

Each photo is made as a worker of `kbvr batch` makes it, with one thread and networks that are loaded already. Processor
time adds up the worker and the processes that it starts, which a busy machine affects least. `docs/scale.py` computes
with these figures.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.machine import this_machine
from bench.render import photo_rgb

SIZES_PX: Mapping[str, tuple[int, int]] = {"2 MP": (1632, 1224), "12 MP": (4000, 3000)}
GRAIN_LEVELS, JPEG_QUALITY = 2.0, 90
"""The example photo is enlarged, so that it lacks the noise of a camera, which takes most of the bytes of a file."""

OUTPUTS: Mapping[str, Mapping[str, Any]] = {
    "still, depth map at 640 px": {"still": "sbs", "depth_map": "png", "max_size": 640},
    "still, depth map": {"still": "sbs", "depth_map": "png"},
    "wiggle": {"wiggle": True},
    "gltf": {"gltf": True},
    "stereo": {"stereo": True},
}
"""What is made -> its options; everything else has its default."""


@dataclass(frozen=True)
class PhotoCost:
    """What one photo takes."""

    photo: str
    outputs: str
    cpu_s: float
    """Processor seconds; the median of the runs."""

    wall_s: float
    peak_bytes: int
    bytes_in: int
    bytes_out: int


def measure(size: str, outputs: str, *, runs: int) -> PhotoCost:
    """Make a photo several times in one worker, after one that loads the networks."""
    import psutil

    from kbvr.batching.source import Source
    from kbvr.batching.task import PhotoResult, Task
    from kbvr.batching.worker_process import WorkerProcess
    from kbvr.options.export_options import ExportOptions

    options = ExportOptions(**OUTPUTS[outputs], threads=1)
    others = psutil.Process().children(recursive=True)  # idle decoders, which may end meanwhile
    process = WorkerProcess(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"), "1"))
    with tempfile.TemporaryDirectory() as folder:
        path = camera_photo(Path(folder) / "photo.jpg", SIZES_PX[size])
        task = Task(Source(str(path)), str(Path(folder) / "out"), path.stem, options, "", is_forced=True)

        def cpu_s() -> float:
            spent = [one.cpu_times() for one in psutil.Process().children(recursive=True) if one not in others]
            return sum(times.user + times.system for times in spent)

        def run() -> tuple[float, PhotoResult]:
            before_s = cpu_s()
            result = process.call(task)
            assert result.is_done, result.error
            return cpu_s() - before_s, result

        try:
            run()
            made = [run() for _ in range(runs)]
        finally:
            process.close()
        results = [result for _, result in made]
        return PhotoCost(
            size,
            outputs,
            round(median(seconds for seconds, _ in made), 2),
            round(median(result.seconds for result in results), 2),
            max(result.peak_bytes or 0 for result in results),
            path.stat().st_size,
            sum(output.size_bytes for output in results[0].outputs),
        )


def camera_photo(path: Path, size_px: tuple[int, int]) -> Path:
    """Write the example photo at a size, with grain."""
    from PIL import Image

    rgb = photo_rgb(size_px).astype(np.float32)
    rgb += np.random.default_rng(0).normal(0, GRAIN_LEVELS, rgb.shape).astype(np.float32)
    Image.fromarray(np.clip(np.rint(rgb), 0, 255).astype(np.uint8)).save(path, quality=JPEG_QUALITY)
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the machine and a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.photo_cost", description=__doc__)
    parser.add_argument("--sizes", default=",".join(SIZES_PX), help="sizes of photos, separated by commas")
    parser.add_argument("--outputs", default=";".join(OUTPUTS), help="outputs, separated by semicolons")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--core", type=int, help="the core to use, on Linux")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    machine = this_machine()
    if given.core is not None:
        os.sched_setaffinity(0, {given.core})
    rows = [
        measure(size, outputs, runs=given.runs)
        for size in given.sizes.split(",")
        for outputs in given.outputs.split(";")
    ]
    if given.json:
        print(json.dumps({"machine": machine.as_json(), "rows": [asdict(row) for row in rows]}, indent=1))
        return
    print(*machine.lines(), "", "| photo | outputs | cpu s | wall s | peak MB | MB in | MB out |", sep="\n")
    print("|---|---|--:|--:|--:|--:|--:|")
    for row in rows:
        sizes = f"{row.peak_bytes / 1e6:.0f} | {row.bytes_in / 1e6:.2f} | {row.bytes_out / 1e6:.2f}"
        print(f"| {row.photo} | {row.outputs} | {row.cpu_s:.1f} | {row.wall_s:.1f} | {sizes} |")


if __name__ == "__main__":
    main()
