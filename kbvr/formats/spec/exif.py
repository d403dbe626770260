"""EXIF data (CIPA DC-008) of upright sRGB pictures, with what is known about the photo."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from PIL import ExifTags, Image

from kbvr.formats.spec.software import software
from kbvr.photo.credits import Credits
from kbvr.photo.place import Place

MAIN_TAGS: Mapping[int, float] = {
    ExifTags.Base.Orientation: 1,
    ExifTags.Base.XResolution: 72,
    ExifTags.Base.YResolution: 72,
    ExifTags.Base.ResolutionUnit: 2,
    ExifTags.Base.YCbCrPositioning: 1,
}
EXIF_TAGS: Mapping[int, bytes | int] = {
    ExifTags.Base.ExifVersion: b"0232",
    ExifTags.Base.ComponentsConfiguration: b"\1\2\3\0",
    ExifTags.Base.FlashPixVersion: b"0100",
    ExifTags.Base.ColorSpace: 1,
}
"""The tags that EXIF requires, of an upright sRGB picture."""

DATE_LENGTH = len("2000-12-31T23:59:59")
SECOND_PARTS = 10_000
"""Parts of a second of arc: 3 mm on the ground."""


def exif_of(photo_credits: Credits, size_px: tuple[int, int], *, with_orientation: bool = True) -> bytes:
    """Return the EXIF data of an upright sRGB picture, with the photo's credits.

    Without the orientation it is fit for Pillow's AVIF writer, which would remove it and, in doing so, damage texts
    that are not ASCII.
    """
    exif = Image.Exif()
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    exif[ExifTags.Base.Software] = software()
    for tag, value in MAIN_TAGS.items():
        if with_orientation or tag != ExifTags.Base.Orientation:
            exif[tag] = value
    for tag, content in EXIF_TAGS.items():
        inner[tag] = content
    inner[ExifTags.Base.ExifImageWidth], inner[ExifTags.Base.ExifImageHeight] = size_px
    for tag, text in (
        (ExifTags.Base.ImageDescription, photo_credits.caption),
        (ExifTags.Base.Artist, photo_credits.artist),
        (ExifTags.Base.Copyright, photo_credits.copyright),
    ):
        if text:
            exif[tag] = text.encode()  # UTF-8, as in Exif 3.0, which older readers accept
    if photo_credits.date:
        inner[ExifTags.Base.DateTimeOriginal] = date_of(photo_credits)
        if offset := photo_credits.date[DATE_LENGTH:]:
            inner[ExifTags.Base.OffsetTimeOriginal] = offset
    if photo_credits.place:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps_tags(photo_credits.place))
    return exif.tobytes().replace(b"\x91\x01\0\x01", b"\x91\x01\0\x07", 1)  # Pillow writes one type wrong


def date_of(photo_credits: Credits) -> str:
    """Return the date in EXIF's format, without its offset from UTC; empty if it is unknown."""
    return photo_credits.date[:DATE_LENGTH].replace("-", ":").replace("T", " ")


def gps_tags(place: Place) -> dict[int, Any]:
    """Return the GPS tags of a place."""
    tags: dict[int, Any] = {
        ExifTags.GPS.GPSVersionID: b"\2\3\0\0",
        ExifTags.GPS.GPSLatitudeRef: "S" if place.latitude_deg < 0 else "N",
        ExifTags.GPS.GPSLatitude: _degrees_minutes_seconds(place.latitude_deg),
        ExifTags.GPS.GPSLongitudeRef: "W" if place.longitude_deg < 0 else "E",
        ExifTags.GPS.GPSLongitude: _degrees_minutes_seconds(place.longitude_deg),
        ExifTags.GPS.GPSMapDatum: "WGS-84",
    }
    if place.altitude_m is not None:
        tags[ExifTags.GPS.GPSAltitudeRef] = b"\1" if place.altitude_m < 0 else b"\0"
        tags[ExifTags.GPS.GPSAltitude] = Fraction(round(abs(place.altitude_m) * 100), 100)
    return tags


def _degrees_minutes_seconds(angle_deg: float) -> tuple[Fraction, Fraction, Fraction]:
    minutes, parts = divmod(round(abs(angle_deg) * 3600 * SECOND_PARTS), 60 * SECOND_PARTS)
    return Fraction(minutes // 60), Fraction(minutes % 60), Fraction(parts, SECOND_PARTS)
