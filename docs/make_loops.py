"""Make the loops of docs/loops.md, and print its table of bytes: python docs/make_loops.py."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import kbvr
from kbvr.making.report import ExportReport

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures" / "loops"
SHOWN_PX = (320, 320)
LOOPS: dict[str, dict[str, Any]] = {
    "smooth": {"wiggle": True},
    "two views": {"wiggle": True, "views": 2},
    "anaglyph": {"anaglyph": True},
}
PHOTOS = ("temple", "coffee")


def main() -> None:
    """Write small loops of two photos, and measure loops of the default size."""
    for photo, options in (("temple", LOOPS["smooth"]), ("coffee", LOOPS["two views"])):
        kbvr.export(ROOT / f"examples/{photo}.jpg", PICTURES, max_size=SHOWN_PX, max_kb=290, overwrite=True, **options)
    kbvr.export(
        ROOT / "examples/temple.jpg",
        PICTURES,
        max_size=SHOWN_PX,
        overwrite=True,
        animate_as="webp",
        **LOOPS["anaglyph"],
    )
    for name, options in LOOPS.items():
        for photo in PHOTOS:
            with tempfile.TemporaryDirectory() as folder:
                print_row(name, photo, kbvr.export(ROOT / f"examples/{photo}.jpg", folder, **options))


def print_row(name: str, photo: str, report: ExportReport) -> None:
    """Print a row of the table."""
    size = "x".join(map(str, report.file.size_px))
    kilobytes = [f"{written.file.bytes / 1000:.0f}" for written in report.written[:5]]
    sys.stdout.write(f"| {photo}, {name} | {size}, {report.file.frames} pictures | {' | '.join(kilobytes)} |\n")


if __name__ == "__main__":
    main()
