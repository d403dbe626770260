"""EXIF and XMP that is written is read again, in any script, by readers that accept no invalid XML."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kbvr.formats.loop import gif, webp
from kbvr.formats.loop.animation import Loop
from kbvr.formats.spec.encoding import credit_texts
from kbvr.formats.spec.exif import exif_of
from kbvr.formats.spec.xmp import xmp_of
from kbvr.formats.video.tags import video_tags
from kbvr.photo.credits import NO_CREDITS, Credits
from kbvr.photo.metadata import from_exif, from_texts, from_xmp

NAMES = ("artist", "copyright", "credit", "title", "caption")
ODD = Credits(
    artist="Zoë <Müller> & 山田",
    copyright="a \"b\" 'c' ]]>",
    credit="&amp; &#0; --> <?x?>",
    title="<!-- a --",
    caption="🌉 \N{ZERO WIDTH JOINER}",
)
"""Texts with everything that XML gives a meaning to."""

texts = st.fixed_dictionaries({name: st.text(max_size=300).map(lambda text: [text]) for name in NAMES})
dates = st.sampled_from(("", "2024-03-04T05:06:07", "2024-03-04T05:06:07+01:00", "1890-12-31T00:00:00-05:30"))


@given(texts, dates)
def test_xmp_gives_back_what_was_written(written, date):
    known = from_texts({**written, "date": [date]})
    assert from_xmp(xmp_of(known), "photo") == known


@given(texts, dates)
def test_exif_gives_back_what_it_has_tags_for(written, date):
    known = from_texts({**written, "date": [date]})
    assert from_exif(exif_of(known, (8, 8)), "photo")[1] == replace(known, credit="", title="")


def test_xmp_escapes_what_xml_gives_a_meaning_to():
    assert from_xmp(xmp_of(ODD), "photo") == ODD


def test_without_credits_a_packet_has_only_the_properties_that_it_is_given():
    packet = xmp_of(NO_CREDITS, {"GPano:ProjectionType": "equirectangular"})
    assert b"xmlns:GPano" in packet
    assert b"CreatorTool" not in packet


def looped(count: int) -> Loop:
    y, x = np.mgrid[0:48, 0:64]
    frames = [np.dstack([x * 4, y * 5, (x + y + 40 * step) % 256]).astype(np.uint8) for step in range(count)]
    return Loop(tuple(frames), 10, credits=ODD)


@pytest.mark.parametrize("count", [1, 3])
def test_a_webp_declares_its_metadata(tmp_path, count):
    """Readers look for chunks that the flags announce; a single picture gets the header that has the flags."""
    path = tmp_path / "loop.webp"
    webp.encode(looped(count), path)
    content = path.read_bytes()
    assert content[12:16] == b"VP8X"
    assert content[20] & 0b1100 == 0b1100, "the flags for EXIF and XMP"
    assert int.from_bytes(content[4:8], "little") == len(content) - 8
    assert (content[24:27], content[27:30]) == (b"\x3f\0\0", b"\x2f\0\0"), "width and height, less one"
    with Image.open(path) as picture:
        assert (picture.size, getattr(picture, "n_frames", 1)) == ((64, 48), count)
        assert from_xmp(picture.info["xmp"], "loop") == ODD
        assert from_exif(picture.info["exif"], "loop")[1].artist == ODD.artist
        picture.load()


@pytest.mark.parametrize("length", [*range(240, 280), 5000])
def test_readers_that_skip_blocks_find_the_end_of_a_gif_after_any_packet(tmp_path, length):
    """They take letters of the packet for lengths, and must arrive at the trailer whatever the letters are."""
    path = tmp_path / "loop.gif"
    gif.encode(replace(looped(2), credits=Credits("é" * length)), path)
    content = path.read_bytes()
    at = content.index(b"!\xff\x0bXMP DataXMP") + 14
    while content[at]:
        at += 1 + content[at]
    assert content[at + 1 :] == b";"


@pytest.mark.parametrize(
    ("date", "created"),
    [
        ("2024-03-04T05:06:07+01:00", "2024-03-04T04:06:07Z"),
        ("2024-03-04T05:06:07", "2024-03-04T05:06:07Z"),
        ("1890-12-31T00:00:00", None),
        ("2051-01-01T00:00:00", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_the_time_of_creation_is_in_utc_and_in_the_range_of_mp4(container, date, created):
    """A scan of an old photo keeps its date as a text."""
    tags = video_tags(Credits(date=date), container)
    assert tags.get("creation_time") == created
    written = {"mp4": ("date", date), "mkv": ("DATE_RECORDED", date[:19].replace("T", " "))}[container]
    assert {name: text for name, text in tags.items() if name != "creation_time"} == (dict([written]) if date else {})


def test_only_what_is_known_is_written():
    assert credit_texts(NO_CREDITS) == video_tags(NO_CREDITS, "mp4") == video_tags(NO_CREDITS, "webm") == {}
    assert from_exif(exif_of(NO_CREDITS, (8, 8)), "photo")[1] == NO_CREDITS
