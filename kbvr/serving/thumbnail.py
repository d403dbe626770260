"""Thumbnails. They are made in another process, because decoders of damaged files may crash or hang."""

from __future__ import annotations

import base64
import json
import re
import struct
import zipfile
from io import BufferedReader, BytesIO
from pathlib import Path

from PIL import Image, ImageOps

from kbvr.errors import InputError
from kbvr.formats.video.first_picture import first_picture
from kbvr.photo.decode import decode_photo
from kbvr.serving.site import name_of, opened

SIDE_PX, QUALITY = 480, 80
"""Long side of a thumbnail, twice that of its place on the page for sharp screens; JPEG quality."""

MAX_PROFILE_BYTES = 4096
"""Longer colour profiles are left out; that of Display P3 has 548 bytes."""

FIRST_VIEW = {
    "sbs": (0.5, 1.0),
    "sbs-half": (0.5, 1.0),
    "cross": (0.5, 1.0),
    "180-sbs": (0.5, 1.0),
    "tb": (1.0, 0.5),
    "tb-half": (1.0, 0.5),
    "180-tb": (1.0, 0.5),
}
"""Layout -> share of width and height of its first view, which begins at the top left."""

STRETCHED = {"sbs-half": (2, 1), "tb-half": (1, 2)}
"""Layout -> factors that undo its squeezing."""

MAGIC_GLB, JSON_CHUNK = b"glTF", b"JSON"
SCENE_IN_PAGE = re.compile(rb'id="kbvr-scene">\s*')


def thumbnail(path: Path, suffix: str, layout: str) -> bytes:
    """Return a small JPEG of a picture, of the first view of a stereo picture or video, or of a scene's texture.

    Raises:
        InputError: if the file holds no picture, or is damaged.
    """
    try:
        with opened(path) as file:
            picture = _picture(file, suffix, layout)
        across, down = FIRST_VIEW.get(layout, (1.0, 1.0))
        picture = picture.crop((0, 0, max(1, round(picture.width * across)), max(1, round(picture.height * down))))
        wider, taller = STRETCHED.get(layout, (1, 1))
        picture = picture.resize((picture.width * wider, picture.height * taller))
        picture.thumbnail((SIDE_PX, SIDE_PX), reducing_gap=2.0)
        profile = picture.info.get("icc_profile") or b""
        stream = BytesIO()
        picture.save(stream, "JPEG", quality=QUALITY, icc_profile=profile if len(profile) <= MAX_PROFILE_BYTES else b"")
    except (OSError, ValueError, SyntaxError, LookupError, struct.error, Image.DecompressionBombError) as error:
        raise InputError(f"expected a picture, got {path.name}: {error}") from error
    return stream.getvalue()


def _picture(file: BufferedReader, suffix: str, layout: str) -> Image.Image:
    """Return a picture in RGB, upright, large enough for a thumbnail."""
    if suffix in (".mp4", ".webm", ".mkv"):
        return Image.fromarray(first_picture(file, 4 * SIDE_PX))
    if suffix in (".tif", ".tiff", ".heic", ".heif"):
        return Image.fromarray(decode_photo(name_of(file)).rgb)
    stream = {".glb": _scene_texture, ".html": _page_texture, ".usdz": _archived_texture}.get(suffix)
    with Image.open(stream(file) if stream else file) as source:
        if layout not in FIRST_VIEW:
            source.draft("RGB", (2 * SIDE_PX, 2 * SIDE_PX))  # JPEG is decoded at a smaller size
        source.load()
        picture = ImageOps.exif_transpose(source)
        picture.thumbnail((4 * SIDE_PX, 4 * SIDE_PX))
        return _over_white(picture)


def _over_white(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;16"):
        return picture.point(lambda value: value / 256).convert("L").convert("RGB")
    if picture.mode in ("RGB", "L"):
        return picture.convert("RGB")
    if picture.mode in ("CMYK", "YCbCr", "LAB"):
        picture.info.pop("icc_profile", None)
        return picture.convert("RGB")
    with_alpha = picture.convert("RGBA")
    white = Image.new("RGBA", with_alpha.size, "white")
    return Image.alpha_composite(white, with_alpha).convert("RGB")


def _scene_texture(file: BufferedReader) -> BytesIO:
    return _texture_in(file.read())


def _page_texture(file: BufferedReader) -> BytesIO:
    content = file.read()
    begin = SCENE_IN_PAGE.search(content)
    if begin is None:
        raise InputError(f"expected a page with a scene, got {Path(file.name).name}")
    return _texture_in(base64.b64decode(content[begin.end() : content.index(b"<", begin.end())]))


def _texture_in(glb: bytes) -> BytesIO:
    """Return the first texture of a GLB, which is the photo in a scene made by kbvr (glTF 2.0, section 4.4)."""
    magic, _, _, length, kind = struct.unpack_from("<4sIII4s", glb)
    if magic != MAGIC_GLB or kind != JSON_CHUNK:
        raise InputError("expected a GLB")
    document = json.loads(glb[20 : 20 + length])
    view = document["bufferViews"][document["images"][0]["bufferView"]]
    begin = 20 + length + 8 + view.get("byteOffset", 0)
    return BytesIO(glb[begin : begin + view["byteLength"]])


def _archived_texture(file: BufferedReader) -> BytesIO:
    with zipfile.ZipFile(file) as archive:
        first = next(name for name in archive.namelist() if name.lower().endswith((".jpg", ".png")))
        return BytesIO(archive.read(first))
