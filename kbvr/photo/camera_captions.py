"""Captions that cameras, phones and programs write into every file, and that describe no photo.

The common ones: some are known from PhotoPrism's list (github.com/photoprism/photoprism, internal/meta/sanitize.go).
"""

from __future__ import annotations

import re

MAKERS = (
    r"(olympus|minolta|konica minolta|samsung|kodak|casio|pentax|vivitar|digital)?[ _]*digital[ _]*(still[ _]*)?camera",
    r"(sony|minolta|panasonic|hp)[ _]dsc",
    r"samsung( camera pictures)?|<digimax .*>",
    r"(exif|jfif)[ _-]*jpe?g([ _-]*picture)?",
    r"my beautiful picture|image description|(default|untitled|no[ _]?name|screenshot|thumbnail|charset=ascii|ascii)",
    r"applemark|lead technologies inc.*|(created|processed|edited) (by|in|with) (gimp|imlib|picsart|snapseed|vsco)\b.*",
)
"""Names of makers and programs, in small letters."""

MODES = (
    r"(?-i:(rhdr|hdrpl?|oznor|frontbhdp|r?fbt|rbt|ptr|btr|mon|nor|dav|mde|edf|btf|bty|bsh|frem|rpt|burst|sdr|cof|qrf|lmt)"
    r"(hdr|mdn|bty|WO|[_-]?(soft|vivid|HDRB|mono|bty|WO))?)"
)
"""Modes of Huawei's camera app, which writes them in small letters."""

FILES = r"dcim[\\/].*|[a-z]:[\\/].*|[\w-]+\.(jpe?g|png|tiff?|heic|heif|dng|webp|avif|nef|cr[23]|arw|raf|orf|rw2)"
"""Names of files."""

NUMBERS = r"[-_.,:;#*/|!?\s0]*|(img|dsc|dscn|dscf|pict|p|mvimg|pxl|gopr|dji|sam)[ _-]?\d{3}[\d _-]*"
"""No letters, or a camera's name for a file."""

STRUCTURES = r"\{\s*\".*|<\?xml.*|<ome.*|imagej=.*"
"""What programs for microscopes and arrays keep in the caption of a TIFF."""

_BY_CAMERA = re.compile("|".join((*MAKERS, MODES, FILES, NUMBERS, STRUCTURES)), re.IGNORECASE)


def is_by_camera(text: str) -> bool:
    """Return whether a camera or a program has written a caption, which is one line."""
    return _BY_CAMERA.fullmatch(text) is not None
