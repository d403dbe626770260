"""An HTTP server on this machine that holds back parts of its answers until a test lets them go."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PATIENCE_S = 60
TYPES = {
    "/": "text/html; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".jpg": "image/jpeg",
}


class Held:
    """An answer in parts; each part but the first waits to be released."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts
        self._released = [threading.Event() for _ in parts]
        self._released[0].set()

    def release(self, part: int) -> None:
        """Let a part go."""
        self._released[part].set()

    def sent(self) -> Iterator[bytes]:
        """Yield every part as soon as it may go."""
        for part, released in zip(self.parts, self._released, strict=True):
            assert released.wait(PATIENCE_S)
            yield part


@contextmanager
def held_server(answers: Mapping[str, Held]) -> Iterator[tuple[str, Sequence[str]]]:
    """Serve answers at their paths; yield the address of the server, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep quiet."""

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            asked.append(path)
            answer = answers.get(path)
            self.send_response(200 if answer else 404)
            if answer is None:
                self.end_headers()
                return
            self.send_header("Content-Type", TYPES.get(path[path.rfind(".") :], "application/octet-stream"))
            self.send_header("Content-Length", str(sum(map(len, answer.parts))))
            self.end_headers()
            for part in answer.sent():
                try:
                    self.wfile.write(part)
                    self.wfile.flush()
                except OSError:  # the page has been closed
                    return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            for answer in answers.values():
                for part in range(len(answer.parts)):
                    answer.release(part)
            server.shutdown()
