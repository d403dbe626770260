"""Make the strips of docs/kinds.md, and update the page from kinds.toml: python docs/make_kinds.py [PHOTO ...].

Each strip shows a photo, its left and right eye at one end of a swing, and the end of a Ken Burns move, all as
`kbvr export --one-way` draws them.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from gallery_pages import ROOT, Strip, remove_strips_not_in, strips, text_of, write_into
from PIL import Image

import kbvr
from kbvr.depth.depth_map import DepthMap, seen_through
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import Photo
from kbvr.profiles.layers import Layers

PAGE = ROOT / "docs" / "kinds.md"
HEIGHT_PX, MAX_WIDTH_PX = 360, 1920
"""Size of a strip: this high, unless it would become wider than this."""

BYTES = 120_000
QUALITIES = range(88, 40, -4)


def main() -> None:
    """Write the strips of all photos or of those named, then update the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="*", metavar="PHOTO", help="names of photos in kinds.toml (default: all)")
    parser.add_argument("--unscaled", type=Path, metavar="DIR", help="also write each picture to this folder, as a PNG")
    arguments = parser.parse_args()
    listed = {strip.photo.stem: strip for strip in strips("kinds")}
    if unknown := [name for name in arguments.photos if name not in listed]:
        parser.error(f"expected photos in kinds.toml, got {', '.join(unknown)}")
    for name in arguments.photos or listed:
        pictures = pictures_of(kbvr.load_photo(listed[name].photo))
        if arguments.unscaled:
            save_unscaled(arguments.unscaled, name, pictures)
        save(listed[name], list(pictures.values()))
    remove_strips_not_in("kinds")
    write_into(PAGE, "kinds", text_of("kinds"))


def pictures_of(photo: Photo) -> dict[str, np.ndarray]:
    """Return the pictures of a strip by name, from left to right."""
    depth = Layers(ExportOptions()).depth(photo)
    photo = seen_through(photo, depth)
    left, right = end_of(photo, depth, "stereo")
    (kenburns,) = end_of(photo, depth, "kenburns")
    return {"photo": photo.rgb, "left": left, "right": right, "kenburns": kenburns}


def end_of(photo: Photo, depth: DepthMap, output: str) -> tuple[np.ndarray, ...]:
    """Return the views at the end of the default move of an output, of the same scene as its video."""
    with tempfile.TemporaryDirectory() as folder:
        plan = kbvr.plan_export(photo, depth, folder, loop=False, **{output: True})
    (shot,) = plan.shots
    scene = Layers(plan.options).build(plan.photo, plan.depth, plan.shots, plan.scene_depth, head_box=None)
    with scene.drawing(plan.shots) as drawing:
        (views,) = shot.views_at([len(shot.moves) - 1], drawing.frames)
        return tuple(np.array(view) for view in views)


def save_unscaled(folder: Path, name: str, pictures: dict[str, np.ndarray]) -> None:
    """Write the pictures of a strip, to look at every pixel."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, picture in pictures.items():
        Image.fromarray(picture).save(folder / f"{name}-{part}.png")


def save(strip: Strip, pictures: list[np.ndarray]) -> None:
    """Write the pictures side by side, with the best quality that fits the file size."""
    width = sum(picture.shape[1] * HEIGHT_PX / picture.shape[0] for picture in pictures)
    height = round(HEIGHT_PX * min(1, MAX_WIDTH_PX / width))
    sizes = [(round(picture.shape[1] * height / picture.shape[0]), height) for picture in pictures]
    fitted = [
        Image.fromarray(p).resize(size, Image.Resampling.LANCZOS) for p, size in zip(pictures, sizes, strict=True)
    ]
    row = Image.fromarray(np.hstack([np.asarray(picture) for picture in fitted]))
    strip.path.parent.mkdir(parents=True, exist_ok=True)
    for quality in QUALITIES:
        row.save(strip.path, quality=quality, optimize=True)
        if strip.path.stat().st_size <= BYTES:
            return


if __name__ == "__main__":
    main()
