"""A real browser opens pages and tells what it sees."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--window-size=800,600",
    "--autoplay-policy=no-user-gesture-required",
)
PATIENCE_S = 60


class _Handler(SimpleHTTPRequestHandler):
    """Serves a folder, and takes what a page has to tell."""

    def __init__(self, *arguments: Any, told: Queue[dict[str, Any]], **keywords: Any) -> None:
        self.told = told
        super().__init__(*arguments, **keywords)

    def do_POST(self) -> None:
        self.told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


def told_by_chromium(folder: Path, body: str, script: str, *flags: str) -> dict[str, Any]:
    """Open a page with this body from a folder; return what the body of an async function of JavaScript returns."""
    program = shutil.which("chromium")
    assert program, "these tests need chromium (Debian: apt-get install chromium)"
    report = """
      const tell = told => fetch("/", {method: "POST", body: JSON.stringify(told)});
      (async () => {%s})().then(tell, error => tell({error: String(error)}));
    """
    page = f'<!doctype html><meta charset="utf-8">{body}<script type="module">{report % script}</script>'
    (folder / "page.html").write_text(page, "utf-8")
    told: Queue[dict[str, Any]] = Queue()
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder), told=told)) as server,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
    ):
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/page.html"
        command = [program, *FLAGS, *flags, f"--user-data-dir={profile}", "--remote-debugging-port=0", address]
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            answer = told.get(timeout=PATIENCE_S)
        except Empty:
            raise AssertionError(f"chromium told nothing in {PATIENCE_S} s") from None
        finally:
            running.terminate()
            running.wait()
            server.shutdown()
    assert "error" not in answer, answer["error"]
    return answer
