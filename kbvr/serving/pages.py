"""The pages: the index, the page of a photo, and the viewers with the title of the file that they show."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path
from string import Template
from urllib.parse import quote

from kbvr.serving import site
from kbvr.serving.gallery import GALLERY, PROGRESS
from kbvr.serving.kinds import DRACO, SCENE, STEREO, UNSHOWN
from kbvr.serving.scene_facts import scene_facts, waiting_element
from kbvr.serving.site import Entry, Listing

TEMPLATES = Path(__file__).parent / "templates"

ICON_SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='7' fill='#17171b'/>"
    "<path d='M5 9h14v14H5z' fill='#e5484d'/><path d='M13 9h14v14H13z' fill='#3fb6d8' style='mix-blend-mode:screen'/>"
    "</svg>"
)
"""Two pictures, red and cyan, that overlap."""

ICON = f'<link rel="icon" href="data:image/svg+xml,{quote(ICON_SVG)}">'


ELEMENT = "<kbvr-photo droppable></kbvr-photo>"
"""The element in the page of scenes."""

BACK = """<style>
#all-files { position: fixed; top: max(12px, env(safe-area-inset-top)); right: max(12px, env(safe-area-inset-right));
  z-index: 1; padding: 12px 16px; border-radius: 10px; color: #f2f2f4; background: #141417d9;
  font: 14px/20px system-ui, sans-serif; text-decoration: none; }
#all-files:hover { background: #2c2c33d9; }
#all-files:focus-visible { outline: 2px solid #fff; outline-offset: 0; box-shadow: 0 0 0 4px #003a94; }
:fullscreen #all-files { display: none; }
</style><nav aria-label="kbvr view"><a id="all-files" href="./">All files</a></nav>
"""
"""The way from a viewer to the list."""


def index_page(listing: Listing) -> bytes:
    """Return a page with a card for each file."""
    entries = listing.entries
    folders = list(dict.fromkeys(entry.folder for entry in entries))
    heading = (folders[0] if len(folders) == 1 else "" if entries else listing.name) or "Files"
    parts = []
    for folder, group in groupby(entries, key=lambda entry: entry.folder):
        cards = "".join(map(_card, group))
        title = f"<h2>{escape(folder)}</h2>\n" if folder and len(folders) > 1 else ""
        parts.append(f"{title}<ul>\n{cards}</ul>\n")
    if not entries:
        parts.append('<p class="note">No files to show yet. Reload this page to look again.</p>\n')
    if not listing.is_complete:
        parts.append(f'<p class="note">Only the first {len(entries)} files are listed.</p>\n')
    count = f"{len(entries)} file{'' if len(entries) == 1 else 's'}"
    title = "kbvr" if heading == "Files" else f"{heading} – kbvr"
    return _filled("index.html", title=title, heading=escape(heading), count=count, groups="".join(parts))


def photo_page(entry: Entry) -> bytes:
    """Return the page that waits for the scene of a photo, then opens it."""
    links = '<a href="./">All files</a>'
    if Path(entry.name).suffix.lower() not in UNSHOWN:
        links = f'<a href="{STEREO}?src={entry.address}">Show the photo</a>\n{links}'
    return _filled(
        "photo.html",
        title=f"{entry.name} – kbvr",
        name=escape(entry.name),
        thumbnail=entry.thumbnail_address,
        scene=f"{SCENE}?src={entry.scene_address}",
        progress=f"{PROGRESS}?src={entry.address}",
        links=links,
    )


def viewer_page(name: str, entry: Entry | None, *, has_list: bool, scene: Path | None = None, qr: str = "") -> bytes:
    """Return a viewer; its title names the file that it shows, and a link leads to the list if there is one.

    If it shows a scene, the file's thumbnail is seen until the scene has arrived.

    Args:
        name: file name of the viewer.
        entry: the file that it shows.
        has_list: whether there is a list, which headsets offer too.
        scene: the scene that it shows.
        qr: path of the QR code of its address; empty if other devices cannot open it.

    Raises:
        OSError: if it has been removed.
    """
    page = (site.PAGES / name).read_text("utf-8")
    page = re.sub(r'<link rel="icon" href="data:,"[^>]*>\s*', "", page, count=1)
    title = f"{entry.name} – kbvr" if entry else "kbvr"
    mark = f'<meta name="kbvr-view" content="{escape(qr)}">'  # read by viewers/photo/controls/address.ts
    if has_list:
        mark += f'<meta name="kbvr-gallery" content="{GALLERY}">'  # read by viewers/scene/gallery.ts
    head = f"<title>{escape(title)}</title>{mark}{ICON}"
    page = re.sub(r"<title>[^<]*</title>", lambda _: head, page, count=1)
    if entry and scene:
        page = page.replace(ELEMENT, waiting_element(scene_facts(scene), entry.thumbnail_address), 1)
    before, body, after = page.rpartition("</body>")
    if has_list and body:
        page = before + BACK + body + after
    return page.encode(errors="replace")


def decoder_file() -> Path:
    """Return the file of the decoder that some scenes need."""
    return site.PAGES / DRACO


@cache
def _template(name: str) -> Template:
    return Template((TEMPLATES / name).read_text("utf-8"))


def _filled(template: str, *, title: str, **texts: str) -> bytes:
    page = _template(template).substitute(title=escape(title), icon=ICON, **texts)
    return page.encode(errors="replace")  # file names may hold surrogates


def _card(entry: Entry) -> str:
    kind, changed = entry.kind, datetime.fromtimestamp(entry.changed_s).astimezone()
    attributes = " download" if kind.is_saved else ""
    if entry.name.lower().endswith(".usdz"):
        attributes = ' rel="ar"'  # Safari on an iPhone opens it in the room
    words = kind.words + (", to save" if kind.is_saved else ", opens in 3D" if kind.is_photo else "")
    picture = (
        f'<img src="{entry.thumbnail_address}" alt="" loading="lazy" decoding="async">' if kind.has_picture else ""
    )
    name = escape(entry.name).replace("_", "_<wbr>")
    return (
        f'<li><a href="{escape(entry.link)}"{attributes}><span class="picture">'
        f'<svg aria-hidden="true"><use href="#{kind.icon}"/></svg>{picture}</span>'
        f'<span class="text"><span class="name">{name}</span> <span>{words}</span> '
        f"<span>{_in_words(entry.size_bytes)} · "
        f'<time datetime="{changed.isoformat("T", "seconds")}">{changed.day} {changed:%b %Y}</time></span>'
        "</span></a></li>\n"
    )


def _in_words(size_bytes: int) -> str:
    """Return a size with at most three digits, like 1.2 MB."""
    size, units = float(size_bytes), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 999.5 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:.0f} {units[0]}" if units[0] == "bytes" or size >= 99.5 else f"{size:.1f} {units[0]}"
