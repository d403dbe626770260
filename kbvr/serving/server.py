"""The server of `kbvr view`: a thread for each connection, and no more of them than a person needs.

When there are too many, one that is of least use makes room for the next: who opens connections and sends nothing
cannot keep out who was given the URL.
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


@dataclass(eq=False)
class Connection:
    """What decides whether a connection is hung up on when there are too many."""

    client: str
    """Address."""

    knows_url: bool = False
    """Whether it has asked for something below the secret part of the URL."""

    is_answered: bool = False
    """Whether an answer to it is under way."""

    since_s: float = field(default_factory=monotonic)
    """When it was opened or last answered."""

    @property
    def rank(self) -> tuple[bool, bool, float]:
        """The least is hung up on first."""
        return self.knows_url, self.is_answered, self.since_s


class Server(AnsweringServer):
    """Listens from when it is made until `server_close`; `serve_forever` answers."""

    allow_reuse_address = os.name != "nt"  # there it would let two servers have one port
    request_queue_size = MOST_CLIENTS

    def __init__(self, site: Site, address: str, port: int, certificate: Certificate | None) -> None:
        self.site = site
        self.token = secrets.token_urlsafe(16)
        self._certificate = certificate
        self._connections: dict[socket, Connection] = {}
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
        """Answer in a thread of its own, in place of another one if there are too many; hang up if all are of use."""
        with self._counting:
            has_place = self._make_room(client_address[0])
            if has_place:
                self._connections[request] = Connection(client_address[0])
        if not has_place:
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._leave(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and count the connection out."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._leave(request)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Agree on encryption in the connection's own thread, where nobody else waits for it."""
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
                self._leave(secured)

    def note_answer(self, request: socket, *, begins: bool, knows_url: bool = False) -> None:
        """Remember of a connection that an answer to it begins, or is over; and if so, that it knows the URL."""
        with self._counting:
            connection = self._connections.get(request)
            if connection is not None:
                connection.knows_url |= knows_url
                connection.is_answered, connection.since_s = begins, monotonic()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up or speak something else; what else goes wrong is a bug."""
        del request, client_address
        level = logging.DEBUG if isinstance(sys.exception(), OSError) else logging.ERROR
        logger.log(level, "a request was not answered", exc_info=True)

    def _make_room(self, client: str) -> bool:
        """Hang up on the connection of least use if one too many would be open; return whether there is room."""
        of_one = {request: one for request, one in self._connections.items() if one.client == client}
        for connections, most in ((of_one, MOST_OF_ONE), (self._connections, MOST_CLIENTS)):
            if len(connections) < most:
                continue
            request = min(connections, key=lambda request: connections[request].rank)
            if connections[request].knows_url and connections[request].is_answered:
                return False
            del self._connections[request]
            with suppress(OSError):
                socket.shutdown(request, SHUT_RDWR)  # its thread ends by itself; TLS would first say goodbye
        return True

    def _rename(self, request: socket, secured: socket) -> None:
        with self._counting:
            if request in self._connections:
                self._connections[secured] = self._connections.pop(request)
            else:
                secured.close()

    def _leave(self, request: socket) -> None:
        with self._counting:
            self._connections.pop(request, None)
