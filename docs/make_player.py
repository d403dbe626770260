"""Make the pictures of the player in docs/view.md with the browser of the tests: python docs/make_player.py."""

from __future__ import annotations

import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

import kbvr

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from player_pages import DESKTOP, PHONE, loaded, player  # noqa: E402
from web_client import viewing  # noqa: E402
from web_engines import Web, web  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURES = ROOT / "docs" / "pictures"
PHOTO = ROOT / "examples" / "temple.jpg"
SHOWN_PX = (1280, 800)
QUALITY = 80
HOVERED = 0.7
"""The time that the mouse or the finger is at, as a share of the film."""


def main() -> None:
    """Write pictures of a film on a desktop's and on a phone's screen, each with a small picture of another time."""
    with tempfile.TemporaryDirectory() as folder, web() as running:
        film = kbvr.export(PHOTO, folder, stereo=True, seconds=4, max_size="1280x1280").file.path
        with viewing(film) as server:
            address = server.url + server.served.site.links[0]
            save("player_desktop", on_desktop(running, address))
            save("player_phone", on_phone(running, address))


def on_desktop(running: Web, address: str) -> bytes:
    """Return a screenshot with the mouse over the bar."""
    with player(running, address, DESKTOP) as page:
        loaded(page)
        page.keyboard.press("Shift+ArrowRight")
        page.mouse.move(*place_on_bar(page))
        page.wait_for_timeout(1500)
        return page.screenshot()


def on_phone(running: Web, address: str) -> bytes:
    """Return a screenshot while a finger drags on the bar."""
    with player(running, address, PHONE) as page:
        loaded(page)
        session = page.context.new_cdp_session(page)
        x, y = place_on_bar(page)
        for kind, place in (("touchStart", x - 60), ("touchMove", x - 20), ("touchMove", x)):
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": place, "y": y}]})
        page.wait_for_timeout(1500)
        return page.screenshot()


def place_on_bar(page: Page) -> tuple[float, float]:
    """Return a place on the scrub bar in CSS pixels."""
    box = page.locator("#position").bounding_box()
    assert box is not None
    return box["x"] + box["width"] * HOVERED, box["y"] + box["height"] / 2


def save(name: str, png: bytes) -> None:
    """Write a picture, reduced to the size shown on the page."""
    image = Image.open(BytesIO(png)).convert("RGB")
    image.thumbnail(SHOWN_PX)
    image.save(PICTURES / f"{name}.jpg", quality=QUALITY, optimize=True)


if __name__ == "__main__":
    main()
