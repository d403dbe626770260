"""Measure the gallery with many photos: its data, when thumbnails are seen, and what a frame costs while it scrolls.

The photos are made up: names, dates and captions of ordinary lengths, and 60 pictures that take turns as thumbnails. A
server on this machine sends all of it over a network throttled as in `bench.page`; text is sent compressed. `first` is
when a thumbnail has been painted, `all` when those in the window have arrived; both count from the start of the
navigation. Then the gallery is scrolled by a third of a window a frame for `FRAMES` frames, then by jumps to places all
over it, as somebody drags the scroll bar. `script` is the time in JavaScript, `layout` that in styles and layout, both
per frame.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from bench.machine import this_machine
from bench.page import BITS_PER_S, FLAGS, LATENCY_MS, SCREENS
from kbvr.gallery.gallery_photo import GalleryFile, GalleryPhoto
from kbvr.gallery.places import FOLDER, PHOTOS
from kbvr.gallery.site import write_gallery

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

COUNTS = (5_000, 50_000)
PICTURES = 60
SHAPES = ((1500, 1000), (1000, 1500), (1600, 900), (1200, 1200), (2000, 700))
WORDS = [
    "harbour",
    "market",
    "bridge",
    "family",
    "church",
    "winter",
    "street",
    "garden",
    "mill",
    "boats",
    "station",
    "school",
    "river",
    "hill",
    "festival",
]
FRAMES, JUMPS = 240, 40
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
WARM_UP_MS = 500

SCROLL = """async ([frames, step]) => {
  const times = [];
  for (let last = performance.now(), frame = 0; frame < frames; frame++) {
    const height = document.documentElement.scrollHeight;
    scrollTo(0, step > 0 ? scrollY + step * innerHeight : ((frame * 0.618034) % 1) * height);
    await new Promise(requestAnimationFrame);
    times.push(performance.now() - last);
    last = performance.now();
  }
  times.sort((a, b) => a - b);
  return [times[times.length >> 1], times.at(-1), document.querySelectorAll("*").length];
}"""
FIRST_SEEN = """
new PerformanceObserver(list => { for (const {startTime} of list.getEntries()) window.first ??= startTime; })
  .observe({type: "element", buffered: true});
new MutationObserver(() => {
  for (const image of document.querySelectorAll(".tile img")) image.setAttribute("elementtiming", "thumbnail");
}).observe(document, {childList: true, subtree: true});
"""
ALL_SEEN = """() => {
  const seen = [...document.querySelectorAll(".tile")].filter(tile => tile.getBoundingClientRect().top < innerHeight);
  return window.first && seen.length && seen.every(tile => tile.querySelector("img").complete) && performance.now();
}"""


@dataclass(frozen=True)
class DataFigures:
    """The list of the photos."""

    photos: int
    bytes: int
    gzip_bytes: int
    write_s: float
    """Duration of `write_gallery`."""


@dataclass(frozen=True)
class OpeningFigures:
    """How the gallery opened."""

    photos: int
    screen: str
    first_s: float
    all_s: float


@dataclass(frozen=True)
class ScrollFigures:
    """What frames cost while the gallery scrolled; times are in milliseconds."""

    photos: int
    screen: str
    way: str
    script_ms: float
    layout_ms: float
    median_ms: float
    worst_ms: float
    elements: int
    """In the whole page at the end."""


def made_up(count: int) -> Iterator[GalleryPhoto]:
    """Yield photos, the same ones each time."""
    random = np.random.default_rng(22)
    for number in range(count):
        name = f"IMG_{1000 + number}"
        day = date(1890, 1, 1) + timedelta(days=int(random.integers(0, 49_000)))
        words = [WORDS[at] for at in random.integers(0, len(WORDS), int(random.integers(0, 14)))]
        folder = f"Box {number * 12 // count + 1}"
        endings = {"_LR.mp4": "Stereo video", "_wiggle.mp4": "Loop", ".glb": "Scene"}
        sizes = random.integers(100_000, 3_000_000, len(endings)).tolist()
        yield GalleryPhoto(
            key=random.bytes(8).hex(),
            name=name,
            size_px=SHAPES[int(random.integers(len(SHAPES)))],
            folder=folder,
            date=day.isoformat(),
            caption=" ".join(words).capitalize(),
            author=f"Photographer {int(random.integers(40))}",
            copyright="Museum of Made-up Photos",
            wiggle=f"{folder}/{name}_kbvr_wiggle.mp4",
            has_scene=True,
            files=tuple(
                GalleryFile(f"{folder}/{name}_kbvr{ending}", label, size)
                for (ending, label), size in zip(endings.items(), sizes, strict=True)
            ),
        )


def thumbnails() -> list[bytes]:
    """Return pictures of ordinary size in bytes."""
    random = np.random.default_rng(5)
    made = []
    for number in range(PICTURES):
        coarse = Image.fromarray(random.integers(0, 256, (30, 45, 3), np.uint8))
        file = BytesIO()
        coarse.resize((480, 320), Image.Resampling.BICUBIC).rotate(number).save(file, "WEBP", quality=78)
        made.append(file.getvalue())
    return made


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a gallery; its thumbnails take turns."""
    pictures = thumbnails()
    packed = {
        f"/{path.relative_to(folder).as_posix()}": (TYPES[path.suffix], gzip.compress(path.read_bytes()))
        for path in folder.rglob("*")
        if path.suffix in TYPES
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

        def handle(self) -> None:
            with suppress(ConnectionError):  # thumbnails that are out of sight are no longer wanted
                super().handle()

        def do_GET(self) -> None:
            at = self.path.partition("?")[0]
            kind, content = packed.get(at, ("image/webp", pictures[sum(at.encode()) % PICTURES]))
            self.send_response(200)
            if at in packed:
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/index.html"
        server.shutdown()


def written(count: int, folder: Path) -> DataFigures:
    """Write a gallery of so many photos."""
    photos = tuple(made_up(count))
    start = perf_counter()
    write_gallery(photos, folder, title="Made-up photos")
    write_s = perf_counter() - start
    data = (folder / FOLDER / PHOTOS).read_bytes()
    return DataFigures(count, len(data), len(gzip.compress(data, 9)), write_s)


def browsed(browser: Browser, address: str, count: int, screen: str) -> tuple[OpeningFigures, list[ScrollFigures]]:
    """Open a gallery and scroll in it."""
    width, height = SCREENS[screen]
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    page = context.new_page()
    page.add_init_script(FIRST_SEEN)
    session = context.new_cdp_session(page)
    throttle(session, LATENCY_MS, BITS_PER_S / 8)
    page.goto(address, wait_until="commit")
    all_ms = page.wait_for_function(ALL_SEEN).json_value()
    opening = OpeningFigures(count, screen, page.evaluate("window.first") / 1000, all_ms / 1000)
    throttle(session, 0, -1)
    session.send("Performance.enable")
    page.wait_for_timeout(WARM_UP_MS)
    ways = (("scrolled", FRAMES, 1 / 3), ("jumped", JUMPS, 0))
    scrolls = [ScrollFigures(count, screen, way, *scrolled(page, session, frames, step)) for way, frames, step in ways]
    context.close()
    return opening, scrolls


def throttle(session: CDPSession, latency_ms: float, bytes_per_s: float) -> None:
    """Emulate a network; -1 is no limit."""
    session.send("Network.enable")
    network = {"offline": False, "latency": latency_ms, "downloadThroughput": bytes_per_s, "uploadThroughput": -1}
    session.send("Network.emulateNetworkConditions", network)


def scrolled(page: Page, session: CDPSession, frames: int, step: float) -> tuple[float, float, float, float, int]:
    """Return script and layout per frame, the median and the worst frame, in ms, and the number of elements."""
    before = durations_s(session)
    median_ms, worst_ms, elements = page.evaluate(SCROLL, [frames, step])
    after = durations_s(session)
    script_ms = 1000 * (after["ScriptDuration"] - before["ScriptDuration"]) / frames
    layout_ms = 1000 * sum(after[name] - before[name] for name in ("LayoutDuration", "RecalcStyleDuration")) / frames
    return script_ms, layout_ms, median_ms, worst_ms, elements


def durations_s(session: CDPSession) -> dict[str, float]:
    """Return the browser's sums of durations."""
    return {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}


def tables(data: Sequence[DataFigures], openings: Sequence[OpeningFigures], scrolls: Sequence[ScrollFigures]) -> str:
    """Return three Markdown tables."""
    lines = ["| photos | photos.js | gzip -9 | written s |", "|-------:|----------:|--------:|----------:|"]
    lines += [f"| {row.photos:6} | {row.bytes:9} | {row.gzip_bytes:7} | {row.write_s:9.2f} |" for row in data]
    lines += ["", "| photos | screen   | first s | all s |", "|-------:|----------|--------:|------:|"]
    lines += [f"| {row.photos:6} | {row.screen:8} | {row.first_s:7.2f} | {row.all_s:5.2f} |" for row in openings]
    lines += ["", "| photos | screen   | way      | script ms | layout ms | median ms | worst ms | elements |"]
    lines += ["|-------:|----------|----------|----------:|----------:|----------:|---------:|---------:|"]
    lines += [
        f"| {row.photos:6} | {row.screen:8} | {row.way:8} | {row.script_ms:9.2f} | {row.layout_ms:9.2f} "
        f"| {row.median_ms:9.1f} | {row.worst_ms:8.1f} | {row.elements:8} |"
        for row in scrolls
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(prog="python -m bench.gallery", description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, nargs="+", default=COUNTS, help="numbers of photos")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
    machine = this_machine()
    data: list[DataFigures] = []
    openings: list[OpeningFigures] = []
    scrolls: list[ScrollFigures] = []
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS)) as browser,
    ):
        for count in options.photos:
            with tempfile.TemporaryDirectory() as name:
                data.append(written(count, Path(name)))
                with served(Path(name)) as address:
                    for screen in SCREENS:
                        opening, scrolling = browsed(browser, address, count, screen)
                        openings.append(opening)
                        scrolls += scrolling
    if options.json:
        told: dict[str, Sequence[Any]] = {"data": data, "opened": openings, "scrolled": scrolls}
        rows = {name: [asdict(row) for row in table] for name, table in told.items()}
        print(json.dumps(machine.as_json() | rows, indent=1))
        return 0
    print("\n".join(machine.lines()), tables(data, openings, scrolls), sep="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
