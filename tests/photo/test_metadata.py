"""Credits are read from EXIF, XMP and IPTC in any script, without what only cameras have to say."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from kbvr.formats.spec.encoding import credit_texts
from kbvr.photo.credits import NO_CREDITS, Credits, merged
from kbvr.photo.metadata import MAX_CAPTION_LENGTH, from_iptc, from_texts, from_xmp
from kbvr.photo.photo import load_photo

AUTHOR, OWNER = "Zoë Müller 山田", "© 2024 Müller & Söhne"
TITLE, CAPTION, CREDIT = "Türme <von> Prag", 'Zwei Türme & "ein" Fluss 🌉 im März', "Sammlung Müller"
CREDITS = Credits(AUTHOR, OWNER, CREDIT, TITLE, CAPTION, "2024-03-04T05:06:07+01:00")
IN_EXIF = replace(CREDITS, credit="")
"""EXIF has no tag for a credit line."""

ARTIST, COPYRIGHT, DESCRIPTION, XP_TITLE, DATE, OFFSET = 0x013B, 0x8298, 0x010E, 0x9C9B, 0x9003, 0x9011
CASES = Path(__file__).parents[1] / "cases"


def xmp(**extra: str) -> bytes:
    names = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
    author, owner, credit, title, caption = map(escape, (AUTHOR, OWNER, CREDIT, TITLE, CAPTION))
    return (
        f'{extra.get("before", "")}<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {names} photoshop:Credit="{credit}" '
        'photoshop:DateCreated="2024-03-04T05:06:07+01:00">'
        f"<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator><dc:rights><rdf:Alt>"
        f'<rdf:li xml:lang="x-default">{owner}</rdf:li><rdf:li xml:lang="de">anders</rdf:li></rdf:Alt></dc:rights>'
        f"<dc:title><rdf:Alt><rdf:li>{title}</rdf:li></rdf:Alt></dc:title>"
        f"<dc:description><rdf:Alt><rdf:li>{caption}</rdf:li></rdf:Alt></dc:description>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def iptc(encoding: str) -> bytes:
    records = [(80, AUTHOR), (116, OWNER), (55, "20240304"), (60, "050607+0100")]
    records += [(110, CREDIT), (5, TITLE), (120, CAPTION)]
    marked = b"\x1c\x01\x5a\0\x03\x1b%G" if encoding == "utf-8" else b""
    for kind, text in records:
        data = text.encode(encoding, "ignore")
        marked += struct.pack(">BBBH", 0x1C, 2, kind, len(data)) + data
    return marked


def photoshop(records: bytes) -> bytes:
    return b"8BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records + b"\0" * (len(records) % 2)


def exif() -> bytes:
    block = Image.Exif()
    block[ARTIST], block[COPYRIGHT], block[DESCRIPTION] = AUTHOR.encode(), OWNER.encode(), CAPTION.encode()
    block[XP_TITLE] = TITLE.encode("utf-16-le") + b"\0\0"
    block.get_ifd(0x8769)[DATE], block.get_ifd(0x8769)[OFFSET] = "2024:03:04 05:06:07", "+01:00"
    return block.tobytes()


def saved(folder: Path, kind: str, **options: Any) -> Path:
    path = folder / f"photo.{kind.lower()}"
    Image.fromarray(np.full((20, 24, 3), 99, np.uint8)).save(path, kind, **options)
    return path


def with_app13(jpeg: Path, records: bytes) -> Path:
    content = b"Photoshop 3.0\0" + photoshop(records)
    data = jpeg.read_bytes()
    jpeg.write_bytes(data[:2] + b"\xff\xed" + struct.pack(">H", len(content) + 2) + content + data[2:])
    return jpeg


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_credits_in_exif_are_read_as_utf8(tmp_path, kind):
    assert load_photo(saved(tmp_path, kind, exif=exif())).credits == IN_EXIF


def test_credits_in_the_tags_of_a_tiff_are_read_as_utf8(tmp_path):
    texts = {ARTIST: AUTHOR.encode() + b"\0", COPYRIGHT: OWNER.encode() + b"\0"}
    tags = [(tag, 2, len(text), text, True) for tag, text in texts.items()]
    tifffile.imwrite(tmp_path / "photo.tif", np.zeros((20, 24), np.uint8), extratags=tags, metadata=None)
    assert load_photo(tmp_path / "photo.tif").credits == Credits(AUTHOR, OWNER)


def test_credits_in_exif_may_be_latin_1(tmp_path):
    block = Image.Exif()
    block[ARTIST] = "Zoë".encode("latin-1")
    assert load_photo(saved(tmp_path, "JPEG", exif=block.tobytes())).credits == Credits("Zoë")


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF", "AVIF", "PNG"])
def test_credits_in_xmp_alone_are_read(tmp_path, kind):
    if kind == "PNG":
        path = saved(tmp_path, "PNG")
        text = b"iTXt" + b"XML:com.adobe.xmp\0\0\0\0\0" + xmp()
        block = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
        data = path.read_bytes()
        path.write_bytes(data[:33] + block + data[33:])
    elif kind == "TIFF":
        path = tmp_path / "photo.tif"
        pixels = np.full((20, 24, 3), 99, np.uint8)
        tifffile.imwrite(path, pixels, photometric="rgb", extratags=[(700, 1, len(xmp()), xmp(), True)], metadata=None)
    else:
        path = saved(tmp_path, kind, xmp=xmp())
    assert load_photo(path).credits == CREDITS


def test_credits_in_iptc_alone_are_read(tmp_path):
    assert load_photo(with_app13(saved(tmp_path, "JPEG"), iptc("utf-8"))).credits == CREDITS
    path = tmp_path / "photo.tif"
    pixels, records = np.full((20, 24, 3), 99, np.uint8), iptc("utf-8")
    tifffile.imwrite(
        path, pixels, extratags=[(33723, 7, len(records), records, True)], photometric="rgb", metadata=None
    )
    assert load_photo(path).credits == CREDITS
    latin = load_photo(with_app13(saved(tmp_path, "JPEG"), iptc("latin-1"))).credits
    assert latin.copyright == OWNER


def test_exif_takes_precedence_over_xmp_and_xmp_over_iptc(tmp_path):
    block = Image.Exif()
    block[ARTIST] = "in EXIF"
    records = struct.pack(">BBBH", 0x1C, 2, 116, 7) + b"in IPTC"
    path = with_app13(saved(tmp_path, "JPEG", exif=block.tobytes(), xmp=xmp()), records)
    assert load_photo(path).credits == replace(CREDITS, artist="in EXIF")


@pytest.mark.parametrize(
    "before",
    ['<!DOCTYPE x [<!ENTITY a "lol">]>', '<!DOCTYPE x SYSTEM "http://127.0.0.1/x">', "<unclosed>"],
)
def test_xmp_with_entities_or_damage_is_ignored_with_a_warning(tmp_path, caplog, before):
    assert load_photo(saved(tmp_path, "JPEG", xmp=xmp(before=before))).credits == NO_CREDITS
    assert "ignoring unreadable XMP data" in caplog.text


def test_invalid_dates_are_dropped_and_texts_become_one_short_line():
    said = struct.pack(">BBBH", 0x1C, 2, 55, 8) + b"00 June " + struct.pack(">BBBH", 0x1C, 2, 80, 500) + b"a\n" * 250
    assert from_iptc(said) == Credits(("a " * 100).strip())
    assert from_xmp(b"", "photo") == NO_CREDITS


@pytest.mark.parametrize(
    "written",
    [
        *("OLYMPUS DIGITAL CAMERA", "SONY DSC", "KONICA MINOLTA DIGITAL CAMERA", "SAMSUNG CAMERA PICTURES"),
        *("DCIM\\100GOPRO\\GOPR0001.JPG", "DCIM/100MEDIA/DJI_0001.JPG", "IMG_1234", "DSC_0012.NEF", "---", "0"),
        *("cof", "sdr_HDRB", "mde_soft", "oznorWO", "<Digimax i5, Samsung #1>", "Exif_JPEG_PICTURE", "AppleMark"),
        *("My beautiful picture", "Created with GIMP", '{"shape": [20, 24]}', "ImageJ=1.53t", "default", "Screenshot"),
    ],
)
def test_captions_that_cameras_and_programs_write_are_dropped(written):
    """The title stands for them, if people have written one."""
    assert from_texts({"caption": [f" {written}  "], "title": [written]}) == NO_CREDITS
    assert merged([Credits(title="Pont Neuf"), from_texts({"caption": [written]})]).caption == "Pont Neuf"


@pytest.mark.parametrize(
    "written",
    [
        *("Nor any drop to drink", "A digital camera on a table", "Samsung headquarters in Seoul", "1890", "😀"),
        *(
            "Created by my daughter",
            "Default Gateway, the band",
            "Fun at the beach",
            "p 23 of the album",
            "東京",
            "P 12",
            "Mon",
        ),
        "نمی‌دانم",
    ],
)
def test_captions_that_people_write_are_kept(written):
    assert from_texts({"caption": [written]}).caption == written


def test_a_description_anywhere_takes_precedence_over_titles(tmp_path):
    block = Image.Exif()
    block[DESCRIPTION], block[XP_TITLE] = "OLYMPUS DIGITAL CAMERA", "in Windows".encode("utf-16-le")
    records = struct.pack(">BBBH", 0x1C, 2, 120, 7) + b"in IPTC"
    path = with_app13(saved(tmp_path, "JPEG", exif=block.tobytes()), records)
    assert load_photo(path).credits == Credits(title="in Windows", caption="in IPTC")
    path = saved(tmp_path, "JPEG", exif=block.tobytes())
    assert load_photo(path).credits == Credits(title="in Windows", caption="in Windows")


def test_the_texts_of_a_png_are_read(tmp_path):
    chunks = PngInfo()
    for keyword, text in (("Author", AUTHOR), ("Copyright", OWNER), ("Title", TITLE), ("Description", CAPTION)):
        chunks.add_itxt(keyword, text)
    assert load_photo(saved(tmp_path, "PNG", pnginfo=chunks)).credits == replace(IN_EXIF, date="")


def test_long_captions_are_cut_and_letters_inside_emoji_are_kept():
    family = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
    assert from_texts({"caption": [family]}).caption == family
    assert (
        from_texts({"caption": ["soft\N{SOFT HYPHEN}ly\n\x07\N{RIGHT-TO-LEFT OVERRIDE}said"]}).caption == "softly said"
    )
    assert len(from_texts({"caption": ["word " * 1000]}).caption) == MAX_CAPTION_LENGTH - 1


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2024:03:04 05:06:07", "2024-03-04T05:06:07"),
        ("2024:03:04 05:06:07Z", "2024-03-04T05:06:07+00:00"),
        ("1890-12-31", "1890-12-31T00:00:00"),
        *((text, "") for text in ("0000:00:00 00:00:00", "    :  :     :  :  ", "2024:02:30 00:00:00", "2024", "now")),
        ("2024:03:04 25:00:00", ""),
        ("2024:03:04 05:06:07+99:00", ""),
    ],
)
def test_dates_are_iso_8601_or_dropped(written, read):
    assert from_texts({"date": [written]}).date == read


def test_an_invalid_offset_does_not_cost_the_date(tmp_path):
    block = Image.Exif()
    block.get_ifd(0x8769)[DATE], block.get_ifd(0x8769)[OFFSET] = "2024:03:04 05:06:07", "+99:00"
    assert load_photo(saved(tmp_path, "JPEG", exif=block.tobytes())).credits == Credits(date="2024-03-04T05:06:07")


def test_credit_texts_are_those_that_are_known():
    """Galleries and formats that store any texts rely on these names."""
    texts = credit_texts(CREDITS)
    assert list(texts) == ["artist", "copyright", "credit", "title", "caption", "date"]
    assert credit_texts(Credits(caption=CAPTION)) == {"caption": CAPTION}


def test_the_cases_that_lost_their_credits_keep_them():
    assert load_photo(CASES / "exif_copyright_utf8.jpg").credits == Credits(copyright="© 2024 Müller")
    assert load_photo(CASES / "credits_in_xmp_only.jpg").credits == Credits(
        "Test Author", "(c) Test Author", date="2022-01-10T15:15:44"
    )
