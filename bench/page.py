"""Measure the bytes of a scene's pages, and when people see the photo and the scene over a throttled connection.

A new Chromium context, whose cache is empty, opens each of them with the network of the DevTools protocol at 10 Mbit/s
and 40 ms. HTML and JavaScript are sent compressed, as web servers do; the scene (GLB) is not. `photo` is when the
poster is painted (Element Timing), or the scene if there is no poster. `scene` is when the element has drawn its first
picture. Both count from the start of the navigation. The processor draws everything, which takes far longer than a
graphics card.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.machine import ROOT, this_machine

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BITS_PER_S, LATENCY_MS = 10e6, 40
SCREENS = {"1440x900": (1440, 900), "390x844": (390, 844)}
RUNS = 3
PATIENCE_MS = 90_000
FLAGS = (
    *("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
    *("--ignore-gpu-blocklist", "--disable-background-networking", "--disable-component-update"),
)
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".jpg": "image/jpeg"}
COMPRESSED = (".html", ".js")

NOTING = """
window.noted = {};
new MutationObserver(() => {
  document.querySelector("img[slot=poster]")?.setAttribute("elementtiming", "poster");
}).observe(document, {childList: true, subtree: true});
new PerformanceObserver(list => {
  for (const {startTime} of list.getEntries()) noted.photo ??= startTime;
}).observe({type: "element", buffered: true});
document.addEventListener("load", ({target}) => {
  if (target.localName === "kbvr-photo") noted.scene ??= performance.now();
}, true);
"""


@dataclass(frozen=True)
class FileFigures:
    """The size of a file."""

    name: str
    bytes: int
    gzip_bytes: int
    """With gzip -9."""


@dataclass(frozen=True)
class OpeningFigures:
    """How a scene opened; medians of `RUNS`."""

    way: str
    screen: str
    photo_s: float
    scene_s: float


def exported(photo: Path, folder: Path) -> None:
    """Write the scene, the page, and the HTML to paste."""
    import kbvr

    kbvr.export(photo, folder, gltf=True, html=True, embed=True)


def file_figures(folder: Path) -> list[FileFigures]:
    """Return the sizes of the viewers that kbvr ships, and of the files of an export."""
    shipped = sorted((ROOT / "kbvr" / "pages").iterdir())
    written = [path for path in sorted(folder.iterdir()) if path.name not in {page.name for page in shipped}]
    sizes = ((path.name, path.read_bytes()) for path in (*shipped, *written))
    return [FileFigures(name, len(content), len(gzip.compress(content, 9))) for name, content in sizes]


@contextmanager
def served(folder: Path, pasted: Path) -> Iterator[str]:
    """Serve a folder as a web server does, with a page that holds the HTML to paste at /embed."""
    body = f'<!doctype html><meta name="viewport" content="width=device-width">{pasted.read_text("utf-8")}'
    contents = {f"/{path.name}": (path.suffix, path.read_bytes()) for path in folder.iterdir()}
    contents["/embed"] = (".html", body.encode())
    packed = {at: gzip.compress(content) for at, (kind, content) in contents.items() if kind in COMPRESSED}

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep quiet."""

        def do_GET(self) -> None:
            at = self.path.partition("?")[0]
            if at not in contents:
                self.send_error(404)
                return
            kind, content = contents[at]
            self.send_response(200)
            if at in packed:
                content = packed[at]
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Type", TYPES.get(kind, "model/gltf-binary"))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def viewed(glb: Path) -> Iterator[str]:
    """Run kbvr view, and yield the address that it prints."""
    command = [sys.executable, "-m", "kbvr", "view", str(glb), "--no-open"]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        yield running.stdout.readline().strip()
    finally:
        running.terminate()
        running.wait()


def opened(browser: Browser, address: str, size: tuple[int, int]) -> tuple[float, float]:
    """Return when the photo and the scene were seen, in seconds."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    page.add_init_script(NOTING)
    network = {"offline": False, "latency": LATENCY_MS, "downloadThroughput": BITS_PER_S / 8, "uploadThroughput": 1e6}
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", network)
    noted = _noted(page, address)
    context.close()
    return noted.get("photo", noted["scene"]) / 1000, noted["scene"] / 1000


def _noted(page: Page, address: str) -> dict[str, float]:
    page.goto(address, wait_until="commit")
    page.wait_for_function("() => noted.scene", timeout=PATIENCE_MS)
    page.wait_for_timeout(100)  # paints are told of a little later
    noted: dict[str, float] = page.evaluate("noted")
    return noted


def opening_figures(folder: Path) -> list[OpeningFigures]:
    """Open the files of an export in every way."""
    from playwright.sync_api import sync_playwright

    (pasted,), (glb,) = folder.glob("*_embed.html"), folder.glob("*.glb")
    page_name = pasted.name.replace("_embed", "")
    figures = []
    with (
        served(folder, pasted) as site,
        viewed(glb) as view,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS)) as browser,
    ):
        for way, address in (("--html", f"{site}/{page_name}"), ("--embed", f"{site}/embed"), ("kbvr view", view)):
            for screen, size in SCREENS.items():
                runs = [opened(browser, address, size) for _ in range(RUNS)]
                photo_s, scene_s = (statistics.median(times) for times in zip(*runs, strict=True))
                figures.append(OpeningFigures(way, screen, photo_s, scene_s))
    return figures


def file_table(figures: Sequence[FileFigures]) -> str:
    """Return a Markdown table, a row per file."""
    lines = ["| file                    |   bytes |  gzip -9 |", "|-------------------------|--------:|---------:|"]
    lines += [f"| {row.name:23} | {row.bytes:7d} | {row.gzip_bytes:8d} |" for row in figures]
    return "\n".join(lines)


def opening_table(figures: Sequence[OpeningFigures]) -> str:
    """Return a Markdown table, a row per way and screen."""
    lines = [
        "| opened    | screen   | photo s | scene s |",
        "|-----------|----------|--------:|--------:|",
    ]
    lines += [f"| {row.way:9} | {row.screen:8} | {row.photo_s:7.2f} | {row.scene_s:7.2f} |" for row in figures]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__.splitlines()[0])
    parser.add_argument("--photo", type=Path, default=ROOT / "examples" / "temple.jpg", help="the photo of the scene")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
    machine = this_machine()
    with tempfile.TemporaryDirectory() as name:
        exported(options.photo, Path(name))
        files, openings = file_figures(Path(name)), opening_figures(Path(name))
    if options.json:
        told: dict[str, Any] = {"files": [asdict(row) for row in files], "opened": [asdict(row) for row in openings]}
        print(json.dumps(machine.as_json() | told, indent=1))
        return 0
    print("\n".join(machine.lines()), file_table(files), opening_table(openings), sep="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
