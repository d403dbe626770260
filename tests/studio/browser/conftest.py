"""A studio with one photo that has been opened, shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from studio_pages import CAT, scene_of, shown, studio

if TYPE_CHECKING:
    from web_engines import Web


@pytest.fixture(scope="module")
def empty_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a studio without photos."""
    with studio(tmp_path_factory.mktemp("projects")) as url:
        yield url


@pytest.fixture(scope="module")
def cat_url(web: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a project whose scene is ready."""
    with studio(tmp_path_factory.mktemp("projects"), CAT) as url:
        with shown(web, url) as page:
            page.get_by_role("button", name="cat").first.click()
            scene_of(page)
            address = page.url
        yield address
