"""Make the strips of docs/depth.md: python docs/make_depth_comparison.py --old FILE.onnx.

FILE.onnx is the network to compare with, with its card in the same folder; neither is part of the repository.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from gallery_pages import ROOT, remove_strips_not_in, strips, text_of, write_into
from make_gallery import coloured, fitted, save

import kbvr
from kbvr.depth.networks import BUILT_IN_NETWORK

PAGE = ROOT / "docs" / "depth.md"
LABELS = ("photo", "before", "now")
LABEL_PX = 20


def main() -> None:
    """Write a strip for every photo in the list `compared`, then update the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", required=True, type=Path, metavar="FILE.onnx", help="the network of the middle column")
    parser.add_argument(
        "--depth-model", default=BUILT_IN_NETWORK, help="the network of the right column: a name or a file"
    )
    options = parser.parse_args()
    if not options.old.is_file():
        parser.error(f"--old: expected an ONNX file, got no file at {options.old}")
    for strip in strips("compared"):
        photo = kbvr.load_photo(strip.photo)
        depths = [kbvr.estimate_depth(photo, model=model) for model in (options.old, options.depth_model)]
        parts = [photo.rgb, *(coloured(depth.inverse_depth) for depth in depths)]
        save(strip, [labelled(fitted(part), text) for part, text in zip(parts, LABELS, strict=True)])
    remove_strips_not_in("compared")
    write_into(PAGE, "compared", text_of("compared"))


def labelled(picture: np.ndarray, text: str) -> np.ndarray:
    """Return a picture with a label above it, on white."""
    framed = cv2.copyMakeBorder(picture, LABEL_PX, 0, 0, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    return cv2.putText(framed, text, (4, LABEL_PX - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)


if __name__ == "__main__":
    main()
