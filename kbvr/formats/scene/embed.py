"""HTML to paste into a page for a GLB in the same folder, with its poster, and the script that shows it."""

from __future__ import annotations

import os
from dataclasses import replace
from html import escape
from time import perf_counter
from urllib.parse import quote

from kbvr.formats.scene.built_pages import DECODER, SCRIPT, built_page
from kbvr.formats.scene.companions import write_with_companions
from kbvr.formats.scene.gltf import check_compression
from kbvr.formats.scene.poster import element, poster, poster_file, shown_as
from kbvr.formats.scene.scene_file import summary_of
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.spec.verification import verification_error
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.options.export_options import FileOptions

ENDING = "_embed"
"""End of the stem of the HTML's name; the scene and the poster have the rest."""

FILLED = "display: block; width: 100%; height: 100%; object-fit: contain"
"""Style of the poster, which has the size of its element before the script has arrived and without it."""


def embedding(
    glb_name: str, poster_name: str, alt: str, size_px: tuple[int, int], attributes: dict[str, str | None]
) -> str:
    """Return HTML that shows a GLB in the folder of the page; its poster is there too, shown until then."""
    width, height = size_px
    glb, picture = (quote(os.fsencode(name)) for name in (glb_name, poster_name))
    image = (
        f'\n  <img slot="poster" src="{picture}" alt="{escape(alt)}" width="{width}" height="{height}" '
        f'loading="lazy" style="{FILLED}">\n'
    )
    style = f"display: block; aspect-ratio: {width} / {height}"
    shown = element({"src": glb, "alt": alt, **attributes, "style": style}, image)
    return f'<script src="{SCRIPT}" defer></script>\n{shown}\n'


def write_embed(viewable: ViewableScene, item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify the HTML, the poster, and the scripts unless the folder has them; see `Format.write`."""
    start = perf_counter()
    picture = poster_file(item.path, ENDING)
    glb_name = f"{item.path.stem.removesuffix(ENDING)}.glb"
    alt = options.alt or viewable.photo
    html = embedding(glb_name, picture.name, alt, viewable.textured_mesh.camera.size_px, shown_as(options))
    scripts = (SCRIPT, DECODER) if options.compress == "draco" else (SCRIPT,)
    beside = {item.path.with_name(name): built_page(name).encode() for name in scripts}
    beside[picture] = poster(viewable, "JPEG", facts.credits)

    def verify(text: str) -> None:
        if text != html:
            raise verification_error(item.path.name, "its text differs")

    new = write_with_companions(item.path, html, beside, overwrite=options.overwrite, verify=verify)
    return replace(summary_of(viewable, item, len(html.encode()), perf_counter() - start), beside=new)


FORMAT = Format(
    purpose="HTML to paste into a page for the GLB, with the script that shows it",
    needs="scene",
    suffixes=(".html", ".js", ".jpg"),
    verification="the HTML and the files beside it are read and compared",
    check=check_compression,
    write=write_embed,
)
