"""Files that hold a scene."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator

from kbvr.options.declare import OptionGroup, option

Texture = Literal["webp", "jpeg"]
Compression = Literal["none", "draco"]
Surround = Literal["none", "fade", "dome"]
Fit = Literal["contain", "cover", "subject"]


def _web_address(text: str) -> str:
    """Return the address of a page, or of a folder with a slash at its end, on the web.

    An address is a page's if its last part has a dot, as names of files have.

    Raises:
        ValueError: if it is none, or has a query, a fragment or a user's name.
    """
    parts = urlsplit(text)
    text.encode()  # raises ValueError for surrogates
    is_port_valid = parts.port is None or parts.port > 0  # reading it raises ValueError for others than numbers
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_port_valid:
        raise ValueError
    if parts.username is not None or any(character.isspace() or character in "?#" for character in text):
        raise ValueError
    return text if text.endswith("/") or "." in PurePosixPath(parts.path).name else f"{text}/"


class SceneFileOptions(OptionGroup, title="Scene"):
    """Files that hold a scene."""

    texture: Texture = option(
        "webp",
        "The format of a scene's textures. jpeg: the photo as JPEG, the rest as PNG and no extension of glTF that a "
        "program must know, for older programs.",
        used_by=("gltf", "html"),
    )
    compress: Compression = option(
        "none",
        "How a scene's triangles are compressed. draco: triangles take a third of the space, "
        "for programs that can decode it.",
        used_by=("gltf", "html"),
    )
    triangles: int = option(
        150_000,
        "Maximum number of triangles in a scene. Headsets handle the default easily.",
        between=(2000, 5_000_000),
        metavar="N",
        used_by=("gltf", "html", "ply", "obj", "usdz"),
    )
    surround: Surround = option(
        "dome",
        "What a scene shows beyond the photo's border. none: nothing; fade: its colours, fading out; dome: also a "
        "blur of them all around.",
        used_by=("gltf", "html", "ply", "obj", "usdz", "splats", "splats-gltf"),
    )
    eye_height_m: float = option(
        1.6,
        "Height of the camera above the floor of a scene.",
        between=(0, 10),
        unit="metres",
        used_by=("gltf", "html", "usdz", "splats-gltf"),
    )
    fit: Fit | None = option(
        None,
        "What a page first shows of the photo, if its window has another shape. contain: all of it; cover: as much as "
        "fills the window; subject: its subject, large.",
        default_text="the whole subject, and as much of the rest as looks good",
        used_by=("html", "embed"),
    )
    autoplay: bool = option(
        False,
        "The camera moves from the start when a page is opened, unless people prefer less motion.",
        used_by=("html", "embed"),
    )
    page_url: Annotated[str, AfterValidator(_web_address)] | None = option(
        None,
        "Where you will publish the page: its address, or that of its folder. Links to the page then show its "
        "photo, which is also written as a JPEG file beside it.",
        accepts="an address like https://example.com/photos/",
        metavar="URL",
        default_text="unknown",
        used_by=("html",),
    )
