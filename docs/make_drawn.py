"""Draw the pictures of docs/photos/ that no free photo shows: python docs/make_drawn.py NAME.

Needs Blender as a module (`pip install bpy`), which is not among kbvr's dependencies.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import bpy
from drawn_rooms import bottles, cake, study
from drawn_streets import bus_street, traffic

PHOTOS = Path(__file__).parent / "photos"
WIDTH_PX, HEIGHT_PX = 720, 480
SAMPLES = 12
"""Light paths per pixel, before the noise is removed."""


PICTURES: dict[str, Callable[[], None]] = {
    "bus": bus_street,
    "traffic": lambda: traffic(seed=2, eye=(1.0, 0, 2.1), aim=(0.2, 20, 1.5), lens_mm=30),
    "queue": lambda: traffic(seed=4, eye=(-1.9, 3.5, 1.5), aim=(-0.6, 16, 1.2), lens_mm=28),
    "motorway": lambda: traffic(seed=6, eye=(-1.0, -6, 6.4), aim=(0.5, 24, 0.5), lens_mm=36),
    "study": study,
    "cake": cake,
    "bottles": bottles,
}


def main() -> None:
    """Draw one picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=PICTURES)
    name = parser.parse_args().name
    bpy.ops.wm.read_factory_settings(use_empty=True)
    PICTURES[name]()
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.seed = SAMPLES, True, 1
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    scene.view_settings.view_transform = "AgX"
    scene.render.resolution_x, scene.render.resolution_y = WIDTH_PX, HEIGHT_PX
    scene.render.image_settings.file_format, scene.render.image_settings.quality = "JPEG", 90
    scene.render.filepath = str(PHOTOS / f"{name}.jpg")
    bpy.ops.render.render(write_still=True)


if __name__ == "__main__":
    main()
