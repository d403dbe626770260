"""Make the pictures of docs/videos.md: python docs/make_videos.py."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import av
import cv2
import numpy as np
from PIL import Image

import kbvr

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures" / "formats"
LAYOUTS = ("sbs", "sbs-half", "tb", "tb-half", "cross", "rows", "columns", "checkerboard", "anaglyph")
CELL_PX = (300, 210)


def main() -> None:
    """Write a frame of every layout, and a VR180 frame."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        photo = ROOT / "examples" / "temple.jpg"
        options = {"seconds": 0.12, "baseline_mm": 120}
        flat = kbvr.export(photo, folder, layout=",".join(LAYOUTS), max_size=(320, 320), **options)
        cells = [
            np.hstack([fitted(first_frame(film.file.path)) for film in flat.written[i : i + 3]]) for i in (0, 3, 6)
        ]
        Image.fromarray(np.vstack(cells)).save(PICTURES / "video-layouts.jpg", quality=90)
        sphere = kbvr.export(photo, folder, projection="vr180", **options)
        frame = cv2.resize(first_frame(sphere.file.path), (1000, 500), interpolation=cv2.INTER_AREA)
        Image.fromarray(frame).save(PICTURES / "vr180-video.jpg", quality=90)


def first_frame(path: Path) -> np.ndarray:
    """Return the first frame of a video."""
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def fitted(picture: np.ndarray) -> np.ndarray:
    """Return a picture centred in a white cell."""
    height, width = picture.shape[:2]
    scale = min((CELL_PX[0] - 10) / width, (CELL_PX[1] - 10) / height, 1)
    size = round(width * scale), round(height * scale)
    cell = np.full((CELL_PX[1], CELL_PX[0], 3), 255, np.uint8)
    x, y = (CELL_PX[0] - size[0]) // 2, (CELL_PX[1] - size[1]) // 2
    cell[y : y + size[1], x : x + size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return cell


if __name__ == "__main__":
    main()
