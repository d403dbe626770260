"""The page of `kbvr studio` in a real browser, with a real server."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lent_workers import LentWorker
from PIL import Image
from screens import SCREENS, Screen

from kbvr.serving import open_server
from kbvr.studio.studio import Studio

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Locator, Page
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


SMALL = {"width": 1100, "height": 640}
"""A window that software draws quickly, and wide enough for the layout of a desktop."""


def check_page() -> None:
    """Check that the built page is that of the sources."""
    newest_s = max(path.stat().st_mtime for path in (ROOT / "viewers" / "studio").rglob("*.ts*"))
    assert PAGE.stat().st_mtime >= newest_s, "viewers/studio is newer than the page: pip install -e ."


@contextmanager
def studio(folder: Path, *photos: Path, port: int = 0) -> Iterator[str]:
    """Start a studio; yield the address of its page."""
    check_page()
    with open_server(Studio(folder, list(photos), new_worker=LentWorker), port=port) as server:
        yield server.url


PATIENCE_MS = 60_000
"""How long a page may take on a slow machine that makes scenes meanwhile."""

HAS_LOOKED = "localStorage.setItem('kbvr-has-looked', 'yes')"
REFUSED = "the server responded with a status of 4"
"""A problem that a browser reports when a server refuses something, as a regular expression."""

GONE = f"{REFUSED}04"
"""The same of what a page was still fetching of a photo when the photo was removed."""


@contextmanager
def shown(
    web: Web,
    url: str,
    screen: Screen = "wide",
    *scripts: str,
    may_be_refused: bool | str = False,
    is_first: bool = False,
    **more: Any,
) -> Iterator[Page]:
    """Open the page on a screen; problems that it reports fail, and whatever it asks of another host.

    It moves nothing by itself (prefers-reduced-motion), unless asked for more. Answers that refuse what a test does
    (4xx) are problems, too, unless they, or problems of this pattern, may be. Nothing is said to those who come for
    the first time, unless it `is_first`.
    """
    own = "{0.scheme}://{0.netloc}/".format(urlsplit(url))
    problems: list[str] = []
    expected = REFUSED if may_be_refused is True else may_be_refused

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not (expected and re.search(expected, message.text)):
            problems.append(message.text)

    settings = {"locale": "en-GB", "reduced_motion": "reduce", **SCREENS[screen], **more}
    context = web.browser.new_context(**settings)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.on("console", note)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: _note_foreign(request.url, own, problems))
    try:
        for one in (*scripts, *([] if is_first else [HAS_LOOKED])):
            page.add_init_script(one)
        with page.expect_response("**/api/schema") as schema:  # from then on it knows which files are photos
            page.goto(url)
        schema.value.finished()
        yield page
    finally:
        context.close()
    assert not problems, problems


def _note_foreign(address: str, own: str, problems: list[str]) -> None:
    if not address.startswith((own, "data:", "blob:")):
        problems.append(f"asked of another host: {address}")


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


def asked(page: Page, path: str, method: str = "GET", body: Any = None) -> Any:
    """Return the server's answer to the page, as JSON."""
    ask = """async ([path, method, body]) => {
      const init = method === "GET" ? {} : {method, body: JSON.stringify(body)};
      const answer = await fetch(new URL("api/" + path, document.baseURI), init);
      return answer.json();
    }"""
    return page.evaluate(ask, [path, method, body])


def project_of(page: Page) -> dict[str, Any]:
    """Return the state of the project on the stage."""
    state: dict[str, Any] = asked(page, f"projects/{page.url.rsplit('#', 1)[1]}")
    return state


def saved_options(page: Page, wanted: dict[str, str]) -> None:
    """Wait until the server has these options of the project on the stage."""
    end_s = time.monotonic() + PATIENCE_MS / 1000
    while (got := project_of(page)["options"]) != wanted:
        assert time.monotonic() < end_s, f"expected {wanted}, got {got}"
        page.wait_for_timeout(50)


def seek(page: Page, frame: int) -> None:
    """Show a frame of the move."""
    page.get_by_role("slider", name="Time").evaluate(
        """(bar, frame) => {
          bar.value = frame;
          bar.dispatchEvent(new Event("input", {bubbles: true}));
        }""",
        frame,
    )
    settle(page)


def settle(page: Page) -> None:
    """Wait until what has been asked for is drawn."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))")


def picture(canvas: Locator) -> Image.Image:
    """Return what an element shows; a scene, when it is drawn sharply."""
    canvas.page.locator(".live.quick").wait_for(state="detached")
    return Image.open(BytesIO(canvas.screenshot())).convert("RGB")
