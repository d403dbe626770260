"""VR180 photo: a half sphere for each eye, the right eye's picture inside the metadata of the left one's.

Google's "Cardboard Camera VR Photo Format" (developers.google.com/vr/reference/cardboard-camera-vr-photo-format), for a
half sphere: GPano's XMP properties give the projection, equirectangular, and the part of the sphere; GImage contains
the right eye's JPEG in base 64. It is too long for one segment, and so is stored as extended XMP, whose pieces carry
the MD5 of the whole (Adobe's XMP specification, part 3, 1.1.3).
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Iterable
from math import pi
from time import perf_counter

import cv2
import numpy as np
from jaxtyping import UInt8

from kbvr.errors import InputError
from kbvr.formats.spec.encoding import check_pixels, picture_bytes
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item, Views
from kbvr.formats.spec.software import software
from kbvr.formats.spec.verification import verification_error
from kbvr.formats.spec.xmp import xmp_of
from kbvr.formats.still.jpeg_segments import APP1, segments, with_segments
from kbvr.formats.still.one_instant import view_pair
from kbvr.imaging.resize import averaged, scaled_px
from kbvr.options.export_options import FileOptions
from kbvr.photo.credits import NO_CREDITS, Credits
from kbvr.system.atomic_file import atomic_write

MAX_SIDE_PX = 4096
"""Headsets show no more detail of a half sphere."""

MIN_SIDE_PX = 64
XMP, EXTENDED = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
PIECE_BYTES = 65400

View = UInt8[np.ndarray, "H W 3"]


def half_sphere_side_px(f_px: float) -> int:
    """Return the width and height of a half sphere that keeps the resolution in the middle of a view."""
    return min(MAX_SIDE_PX, max(MIN_SIDE_PX, round(pi * f_px / 2) * 2))


def half_sphere(view: View, *, f_px: float, cx_px: float, side_px: int) -> UInt8[np.ndarray, "S S 3"]:
    """Return a view as an equirectangular half sphere, black outside the view.

    Columns are longitudes from -90 to 90 degrees, rows latitudes from 90 to -90. `cx_px` is the view's column straight
    ahead of the eye; its row is the middle one.
    """
    height, width = view.shape[:2]
    shrink = min(1.0, side_px / (pi * f_px))
    if shrink < 1:  # avoids aliasing: remap below only interpolates
        view = averaged(view, scaled_px((width, height), shrink))
    scale_x, scale_y = view.shape[1] / width, view.shape[0] / height
    angle = ((np.arange(side_px, dtype=np.float32) + 0.5) / side_px - 0.5) * np.float32(pi)
    across = np.tan(angle)
    down = np.tan(angle)[:, None] / np.cos(angle)
    x = np.broadcast_to((cx_px + f_px * across) * scale_x - 0.5, down.shape)
    y = (height / 2 + f_px * down) * scale_y - 0.5
    # Positions far outside would overflow in remap.
    x, y = (np.clip(positions, -2, max(view.shape) + 2).astype(np.float32) for positions in (x, y))
    return np.asarray(cv2.remap(view, x, y, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_CONSTANT))


def vr180_bytes(left: bytes, right: bytes, side_px: int, photo_credits: Credits = NO_CREDITS) -> bytes:
    """Return the left eye's JPEG, which has no XMP, with the right one's and the photo's credits in its metadata."""
    extended = xmp_of(NO_CREDITS, {"GImage:Data": base64.b64encode(right).decode()})
    guid = hashlib.md5(extended, usedforsecurity=False).hexdigest().upper().encode()
    properties = {
        "GPano:ProjectionType": "equirectangular",
        "GPano:UsePanoramaViewer": "True",
        "GPano:CroppedAreaImageWidthPixels": side_px,
        "GPano:CroppedAreaImageHeightPixels": side_px,
        "GPano:CroppedAreaLeftPixels": side_px // 2,
        "GPano:CroppedAreaTopPixels": 0,
        "GPano:FullPanoWidthPixels": 2 * side_px,
        "GPano:FullPanoHeightPixels": side_px,
        "GPano:StitchingSoftware": software(),
        "GImage:Mime": "image/jpeg",
        "xmpNote:HasExtendedXMP": guid.decode(),
    }
    added = [(APP1, XMP + xmp_of(photo_credits, properties))]
    for start in range(0, len(extended), PIECE_BYTES):
        header = guid + struct.pack(">II", len(extended), start)
        added.append((APP1, EXTENDED + header + extended[start : start + PIECE_BYTES]))
    return with_segments(left, added)


def right_eye_of(data: bytes) -> bytes:
    """Return the right eye's JPEG of a VR180 photo.

    Raises:
        ValueError: if there is none, or its pieces are incomplete.
    """
    contents = [content for marker, _, content in segments(data) if marker == APP1]
    pieces = [content[len(EXTENDED) :] for content in contents if content.startswith(EXTENDED)]
    extended = b"".join(piece[40:] for piece in sorted(pieces, key=lambda piece: piece[36:40]))
    guid = hashlib.md5(extended, usedforsecurity=False).hexdigest().upper().encode()
    (main,) = (content for content in contents if content.startswith(XMP))
    if guid not in main or any(piece[:32] != guid for piece in pieces):
        raise ValueError("its extended XMP is incomplete")
    found = re.search(rb'GImage:Data="([^"]*)"', extended)
    if found is None:
        raise ValueError("it has no second picture")
    return base64.b64decode(found[1], validate=True)


def write_vr180(instants: Iterable[Views], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify a pair of views; see `Format.write`."""
    left, right = view_pair(instants, item, facts)
    check_vr180((left.shape[1], left.shape[0]), item, options)
    assert facts.baseline_m is not None
    assert facts.convergence_m is not None
    start = perf_counter()
    side_px = half_sphere_side_px(facts.f_px)
    ahead_px = left.shape[1] / 2 + np.array((-0.5, 0.5)) * facts.f_px * facts.baseline_m / facts.convergence_m
    spheres = [
        half_sphere(view, f_px=facts.f_px, cx_px=float(cx_px), side_px=side_px)
        for view, cx_px in zip((left, right), ahead_px, strict=True)
    ]
    left_jpeg, right_jpeg = (
        picture_bytes(sphere, "jpeg", facts.credits, quality=options.quality, with_xmp=False) for sphere in spheres
    )
    data = vr180_bytes(left_jpeg, right_jpeg, side_px, facts.credits)
    encode_s = perf_counter() - start
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(data)
        check_pixels(aside, item.path.name, spheres[0], exact=False)
        try:
            found = right_eye_of(aside.read_bytes())
        except ValueError as error:
            raise verification_error(item.path.name, error) from error
        if found != right_jpeg:
            raise verification_error(item.path.name, "the right eye's picture differs")
    return FileSummary(item.path, (side_px, side_px), 1, 0.0, 0.0, len(data), encode_s)


def check_vr180(_view_px: tuple[int, int], item: Item, _options: FileOptions) -> None:
    """Check the file's name; see `Format.check`."""
    if not item.path.name.lower().endswith((".jpg", ".jpeg")):
        raise InputError(f"expected a VR180 photo that ends in .vr.jpg or .jpg, got {item.path.name}")


FORMAT = Format(
    purpose="a half sphere for each eye, for headsets",
    needs="views",
    suffixes=(".vr.jpg", ".jpg"),
    verification="decoded; the right eye's picture extracted from the metadata and compared",
    check=check_vr180,
    write=write_vr180,
)
