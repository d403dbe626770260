"""Make the pictures of docs/batch_gallery.md with the browser of the tests: python docs/make_batch_gallery.py."""

from __future__ import annotations

import re
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from gallery_pages import PICTURES, ROOT, credited, photo_named
from PIL import ExifTags, Image

import kbvr

sys.path.insert(0, str(ROOT / "tests"))

from screens import opened
from web_engines import web

if TYPE_CHECKING:
    from playwright.sync_api import Page

TITLE = "Photos in depth"
SHOWN = {
    "Nature": {
        "dandelions": "Dandelions",
        "dogs": "Two dogs at a window",
        "fig": "A fig in a bowl",
        "tortoiseshell": "A tortoiseshell cat",
        "panda": "A panda",
    },
    "Places": {
        "gate": "The Brandenburg Gate at dusk",
        "roebling": "The Roebling bridge at night",
        "room": "A living room",
    },
    "History": {
        "acanthus": "Acanthus mollis",
        "airplane": "Wings",
        "boats": "Boats in the harbour of Nagasaki",
        "hut": "A house in the Dust Bowl",
    },
}
"""Collection -> photos and their captions."""

YEAR = re.compile(r", \d{4}$")
"""The end of some authors in the list."""

OPENED = "A panda"
WINDOW = {"width": 1440, "height": 900}
SHOWN_PX = (1280, 800)
QUALITY = 80


def main() -> None:
    """Write a picture of the grid, and one of a photo's page."""
    with tempfile.TemporaryDirectory() as folder, web() as running:
        photos, out = Path(folder) / "photos", Path(folder) / "out"
        for collection, captions in SHOWN.items():
            (photos / collection).mkdir(parents=True)
            for name, caption in captions.items():
                copy_with_credits(photo_named(name), photos / collection / f"{name}.jpg", caption)
        failed = [
            result.error for result in kbvr.batch(photos, out, gallery=TITLE, recursive=True) if not result.is_done
        ]
        assert not failed, failed
        with opened(running, (out / "index.html").as_uri(), viewport=WINDOW) as page:
            page.locator(".tile").first.wait_for()
            save("batch_gallery", screenshot(page))
            page.get_by_role("link", name=OPENED).click()
            page.get_by_role("button", name="Compare").click()
            page.locator(".depth .moving").wait_for()
            save("batch_gallery_photo", screenshot(page))


def copy_with_credits(photo: Path, copy: Path, caption: str) -> None:
    """Copy a photo, with what docs/gallery.toml says about it as its metadata."""
    credit = credited()[photo.stem]
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = caption
    exif[ExifTags.Base.Artist] = YEAR.sub("", credit["author"]).encode()
    exif[ExifTags.Base.Copyright] = credit["licence"].encode()
    with Image.open(photo) as picture:
        picture.save(copy, quality="keep", exif=exif)


def screenshot(page: Page) -> bytes:
    """Return a screenshot with all pictures loaded."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)
    return page.screenshot()


def save(name: str, png: bytes) -> None:
    """Write a picture, reduced to the size shown on the page."""
    image = Image.open(BytesIO(png)).convert("RGB")
    image.thumbnail(SHOWN_PX)
    image.save(PICTURES / f"{name}.jpg", quality=QUALITY, optimize=True)


if __name__ == "__main__":
    main()
