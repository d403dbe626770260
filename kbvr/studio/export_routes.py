"""Routes of exports: ask for them, follow and cancel them, and open what they have made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from kbvr.serving.answers import file_answer, page_answer
from kbvr.serving.headers import ASK_AGAIN, KEEP_NOTHING, SANDBOX
from kbvr.serving.kinds import DRACO, HTML, SCENE, STEREO, kind_of
from kbvr.serving.pages import decoder_file, viewer_page
from kbvr.studio.answers import api_route, json_answer, json_of
from kbvr.studio.exporting.as_text import as_text, calls_of
from kbvr.studio.exporting.asking import begin, begin_again, options_of, photo_of
from kbvr.studio.exporting.export import Export
from kbvr.studio.exporting.fitting import fitting
from kbvr.studio.option_texts import option_texts
from kbvr.studio.request_error import RequestError, not_found
from kbvr.studio.workspace import Workspace

ALL = "/api/exports"
ONE = f"{ALL}/{{export}}"
FILE = f"{ONE}/files/{{n}}"
TEXT = f"{ALL}/as-text"
MAX_PROJECTS, MAX_EXPORTS, MAX_TITLE = 1000, 100, 80


def routes(studio: Workspace) -> list[BaseRoute]:
    """Return the routes."""
    asked = ExportRequests(studio)
    return [
        api_route(ALL, asked.listed),
        api_route(ALL, asked.begin, ("POST",)),
        *(api_route(f"{ALL}/{name}", asked.viewer) for name in (SCENE, STEREO)),
        api_route(f"{ALL}/{DRACO}", asked.decoder),
        api_route(TEXT, asked.text, ("POST",)),
        api_route(ONE, asked.forget, ("DELETE",)),
        api_route(f"{ONE}/cancel", asked.cancel, ("POST",)),
        api_route(f"{ONE}/retry", asked.retry, ("POST",)),
        api_route(FILE, asked.file),
        api_route(f"{FILE}/{{name}}", asked.file),
    ]


class ExportRequests:
    """Answers about the exports of a studio."""

    def __init__(self, studio: Workspace) -> None:
        self._studio, self._queue = studio, studio.exports
        self._kept = KEEP_NOTHING if studio.is_lan else ASK_AGAIN

    def listed(self, _: Request) -> Response:
        """Return the states of all exports."""
        return json_answer({"exports": self._queue.states()})

    async def begin(self, request: Request) -> Response:
        """Queue an export of one project, or of several."""
        content = await json_of(request)
        texts, ids = option_texts(content.get("options")), _ids(content)
        title = str(content.get("title") or "")[:MAX_TITLE]
        export = await run_in_threadpool(begin, self._studio, ids, texts, title)
        return json_answer(export.as_json(), HTTPStatus.CREATED)

    def cancel(self, request: Request) -> Response:
        """End an export that waits or runs; one that has ended stays as it is."""
        self._queue.cancel(self._export(request).id)
        return json_answer({})

    def forget(self, request: Request) -> Response:
        """Remove an export that has ended from the list; its files stay."""
        export = self._export(request)
        if not self._queue.forget(export.id):
            raise RequestError(HTTPStatus.CONFLICT, "The export is still running. Cancel it first.")
        self._studio.events.removed_export(export.id)
        return json_answer({})

    def retry(self, request: Request) -> Response:
        """Make an export again that has failed or was cancelled, or the photos of a batch that are not done."""
        export = self._export(request)
        if not export.has_ended:
            raise RequestError(HTTPStatus.CONFLICT, "The export is still running.")
        return json_answer(begin_again(self._studio, export).as_json(), HTTPStatus.CREATED)

    def file(self, request: Request) -> Response:
        """Return a file: to be shown, or to be saved with `?download`."""
        path = self._path(request.path_params["export"], request.path_params["n"])
        if unquote(request.path_params.get("name", path.name)) != path.name:
            raise not_found("The file")
        try:
            kind = kind_of(path.name, path)
            is_saved = "download" in request.query_params or kind is None or kind.is_saved
            mime = kind.mime if kind else "application/octet-stream"
            answer = file_answer(request, path, mime, kept=self._kept, saved_as=path.name if is_saved else None)
        except OSError:
            raise not_found("The file") from None
        if mime == HTML:
            answer.headers.append("Content-Security-Policy", SANDBOX)  # browsers obey both policies
        return answer

    def viewer(self, request: Request) -> Response:
        """Return the page that shows the scene, or the stereo picture or video, that `src` names."""
        return page_answer(
            request, viewer_page(request.url.path.rpartition("/")[2], None, has_list=False), HTML, kept=ASK_AGAIN
        )

    def decoder(self, request: Request) -> Response:
        """Return the decoder that some scenes need."""
        try:
            return file_answer(request, decoder_file(), "text/javascript", kept=ASK_AGAIN, is_compressible=True)
        except OSError:
            raise not_found("The decoder") from None

    async def text(self, request: Request) -> Response:
        """Return the command lines and the Python that do the same as some exports of some projects."""
        content = await json_of(request)
        exports = content.get("exports")
        if not isinstance(exports, list) or not 0 < len(exports) <= MAX_EXPORTS:
            raise RequestError(HTTPStatus.BAD_REQUEST, "The request names no exports.")
        answer = await run_in_threadpool(self._text, _ids(content), [option_texts(texts) for texts in exports])
        return json_answer(answer)

    def _text(self, ids: Sequence[str], exports: Sequence[Mapping[str, str]]) -> dict[str, str]:
        projects = [self._studio.projects.get(number) for number in ids]
        photos = [(photo_of(project), options_of(project)) for project in projects]
        return as_text(calls_of((photo, fitting(chosen, own)) for photo, own in photos for chosen in exports))

    def _export(self, request: Request) -> Export:
        export = self._queue.get(request.path_params["export"])
        if export is None:
            raise not_found("The export")
        return export

    def _path(self, number: str, n: str) -> Path:
        path = self._queue.file(number, int(n)) if n.isascii() and n.isdigit() and len(n) < 9 else None
        if path is None:
            raise not_found("The file")
        return path


def _ids(content: Mapping[str, Any]) -> list[str]:
    """Return the ids of projects, each once."""
    ids = content.get("projects")
    if not isinstance(ids, list) or not 0 < len(ids) <= MAX_PROJECTS:
        raise RequestError(HTTPStatus.BAD_REQUEST, "The export names no projects.")
    return list(dict.fromkeys(map(str, ids)))
