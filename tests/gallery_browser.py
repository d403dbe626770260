"""Galleries in a browser, from disk and from a plain web server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from screens import Screen, on_screen

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from web_engines import Web

CSP = "default-src 'self'; img-src 'self' data: blob:; connect-src 'self' blob:; object-src 'none'"
"""A strict policy of a careful web server."""

MOVING = "document.querySelector('.tile .moving video')"
IN_WINDOW = """() => [...document.querySelectorAll(".tile")].filter(tile => {
  const {top, bottom} = tile.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
})"""


class _Handler(SimpleHTTPRequestHandler):
    """Serves files as they are, under a strict policy."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", CSP)
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder; yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def shown(web: Web, screen: Screen, url: str, **more: Any) -> Iterator[Page]:
    """Open a gallery; whatever it asks of another place fails."""
    own = url[: url.rindex("/") + 1]
    asked: list[str] = []
    with on_screen(web, screen, "about:blank", **more) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        page.locator(".tile").first.wait_for(state="attached")
        yield page
    assert not [one for one in asked if not one.startswith((own, "data:", "blob:"))]


def focused(page: Page) -> str:
    """Return the title of the tile that has the focus, "" if none has."""
    return page.evaluate("document.activeElement.closest('.tile')?.querySelector('.title').textContent ?? ''")


def search(page: Page, text: str) -> None:
    page.get_by_role("searchbox").fill(text)


def open_photo(page: Page, title: str) -> None:
    page.get_by_role("link", name=title).click()
    page.locator("#detail").wait_for()


def pixels(page: Page, locator: str) -> np.ndarray:
    """Return what is seen of an element, H x W x 3."""
    return np.asarray(Image.open(BytesIO(page.locator(locator).screenshot())).convert("RGB")).astype(int)


def tiles(page: Page) -> list[str]:
    """Return the titles of the tiles in the page, in their order."""
    return page.locator(".tile .title").all_inner_texts()
