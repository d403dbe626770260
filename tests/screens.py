"""The two screens that pages are tested on: a desktop's, and a phone's with touch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from web_engines import Web

Screen = Literal["wide", "phone"]
SCREENS: dict[Screen, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1440, "height": 900}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "has_touch": True,
        "is_mobile": True,
    },
}
PATIENCE_MS = 20_000


@contextmanager
def opened(web: Web, url: str, *scripts: str, patience_ms: int = PATIENCE_MS, **settings: Any) -> Iterator[Page]:
    """Open a page in a browser window of its own, after these scripts; problems that it reports fail."""
    context = web.browser.new_context(**{"locale": "en-GB", **settings})
    context.set_default_timeout(patience_ms)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    try:
        for script in scripts:
            page.add_init_script(script)
        page.goto(url)
        yield page
    finally:
        context.close()
    assert not problems, problems


@contextmanager
def on_screen(web: Web, screen: Screen, url: str, *scripts: str, **more: Any) -> Iterator[Page]:
    """Open a page on a screen; see `opened`.

    It moves nothing by itself (prefers-reduced-motion), unless asked for more.
    """
    with opened(web, url, *scripts, **{**SCREENS[screen], "reduced_motion": "reduce", **more}) as page:
        yield page
