"""Routes of exports: ask for them, follow and cancel them, and open what they have made."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from kbvr.errors import InputError
from kbvr.options.export_options import ExportOptions
from kbvr.serving.answers import file_answer, page_answer
from kbvr.serving.headers import ASK_AGAIN, KEEP_NOTHING, SANDBOX
from kbvr.serving.kinds import DRACO, HTML, SCENE, STEREO, kind_of
from kbvr.serving.pages import decoder_file, viewer_page
from kbvr.studio.answers import api_route, json_answer, json_of
from kbvr.studio.exporting.as_command import as_command
from kbvr.studio.exporting.as_python import as_python
from kbvr.studio.exporting.batches import BatchExport
from kbvr.studio.exporting.export import Export, PhotoToExport
from kbvr.studio.exporting.fitting import fitting
from kbvr.studio.exporting.folders import batch_name, folder_name, free_folder
from kbvr.studio.exporting.single import SingleExport
from kbvr.studio.labels import label_of
from kbvr.studio.option_texts import option_texts
from kbvr.studio.project import Project
from kbvr.studio.request_error import RequestError, not_found
from kbvr.studio.workspace import Workspace

ALL = "/api/exports"
ONE = f"{ALL}/{{export}}"
FILE = f"{ONE}/files/{{n}}"
MAX_PROJECTS, MAX_TITLE = 1000, 80
DEPTH = "depth.png"
"""The mended depth, in the folder of a project."""


def routes(studio: Workspace) -> list[BaseRoute]:
    """Return the routes."""
    asked = ExportRequests(studio)
    return [
        api_route(ALL, asked.listed),
        api_route(ALL, asked.begin, ("POST",)),
        *(api_route(f"{ALL}/{name}", asked.viewer) for name in (SCENE, STEREO)),
        api_route(f"{ALL}/{DRACO}", asked.decoder),
        api_route(ONE, asked.end, ("DELETE",)),
        api_route(f"{ONE}/retry", asked.retry, ("POST",)),
        api_route(FILE, asked.file),
        api_route(f"{FILE}/{{name}}", asked.file),
        api_route("/api/projects/{project}/command", asked.command, ("POST",)),
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
        texts, ids = option_texts(content.get("options")), content.get("projects")
        if not isinstance(ids, list) or not 0 < len(ids) <= MAX_PROJECTS:
            raise RequestError(HTTPStatus.BAD_REQUEST, "The export names no projects.")
        title = str(content.get("title") or "")[:MAX_TITLE]
        export = await run_in_threadpool(self._begun, list(dict.fromkeys(map(str, ids))), texts, title)
        return json_answer(export.as_json(), HTTPStatus.CREATED)

    def _begun(self, ids: Sequence[str], chosen: Mapping[str, str], title: str) -> Export:
        projects = [self._studio.projects.get(number) for number in ids]
        texts = [fitting(chosen, _options_of(project)) for project in projects]
        photos = [_photo_of(project).frozen() for project in projects]
        title = title or _title(texts[0])
        if len(projects) == 1:
            export = Export(title, tuple(ids), texts[0], photos[0].exports)
            self._queue.add(export, SingleExport(photos[0]))
            return export
        folder = free_folder(self._studio.projects.folder.absolute(), batch_name(datetime.now()))
        folder.mkdir(parents=True)
        export = Export(title, tuple(ids), fitting(chosen, {}), folder)
        self._queue.add(export, BatchExport(tuple(photos), folder, tuple(texts)))
        return export

    def end(self, request: Request) -> Response:
        """Cancel an export, or remove one that has ended from the list; its files stay."""
        number = request.path_params["export"]
        if not self._queue.cancel(number):
            if not self._queue.forget(number):
                raise not_found("The export")
            self._studio.events.removed_export(number)
        return json_answer({})

    def retry(self, request: Request) -> Response:
        """Make an export again that has failed or was cancelled, or the photos of a batch that are not done."""
        export = self._export(request)
        if not export.has_ended:
            raise RequestError(HTTPStatus.CONFLICT, "The export is still running.")
        projects = [self._studio.projects.get(number) for number in export.projects]
        photos = tuple(_photo_of(project).frozen() for project in projects)
        if not export.photos:
            again = Export(export.title, export.projects, export.options, photos[0].exports)
            self._queue.forget(export.id)
            self._studio.events.removed_export(export.id)
            self._queue.add(again, SingleExport(photos[0]))
            return json_answer(again.as_json(), HTTPStatus.CREATED)
        texts = tuple(fitting(export.options, _options_of(project)) for project in projects)
        self._queue.add(export, BatchExport(photos, export.folder, texts))
        return json_answer(export.as_json(), HTTPStatus.CREATED)

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

    async def command(self, request: Request) -> Response:
        """Return the command line and the Python that do the same as an export."""
        content = await json_of(request)
        project = self._studio.projects.get(request.path_params["project"])
        chosen = option_texts(content.get("options"))
        return json_answer(await run_in_threadpool(_as_text, project, chosen))

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


def _as_text(project: Project, chosen: Mapping[str, str]) -> dict[str, str]:
    photo = _photo_of(project)
    texts: dict[str, Any] = photo.with_depth(fitting(chosen, _options_of(project)))
    options = ExportOptions(**texts)
    out = free_folder(photo.exports, folder_name(options))
    is_windows = sys.platform == "win32"
    return {
        "command": as_command([photo.file], out, options, for_windows=is_windows),
        "python": as_python(photo.file, out, options),
    }


def _options_of(project: Project) -> Mapping[str, str]:
    return project.content.options if project.content else {}


def _photo_of(project: Project) -> PhotoToExport:
    """Return what an export needs to know of a project.

    Raises:
        InputError: if the project is damaged.
        OutputError: if what was mended last cannot be written.
    """
    if project.photo is None:
        raise InputError(project.problem)
    project.save_depth()
    folder = project.folder.absolute()
    depth = folder / DEPTH
    return PhotoToExport(project.id, project.photo.absolute(), folder / "exports", depth if depth.is_file() else None)


def _title(texts: Mapping[str, str]) -> str:
    values: dict[str, Any] = dict(texts)
    outputs = ExportOptions(**values).outputs
    names = ("still" if name in ("quilt", "autostereogram") else name.replace("-", "_") for name in outputs)
    return ", ".join(dict.fromkeys(map(label_of, names)))
