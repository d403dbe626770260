"""Where a photo was taken: a position in WGS 84, from the GPS tags of EXIF or the same properties of XMP."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from PIL.ExifTags import GPS

MAX_ALTITUDE_M = 100_000.0
BELOW_SEA_LEVEL = (b"\x01", b"\x03", 1, 3, "1", "3")
"""GPSAltitudeRef: 1 below sea level, 3 below the ellipsoid (Exif 3.0)."""

_XMP_ANGLE = re.compile(r"(\d+),(\d+(?:\.\d+)?)(?:,(\d+(?:\.\d+)?))?([NSEW])")
"""Degrees, minutes with fractions or seconds, and direction (XMP specification, part 2: GPSCoordinate)."""

_XMP_FRACTION = re.compile(r"(-?\d+(?:\.\d+)?)(?:/([1-9]\d*))?")


@dataclass(frozen=True)
class Place:
    """A position in WGS 84."""

    latitude_deg: float
    """-90 to 90, north is positive."""

    longitude_deg: float
    """-180 to 180, east is positive."""

    altitude_m: float | None = None
    """Above sea level; None if it is unknown."""

    def iso_6709(self) -> str:
        """Return the position as QuickTime and Matroska store it (ISO 6709, annex H), to a tenth of a metre."""
        altitude = "" if self.altitude_m is None else f"{self.altitude_m:+.1f}"
        return f"{self.latitude_deg:+010.6f}{self.longitude_deg:+011.6f}{altitude}/"


def place_from_exif(tags: Mapping[int, Any]) -> Place | None:
    """Return the position in the GPS tags of EXIF, None without latitude and longitude.

    A zero denominator means that the camera did not know its position.

    Raises:
        ValueError: if they are damaged or out of range.
    """
    latitude, longitude, heights = (
        _numbers(tags.get(tag, ())) for tag in (GPS.GPSLatitude, GPS.GPSLongitude, GPS.GPSAltitude)
    )
    if not (latitude and longitude and all(map(isfinite, latitude + longitude))):
        return None
    return _place(
        _degrees(latitude, _letter(tags.get(GPS.GPSLatitudeRef)), "NS"),
        _degrees(longitude, _letter(tags.get(GPS.GPSLongitudeRef)), "EW"),
        heights[0] if heights else None,
        tags.get(GPS.GPSAltitudeRef),
    )


def place_from_xmp(latitude: str, longitude: str, altitude: str = "", altitude_ref: str = "") -> Place | None:
    """Return the position in XMP properties, None without latitude and longitude.

    Raises:
        ValueError: if they are damaged or out of range.
    """
    if not (latitude and longitude):
        return None
    height = _XMP_FRACTION.fullmatch(altitude.strip())
    return _place(
        _xmp_degrees(latitude, "NS"),
        _xmp_degrees(longitude, "EW"),
        float(height[1]) / float(height[2] or 1) if height else None,
        altitude_ref.strip(),
    )


def _xmp_degrees(text: str, letters: str) -> float:
    angle = _XMP_ANGLE.fullmatch(text.strip())
    if angle is None:
        raise ValueError(f"expected an angle like 48,51.5N, got {text[:40]!r}")
    return _degrees([float(part) for part in angle.groups()[:3] if part], angle[4], letters)


def _numbers(value: Any) -> list[float]:
    """Return an EXIF tag's rational numbers; one with a zero denominator is not finite."""
    parts = value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else (value,)
    try:
        return [float(part) for part in parts]
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected numbers, got {str(value)[:40]!r}") from error


def _letter(value: Any) -> str:
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 ").upper()


def _degrees(numbers: Sequence[float], letter: str, letters: str) -> float:
    """Return the signed angle of degrees, minutes and seconds, of which the last two may be missing."""
    if letter not in tuple(letters):
        raise ValueError(f"expected the direction {' or '.join(letters)}, got {letter[:10]!r}")
    if not 1 <= len(numbers) <= 3 or min(numbers) < 0 or any(part > 60 for part in numbers[1:]):
        raise ValueError(f"expected degrees, minutes and seconds, got {', '.join(f'{part:g}' for part in numbers)}")
    angle_deg = sum(part / 60**power for power, part in enumerate(numbers))
    if angle_deg > (90 if letters == "NS" else 180):
        raise ValueError(f"expected an angle of at most {90 if letters == 'NS' else 180} degrees, got {angle_deg:g}")
    return -angle_deg if letter == letters[1] else angle_deg


def _place(latitude_deg: float, longitude_deg: float, altitude_m: float | None, altitude_ref: Any) -> Place | None:
    if latitude_deg == longitude_deg == 0:
        return None  # what receivers without a position write; the place itself is open sea
    if altitude_m is None or not isfinite(altitude_m) or abs(altitude_m) > MAX_ALTITUDE_M:
        return Place(latitude_deg, longitude_deg)
    is_below = altitude_ref in BELOW_SEA_LEVEL and altitude_m > 0
    return Place(latitude_deg, longitude_deg, -altitude_m if is_below else altitude_m)
