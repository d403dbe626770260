"""Measure a film against its encoding alone: a default side-by-side export of 6 s in 1080p.

The export is a whole Python process, from start to end. Encoding alone is the same writer with the same frames from
memory; both files must be identical. The two take turns, and the fastest run of each counts. Processor time adds up
all threads; a busy machine affects it least. Also measured: the time from a scene to its first pair of pictures, and
that of `import kbvr`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.machine import ROOT, this_machine
from bench.render import LONGEST_S, SIZES_PX, called_s, photo_rgb

if TYPE_CHECKING:  # an export loads these itself, which is measured
    from kbvr.options.export_options import ExportOptions

FILM_S = 6.0
RUNS = 3

Pairs = list[tuple[np.ndarray, ...]]


@dataclass(frozen=True)
class Spent:
    """Time used."""

    wall_s: float
    cpu_s: float
    """Processor time, summed over all threads and child processes."""


@dataclass(frozen=True)
class FilmFigures:
    """The figures of a 1080p side-by-side film, and of its encoding alone."""

    frames: int
    drawn: int
    """Number of pairs that are drawn; the others repeat earlier ones."""

    export: list[Spent]
    """The whole export, from the start of Python to its end."""

    encode_alone: list[Spent]
    stage_s: dict[str, float]
    """Stages of the fastest export: `start` is Python and its imports before any stage; inside `video`, `render` (all
    threads added up) and `encode` overlap."""

    first_pair_s: float
    """From the scene to the first pair, including the renderer's textures."""

    import_s: float
    """A fresh Python that imports kbvr; fastest of three."""


def measure_film() -> FilmFigures:
    """Export a 1080p photo as a side-by-side video, and encode only its frames, in turns."""
    from PIL import Image

    from kbvr.formats.spec.format import Facts, Item
    from kbvr.formats.write import write_items
    from kbvr.options.export_options import ExportOptions

    import_s = min(called_s(_import_kbvr) for _ in range(3))
    with tempfile.TemporaryDirectory() as folder:
        path, alone = Path(folder) / "photo.jpg", Path(folder) / "alone.mp4"
        Image.fromarray(photo_rgb(SIZES_PX["1080p"])).save(path, quality=92)
        pairs, sources, first_s = _film(path)
        item, facts = Item("video", alone, "sbs"), Facts(1.0, sources=tuple(sources))
        choices = ExportOptions(fps=len(sources) / FILM_S, overwrite=True)
        exports, encodings, stages = [], [], []
        for _ in range(RUNS):
            exports.append(spent(lambda: stages.append(_exported(path))))
            encodings.append(spent(lambda: write_items(pairs, [item], facts, choices)))
        if alone.read_bytes() != path.with_name("photo_kbvr_LR.mp4").read_bytes():
            raise RuntimeError("the frames encoded alone differ from those of the export")
    fastest = min(range(RUNS), key=lambda run: exports[run].wall_s)
    stage_s = stages[fastest]
    inside_s = sum(stage_s[name] for name in ("load", "depth", "scene", "video"))
    return FilmFigures(
        frames=len(sources),
        drawn=len(pairs),
        export=exports,
        encode_alone=encodings,
        stage_s={"start": exports[fastest].wall_s - inside_s} | stage_s,
        first_pair_s=first_s,
        import_s=import_s,
    )


def spent(call: Callable[[], object]) -> Spent:
    """Return the time of a call."""
    start, busy_s = time.perf_counter(), _cpu_s()
    call()
    return Spent(time.perf_counter() - start, _cpu_s() - busy_s)


def _cpu_s() -> float:
    return sum(os.times()[:4])


def _import_kbvr() -> None:
    subprocess.run([sys.executable, "-c", "import kbvr"], cwd=ROOT, check=True)


def _exported(path: Path) -> dict[str, float]:
    """Export a photo in a fresh Python; return the seconds of its stages."""
    command = [sys.executable, "-m", "bench.film", "--only", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=LONGEST_S)
    stage_s: dict[str, float] = json.loads(done.stdout)
    return stage_s


def _export(path: Path) -> dict[str, float]:
    from kbvr.pipeline import export_photo

    return export_photo(path, path.parent, _options()).seconds


def _options() -> ExportOptions:
    from kbvr.depth.networks import BUILT_IN_NETWORK
    from kbvr.options.export_options import ExportOptions

    return ExportOptions(seconds=FILM_S, depth_model=BUILT_IN_NETWORK, overwrite=True)


def _film(path: Path) -> tuple[Pairs, list[int], float]:
    """Return the drawn pairs of the export's film, the pair of every frame, and the seconds to the first pair."""
    from kbvr.depth.scene_depth import scene_depth_of
    from kbvr.motion.consequences import Landmarks
    from kbvr.motion.frame_reuse import drawn_frames
    from kbvr.motion.view import view_of
    from kbvr.photo.photo import load_photo
    from kbvr.plan.memory_budget import REPEATS_BYTES
    from kbvr.plan.output_kinds import KINDS, DrawnKind
    from kbvr.profiles.layers import Layers
    from kbvr.rendering.cpu_renderer import Renderer

    options = _options()
    profile, photo = Layers(options), load_photo(path)
    depth = profile.depth(photo)
    scene_depth = scene_depth_of(depth)
    view = view_of(scene_depth, photo.size_px)
    kind = KINDS["stereo"]
    assert isinstance(kind, DrawnKind)
    film = kind.plan(kind.items(path.stem, path.parent, options), Landmarks(scene_depth, photo.rgb), view, options)
    sources = list(film.sources_within(REPEATS_BYTES))
    made = profile.build(photo, depth, [film], scene_depth, head_box=None).drawing([film])
    assert isinstance(made, Renderer)
    start = time.perf_counter()
    with Renderer(made.scene, pixels_per_photo_px=view.f_px / made.scene.camera.f_px) as drawing:
        pairs = film.views_at(drawn_frames(sources), drawing.frames)
        first = next(pairs)
        first_s = time.perf_counter() - start
        return [first, *pairs], sources, first_s


def film_table(measured: FilmFigures) -> str:
    """Return two Markdown tables: the cost relative to encoding alone, and the stages of the export."""
    lines = [
        f"| film of {measured.frames} frames, {measured.drawn} drawn | seconds | spread | over encoding alone |",
        "|---|---:|---:|---:|",
    ]
    for what, name in (("", "wall_s"), (", processor time", "cpu_s")):
        alone_s = min(getattr(run, name) for run in measured.encode_alone)
        for title, runs in (("encoding alone", measured.encode_alone), ("the whole export", measured.export)):
            took = [getattr(run, name) for run in runs]
            spread_s = max(took) - min(took)
            lines.append(f"| {title}{what} | {min(took):.2f} | {spread_s:.2f} | {min(took) / alone_s:.2f} |")
    export_s = min(run.wall_s for run in measured.export)
    lines += ["", "| of the export | seconds | share |", "|---|---:|---:|"]
    lines += [f"| {stage} | {took_s:.2f} | {took_s / export_s:.0%} |" for stage, took_s in measured.stage_s.items()]
    lines += [
        "",
        f"scene to first pair {measured.first_pair_s:.2f} s, python -c 'import kbvr' {measured.import_s:.2f} s",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.film", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--only", type=Path, metavar="PHOTO", help="export this photo and print its stages as JSON")
    options = parser.parse_args(arguments)
    if options.only:
        print(json.dumps(_export(options.only)))
        return 0
    machine = this_machine()
    figures = measure_film()
    if options.json:
        print(json.dumps(machine.as_json() | asdict(figures), indent=1))
        return 0
    print("\n".join(machine.lines()), film_table(figures), sep="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
