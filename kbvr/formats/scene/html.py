"""HTML: a page with a scene and its viewer in one file.

Its parts are in the order in which they are needed: what links to the page show, a preview and a poster, which are seen
at once, then the viewer, and the scene at the end.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from time import perf_counter

from PIL import Image

from kbvr.formats.scene.built_pages import DECODER, VIEWER, built_page
from kbvr.formats.scene.companions import write_with_companions
from kbvr.formats.scene.gltf import check_compression, fitted_glb, verify_glb
from kbvr.formats.scene.page_head import head_of, published
from kbvr.formats.scene.poster import element, embedded_pictures, poster, poster_file, shown_as
from kbvr.formats.scene.scene_file import summary_of
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.spec.verification import verification_error
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.options.export_options import FileOptions

TITLE_MARK, SCENE_MARK = "<title>kbvr</title>", "<!--kbvr-scene-->"
ELEMENT_MARK, DECODER_MARK = "<kbvr-photo droppable></kbvr-photo>", "<!--kbvr-draco-->"
"""Places in the viewer's page that are filled in."""

SCENE_ID = "kbvr-scene"
LENGTH_DIGITS = 9
"""Space for the length of a scene in its element."""


def page_of(glb: bytes, head: str, shown: str, *, needs_decoder: bool = False) -> str:
    """Return the viewer's page with a head, the element that shows the scene, and the scene.

    Raises:
        OutputError: if the viewer is missing.
    """
    encoded = base64.b64encode(glb).decode()
    scene = f'<script type="text/plain" data-length="{len(encoded)}" id="{SCENE_ID}">{encoded}</script>'
    decoder = f"<script>{_inline(built_page(DECODER))}</script>" if needs_decoder else ""
    page = built_page(VIEWER)
    # the last first: what is filled in is not searched for marks
    for mark, text in ((SCENE_MARK, scene), (DECODER_MARK, decoder), (ELEMENT_MARK, shown), (TITLE_MARK, head)):
        before, found, after = page.partition(mark)
        assert found, f"the viewer's page has no mark {mark}"
        page = f"{before}{text}{after}"
    return page


def _inline(script: str) -> str:
    """Return a script as it may be inside a page (HTML, section 4.12.1.3)."""
    return script.replace("</script", "<\\/script").replace("<!--", "\\x3C!--")


def scene_in(page: str) -> bytes | None:
    """Return the GLB in a page, None if there is none."""
    found = re.search(f' id="{SCENE_ID}">([A-Za-z0-9+/=]+)</script>', page)
    return None if found is None else base64.b64decode(found[1])


def write_html(viewable: ViewableScene, item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write a page with a scene, and verify the scene in it; see `Format.write`.

    If it is known where the page will be published, its poster is written beside it, for links to the page.
    """
    start = perf_counter()
    needs_decoder = options.compress == "draco"
    beside = {} if options.page_url is None else {poster_file(item.path): poster(viewable, "JPEG", facts.credits)}
    head = _head(viewable, item, facts, options, beside)
    attributes = {"src": f"#{SCENE_ID}", "alt": options.alt or viewable.photo, **shown_as(options), "droppable": None}
    shown = element(attributes, embedded_pictures(viewable, facts, options))
    empty_bytes = len(page_of(b"", head, shown, needs_decoder=needs_decoder).encode()) + LENGTH_DIGITS
    glb = fitted_glb(viewable, facts, options, file_bytes=lambda count: empty_bytes + 4 * -(-count // 3))
    page = page_of(glb, head, shown, needs_decoder=needs_decoder)

    def verify(text: str) -> None:
        scene = scene_in(text)
        if scene is None:
            raise verification_error(item.path.name, "it contains no scene")
        verify_glb(scene, item.path.name, viewable)

    new = write_with_companions(item.path, page, beside, overwrite=options.overwrite, verify=verify)
    return replace(summary_of(viewable, item, len(page.encode()), perf_counter() - start), beside=new)


def _head(
    viewable: ViewableScene, item: Item, facts: Facts, options: FileOptions, posters: Mapping[Path, bytes]
) -> str:
    place = None
    for path, content in posters.items():
        assert options.page_url is not None
        with Image.open(BytesIO(content)) as picture:
            place = published(options.page_url, item.path.name, path.name, picture.size)
    return head_of(options.alt or viewable.photo, facts.credits, place)


FORMAT = Format(
    purpose="a page with a scene to step into, in one file",
    needs="scene",
    suffixes=(".html",),
    verification="the scene is extracted and verified as a GLB",
    check=check_compression,
    write=write_html,
)
