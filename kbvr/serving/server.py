"""The server of `kbvr view`: a thread for each connection, and no more of them than a person needs."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import sys
import threading
from collections import Counter
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any

from kbvr.errors import InputError
from kbvr.serving.addresses import LOOPBACK
from kbvr.serving.handler import STALL_S, Handler
from kbvr.serving.site import Site

if TYPE_CHECKING:
    from kbvr.serving.certificate import Certificate

logger = logging.getLogger(__name__)

MOST_CLIENTS, MOST_OF_ONE = 64, 32
"""Connections at once, and from one machine; a browser opens six."""


def open_server(site: Site, address: str = LOOPBACK, port: int = 0, certificate: Certificate | None = None) -> Server:
    """Return a server that listens at an address of this machine; port 0 takes a free one.

    Raises:
        InputError: if the port is in use or may not be used, or the address is not this machine's.
    """
    try:
        return Server(site, address, port, certificate)
    except OSError as error:
        why = {
            errno.EADDRINUSE: f"port {port} is in use" if port else "no port is free",
            errno.EACCES: f"port {port} may not be used; those above 1023 may",
            errno.EADDRNOTAVAIL: f"{address} is no address of this machine",
        }.get(error.errno or 0, f"{error.strerror or error}")
        raise InputError(f"cannot serve at {address}: {why}") from error


class Server(ThreadingHTTPServer):
    """Listens from when it is made until `server_close`; `serve_forever` answers."""

    allow_reuse_address = os.name != "nt"  # there it would let two servers have one port
    request_queue_size = MOST_CLIENTS

    def __init__(self, site: Site, address: str, port: int, certificate: Certificate | None) -> None:
        self.site = site
        self.token = secrets.token_urlsafe(16)
        self._certificate = certificate
        self._connections: Counter[str] = Counter()
        self._counting = threading.Lock()
        super().__init__((address, port), Handler)
        names = (address, "localhost") if address == LOOPBACK else (address,)
        scheme, usual = ("https", 443) if certificate else ("http", 80)
        port = self.server_address[1]
        self.hosts = {f"{name}:{port}" for name in names} | (set(names) if port == usual else set())
        self.url = f"{scheme}://{address}:{port}/{self.token}/"

    def server_bind(self) -> None:
        """Bind, and ask no name server what this machine is called."""
        TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, or hang up if there are too many."""
        client = client_address[0]
        with self._counting:
            if self._connections.total() >= MOST_CLIENTS or self._connections[client] >= MOST_OF_ONE:
                self.shutdown_request(request)
                return
            self._connections[client] += 1
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._leave(client)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and count the connection out."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._leave(client_address[0])

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Agree on encryption in the connection's own thread, where nobody else waits for it."""
        if self._certificate is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(STALL_S)
        with self._certificate.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up or speak something else; what else goes wrong is a bug."""
        del request, client_address
        level = logging.DEBUG if isinstance(sys.exception(), OSError) else logging.ERROR
        logger.log(level, "a request was not answered", exc_info=True)

    def _leave(self, client: str) -> None:
        with self._counting:
            self._connections[client] -= 1
            if not self._connections[client]:
                del self._connections[client]
