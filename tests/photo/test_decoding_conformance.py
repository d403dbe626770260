"""Decoding, against a formula and against a second decoder.

Every file is made here from one picture whose numbers a formula gives. What comes in has to be that picture, and what
libvips (or libtiff, where libvips is built without a codec) reads of the same file, to within a stated tolerance. What
is not read is listed at the end, with the words that refuse it.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from itertools import product
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image, ImageCms

from kbvr.depth.read_file import load_inverse_depth
from kbvr.errors import InputError
from kbvr.photo.photo import load_photo
from kbvr.photo.transfer_functions import eetf

H, W = 40, 48
ROUNDING = 1
"""Tolerance in levels of 255 for lossless pictures: rounding to 8 bits."""

CONVERTED = 2
"""The same for converted colours."""

LOSSY = 6
"""The same for a smooth picture as JPEG, lossy WebP and AVIF at maximum quality."""


def formula() -> np.ndarray:
    """Return the picture, 0 to 1: no two rows, columns, planes or corners are alike."""
    y, x = np.mgrid[0:H, 0:W]
    return np.stack([x / (W - 1), y / (H - 1), (x + 2 * y) / (W + 2 * H - 3)], axis=2)


def grey() -> np.ndarray:
    return formula()[..., 2]


def coded(values: np.ndarray, dtype: str) -> np.ndarray:
    """Return values of 0 to 1 converted to a type."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return values.astype(kind)
    return np.rint(values * float(np.iinfo(kind).max)).astype(kind)


def eight(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 1) * 255).astype(int)


def tiff(values: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, values, metadata=None, **options)
    return stream.getvalue()


def saved(values: np.ndarray, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, kind, **options)
    return stream.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(values: np.ndarray, *extra: bytes, bits: int = 8) -> bytes:
    """Return a PNG of 1 to 16 bits, grey, RGB or with alpha; extra chunks precede the pixels."""
    channels = 1 if values.ndim == 2 else values.shape[2]
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    if bits < 8:
        spread = (values[..., None] >> np.arange(bits - 1, -1, -1)) & 1
        rows = [np.packbits(row.ravel()) for row in spread]
    else:
        rows = list(values.astype(">u2" if bits == 16 else "u1"))
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], bits, kind, 0, 0, 0)
    parts = (chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def came_in(tmp_path: Path, data: bytes) -> np.ndarray:
    path = tmp_path / "photo"
    path.write_bytes(data)
    return load_photo(path).rgb.astype(int)


def by_vips(data: bytes, *, convert: bool = False) -> np.ndarray:
    """Return what libvips reads, upright, as levels of 255; `convert` by the embedded profile."""
    image = pyvips.Image.new_from_buffer(data, "", access="sequential").autorot()
    if convert:
        options = {"embedded": True, "pcs": "xyz", "intent": "relative", "black_point_compensation": True, "depth": 8}
        image = image.icc_transform("srgb", **options)
    return levels(image.numpy())


def by_libtiff(data: bytes) -> np.ndarray:
    stored = imagecodecs.tiff_decode(data)
    return levels(np.moveaxis(stored, 0, 2) if stored.shape[0] == 3 else stored)


def levels(values: np.ndarray) -> np.ndarray:
    most = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
    values = values[..., None] if values.ndim == 2 else values
    rgb = np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values
    return np.rint(np.clip(rgb / most, 0, 1) * 255).astype(int)


def assert_near(came: np.ndarray, wanted: np.ndarray, tolerance: float) -> None:
    assert came.shape == wanted.shape
    assert np.abs(came - wanted).max() <= tolerance


# --- TIFF: container x bits x planes x strips or tiles x compression x predictor ---

TIFF_TYPES = ("u1", "u2", "u4", "f2", "f4", "f8")
TIFF_COMPRESSIONS = (None, "packbits", "lzw", "deflate", "zstd", "lzma")
CONTAINERS = tuple(product((False, True), "<>"))
VIPS_COMPRESSIONS = (None, "packbits", "lzw", "deflate")
"""libvips' wheel lacks the other codecs and returns black without an error, so libtiff decodes those."""


def second_tiff(data: bytes, dtype: str, compression: str | None, *, is_planar: bool, is_tiled: bool) -> np.ndarray:
    """Return a TIFF decoded by a second decoder, libvips if possible."""
    can_vips = dtype not in ("f2", "f8") and compression in VIPS_COMPRESSIONS and not (is_planar and is_tiled)
    return by_vips(data) if can_vips else by_libtiff(data)


@pytest.mark.parametrize("compression", TIFF_COMPRESSIONS)
@pytest.mark.parametrize("dtype", TIFF_TYPES)
def test_tiff_of_every_layout_is_the_picture(tmp_path, dtype, compression):
    """Planes or pixels, strips or tiles, both byte orders, classic and big, with and without a predictor."""
    values = coded(formula(), dtype)
    predictors = (False,) if compression in (None, "packbits") else (False, True)
    for is_planar, is_tiled, predictor in product((False, True), (False, True), predictors):
        for is_big, order in CONTAINERS:
            data = tiff(
                np.moveaxis(values, 2, 0) if is_planar else values,
                photometric="rgb",
                planarconfig="separate" if is_planar else "contig",
                tile=(16, 32) if is_tiled else None,
                rowsperstrip=None if is_tiled else 7,
                compression=compression,
                predictor=predictor,
                bigtiff=is_big,
                byteorder=order,
            )
            came = came_in(tmp_path, data)
            assert_near(came, eight(formula()), ROUNDING)
        if not (is_planar and dtype == "f2"):  # libvips reads such planes in a wrong order
            second = second_tiff(data, dtype, compression, is_planar=is_planar, is_tiled=is_tiled)
            assert_near(came, second, ROUNDING)


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 8, 10, 12, 14, 16])
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_grey_tiff_of_any_bit_depth_is_black_where_it_should_be(tmp_path, bits, photometric):
    stored = np.rint(grey() * (2**bits - 1)).astype(np.uint8 if bits <= 8 else np.uint16)
    if photometric == "miniswhite":
        stored = (2**bits - 1 - stored).astype(stored.dtype)
    wanted = eight(np.rint(grey() * (2**bits - 1)) / (2**bits - 1))[..., None].repeat(3, axis=2)
    if bits == 1:
        data = tiff(stored.astype(bool), photometric=photometric)
    elif bits in (8, 16):
        data = tiff(stored, photometric=photometric)
    else:
        packed = imagecodecs.packints_encode(stored, bits, runlen=W)
        data = packed_tiff(packed, bits, 0 if photometric == "miniswhite" else 1)
    came = came_in(tmp_path, data)
    assert_near(came, wanted, ROUNDING)
    if bits in (1, 8, 16):
        assert_near(came, by_vips(data), ROUNDING)


def packed_tiff(packed: bytes, bits: int, photometric: int, tags: dict[int, int] | None = None) -> bytes:
    """Return a little-endian TIFF of one strip with bit-packed samples."""
    shorts = {256: W, 257: H, 258: bits, 259: 1, 262: photometric, 277: 1, 278: H} | (tags or {})
    entries = {tag: struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in shorts.items()}
    entries[273], entries[279] = (
        struct.pack("<HHII", 273, 4, 1, 8),
        struct.pack("<HHII", 279, 4, 1, len(packed)),
    )
    listed = b"".join(entries[tag] for tag in sorted(entries))
    return b"II*\0" + struct.pack("<I", 8 + len(packed)) + packed + struct.pack("<H", len(entries)) + listed + bytes(4)


XYZ_D50_FROM_SRGB = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
"""The columns of the ICC's sRGB profile: adapted to D50 by Bradford."""


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_cmyk_tiff_is_converted_to_rgb(tmp_path, dtype):
    ink = coded(np.dstack([1 - formula(), np.zeros((H, W))]), dtype)
    for planar in ("contig", "separate"):
        data = tiff(
            np.moveaxis(ink, 2, 0) if planar == "separate" else ink, photometric="separated", planarconfig=planar
        )
        assert_near(came_in(tmp_path, data), eight(formula()), ROUNDING)


def test_lab_tiffs_of_8_and_16_bits_and_floats_are_the_picture(tmp_path):
    """In the encodings of TIFF 6.0, of ICC, and of libvips (floats, and 16 bits declared as signed)."""
    xyz = light_from_srgb(formula()) @ XYZ_D50_FROM_SRGB.T / XYZ_D50_FROM_SRGB.sum(axis=1)
    roots = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    light = 116 * roots[..., 1:2] - 16
    ab = np.dstack([500 * (roots[..., 0] - roots[..., 1]), 200 * (roots[..., 1] - roots[..., 2])])
    eight_bits = np.dstack([np.rint(light * 2.55).astype(np.uint8), np.rint(ab).astype(np.int8).view(np.uint8)])
    icc = np.dstack([np.rint(light * 2.55), np.rint(ab) + 128]).astype(np.uint8)
    wide = np.dstack([np.rint(light * 655.35).astype(np.uint16), np.rint(ab * 256).astype(np.int16).view(np.uint16)])
    lab = pyvips.Image.new_from_array(np.dstack([light, ab]).astype(np.float32), interpretation="lab")
    coarse = 16  # a* and b* are rounded to 1, which is many levels of a dark colour
    for data, tolerance in (
        (lab.tiffsave_buffer(), ROUNDING),
        (lab.colourspace("labs").tiffsave_buffer(), CONVERTED),
        (with_photometric(eight_bits, 8), coarse),
        (with_photometric(icc, 9), coarse),
        (with_photometric(wide, 8), CONVERTED),
    ):
        assert_near(came_in(tmp_path, data), eight(formula()), tolerance)
        assert np.abs(came_in(tmp_path, data) - eight(formula())).mean() < 2


def test_a_palette_tiff_is_looked_up(tmp_path):
    indices = (np.arange(H * W) % 200).reshape(H, W).astype(np.uint8)
    colours = np.random.default_rng(0).integers(0, 256, (256, 3))
    data = tiff(indices, photometric="palette", colormap=(colours.T * 257).astype(np.uint16))
    came = came_in(tmp_path, data)
    np.testing.assert_array_equal(came, colours[indices])
    assert_near(came, by_vips(data), 0)


@pytest.mark.parametrize("subsampling", [(1, 1), (2, 1), (2, 2)])
def test_jpeg_inside_tiff_is_rgb_again(tmp_path, subsampling):
    options = {"photometric": "rgb", "compression": "jpeg", "compressionargs": {"level": 99}}
    data = tiff(coded(formula(), "u1"), subsampling=subsampling, **options)
    came = came_in(tmp_path, data)
    assert_near(came, eight(formula()), LOSSY)
    assert_near(came, by_vips(data), LOSSY)


def test_luma_and_chroma_without_compression_are_rgb_again(tmp_path):
    """As defined in TIFF 6.0: BT.601, full range."""
    r, g, b = np.moveaxis(formula() * 255, 2, 0)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    ycbcr = np.stack([y, (b - y) / 1.772 + 128, (r - y) / 1.402 + 128], axis=2)
    stored = np.rint(ycbcr).clip(0, 255).astype(np.uint8)
    reference = (532, 5, 6, (0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1), True)
    data = tiff(stored, photometric="ycbcr", subsampling=(1, 1), extratags=[reference])
    assert_near(came_in(tmp_path, data), eight(formula()), 3)


@pytest.mark.parametrize("compression", ["webp", "png", "jpegxl", "jpeg2000", "lerc"])
def test_codecs_of_pictures_inside_tiff_are_read(tmp_path, compression):
    level = {"webp": 100, "jpegxl": 100}.get(compression)
    options = {"compressionargs": {"level": level, "lossless": True}} if level else {}
    data = tiff(coded(formula(), "u1"), photometric="rgb", compression=compression, **options)
    assert_near(came_in(tmp_path, data), eight(formula()), ROUNDING)


@pytest.mark.parametrize("compression", ["none", "ccittfax4"])
def test_bilevel_tiff_is_black_and_white(tmp_path, compression):
    bits = np.where(grey() > 0.5, 255, 0).astype(np.uint8)
    data = pyvips.Image.new_from_array(bits).tiffsave_buffer(compression=compression, bitdepth=1)
    assert_near(came_in(tmp_path, data), bits.astype(int)[..., None].repeat(3, axis=2), 0)


# --- alpha ---


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha", "unspecified"])
def test_tiff_alpha_is_composited_over_white(tmp_path, dtype, planar, kind):
    """Associated alpha is divided out; unspecified extra samples are ignored."""
    alpha = (grey() * 0.75 + 0.25)[..., None]
    for colours, photometric in ((formula(), "rgb"), (grey()[..., None], "minisblack")):
        stored = coded(np.dstack([colours * alpha if kind == "assocalpha" else colours, alpha]), dtype)
        stored = np.moveaxis(stored, 2, 0) if planar == "separate" else stored
        data = tiff(stored, photometric=photometric, planarconfig=planar, extrasamples=[kind])
        plain = np.broadcast_to(colours, (H, W, 3))
        wanted = plain if kind == "unspecified" else plain * alpha + 1 - alpha
        assert_near(came_in(tmp_path, data), eight(wanted), CONVERTED)


@pytest.mark.parametrize("bits", [8, 16])
def test_png_and_webp_alpha_is_composited_over_white(tmp_path, bits):
    rgba = np.dstack([formula(), grey()])
    wanted = eight(formula() * grey()[..., None] + 1 - grey()[..., None])
    whole = coded(rgba, "u1" if bits == 8 else "u2")
    data = png(whole, bits=bits)
    assert_near(came_in(tmp_path, data), wanted, CONVERTED)
    flat = pyvips.Image.new_from_buffer(data, "").flatten(background=[255 if bits == 8 else 65535] * 3).numpy()
    assert_near(came_in(tmp_path, data), levels(flat), CONVERTED)
    la = coded(np.dstack([grey(), grey()]), "u1" if bits == 8 else "u2")
    assert_near(
        came_in(tmp_path, png(la, bits=bits)), eight(grey() ** 2 + 1 - grey())[..., None].repeat(3, 2), CONVERTED
    )
    if bits == 8:
        for lossless in (True, False):
            data = saved(whole, "WEBP", lossless=lossless, quality=100, exact=True)
            assert_near(came_in(tmp_path, data), wanted, CONVERTED if lossless else LOSSY)


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_avif_keeps_its_bits_and_its_alpha(tmp_path, bits):
    for channels in (1, 3, 4):
        picture = np.dstack([formula(), grey() * 0.5 + 0.5])[..., :channels]
        stored = np.rint(picture * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)
        options = {"level": 100, "bitspersample": bits, "speed": 8}
        if channels > 1:
            options["pixelformat"] = "444"
        data = imagecodecs.avif_encode(stored[..., 0] if channels == 1 else stored, **options)
        alpha = picture[..., 3:] if channels == 4 else np.ones((H, W, 1))
        colours = np.broadcast_to(picture[..., :3], (H, W, 3))
        came = came_in(tmp_path, data)
        assert_near(came, eight(colours * alpha + 1 - alpha), LOSSY)
        if channels == 3:
            assert_near(came, by_vips(data) if bits == 8 else came, LOSSY)


# --- PNG: bits x grey, colour, key, interlace ---


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_grey_png_of_every_depth_and_its_transparent_colour(tmp_path, bits):
    stored = np.rint(grey() * (2**bits - 1)).astype(np.uint16)
    wanted = np.rint(stored / (2**bits - 1) * 255).astype(int)[..., None].repeat(3, axis=2)
    data = png(stored, bits=bits)
    came = came_in(tmp_path, data)
    assert_near(came, wanted, ROUNDING)
    if bits != 16:
        assert_near(came, by_vips(data), ROUNDING)
    key = int(stored[3, 5])
    keyed = came_in(tmp_path, png(stored, chunk(b"tRNS", struct.pack(">H", key)), bits=bits))
    assert_near(keyed, np.where((stored == key)[..., None], 255, wanted), ROUNDING)


def test_interlaced_png_is_the_same_picture(tmp_path):
    for values in (coded(formula(), "u1"), coded(formula(), "u2")):
        interpretation = "rgb" if values.dtype == np.uint8 else "rgb16"
        image = pyvips.Image.new_from_array(values, interpretation=interpretation)
        data = image.pngsave_buffer(interlace=True)
        assert_near(came_in(tmp_path, data), eight(formula()), ROUNDING)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_png_with_missing_rows_is_damaged_even_if_its_stream_is_valid(tmp_path, bits, interlaced):
    values = np.full((H, W, 3), 2**bits - 1, f"u{bits // 8}")
    image = pyvips.Image.new_from_array(values, interpretation="rgb" if bits == 8 else "rgb16")
    whole = image.pngsave_buffer(interlace=interlaced)
    head = whole[8:33]
    packed = b"".join(re.findall(rb"IDAT(.*?)....(?:....IDAT|....IEND)", whole, re.DOTALL))
    rows = zlib.decompress(packed)
    for missing, is_damaged in ((0, False), (1 + W * 3 * bits // 8, True), (len(rows) // 2, True)):
        pixels = chunk(b"IDAT", zlib.compress(rows[: len(rows) - missing]))
        (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + head + pixels + chunk(b"IEND", b""))
        if is_damaged:
            with pytest.raises(InputError, match="damaged or incomplete"):
                load_photo(tmp_path / "photo.png")
        else:
            assert (load_photo(tmp_path / "photo.png").rgb == 255).all()


def test_a_png_that_ends_in_black_is_complete(tmp_path):
    assert not came_in(tmp_path, png(np.zeros((H, W, 3), np.uint8))).any()


def test_palette_png_with_alpha_is_looked_up(tmp_path):
    image = Image.fromarray(coded(formula(), "u1")).quantize(32)
    stream = io.BytesIO()
    image.save(stream, "PNG", transparency=bytes(range(0, 256, 8)), bits=8)
    flat = pyvips.Image.new_from_buffer(stream.getvalue(), "").flatten(background=[255, 255, 255]).numpy()
    assert_near(came_in(tmp_path, stream.getvalue()), levels(flat), ROUNDING)


# --- orientation ---


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_matches_the_second_decoder_in_every_container(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    whole = coded(formula(), "u1")
    tag = [(274, 3, 1, orientation, True)]
    files = {
        "jpeg": saved(whole, "JPEG", quality=100, subsampling=0, exif=exif),
        "png": saved(whole, "PNG", exif=exif),
        "png16": png(coded(formula(), "u2"), chunk(b"eXIf", exif.tobytes()[6:]), bits=16),
        "webp": saved(whole, "WEBP", lossless=True, exif=exif),
        "tiff": tiff(whole, photometric="rgb", extratags=tag),
        "tiff16 planes": tiff(
            np.moveaxis(coded(formula(), "u2"), 2, 0), photometric="rgb", planarconfig="separate", extratags=tag
        ),
        "float tiff": tiff(coded(formula(), "f4"), photometric="rgb", extratags=tag),
    }
    turned = {name: came_in(tmp_path, data) for name, data in files.items()}
    for name, data in files.items():
        assert_near(turned[name], by_vips(data), LOSSY if name == "jpeg" else ROUNDING)
        assert_near(turned[name], turned["png"], LOSSY if name == "jpeg" else ROUNDING)
    assert turned["png"].shape == ((H, W, 3) if orientation < 5 else (W, H, 3))


# --- colours: profiles ---

P3 = imagecodecs.cms_profile(
    "rgb", whitepoint=[0.3127, 0.329, 1.0], primaries=[0.68, 0.32, 1, 0.265, 0.69, 1, 0.15, 0.06, 1], gamma=2.2
)
LINEAR_GREY = imagecodecs.cms_profile("gray", whitepoint=[0.3127, 0.329, 1.0], gamma=1.0)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("profile", ["p3", "srgb"])
def test_colour_profiles_apply_in_every_container(tmp_path, profile):
    icc = {"p3": P3, "srgb": SRGB}[profile]
    whole, deep, floats = (coded(formula(), dtype) for dtype in ("u1", "u2", "f4"))
    packed = chunk(b"iCCP", b"icc\0\0" + zlib.compress(icc))
    files = {
        "png": saved(whole, "PNG", icc_profile=icc),
        "png16": png(deep, packed, bits=16),
        "jpeg": saved(whole, "JPEG", quality=100, subsampling=0, icc_profile=icc),
        "webp": saved(whole, "WEBP", lossless=True, icc_profile=icc),
        "tiff": tiff(whole, photometric="rgb", iccprofile=icc),
        "tiff16": tiff(deep, photometric="rgb", iccprofile=icc),
        "tiff, floats": tiff(floats, photometric="rgb", iccprofile=icc),
    }
    light = light_from_srgb(formula()) if profile == "srgb" else formula() ** (round(2.2 * 256) / 256)
    exact = eight(srgb_from_light(np.clip(light @ np.linalg.inv(GAMUTS[12 if profile == "p3" else 1]).T, 0, 1)))
    for name, data in files.items():
        if name in ("tiff16", "png16", "tiff, floats"):  # libvips takes 16 bits by a table, 9 levels off in the dark
            assert_near(came_in(tmp_path, data), exact, ROUNDING)
        else:
            assert_near(came_in(tmp_path, data), by_vips(data, convert=True), CONVERTED)


def test_grey_profiles_apply_with_and_without_alpha(tmp_path):
    """Linear grey: 16 bits keep dark steps distinct until the final rounding."""
    light = grey()
    wanted = eight(srgb_from_light(light))[..., None].repeat(3, axis=2)
    packed = chunk(b"iCCP", b"icc\0\0" + zlib.compress(LINEAR_GREY))
    opaque = np.ones((H, W))
    for bits, tolerance in ((16, CONVERTED), (8, 14)):  # 8 bits of linear light are coarse in the dark
        dtype = "u2" if bits == 16 else "u1"
        for stored in (coded(light, dtype), coded(np.dstack([light, opaque]), dtype)):
            assert_near(came_in(tmp_path, png(stored, packed, bits=bits)), wanted, tolerance)
        data = tiff(coded(light, dtype), photometric="minisblack", iccprofile=LINEAR_GREY)
        assert_near(came_in(tmp_path, data), wanted, tolerance)
        data = tiff(coded(1 - light, dtype), photometric="miniswhite", iccprofile=LINEAR_GREY)
        assert_near(came_in(tmp_path, data), wanted, tolerance)


# --- colours: numbers of H.273, gamma and chromaticities ---


def light_from_srgb(code: np.ndarray) -> np.ndarray:
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def srgb_from_light(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)


def pq(light: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084, light in cd/m2."""
    power = (light / 10_000) ** (1305 / 8192)
    return ((107 / 128 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)


def hlg(scene: np.ndarray) -> np.ndarray:
    """ARIB STD-B67 and BT.2100, light of the scene from 0 to 1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c)


def hlg_from_display(light: np.ndarray) -> np.ndarray:
    """The inverse of HLG's display of 1000 cd/m2 (BT.2100, gamma 1.2), light in cd/m2."""
    luminance = light @ np.array([0.2627, 0.6780, 0.0593])
    scene = (light / 1000) * np.maximum(luminance / 1000, 1e-9)[..., None] ** (1 / 1.2 - 1)
    return hlg(scene)


BT2020_FROM_BT709 = np.array(
    [[0.627404, 0.329283, 0.043313], [0.069097, 0.919541, 0.011362], [0.016391, 0.088013, 0.895595]]
)
"""ITU-R BT.2087, section 2."""

P3_FROM_BT709 = np.array([[0.822462, 0.177538, 0.0], [0.033194, 0.966806, 0.0], [0.017083, 0.072397, 0.910520]])
"""Display P3: the same white, the primaries of DCI-P3 (SMPTE EG 432-1)."""

GAMUTS = {1: np.eye(3), 9: BT2020_FROM_BT709, 12: P3_FROM_BT709}
TRANSFERS = {
    1: srgb_from_light,
    4: lambda light: light ** (1 / 2.2),
    5: lambda light: light ** (1 / 2.8),
    8: lambda light: light,
    13: srgb_from_light,
    16: lambda light: pq(light * 203),
    18: lambda light: hlg_from_display(light * 203),
}


def coded_as(primaries: int, transfer: int, light: np.ndarray | None = None) -> np.ndarray:
    """Return the picture, or linear light, encoded with other H.273 codes, 0 to 1."""
    light = light_from_srgb(formula()) if light is None else light
    return np.clip(TRANSFERS[transfer](np.clip(light @ GAMUTS[primaries].T, 0, None)), 0, 1)


@pytest.mark.parametrize("primaries", GAMUTS)
@pytest.mark.parametrize("transfer", TRANSFERS)
def test_png_of_any_cicp_is_converted_back(tmp_path, primaries, transfer):
    """HLG's curve is steep near black, and BT.2100 defines it only for BT.2020."""
    values = coded_as(primaries, transfer)
    deep = came_in(tmp_path, png(coded(values, "u2"), chunk(b"cICP", bytes((primaries, transfer, 0, 1))), bits=16))
    tolerance = 12 if transfer == 18 and primaries != 9 else CONVERTED
    assert_near(deep, eight(formula()), tolerance)
    narrow = coded((values * 219 + 16) / 255, "u2")
    came = came_in(tmp_path, png(narrow, chunk(b"cICP", bytes((primaries, transfer, 0, 0))), bits=16))
    assert_near(came, eight(formula()), tolerance)


@pytest.mark.parametrize(("primaries", "transfer"), [(1, 13), (1, 16), (9, 16), (9, 18), (12, 13), (1, 8)])
@pytest.mark.parametrize("bits", [10, 12])
def test_avif_of_any_nclx_is_converted_back(tmp_path, primaries, transfer, bits):
    values = np.rint(coded_as(primaries, transfer) * (2**bits - 1)).astype(np.uint16)
    data = imagecodecs.avif_encode(
        values,
        level=100,
        speed=8,
        bitspersample=bits,
        pixelformat="444",
        primaries=primaries,
        transfer=transfer,
        matrix=0,  # its own RGB, without loss
    )
    # linear light in 10 bits, and BT.2020 in narrow corners, round coarsely in the dark
    assert_near(came_in(tmp_path, data), eight(formula()), {8: 26, 18: 14, 16: 12}.get(transfer, LOSSY))


@pytest.mark.parametrize("name", ["pq_bt2020_10_bits", "hlg_bt2020_10_bits", "srgb_p3_8_bits"])
def test_heic_of_any_nclx_is_converted_back(name):
    rgb = load_photo(Path(__file__).parents[1] / "data" / f"{name}.heic").rgb.astype(int)
    assert np.abs(rgb - eight(formula())).mean() < 2.5
    assert_near(rgb, eight(formula()), 26)  # x265's own loss, seen through a steep curve


@pytest.mark.parametrize(("gamma", "white"), [(1.0, 1), (1 / 1.8, 1), (1 / 2.6, 1)])
def test_gamma_and_chromaticities_of_png_apply(tmp_path, gamma, white):
    light = light_from_srgb(formula())
    said = chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000)))
    assert_near(came_in(tmp_path, png(coded(light**gamma, "u2"), said, bits=16)), eight(formula()), CONVERTED)
    wide = chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))
    values = coded(np.clip(light @ P3_FROM_BT709.T, 0, 1) ** gamma, "u2")
    assert_near(came_in(tmp_path, png(values, said, wide, bits=16)), eight(formula()), CONVERTED)


def test_colour_chunks_of_png_take_precedence_in_the_specified_order(tmp_path):
    """cICP, then iCCP, then sRGB, then gAMA and cHRM (third edition, section 4.3)."""
    plain = coded(formula(), "u1")
    said = {
        "cICP": chunk(b"cICP", bytes((1, 8, 0, 1))),
        "iCCP": chunk(b"iCCP", b"icc\0\0" + zlib.compress(P3)),
        "sRGB": chunk(b"sRGB", b"\0"),
        "gAMA": chunk(b"gAMA", struct.pack(">I", 55_000)),
    }
    alone = {name: came_in(tmp_path, png(plain, one)) for name, one in said.items()}
    names = list(said)
    for first, winner in enumerate(names):
        together = came_in(tmp_path, png(plain, *(said[name] for name in reversed(names[first:]))))
        np.testing.assert_array_equal(together, alone[winner])
    assert len({rgb.tobytes() for rgb in alone.values()}) == 4


# --- HDR ---


def test_hdr_is_compressed_below_white_and_dark_parts_are_unchanged(tmp_path):
    """A ramp up to 1000 cd/m2 rises everywhere, ends at white, and is unchanged below the knee."""
    nits = np.linspace(0, 1000, 64 * 32).reshape(32, 64)
    values = coded(pq(nits)[..., None].repeat(3, axis=2), "u2")
    path = tmp_path / "hdr.png"
    path.write_bytes(png(values, chunk(b"cICP", bytes((9, 16, 0, 1))), bits=16))
    photo = load_photo(path)
    shades = photo.rgb[..., 0].ravel().astype(int)
    assert np.diff(shades).min() >= 0
    assert shades[-1] == 255
    assert shades[np.searchsorted(nits.ravel(), [100, 203, 300, 400])].tolist() == [186, 229, 243, 250]
    dark = nits.ravel() < 60
    assert_near(shades[dark], eight(srgb_from_light(nits.ravel()[dark] / 203)), ROUNDING)
    assert photo.notes == ("HDR (PQ, BT.2020 colours): up to 1000 cd/m2, tone-mapped to sRGB (BT.2390)",)


@pytest.mark.parametrize("peak", [1.5, 4.926, 49.0])
def test_the_curve_of_bt2390_rises_ends_at_white_and_starts_as_a_straight_line(peak):
    light = np.linspace(0, peak, 2000)
    shown = eetf(light, peak)
    assert np.diff(shown).min() >= -1e-9
    assert shown[-1] == pytest.approx(1, abs=1e-6)
    assert shown[light < 0.05] == pytest.approx(light[light < 0.05], abs=1e-6)


# --- depth: bits x planes x white ---


@pytest.mark.parametrize("dtype", ["u2", "u4", "f4", "f8"])
@pytest.mark.parametrize("compression", TIFF_COMPRESSIONS)
def test_depth_keeps_its_steps_in_one_channel_or_three(tmp_path, dtype, compression):
    steps = (np.arange(H * W, dtype=np.float64) / (H * W - 1)).reshape(H, W)
    stored = coded(steps, dtype)
    three = np.repeat(stored[..., None], 3, axis=2)
    files = {
        "grey": tiff(stored, photometric="minisblack", compression=compression),
        "rgb": tiff(three, photometric="rgb", compression=compression, tile=(16, 16)),
        "planes": tiff(np.moveaxis(three, 2, 0), photometric="rgb", planarconfig="separate", compression=compression),
    }
    if dtype in ("u2", "u4"):
        white_is_zero = np.iinfo(stored.dtype).max - stored
        files["white is 0"] = tiff(white_is_zero, photometric="miniswhite", compression=compression)
    if dtype == "u2":
        files |= {"png": png(stored, bits=16), "rgb png": png(three, bits=16)}
    for data in files.values():
        (tmp_path / "depth").write_bytes(data)
        disparity, _ = load_inverse_depth(tmp_path / "depth", (W, H), kind="disparity")
        np.testing.assert_allclose(disparity, steps, atol=1 / 65535)
        assert len(np.unique(disparity)) == H * W


# --- what is not read, and the words that say so ---


def with_photometric(values: np.ndarray, number: int, **options: Any) -> bytes:
    """Return a TIFF with a photometric interpretation that tifffile does not write."""
    data = bytearray(tiff(values, photometric="rgb" if values.ndim == 3 else "minisblack", **options))
    at = data.index(struct.pack("<HHI", 262, 3, 1))
    data[at + 8 : at + 10] = struct.pack("<H", number)
    return bytes(data)


def not_read() -> dict[str, bytes]:
    """Return unsupported files by the words of their message."""
    rgb, one = coded(formula(), "u1"), coded(grey(), "u1")
    deep = coded(formula(), "u2")
    samples = [("a TIFF of signed whole numbers", np.int16), ("a TIFF of complex numbers", np.complex64)]
    files = {words: tiff(grey().astype(dtype), photometric="minisblack") for words, dtype in samples}
    iso = b"\0\0\0\x18ftyp%s\0\0\0\0%s" + bytes(60)
    return files | {
        "a TIFF of fractions from 0 to 2, where 0 to 1 is black to white": tiff(
            coded(formula() * 2, "f4"), photometric="rgb"
        ),
        "a TIFF of fractions or signed numbers in which white is 0": tiff(
            coded(grey(), "f4"), photometric="miniswhite"
        ),
        "a TIFF of ITU L*a*b* colours": with_photometric(rgb, 10),
        "a TIFF of LogLuv light": with_photometric(deep, 32845),
        "a TIFF of ICC L*a*b* colours in 16 bits": with_photometric(deep, 9),
        "a TIFF of a transparency mask": with_photometric(one, 4),
        "a TIFF of photometric interpretation 77": with_photometric(one, 77),
        "a TIFF of other inks than cyan, magenta, yellow and black": tiff(
            np.dstack([rgb, one]), photometric="separated", extratags=[(332, 3, 1, 2, True)]
        ),
        "a TIFF of subsampled YCbCr without JPEG compression": tiff(rgb, photometric="ycbcr").replace(
            struct.pack("<HHIHH", 530, 3, 2, 1, 1), struct.pack("<HHIHH", 530, 3, 2, 2, 2)
        ),
        "a TIFF of a volume, 4 pixels deep": tiff(
            np.zeros((4, 16, 16), np.uint8), photometric="minisblack", volumetric=True, tile=(4, 16, 16)
        ),
        "a TIFF of only thumbnails": tiff(rgb, photometric="rgb", subfiletype=1),
        "a camera raw file (DNG)": tiff(one, photometric="minisblack", extratags=[(50706, 1, 4, b"\1\4\0\0", True)]),
        "a camera raw file (NIKON)": with_photometric(one, 32803, extratags=[(271, 2, 0, "NIKON", True)]),
        "a camera raw file (Canon CR2)": b"II*\0\x10\0\0\0CR\2\0" + bytes(60),
        "a camera raw file (Canon CR3)": iso % (b"crx ", b"isom"),
        "a camera raw file (Fujifilm RAF)": b"FUJIFILMCCD-RAW 0201" + bytes(60),
        "a camera raw file (Olympus ORF)": b"IIRO\x08\0\0\0" + bytes(60),
        "a camera raw file (Panasonic RW2)": b"IIU\0\x18\0\0\0" + bytes(60),
        "a lossless JPEG": imagecodecs.jpeg8_encode(rgb, lossless=True),
        "a JPEG of 12 bits": imagecodecs.jpeg8_encode((deep >> 4).astype(np.uint16), bitspersample=12),
        "a PNG that Xcode has converted for iOS (CgBI)": saved(rgb, "PNG").replace(
            b"\n\0\0\0\rIHDR", b"\n" + chunk(b"CgBI", bytes(4)) + b"\0\0\0\rIHDR", 1
        ),
        "a PNG with an unknown critical chunk ABCD": png(rgb, chunk(b"ABCD", b"")),
        "a JPEG XL picture": imagecodecs.jpegxl_encode(rgb),
        "a JPEG 2000 picture": imagecodecs.jpeg2k_encode(rgb),
        "a JPEG XR picture": b"II\xbc\x01" + bytes(60),
        "a GIF": saved(one, "GIF"),
        "a BMP picture": saved(rgb, "BMP"),
        "a Photoshop document (PSD)": b"8BPS\0\1" + bytes(60),
        "an OpenEXR picture": b"\x76\x2f\x31\x01" + bytes(60),
        "a Radiance HDR picture": b"#?RADIANCE\n",
        "an SVG drawing": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
        "a PDF": b"%PDF-1.7\n",
        "a Matroska or WebM video": b"\x1aE\xdf\xa3" + bytes(60),
        "a video or another kind of file (of brand 'isom')": iso % (b"isom", b"mp42"),
    }


@pytest.mark.parametrize("words", not_read())
def test_unsupported_files_are_refused_by_name(tmp_path, words):
    path = tmp_path / "photo.jpg"
    path.write_bytes(not_read()[words])
    with pytest.raises(InputError) as caught:
        load_photo(path)
    assert f"got {words}" in str(caught.value)
    assert "damaged" not in str(caught.value)
