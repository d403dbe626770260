"""Routes of the example photos."""

from __future__ import annotations

import shutil
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from kbvr.errors import OutputError
from kbvr.serving.answers import file_answer
from kbvr.serving.headers import ASK_AGAIN
from kbvr.studio.answers import api_route, json_answer
from kbvr.studio.example_photos import EXAMPLE_PHOTOS, ExamplePhoto, example_named
from kbvr.studio.making import SOON
from kbvr.studio.request_error import not_found
from kbvr.studio.uploads import upload_path
from kbvr.studio.workspace import Workspace


def routes(studio: Workspace) -> list[BaseRoute]:
    """Return the routes."""

    def listed(_: Request) -> Response:
        return json_answer([{"name": example.name, "title": example.title} for example in EXAMPLE_PHOTOS])

    def picture(request: Request) -> Response:
        return file_answer(request, _asked(request).path, "image/jpeg", kept=ASK_AGAIN)

    def chosen(request: Request) -> Response:
        example = _asked(request)
        copy = upload_path(studio.projects.folder)
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(example.path, copy)
        except OSError as error:
            raise OutputError(f"cannot write to {copy.parent}: {error.strerror or error}") from error
        project = studio.projects.add_copy(example.path.name, example.path.suffix, copy)
        studio.making.open(project, urgency=SOON)
        return json_answer(project.state(), HTTPStatus.CREATED)

    return [
        api_route("/api/examples", listed),
        api_route("/api/examples/{name}.jpg", picture),
        api_route("/api/examples/{name}", chosen, ("POST",)),
    ]


def _asked(request: Request) -> ExamplePhoto:
    example = example_named(request.path_params["name"])
    if example is None:
        raise not_found("The example")
    return example
