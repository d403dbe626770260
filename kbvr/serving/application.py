"""The web application around a site's routes: who may ask, how, and the headers of every answer.

Paths are never decoded, joined or resolved, so no spelling of `..` leads anywhere: routes see the path below the secret
part of the URL exactly as received. Other pages in the same browser do not know that part, and requests for another
host name (DNS rebinding) are refused.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kbvr.serving.headers import SECURITY, raw, refusal
from kbvr.serving.protocol import HEAD_BYTES

logger = logging.getLogger(__name__)

MAX_HEADERS = 100
"""Maximum number of headers of a request; browsers send about 20."""

READING, WRITING = ("GET", "HEAD"), ("POST", "PUT", "DELETE")
"""Methods that are answered, the second by sites that can be written."""


@dataclass(frozen=True)
class Access:
    """What a client must know to be answered."""

    token: str
    """The secret part of the URL."""

    hosts: Collection[str]
    """Accepted values of the Host header."""

    origins: Collection[str] = ()
    """Accepted values of the Origin header of requests that write."""

    max_body_bytes: int = 0
    """Maximum length of a request's body; 0 if nothing can be written."""


def application(routes: Sequence[BaseRoute], access: Access) -> ASGIApp:
    """Return an application whose routes are below the secret part of the URL, "/" being its first page."""
    app = Starlette(routes=routes, exception_handlers={HTTPException: _refused})
    app.router.redirect_slashes = False
    return Guard(app, access)


class Guard:
    """Refuses what a browser with the right URL never sends, and adds the headers of every answer."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        assert scope["type"] == "http"
        guarded = _with_security_headers(send)
        prefix = f"/{self._access.token}/".encode()
        path = scope["raw_path"]
        status = self._refusal_of(scope)
        if status is None and not compare_digest(path[: len(prefix)], prefix):
            status = HTTPStatus.NOT_FOUND
        if status is not None:
            await _refuse(status, guarded)
            return
        connection = scope["state"].get("connection")
        if connection is not None:
            connection.begin_answer()
        try:
            await self._app(_below(scope, f"/{self._access.token}"), receive, guarded)
        except ClientGoneError:
            raise  # Uvicorn closes the connection
        except Exception:
            logger.exception("a request was not answered")
            raise

    def _refusal_of(self, scope: Scope) -> HTTPStatus | None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        length = len(scope["raw_path"]) + len(scope["query_string"]) + sum(len(n) + len(v) + 4 for n, v in headers)
        if length > HEAD_BYTES or len(headers) > MAX_HEADERS:  # h11 accepts a longer head that arrives at once
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        if scope["http_version"] not in ("1.0", "1.1"):
            return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
        hosts = [value.decode("latin-1").strip().lower() for name, value in headers if name == b"host"]
        if len(hosts) != 1 or hosts[0] not in self._access.hosts:
            return HTTPStatus.MISDIRECTED_REQUEST
        known = dict(headers)
        if known.get(b"upgrade", b"").lower() == b"websocket":
            return HTTPStatus.FORBIDDEN
        if scope["method"] in READING:
            has_body = b"transfer-encoding" in known or known.get(b"content-length", b"0") != b"0"
            return HTTPStatus.BAD_REQUEST if has_body else None
        if scope["method"] in WRITING and self._access.max_body_bytes:
            return self._refusal_of_writing(scope["method"], headers)
        return HTTPStatus.METHOD_NOT_ALLOWED

    def _refusal_of_writing(self, method: str, headers: Sequence[tuple[bytes, bytes]]) -> HTTPStatus | None:
        """Refuse what another website makes a browser send, and bodies of unknown or excessive length."""
        origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
        known = dict(headers)
        if len(origins) != 1 or origins[0] not in self._access.origins:
            return HTTPStatus.FORBIDDEN
        if known.get(b"sec-fetch-site", b"same-origin") != b"same-origin":
            return HTTPStatus.FORBIDDEN
        if b"transfer-encoding" in known:
            return HTTPStatus.LENGTH_REQUIRED
        length = known.get(b"content-length", b"0" if method == "DELETE" else b"")
        if not length.isdigit():
            return HTTPStatus.LENGTH_REQUIRED
        if int(length) > self._access.max_body_bytes:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return None


class ClientGoneError(Exception):
    """The answer could not be sent: the client has gone, or the file has changed its size meanwhile."""


def _below(scope: Scope, root: str) -> dict[str, Any]:
    """Return a request whose path is as received; routes see what follows the root.

    Other methods than GET have no ranges (RFC 9110, section 14.2).
    """
    headers = [header for header in scope["headers"] if scope["method"] == "GET" or header[0] != b"range"]
    return {**scope, "root_path": root, "path": scope["raw_path"].decode("latin-1"), "headers": headers}


def _with_security_headers(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *raw(*SECURITY)]}
        try:
            await send(message)
        except Exception as error:
            raise ClientGoneError from error

    return guarded


async def _refuse(status: HTTPStatus, send: Send) -> None:
    headers, body = refusal(status)
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _refused(_: Request, error: Exception) -> Response:
    """Answer what a route refuses by raising HTTPException."""
    assert isinstance(error, HTTPException)
    headers, body = refusal(HTTPStatus(error.status_code))
    return Response(body, error.status_code, {name.decode(): value.decode() for name, value in headers})
