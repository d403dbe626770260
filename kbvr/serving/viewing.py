"""What `kbvr view` serves: the routes of a site, its thumbnails, and the scenes that it makes of photos."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import nullcontext
from http import HTTPStatus
from typing import TYPE_CHECKING

from kbvr.serving.gallery import GALLERY, PROGRESS, gallery_list
from kbvr.serving.headers import ASK_AGAIN, KEEP_NOTHING, SANDBOX
from kbvr.serving.kinds import DRACO, HTML, PHOTO, SCENE, STEREO
from kbvr.serving.scenes import Scenes
from kbvr.serving.site import Entry, Site
from kbvr.serving.thumbnails import Thumbnails

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

logger = logging.getLogger(__name__)

QR = "qr.svg"
"""Path of the QR code of the address of a page, whose file is in the query."""

GLB, JSON = "model/gltf-binary", "application/json"


class Viewing:
    """A site as a server serves it.

    Answers to other machines ask the browser to keep no copy of the caller's files: a headset may belong to others. On
    this machine, where the files are anyway, and for kbvr's own pages, it keeps one and asks whether it is current.
    """

    max_body_bytes = 0
    """Nothing can be written."""

    def __init__(self, site: Site, *, is_lan: bool = False) -> None:
        self.site = site
        self._is_lan = is_lan
        self._kept = KEEP_NOTHING if is_lan else ASK_AGAIN
        self._thumbnails = Thumbnails()
        self._scenes = Scenes()
        self._thumbnail_turn = asyncio.Lock()

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes; the table of the site's addresses decides what they lead to."""
        from starlette.routing import Route

        return [
            Route("/", self._index),
            Route(f"/{GALLERY}", self._gallery),
            Route("/thumbnails/{name}", self._thumbnail),
            Route("/{address:path}", self._resource),
        ]

    def prepare(self) -> None:
        """Make what the first page needs before a browser asks for it."""
        if self.site.listing.entries and not self.site.has_list:
            self._thumbnails.make_ahead(self.site.listing.entries[0])

    def close(self) -> None:
        """End the work in the background, and remove the scenes."""
        self._thumbnails.close()
        self._scenes.close()

    def _index(self, request: Request) -> Response:
        from kbvr.serving.answers import page_answer
        from kbvr.serving.pages import index_page

        return page_answer(request, index_page(self.site.read_again()), HTML, kept=self._kept)

    def _gallery(self, request: Request) -> Response:
        from kbvr.serving.answers import page_answer

        return page_answer(request, gallery_list(self.site.read_again()), JSON, kept=KEEP_NOTHING)

    def _resource(self, request: Request) -> Response:
        address = request.path_params["address"]
        shown = self.site.entry_at(request.query_params.get("src", ""))
        if address in (SCENE, STEREO):
            return self._viewer(request, address, shown)
        if address == DRACO:
            return self._decoder(request)
        if address == PHOTO and shown and shown.kind.is_photo:
            return self._photo(request, shown)
        if address == PROGRESS and shown and shown.kind.is_photo:
            return self._progress(request, shown)
        if address == QR and shown and self._is_lan:
            return self._qr(request, shown)
        entry = self.site.entry_at(address)
        if entry is None:
            raise not_found()
        if address == entry.address:
            return self._file(request, entry)
        return self._scene(request, entry)

    def _viewer(self, request: Request, name: str, shown: Entry | None) -> Response:
        from starlette.responses import RedirectResponse

        from kbvr.serving.answers import page_answer
        from kbvr.serving.pages import viewer_page

        scene = None
        if name == SCENE and shown:
            scene = self._scenes.path_of(shown) if shown.kind.is_photo else shown.path
            if scene is None:  # the photo has changed: its page makes the scene again
                return RedirectResponse(shown.link, headers={"Cache-Control": KEEP_NOTHING})
        qr = f"{QR}?src={request.query_params['src']}" if shown and self._is_lan else ""
        page = viewer_page(name, shown, has_list=self.site.has_list, scene=scene, qr=qr)
        return page_answer(request, page, HTML, kept=ASK_AGAIN)

    def _qr(self, request: Request, entry: Entry) -> Response:
        """Return the code of the address of a viewer's page, and of no other address."""
        from kbvr.serving.answers import page_answer
        from kbvr.serving.qr_code import qr_svg

        viewer = STEREO if entry.kind.opens_in == STEREO else SCENE
        url = f"{request.base_url}{viewer}?src={request.query_params['src']}"
        return page_answer(request, qr_svg(url), "image/svg+xml", kept=KEEP_NOTHING)

    def _decoder(self, request: Request) -> Response:
        from kbvr.serving.answers import file_answer
        from kbvr.serving.pages import decoder_file

        try:
            return file_answer(request, decoder_file(), "text/javascript", kept=ASK_AGAIN, is_compressible=True)
        except OSError:
            raise not_found() from None

    def _photo(self, request: Request, entry: Entry) -> Response:
        from kbvr.serving.answers import page_answer
        from kbvr.serving.pages import photo_page

        self._scenes.forget_failure(entry)
        return page_answer(request, photo_page(entry), HTML, kept=KEEP_NOTHING)

    def _progress(self, request: Request, entry: Entry) -> Response:
        from kbvr.serving.answers import page_answer

        if "again" in request.query_params:
            self._scenes.forget_failure(entry)
        content = json.dumps(self._scenes.progress(entry)).encode()
        return page_answer(request, content, JSON, kept=KEEP_NOTHING)

    def _file(self, request: Request, entry: Entry) -> Response:
        from kbvr.serving.answers import file_answer

        kind = entry.kind
        try:
            answer = file_answer(
                request,
                entry.path,
                kind.mime,
                kept=self._kept,
                is_compressible=kind.mime.startswith("text/") or (kind.mime == GLB and self._is_lan),
                saved_as=entry.name if kind.is_saved else None,
            )
        except OSError:
            logger.warning("%s can no longer be read", entry.path)
            raise not_found() from None
        if kind.mime == HTML:
            answer.headers.append("Content-Security-Policy", SANDBOX)  # browsers obey both policies
        return answer

    def _scene(self, request: Request, entry: Entry) -> Response:
        from kbvr.serving.answers import file_answer

        path = self._scenes.path_of(entry)
        if path is None:
            raise not_found()
        return file_answer(request, path, GLB, kept=self._kept, is_compressible=self._is_lan)

    async def _thumbnail(self, request: Request) -> Response:
        """Make one thumbnail at a time, so that threads are left for other answers."""
        from starlette.concurrency import run_in_threadpool

        from kbvr.serving.answers import page_answer

        entry = self.site.entry_at(f"thumbnails/{request.path_params['name']}")
        if entry is None:
            raise not_found()
        turn = nullcontext() if self._thumbnails.is_made(entry) else self._thumbnail_turn
        async with turn:
            made = await run_in_threadpool(self._thumbnails.of, entry)
        if made is None:
            raise not_found()
        return page_answer(request, made, "image/jpeg", kept=self._kept)


def not_found() -> Exception:
    """Return the error that is answered with 404."""
    from starlette.exceptions import HTTPException

    return HTTPException(HTTPStatus.NOT_FOUND)
