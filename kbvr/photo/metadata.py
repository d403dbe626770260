"""Read what people have noted about a photo from EXIF, XMP and IPTC.

Each text is taken from the first of EXIF, XMP and IPTC that has it. Texts in EXIF and IPTC (IIM) are decoded as UTF-8
if they are valid, otherwise as Latin-1. XML entities and document types in XMP are rejected.
"""

from __future__ import annotations

import logging
import re
import struct
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from math import isfinite
from typing import Any
from unicodedata import category

from PIL import ExifTags, Image

from kbvr.photo.camera_captions import is_by_camera
from kbvr.photo.credits import NO_CREDITS, Credits, merged
from kbvr.photo.place import Place, place_from_exif, place_from_xmp

_log = logging.getLogger(__name__)

MAX_TEXT_LENGTH, MAX_CAPTION_LENGTH = 200, 2000
"""In characters; a caption in IPTC has at most 2000 (IIM 4.2, 2:120)."""

MAX_XMP_BYTES = 4_000_000
JOINERS = "\u200c\u200d"
"""Invisible characters that scripts and emoji require inside words."""

_PILLOW_ERRORS = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, SyntaxError)
_EXIF_ERRORS = (*_PILLOW_ERRORS, TypeError, ValueError, struct.error)
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC, _PHOTOSHOP = "{http://purl.org/dc/elements/1.1/}", "{http://ns.adobe.com/photoshop/1.0/}"
_TIFF, _EXIF = "{http://ns.adobe.com/tiff/1.0/}", "{http://ns.adobe.com/exif/1.0/}"
_XMP_NAMES = {
    "artist": (f"{_DC}creator", f"{_TIFF}Artist"),
    "copyright": (f"{_DC}rights", f"{_TIFF}Copyright"),
    "credit": (f"{_PHOTOSHOP}Credit", f"{_PHOTOSHOP}Source"),
    "title": (f"{_DC}title", f"{_PHOTOSHOP}Headline"),
    "caption": (f"{_DC}description", f"{_TIFF}ImageDescription"),
    "date": (f"{_EXIF}DateTimeOriginal", f"{_PHOTOSHOP}DateCreated", "{http://ns.adobe.com/xap/1.0/}CreateDate"),
}
"""Text -> its names in XMP, in order of preference."""

_IPTC_NUMBERS = {"artist": (80,), "copyright": (116,), "credit": (110, 115), "title": (5, 105), "caption": (120,)}
"""Text -> its datasets in record 2 of IIM, in order of preference: title and headline, credit and source."""

_EXIF_TAGS = {
    "artist": (ExifTags.Base.Artist, ExifTags.Base.XPAuthor),
    "copyright": (ExifTags.Base.Copyright,),
    "title": (ExifTags.Base.XPTitle,),
    "caption": (ExifTags.Base.ImageDescription, ExifTags.Base.XPComment),
}
"""Text -> its tags, in order of preference; those of Windows (XP) are UTF-16."""

_XP_TAGS = (ExifTags.Base.XPAuthor, ExifTags.Base.XPTitle, ExifTags.Base.XPComment)
_DATE = re.compile(
    r"(\d{4})[-:]?(\d\d)[-:]?(\d\d)(?:[T ]?(\d\d):?(\d\d)(?::?(\d\d))?(?:\.\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?$"
)


def read(
    exif: bytes, xmp: bytes, iptc: bytes, name: str, others: Credits = NO_CREDITS
) -> tuple[dict[int, float], Credits]:
    """Return the numeric EXIF tags, and the credits in all three blocks, then others; warnings call the file `name`."""
    numbers, in_exif = from_exif(exif, name)
    return numbers, merged((in_exif, from_xmp(xmp, name), from_iptc(iptc), others))


def from_exif(data: bytes, name: str) -> tuple[dict[int, float], Credits]:
    """Return an EXIF block's numeric tags and its credits."""
    if not data:
        return {}, NO_CREDITS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exif = Image.Exif()
            exif.load(data)
            inner = dict(exif.get_ifd(ExifTags.IFD.Exif))
            outer = dict(exif)
            position = _gps_tags(exif)
    except _EXIF_ERRORS as error:  # the picture itself may be intact
        _log.warning("%s: ignoring damaged EXIF data (%s)", name, error)
        return {}, NO_CREDITS
    orientation = int(ExifTags.Base.Orientation)
    return numbers_of({**inner, orientation: outer.get(orientation)}), from_tags({**outer, **inner}, position, name)


def numbers_of(tags: Mapping[int, Any]) -> dict[int, float]:
    """Return the tags that are finite numbers."""
    numbers = {}
    for tag, value in tags.items():
        try:
            number = float(value)
        except (TypeError, ValueError, ZeroDivisionError):
            continue
        if isfinite(number):
            numbers[int(tag)] = number
    return numbers


def _gps_tags(exif: Image.Exif) -> dict[int, Any]:
    """Return the GPS tags, none if they are damaged, which affects no other tags."""
    try:
        return dict(exif.get_ifd(ExifTags.IFD.GPSInfo))
    except _EXIF_ERRORS:
        return {}


def from_tags(tags: Mapping[int, Any], gps: Mapping[int, Any], file_name: str) -> Credits:
    """Return the credits in EXIF tags and GPS tags, whose texts are bytes, or decoded by Pillow as Latin-1."""
    texts = {
        name: [(_decoded_utf_16 if tag in _XP_TAGS else decoded)(tags.get(tag)) for tag in choices]
        for name, choices in _EXIF_TAGS.items()
    }
    date = decoded(tags.get(ExifTags.Base.DateTimeOriginal)).strip("\0 ")
    credit = from_texts({**texts, "date": [date + decoded(tags.get(ExifTags.Base.OffsetTimeOriginal)), date]})
    return replace(credit, place=_place(file_name, place_from_exif, gps))


def _place(file_name: str, read_place: Callable[..., Place | None], *arguments: Any) -> Place | None:
    """Return a place from the metadata of a file, None with a warning if it is damaged."""
    try:
        return read_place(*arguments)
    except ValueError as error:
        _log.warning("%s: ignoring the damaged GPS position (%s)", file_name, error)
        return None


def from_texts(texts: Mapping[str, list[str]]) -> Credits:
    """Return credits of the first usable text for each name of a field, cleaned.

    Captions that cameras write are dropped, and so are invalid dates.
    """
    used: dict[str, Any] = {
        name: next(filter(None, (_usable(name, text) for text in choices)), "") for name, choices in texts.items()
    }
    return Credits(**used)


def _usable(name: str, text: str) -> str:
    """Return a text cleaned for a field, empty if it cannot be used."""
    text = _cleaned(text, MAX_CAPTION_LENGTH if name == "caption" else MAX_TEXT_LENGTH)
    if name == "date":
        return _iso_date(text)
    return "" if name in ("title", "caption") and is_by_camera(text) else text


def decoded(value: Any) -> str:
    """Return a text that is bytes, or that a library has decoded as Latin-1; empty for other values."""
    if isinstance(value, str):
        try:
            value = value.encode("latin-1")
        except UnicodeEncodeError:
            return str(value)
    if not isinstance(value, bytes):
        return ""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _decoded_utf_16(value: Any) -> str:
    return value.decode("utf-16-le", "replace") if isinstance(value, bytes) else ""


def _cleaned(text: str, max_length: int) -> str:
    """Return text as one line without control characters; in EXIF, a 0 separates photographer and editor."""
    text = text.strip("\0 ").replace("\0", "; ")
    shown = (letter if letter.isprintable() or letter in JOINERS else _replacement(letter) for letter in text)
    return " ".join("".join(shown).split())[:max_length].strip()


def _replacement(letter: str) -> str:
    """Return what replaces a letter that cannot be shown: nothing for a mark of the format, such as a soft hyphen."""
    return "" if category(letter) == "Cf" else " "


def from_xmp(data: bytes, name: str) -> Credits:
    """Return the credits in an XMP packet."""
    if not data:
        return NO_CREDITS
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        if len(data) > MAX_XMP_BYTES:
            raise ValueError(f"{len(data) / 1e6:.1f} MB")
        root = fromstring(data.strip(b"\0 \n\r\t"), forbid_dtd=True)
    except (DefusedXmlException, ParseError, ValueError, LookupError) as error:
        _log.warning("%s: ignoring unreadable XMP data (%s)", name, error)
        return NO_CREDITS
    found: dict[str, str] = {}
    for element in root.iter(f"{_RDF}Description"):
        for key, value in element.attrib.items():
            found.setdefault(key, value)
        for child in element:
            items = [item.text or "" for item in child.iter(f"{_RDF}li")] or [child.text or ""]
            first_only = child.find(f"{_RDF}Alt") is not None  # the same text in several languages
            found.setdefault(child.tag, items[0] if first_only else ", ".join(filter(None, items)))
    credit = from_texts({name: [found.get(key, "") for key in keys] for name, keys in _XMP_NAMES.items()})
    position = (found.get(f"{_EXIF}GPS{key}", "") for key in ("Latitude", "Longitude", "Altitude", "AltitudeRef"))
    return replace(credit, place=_place(name, place_from_xmp, *position))


def from_iptc(data: bytes) -> Credits:
    """Return the credits in IPTC records (IIM 4.2), up to the first damaged one."""
    records: dict[tuple[int, int], list[bytes]] = {}
    at = 0
    while at + 5 <= len(data) and data[at] == 0x1C:
        record, kind, length = struct.unpack_from(">BBH", data, at + 1)
        if length & 0x8000 or at + 5 + length > len(data):
            break
        records.setdefault((record, kind), []).append(data[at + 5 : at + 5 + length])
        at += 5 + length
    texts = {
        name: [", ".join(map(decoded, records.get((2, number), []))) for number in numbers]
        for name, numbers in _IPTC_NUMBERS.items()
    }
    day, hour = (b"".join(records.get((2, kind), [b""])[:1]).decode("latin-1") for kind in (55, 60))
    return from_texts({**texts, "date": [day + hour]})


def iptc_of_photoshop(data: bytes) -> bytes:
    """Return the IPTC records in Photoshop's image resources, which JPEG and TIFF files contain."""
    found = re.search(rb"8BIM\x04\x04(?P<name>.)", data, re.DOTALL)
    if not found:
        return b""
    at = found.end() + found["name"][0] + (found["name"][0] + 1) % 2
    length = int.from_bytes(data[at : at + 4], "big")
    return data[at + 4 : at + 4 + length]


def _iso_date(text: str) -> str:
    """Return a date of EXIF, XMP or IPTC in ISO 8601 to the second, empty if it is invalid."""
    date = _DATE.match(text)
    if not date:
        return ""
    year, month, day, hour, minute, second, offset = date.groups()
    offset = "+0000" if offset == "Z" else (offset or "").replace(":", "")
    iso = f"{year}-{month}-{day}T{hour or '00'}:{minute or '00'}:{second or '00'}"
    iso += f"{offset[:3]}:{offset[3:]}" if offset else ""
    try:
        datetime.fromisoformat(iso)
    except ValueError:
        return ""
    return iso
