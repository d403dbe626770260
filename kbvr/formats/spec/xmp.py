"""XMP packets: what is known about a photo, as RDF in XML.

XMP specification, parts 1 and 2, and IPTC Photo Metadata, which say which property holds what. All properties are in
one description, since some readers look into the first one only.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from kbvr.formats.spec.software import software
from kbvr.photo.credits import Credits
from kbvr.photo.place import Place

SPACES: Mapping[str, str] = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "GImage": "http://ns.google.com/photos/1.0/image/",
    "GPano": "http://ns.google.com/photos/1.0/panorama/",
}
"""Prefix -> namespace."""


def xmp_of(photo_credits: Credits, properties: Mapping[str, object] | None = None) -> bytes:
    """Return a packet with a photo's credits and more properties, by their names with a prefix of SPACES."""
    known = {"xmp:CreatorTool": software(), **_simple(photo_credits)} if photo_credits else {}
    simple = {**(properties or {}), **known}
    elements = _elements(photo_credits)
    prefixes = dict.fromkeys(name.partition(":")[0] for name in (*simple, *elements))
    spaces = " ".join(f'xmlns:{prefix}="{SPACES[prefix]}"' for prefix in prefixes)
    attributes = " ".join(f'{name}="{escape(str(value))}"' for name, value in simple.items())
    inside = "".join(f"<{name}>{content}</{name}>" for name, content in elements.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {spaces} {attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>'
        '<?xpacket end="w"?>'
    ).encode()


def _simple(photo_credits: Credits) -> dict[str, object]:
    """Return the properties that are single texts."""
    properties: dict[str, object] = {}
    if photo_credits.credit:
        properties["photoshop:Credit"] = photo_credits.credit
    if photo_credits.date:
        names = ("exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate")
        properties |= dict.fromkeys(names, photo_credits.date)
    return properties | (_gps(photo_credits.place) if photo_credits.place else {})


def _gps(place: Place) -> dict[str, object]:
    properties: dict[str, object] = {
        "exif:GPSVersionID": "2.3.0.0",
        "exif:GPSMapDatum": "WGS-84",
        "exif:GPSLatitude": _angle(place.latitude_deg, "NS"),
        "exif:GPSLongitude": _angle(place.longitude_deg, "EW"),
    }
    if place.altitude_m is not None:
        properties["exif:GPSAltitudeRef"] = int(place.altitude_m < 0)
        properties["exif:GPSAltitude"] = f"{round(abs(place.altitude_m) * 100)}/100"
    return properties


def _angle(angle_deg: float, letters: str) -> str:
    """Return an angle as degrees and minutes, to a millionth of a minute, 2 mm on the ground."""
    degrees, parts = divmod(round(abs(angle_deg) * 60e6), 60_000_000)
    return f"{degrees},{parts / 1e6:.6f}{letters[angle_deg < 0]}"


def _elements(photo_credits: Credits) -> dict[str, str]:
    """Return the properties of Dublin Core, which are lists, or the same text in several languages."""
    listed = {"dc:creator": ("Seq", photo_credits.artist)}
    listed |= {
        f"dc:{name}": ("Alt", text)
        for name, text in (
            ("rights", photo_credits.copyright),
            ("title", photo_credits.title),
            ("description", photo_credits.caption),
        )
    }
    language = {"Seq": "", "Alt": ' xml:lang="x-default"'}
    return {
        name: f"<rdf:{kind}><rdf:li{language[kind]}>{escape(text)}</rdf:li></rdf:{kind}>"
        for name, (kind, text) in listed.items()
        if text
    }
