"""Make the pictures of docs/comfort.md: python docs/make_comfort.py."""

from __future__ import annotations

import tempfile
from pathlib import Path

import av
import numpy as np
from PIL import Image

import kbvr
from kbvr.formats.comfort_report import histogram_chart
from kbvr.making.report import ExportReport

ROOT = Path(__file__).parents[1]
TEMPLE = ROOT / "examples" / "temple.jpg"
PICTURES = ROOT / "docs" / "pictures" / "comfort"


def main() -> None:
    """Write the histogram, a pair with a floating window, and three depths of field."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    report, frame = last_frame(stereo=True, window="floating", path="static")
    assert report.comfort is not None
    histogram_chart(report.comfort, TEMPLE.name).save(PICTURES / "histogram.png", optimize=True)
    save("window.jpg", frame)
    small = {"kenburns": True, "path": "static", "max_size": (420, 420)}
    save("sharp.jpg", last_frame(**small)[1])
    save("tower.jpg", last_frame(**small, aperture_percent=2, focus=(30, 50))[1])
    save("tree.jpg", last_frame(**small, aperture_percent=2, focus=(95, 60))[1])


def last_frame(**options: object) -> tuple[ExportReport, np.ndarray]:
    """Return the report of a short video of the temple, and its last frame."""
    with tempfile.TemporaryDirectory() as folder:
        report = kbvr.export(TEMPLE, folder, seconds=0.12, **options)
        with av.open(str(report.file.path)) as container:
            return report, [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)][-1]


def save(name: str, rgb: np.ndarray) -> None:
    """Write one JPEG."""
    Image.fromarray(rgb).save(PICTURES / name, quality=88)


if __name__ == "__main__":
    main()
