"""Who took a photo and when: out of EXIF, XMP and IPTC, as text.

EXIF comes first, then XMP, then IPTC, each tag for itself. Texts in EXIF are read as UTF-8 where they are that, else as
Latin-1; IPTC (IIM) likewise. XMP is read with entities and document types forbidden.
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
"""EXIF tags of who took a photo and when, which what is made of it keeps."""

MOST_CREDIT_LETTERS = 200
MOST_XMP_BYTES = 4_000_000

_DAMAGE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
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
"""EXIF tag -> where XMP has it, the best first."""

_IPTC = {80: ARTIST, 116: COPYRIGHT}
_DATE = re.compile(
    r"(\d{4})[-:]?(\d\d)[-:]?(\d\d)(?:[T ]?(\d\d):?(\d\d)(?::?(\d\d))?(?:\.\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?$"
)


def of_exif(data: bytes, name: str) -> tuple[dict[int, float], dict[int, str]]:
    """Return an EXIF block's tags that are numbers, and its credits; messages call the file `name`."""
    if not data:
        return {}, {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exif = Image.Exif()
            exif.load(data)
            inner = dict(exif.get_ifd(ExifTags.IFD.Exif))
            outer = dict(exif)
    except _DAMAGE as error:  # the picture itself may be whole
        _log.warning("%s: its EXIF cannot be read and is left out (%s)", name, error)
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
    """Return the credits among EXIF tags, whose texts are bytes, or Latin-1 as Pillow reads them."""
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
    """Return text in one line, short and free of control characters; EXIF parts photographer from editor by a 0."""
    text = "".join(letter if letter.isprintable() else " " for letter in text.strip("\0 ").replace("\0", "; "))
    return " ".join(text.split())[:MOST_CREDIT_LETTERS].strip()


def of_xmp(data: bytes, name: str) -> dict[int, str]:
    """Return the credits in an XMP packet; messages call the file `name`."""
    if not data:
        return {}
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        if len(data) > MOST_XMP_BYTES:
            raise ValueError(f"it has {len(data) / 1e6:.1f} MB")
        root = fromstring(data.strip(b"\0 \n\r\t"), forbid_dtd=True)
    except (DefusedXmlException, ParseError, ValueError, LookupError) as error:
        _log.warning("%s: its XMP cannot be read and is left out (%s)", name, error)
        return {}
    found: dict[str, str] = {}
    for element in root.iter(f"{_RDF}Description"):
        for key, value in element.attrib.items():
            found.setdefault(key, value)
        for child in element:
            items = [item.text or "" for item in child.iter(f"{_RDF}li")] or [child.text or ""]
            first_only = child.find(f"{_RDF}Alt") is not None  # the same in several languages
            found.setdefault(child.tag, items[0] if first_only else ", ".join(filter(None, items)))
    texts = {tag: next((found[key] for key in keys if found.get(key)), "") for tag, keys in _XMP_NAMES.items()}
    return _with_date(texts)


def of_iptc(data: bytes) -> dict[int, str]:
    """Return the credits among IPTC's records (IIM 4.2); what is damaged ends them."""
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
    """Return the IPTC records among Photoshop's image resources, as JPEG and TIFF have them."""
    found = re.search(rb"8BIM\x04\x04(?P<name>.)", data, re.DOTALL)
    if not found:
        return b""
    at = found.end() + found["name"][0] + (found["name"][0] + 1) % 2
    length = int.from_bytes(data[at : at + 4], "big")
    return data[at + 4 : at + 4 + length]


def _with_date(texts: Mapping[int, str]) -> dict[int, str]:
    """Return texts cleaned, with the date as EXIF writes it, and its offset apart; a date that is none is left out."""
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
    """Return each credit from the first source that has it; an offset belongs to the date beside it."""
    result: dict[int, str] = {}
    for texts in sources:
        has_date = DATE in result
        result |= {tag: text for tag, text in texts.items() if tag not in result and not (tag == OFFSET and has_date)}
    return {tag: result[tag] for tag in CREDITS if tag in result}
