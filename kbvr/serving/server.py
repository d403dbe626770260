"""The server of `kbvr view`: one thread per connection, up to a limit.

Above the limit, the least useful connection is closed for a new one, so that clients that open connections and send
nothing cannot lock out a browser that knows the URL.
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from socket import SHUT_RDWR, socket
from socketserver import TCPServer
from time import monotonic
from typing import TYPE_CHECKING, Any

from kbvr.errors import InputError
from kbvr.serving.addresses import LOOPBACK
from kbvr.serving.handler import STALL_S, AnsweringServer, Handler
from kbvr.serving.site import Site

if TYPE_CHECKING:
    from kbvr.serving.certificate import Certificate

logger = logging.getLogger(__name__)

MAX_CONNECTIONS, MAX_PER_CLIENT = 64, 32
"""Open connections in total and per client address; a browser opens six."""


def open_server(site: Site, address: str = LOOPBACK, port: int = 0, certificate: Certificate | None = None) -> Server:
    """Return a server that listens at an address of this machine; port 0 stands for any free one.

    Raises:
        InputError: if the port is in use or not allowed, or the address is not this machine's.
    """
    try:
        return Server(site, address, port, certificate)
    except OSError as error:
        reason = {
            errno.EADDRINUSE: f"port {port} is in use" if port else "no port is free",
            errno.EACCES: f"port {port} is not allowed; use one above 1023",
            errno.EADDRNOTAVAIL: f"{address} is not an address of this machine",
        }.get(error.errno or 0, f"{error.strerror or error}")
        raise InputError(f"cannot serve at {address}: {reason}") from error


@dataclass(eq=False)
class Connection:
    """The facts that decide which connection is closed when there are too many."""

    client: str
    """IP address."""

    knows_url: bool = False
    """Whether it has requested something below the secret part of the URL."""

    is_answered: bool = False
    """Whether an answer is being sent."""

    since_s: float = field(default_factory=monotonic)
    """Time when it was opened or last answered."""

    @property
    def rank(self) -> tuple[bool, bool, float]:
        """The connection with the lowest rank is closed first."""
        return self.knows_url, self.is_answered, self.since_s


class Server(AnsweringServer):
    """A server that listens until `server_close`; `serve_forever` answers."""

    allow_reuse_address = os.name != "nt"  # on Windows it would let two servers share a port
    request_queue_size = MAX_CONNECTIONS

    def __init__(self, site: Site, address: str, port: int, certificate: Certificate | None) -> None:
        self.site = site
        self.token = secrets.token_urlsafe(16)
        self._certificate = certificate
        self._connections: dict[socket, Connection] = {}
        self._lock = threading.Lock()
        super().__init__((address, port), Handler)
        names = (address, "localhost") if address == LOOPBACK else (address,)
        scheme, default_port = ("https", 443) if certificate else ("http", 80)
        port = self.server_address[1]
        self.hosts = {f"{name}:{port}" for name in names} | (set(names) if port == default_port else set())
        self.url = f"{scheme}://{address}:{port}/{self.token}/"

    def server_bind(self) -> None:
        """Bind without the name lookup of HTTPServer."""
        TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a new thread; if there is no room for one, close the connection."""
        with self._lock:
            has_room = self._make_room(client_address[0])
            if has_room:
                self._connections[request] = Connection(client_address[0])
        if not has_room:
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._forget(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and forget the connection at the end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._forget(request)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Do the TLS handshake in the connection's own thread, where no other connection waits for it."""
        if self._certificate is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(STALL_S)
        context = self._certificate.context
        with context.wrap_socket(request, server_side=True, do_handshake_on_connect=False) as secured:
            self._rename(request, secured)
            try:
                secured.do_handshake()
                super().finish_request(secured, client_address)
            finally:
                self._forget(secured)

    def note_answer(self, request: socket, *, begins: bool, knows_url: bool = False) -> None:
        """See AnsweringServer."""
        with self._lock:
            connection = self._connections.get(request)
            if connection is not None:
                connection.knows_url |= knows_url
                connection.is_answered, connection.since_s = begins, monotonic()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect or do not speak HTTP; log everything else, which is a bug."""
        del request, client_address
        level = logging.DEBUG if isinstance(sys.exception(), OSError) else logging.ERROR
        logger.log(level, "a request was not answered", exc_info=True)

    def _make_room(self, client: str) -> bool:
        """Close the least useful connection if the limit is reached; return whether there is room for another."""
        of_client = {request: known for request, known in self._connections.items() if known.client == client}
        for connections, limit in ((of_client, MAX_PER_CLIENT), (self._connections, MAX_CONNECTIONS)):
            if len(connections) < limit:
                continue
            request = min(connections, key=lambda request: connections[request].rank)
            if connections[request].knows_url and connections[request].is_answered:
                return False
            del self._connections[request]
            with suppress(OSError):
                socket.shutdown(request, SHUT_RDWR)  # ends its thread; the TLS version would send a message first
        return True

    def _rename(self, request: socket, secured: socket) -> None:
        with self._lock:
            if request in self._connections:
                self._connections[secured] = self._connections.pop(request)
            else:
                secured.close()

    def _forget(self, request: socket) -> None:
        with self._lock:
            self._connections.pop(request, None)
