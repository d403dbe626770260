"""Make the pictures of docs/stills.md: python docs/make_stills.py."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

import kbvr
from kbvr.formats.packing.anaglyph import METHODS, anaglyph
from kbvr.formats.packing.rivalry import lightnesses
from kbvr.formats.still.vr180_photo import right_eye_of

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "stills.md"
PICTURES = ROOT / "docs" / "pictures" / "formats"
PHOTO = "examples/temple.jpg"
STILLS = "sbs,tb,cross,rows,columns,checkerboard,anaglyph,jps,mpo,vr180,quilt,autostereogram"
RIVALS = (
    *sorted((ROOT / "examples").glob("*.jpg")),
    ROOT / "docs/photos/astronaut.jpg",
    ROOT / "docs/photos/flower.jpg",
)
TABLE_BEGINS, TABLE_ENDS = "<!-- rivalry -->\n", "<!-- to here -->"
SHOWN_PX = 480
PATCH_PX = 36
GREYS = (243, 200, 160, 122, 85, 52)
MUTED = (
    (115, 82, 68),
    (194, 150, 130),
    (98, 122, 157),
    (87, 108, 67),
    (133, 128, 177),
    (103, 189, 170),
)
"""Skin, light skin, sky, leaves, a blue flower, sea: roughly their colours in photos."""


def main() -> None:
    """Write a picture of every kind of still and the chart of anaglyphs, and update the page's table of rivalry."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        report = kbvr.export(ROOT / PHOTO, folder, still=STILLS, depth_map="color")
        for written in report.written:
            name = written.item.packing if written.item.format == "picture" else written.item.format
            preview(name, written.file.path).save(PICTURES / f"{name}.jpg", quality=85)
        photo = kbvr.export(ROOT / PHOTO, f"{folder}/photo", still="autostereogram", autostereogram_pattern="photo")
        preview("autostereogram", photo.file.path).save(PICTURES / "autostereogram-photo.jpg", quality=85)
    chart().save(PICTURES / "anaglyph-colours.png")
    before, rest = PAGE.read_text("utf-8").split(TABLE_BEGINS)
    PAGE.write_text(before + TABLE_BEGINS + rivalry_table() + TABLE_ENDS + rest.split(TABLE_ENDS)[1], "utf-8")


def rivalry_table() -> str:
    """Return the page's table: the rivalry of every method on photos."""
    photos = [kbvr.load_photo(path) for path in RIVALS]
    lines = ["| glasses | colours | " + " | ".join(photo.name for photo in photos) + " |"]
    lines.append("|---|---|" + "---|" * len(photos))
    for glasses, colours in methods():
        figures = [rivalry(photo.rgb, colours=colours, glasses=glasses) for photo in photos]
        lines.append(f"| {glasses} | {colours} | " + " | ".join(f"{figure:.1f}" for figure in figures) + " |")
    return "\n".join([*lines, ""])


def rivalry(rgb: np.ndarray, *, colours: str, glasses: str) -> float:
    """Return the binocular rivalry of an anaglyph: the mean difference in lightness between the eyes, 0 to 100.

    Both views are the same picture; see `kbvr.formats.packing.rivalry`.

    Raises:
        InputError: if the method does not exist for these glasses.
    """
    left, right = lightnesses(anaglyph(rgb, rgb, colours=colours, glasses=glasses), glasses)
    return float(np.abs(left - right).mean())


def preview(name: str, path: Path) -> Image.Image:
    """Return a still as a page can show it: interleaved ones enlarged eight times, both eyes of files with two."""
    with Image.open(path) as image:
        if name in ("rows", "columns", "checkerboard"):
            return image.convert("RGB").crop((250, 90, 310, 130)).resize((480, 320), Image.Resampling.NEAREST)
        if name in ("vr180-photo", "mpo"):
            left = np.asarray(image.convert("RGB"))
            if name == "mpo":
                image.seek(1)
                right = np.asarray(image.convert("RGB"))
            else:
                right = np.asarray(Image.open(BytesIO(right_eye_of(path.read_bytes()))))
            both = Image.fromarray(np.hstack([left, right]))
        else:
            both = image.convert("RGB")
    if name == "autostereogram":
        return both
    both.thumbnail((SHOWN_PX, SHOWN_PX))
    return both


def methods() -> Iterator[tuple[str, str]]:
    """Yield the glasses and colours of every method."""
    return ((glasses, colours) for glasses, methods in METHODS.items() for colours in methods)


def target() -> np.ndarray:
    """Return 24 patches: rows of strong hues, soft hues, colours of photos, and greys."""
    hues = [
        [[round(180 / 6 * hue), saturation, value] for hue in range(6)]
        for saturation, value in ((235, 220), (120, 190))
    ]
    strong = cv2.cvtColor(np.array(hues, np.uint8), cv2.COLOR_HSV2RGB)
    rows = [*strong, np.array(MUTED, np.uint8), np.repeat(np.array(GREYS, np.uint8)[:, None], 3, axis=1)]
    return np.kron(np.stack(rows), np.ones((PATCH_PX, PATCH_PX, 1), np.uint8))


def chart() -> Image.Image:
    """Return the target and its anaglyph by each method, labelled with the method and its rivalry."""
    patches = target()
    parts = [labelled(patches, "the colours")]
    for glasses, colours in methods():
        made = anaglyph(patches, patches, colours=colours, glasses=glasses)
        figure = rivalry(patches, colours=colours, glasses=glasses)
        parts.append(labelled(made, f"{glasses} {colours}: {figure:.0f}"))
    parts += [np.full_like(parts[0], 255)] * (-len(parts) % 4)
    return Image.fromarray(np.vstack([np.hstack(parts[start : start + 4]) for start in range(0, len(parts), 4)]))


def labelled(picture: np.ndarray, text: str) -> np.ndarray:
    """Return a picture with a label above it and a white border."""
    framed = cv2.copyMakeBorder(picture, 22, 8, 8, 8, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    return cv2.putText(framed, text, (8, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)


if __name__ == "__main__":
    main()
