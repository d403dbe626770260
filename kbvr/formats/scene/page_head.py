"""What the head of a page says about its scene, to people, search engines and programs that show links."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from textwrap import shorten
from urllib.parse import quote, urljoin

from kbvr.formats.spec.encoding import credit_texts
from kbvr.photo.credits import Credits

META_NAMES = {"artist": "author", "copyright": "copyright", "date": "dcterms.created"}
"""Text of a photo's credits -> name of a meta element."""

MAX_TITLE_LENGTH = 120
"""Captions can be longer; the description has them in full."""


@dataclass(frozen=True)
class Published:
    """Where on the web a page and its poster will be."""

    page_url: str
    poster_url: str
    poster_px: tuple[int, int]


def published(page_url: str, file_name: str, poster_name: str, poster_px: tuple[int, int]) -> Published:
    """Return where a page and the poster beside it will be; an address that ends in a slash is that of their folder."""
    page = urljoin(page_url, quote(file_name)) if page_url.endswith("/") else page_url
    return Published(page, urljoin(page, quote(poster_name)), poster_px)


def head_of(alt: str, photo_credits: Credits, place: Published | None = None) -> str:
    """Return the title and meta elements of a page (Open Graph protocol, ogp.me; Twitter cards).

    `alt` is the alternative text of its scene. Pictures in links need complete addresses, so only a page whose place on
    the web is known has one.
    """
    title = shorten(alt, MAX_TITLE_LENGTH, placeholder="…")
    about = f"{alt} – a photo in 3D, to look around in"
    named = {META_NAMES[name]: text for name, text in credit_texts(photo_credits).items() if name in META_NAMES}
    taken_at = photo_credits.place
    named |= {"geo.position": f"{taken_at.latitude_deg:.6f};{taken_at.longitude_deg:.6f}"} if taken_at else {}
    named |= {"description": about, "twitter:card": "summary_large_image" if place else "summary"}
    graph = {"og:type": "website", "og:title": title, "og:description": about}
    if place:
        width, height = place.poster_px
        graph |= {"og:url": place.page_url, "og:image": place.poster_url, "og:image:alt": alt}
        graph |= {"og:image:width": str(width), "og:image:height": str(height)}
    names = "".join(f'<meta name="{name}" content="{escape(text)}">' for name, text in named.items())
    properties = "".join(f'<meta property="{name}" content="{escape(text)}">' for name, text in graph.items())
    return f"<title>{escape(title)}</title>{names}{properties}"
