"""Routes of the page itself, of what it must know first, and of events."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from kbvr.serving import site
from kbvr.serving.answers import page_answer
from kbvr.serving.headers import ASK_AGAIN
from kbvr.serving.kinds import HTML
from kbvr.studio.answers import api_route, json_answer
from kbvr.studio.request_error import not_found
from kbvr.studio.schema import schema
from kbvr.studio.workspace import Workspace

PAGE = "studio.html"
"""The page, in the folder of built pages."""


def routes(studio: Workspace) -> list[BaseRoute]:
    """Return the routes."""

    def page(request: Request) -> Response:
        try:
            content = (site.PAGES / PAGE).read_bytes()
        except OSError:
            raise not_found("The page") from None
        return page_answer(request, content, HTML, kept=ASK_AGAIN)

    def options(_: Request) -> Response:
        return json_answer(schema(studio.max_body_bytes))

    async def events(request: Request) -> Response:
        studio.note_request()
        text = request.query_params.get("since", "0")
        seq = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
        if seq:
            await studio.events.wait(seq)
        return json_answer(studio.events.since(seq))

    return [api_route("/", page), api_route("/api/schema", options), api_route("/api/events", events)]
