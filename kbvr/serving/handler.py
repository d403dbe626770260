"""The HTTP handler: it looks up the requested path, exactly as received, in the site's fixed table.

Paths are never decoded, joined or resolved, so no spelling of `..` leads anywhere. Other pages in the same browser do
not know the secret part of the URL, and requests for another host name (DNS rebinding) are refused.
"""

from __future__ import annotations

import io
import logging
import os
import socket
from hmac import compare_digest
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any

from kbvr.serving.ranges import part_of
from kbvr.serving.site import HTML, Resource, Site, opened

logger = logging.getLogger(__name__)

HEAD_S, HEAD_BYTES = 15.0, 32_768
"""Limits of a request's head; HEAD_S is also how long a connection waits for its next request."""

STALL_S = 30.0
"""Time limit for a client to receive CHUNK_BYTES, or for the TLS handshake. A paused video requests the rest later."""

CHUNK_BYTES = 65_536

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:",
        "style-src 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob: data:",
        "font-src data:",
        "connect-src 'self' blob: data:",
        "worker-src blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

PERMISSIONS = ", ".join(
    (
        *(f"{name}=(self)" for name in ("xr-spatial-tracking", "accelerometer", "gyroscope", "fullscreen")),
        *(f"{name}=()" for name in ("camera", "microphone", "geolocation")),
    )
)

HEADERS = (
    ("Accept-Ranges", "bytes"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", CONTENT_POLICY),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", PERMISSIONS),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
"""Headers of every answer."""


class _HeadTooLongError(Exception):
    """A request's head has more than HEAD_BYTES bytes."""


class _Incoming(io.RawIOBase):
    """A connection's input, with limits per request that a client cannot stretch by sending byte by byte."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.expect_request()

    def expect_request(self) -> None:
        """Restart the limits for the next request."""
        self._until_s = monotonic() + HEAD_S
        self._left = HEAD_BYTES

    def readable(self) -> bool:
        """See io.RawIOBase."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See io.RawIOBase."""
        wait_s = self._until_s - monotonic()
        if wait_s <= 0:
            raise TimeoutError
        if not self._left:
            raise _HeadTooLongError
        self._connection.settimeout(wait_s)
        count = self._connection.recv_into(memoryview(buffer)[: self._left])
        self._left -= count
        return count


class AnsweringServer(ThreadingHTTPServer):
    """The interface of the server that handlers use."""

    site: Site
    token: str
    """The secret part of the URL."""

    hosts: set[str]
    """Accepted values of the Host header."""

    def note_answer(self, request: socket.socket, *, begins: bool, knows_url: bool = False) -> None:
        """Note that an answer to a connection begins or has ended, and whether its client knows the URL."""
        raise NotImplementedError


class Handler(BaseHTTPRequestHandler):
    """Handler for the requests of one connection."""

    server: AnsweringServer
    protocol_version = "HTTP/1.1"
    request_version = default_request_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Limit the input."""
        super().setup()
        self.rfile.close()
        self._incoming = _Incoming(self.connection)
        self.rfile = io.BufferedReader(self._incoming)

    def handle_one_request(self) -> None:
        """Answer one request."""
        self._incoming.expect_request()
        self.requestline = self.command = ""  # read by error answers, also if the request line never ended
        try:
            super().handle_one_request()
        except _HeadTooLongError:
            self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        finally:
            self.server.note_answer(self.connection, begins=False)

    def parse_request(self) -> bool:
        """Parse the head of a request, and refuse what a browser with the right URL never sends."""
        if not super().parse_request():
            return False
        self.connection.settimeout(STALL_S)
        refusal = self._refusal()
        if refusal:
            self.send_error(refusal)
        return refusal is None

    def _refusal(self) -> HTTPStatus | None:
        if self.request_version not in ("HTTP/1.0", "HTTP/1.1"):
            return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].strip().lower() not in self.server.hosts:
            return HTTPStatus.MISDIRECTED_REQUEST
        if self.command not in ("GET", "HEAD"):
            return HTTPStatus.METHOD_NOT_ALLOWED
        if "Transfer-Encoding" in self.headers or self.headers.get("Content-Length", "0") != "0":
            return HTTPStatus.BAD_REQUEST  # the body would be parsed as the next request
        return None

    def do_GET(self) -> None:
        """Send the index or a resource."""
        site, prefix = self.server.site, f"/{self.server.token}/"
        path = self.path.partition("?")[0]
        token, name = path[: len(prefix)], path[len(prefix) :]
        if not compare_digest(token.encode("latin-1"), prefix.encode()):
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.server.note_answer(self.connection, begins=True, knows_url=True)
        if name in site.resources:
            self._send_resource(site.resources[name])
        elif name:
            self.send_error(HTTPStatus.NOT_FOUND)
        else:
            self._begin(HTTPStatus.OK, HTML, len(site.index))
            self._send(io.BytesIO(site.index), len(site.index))

    def do_HEAD(self) -> None:
        """Send the same headers without a body."""
        self.do_GET()

    def _send_resource(self, resource: Resource) -> None:
        """Send a file in its current state, so that a reload shows a new export."""
        try:
            file = opened(resource.path)
        except OSError:
            logger.warning("%s can no longer be read", resource.path)
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with file:
            status = os.fstat(file.fileno())
            size, etag = status.st_size, f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
            part = part_of(size, self._range_header(etag))
            if part is None:
                self._begin(HTTPStatus.OK, resource.mime, size, ETag=etag)
                self._send(file, size)
            elif part:
                where = {"Content-Range": f"bytes {part.start}-{part.stop - 1}/{size}"}
                self._begin(HTTPStatus.PARTIAL_CONTENT, resource.mime, len(part), ETag=etag, **where)
                file.seek(part.start)
                self._send(file, len(part))
            else:
                self._refuse(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, **{"Content-Range": f"bytes */{size}"})

    def _range_header(self, etag: str) -> str | None:
        """Return the Range header; None if the file has changed, because the rest would not fit the first part."""
        headers = self.headers.get_all("Range", [])
        if self.command != "GET" or len(headers) != 1 or self.headers.get("If-Range", etag) != etag:
            return None
        return headers[0]

    def _begin(self, status: HTTPStatus, mime: str, length: int, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", mime)
        self.send_header("Content-Length", str(length))
        for name, value in (*headers.items(), *HEADERS):
            self.send_header(name, value)
        self.end_headers()

    def _send(self, content: io.BufferedIOBase, length: int) -> None:
        """Send a body of this length; if the file has become shorter, close the connection to signal it."""
        if self.command == "HEAD":
            return
        while length:
            chunk = content.read(min(CHUNK_BYTES, length))
            if not chunk:
                self.close_connection = True
                return
            self.wfile.write(chunk)
            length -= len(chunk)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with a status only, and close the connection."""
        del message, explain
        self._refuse(HTTPStatus(code))

    def _refuse(self, status: HTTPStatus, **headers: str) -> None:
        body = f"{status.value} {status.phrase}\n".encode()
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            headers = {"Allow": "GET, HEAD"}
        self._begin(status, "text/plain; charset=utf-8", len(body), Connection="close", **headers)
        self._send(io.BytesIO(body), len(body))

    def handle_expect_100(self) -> bool:
        """Send no interim answer, because requests with a body are refused anyway."""
        return True

    def version_string(self) -> str:
        """Return the Server header, without versions."""
        return "kbvr"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the parent's name
        """Log at debug level only, because requests hold the secret URL."""
        logger.debug(format, *args)
