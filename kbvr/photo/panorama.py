"""What a panorama's file says about the part of the sphere that it shows.

Google's "Photo Sphere XMP Metadata" (developers.google.com/streetview/spherical-metadata): the size of the full
panorama, which is 360 degrees wide, and where in it the picture is.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from math import degrees, isfinite, pi, radians
from typing import Literal

from kbvr.photo.xmp_values import all_properties, parsed

PanoramaKind = Literal["auto", "360", "cylinder", "none"]
"""How a photo is read; auto: as its file says."""

Projection = Literal["equirectangular", "cylindrical"]

NAMESPACE = "http://ns.google.com/photos/1.0/panorama/"
MIN_WIDTH_RAD, WHOLE_RAD = radians(1), radians(359.5)
"""Narrower pictures are a mistake in the file; wider ones go all around."""

TOLERANCE_RAD = radians(0.5)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Panorama:
    """The part of the sphere, or of a cylinder around the camera, that a picture shows."""

    projection: Projection
    left_rad: float
    right_rad: float
    """Longitudes of the borders; 0 is the middle of the full panorama."""

    top: float
    bottom: float
    """Heights of the borders above the horizon: latitudes in radians if equirectangular, else their tangents."""

    ahead_rad: float | None = None
    """Longitude of the view to begin with; None if the file does not say it."""

    @property
    def width_rad(self) -> float:
        """The angle from left to right."""
        return self.right_rad - self.left_rad

    @property
    def aspect(self) -> float:
        """Width over height of a picture of it, whose pixels are as wide as high."""
        return self.width_rad / (self.top - self.bottom)

    @property
    def is_around(self) -> bool:
        """Whether it is a sphere, or the part of one that goes all around."""
        return self.projection == "equirectangular" and self.width_rad >= WHOLE_RAD

    @property
    def is_for_two_eyes(self) -> bool:
        """Whether it is a sphere for each eye, one above the other: GPano can only call it one of twice the height."""
        return self.is_around and abs(self.top - self.bottom - 2 * pi) <= 2 * TOLERANCE_RAD


def whole_sphere() -> Panorama:
    """Return what an equirectangular picture of all directions shows."""
    return Panorama("equirectangular", -pi, pi, pi / 2, -pi / 2)


def cylinder(width_rad: float, aspect: float) -> Panorama:
    """Return what a cylindrical picture shows, with the horizon in its middle; `aspect` is width / height."""
    half_height = width_rad / aspect / 2
    return Panorama("cylindrical", -width_rad / 2, width_rad / 2, half_height, -half_height)


def panorama_in(xmp: bytes, name: str) -> Panorama | None:
    """Return what an XMP packet says about a panorama, None if it says nothing; warnings call the file `name`."""
    if NAMESPACE.encode() not in xmp:
        return None
    try:
        return _panorama(all_properties(parsed(xmp), NAMESPACE))
    except ValueError as error:
        _log.warning("%s: ignoring what its metadata say about a panorama (%s)", name, error)
        return None


def _panorama(values: dict[str, str]) -> Panorama | None:
    """Return the panorama that the properties of GPano describe, by their names.

    Raises:
        ValueError: if they are damaged.
    """
    projection = values.get("ProjectionType", "").lower()
    if projection not in ("equirectangular", "cylindrical"):
        return None
    full_width = _number(values, "FullPanoWidthPixels")
    full_height = _number(values, "FullPanoHeightPixels", full_width / 2)
    width = _number(values, "CroppedAreaImageWidthPixels", full_width)
    height = _number(values, "CroppedAreaImageHeightPixels", full_height)
    left = _number(values, "CroppedAreaLeftPixels", (full_width - width) / 2)
    top = _number(values, "CroppedAreaTopPixels", (full_height - height) / 2)
    if min(full_width, full_height, width, height) <= 0:
        raise ValueError("a size that is not above 0")
    per_px = 2 * pi / full_width
    found = Panorama(
        "equirectangular" if projection == "equirectangular" else "cylindrical",
        left * per_px - pi,
        (left + width) * per_px - pi,
        (full_height / 2 - top) * per_px,
        (full_height / 2 - top - height) * per_px,
        _ahead_rad(values),
    )
    return _checked(found)


def _checked(found: Panorama) -> Panorama:
    if not MIN_WIDTH_RAD <= found.width_rad <= 2 * pi + TOLERANCE_RAD:
        raise ValueError(f"{degrees(found.width_rad):.4g} degrees wide")
    is_sphere = found.projection == "equirectangular" and not found.is_for_two_eyes
    if is_sphere and max(found.top, -found.bottom) > pi / 2 + TOLERANCE_RAD:
        raise ValueError(f"{degrees(found.top):.4g} to {degrees(found.bottom):.4g} degrees high")
    return found


def _ahead_rad(values: dict[str, str]) -> float | None:
    """Return the longitude of the first view, from two compass headings: of it, and of the middle."""
    if "InitialViewHeadingDegrees" not in values:
        return None
    heading_deg = _number(values, "InitialViewHeadingDegrees") - _number(values, "PoseHeadingDegrees", 0.0)
    return radians((heading_deg + 180) % 360 - 180)


def _number(values: dict[str, str], name: str, default: float | None = None) -> float:
    if name not in values and default is not None:
        return default
    try:
        number = float(values.get(name, ""))
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise ValueError(f"{name} is {values.get(name, 'missing')!r}, not a number")
    return number
