"""Measure seconds and peak memory from a photo to its scene, for 1 to 48 million pixels.

Every size runs in its own process. It loads a JPEG of that size (the example photo, enlarged), estimates depth with the
built-in network, splits, fills and meshes; then it draws the first stereo pair for a 1080p video. `--plot` draws the
curve. Time is linear in pixels if `s / MP` does not grow.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from bench.machine import ROOT, this_machine
from bench.render import BASELINE_M, peak_mib, photo_rgb

MEGAPIXELS = (1, 2, 4, 8, 12, 24, 48)
LONGEST_S = 1800.0
VIDEO_PX = (1920, 1080)
PLOT_PX = (900, 520)


@dataclass(frozen=True)
class SceneFigures:
    """The figures of one size."""

    size_px: tuple[int, int]
    load_s: float
    depth_s: float
    """Opening the network, its first run, and the upsampling to the photo's size."""

    scene_s: float
    first_pair_s: float
    """From the scene to the first two pictures, including the renderer's textures."""

    cpu_s: float
    """Processor time of load, depth and scene, summed over all threads; a busy machine affects it least."""

    peak_mib: float | None

    @property
    def megapixels(self) -> float:
        """Return the size in millions of pixels."""
        return self.size_px[0] * self.size_px[1] / 1e6

    @property
    def photo_to_scene_s(self) -> float:
        """Return the time of all stages before drawing."""
        return self.load_s + self.depth_s + self.scene_s


def size_of(megapixels: float) -> tuple[int, int]:
    """Return the 4:3 size (width, height) with about this many million pixels."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    return round(height * 4 / 3), height


def write_photo(size_px: tuple[int, int], path: Path) -> None:
    """Write the example photo as a JPEG, enlarged to a size."""
    from PIL import Image

    Image.fromarray(photo_rgb(size_px)).save(path, quality=92)


def measure(path: Path) -> SceneFigures:
    """Make the scene of a photo in this process."""
    from kbvr.depth.estimate import estimate_depth
    from kbvr.depth.networks import BUILT_IN_NETWORK
    from kbvr.inpaint.choose import FILLERS, filler_named
    from kbvr.ldi.scene import build_scene
    from kbvr.options.export_options import ExportOptions
    from kbvr.photo.photo import load_photo
    from kbvr.plan.output_kinds import KINDS
    from kbvr.rendering.cpu_renderer import Renderer

    filler = filler_named(FILLERS[0])
    moments, busy_s = [time.perf_counter()], time.process_time()
    photo = load_photo(path)
    moments.append(time.perf_counter())
    depth = estimate_depth(photo, model=BUILT_IN_NETWORK)
    moments.append(time.perf_counter())
    scene = build_scene(photo, depth, reach_m=BASELINE_M / 2, filler=filler)
    moments.append(time.perf_counter())
    busy_s = time.process_time() - busy_s
    camera = scene.camera.resized(KINDS["stereo"].view_px(photo.size_px, ExportOptions(max_size=VIDEO_PX)))
    with Renderer(scene, pixels_per_photo_px=camera.f_px / scene.camera.f_px) as drawing:
        for x_m in (-BASELINE_M / 2, BASELINE_M / 2):
            drawing.frame(camera.moved(x_m=x_m))
    moments.append(time.perf_counter())
    load_s, depth_s, scene_s, pair_s = (end - start for start, end in pairwise(moments))
    return SceneFigures(photo.size_px, load_s, depth_s, scene_s, pair_s, busy_s, peak_mib())


def in_fresh_process(*arguments: str) -> str:
    """Run this file in a fresh Python and return what it prints."""
    command = [sys.executable, "-m", "bench.scene", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=LONGEST_S)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout


def measured_sizes(megapixels: Sequence[float]) -> list[SceneFigures]:
    """Measure every size in its own process; other processes write the photos, because memory is measured."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for size_mp in megapixels:
            path = Path(folder) / f"{size_mp:g}.jpg"
            in_fresh_process("--write", str(size_mp), str(path))
            figures.append(SceneFigures(**json.loads(in_fresh_process("--measure", str(path)))))
            path.unlink()
    return figures


def scene_table(figures: Sequence[SceneFigures]) -> str:
    """Return a Markdown table, a row per size."""
    lines = [
        "| photo MP | load s | depth s | scene s |  total s | cpu s | cpu s / MP | first pair s | peak MiB |",
        "|---------:|-------:|--------:|--------:|---------:|------:|-----------:|-------------:|---------:|",
    ]
    for row in figures:
        peak = "unknown" if row.peak_mib is None else f"{row.peak_mib:.0f}"
        lines.append(
            f"| {row.megapixels:8.1f} | {row.load_s:6.2f} | {row.depth_s:7.2f} | {row.scene_s:7.2f} "
            f"| {row.photo_to_scene_s:8.2f} | {row.cpu_s:5.2f} | {row.cpu_s / row.megapixels:10.2f} "
            f"| {row.first_pair_s:12.2f} | {peak:>8} |"
        )
    return "\n".join(lines)


def write_plot(figures: Sequence[SceneFigures], path: Path) -> None:
    """Draw processor seconds and peak memory over millions of pixels, each relative to its maximum."""
    import cv2
    import numpy as np

    width, height = PLOT_PX
    canvas = np.full((height, width, 3), 255, np.uint8)
    left, right, top, bottom = 60, width - 30, 50, height - 50
    most_mp = max(row.megapixels for row in figures)
    cv2.rectangle(canvas, (left, top), (right, bottom), (160, 160, 160), 1)
    curves = (
        ("cpu s", [row.cpu_s for row in figures], (200, 90, 20)),
        ("peak MiB", [row.peak_mib or 0.0 for row in figures], (40, 40, 200)),
    )
    for index, (name, values, colour) in enumerate(curves):
        most = max(*values, 1e-9)
        points = [
            (round(left + (right - left) * row.megapixels / most_mp), round(bottom - (bottom - top) * value / most))
            for row, value in zip(figures, values, strict=True)
        ]
        cv2.polylines(canvas, [np.array(points, np.int32)], False, colour, 2, cv2.LINE_AA)
        for point in points:
            cv2.circle(canvas, point, 4, colour, -1, cv2.LINE_AA)
        text = f"{name}: 0 to {most:.4g}"
        cv2.putText(canvas, text, (left + 300 * index, top - 18), cv2.FONT_HERSHEY_SIMPLEX, 0.6, colour, 1, cv2.LINE_AA)
    text = f"0 to {most_mp:.0f} million pixels"
    cv2.putText(canvas, text, (left, height - 18), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (60, 60, 60), 1, cv2.LINE_AA)
    if not cv2.imwrite(str(path), canvas):
        raise OSError(f"{path} could not be written")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.scene", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="also draw the curve")
    parser.add_argument("--megapixels", type=float, nargs="+", default=MEGAPIXELS, help="sizes to measure")
    parser.add_argument("--measure", type=Path, help="measure one photo in this process and print its JSON")
    parser.add_argument("--write", nargs=2, metavar=("MEGAPIXELS", "JPEG"), help="write a photo to measure")
    options = parser.parse_args(arguments)
    if options.write:
        write_photo(size_of(float(options.write[0])), Path(options.write[1]))
        return 0
    if options.measure:
        print(json.dumps(asdict(measure(options.measure))))
        return 0
    machine = this_machine()
    figures = measured_sizes(options.megapixels)
    if options.plot:
        write_plot(figures, options.plot)
    if options.json:
        print(json.dumps(machine.as_json() | {"sizes": [asdict(row) for row in figures]}, indent=1))
        return 0
    print("\n".join(machine.lines()), scene_table(figures), sep="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
