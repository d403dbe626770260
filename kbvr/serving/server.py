"""The server: a socket, Uvicorn in a thread of its own, and limits on its connections."""

from __future__ import annotations

import asyncio
import errno
import secrets
import threading
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from kbvr.errors import InputError
from kbvr.serving.addresses import LOOPBACK
from kbvr.serving.connections import Connections, Listener

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from kbvr.serving.certificate import Certificate

PATIENCE_S = 0.2
"""How often `wait` looks for signals, which do not interrupt a wait on Windows."""

RELEASE_S = 0.5
"""Time for the event loop to release connections at the end."""


@runtime_checkable
class Served(Protocol):
    """What a server serves."""

    max_body_bytes: int
    """Maximum length of a request's body; 0 if nothing can be written."""

    def routes(self) -> Sequence[BaseRoute]:
        """Return its routes; called in the server's thread before the first request."""

    def close(self) -> None:
        """End what it does in the background; called when the server stops."""


def open_server(
    served: Served, address: str = LOOPBACK, port: int = 0, certificate: Certificate | None = None
) -> Server:
    """Return a server that listens at an address of this machine; port 0 stands for any free one.

    It answers while it is used as a context manager.

    Raises:
        InputError: if the port is in use or not allowed, or the address is not this machine's.
    """
    try:
        return Server(served, address, port, certificate)
    except OSError as error:
        reason = {
            errno.EADDRINUSE: f"port {port} is in use" if port else "no port is free",
            errno.EACCES: f"port {port} is not allowed; use one above 1023",
            errno.EADDRNOTAVAIL: f"{address} is not an address of this machine",
        }.get(error.errno or 0, f"{error.strerror or error}")
        raise InputError(f"cannot serve at {address}: {reason}") from error


class Server:
    """A server that listens from the start, and answers while it is used as a context manager."""

    def __init__(self, served: Served, address: str, port: int, certificate: Certificate | None) -> None:
        self.connections = Connections()
        self.token = secrets.token_urlsafe(16)
        self.served = served
        self._certificate = certificate
        self._listener = Listener(address, port, self.connections)
        self.port: int = self._listener.getsockname()[1]
        names = (address, "localhost") if address == LOOPBACK else (address,)
        self._scheme, default_port = ("https", 443) if certificate else ("http", 80)
        self.hosts = {f"{name}:{self.port}" for name in names} | (set(names) if self.port == default_port else set())
        self.url = f"{self._scheme}://{address}:{self.port}/{self.token}/"
        self._thread = threading.Thread(target=self._run, name="kbvr-server", daemon=True)
        self._is_ready, self._has_ended = threading.Event(), threading.Event()
        self._error: BaseException | None = None
        self._stop: Callable[[], object] = lambda: None

    def __enter__(self) -> Server:  # noqa: PYI034  beartype does not know Self in a method
        self._thread.start()  # libraries are loaded in the thread, while clients already wait at the socket
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wait(self) -> None:
        """Wait until the server ends, which it does not on its own; raise what has ended it."""
        while not self._has_ended.wait(PATIENCE_S):
            pass
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Hang up on everybody and free the port, at once."""
        self.served.close()
        if self._thread.is_alive():
            self._is_ready.wait()
            self._stop()
            self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                # not the proactor, the default on Windows: it does not accept through `Listener`
                runner.run(self._answer(runner.get_loop()))
        except BaseException as error:  # noqa: BLE001  raised by `wait`
            self._error = error
        finally:
            self._is_ready.set()
            self._has_ended.set()

    async def _answer(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer until `close`, then let the event loop release all connections."""
        from uvicorn import Server as Uvicorn

        from kbvr.serving.application import Access, application
        from kbvr.serving.protocol import LimitedConfig

        context = self._certificate.context if self._certificate else None
        origins = {f"{self._scheme}://{host}" for host in self.hosts}
        access = Access(self.token, self.hosts, origins, self.served.max_body_bytes)
        config = LimitedConfig(
            application(self.served.routes(), access),
            self.connections,
            ssl_context_factory=(lambda *_: context) if context else None,
        )
        uvicorn = Uvicorn(config)
        answering = loop.create_task(uvicorn.serve([self._listener]))
        self._stop = partial(loop.call_soon_threadsafe, answering.cancel)
        self._is_ready.set()
        try:
            await asyncio.wait({answering})
        finally:
            for listening in uvicorn.servers:
                listening.close()
            for protocol in tuple(uvicorn.server_state.connections):
                protocol.shutdown()
            await self._released()
        if not answering.cancelled():
            answering.result()

    async def _released(self) -> None:
        """Hang up, and wait until the event loop has noticed."""
        self.connections.close_all()
        until_s = monotonic() + RELEASE_S
        while self.connections and monotonic() < until_s:
            await asyncio.sleep(0.002)
