"""A folder of pictures with good depth, in small, for the tests of what is trained on it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

COLUMNS = ("name", "source", "path", "licence", "label", "quantity", "quality", "width", "height", "note")


def write_good_depth(folder: Path) -> Path:
    """Fill a folder with 46 pictures of 34 scenes with depth, a corner of each unknown, and an index; return it."""
    noise = np.random.default_rng(0)
    names = [f"dc_clip{number:02}_{frame}" for number in range(12) for frame in range(2)]
    names += [f"am_{number:06}" for number in range(22)]
    rows = []
    for name in names:
        depth = np.broadcast_to(np.linspace(20, 250, 48)[:, None], (48, 64)).astype(np.uint8).copy()
        depth[:8, :8] = 0
        Image.fromarray(noise.integers(0, 255, (48, 64, 3), np.uint8)).save(folder / f"{name}.jpg")
        Image.fromarray(depth).save(folder / f"{name}.png")
        open_one = name.startswith("am")
        licence, label = ("MIT", "network MiDaS DPT-Large") if open_one else ("none stated", "network DepthCrafter")
        quantity = "depth (unsure)" if name == "am_000001" else "inverse_depth"
        rows.append((name, f"someone/{name[:2]}", name, licence, label, quantity, "4", "64", "48", ""))
    with (folder / "INDEX.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return folder
