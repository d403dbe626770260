"""Make the strips of docs/old_photos.md, and update the page from gallery.toml: python docs/make_old_photos.py."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from gallery_pages import PICTURES, ROOT, remove_strips_not_in, strips, text_of, write_into
from make_gallery import coloured, fitted, save
from make_kinds import end_of
from PIL import Image

import kbvr
from kbvr.depth.depth_map import DepthMap, seen_through
from kbvr.depth.networks import BUILT_IN_NETWORK
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import Photo
from kbvr.profiles.layers import Layers
from kbvr.profiles.old_photo import OldPhotoSteps, for_depth_network

PAGE = ROOT / "docs" / "old_photos.md"
PRINT = ROOT / "examples" / "print.jpg"
STEPS = PICTURES / "old_steps.jpg"
OPTIONS = ExportOptions(repair=True, restore_contrast=True, colorize="kbvr-color", depth_model=BUILT_IN_NETWORK)


def main() -> None:
    """Write the steps of the example and a strip for every photo in the list `old`, then update the page."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    Image.fromarray(np.hstack([fitted(part) for part in steps_of(PRINT)])).save(STEPS, quality=88)
    for strip in strips("old"):
        save(strip, [fitted(part) for part in pictures_of(strip.photo)])
    remove_strips_not_in("old")
    write_into(PAGE, "old", text_of("old"))


def steps_of(path: Path) -> list[np.ndarray]:
    """Return a scan, the same repaired, the same with colours, and its depth."""
    scan, repaired, photo, depth = _stages(path)
    return [scan.rgb, repaired.rgb, photo.rgb, coloured(depth.inverse_depth)]


def pictures_of(path: Path) -> list[np.ndarray]:
    """Return a scan, the same repaired and with colours, its depth, and the end of a Ken Burns move."""
    scan, _, photo, depth = _stages(path)
    (end,) = end_of(seen_through(photo, depth), depth, "kenburns")
    return [scan.rgb, photo.rgb, coloured(depth.inverse_depth), end]


def _stages(path: Path) -> tuple[Photo, Photo, Photo, DepthMap]:
    steps = OldPhotoSteps(OPTIONS)
    scan = kbvr.load_photo(path)
    repaired = steps.repaired(scan)
    photo = steps.coloured(repaired)
    return scan, repaired, photo, Layers(OPTIONS).depth(for_depth_network(photo, OPTIONS))


if __name__ == "__main__":
    main()
