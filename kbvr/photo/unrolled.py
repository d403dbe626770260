"""Choose how a picture is read: as an ordinary photo, as a wide panorama, or as a sphere around the viewer."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from math import degrees, pi, radians
from typing import Literal

import numpy as np
from PIL import ExifTags

from kbvr.errors import InputError, OptionsError, OptionText, verbatim
from kbvr.photo.decode import DecodedPhoto
from kbvr.photo.panorama import Panorama, PanoramaKind, cylinder, whole_sphere

MAX_CYLINDER_DEG = 360.0
MIN_SPHERE_WIDTH_PX = 2048
"""Cameras that see all around write no smaller pictures; a small picture of 2:1 is just a picture."""

STITCHED = 6
"""Phones write this value of CustomRendered into their panoramas."""

STITCHED_ASPECT = 2.0

SHAPE_TOLERANCE = 0.02
"""By how much a picture may be wider or narrower than its metadata say: resizing rounds."""

STEREO_SPHERE = re.compile(r"[-_. ]360[-_. ](tb|ou|tab|3dv)$", re.IGNORECASE)
"""Ends of names that mean two spheres, one above the other, to players."""

FocalSource = Literal["exif", "panorama", "flag", "guess", "network"]
"""Where a focal length comes from; panorama: the width of a sphere, or of the part of one that the file describes."""

_log = logging.getLogger(__name__)


def is_stereo_sphere(decoded: DecodedPhoto, stem: str) -> bool:
    """Return whether a picture is a sphere for each eye, by its shape and by its metadata or its name."""
    width, height = decoded.rgb.shape[1::-1]
    said = decoded.panorama is not None and decoded.panorama.is_for_two_eyes
    return abs(width - height) <= SHAPE_TOLERANCE * width and (said or STEREO_SPHERE.search(stem) is not None)


def without_stereo_sphere(decoded: DecodedPhoto, kind: PanoramaKind, name: str) -> DecodedPhoto:
    """Return a picture of two spheres as an ordinary photo, with a warning.

    Raises:
        OptionsError: if it was to be one sphere.
    """
    says = f"{verbatim(name)}: it holds a sphere for each eye, and a stereo sphere is not taken apart"
    use = "{pair} tb with {panorama} 360 uses the left eye's"
    if kind == "360":
        raise OptionsError(f"{says}: {use}")
    _log.warning(OptionText(f"{says}; it is read as an ordinary photo ({use})"))
    return replace(decoded, panorama=None)


def unrolled(
    decoded: DecodedPhoto, kind: PanoramaKind, fov_deg: float | None, name: str
) -> tuple[DecodedPhoto, float | None, FocalSource, Panorama | None]:
    """Return a picture as an ordinary photo, or a sphere as it is, its focal length in pixels, and what it shows.

    The focal length is that of the picture in the file, and comes with its source. It is None if the picture is no
    panorama; what it shows is None unless it goes all around. A photo that may be a panorama, of which its file says
    nothing, is an ordinary one, with a warning that calls it `name`.

    Raises:
        InputError: if the picture cannot be what `kind` says.
    """
    width, height = decoded.rgb.shape[1::-1]
    if kind == "none":
        return decoded, None, "guess", None
    said = _of_this_picture(decoded, name)
    around_px = (decoded.reduced_from or (width, height))[0] / (2 * pi)
    if said is not None and fov_deg is not None:
        _log.warning(OptionText(f"{verbatim(name)}: {{fov_deg}} has no effect: the file says what the panorama shows"))
    if kind == "360":
        if said is None or not said.is_around:
            said = _sphere(width, height, name)
        return decoded, around_px, "panorama", said
    if kind == "auto" and said is None:
        _tell_of_panorama(decoded, name)
        return decoded, None, "guess", None
    if said is None:
        return *_flat(decoded, _cylinder(fov_deg, width / height), name), "flag", None
    if said.is_around and kind == "auto":
        return decoded, around_px, "panorama", said
    return *_flat(decoded, said, name), "panorama", None


def _of_this_picture(decoded: DecodedPhoto, name: str) -> Panorama | None:
    """Return what the file says about a panorama, None with a warning if it says it of a picture of another shape.

    What it says about two spheres is not about one of them.
    Programs that crop a photo can leave its metadata as they were. A photo that was resized evenly keeps its shape.
    """
    said = decoded.panorama
    if said is None or said.is_for_two_eyes:
        return None
    width, height = decoded.reduced_from or decoded.rgb.shape[1::-1]
    one_px = max(1.0, said.aspect)
    if abs(width - height * said.aspect) <= max(SHAPE_TOLERANCE * width, one_px):
        return said
    shape = f"they describe a picture of {said.aspect:.3g}:1, and this one is {width}x{height}"
    _log.warning("%s: ignoring what its metadata say about a panorama (%s)", name, shape)
    return None


def _flat(decoded: DecodedPhoto, panorama: Panorama, name: str) -> tuple[DecodedPhoto, float]:
    from kbvr.photo.flat_view import MAX_WIDTH_RAD, flat_view_of, flattened  # slow to import, and seldom needed

    view = flat_view_of(panorama)
    rgb, f_px = flattened(decoded.rgb, panorama, view)
    wide_deg = degrees(panorama.width_rad)
    note = f"a panorama of {wide_deg:.0f} degrees, shown as a straight view of {view.width_deg:.0f} degrees"
    if panorama.width_rad > MAX_WIDTH_RAD:
        _log.warning("%s: %s: a straight picture cannot be wider", name, note)
    notes = (*decoded.notes, note)
    flat = replace(decoded, rgb=rgb, notes=notes, reduced_from=None, depth=None, panorama=None)
    return flat, f_px


def _sphere(width: int, height: int, name: str) -> Panorama:
    if abs(width - 2 * height) > 0.01 * width:
        raise InputError(f"{name}: expected a 360 photo, twice as wide as high, got {width}x{height}")
    return whole_sphere()


def _cylinder(fov_deg: float | None, aspect: float) -> Panorama:
    if fov_deg is None:
        raise OptionsError("{panorama} cylinder requires {fov_deg}, as the file does not say how wide it is")
    if not 1 <= fov_deg <= MAX_CYLINDER_DEG or not np.isfinite(fov_deg):
        raise InputError(f"the field of view of a cylinder must be 1 to 360 degrees, got {fov_deg}")
    return cylinder(radians(fov_deg), aspect)


def _tell_of_panorama(decoded: DecodedPhoto, name: str) -> None:
    """Warn of a picture that may be a panorama."""
    width, height = decoded.reduced_from or decoded.rgb.shape[1::-1]
    if decoded.exif.get(int(ExifTags.Base.CustomRendered)) == STITCHED and width > STITCHED_ASPECT * height:
        says = "a stitched panorama is read as an ordinary photo, which bends its lines: {panorama} cylinder with"
        _log.warning(OptionText(f"{verbatim(name)}: {says} {{fov_deg}}, the angle it shows, puts that right"))
    elif width == 2 * height and width >= MIN_SPHERE_WIDTH_PX:
        says = "a picture of 2:1 is read as an ordinary photo: {panorama} 360 says that it shows all directions"
        _log.warning(OptionText(f"{verbatim(name)}: {says}"))
