"""The contact sheet of `bench.people`: a row of pictures for every photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw

from bench.coded_views import Picture

CELL_PX = (320, 240)
TITLE_PX = 16
GAP_PX = 6
QUALITY = 82


@dataclass(frozen=True, eq=False)
class Row:
    """A row of the sheet."""

    title: str
    pictures: Mapping[str, Picture] = field(repr=False)
    """Caption -> picture."""


def write_sheet(path: Path, rows: Sequence[Row]) -> None:
    """Write the sheet as a picture file; pictures are shrunk to fit their cells."""
    columns = max(len(row.pictures) for row in rows)
    width = columns * (CELL_PX[0] + GAP_PX) - GAP_PX
    parts = [_drawn(row, width) for row in rows]
    sheet = Image.new("RGB", (width, sum(part.height for part in parts)), "white")
    top = 0
    for part in parts:
        sheet.paste(part, (0, top))
        top += part.height
    sheet.save(path, quality=QUALITY)


def _drawn(row: Row, width: int) -> Image.Image:
    """Return a row: its title and captions above its pictures."""
    pictures = [Image.fromarray(picture) for picture in row.pictures.values()]
    for picture in pictures:
        picture.thumbnail(CELL_PX, Image.Resampling.LANCZOS)
    drawn = Image.new("RGB", (width, TITLE_PX + max(picture.height for picture in pictures) + GAP_PX), "white")
    draw = ImageDraw.Draw(drawn)
    for index, (caption, picture) in enumerate(zip(row.pictures, pictures, strict=True)):
        left = index * (CELL_PX[0] + GAP_PX)
        draw.text((left, 2), row.title if index == 0 else caption, fill="black")
        drawn.paste(picture, (left, TITLE_PX))
    return drawn
