"""An HTTP server on this machine for tests of downloads: one file, and whatever can go wrong with it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from kbvr.nets import Card, Tensor
from kbvr.nets.model_card import card_text

CONTENT = np.random.default_rng(5).bytes(700_001)


@dataclass
class Script:
    """What the server has and does; tests change it between requests."""

    content: bytes = CONTENT
    etag: str | None = '"one"'
    ranges: bool = True
    shift: int = 0
    """How much later than asked for a partial answer begins."""

    etag_of_parts: str | None = None
    """What partial answers call the file, if not what whole ones do."""

    says_length: bool = True
    encoding: str | None = None
    """What is said of how the file is encoded."""

    statuses: list[int] = field(default_factory=list)
    """Answers to the next requests, before the file is given."""

    cuts: list[int] = field(default_factory=list)
    """After how many bytes of the body the next answers break off."""

    redirects: dict[str, str] = field(default_factory=dict)
    hold: threading.Event | None = None
    """What the server waits for before it gives anything but the first half."""

    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and headers of every request, with lower-case names."""


def handler(script: Script) -> type[BaseHTTPRequestHandler]:
    """Return what answers requests by a script."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            script.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            if self.path in script.redirects:
                self.bare(302, Location=script.redirects[self.path])
            elif script.statuses:
                self.bare(script.statuses.pop(0))
            else:
                self.give()

        def bare(self, status: int, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def give(self) -> None:
            start = 0
            wanted = self.headers.get("Range")
            if wanted and script.ranges and self.headers.get("If-Range") == script.etag:
                start = int(wanted.removeprefix("bytes=").removesuffix("-")) + script.shift
            whole = len(script.content)
            if start >= whole:
                return self.bare(416, **{"Content-Range": f"bytes */{whole}"})
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
            if script.says_length:
                self.send_header("Content-Length", str(whole - start))
            if script.encoding:
                self.send_header("Content-Encoding", script.encoding)
            if script.etag:
                self.send_header("ETag", script.etag_of_parts or script.etag if start else script.etag)
            self.end_headers()
            body = script.content[start:]
            if script.cuts:
                body = body[: script.cuts.pop(0)]
            half = len(body) // 2
            self.wfile.write(body[:half])
            if script.hold:
                script.hold.wait(20)
            self.wfile.write(body[half:])
            self.close_connection = True
            return None

    return Handler


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """Yield the address of a server that plays a script."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(script))
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that hang up are meant
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def card_for(url: str, *, name: str = "thing", content: bytes = CONTENT, non_commercial: bool = False) -> Card:
    """Return the card of a network that is fetched from a URL."""
    return Card(
        name=name,
        file=f"{name}.onnx",
        sha256=hashlib.sha256(content).hexdigest(),
        licence="CC BY-NC 4.0" if non_commercial else "MIT",
        source="a test",
        task="nothing",
        inputs=(Tensor("x", "float32", ("n",), "anything"),),
        outputs=(Tensor("y", "float32", ("n",), "anything"),),
        normalisation="none",
        sizes="any",
        trained_on="nothing",
        figures={},
        limits="all",
        url=url,
        size_bytes=len(content),
        non_commercial=non_commercial,
    )


def known(card: Card, home: Path) -> Card:
    """Put a card where kbvr finds it."""
    folder = home / "models"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{card.name}.json").write_text(card_text(card), "utf-8")
    return card
