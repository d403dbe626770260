"""Photos that bring their own depth, as phones write them.

No free encoder writes HEIC with depth, so the boxes around x265's pictures are written here (ISO/IEC 23008-12).
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO

import av
import numpy as np
from PIL import Image

from kbvr.formats.video.mp4_boxes import box, full_box

DEPTH_TYPE = "urn:mpeg:hevc:2015:auxid:2"
MATTE_TYPE = "urn:com:apple:photo:2018:aux:portraiteffectsmatte"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
NAMESPACES = {
    "rdf": RDF,
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "GDepth": "http://ns.google.com/photos/1.0/depthmap/",
    "GImage": "http://ns.google.com/photos/1.0/image/",
    "apdi": "http://ns.apple.com/pixeldatainfo/1.0/",
    "depthData": "http://ns.apple.com/depthData/1.0/",
    "Device": "http://ns.google.com/photos/dd/1.0/device/",
    "Camera": "http://ns.google.com/photos/dd/1.0/camera/",
    "DepthMap": "http://ns.google.com/photos/dd/1.0/depthmap/",
    "Container": "http://ns.google.com/photos/dd/1.0/container/",
    "Item": "http://ns.google.com/photos/dd/1.0/item/",
}
MAX_PART = 65_400
"""Bytes of extended XMP in a segment: 65533 less the 75 of its header, rounded down."""


def packet(attributes: Mapping[str, object], inside: str = "") -> bytes:
    """An XMP packet with one description."""
    names = " ".join(f'xmlns:{name}="{url}"' for name, url in NAMESPACES.items())
    pairs = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {names}><rdf:Description rdf:about="" {pairs}>{inside}'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def encoded(picture: np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    stream = BytesIO()
    Image.fromarray(picture).save(stream, kind, **options)
    return stream.getvalue()


def jpeg_of(rgb: np.ndarray, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(rgb, "JPEG", quality=98, subsampling=0, exif=exif)


def with_segments(jpeg: bytes, *contents: bytes) -> bytes:
    """A JPEG with APP1 segments after the first one."""
    at = 4 + struct.unpack_from(">H", jpeg, 4)[0]
    assert jpeg[2] == 0xFF
    added = b"".join(b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content for content in contents)
    return jpeg[:at] + added + jpeg[at:]


def with_xmp(jpeg: bytes, attributes: Mapping[str, object], extended: bytes = b"", inside: str = "") -> bytes:
    """A JPEG with standard XMP, and extended XMP in as many segments as it needs, the last one first."""
    guid = hashlib.md5(extended, usedforsecurity=False).hexdigest().upper().encode()
    note = {"xmpNote:HasExtendedXMP": guid.decode()} if extended else {}
    standard = b"http://ns.adobe.com/xap/1.0/\0" + packet({**attributes, **note}, inside)
    parts = [
        b"http://ns.adobe.com/xmp/extension/\0"
        + guid
        + struct.pack(">II", len(extended), at)
        + extended[at : at + MAX_PART]
        for at in range(0, len(extended), MAX_PART)
    ]
    return with_segments(jpeg, standard, *parts[::-1])


def gdepth_jpeg(
    rgb: np.ndarray, stored: np.ndarray, properties: Mapping[str, object], *, orientation: int = 1, padding: int = 0
) -> bytes:
    """A photo with GDepth: the properties in the standard packet, the pictures in the extended one."""
    data = {"GDepth:Data": base64.b64encode(encoded(stored)).decode()}
    if padding:
        data["GImage:Data"] = base64.b64encode(bytes(padding)).decode()
    confidence = properties.get("GDepth:Confidence")
    if isinstance(confidence, np.ndarray):
        data["GDepth:Confidence"] = base64.b64encode(encoded(confidence)).decode()
    plain = {name: value for name, value in properties.items() if name != "GDepth:Confidence"}
    return with_xmp(jpeg_of(rgb, orientation), {"GDepth:Mime": "image/png", **plain}, packet(data))


def dynamic_depth_jpeg(
    rgb: np.ndarray,
    stored: np.ndarray,
    properties: Mapping[str, object],
    *,
    confidence: np.ndarray | None = None,
    orientation: int = 1,
    padding: int = 0,
    after: bytes = b"",
) -> bytes:
    """A photo in the container of Dynamic Depth 1.0: the original picture, the depth and its confidence follow it."""
    files = {"original": encoded(rgb, "JPEG"), "depthmap": encoded(stored, "JPEG", quality=100, subsampling=0)}
    if confidence is not None:
        files["confidencemap"] = encoded(confidence, "JPEG", quality=100)
        properties = {**properties, "ConfidenceURI": "android/confidencemap"}
    mime = "<Item:Mime>image/jpeg</Item:Mime>"
    items = [f'<rdf:li rdf:parseType="Resource">{mime}<Item:Padding>{padding}</Item:Padding></rdf:li>']
    items += [
        f'<rdf:li rdf:parseType="Resource">{mime}<Item:Length>{len(data)}</Item:Length>'
        f"<Item:DataURI>android/{name}</Item:DataURI></rdf:li>"
        for name, data in files.items()
    ]
    values = "".join(f"<DepthMap:{name}>{value}</DepthMap:{name}>" for name, value in properties.items())
    inside = (
        f'<Device:Container rdf:parseType="Resource"><Container:Directory><rdf:Seq>{"".join(items)}</rdf:Seq>'
        '</Container:Directory></Device:Container><Device:Cameras><rdf:Seq><rdf:li rdf:parseType="Resource">'
        '<Device:Camera rdf:parseType="Resource"><Camera:DepthMap rdf:parseType="Resource">'
        f"<DepthMap:DepthURI>android/depthmap</DepthMap:DepthURI>{values}"
        "</Camera:DepthMap></Device:Camera></rdf:li></rdf:Seq></Device:Cameras>"
    )
    primary = with_xmp(jpeg_of(rgb, orientation), {}, inside=inside)
    return primary + bytes(padding) + b"".join(files.values()) + after


# --- HEIC ---


@dataclass(frozen=True, eq=False)
class HeicItem:
    """A picture in a HEIC file."""

    picture: np.ndarray
    """(H, W, 3), or (H, W) for an auxiliary one."""

    kind: str = ""
    """The auxiliary type; empty for the photo."""

    xmp: bytes = b""
    turns: int = 0
    """Quarter turns, anticlockwise, of `irot`."""

    mirror: int | None = None
    """The axis of `imir`: 0 swaps top and bottom, 1 left and right, as libheif reads them."""


def apple_xmp(attributes: Mapping[str, object]) -> bytes:
    """The XMP of an auxiliary picture, as elements, which is how Apple writes them."""
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in attributes.items())
    return packet({}, inside)


def heic(items: Sequence[HeicItem]) -> bytes:
    """A HEIC of a photo, which comes first, and its auxiliary pictures."""
    ids = range(1, len(items) + 1)
    texts = {len(items) + n: (n, item.xmp) for n, item in zip(ids, items, strict=True) if item.xmp}
    coded = {n: _hevc(item.picture) for n, item in zip(ids, items, strict=True)}
    content = {n: data for n, (_, data) in coded.items()} | {n: xmp for n, (_, xmp) in texts.items()}
    infos = b"".join(full_box(b"infe", struct.pack(">HH4s", n, 0, b"hvc1") + b"\0", flags=2 << 24) for n in ids)
    mime = b"\0application/rdf+xml\0"
    infos += b"".join(full_box(b"infe", struct.pack(">HH4s", n, 0, b"mime") + mime, flags=2 << 24) for n in texts)
    links = b"".join(box(b"auxl", struct.pack(">HHH", n, 1, 1)) for n in ids[1:])
    links += b"".join(box(b"cdsc", struct.pack(">HHH", n, 1, of)) for n, (of, _) in texts.items())
    properties: list[bytes] = []
    bound = b""
    for n, item in zip(ids, items, strict=True):
        own = _properties(item, coded[n][0])
        first = len(properties) + 1
        bound += struct.pack(">HB", n, len(own)) + bytes(first + i | 0x80 for i in range(len(own)))
        properties += own
    iprp = box(b"iprp", box(b"ipco", b"".join(properties)) + full_box(b"ipma", struct.pack(">I", len(items)) + bound))

    def meta(start: int) -> bytes:
        places, at = b"", start
        for n, data in content.items():
            places += struct.pack(">HHIHII", n, 0, at, 1, 0, len(data))
            at += len(data)
        return full_box(
            b"meta",
            full_box(b"hdlr", bytes(4) + b"pict" + bytes(13))
            + full_box(b"pitm", struct.pack(">H", 1))
            + full_box(b"iloc", b"\x44\x40" + struct.pack(">H", len(content)) + places)
            + full_box(b"iinf", struct.pack(">H", len(content)) + infos)
            + full_box(b"iref", links)
            + iprp,
        )

    head = box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    return head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", b"".join(content.values()))


def _properties(item: HeicItem, configuration: bytes) -> list[bytes]:
    height, width = item.picture.shape[:2]
    channels = 1 if item.picture.ndim == 2 else 3
    own = [
        configuration,
        full_box(b"ispe", struct.pack(">II", width, height)),
        full_box(b"pixi", bytes((channels, *[8] * channels))),
        box(b"colr", b"nclx" + struct.pack(">HHHB", 1, 13, 6, 0x80)),
    ]
    if item.kind:
        own.append(full_box(b"auxC", item.kind.encode() + b"\0"))
    if item.turns:
        own.append(box(b"irot", bytes((item.turns,))))
    if item.mirror is not None:
        own.append(box(b"imir", bytes((item.mirror,))))
    return own


def _hevc(picture: np.ndarray) -> tuple[bytes, bytes]:
    """A picture as its hvcC box and its length-prefixed data, without loss for grey ones."""
    grey = picture.ndim == 2
    encoder = av.CodecContext.create("libx265", "w")
    encoder.width, encoder.height = picture.shape[1], picture.shape[0]
    encoder.pix_fmt = "gray" if grey else "yuvj444p"
    encoder.time_base = Fraction(1, 25)
    encoder.options = {"x265-params": "lossless=1:log-level=none:info=0"}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="gray" if grey else "rgb24")
    frame = frame if grey else frame.reformat(format="yuvj444p", dst_colorspace="ITU601")
    stream = b"".join(bytes(part) for part in [*encoder.encode(frame), *encoder.encode(None)])
    units = [unit for unit in re.split(rb"\x00\x00\x00?\x01", stream) if unit]
    sets = {kind: [unit for unit in units if unit[0] >> 1 & 63 == kind] for kind in (32, 33, 34)}
    profile = sets[33][0].replace(b"\0\0\3", b"\0\0")[3:15]
    head = b"\1" + profile + b"\xf0\0\xfc" + bytes((0xFC | (0 if grey else 3), 0xF8, 0xF8, 0, 0, 0x0F, len(sets)))
    arrays = b"".join(
        struct.pack(">BH", 0x80 | kind, len(found)) + b"".join(struct.pack(">H", len(unit)) + unit for unit in found)
        for kind, found in sets.items()
    )
    pictures = [unit for unit in units if unit[0] >> 1 & 63 < 32]
    return box(b"hvcC", head + arrays), b"".join(struct.pack(">I", len(unit)) + unit for unit in pictures)
