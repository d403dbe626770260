"""HTML to paste into a page for a GLB in the same folder, and the script that shows it, one per folder."""

from __future__ import annotations

import os
from dataclasses import replace
from html import escape
from time import perf_counter
from urllib.parse import quote

from kbvr.formats.scene.gltf import check_compression
from kbvr.formats.scene.html import built_page
from kbvr.formats.scene.scene_file import summary_of
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.spec.verification import verification_error
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import atomic_write_together

SCRIPT = "kbvr-photo.js"
"""Defines the element `kbvr-photo`; built from viewers/ with kbvr."""

ENDING = "_kbvr_embed"


def embedding(glb_name: str, alt: str, size_px: tuple[int, int]) -> str:
    """Return HTML that shows a GLB in the folder of the page."""
    width, height = size_px
    attributes = f'src="{quote(os.fsencode(glb_name))}" alt="{escape(alt)}" style="aspect-ratio: {width} / {height}"'
    return f'<script src="{SCRIPT}" defer></script>\n<kbvr-photo {attributes}></kbvr-photo>\n'


def write_embed(viewable: ViewableScene, item: Item, _facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify the HTML, and the script unless the folder has the same one; see `Format.write`."""
    start = perf_counter()
    glb_name = f"{item.path.stem.removesuffix(ENDING)}_kbvr.glb"
    html = embedding(glb_name, options.alt or viewable.photo, viewable.textured_mesh.camera.size_px)
    script, target = built_page(SCRIPT), item.path.with_name(SCRIPT)
    beside = () if target.is_file() and target.read_text("utf-8") == script else (target,)
    with atomic_write_together((item.path, *beside), overwrite=options.overwrite) as asides:
        for aside, text in zip(asides, (html, script), strict=False):
            aside.write_text(text, "utf-8")
            if aside.read_text("utf-8") != text:
                raise verification_error(item.path.name, "its text differs")
    return replace(summary_of(viewable, item, len(html.encode()), perf_counter() - start), beside=beside)


FORMAT = Format(
    purpose="HTML to paste into a page for the GLB, with the script that shows it",
    needs="scene",
    suffixes=(".html", ".js"),
    verification="the HTML and the script are read and compared",
    check=check_compression,
    write=write_embed,
)
