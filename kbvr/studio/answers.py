"""JSON answers, errors in words, and the bodies of requests."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from kbvr.errors import KbvrError, OptionsError
from kbvr.serving import connections
from kbvr.serving.application import ClientGoneError
from kbvr.serving.headers import KEEP_NOTHING
from kbvr.studio.problems import BUG, in_words
from kbvr.studio.request_error import RequestError

logger = logging.getLogger(__name__)

MAX_JSON_BYTES = 2**20

Endpoint = Callable[[Request], Response | Awaitable[Response]]


def api_route(path: str, endpoint: Endpoint, methods: tuple[str, ...] = ("GET",)) -> Route:
    """Return a route whose failures are answered with {"error": a sentence}.

    An endpoint that is not `async` runs in a thread.
    """

    async def answer(request: Request) -> Response:
        try:
            if inspect.iscoroutinefunction(endpoint):
                return await endpoint(request)
            return await run_in_threadpool(endpoint, request)  # type: ignore[arg-type]
        except ClientDisconnect as error:
            raise ClientGoneError from error
        except Exception as error:  # noqa: BLE001  bugs are logged
            return error_answer(error)

    return Route(path, answer, methods=list(methods))


def json_answer(content: Any, status: int = HTTPStatus.OK) -> Response:
    """Return JSON."""
    body = json.dumps(content, allow_nan=False, separators=(",", ":")).encode()
    return Response(body, status, {"Cache-Control": KEEP_NOTHING}, "application/json")


def error_answer(error: Exception) -> Response:
    """Return what a page shows of an error."""
    if isinstance(error, RequestError):
        return json_answer({"error": str(error)}, error.status)
    if isinstance(error, KbvrError):
        content = {"error": in_words(error), "options": named_options(error)}
        return json_answer(content, HTTPStatus.UNPROCESSABLE_ENTITY)
    logger.error("a request was not answered", exc_info=error)
    return json_answer({"error": BUG}, HTTPStatus.INTERNAL_SERVER_ERROR)


def named_options(error: KbvrError) -> list[str]:
    """Return the options that an error is about, by their Python names; a page shows it there."""
    names: list[str] = []
    if isinstance(error, OptionsError):
        error.text.naming(lambda name: names.append(name) or name)  # type: ignore[func-returns-value]
    return list(dict.fromkeys(names))


async def json_of(request: Request) -> dict[str, Any]:
    """Return the object in a request's body.

    Raises:
        RequestError: if it is longer than MAX_JSON_BYTES, or no JSON object.
    """
    if int(request.headers.get("content-length", "0")) > MAX_JSON_BYTES:
        raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too long.")
    body = b"".join([chunk async for chunk in body_of(request)])
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise RequestError(HTTPStatus.BAD_REQUEST, "The request is no JSON object.")
    return content


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """Yield the parts of a request's body as they arrive.

    Raises:
        RequestError: if no part arrives for connections.STALL_S.
    """
    parts = request.stream()
    while True:
        try:
            async with asyncio.timeout(connections.STALL_S):
                part = await anext(parts, None)
        except TimeoutError:
            raise RequestError(HTTPStatus.REQUEST_TIMEOUT, "The upload stopped. Try again.") from None
        if part is None:
            return
        if part:
            yield part
