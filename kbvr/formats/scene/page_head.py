"""What the head of a page says about its scene, to people, search engines and programs that show links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urljoin

META_NAMES = {"artist": "author", "copyright": "copyright", "date": "dcterms.created"}
"""Text of a photo's credits -> name of a meta element."""


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


def head_of(title: str, credit: Mapping[str, str], place: Published | None = None) -> str:
    """Return the title and meta elements (Open Graph protocol, ogp.me; Twitter cards).

    Pictures in links need complete addresses, so only a page whose place on the web is known has one.
    """
    about = f"{title} – a photo in 3D, to look around in"
    named = {META_NAMES[name]: text for name, text in credit.items() if name in META_NAMES}
    named |= {"description": about, "twitter:card": "summary_large_image" if place else "summary"}
    graph = {"og:type": "website", "og:title": title, "og:description": about}
    if place:
        width, height = place.poster_px
        graph |= {"og:url": place.page_url, "og:image": place.poster_url, "og:image:alt": title}
        graph |= {"og:image:width": str(width), "og:image:height": str(height)}
    names = "".join(f'<meta name="{name}" content="{escape(text)}">' for name, text in named.items())
    properties = "".join(f'<meta property="{name}" content="{escape(text)}">' for name, text in graph.items())
    return f"<title>{escape(title)}</title>{names}{properties}"
