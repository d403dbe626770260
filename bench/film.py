"""What a film costs beside what encoding it costs: a default side-by-side export of 6 s in 1080p.

The same writer encodes as many frames from memory, which is what the export is measured against; they are the first
seconds of such a film, forth and back. Also: the time from a scene to its first pair of pictures, and that of
`import kbvr`.
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
from pathlib import Path

import numpy as np

from bench.machine import ROOT, this_machine
from bench.render import BASELINE_M, SIZES_PX, called_s, photo_rgb

FILM_S = 6.0
KEPT_PAIRS = 25
"""So many pairs of the film are kept in memory and encoded again and again, forth and back."""


@dataclass(frozen=True)
class FilmFigures:
    """What a 1080p side-by-side film cost, and what encoding alone would."""

    frames: int
    export_s: float
    """The whole export: load, depth, scene, video."""

    export_cpu_s: float
    """Processor time of that, all threads added up: what a busy machine changes least."""

    video_s: float
    """Its stage `video`: drawing and encoding beside each other."""

    encode_alone_s: float
    """As many frames from memory, the same writer."""

    encode_alone_cpu_s: float
    first_pair_s: float
    """From the scene to the first pair, the renderer's textures included."""

    import_s: float
    """A fresh Python that imports kbvr, fastest of three."""


def measure_film() -> FilmFigures:
    """Export a 1080p photo as side-by-side video in this process, and encode such frames alone."""
    from PIL import Image

    from kbvr.depth_model import BUILT_IN_NETWORK
    from kbvr.formats import Facts, Item
    from kbvr.formats.writing import write_items
    from kbvr.options import ExportOptions
    from kbvr.pipeline import export_photo

    import_s = min(called_s(_import_kbvr) for _ in range(3))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        Image.fromarray(photo_rgb(SIZES_PX["1080p"])).save(path, quality=92)
        options = ExportOptions(seconds=FILM_S, depth_model=BUILT_IN_NETWORK, overwrite=True)
        start, busy_s = time.perf_counter(), time.process_time()
        exported = export_photo(path, Path(folder), options)
        total_s, export_cpu_s = time.perf_counter() - start, time.process_time() - busy_s
        pairs, first_s = _film_pairs(path)
        count = exported.file.frames
        along = [*range(len(pairs)), *range(len(pairs) - 2, 0, -1)]
        film = (pairs[along[index % len(along)]] for index in range(count))
        busy_s = time.process_time()
        alone = Item("video", Path(folder) / "alone.mp4", "sbs")
        encode_s = called_s(lambda: write_items(film, [alone], Facts(1.0), ExportOptions(fps=count / FILM_S)))
        encode_cpu_s = time.process_time() - busy_s
    return FilmFigures(
        frames=count,
        export_s=total_s,
        export_cpu_s=export_cpu_s,
        video_s=exported.seconds["video"],
        encode_alone_s=encode_s,
        encode_alone_cpu_s=encode_cpu_s,
        first_pair_s=first_s,
        import_s=import_s,
    )


def _import_kbvr() -> None:
    subprocess.run([sys.executable, "-c", "import kbvr"], cwd=ROOT, check=True)


def _film_pairs(path: Path) -> tuple[list[tuple[np.ndarray, np.ndarray]], float]:
    """Return pairs of a swing about a photo, and the seconds from the scene to the first of them."""
    from kbvr.camera import camera_of_photo
    from kbvr.depth import estimate_depth
    from kbvr.depth_model import BUILT_IN_NETWORK
    from kbvr.photo import load_photo
    from kbvr.render import render
    from kbvr.scene import build_scene

    photo = load_photo(path)
    scene = build_scene(photo, estimate_depth(photo, model=BUILT_IN_NETWORK), reach_m=BASELINE_M)
    middle = camera_of_photo(photo.size_px, photo.f_px)
    places_m = BASELINE_M / 2 * np.sin(np.linspace(0, np.pi, KEPT_PAIRS))
    eyes = [middle.moved(x_m=float(x) + side * BASELINE_M / 4) for x in places_m for side in (-1, 1)]
    start = time.perf_counter()
    pictures = render(scene, eyes)
    first = [next(pictures), next(pictures)]
    first_s = time.perf_counter() - start
    kept = [*first, *pictures]
    return list(zip(kept[::2], kept[1::2], strict=True)), first_s


def film_table(measured: FilmFigures) -> str:
    """Return a Markdown table of one film."""
    lines = [f"| film of {measured.frames} frames | seconds | over encoding alone |", "|---|---:|---:|"]
    for name, seconds, alone_s in (
        ("encoding such frames alone", measured.encode_alone_s, measured.encode_alone_s),
        ("drawing and encoding", measured.video_s, measured.encode_alone_s),
        ("the whole export", measured.export_s, measured.encode_alone_s),
        ("encoding alone, processor time", measured.encode_alone_cpu_s, measured.encode_alone_cpu_s),
        ("the whole export, processor time", measured.export_cpu_s, measured.encode_alone_cpu_s),
    ):
        lines.append(f"| {name} | {seconds:.2f} | {seconds / alone_s:.2f} |")
    lines.append(f"| scene to first pair | {measured.first_pair_s:.2f} | |")
    lines.append(f"| python -c 'import kbvr' | {measured.import_s:.2f} | |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.film", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    machine = this_machine()
    figures = measure_film()
    if options.json:
        print(json.dumps(machine.as_json() | asdict(figures), indent=1))
        return 0
    print("\n".join(machine.lines()), film_table(figures), sep="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
