"""The studio as a server serves it."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute

from kbvr.studio import example_routes, export_routes, mend_routes, page_routes, project_routes
from kbvr.studio.workspace import Workspace

PARTS = (page_routes, project_routes, example_routes, export_routes, mend_routes)
"""Modules with a function `routes(workspace)`."""


class Studio(Workspace):
    """A workspace with the routes of all parts."""

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes."""
        return [route for part in PARTS for route in part.routes(self)]
