"""Stereo metadata of videos, as the player reads it (viewers/stereo/guess.ts). Only the index of a file is read."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from kbvr.formats.video.mp4_boxes import boxes_in, content_of, half_sphere_bounds, sample_entry_boxes

HEAD_BYTES = 2**15
"""Length of the part of a Matroska file that is searched."""

ST3D = {1: "tb", 2: "sbs", 4: "cross"}
"""stereo_mode of the box `st3d` (Spherical Video V2) -> packing."""

MATROSKA_TRACKS, EQUIRECTANGULAR = b"\x16\x54\xae\x6b", b"\x76\x71\x81\x01"
STEREO_MODE = re.compile(b"\x53\xb8\x81(.)", re.DOTALL)
STEREO_MODES = {b"\x01": "sbs", b"\x02": "tb", b"\x03": "tb", b"\x0b": "cross"}
"""Elements of Matroska with the lengths of their content, and values of StereoMode -> packing (RFC 9559)."""


def video_layout(path: Path, named: str | None) -> str | None:
    """Return the layout of a video by its metadata and its name, whose layout is `named`; None if neither tells it.

    The packing in the file comes first. The name may add that it is squeezed or half a sphere, which most files do not
    state.

    Raises:
        OSError: if it cannot be read.
    """
    try:
        packing, is_half_sphere = _in_mp4(path)
    except (ValueError, struct.error):
        packing, is_half_sphere = _in_matroska(path)
    is_half_sphere |= (named or "").startswith("180-")
    if packing is None:
        return f"180-{(named or 'mono').removeprefix('180-').removesuffix('-half')}" if is_half_sphere else named
    if is_half_sphere:
        return "180-tb" if packing == "tb" else "180-sbs"
    return named if named == f"{packing}-half" else packing


def _in_mp4(path: Path) -> tuple[str | None, bool]:
    """Return the packing, and whether each view is half a sphere.

    Raises:
        ValueError, struct.error: if it is no MP4, or is damaged.
    """
    boxes = sample_entry_boxes(path)
    st3d, sv3d, vexu = (boxes.get(kind) for kind in (b"st3d", b"sv3d", b"vexu"))
    packing = ST3D.get(st3d[4]) if st3d and len(st3d) > 4 else None
    is_half_sphere = sv3d is not None and half_sphere_bounds(sv3d)
    if vexu:
        inside = dict(boxes_in(vexu))
        if b"pack" in inside and packing is None:
            is_reversed = b"eyes" in inside and any(byte & 8 for byte in content_of(inside[b"eyes"], b"stri")[4:5])
            kind = content_of(inside[b"pack"], b"pkin")[4:8]
            packing = {b"side": "cross" if is_reversed else "sbs", b"over": "tb"}.get(kind)
        is_half_sphere |= b"proj" in inside and content_of(inside[b"proj"], b"prji")[4:8] == b"hequ"
    return packing, is_half_sphere


def _in_matroska(path: Path) -> tuple[str | None, bool]:
    with path.open("rb") as file:
        _, _, tracks = file.read(HEAD_BYTES).partition(MATROSKA_TRACKS)
    mode = STEREO_MODE.search(tracks)
    return STEREO_MODES.get(mode[1]) if mode else None, EQUIRECTANGULAR in tracks
