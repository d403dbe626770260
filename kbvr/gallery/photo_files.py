"""The files of one photo in a gallery."""

from __future__ import annotations

import base64
import json
from math import sqrt
from pathlib import Path

from PIL import Image

from kbvr.formats.spec.encoding import saved
from kbvr.formats.spec.exif import exif_of
from kbvr.gallery.places import PICTURE, SCENE, THUMBNAIL, place_of
from kbvr.gallery.replaced import replace_content
from kbvr.imaging.resize import SizePx, averaged, scaled_px, within_px
from kbvr.photo.photo import Photo

THUMBNAIL_PX, THUMBNAIL_MAX_PX = 480 * 320, 960
"""Area and longest side of a thumbnail: the rows of the grid give all photos about the same area."""

PICTURE_MAX_PX = 1600
"""Long side of the picture on a photo's page."""

THUMBNAIL_WEBP = {"quality": 78, "method": 4}
PICTURE_WEBP = {"quality": 80, "method": 2}
"""Options of WebP. Method 4 takes three times as long as 2, and saves as much as nothing in a large picture."""


def write_photo_files(photo: Photo, out: Path, key: str, *, scene: Path | None) -> tuple[Path, ...]:
    """Write a thumbnail, a picture and a script that holds the scene; return their paths.

    A page opened from disk may not read other files, but may run scripts.

    Args:
        photo: the photo.
        out: the folder of the gallery.
        key: the photo's key, as in `GalleryPhoto`.
        scene: its scene as a GLB; None for a photo without one.

    Raises:
        OutputError: if a file cannot be written.
    """
    contents = {
        THUMBNAIL: _webp(photo, thumbnail_px(photo.size_px), THUMBNAIL_WEBP),
        PICTURE: _webp(photo, within_px(photo.size_px, PICTURE_MAX_PX), PICTURE_WEBP),
    }
    if scene is not None:
        contents[SCENE] = scene_script(key, scene.read_bytes())
    places = {place_of(out, what, key): content for what, content in contents.items()}
    for path, content in places.items():
        replace_content(path, content)
    return tuple(places)


def thumbnail_px(size_px: SizePx) -> SizePx:
    """Return the (width, height) of a photo's thumbnail: the same area for all shapes, and no more than the photo's."""
    width, height = size_px
    scale = min(1.0, sqrt(THUMBNAIL_PX / (width * height)), THUMBNAIL_MAX_PX / max(size_px))
    return scaled_px(size_px, scale)


def scene_script(key: str, glb: bytes) -> bytes:
    """Return a script that passes a scene to the gallery (viewers/gallery/scene.ts)."""
    return f"kbvrScene({json.dumps(key)},".encode() + b'"' + base64.b64encode(glb) + b'");\n'


def _webp(photo: Photo, size_px: SizePx, options: dict[str, int]) -> bytes:
    image = Image.fromarray(averaged(photo.rgb, size_px))
    return saved(image, "WEBP", exif=exif_of(photo.credits, size_px), **options)
