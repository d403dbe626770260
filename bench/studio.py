"""Measure what people wait for in `kbvr studio`, by the page's own marks, and the memory that it takes.

The command `kbvr studio` runs as a process of its own, and Chromium opens its page. In every run another photo is
dropped on it. `first-scene` is the time from the drop to the first picture in 3D. Then, when the scene has been made
again as well as it can be, the strength of the move is changed (`plan`: until the picture shows the new cameras), a
brush paints (`stroke`: from a part of the stroke to the changed depth on the screen), its scene is awaited
(`depth-to-scene`), and a click selects (`select`). The processor draws everything, which takes far longer than a
graphics card.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from bench.machine import this_machine
from bench.page import FLAGS
from bench.photo_cost import GRAIN_LEVELS, JPEG_QUALITY
from bench.render import photo_rgb

if TYPE_CHECKING:
    from playwright.sync_api import Page

WAITS = ("first-scene", "plan", "stroke", "depth-to-scene", "select")
PHOTO_PX, RUNS = (4000, 3000), 5
CHANGES, STROKES, CLICKS = 6, 4, 4
"""What is done in every run."""

SCREEN_PX = (1440, 900)
PATIENCE_MS = 120_000
SETTLE_MS, LOOK_MS, LOOK_S = 700, 100, 0.05
WARM_UP_MS = 4000
"""How long a studio prepares itself after its start."""

DROP = """text => {
  const bytes = Uint8Array.from(atob(text), one => one.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], "photo.jpg", {type: "image/jpeg"}));
  document.body.dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
}"""
IS_AT_REST = """async () => {
  const projects = await (await fetch(new URL("api/projects", document.baseURI))).json();
  return projects.every(({stage, scene}) => stage === "ready" && scene?.is_refined);
}"""
MEASURED = """performance.getEntriesByType("measure").filter(({name}) => name.startsWith("kbvr:"))
  .map(({name, duration}) => [name.slice(5), duration])"""


@dataclass(frozen=True)
class WaitFigures:
    """How long people wait for one thing."""

    wait: str
    count: int
    min_ms: float
    median_ms: float
    max_ms: float


@dataclass(frozen=True)
class MemoryFigures:
    """The most memory that was in use."""

    server_bytes: int
    all_bytes: int
    """Of the server and its workers, at the same time."""


class Memory:
    """Watches a process and those that it starts."""

    def __init__(self, process: int) -> None:
        import psutil

        self.figures = MemoryFigures(0, 0)
        self._process = psutil.Process(process)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End watching."""
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(LOOK_S):
            own, total = _resident_bytes(self._process), 0
            for child in self._process.children(recursive=True):
                total += _resident_bytes(child)
            before = self.figures
            self.figures = MemoryFigures(max(before.server_bytes, own), max(before.all_bytes, own + total))


def _resident_bytes(process: object) -> int:
    import psutil

    assert isinstance(process, psutil.Process)
    try:
        return int(process.memory_info().rss)
    except psutil.Error:  # it has ended
        return 0


@contextmanager
def running_studio(folder: Path) -> Iterator[tuple[str, int]]:
    """Run `kbvr studio`; yield the address of its page and the id of its process."""
    command = [sys.executable, "-m", "kbvr", "studio", "--no-open", "--projects", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        yield next(word for line in lines for word in line.split() if word.startswith("http")), process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def jpeg_of(size_px: tuple[int, int], seed: int) -> bytes:
    """Return the example photo at a size, with grain that differs for every seed, as JPEG."""
    from io import BytesIO

    from PIL import Image

    rgb = photo_rgb(size_px).astype(np.float32)
    rgb += np.random.default_rng(seed).normal(0, GRAIN_LEVELS, rgb.shape).astype(np.float32)
    content = BytesIO()
    Image.fromarray(np.clip(np.rint(rgb), 0, 255).astype(np.uint8)).save(content, "JPEG", quality=JPEG_QUALITY)
    return content.getvalue()


def measured(page: Page) -> dict[str, list[float]]:
    """Return the page's measures so far, in milliseconds."""
    found: dict[str, list[float]] = defaultdict(list)
    for name, duration_ms in page.evaluate(MEASURED):
        found[name].append(duration_ms)
    return found


def wait_for(page: Page, wait: str, count: int = 1) -> None:
    """Wait until the page has measured something so many times."""
    for _ in range(PATIENCE_MS // LOOK_MS):
        if len(measured(page)[wait]) >= count:
            return
        page.wait_for_timeout(LOOK_MS)
    raise TimeoutError(f"the page has not measured {wait} {count} times: {dict(measured(page))}")


def rest(page: Page) -> None:
    """Wait until the studio has made all scenes as well as it can."""
    for _ in range(PATIENCE_MS // LOOK_MS):
        if page.evaluate(IS_AT_REST):
            return
        page.wait_for_timeout(LOOK_MS)
    raise TimeoutError("the studio does not come to rest")


def use(page: Page, photo: bytes) -> dict[str, list[float]]:
    """Drop a photo, change settings and mend its depth; return the page's measures in milliseconds."""
    page.evaluate(DROP, base64.b64encode(photo).decode())
    wait_for(page, "first-scene")
    rest(page)
    page.wait_for_timeout(SETTLE_MS)
    page.get_by_role("tab", name="Set").click()
    for change in range(CHANGES):
        page.locator(f"[data-value={('bold', 'gentle')[change % 2]}]").click()
        wait_for(page, "plan", change + 1)
        page.wait_for_timeout(LOOK_MS)
    page.get_by_role("tab", name="Mend").click()
    layer = page.locator(".brushing")
    layer.wait_for(timeout=PATIENCE_MS)
    page.wait_for_timeout(SETTLE_MS)
    box = layer.bounding_box()
    assert box is not None
    places = [(box["x"] + share * box["width"], box["y"] + 0.5 * box["height"]) for share in (0.3, 0.45, 0.6, 0.75)]
    page.locator("[data-value=nearer]").click()
    for stroke in range(STROKES):
        before = len(measured(page)["depth-to-scene"])
        x, y = places[stroke % len(places)]
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y + 20, steps=12)
        page.mouse.up()
        wait_for(page, "stroke", stroke + 1)
        wait_for(page, "depth-to-scene", before + 1)
    page.locator(".mend-tools [data-value=select]").click()
    for click in range(CLICKS):
        page.mouse.click(*places[click % len(places)])
        wait_for(page, "select", click + 1)
        page.wait_for_timeout(LOOK_MS)
    return measured(page)


def measure(size_px: tuple[int, int], *, runs: int) -> tuple[list[WaitFigures], MemoryFigures]:
    """Use a studio several times."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    assert program, "this needs chromium (Debian: apt-get install chromium)"
    waits: dict[str, list[float]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_studio(Path(folder) / "projects") as (url, process),
        sync_playwright() as playwright,
    ):
        memory = Memory(process)
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        for run in range(runs):
            page = browser.new_page(viewport={"width": SCREEN_PX[0], "height": SCREEN_PX[1]})
            page.set_default_timeout(PATIENCE_MS)
            page.goto(url)
            page.get_by_role("heading").first.wait_for()
            page.wait_for_timeout(WARM_UP_MS)
            for wait, found_ms in use(page, jpeg_of(size_px, run)).items():
                waits[wait] += found_ms
            rest(page)
            page.close()
        browser.close()
        memory.close()
    figures = [
        WaitFigures(wait, len(ms), round(min(ms), 1), round(median(ms), 1), round(max(ms), 1))
        for wait in WAITS
        if (ms := waits[wait])
    ]
    return figures, memory.figures


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the machine and two tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.studio", description=__doc__)
    parser.add_argument("--size", default="{}x{}".format(*PHOTO_PX), help="size of the photos, in pixels")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    machine = this_machine()
    width, height = map(int, given.size.split("x"))
    waits, memory = measure((width, height), runs=given.runs)
    if given.json:
        rows = [asdict(row) for row in waits]
        print(json.dumps({"machine": machine.as_json(), "waits": rows, "memory": asdict(memory)}, indent=1))
        return
    print(*machine.lines(), "", f"{given.runs} photos of {width}x{height} px", sep="\n")
    print("| wait | times | min ms | median ms | max ms |", "|---|--:|--:|--:|--:|", sep="\n")
    for row in waits:
        print(f"| {row.wait} | {row.count} | {row.min_ms:,.0f} | {row.median_ms:,.0f} | {row.max_ms:,.0f} |")
    print("", "| memory | peak MB |", "|---|--:|", f"| server | {memory.server_bytes / 1e6:,.0f} |", sep="\n")
    print(f"| server and workers | {memory.all_bytes / 1e6:,.0f} |")


if __name__ == "__main__":
    main()
