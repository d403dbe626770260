"""Photos: every container and depth of bits that is read, and what cameras and programs put beside the pixels."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import phone_photos
from numpy.typing import NDArray
from PIL import Image, ImageCms

from fuzz.mutators import Seed
from fuzz.structures.jpeg import jpeg_of, segments_of
from fuzz.structures.png import SIGNATURE, chunks_of, png_of

WIDTH, HEIGHT = 32, 24
DATA = Path(__file__).parents[1] / "data"

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    b'exif:GPSLatitude="48,51.5N" exif:GPSLongitude="2,17,40.2W" exif:GPSAltitude="35/1"><dc:creator><rdf:Seq>'
    b"<rdf:li>A</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>"
)

TIFFS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("RGB", {}),
    "lzw": ("RGB", {"compression": "tiff_lzw"}),
    "deflate": ("RGB", {"compression": "tiff_adobe_deflate"}),
    "packbits": ("RGBA", {"compression": "packbits"}),
    "jpeg": ("RGB", {"compression": "jpeg"}),
    "group4": ("1", {"compression": "group4"}),
    "palette": ("P", {}),
    "cmyk": ("CMYK", {"compression": "tiff_lzw"}),
    "grey": ("L", {}),
    "grey16": ("I;16", {"compression": "tiff_lzw"}),
    "float": ("F", {}),
}
"""Name -> mode, and what Pillow writes it with."""


def rgb() -> NDArray[np.uint8]:
    """Return a picture with slopes, an edge and some noise."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    noise = np.random.default_rng(1).integers(0, 30, (HEIGHT, WIDTH))
    return np.stack([x * 7, y * 9, 128 * (x > y) + noise], axis=-1).astype(np.uint8)


def picture(mode: str) -> Image.Image:
    """Return the picture in a mode of Pillow's."""
    whole = Image.fromarray(rgb())
    if mode == "I;16":
        return Image.fromarray(rgb()[..., 0].astype(np.uint16) * 257)
    if mode == "RGBA":
        whole.putalpha(Image.fromarray(rgb()[..., 1]))
        return whole
    return whole.convert(mode)


def encoded(image: Image.Image, form: str, **choices: Any) -> bytes:
    """Return a picture file's bytes."""
    stream = io.BytesIO()
    image.save(stream, form, **choices)
    return stream.getvalue()


@cache
def exif() -> bytes:
    """Return what a camera says: turned, a focal length, who, when and where."""
    tags = Image.Exif()
    tags[0x0112], tags[0x013B], tags[0x8298] = 6, "A. Person", "CC0"
    tags.get_ifd(0x8769).update({0xA405: 28, 0x920A: 4.25, 0xA20E: 3000.0, 0xA210: 2, 0x9003: "2020:01:01 00:00:00"})
    tags.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 27.7), 3: "W", 4: (2.0, 17.0, 40.2), 5: b"\0", 6: 35.0})
    return tags.tobytes()


@cache
def profile() -> bytes:
    """Return an ICC profile."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def photo_seeds() -> Iterator[Seed]:
    """Yield photos of every kind."""
    yield from (Seed(name, "photo", "jpeg", content) for name, content in _jpegs())
    yield from (Seed(name, "photo", "png", content) for name, content in _pngs())
    yield from (Seed(name, "photo", "riff", content) for name, content in _webps())
    yield from (Seed(name, "photo", "tiff", content) for name, content in _tiffs())
    yield from (Seed(name, "photo", "boxes", content) for name, content in _of_boxes())


def _jpegs() -> Iterator[tuple[str, bytes]]:
    told = {"exif": exif(), "icc_profile": profile(), "xmp": XMP}
    yield "baseline.jpg", encoded(picture("RGB"), "JPEG", **told)
    yield "progressive.jpg", encoded(picture("RGB"), "JPEG", progressive=True, subsampling=2, restart_marker_blocks=2)
    yield "grey.jpg", encoded(picture("L"), "JPEG")
    yield "cmyk.jpg", encoded(picture("CMYK"), "JPEG")
    yield "pair.mpo", encoded(picture("RGB"), "MPO", save_all=True, append_images=[picture("RGB")])
    depth, sure = rgb()[::2, ::2, 0], rgb()[::2, ::2, 1]
    google: dict[str, object] = {"GDepth:Near": 1, "GDepth:Far": 8, "GDepth:Units": "m", "GDepth:Confidence": sure}
    yield "gdepth.jpg", phone_photos.gdepth_jpeg(rgb(), depth, google)
    dynamic = {"Format": "RangeLinear", "Near": 1, "Far": 8, "Units": "Meters"}
    yield "dynamic-depth.jpg", phone_photos.dynamic_depth_jpeg(rgb(), depth, dynamic, confidence=sure)
    segments, scan = segments_of(encoded(picture("RGB"), "JPEG"))
    block = b"_JPSJPS_" + struct.pack(">HBBBBH", 4, 1, 2, 4, 2, 1) + b"x"
    yield "pair.jps", jpeg_of([*segments, (0xE3, block)], scan)


def _pngs() -> Iterator[tuple[str, bytes]]:
    yield "rgb.png", encoded(picture("RGB"), "PNG", exif=exif(), icc_profile=profile())
    yield "rgba.png", encoded(picture("RGBA"), "PNG")
    yield "grey-alpha.png", encoded(picture("LA"), "PNG")
    yield "palette.png", encoded(picture("P"), "PNG", transparency=3)
    yield "bits.png", encoded(picture("1"), "PNG")
    yield "grey16.png", encoded(picture("I;16"), "PNG")
    yield "animated.png", encoded(picture("RGB"), "PNG", save_all=True, append_images=[picture("RGB").rotate(180)])
    wide = np.dstack([rgb().astype(">u2") * 257, np.full((HEIGHT, WIDTH), 40_000, ">u2")])
    yield "rgb16.png", png_by_hand(wide[..., :3], 16, 2)
    yield "rgba16-interlaced.png", png_by_hand(wide, 16, 6, interlaced=True)
    chunks = chunks_of(png_by_hand(rgb(), 8, 2, interlaced=True))
    colours = [
        (b"gAMA", struct.pack(">I", 100_000)),
        (b"cHRM", struct.pack(">8I", *[31_270, 32_900, 68_000] * 2, 1, 2)),
    ]
    said = [
        (b"cICP", bytes((12, 13, 0, 1))),
        *colours,
        (b"tEXt", b"Author\0A"),
        (b"zTXt", b"T\0\0" + zlib.compress(b"x" * 99)),
    ]
    yield "rgb-interlaced-told.png", png_of([chunks[0], *said, *chunks[1:]])


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Of each pass: first column and row, and the steps between (PNG, section 8.1)."""


def png_by_hand(pixels: NDArray[Any], bits: int, colour_type: int, *, interlaced: bool = False) -> bytes:
    """Return a PNG of pixels (H, W, C), whose bytes are as they are stored; Pillow writes none with passes."""
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    parts = [pixels[y::down, x::across] for x, y, across, down in passes]
    lines = b"".join(b"\0" + line.tobytes() for part in parts if part.size for line in part)
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], bits, colour_type, 0, 0, int(interlaced))
    assert SIGNATURE
    return png_of([(b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")])


def _webps() -> Iterator[tuple[str, bytes]]:
    yield "lossy.webp", encoded(picture("RGB"), "WEBP", exif=exif(), icc_profile=profile(), xmp=XMP)
    yield "lossy-alpha.webp", encoded(picture("RGBA"), "WEBP")
    yield "lossless.webp", encoded(picture("RGBA"), "WEBP", lossless=True)
    yield "animated.webp", encoded(picture("RGB"), "WEBP", save_all=True, append_images=[picture("RGB").rotate(180)])


def _placed_tiff() -> bytes:
    """Return a grey TIFF with a GPS position, which neither Pillow nor tifffile writes."""
    pixels = rgb()[..., 0].tobytes()
    angles = struct.pack("<12I", 48, 1, 51, 1, 693, 25, 2, 1, 17, 1, 201, 5)
    angles_at = 8 + len(pixels)
    gps_at = angles_at + len(angles)
    gps = [(1, 2, 2, 0x4E), (2, 5, 3, angles_at), (3, 2, 2, 0x57), (4, 5, 3, angles_at + 24)]
    gps_bytes = struct.pack("<H", len(gps)) + b"".join(struct.pack("<HHII", *tag) for tag in gps) + bytes(4)
    tags = {256: WIDTH, 257: HEIGHT, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: HEIGHT, 279: len(pixels)}
    tags[34853] = gps_at
    main = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, 4, 1, n) for tag, n in tags.items())
    head = b"II*\0" + struct.pack("<I", gps_at + len(gps_bytes))
    return head + pixels + angles + gps_bytes + main + bytes(4)


def _tiffs() -> Iterator[tuple[str, bytes]]:
    for name, (mode, choices) in TIFFS.items():
        yield f"{name}.tif", encoded(picture(mode), "TIFF", **choices)
    yield "pages.tif", encoded(picture("RGB").resize((16, 16)), "TIFF", save_all=True, append_images=[picture("RGB")])
    told = picture("RGB").getexif()
    told.update({0x0112: 8, 0x013B: "A. Person"})
    yield "told.tif", encoded(picture("RGB"), "TIFF", exif=told, icc_profile=profile())
    yield "placed.tif", _placed_tiff()
    big = encoded(picture("RGB"), "TIFF", big_tiff=True)
    yield "big.tif", big
    wide = rgb().astype(">u2") * 257
    yield "rgb16-planar-big-endian.tif", tiff_by_hand(np.moveaxis(wide, -1, 0), 16, planar=2)
    yield "rgb16-little.tif", tiff_by_hand(wide, 16, planar=1)
    yield "tiled.tif", tiff_by_hand(np.tile(rgb(), (2, 1, 1))[:32, :32], 8, planar=1, tile=32)


def tiff_by_hand(pixels: NDArray[Any], bits: int, *, planar: int, tile: int = 0) -> bytes:
    """Return a big-endian TIFF of RGB pixels, (H, W, 3) or in planes (3, H, W), of one strip a plane or one tile."""
    height, width = pixels.shape[:2] if planar == 1 else pixels.shape[1:]
    planes = [pixels] if planar == 1 else list(pixels)
    strips = [plane.tobytes() for plane in planes]
    count = len(strips)
    where, how_long = (324, 325) if tile else (273, 279)
    fields: dict[int, tuple[int, list[int]]] = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [bits] * 3),
        259: (3, [1]),
        262: (3, [2]),
        277: (3, [3]),
        284: (3, [planar]),
        **({322: (3, [tile]), 323: (3, [tile])} if tile else {278: (4, [height])}),
        where: (4, [0] * count),
        how_long: (4, [len(strip) for strip in strips]),
    }
    head_bytes = 8 + 2 + 12 * len(fields) + 4
    outside = sum(
        len(values) * (2, 4)[kind == 4] for kind, values in fields.values() if len(values) * (2, 4)[kind == 4] > 4
    )
    first = head_bytes + outside
    fields[where] = (4, [first + sum(map(len, strips[:i])) for i in range(count)])
    entries, more = b"", b""
    for tag in sorted(fields):
        kind, values = fields[tag]
        content = struct.pack(f">{len(values)}{'HI'[kind == 4]}", *values)
        if len(content) > 4:
            content, more = struct.pack(">I", head_bytes + len(more)), more + content
        entries += struct.pack(">HHI", tag, kind, len(values)) + content.ljust(4, b"\0")
    head = b"MM\0*" + struct.pack(">IH", 8, len(fields))
    return head + entries + bytes(4) + more + b"".join(strips)


def _of_boxes() -> Iterator[tuple[str, bytes]]:
    for orientation in (1, 6):
        yield f"orientation-{orientation}.heic", (DATA / f"orientation_{orientation}.heic").read_bytes()
    values = {"apdi:FloatMinValue": 0.1, "apdi:FloatMaxValue": 2, "depthData:Accuracy": "absolute"}
    depth = phone_photos.HeicItem(rgb()[..., 0], phone_photos.DEPTH_TYPE, phone_photos.apple_xmp(values))
    matte = phone_photos.HeicItem(rgb()[..., 1], phone_photos.MATTE_TYPE)
    yield "portrait.heic", phone_photos.heic([phone_photos.HeicItem(rgb()), depth, matte])
    yield "rgb.avif", encoded(picture("RGB"), "AVIF", exif=exif(), icc_profile=profile())
    yield "rgba.avif", encoded(picture("RGBA"), "AVIF", subsampling="4:4:4")
    yield "animated.avif", encoded(picture("RGB"), "AVIF", save_all=True, append_images=[picture("RGB").rotate(180)])
