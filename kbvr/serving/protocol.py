"""Uvicorn's HTTP protocol with the time limits that it lacks, and with refusals that say nothing.

h11 parses the requests and limits the size of their heads.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from kbvr.serving import connections
from kbvr.serving.connections import Connection, Connections
from kbvr.serving.headers import SECURITY, SERVER, raw, refusal

HEAD_BYTES = 32_768
"""Maximum size of a request's head."""

BUFFER_BYTES = 65_536
"""Bytes waiting for a client above which its answer pauses."""

SILENT = logging.Logger("kbvr.serving.silent", logging.CRITICAL + 1)
"""Takes what Uvicorn logs about clients: they may send whatever they like. Bugs are logged by the application."""


class LimitedConfig(Config):
    """Uvicorn's settings, without what would reveal or log anything, and with the connections of the server."""

    def __init__(self, app: Any, known: Connections, **settings: Any) -> None:
        super().__init__(
            app,
            http=LimitedProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            workers=1,  # whatever WEB_CONCURRENCY is
            access_log=False,
            proxy_headers=False,
            server_header=False,
            headers=[SERVER],
            h11_max_incomplete_event_size=HEAD_BYTES,
            timeout_keep_alive=60,  # HEAD_S is shorter
            timeout_graceful_shutdown=1,
            **settings,
        )
        self.connections = known


class LimitedProtocol(H11Protocol):
    """HTTP on one connection, with limits that a client cannot stretch by sending or taking byte by byte.

    A connection is closed HEAD_S after it was opened or last answered, unless a request has arrived by then, and
    STALL_S after its answer had to pause, unless the client has taken most of what was buffered.
    """

    config: LimitedConfig

    def __init__(
        self,
        config: LimitedConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.logger = SILENT
        self._connection: Connection | None = None
        self._client_has_finished = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio.Protocol; with TLS, this is after the handshake."""
        super().connection_made(transport)
        self._connection = self.config.connections.of(transport.get_extra_info("peername"))
        if self._connection is None:  # closed for another one
            transport.abort()
            return
        transport.set_write_buffer_limits(BUFFER_BYTES)
        self.app_state = {"connection": self._connection}  # read by the application
        self._connection.limit(connections.HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        if self._connection is not None:
            self._connection.lift_limit()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what a client sends, up to its last request; what follows is discarded while that is answered."""
        if self.conn.their_state not in (h11.MUST_CLOSE, h11.ERROR):
            super().data_received(data)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer what a client requested before it closed its half of the connection, as `nc -N` does.

        TLS cannot be closed by halves. A client that closes it in the middle of a body is gone.
        """
        self._client_has_finished = True
        return self._is_answering and not self.cycle.more_body and self.scheme == "http"

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        super().pause_writing()
        if self._connection is not None:
            self._connection.limit(connections.STALL_S)

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        super().resume_writing()
        if self._connection is not None:
            if self._is_answering:
                self._connection.lift_limit()
            else:
                self._connection.limit(connections.HEAD_S)

    def on_response_complete(self) -> None:
        """Wait for the next request, or close the connection if the client has finished."""
        if self._connection is not None:
            self._connection.end_answer()
            if not self.flow.write_paused:  # or the limit of `pause_writing` stays
                self._connection.limit(connections.HEAD_S)
        super().on_response_complete()
        if self._client_has_finished and not self._is_answering:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, with the status that h11 suggests (431 for a long head), in one line."""
        del msg
        error = sys.exception()
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else HTTPStatus.BAD_REQUEST
        status = HTTPStatus(hint)
        headers, body = refusal(status)
        headers = [*self.server_state.default_headers, *headers, *raw(*SECURITY)]
        for event in (
            h11.Response(status_code=status.value, headers=headers, reason=status.phrase.encode()),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def shutdown(self) -> None:
        """Hang up: whoever ends the server does not wait for downloads."""
        self.transport.abort()

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete
