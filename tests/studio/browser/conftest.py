"""A studio with one photo that has been opened, shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from studio_client import opened_studio
from studio_pages import CAT, check_page, studio
from studio_states import until, until_ready


@pytest.fixture(scope="module")
def empty_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a studio without photos."""
    with studio(tmp_path_factory.mktemp("projects")) as url:
        yield url


@pytest.fixture(scope="module")
def cat_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a project whose better scene is ready, so that no other replaces it during a test."""
    check_page()
    with opened_studio(tmp_path_factory.mktemp("projects"), CAT) as client:
        (cat,) = client.json("GET", "api/projects")
        until_ready(client, cat["id"])
        until(client, cat["id"], lambda state: bool(state["scene"] and state["scene"]["is_refined"]))
        yield f"{client.server.url}#{cat['id']}"
