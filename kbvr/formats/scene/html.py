"""HTML: a page with a scene and its viewer in one file."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from time import perf_counter

import kbvr
from kbvr.errors import OutputError
from kbvr.formats.scene.gltf import check_compression, fitted_glb, verify_glb
from kbvr.formats.scene.scene_file import summary_of
from kbvr.formats.spec.encoding import credit_texts
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.spec.verification import verification_error
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import atomic_write

PAGES = Path(kbvr.__file__).parent / "pages"
"""Folder of the viewers, which are built from viewers/ with kbvr."""

VIEWER = "scene.html"

META_NAMES = {"artist": "author", "copyright": "copyright", "date": "dcterms.created"}
"""Names of meta elements."""

SCENE_MARK, TITLE_MARK = "<!--kbvr-scene-->", "<title>kbvr</title>"
SCENE_TAG = '<script type="text/plain" id="kbvr-scene">'


def built_page(name: str) -> str:
    """Return a file of PAGES.

    Raises:
        OutputError: if it is missing.
    """
    try:
        return (PAGES / name).read_text("utf-8")
    except OSError as error:
        raise OutputError(f"the viewer is missing from this installation of kbvr: {error}") from error


def page_of(glb: bytes, title: str, credit: Mapping[str, str] | None = None) -> str:
    """Return the viewer's page with a scene, a title and the photo's credits.

    Raises:
        OutputError: if the viewer is missing.
    """
    page = built_page(VIEWER)
    assert TITLE_MARK in page, "the viewer's page has no mark for its title"
    assert SCENE_MARK in page, "the viewer's page has no mark for its scene"
    scene = f"{SCENE_TAG}{base64.b64encode(glb).decode()}</script>"
    named = ((META_NAMES[name], text) for name, text in (credit or {}).items())
    metas = "".join(f'<meta name="{name}" content="{escape(text)}">' for name, text in named)
    return page.replace(TITLE_MARK, f"<title>{escape(title)}</title>{metas}", 1).replace(SCENE_MARK, scene, 1)


def scene_in(page: str) -> bytes | None:
    """Return the GLB in a page, None if there is none."""
    found = re.search(f"{re.escape(SCENE_TAG)}([A-Za-z0-9+/=]+)</script>", page)
    return None if found is None else base64.b64decode(found[1])


def write_html(viewable: ViewableScene, item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write a page with a scene, and verify the scene in it; see `Format.write`."""
    start = perf_counter()
    title = options.alt or viewable.photo
    credit = credit_texts(facts.credits)
    empty_bytes = len(page_of(b"", title, credit).encode())
    glb = fitted_glb(viewable, facts, options, file_bytes=lambda count: empty_bytes + 4 * -(-count // 3))
    page = page_of(glb, title, credit)
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        aside.write_text(page, "utf-8")
        scene = scene_in(aside.read_text("utf-8"))
        if scene is None:
            raise verification_error(item.path.name, "it contains no scene")
        verify_glb(scene, item.path.name, viewable)
    return summary_of(viewable, item, len(page.encode()), perf_counter() - start)


FORMAT = Format(
    purpose="a page with a scene to step into, in one file",
    needs="scene",
    suffixes=(".html",),
    verification="the scene is extracted and verified as a GLB",
    check=check_compression,
    write=write_html,
)
