"""HTML: a page that shows a scene, with its viewer and the scene in one file, for any place that shows pages."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from time import perf_counter

import kbvr
from kbvr.errors import OutputError
from kbvr.formats.scene.gltf import check_compression, check_glb, fitted_glb, summary_of
from kbvr.formats.spec.encoding import credit_texts
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import written_aside

PAGES = Path(kbvr.__file__).parent / "pages"
"""Where the viewers are; made of viewers/ when kbvr is built."""

VIEWER = "scene.html"

META_NAMES = {"artist": "author", "copyright": "copyright", "date": "dcterms.created"}
"""What pages call who took the photo and when."""

SCENE_MARK, TITLE_MARK = "<!--kbvr-scene-->", "<title>kbvr</title>"
SCENE_TAG = '<script type="text/plain" id="kbvr-scene">'


def built_page(name: str) -> str:
    """Return a file of PAGES.

    Raises:
        OutputError: if it is not there.
    """
    try:
        return (PAGES / name).read_text("utf-8")
    except OSError as error:
        raise OutputError(f"the viewer is missing from this installation of kbvr: {error}") from error


def page_of(glb: bytes, title: str, credit: Mapping[str, str] | None = None) -> str:
    """Return the viewer's page with a scene in it, and who took its photo and when.

    Raises:
        OutputError: if the viewer is not there.
    """
    page = built_page(VIEWER)
    head, title_mark, rest = page.partition(TITLE_MARK)
    before, scene_mark, after = rest.partition(SCENE_MARK)
    assert title_mark, "the viewer's page has lost the mark of its title"
    assert scene_mark, "the viewer's page has lost the mark of its scene"
    scene = f"{SCENE_TAG}{base64.b64encode(glb).decode()}</script>"
    named = ((META_NAMES[name], text) for name, text in (credit or {}).items())
    metas = "".join(f'<meta name="{name}" content="{escape(text)}">' for name, text in named)
    return f"{head}<title>{escape(title)}</title>{metas}{before}{scene}{after}"


def scene_in(page: str) -> bytes:
    """Return the scene that a page holds.

    Raises:
        OutputError: if it holds none.
    """
    found = re.search(f"{re.escape(SCENE_TAG)}([A-Za-z0-9+/=]+)</script>", page)
    if found is None:
        raise OutputError("the page could not be read back: it holds no scene")
    return base64.b64decode(found[1])


def write_html(viewable: ViewableScene, item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write a page with a scene in it, and read the scene back; see `Format.write`."""
    start = perf_counter()
    title = options.alt or viewable.photo
    credit = credit_texts(facts.credits)
    empty_bytes = len(page_of(b"", title, credit).encode())
    glb = fitted_glb(viewable, facts, options, file_bytes=lambda count: empty_bytes + 4 * -(-count // 3))
    page = page_of(glb, title, credit)
    with written_aside(item.path, overwrite=options.overwrite) as aside:
        aside.write_text(page, "utf-8")
        check_glb(scene_in(aside.read_text("utf-8")), viewable)
    return summary_of(viewable, item, len(page.encode()), perf_counter() - start)


FORMAT = Format(
    says="a page to step into a scene, with all that it needs",
    needs="scene",
    suffixes=(".html",),
    proof="the scene is taken out of it again and read as a GLB is",
    check=check_compression,
    write=write_html,
)
