"""Measure seconds and peak memory per stereo pair, and the stages of an export.

Every case runs in its own process, because peak memory belongs to a process: it counts everything from the start of
Python to the last picture. One call renders both eyes to RGB, including the renderer's setup; the first call is not
timed. `film` is the time of every further pair in one call. `scene` is a wall, a floor and twelve cards with known
depth; `photo` is the example photo resized. `naive` is the plain warp of `bench.baselines` (NumPy, one thread, whole
pixels), which makes only the right picture. `floor` is the time that memory alone would take: the texels that a pair
reads and the pixels that it writes, at the measured speed of a large copy. In an export, rendering and encoding run at
the same time, so their shares can add up to more than 100%.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, UInt8

from bench.machine import ROOT, this_machine

if TYPE_CHECKING:  # the parents of measuring processes stay small: no picture library
    from kbvr.depth.depth_map import DepthMap
    from kbvr.geometry.camera import Camera
    from kbvr.ldi.scene import Scene
    from kbvr.photo.photo import Photo

SIZES_PX = {"1024x768": (1024, 768), "1080p": (1920, 1080), "12 MP": (4000, 3000)}
RUNS = {"1024x768": 15, "1080p": 15, "12 MP": 7}
FILM_PAIRS = 8
FILM_RUNS = 3
CASES = [f"{source} {size}" for source in ("scene", "photo") for size in SIZES_PX]
EXPORT = "export"
COPIED_BYTES = 2**28
TEXEL_BYTES, TEXELS_PER_PX, PIXEL_BYTES = 4, 4, 3
BASELINE_M = 0.03
"""Gives a disparity of 3% of the width at 1 m, the default maximum."""

CARDS = 12
LONGEST_S = 900.0


@dataclass(frozen=True)
class RenderFigures:
    """The figures of one case."""

    case: str
    size_px: tuple[int, int]
    depth_s: float | None
    """Photo to DepthMap, including loading the network; None if depth is given."""

    scene_s: float
    """DepthMap to Scene."""

    pair_min_s: float
    pair_median_s: float
    pair_spread_s: float
    """Slowest minus fastest."""

    runs: int
    film_pair_s: float
    """Every further pair of a call that renders many, as in an export; the mean of the fastest of `FILM_RUNS` films."""

    film_one_thread_s: float
    """The same, with one thread."""

    film_cpu_s: float
    """Processor time of that; a busy machine affects it least."""

    naive_s: float
    """One picture by the naive warp; fastest of three."""

    floor_s: float
    """Time that memory alone would take for a pair."""

    peak_mib: float | None
    """None if the system does not report it."""


@dataclass(frozen=True)
class ExportFigures:
    """The figures of the default export of the example photo."""

    total_s: float
    stage_s: dict[str, float]
    """Working time of each stage, in seconds."""

    peak_mib: float | None

    def share(self, stage: str) -> float:
        """Return the share of a stage in the total time."""
        return self.stage_s[stage] / self.total_s


def layered_scene(
    size_px: tuple[int, int],
) -> tuple[UInt8[np.ndarray, "H W 3"], Float32[np.ndarray, "H W"]]:
    """Return a picture and its inverse depth in 1/m: a wall at 6 m, a floor in front of it, cards from 1 to 4 m.

    The result depends only on the size; every surface has texture down to single pixels.
    """
    width, height = size_px
    random = np.random.default_rng(2)
    floor = np.linspace(-0.8, 0.8, height, dtype=np.float32)[:, None]
    inverse_depth = np.broadcast_to(np.maximum(1 / 6, floor), (height, width)).copy()
    colour = np.broadcast_to(np.where(floor > 1 / 6, 90, 160)[..., None], (height, width, 3)).astype(np.int16)
    for depth_m in np.linspace(4, 1, CARDS):
        x, y = int(random.uniform(0, 0.85) * width), int(random.uniform(0, 0.7) * height)
        card = np.s_[y : y + height // 4, x : x + width // 10]
        inverse_depth[card] = 1 / depth_m
        colour[card] = random.integers(40, 215, 3)
    grain = random.integers(-40, 41, (height, width, 1), dtype=np.int16)
    return (colour + grain).astype(np.uint8), inverse_depth.astype(np.float32)


def example_photo() -> Path:
    """Return the photo of the demo."""
    return ROOT / "examples" / "temple.jpg"


def photo_rgb(size_px: tuple[int, int]) -> UInt8[np.ndarray, "H W 3"]:
    """Return the example photo, scaled to cover the size and cropped at its centre."""
    import cv2

    from kbvr.photo.photo import load_photo

    rgb = load_photo(example_photo()).rgb
    width, height = size_px
    scale = max(width / rgb.shape[1], height / rgb.shape[0])
    covering = (max(width, round(rgb.shape[1] * scale)), max(height, round(rgb.shape[0] * scale)))
    large = np.asarray(cv2.resize(rgb, covering, interpolation=cv2.INTER_CUBIC), np.uint8)
    x, y = (covering[0] - width) // 2, (covering[1] - height) // 2
    return np.ascontiguousarray(large[y : y + height, x : x + width])


def photo_and_depth(case: str) -> tuple[Photo, DepthMap, float | None]:
    """Return the photo and depth of a case, and the seconds of the depth estimate."""
    from kbvr.depth.depth_map import DepthMap
    from kbvr.depth.estimate import estimate_depth
    from kbvr.depth.networks import BUILT_IN_NETWORK
    from kbvr.photo.photo import photo_from_array

    source, size = case.split(" ", 1)
    size_px = SIZES_PX[size]
    f_px = float(max(size_px))
    if source == "scene":
        rgb, inverse_depth = layered_scene(size_px)
        return photo_from_array(rgb, f_px=f_px), DepthMap(inverse_depth, f_px, metric=True), None
    photo = photo_from_array(photo_rgb(size_px), f_px=f_px)
    start = time.perf_counter()
    depth = estimate_depth(photo, model=BUILT_IN_NETWORK)
    return photo, depth, time.perf_counter() - start


def measure_case(case: str) -> RenderFigures:
    """Build and render one case in this process."""
    from bench.baselines import naive_warp
    from kbvr.geometry.camera import camera_of_photo
    from kbvr.ldi.scene import build_scene
    from kbvr.rendering.cpu_renderer import render

    photo, depth, depth_s = photo_and_depth(case)
    start = time.perf_counter()
    scene = build_scene(photo, depth, reach_m=BASELINE_M / 2)
    scene_s = time.perf_counter() - start
    camera = camera_of_photo(photo.size_px, photo.f_px)
    eyes = [camera.moved(x_m=-BASELINE_M / 2), camera.moved(x_m=BASELINE_M / 2)]
    runs = RUNS[case.split(" ", 1)[1]]
    pair_s = [_seconds(render(scene, eyes)) for _ in range(runs + 1)]
    warm_s = pair_s[1:]
    film_pair_s, _ = _film_pair_s(scene, eyes, None)
    film_one_thread_s, film_cpu_s = _film_pair_s(scene, eyes, 1)
    peak = peak_mib()  # kbvr's only: the naive warp runs afterwards
    disparity_px = (photo.f_px * BASELINE_M * depth.inverse_depth).astype(np.float32)
    naive_s = min(called_s(lambda: naive_warp(photo.rgb, disparity_px)) for _ in range(3))
    pair_bytes = 2 * photo.size_px[0] * photo.size_px[1] * (TEXELS_PER_PX * TEXEL_BYTES + PIXEL_BYTES)
    return RenderFigures(
        case=case,
        size_px=photo.size_px,
        depth_s=depth_s,
        scene_s=scene_s,
        pair_min_s=min(warm_s),
        pair_median_s=statistics.median(warm_s),
        pair_spread_s=max(warm_s) - min(warm_s),
        runs=runs,
        film_pair_s=film_pair_s,
        film_one_thread_s=film_one_thread_s,
        film_cpu_s=film_cpu_s,
        naive_s=naive_s,
        floor_s=pair_bytes / copy_bytes_per_s(),
        peak_mib=peak,
    )


def _seconds(pictures: Iterator[object]) -> float:
    """Return the time to iterate over all pictures, keeping none."""
    start = time.perf_counter()
    for _ in pictures:
        pass
    return time.perf_counter() - start


def _film_pair_s(scene: Scene, eyes: Sequence[Camera], threads: int | None) -> tuple[float, float]:
    """Return seconds and processor seconds of a pair among many, without the renderer's setup."""
    from kbvr.rendering.cpu_renderer import Renderer

    with Renderer(scene, threads=threads) as drawing:
        films = []
        for _ in range(FILM_RUNS):
            busy_s = time.process_time()
            film_s = _seconds(drawing.frames([*eyes] * FILM_PAIRS))
            films.append((film_s / FILM_PAIRS, (time.process_time() - busy_s) / FILM_PAIRS))
    return min(film_s for film_s, _ in films), min(cpu_s for _, cpu_s in films)


def called_s(call: Callable[[], object]) -> float:
    """Return the seconds of a call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def copy_bytes_per_s() -> float:
    """Return the bytes per second that a large copy reads and writes; fastest of five."""
    source = np.ones(COPIED_BYTES // 8)
    target = np.zeros_like(source)
    return 2 * COPIED_BYTES / min(called_s(lambda: np.copyto(target, source)) for _ in range(5))


def measure_export() -> ExportFigures:
    """Export the example photo with the default options in this process."""
    from kbvr.options.export_options import ExportOptions
    from kbvr.pipeline import export_photo

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        exported = export_photo(example_photo(), Path(folder), ExportOptions())
        total_s = time.perf_counter() - start
    return ExportFigures(total_s, dict(exported.seconds), peak_mib())


def peak_mib() -> float | None:
    """Return the peak memory of this process."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def in_fresh_process(case: str) -> dict[str, object]:
    """Measure a case, or EXPORT, in a fresh Python and return its figures.

    On Linux a new process starts with its parent's peak, so this one must stay smaller than what it measures.
    """
    command = [sys.executable, "-m", "bench.render", "--only", case]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=LONGEST_S)
    if done.returncode != 0:
        raise RuntimeError(f"measuring {case!r} failed:\n{done.stderr}")
    figures: dict[str, object] = json.loads(done.stdout)
    return figures


def render_table(measured: Sequence[RenderFigures]) -> str:
    """Return a Markdown table, a row per case."""
    names = (
        "stereo pair|depth s|scene s|pair s: min|median|spread|runs|film s|1 thread|cpu s|naive s|naive / film|floor s"
    )
    names += "|peak MiB"
    lines = [f"|{names}|", "|---|" + "---:|" * names.count("|")]
    for row in measured:
        depth_s = "given" if row.depth_s is None else f"{row.depth_s:.2f}"
        lines.append(
            f"| {row.case} | {depth_s} | {row.scene_s:.2f} | {row.pair_min_s:.3f} | {row.pair_median_s:.3f} "
            f"| {row.pair_spread_s:.3f} | {row.runs} | {row.film_pair_s:.3f} | {row.film_one_thread_s:.3f} "
            f"| {row.film_cpu_s:.3f} | {row.naive_s:.3f} | {row.naive_s / row.film_pair_s:.1f} "
            f"| {row.floor_s:.4f} | {_mib(row.peak_mib)} |"
        )
    return "\n".join(lines)


def export_table(measured: ExportFigures) -> str:
    """Return a Markdown table, a row per stage of an export."""
    lines = ["| export       | seconds | share |", "|--------------|--------:|------:|"]
    lines += [
        f"| {stage:12} | {stage_s:7.2f} | {measured.share(stage):5.0%} |" for stage, stage_s in measured.stage_s.items()
    ]
    lines.append(f"| {'all':12} | {measured.total_s:7.2f} |       |")
    return "\n".join([*lines, "", f"peak memory {_mib(measured.peak_mib)} MiB"])


def _mib(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.render", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--only", choices=[*CASES, EXPORT], help="measure one case in this process and print its JSON")
    options = parser.parse_args(arguments)
    if options.only:
        print(json.dumps(asdict(measure_export() if options.only == EXPORT else measure_case(options.only))))
        return 0
    machine = this_machine()
    rendered = [in_fresh_process(case) for case in CASES]
    exported = in_fresh_process(EXPORT)
    if options.json:
        print(json.dumps(machine.as_json() | {"pairs": rendered, EXPORT: exported}, indent=1))
        return 0
    rows = [RenderFigures(**row) for row in rendered]  # type: ignore[arg-type]  # what asdict wrote
    whole = ExportFigures(**exported)  # type: ignore[arg-type]
    print("\n".join(machine.lines()), render_table(rows), export_table(whole), sep="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
