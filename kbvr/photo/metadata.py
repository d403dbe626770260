"""Credits of a photo (author, copyright, date) from EXIF, XMP and IPTC.

Each tag is taken from the first of EXIF, XMP and IPTC that has it. Texts in EXIF and IPTC (IIM) are decoded as UTF-8 if
they are valid, otherwise as Latin-1. XML entities and document types in XMP are rejected.
"""

from __future__ import annotations

import logging
import re
import struct
import warnings
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from PIL import ExifTags, Image

_log = logging.getLogger(__name__)

ARTIST, COPYRIGHT = int(ExifTags.Base.Artist), int(ExifTags.Base.Copyright)
DATE, OFFSET = int(ExifTags.Base.DateTimeOriginal), int(ExifTags.Base.OffsetTimeOriginal)
CREDITS = (ARTIST, COPYRIGHT, DATE, OFFSET)
"""The EXIF tags that outputs copy from the photo."""

MAX_CREDIT_LENGTH = 200
MAX_XMP_BYTES = 4_000_000

_PILLOW_ERRORS = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, SyntaxError)
_EXIF_ERRORS = (*_PILLOW_ERRORS, TypeError, ValueError, struct.error)
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XMP_NAMES = {
    ARTIST: ("{http://purl.org/dc/elements/1.1/}creator", "{http://ns.adobe.com/tiff/1.0/}Artist"),
    COPYRIGHT: ("{http://purl.org/dc/elements/1.1/}rights", "{http://ns.adobe.com/tiff/1.0/}Copyright"),
    DATE: (
        "{http://ns.adobe.com/exif/1.0/}DateTimeOriginal",
        "{http://ns.adobe.com/photoshop/1.0/}DateCreated",
        "{http://ns.adobe.com/xap/1.0/}CreateDate",
    ),
}
"""EXIF tag -> its names in XMP, in order of preference."""

_IPTC = {80: ARTIST, 116: COPYRIGHT}
_DATE = re.compile(
    r"(\d{4})[-:]?(\d\d)[-:]?(\d\d)(?:[T ]?(\d\d):?(\d\d)(?::?(\d\d))?(?:\.\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?$"
)


def read(exif: bytes, xmp: bytes, iptc: bytes, name: str) -> tuple[dict[int, float], dict[int, str]]:
    """Return the numeric EXIF tags, and the credits in all three blocks; warnings call the file `name`."""
    numbers, in_exif = from_exif(exif, name)
    return numbers, merged((in_exif, from_xmp(xmp, name), from_iptc(iptc)))


def from_exif(data: bytes, name: str) -> tuple[dict[int, float], dict[int, str]]:
    """Return an EXIF block's numeric tags and its credits."""
    if not data:
        return {}, {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exif = Image.Exif()
            exif.load(data)
            inner = dict(exif.get_ifd(ExifTags.IFD.Exif))
            outer = dict(exif)
    except _EXIF_ERRORS as error:  # the picture itself may be intact
        _log.warning("%s: ignoring damaged EXIF data (%s)", name, error)
        return {}, {}
    orientation = int(ExifTags.Base.Orientation)
    return numbers_of({**inner, orientation: outer.get(orientation)}), texts_of({**outer, **inner})


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


def texts_of(tags: Mapping[int, Any]) -> dict[int, str]:
    """Return the credits in EXIF tags, whose texts are bytes, or decoded by Pillow as Latin-1."""
    texts = {tag: _cleaned(_decoded(tags[tag])) for tag in CREDITS if tag in tags}
    author = tags.get(int(ExifTags.Base.XPAuthor))
    if not texts.get(ARTIST) and isinstance(author, bytes):
        texts[ARTIST] = _cleaned(author.decode("utf-16-le", "replace"))
    return {tag: text for tag, text in texts.items() if text}


def _decoded(value: Any) -> str:
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


def _cleaned(text: str) -> str:
    """Return text as one short line without control characters; in EXIF, a 0 separates photographer and editor."""
    text = "".join(letter if letter.isprintable() else " " for letter in text.strip("\0 ").replace("\0", "; "))
    return " ".join(text.split())[:MAX_CREDIT_LENGTH].strip()


def from_xmp(data: bytes, name: str) -> dict[int, str]:
    """Return the credits in an XMP packet."""
    if not data:
        return {}
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        if len(data) > MAX_XMP_BYTES:
            raise ValueError(f"{len(data) / 1e6:.1f} MB")
        root = fromstring(data.strip(b"\0 \n\r\t"), forbid_dtd=True)
    except (DefusedXmlException, ParseError, ValueError, LookupError) as error:
        _log.warning("%s: ignoring unreadable XMP data (%s)", name, error)
        return {}
    found: dict[str, str] = {}
    for element in root.iter(f"{_RDF}Description"):
        for key, value in element.attrib.items():
            found.setdefault(key, value)
        for child in element:
            items = [item.text or "" for item in child.iter(f"{_RDF}li")] or [child.text or ""]
            first_only = child.find(f"{_RDF}Alt") is not None  # the same text in several languages
            found.setdefault(child.tag, items[0] if first_only else ", ".join(filter(None, items)))
    texts = {tag: next((found[key] for key in keys if found.get(key)), "") for tag, keys in _XMP_NAMES.items()}
    return _with_date(texts)


def from_iptc(data: bytes) -> dict[int, str]:
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
        tag: ", ".join(_decoded(value) for value in records[2, kind])
        for kind, tag in _IPTC.items()
        if (2, kind) in records
    }
    day, hour = (b"".join(records.get((2, kind), [b""])[:1]).decode("latin-1") for kind in (55, 60))
    return _with_date({**texts, DATE: day + hour})


def iptc_of_photoshop(data: bytes) -> bytes:
    """Return the IPTC records in Photoshop's image resources, which JPEG and TIFF files contain."""
    found = re.search(rb"8BIM\x04\x04(?P<name>.)", data, re.DOTALL)
    if not found:
        return b""
    at = found.end() + found["name"][0] + (found["name"][0] + 1) % 2
    length = int.from_bytes(data[at : at + 4], "big")
    return data[at + 4 : at + 4 + length]


def _with_date(texts: Mapping[int, str]) -> dict[int, str]:
    """Return cleaned texts with the date and its offset in EXIF's format; an invalid date is dropped."""
    cleaned = {tag: _cleaned(text) for tag, text in texts.items() if tag != DATE}
    date = _DATE.match(_cleaned(texts.get(DATE, "")))
    if date:
        year, month, day, hour, minute, second, offset = date.groups()
        cleaned[DATE] = f"{year}:{month}:{day} {hour or '00'}:{minute or '00'}:{second or '00'}"
        if offset:
            offset = "+0000" if offset == "Z" else offset.replace(":", "")
            cleaned[OFFSET] = f"{offset[:3]}:{offset[3:]}"
    return {tag: text for tag, text in cleaned.items() if text}


def merged(sources: Iterable[Mapping[int, str]]) -> dict[int, str]:
    """Return each credit from the first source that has it; a date and its offset come from the same source."""
    result: dict[int, str] = {}
    for texts in sources:
        has_date = DATE in result
        result |= {tag: text for tag, text in texts.items() if tag not in result and not (tag == OFFSET and has_date)}
    return {tag: result[tag] for tag in CREDITS if tag in result}
