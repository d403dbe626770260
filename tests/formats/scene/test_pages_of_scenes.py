"""Pages with a scene, and HTML to paste: what is seen before the scene, what links show, and the files beside them."""

from __future__ import annotations

import re
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scene_views import psnr

import kbvr
from kbvr.cli.main import main
from kbvr.errors import InputError, OutputError

EXAMPLE = Path(__file__).parents[3] / "examples" / "cat.jpg"
MAX_POSTER_BYTES, MAX_PREVIEW_BYTES = 100_000, 4_000


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """A small photo whose sides are no multiples of a cell."""
    path = tmp_path_factory.mktemp("photo") / "a cat.jpg"
    with Image.open(EXAMPLE) as image:
        image.resize((227, 151)).save(path, quality=95)
    return path


@pytest.fixture(scope="module")
def page(photo, tmp_path_factory):
    return kbvr.export(photo, tmp_path_factory.mktemp("page"), html=True, alt='Tom\'s "cat" & <i>').file


class Tags(HTMLParser):
    """The elements of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """See HTMLParser."""
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of all elements of a name."""
        return [attributes for name, attributes in self.found if name == tag]


def tags(path):
    return Tags(path.read_text("utf-8"))


def metas(path):
    return {
        one.get("name") or one.get("property"): one["content"] for one in tags(path).named("meta") if "content" in one
    }


def picture(image):
    """Return the content of an image that holds it."""
    return b64decode(image["src"].removeprefix("data:image/webp;base64,"))


def test_a_page_holds_a_preview_then_the_photo_then_the_viewer_then_the_scene(page):
    """In the order in which they arrive and are seen."""
    text = page.path.read_text("utf-8")
    marks = ('slot="preview"', 'slot="poster"', "three.js authors", 'id="kbvr-scene"')
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    assert text.rindex("<script") < text.index('id="kbvr-scene"'), "nothing but the scene is after the scene"


def test_the_poster_is_the_photo_and_the_preview_a_small_one(photo, page):
    preview, poster = tags(page.path).named("img")
    wanted = np.asarray(Image.open(photo).convert("RGB"))
    content = picture(poster)
    assert psnr(np.asarray(Image.open(BytesIO(content)).convert("RGB")), wanted) > 28
    assert (poster["width"], poster["height"], poster["alt"]) == ("227", "151", 'Tom\'s "cat" & <i>')
    assert max(Image.open(BytesIO(picture(preview))).size) <= 64
    assert len(picture(preview)) <= MAX_PREVIEW_BYTES
    assert len(content) <= MAX_POSTER_BYTES


def test_a_poster_of_a_photo_full_of_noise_is_small_too(tmp_path):
    rng = np.random.default_rng(3)
    Image.fromarray(rng.integers(0, 256, (600, 900, 3), np.uint8)).save(tmp_path / "noise.png")
    written = kbvr.export(
        tmp_path / "noise.png", tmp_path / "out", html=True, page_url="https://a.example/", triangles=2000
    )
    preview, poster = tags(written.file.path).named("img")
    (file,) = written.file.beside
    assert max(len(picture(poster)), file.stat().st_size) <= MAX_POSTER_BYTES
    assert len(picture(preview)) <= MAX_PREVIEW_BYTES


def test_a_page_tells_programs_its_title_and_what_it_is(page):
    """A picture in a link needs a complete address, which is not known."""
    told = metas(page.path)
    assert told["og:title"] == 'Tom\'s "cat" & <i>'
    assert told["description"] == told["og:description"] == 'Tom\'s "cat" & <i> – a photo in 3D, to look around in'
    assert (told["og:type"], told["twitter:card"]) == ("website", "summary")
    assert not {name for name in told if name and name.startswith(("og:image", "og:url"))}
    assert page.beside == ()


@pytest.mark.parametrize(
    ("given", "url", "image"),
    [
        ("https://a.example", "https://a.example/a%20cat_kbvr.html", "https://a.example/a%20cat_kbvr_poster.jpg"),
        (
            "https://a.example/b/",
            "https://a.example/b/a%20cat_kbvr.html",
            "https://a.example/b/a%20cat_kbvr_poster.jpg",
        ),
        (
            "https://a.example/v1.2/b",
            "https://a.example/v1.2/b/a%20cat_kbvr.html",
            "https://a.example/v1.2/b/a%20cat_kbvr_poster.jpg",
        ),
        ("http://a.example/b/c.html", "http://a.example/b/c.html", "http://a.example/b/a%20cat_kbvr_poster.jpg"),
    ],
)
def test_a_page_whose_place_is_known_has_a_picture_in_links_to_it(photo, tmp_path, given, url, image):
    file = kbvr.export(photo, tmp_path, html=True, page_url=given, triangles=2000).file
    told = metas(file.path)
    assert (told["og:url"], told["og:image"], told["twitter:card"]) == (url, image, "summary_large_image")
    (poster,) = file.beside
    assert poster == tmp_path / "a cat_kbvr_poster.jpg"
    with Image.open(poster) as read:
        assert (read.format, f"{read.width} {read.height}") == (
            "JPEG",
            f"{told['og:image:width']} {told['og:image:height']}",
        )
        assert read.size == (227, 151)


@pytest.mark.parametrize(
    "address",
    [
        "example.com",
        "ftp://a.example/",
        "https:///a",
        "https://a.example/?b",
        "https://a.example/#",
        "http://a b/",
        "http://a:b/",
        "http://a:99999/",
    ],
)
def test_an_address_of_a_page_that_is_none_is_one_line(photo, tmp_path, address, capsys):
    assert main(["export", "--html", "--page-url", address, str(photo), "-o", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"--page-url must be an address like https://example.com/photos/, got '{address}'" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("output", ["html", "embed"])
def test_how_a_scene_is_shown_is_passed_to_the_element(photo, tmp_path, output):
    chosen = kbvr.export(photo, tmp_path / "chosen", **{output: True}, fit="subject", autoplay=True, triangles=2000)
    usual = kbvr.export(photo, tmp_path / "usual", **{output: True}, triangles=2000)
    (element,) = tags(chosen.written[-1].file.path).named("kbvr-photo")
    assert element["fit"] == "subject"
    assert "autoplay" in element
    (element,) = tags(usual.written[-1].file.path).named("kbvr-photo")
    assert not {"fit", "autoplay"} & {*element}


def test_an_unknown_fit_is_one_line(photo, tmp_path):
    with pytest.raises(InputError, match="fit must be one of contain, cover, subject, got 'fill'"):
        kbvr.export(photo, tmp_path, html=True, fit="fill")


def test_html_to_paste_shows_the_photo_without_the_script(photo, tmp_path):
    """An image in the element, with its size, so that nothing moves when the script arrives."""
    report = kbvr.export(photo, tmp_path, embed=True, alt='a "cat"', triangles=2000)
    pasted = report.written[-1].file
    read = tags(pasted.path)
    (element,), (image,) = read.named("kbvr-photo"), read.named("img")
    assert element["src"] == "a%20cat_kbvr.glb"
    assert "aspect-ratio: 227 / 151" in element["style"]
    assert (image["slot"], image["src"], image["alt"]) == ("poster", "a%20cat_kbvr_poster.jpg", 'a "cat"')
    assert (image["width"], image["height"], image["loading"]) == ("227", "151", "lazy")
    assert {path.name for path in pasted.beside} == {"kbvr-photo.js", "a cat_kbvr_poster.jpg"}
    with Image.open(tmp_path / "a cat_kbvr_poster.jpg") as poster:
        assert poster.size == (227, 151)


def test_a_page_and_html_to_paste_share_the_poster(photo, tmp_path):
    written = kbvr.export(photo, tmp_path, html=True, embed=True, page_url="https://a.example/", triangles=2000).written
    beside = [path.name for one in written for path in one.file.beside]
    assert sorted(beside) == ["a cat_kbvr_poster.jpg", "kbvr-photo.js"]


def test_another_poster_is_not_overwritten(photo, tmp_path):
    (tmp_path / "a cat_kbvr_poster.jpg").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"a cat_kbvr_poster\.jpg already exists"):
        kbvr.export(photo, tmp_path, html=True, page_url="https://a.example/", triangles=2000)
    assert [path.name for path in tmp_path.iterdir()] == ["a cat_kbvr_poster.jpg"]


def test_only_scenes_packed_by_draco_come_with_its_decoder(photo, tmp_path):
    usual, packed = (
        kbvr.export(photo, tmp_path / compress, html=True, embed=True, compress=compress, triangles=2000).written
        for compress in ("none", "draco")
    )
    for written, has_decoder in ((usual, False), (packed, True)):
        by_name = {one.file.path.name: one.file for one in written}
        page, pasted = by_name["a cat_kbvr.html"], by_name["a cat_kbvr_embed.html"]
        assert ("Draco authors" in page.path.read_text("utf-8")) == has_decoder
        assert ("kbvr-draco.js" in {path.name for path in pasted.beside}) == has_decoder


def test_a_size_limit_counts_the_poster_and_the_decoder(photo, tmp_path):
    usual = kbvr.export(photo, tmp_path / "usual", html=True, compress="draco").file.bytes
    small = kbvr.export(photo, tmp_path / "small", html=True, compress="draco", max_mb=(usual - 4000) / 1e6).file.path
    assert small.stat().st_size <= usual - 4000


def test_the_texts_of_a_page_break_out_of_no_attribute(page):
    text = page.path.read_text("utf-8")
    assert '"cat" & <i>' not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
