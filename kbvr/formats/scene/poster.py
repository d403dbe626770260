"""The photo as small pictures, which are shown until its scene has arrived and wherever a scene cannot be."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from kbvr.formats.scene.scene_file import scene_metadata
from kbvr.formats.spec.encoding import credit_blocks, saved
from kbvr.formats.spec.format import Facts
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.options.export_options import FileOptions
from kbvr.photo.credits import NO_CREDITS, Credits

SIDES_PX = (800, 560, 400)
"""Long sides of a poster, tried in turn until it is small enough."""

QUALITIES = (70, 60, 50, 40)
"""Qualities of a poster, tried in turn at each size."""

MAX_BYTES = 100_000

PREVIEW_PX, PREVIEW_QUALITY = 48, 50
"""Long side and quality of a preview, which is shown enlarged and blurred."""

SUFFIX = "_poster.jpg"


def poster(viewable: ViewableScene, form: Literal["JPEG", "WEBP"], photo_credits: Credits = NO_CREDITS) -> bytes:
    """Return the photo of a scene with a long side of at most SIDES_PX[0], in at most MAX_BYTES if at all possible."""
    content = b""
    for side_px in SIDES_PX:
        picture = _reduced(viewable, side_px)
        for quality in QUALITIES:
            content = saved(picture, form, quality=quality, **credit_blocks(photo_credits, picture.size))
            if len(content) <= MAX_BYTES:
                return content
    return content


def preview(viewable: ViewableScene) -> bytes:
    """Return the photo of a scene in less than a thousand bytes, as WebP."""
    return saved(_reduced(viewable, PREVIEW_PX), "WEBP", quality=PREVIEW_QUALITY)


def poster_file(scene_file: Path, stem_ending: str = "") -> Path:
    """Return where the poster of a scene is, from the path of another of its files, whose stem has an ending."""
    return scene_file.with_name(scene_file.stem.removesuffix(stem_ending) + SUFFIX)


def element(attributes: Mapping[str, str | None], pictures: str = "") -> str:
    """Return the element that shows a scene; a value of None is an attribute without one."""
    named = "".join(f" {name}" if text is None else f' {name}="{escape(text)}"' for name, text in attributes.items())
    return f"<kbvr-photo{named}>{pictures}</kbvr-photo>"


def shown_as(options: FileOptions) -> dict[str, str | None]:
    """Return the attributes of the element that the options choose."""
    fit: dict[str, str | None] = {} if options.fit is None else {"fit": options.fit}
    return fit | ({"autoplay": None} if options.autoplay else {})


def embedded_pictures(viewable: ViewableScene, facts: Facts, options: FileOptions) -> str:
    """Return the preview and the poster as elements that contain them."""
    small, large = (_data_url(content) for content in (preview(viewable), poster(viewable, "WEBP")))
    width, height = viewable.textured_mesh.camera.size_px
    subject = scene_metadata(viewable, facts, options).get("subject_box_px")
    box = f' data-subject="{" ".join(map(str, subject))}"' if subject else ""
    alt = escape(options.alt or viewable.photo)
    return (
        f'<img slot="preview" src="{small}" alt="">'
        f'<img slot="poster" src="{large}" alt="{alt}" width="{width}" height="{height}"{box}>'
    )


def _reduced(viewable: ViewableScene, side_px: int) -> Image.Image:
    """Return the photo with a long side of at most so many pixels; its texture is padded to the right and below."""
    mesh = viewable.textured_mesh
    width, height = mesh.camera.size_px
    picture = Image.fromarray(np.ascontiguousarray(mesh.photo[:height, :width]))
    picture.thumbnail((side_px, side_px), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return picture


def _data_url(webp: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(webp).decode()}"
