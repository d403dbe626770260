"""Routes of projects: uploads, states, options, plans, and their pictures and scenes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from kbvr.errors import KbvrError
from kbvr.serving.answers import file_answer, page_answer
from kbvr.serving.headers import ASK_AGAIN, KEEP_NOTHING
from kbvr.studio import planning, uploads
from kbvr.studio.answers import api_route, body_of, json_answer, json_of
from kbvr.studio.depth_picture import depth_picture
from kbvr.studio.making import NOW, SOON
from kbvr.studio.option_texts import PREVIEWS, option_texts
from kbvr.studio.picking import place_at, share_of
from kbvr.studio.problems import problem_of
from kbvr.studio.project import Project
from kbvr.studio.request_error import RequestError, not_found
from kbvr.studio.workspace import Workspace
from kbvr.system.isolated_process import EndedError, NotStartedError

ONE = "/api/projects/{project}"
JPEG, PNG, GLB = "image/jpeg", "image/png", "model/gltf-binary"


def routes(studio: Workspace) -> list[BaseRoute]:
    """Return the routes."""
    asked = ProjectRequests(studio)
    return [
        api_route("/api/projects", asked.listed),
        api_route("/api/projects", asked.upload, ("POST",)),
        api_route(ONE, asked.state),
        api_route(ONE, asked.remove, ("DELETE",)),
        api_route(f"{ONE}/restore", asked.restore, ("POST",)),
        api_route(f"{ONE}/options", asked.set_options, ("PUT",)),
        api_route(f"{ONE}/plan", asked.plan, ("POST",)),
        api_route(f"{ONE}/thumbnail.jpg", asked.thumbnail),
        api_route(f"{ONE}/photo.jpg", asked.photo),
        api_route(f"{ONE}/depth.png", asked.depth),
        api_route(f"{ONE}/scene.glb", asked.scene),
        api_route(f"{ONE}/tinted.glb", asked.tinted),
        api_route(f"{ONE}/layers.json", asked.layers),
        api_route(f"{ONE}/layer-{{index:int}}.png", asked.layer),
        api_route(f"{ONE}/at", asked.at, ("POST",)),
    ]


class ProjectRequests:
    """Answers about the projects of a studio."""

    def __init__(self, studio: Workspace) -> None:
        self._studio = studio
        self._kept = KEEP_NOTHING if studio.is_lan else ASK_AGAIN

    def listed(self, _: Request) -> Response:
        """Return the states of all projects."""
        return json_answer([project.state() for project in self._studio.projects])

    async def upload(self, request: Request) -> Response:
        """Make a project of a photo."""
        projects = self._studio.projects
        given = request.query_params.get("name", "")
        path, suffix = await uploads.received(body_of(request), projects.folder, given)
        name = uploads.shown_name(given, suffix)
        try:
            project = await run_in_threadpool(projects.add_copy, name, suffix, path)
        finally:
            path.unlink(missing_ok=True)
        self._studio.making.open(project, urgency=SOON)
        return json_answer(project.state(), HTTPStatus.CREATED)

    def state(self, request: Request) -> Response:
        """Return the state of a project, and begin to make what it lacks."""
        project = self._studio.projects.get(request.path_params["project"])
        self._studio.projects.read_again(project)
        self._studio.making.open(project, urgency=NOW)
        return json_answer(project.state())

    def remove(self, request: Request) -> Response:
        """Forget a project."""
        project = self._studio.projects.get(request.path_params["project"])
        for export in self._studio.exports.leave(project.id):
            self._studio.events.removed_export(export)
        is_in_trash = self._studio.projects.remove(project.id)
        self._studio.making.forget(project)
        return json_answer({"is_in_trash": is_in_trash})

    def restore(self, request: Request) -> Response:
        """List a project again that was removed, under another id."""
        return json_answer(self._studio.bring_back(request.path_params["project"]).state(), HTTPStatus.CREATED)

    async def set_options(self, request: Request) -> Response:
        """Replace the options of a project."""
        content = await json_of(request)
        number = request.path_params["project"]
        known = self._studio.projects.get(number).content
        before = dict(known.options) if known else {}
        try:
            project = await run_in_threadpool(
                self._studio.projects.set_options,
                number,
                content.get("revision", -1),
                option_texts(content.get("options")),
            )
        except RequestError as failure:
            if failure.status != HTTPStatus.CONFLICT:
                raise
            state = self._studio.projects.get(number).state()
            return json_answer({"error": str(failure), "project": state}, HTTPStatus.CONFLICT)
        self._studio.making.options_changed(project, before)
        return json_answer(project.state())

    async def plan(self, request: Request) -> Response:
        """Return the plan of an output."""
        content = await json_of(request)
        output = content.get("output")
        if output not in PREVIEWS:
            raise RequestError(HTTPStatus.BAD_REQUEST, f"The output must be one of {', '.join(PREVIEWS)}.")
        opened = self._studio.projects.opened(request.path_params["project"])
        texts = option_texts(content.get("options", {}))
        state: dict[str, Any] = await run_in_threadpool(planning.plan_state, opened, output, texts)
        return json_answer(state)

    def thumbnail(self, request: Request) -> Response:
        """Return a small picture of the photo."""
        project = self._studio.projects.get(request.path_params["project"])
        if project.has_stored_thumbnail:
            return self._file(request, "thumbnail.jpg", JPEG, "The thumbnail")
        if project.photo is None:
            raise not_found("The thumbnail")
        try:
            made = self._studio.making.thumbnail_now(project)
        except (KbvrError, EndedError, NotStartedError, MemoryError):  # opening the project says why
            raise not_found("The thumbnail") from None
        return page_answer(request, made, JPEG, kept=self._kept)

    def photo(self, request: Request) -> Response:
        """Return the photo, at the size of a page."""
        return self._file(request, "photo.jpg", JPEG, "The photo")

    def depth(self, request: Request) -> Response:
        """Return the depth as a picture to look at."""
        opened = self._studio.projects.opened(request.path_params["project"])
        is_gray = request.query_params.get("style") == "gray"
        return page_answer(request, depth_picture(opened.depth, is_gray=is_gray), PNG, kept=self._kept)

    def scene(self, request: Request) -> Response:
        """Return the current scene."""
        return self._file(request, "scene.glb", GLB, "The scene")

    def tinted(self, request: Request) -> Response:
        """Return the scene with what is invented in a colour of its own; it is made when it is asked for."""
        project = self._ready(request)
        with _told_in_words(project):
            self._studio.making.tinted(project)
        return self._file(request, "tinted.glb", GLB, "The scene")

    def layers(self, request: Request) -> Response:
        """Return the names of the layers from front to back; their pictures are made now."""
        project = self._ready(request)
        with _told_in_words(project):
            names = self._studio.making.layers(project)
        return json_answer({"layers": [{"name": name} for name in names]})

    def layer(self, request: Request) -> Response:
        """Return the picture of a layer."""
        return self._file(request, f"layer-{request.path_params['index']}.png", PNG, "The layer")

    async def at(self, request: Request) -> Response:
        """Return the depth at a point of the photo, and the options that make it the screen plane or the focus."""
        content = await json_of(request)
        opened = self._studio.projects.opened(request.path_params["project"])
        x, y = (share_of(content.get(name)) for name in ("x", "y"))
        texts = option_texts(content.get("options", dict(opened.options)))
        place: dict[str, Any] = await run_in_threadpool(place_at, opened, (x, y), texts)
        return json_answer(place)

    def _ready(self, request: Request) -> Project:
        project = self._studio.projects.get(request.path_params["project"])
        self._studio.projects.opened(project.id)
        return project

    def _file(self, request: Request, name: str, mime: str, what: str) -> Response:
        project = self._studio.projects.get(request.path_params["project"])
        if name == "scene.glb" and project.scene is None:
            raise not_found(what)
        path = project.cache / name
        try:
            return file_answer(request, path, mime, kept=self._kept)
        except OSError:
            raise not_found(what) from None


@contextmanager
def _told_in_words(project: Project) -> Iterator[None]:
    """Turn what the work on a photo raises into a sentence."""
    try:
        yield
    except Exception as error:
        status = HTTPStatus.UNPROCESSABLE_ENTITY if isinstance(error, KbvrError) else HTTPStatus.INTERNAL_SERVER_ERROR
        raise RequestError(status, problem_of(error, project.photo)) from error
