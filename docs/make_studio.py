"""Make the pictures of docs/studio.md with the browser of the tests: python docs/make_studio.py."""

from __future__ import annotations

import sys
import tempfile
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from screens import opened  # noqa: E402
from studio_client import Client, opened_studio  # noqa: E402
from watched_queue import wait_until  # noqa: E402
from web_engines import Web, web  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURES = ROOT / "docs" / "pictures"
PHOTOS = [ROOT / "examples" / f"{name}.jpg" for name in ("coffee", "cat", "temple")]
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
PATIENCE_MS = 300_000
SETTLE_MS = 2500
MAX_BYTES, QUALITIES = 150_000, (82, 76, 70, 64)
ON_TEMPLE = 0.33, 0.4
"""A place on the temple, as shares of the photo's width and height."""


def main() -> None:
    """Write a picture of every part of the page."""
    with tempfile.TemporaryDirectory() as folder, opened_studio(Path(folder) / "projects") as client, web() as running:
        projects = [client.upload(photo) for photo in PHOTOS]
        for project in projects:
            wait_until(
                lambda number=project: client.raw("GET", f"api/projects/{number}/thumbnail.jpg")[0] == HTTPStatus.OK
            )
        save("studio_start", on_start(running, client))
        on_desktop(running, f"{client.server.url}#{projects[-1]}")
        save("studio_phone", on_phone(running, f"{client.server.url}#{projects[-1]}"))


def on_start(running: Web, client: Client) -> bytes:
    """Return a screenshot of the first page."""
    with opened(running, client.server.url, patience_ms=PATIENCE_MS, **DESKTOP) as page:
        page.get_by_role("heading", name="Turn a photo into 3D").wait_for()
        page.wait_for_timeout(SETTLE_MS)
        return page.screenshot()


def on_desktop(running: Web, address: str) -> None:
    """Write screenshots of the four tabs."""
    with opened(running, address, patience_ms=PATIENCE_MS, reduced_motion="reduce", **DESKTOP) as page:
        page.locator(".live.drawn").wait_for()
        page.wait_for_timeout(SETTLE_MS)
        save("studio_look", page.screenshot())
        page.get_by_role("tab", name="Set").click()
        page.get_by_role("button", name="Set start and end").click()
        page.wait_for_timeout(SETTLE_MS)
        save("studio_set", page.screenshot())
        page.get_by_role("button", name="Done").click()
        page.get_by_role("tab", name="Mend").click()
        select_temple(page)
        save("studio_mend", page.screenshot())
        page.get_by_role("tab", name="Export").click()
        page.get_by_role("button", name="3D program").click()
        page.get_by_role("button", name="Export 2 kinds").click()
        page.locator(".entry.done").nth(1).wait_for()
        page.locator("#panel").evaluate("panel => panel.scrollTo(0, 0)")
        page.wait_for_timeout(SETTLE_MS)
        save("studio_export", page.screenshot())


def select_temple(page: Page) -> None:
    """Click the temple, so that it is selected."""
    layer = page.locator(".brushing")
    layer.wait_for()
    page.wait_for_timeout(SETTLE_MS)
    box = layer.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + ON_TEMPLE[0] * box["width"], box["y"] + ON_TEMPLE[1] * box["height"])
    page.get_by_text("of the photo").first.wait_for()
    page.wait_for_timeout(SETTLE_MS)


def on_phone(running: Web, address: str) -> bytes:
    """Return a screenshot of the exports on a phone, with an earlier result."""
    with opened(running, address, patience_ms=PATIENCE_MS, color_scheme="dark", **PHONE) as page:
        page.locator(".live.drawn").wait_for()
        page.get_by_role("tab", name="Export").click()
        page.wait_for_timeout(SETTLE_MS)
        return page.screenshot()


def save(name: str, png: bytes) -> None:
    """Write a picture as JPEG, small enough for a page."""
    image = Image.open(BytesIO(png)).convert("RGB")
    for quality in QUALITIES:
        content = BytesIO()
        image.save(content, "JPEG", quality=quality, optimize=True)
        if content.tell() <= MAX_BYTES:
            break
    (PICTURES / f"{name}.jpg").write_bytes(content.getvalue())


if __name__ == "__main__":
    main()
