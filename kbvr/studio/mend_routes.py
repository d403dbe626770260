"""Routes that mend a project's depth: strokes, selections, what is done with them, undo and redo.

Places are in pixels of the working copy. A change is answered with a patch: x, y, width and height (uint32), then the
new values (uint16, little-endian, 0 infinitely far to 65535 nearest); its headers tell the revision of the depth and
whether there is something to undo. A selection is answered with one bit a pixel, row by row, the highest bit first.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from kbvr.imaging.array_types import Mask
from kbvr.serving.headers import KEEP_NOTHING
from kbvr.studio.answers import api_route, json_answer, json_of
from kbvr.studio.mend_requests import (
    action_of,
    brush_of,
    flag_of,
    name_of,
    number_of,
    points_of,
    selecting_of,
)
from kbvr.studio.mending.mending import Mending
from kbvr.studio.mending.opening import mending_of
from kbvr.studio.mending.patch import Patch
from kbvr.studio.mending.planes import straightened_line
from kbvr.studio.request_error import RequestError
from kbvr.studio.workspace import Workspace

ONE = "/api/projects/{project}/mend"
BYTES = "application/octet-stream"

LINE_REACH_SHARE = 0.06
"""How far a line takes along what is beside it, as a share of the long side."""

Answer = Callable[[Mending, dict[str, Any]], Response]


def routes(studio: Workspace) -> list[BaseRoute]:
    """Return the routes."""

    def editor(request: Request) -> Mending:
        return mending_of(studio.projects.opened(request.path_params["project"]))

    def shown(answer: Callable[[Mending, Request], Response]) -> Callable[[Request], Response]:
        return lambda request: answer(editor(request), request)

    def done(answer: Answer) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            content = await json_of(request)
            return await run_in_threadpool(lambda: answer(editor(request), content))

        return endpoint

    shows = {
        "": lambda mending, _: json_answer(state_of(mending)),
        "/depth.bin": _depth,
        "/selection.bin": lambda mending, _: mask_answer(mending, mending.selected),
        "/protected.bin": lambda mending, _: mask_answer(mending, mending.protected),
    }
    changes: dict[str, Answer] = {
        "/stroke": _stroke,
        "/select": _select,
        "/region": _region,
        "/line": _line,
        "/undo": lambda mending, _: patch_answer(mending, mending.undo()),
        "/redo": lambda mending, _: patch_answer(mending, mending.redo()),
        "/reset": lambda mending, _: patch_answer(mending, mending.reset()),
    }
    return [
        *(api_route(ONE + path, shown(answer)) for path, answer in shows.items()),
        *(api_route(ONE + path, done(answer), ("POST",)) for path, answer in changes.items()),
    ]


def state_of(mending: Mending) -> dict[str, Any]:
    """Return what a page must know of an editor; `shown` are the values between which most of the depth lies."""
    height, width = mending.shape
    return {
        "size_px": [width, height],
        "revision": mending.revision,
        "can_undo": mending.can_undo,
        "can_redo": mending.can_redo,
        "selection": mending.selected is not None,
        "protected": mending.has_protected,
        "shown": mending.shown_levels(),
        "note": mending.note,
    }


def _depth(mending: Mending, request: Request) -> Response:
    patch = mending.whole(is_automatic=request.query_params.get("automatic") == "1")
    return Response(patch.levels.astype("<u2").tobytes(), headers=_headers(mending), media_type=BYTES)


def _stroke(mending: Mending, content: dict[str, Any]) -> Response:
    brush, points = brush_of(content), points_of(content.get("points"), 3)
    name, is_last = name_of(content.get("stroke")), flag_of(content, "last", default=True)
    is_within = flag_of(content, "within_selection", default=False)
    return patch_answer(mending, mending.stroke(name, brush, points, is_last=is_last, is_within_selection=is_within))


def _select(mending: Mending, content: dict[str, Any]) -> Response:
    return mask_answer(mending, mending.select(selecting_of(content)))


def _region(mending: Mending, content: dict[str, Any]) -> Response:
    if content.get("action") in ("protect", "unprotect"):
        mending.protect(is_protected=content["action"] == "protect")
        return mask_answer(mending, mending.protected)
    action, name = action_of(content), name_of(content.get("gesture"))
    return patch_answer(mending, mending.act(name, action, is_last=flag_of(content, "last", default=True)))


def _line(mending: Mending, content: dict[str, Any]) -> Response:
    points = points_of(content.get("points"), 2)
    if len(points) != 2:
        raise RequestError(HTTPStatus.BAD_REQUEST, "A line has two points.")
    start, end = ((float(x), float(y)) for x, y in points)
    reach_px = number_of(content, "reach_px", LINE_REACH_SHARE * max(mending.shape))
    return patch_answer(
        mending, mending.replace_by(lambda depth: straightened_line(depth, start, end, reach_px=max(reach_px, 2.0)))
    )


def patch_answer(mending: Mending, patch: Patch) -> Response:
    """Return a patch as bytes."""
    width, height = patch.box.size_px
    head = struct.pack("<4I", patch.box.left, patch.box.top, width, height)
    return Response(head + patch.levels.astype("<u2").tobytes(), headers=_headers(mending), media_type=BYTES)


def mask_answer(mending: Mending, mask: Mask | None) -> Response:
    """Return a mask as bits; without one, nothing."""
    content = b"" if mask is None else np.packbits(mask).tobytes()
    return Response(content, headers=_headers(mending), media_type=BYTES)


def _headers(mending: Mending) -> dict[str, str]:
    height, width = mending.shape
    return {
        "Cache-Control": KEEP_NOTHING,
        "X-Kbvr-Size": f"{width}x{height}",
        "X-Kbvr-Revision": str(mending.revision),
        "X-Kbvr-Can-Undo": str(int(mending.can_undo)),
        "X-Kbvr-Can-Redo": str(int(mending.can_redo)),
    }
