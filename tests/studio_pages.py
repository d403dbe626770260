"""The page of `kbvr studio` in a real browser, with a real server."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from screens import Screen, on_screen

from kbvr.serving import open_server
from kbvr.studio import Studio

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page
    from web_engines import Web

ROOT = Path(__file__).parents[1]
CAT = ROOT / "examples" / "cat.jpg"
PAGE = ROOT / "kbvr" / "pages" / "studio.html"

DROP = """([files, type]) => {
  const data = new DataTransfer();
  for (const {name, mime, text} of files) {
    const bytes = Uint8Array.from(atob(text), one => one.charCodeAt(0));
    data.items.add(new File([bytes], name, {type: mime}));
  }
  const [name, key] = type === "drop" ? ["drop", "dataTransfer"] : ["paste", "clipboardData"];
  const kind = type === "drop" ? DragEvent : ClipboardEvent;
  document.body.dispatchEvent(new kind(name, {[key]: data, bubbles: true, cancelable: true}));
}"""
"""Drop or paste files: a browser that is driven has no other way."""


@contextmanager
def studio(folder: Path, *photos: Path) -> Iterator[str]:
    """Start a studio; yield the address of its page."""
    newest_s = max(path.stat().st_mtime for path in (ROOT / "viewers" / "studio").rglob("*.ts*"))
    assert PAGE.stat().st_mtime >= newest_s, "viewers/studio is newer than the page: pip install -e ."
    with open_server(Studio(folder, list(photos))) as server:
        yield server.url


@contextmanager
def shown(web: Web, url: str, screen: Screen = "wide", *scripts: str, **more: Any) -> Iterator[Page]:
    """Open the page on a screen; whatever it asks of another host fails."""
    own = "{0.scheme}://{0.netloc}/".format(urlsplit(url))
    foreign: list[str] = []

    def note(address: str) -> None:
        if not address.startswith((own, "data:", "blob:")):
            foreign.append(address)

    with on_screen(web, screen, "about:blank", *scripts, **more) as page:
        page.on("request", lambda request: note(request.url))
        page.goto(url)
        yield page
    assert not foreign, f"asked of other hosts: {foreign}"


def give(page: Page, kind: str, *files: tuple[str, str, bytes]) -> None:
    """Drop or paste files: name, media type and content."""
    given = [{"name": name, "mime": mime, "text": base64.b64encode(content).decode()} for name, mime, content in files]
    page.evaluate(DROP, [given, kind])


def drop(page: Page, *photos: Path) -> None:
    """Drop JPEG files on the page."""
    give(page, "drop", *((photo.name, "image/jpeg", photo.read_bytes()) for photo in photos))


def scene_of(page: Page) -> Locator:
    """Wait for the scene on the stage; return its canvas."""
    page.locator(".live.drawn").wait_for()
    return page.locator(".live canvas")


def open_tab(page: Page, name: str) -> None:
    """Choose a tab of the panel."""
    page.get_by_role("tab", name=name).click()


def tile(page: Page, name: str) -> Locator:
    """Return the thumbnail of a project."""
    return page.get_by_role("navigation", name="Photos").get_by_role("button", name=name).first
