"""Captions that cameras, phones and programs write into every file, and that describe no photo.

Collected from the sample pictures of camera makers, and from PhotoPrism (internal/meta/sanitize.go), which keeps a list
of what its users' photos contain.
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
    r"(rhdr|hdrpl?|oznor|frontbhdp|r?fbt|rbt|ptr|btr|mon|nor|dav|mde|edf|btf|bty|bsh|frem|rpt|burst|sdr|cof|qrf|lmt|dig|fun)"
    r"(hdr|mdn|bty|wo|[_-]?(soft|vivid|hdrb|mono|bty|wo))?"
)
"""Modes of Huawei's camera app."""

FILES = r"dcim[\\/].*|[a-z]:[\\/].*|[\w-]+\.(jpe?g|png|tiff?|heic|heif|dng|webp|avif|nef|cr[23]|arw|raf|orf|rw2)"
"""Names of files."""

NUMBERS = r"[-_.,:;#*/|!?\s0]*|(img|dsc|dscn|dscf|pict|p|mvimg|pxl|gopr|dji|sam)[ _-]?\d[\d _-]*"
"""No letters, or a camera's name for a file."""

STRUCTURES = r"\{.*|<\?xml.*|<ome.*|imagej=.*"
"""What programs for microscopes and arrays keep in the caption of a TIFF."""

_BY_CAMERA = re.compile("|".join((*MAKERS, MODES, FILES, NUMBERS, STRUCTURES)), re.IGNORECASE)


def is_by_camera(text: str) -> bool:
    """Return whether a camera or a program has written a caption, which is one line."""
    return _BY_CAMERA.fullmatch(text) is not None
