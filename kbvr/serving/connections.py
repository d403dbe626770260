"""The open connections, whose number is limited.

Above the limit, the least useful connection is closed for a new one, so that clients that open connections and send
nothing cannot lock out a browser that knows the URL. Connections are closed at their sockets, which works at any time:
during the TLS handshake, while a request is read, and while a client does not take its answer.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from time import monotonic

MAX_CONNECTIONS, MAX_PER_CLIENT = 64, 32
"""Open connections in total and per client address; a browser opens six."""

HEAD_S = 15.0
"""Time limit for the head of a request; also how long a connection waits for its next request."""

STALL_S = 30.0
"""Time limit for a client to receive what is buffered for it, or for the TLS handshake. A paused video requests the
rest later."""


class Connection:
    """An open connection, its time limit, and the facts that decide which connection is closed for another."""

    def __init__(self, opened: socket.socket, client: str) -> None:
        self.client = client
        """IP address."""

        self.knows_url = False
        """Whether the client has requested something below the secret part of the URL."""

        self.is_answered = False
        """Whether an answer to such a request is being sent."""

        self._since_s = monotonic()
        self._socket = opened
        self._timer: asyncio.TimerHandle | None = None

    @property
    def rank(self) -> tuple[bool, bool, float]:
        """The connection with the lowest rank is closed first."""
        return self.knows_url, self.is_answered, self._since_s

    @property
    def is_open(self) -> bool:
        """Whether its socket has not been closed."""
        return self._socket.fileno() != -1

    def begin_answer(self) -> None:
        """Note that an answer to a client that knows the URL begins."""
        self.knows_url = self.is_answered = True
        self._since_s = monotonic()
        self.lift_limit()

    def end_answer(self) -> None:
        """Note that an answer has ended."""
        self.is_answered = False
        self._since_s = monotonic()

    def limit(self, seconds: float) -> None:
        """Close the connection after a time, instead of any earlier limit."""
        self.lift_limit()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.close)

    def lift_limit(self) -> None:
        """Let the connection stay open."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        """Hang up; the event loop then finds the connection broken and releases it."""
        self.lift_limit()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


class Connections:
    """The connections of one server."""

    def __init__(self) -> None:
        self._by_peer: dict[tuple[str, int], Connection] = {}

    def __len__(self) -> int:
        return sum(connection.is_open for connection in tuple(self._by_peer.values()))

    def admit(self, opened: socket.socket, peer: tuple[str, int]) -> bool:
        """Take a new connection in and give it until STALL_S for its handshake; return False if there is no room."""
        self._forget_closed()
        of_client = {key: known for key, known in self._by_peer.items() if known.client == peer[0]}
        for connections, limit in ((of_client, MAX_PER_CLIENT), (self._by_peer, MAX_CONNECTIONS)):
            if len(connections) >= limit and not self._close_one_of(connections.items()):
                return False
        connection = self._by_peer[peer] = Connection(opened, peer[0])
        connection.limit(STALL_S)
        return True

    def of(self, peer: tuple[str, int]) -> Connection | None:
        """Return the connection of a peer (address, port); None if it has been closed for another."""
        return self._by_peer.get(peer)

    def close_all(self) -> None:
        """Hang up on everybody."""
        for connection in self._by_peer.values():
            connection.close()

    def _close_one_of(self, connections: Iterable[tuple[tuple[str, int], Connection]]) -> bool:
        peer, least = min(connections, key=lambda item: item[1].rank)
        if least.knows_url and least.is_answered:
            return False
        least.close()
        del self._by_peer[peer]
        return True

    def _forget_closed(self) -> None:
        for peer, connection in tuple(self._by_peer.items()):
            if not connection.is_open:
                connection.lift_limit()
                del self._by_peer[peer]


class Listener(socket.socket):
    """A listening socket that accepts only connections for which there is room."""

    def __init__(self, address: str, port: int, connections: Connections) -> None:
        # only for a socket of known protocol, asyncio sends short answers at once (TCP_NODELAY)
        super().__init__(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._connections = connections
        try:
            if os.name != "nt":  # on Windows it would let two servers share a port
                self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.bind((address, port))
            self.listen(MAX_CONNECTIONS)
        except BaseException:
            self.close()
            raise

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accept a connection; without room for it, hang up, as if the client had."""
        opened, peer = super().accept()
        if not self._connections.admit(opened, peer):
            opened.close()
            raise ConnectionAbortedError
        return opened, peer
