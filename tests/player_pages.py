"""The stereo player in a browser, and files for it that tell which eye, place and time are shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from screens import opened

from kbvr.formats.packing.layouts import PACKINGS
from kbvr.formats.spec.format import Facts
from kbvr.options.export_options import FileOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from playwright.sync_api import Page
    from web_engines import Web

SIZE_PX = (240, 160)
FACTS = Facts(f_px=200.0, baseline_m=0.06, convergence_m=2.0)
FPS, SECONDS = 10, 8
VIEWS = ("left", "right", "wiggle", "sbs", "cross", "red-cyan", "green-magenta", "amber-blue")
DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
SCREENS = {"desktop": DESKTOP, "phone": PHONE}
PATIENCE_MS = 30_000


def eye_view(eye, size_px=SIZE_PX):
    """Return a picture that tells where everything in it is: red to the right, green down, the left eye's in blue."""
    width, height = size_px
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[..., 0] = np.linspace(20, 240, width)
    rgb[..., 1] = np.linspace(30, 220, height)[:, None]
    rgb[..., 2] = (210, 60)[eye]
    rgb[height // 4 : height // 2, width // 8 : width // 4] = (250, 10, 30) if eye == 0 else (20, 240, 250)
    return rgb


LEFT, RIGHT = eye_view(0), eye_view(1)


def packed(layout, views=(LEFT, RIGHT)):
    """Return both views in one picture."""
    return PACKINGS[layout].pack(list(views), FileOptions())


def film() -> Iterator[NDArray[np.uint8]]:
    """Yield the pictures of a film whose time is how bright it is; the right eye's is blue."""
    for frame in range(FPS * SECONDS):
        value = 40 + 2 * frame
        left, right = np.full((*SIZE_PX[::-1], 3), value, np.uint8), np.zeros((*SIZE_PX[::-1], 3), np.uint8)
        right[..., 2] = value
        yield packed("sbs", (left, right))


def time_at(value: float) -> float:
    """Return when the left eye's picture of the film is so bright, in seconds."""
    return (value - 40) / 2 / FPS


def loaded(page: Page) -> None:
    """Wait until a file is shown."""
    page.locator(".loaded").wait_for()


def chosen(page: Page, path: Path) -> None:
    """Open a file as people do."""
    page.set_input_files("#file", path)
    loaded(page)


def drawn(page: Page, view: str | None = None) -> NDArray[np.int64]:
    """Return the screen without the buttons, H x W x 3, in a view if one is wanted."""
    if view:
        page.keyboard.press(str(VIEWS.index(view) + 1))
    page.evaluate(
        """async () => {
          const style = document.createElement("style");
          style.textContent = "* {transition: none !important} #bars, #said, #start {opacity: 0; pointer-events: none}";
          document.head.append(style);
          for (let frames = 0; frames < 3; frames++) await new Promise(requestAnimationFrame);
          window.covered = () => style.remove();
        }"""
    )
    shown = np.asarray(Image.open(BytesIO(page.screenshot())).convert("RGB")).astype(int)
    page.evaluate("() => window.covered()")
    return shown


@contextmanager
def player(web: Web, url: str, screen: dict[str, Any], *scripts: str, **more: Any) -> Iterator[Page]:
    """Open the player in a browser window of its own, after these scripts; problems that it reports fail."""
    with opened(web, url, *scripts, patience_ms=PATIENCE_MS, **{**screen, **more}) as page:
        yield page
