"""The comfort report: a JSON file on the parallax of stereo pairs, with a chart of each pair."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from kbvr.errors import InputError, escaped
from kbvr.formats.spec.verification import verification_error
from kbvr.stereo.comfort import Comfort
from kbvr.system.atomic_file import all_or_none, atomic_write

SIZE_PX = (900, 420)
PLOT = (60, 60, 870, 340)
"""Left, top, right and bottom of the histogram in the chart."""

INK, GOOD, BAD, LIMIT = (40, 40, 40), (76, 132, 190), (200, 80, 60), (120, 120, 120)


def check_report_name(path: Path) -> None:
    """Check the name of a comfort report.

    Raises:
        InputError: if it does not end in .json.
    """
    if path.suffix.lower() != ".json":
        raise InputError(f"expected a comfort report that ends in .json, got {path.name}")


def chart_path(report: Path, photo: Path, photos: int) -> Path:
    """Return the path of a photo's chart, next to the report; with several photos the name includes the photo's."""
    return report.with_name(report.stem + (f"_{photo.stem}" if photos > 1 else "") + ".png")


def write_comfort_report(comforts: Mapping[Path, Comfort], path: Path, *, photos: int, overwrite: bool) -> None:
    """Write a comfort report and its charts. If one fails, none is left.

    `comforts` has the photos with a stereo pair, `photos` is the number of all photos.

    Raises:
        InputError: if the name does not end in .json.
        OutputError: if a file exists, cannot be written, or fails verification.
    """
    check_report_name(path)
    entries = {str(photo): comfort_entry(comfort) for photo, comfort in comforts.items()}
    charts: list[Path] = []
    with all_or_none(charts, overwrite=overwrite):
        for photo, comfort in comforts.items():
            chart = chart_path(path, photo, photos)
            _write_chart(comfort, escaped(photo.name), chart, overwrite=overwrite)
            charts.append(chart)
        with atomic_write(path, overwrite=overwrite) as aside:
            aside.write_text(json.dumps(entries, indent=2, allow_nan=False) + "\n", encoding="utf-8")
            if json.loads(aside.read_text(encoding="utf-8")) != entries:
                raise verification_error(path.name, "its entries differ")


def _write_chart(comfort: Comfort, title: str, chart: Path, *, overwrite: bool) -> None:
    with atomic_write(chart, overwrite=overwrite) as aside:
        picture = histogram_chart(comfort, title)
        picture.save(aside, "PNG")
        with Image.open(aside) as written:
            if written.tobytes() != picture.tobytes():
                raise verification_error(chart.name, "its pixels differ")


def comfort_entry(comfort: Comfort) -> dict[str, Any]:
    """Return the report's entry on a stereo pair, as JSON values."""
    screen, width = comfort.rig.screen, comfort.size_px[0]

    def parallax(parallax_px: float) -> dict[str, float]:
        return {
            "px": round(parallax_px, 2),
            "percent_of_width": round(100 * parallax_px / width, 3),
            "degrees": round(comfort.angle_deg(parallax_px), 3),
        }

    nearest, farthest = comfort.range_px
    return {
        "screen": {"width_m": screen.width_m, "distance_m": screen.distance_m, "ipd_mm": round(screen.ipd_m * 1000, 1)},
        "view_size_px": list(comfort.size_px),
        "baseline_mm": round(comfort.rig.baseline_m * 1000, 2),
        "nearest": parallax(nearest),
        "farthest": parallax(farthest),
        "limit_each_way": parallax(comfort.limit_px),
        "eyes_turn_outwards_beyond": parallax(screen.diverging_px(comfort.size_px)),
        "share_beyond_limit": round(comfort.beyond_share, 4),
        "share_turning_eyes_outwards": round(comfort.diverging_share, 4),
        "cut_by_left_border": parallax(comfort.cut_px[0]),
        "cut_by_right_border": parallax(comfort.cut_px[1]),
        "histogram": {
            "edges_px": [round(float(edge), 3) for edge in comfort.edges_px],
            "shares": [round(float(share), 6) for share in comfort.histogram],
        },
    }


def histogram_chart(comfort: Comfort, title: str) -> Image.Image:
    """Return a chart of a pair's parallax in degrees, with the limits."""
    image = Image.new("RGB", SIZE_PX, (255, 255, 255))
    draw = ImageDraw.Draw(image)
    large, small = ImageFont.load_default(20), ImageFont.load_default(14)
    left, top, right, bottom = PLOT
    limit_deg = comfort.angle_deg(comfort.limit_px)
    diverging_deg = comfort.angle_deg(comfort.rig.screen.diverging_px(comfort.size_px))
    edges_deg = [comfort.angle_deg(float(edge)) for edge in comfort.edges_px]
    max_deg = 1.15 * max(limit_deg, *map(abs, (edges_deg[0], edges_deg[-1])))

    def x_of(angle_deg: float) -> float:
        return left + (right - left) * (angle_deg + max_deg) / (2 * max_deg)

    draw.rectangle((x_of(-limit_deg), top, x_of(limit_deg), bottom), fill=(240, 246, 240))
    tallest = max(float(comfort.histogram.max()), 1e-9)
    for index, share in enumerate(comfort.histogram.tolist()):
        first, last = edges_deg[index], edges_deg[index + 1]
        beyond = not -limit_deg <= (first + last) / 2 <= min(limit_deg, diverging_deg)
        height = (bottom - top) * (share / tallest) ** 0.5  # on a linear scale a sky would dwarf the other bars
        draw.rectangle((x_of(first), bottom - height, x_of(last), bottom), fill=BAD if beyond else GOOD)
    marks = ((-limit_deg, "limit"), (0.0, "screen"), (limit_deg, "limit"), (diverging_deg, "eyes diverge"))
    for angle_deg, name in marks:
        if abs(angle_deg) <= max_deg:
            draw.line((x_of(angle_deg), top - 8, x_of(angle_deg), bottom), fill=LIMIT, width=1)
            draw.text((x_of(angle_deg), top - 10), name, fill=LIMIT, font=small, anchor="ms")
            draw.text((x_of(angle_deg), bottom + 8), f"{angle_deg:+.2f}", fill=INK, font=small, anchor="mt")
    draw.text((left, 12), title, fill=INK, font=large)
    draw.text((left, bottom + 40), "in front of the screen", fill=INK, font=small)
    draw.text((right, bottom + 40), "behind the screen (degrees)", fill=INK, font=small, anchor="ra")
    return image
