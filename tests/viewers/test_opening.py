"""What people see from the first moment: the photo, and in the same place the scene, where it can be shown."""

from __future__ import annotations

import re
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from held_server import Held, held_server
from PIL import Image
from scene_views import psnr, small_photo
from web_client import viewing

import kbvr

PAGES = Path(__file__).parents[2] / "kbvr" / "pages"
STATE = "document.querySelector('kbvr-photo')?.state"
SCREENS = {
    "desktop": {"viewport": {"width": 1440, "height": 900}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "has_touch": True,
        "is_mobile": True,
    },
}
PLAIN = "nav, .bar, .hint, .message, .progress { display: none !important } canvas { transition: none !important }"
"""Hides what lies over the picture."""


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    return small_photo(tmp_path_factory.mktemp("photo"), wide_px=240)


@pytest.fixture(scope="module")
def files(photo, tmp_path_factory):
    """Return the folder of a page, HTML to paste with its files, and the scene."""
    folder = tmp_path_factory.mktemp("files")
    kbvr.export(photo, folder, html=True, gltf=True, embed=True, fov_deg=60, alt="A tower", triangles=20_000)
    return folder


@contextmanager
def opened(web, address, screen="desktop", *scripts, **more):
    """Open a page, without waiting for the end of its file; what goes wrong in it fails."""
    context = web.browser.new_context(**SCREENS[screen], **more)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for script in scripts:
        page.add_init_script(script)
    page.goto(address, wait_until="commit")
    yield page
    context.close()
    assert errors == []


def seen(page):
    """Return what is on the screen at one pixel per CSS pixel, H x W x 3."""
    return np.asarray(Image.open(BytesIO(page.screenshot(scale="css"))).convert("RGB")).astype(int)


def plain(page):
    """Return the same without buttons and messages."""
    page.evaluate(
        """css => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(css);
          const {shadowRoot} = document.querySelector("kbvr-photo");
          if (shadowRoot) shadowRoot.adoptedStyleSheets.push(sheet);
        }""",
        PLAIN,
    )
    return seen(page)


def is_defined(page):
    return page.evaluate("customElements.get('kbvr-photo') !== undefined")


def wait_for_picture(page):
    """Wait until the poster has arrived, and something as lively as the photo is painted."""
    page.wait_for_function("() => document.querySelector('img[slot=poster]')?.complete")
    page.evaluate("document.querySelector('img[slot=poster]').decode()")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    for _ in range(200):
        picture = seen(page)
        if picture.std() > 20:
            return picture
        page.wait_for_timeout(50)
    raise AssertionError("nothing is seen")


def loaded(page):
    page.wait_for_function(f"() => {STATE}")
    page.wait_for_timeout(700)  # the scene appears gradually


def in_parts(page_file):
    """Return a page up to its poster, its viewer, and its scene."""
    content = page_file.read_bytes()
    poster = content.index(b"</kbvr-photo>") + len(b"</kbvr-photo>")
    scene = content.index(b'<script type="text/plain"')
    return content[:poster], content[poster:scene], content[scene:]


@pytest.mark.parametrize("screen", SCREENS)
def test_a_page_shows_the_photo_before_the_viewer_and_the_scene_have_arrived(web, files, screen):
    page_file = Held(*in_parts(files / "temple_kbvr.html"))
    with held_server({"/": page_file}) as (address, _), opened(web, address, screen) as page:
        wait_for_picture(page)
        assert not is_defined(page)
        page_file.release(1)
        page.wait_for_function("() => customElements.get('kbvr-photo')")
        before = plain(page)
        assert before.std() > 20
        assert page.evaluate(STATE) is None
        page_file.release(2)
        loaded(page)
        assert psnr(plain(page), before) > 15


@pytest.mark.parametrize("screen", SCREENS)
def test_an_embedded_scene_shows_the_photo_before_the_script_and_the_scene_have_arrived(web, files, screen):
    """Nothing on the page moves meanwhile."""
    pasted = (files / "temple_kbvr_embed.html").read_text("utf-8")
    names = ("kbvr-photo.js", "temple_kbvr.glb", "temple_kbvr_poster.jpg")
    answers = {f"/{name}": Held(b"", (files / name).read_bytes()) for name in names}
    answers["/"] = Held(f'<!doctype html><meta name="viewport" content="width=device-width">{pasted}<p>below'.encode())
    answers["/temple_kbvr_poster.jpg"].release(1)
    place = "JSON.stringify([...document.querySelectorAll('kbvr-photo, p')].map(one => one.getBoundingClientRect()))"
    with held_server(answers) as (address, _), opened(web, address, screen) as page:
        wait_for_picture(page)
        assert not is_defined(page)
        before = page.evaluate(place)
        answers["/kbvr-photo.js"].release(1)
        page.wait_for_function("() => customElements.get('kbvr-photo')")
        assert wait_for_picture(page).std() > 20
        assert page.evaluate(place) == before
        answers["/temple_kbvr.glb"].release(1)
        loaded(page)
        assert page.evaluate(place) == before


@pytest.mark.parametrize("screen", SCREENS)
def test_kbvr_view_shows_the_photo_before_the_scene_has_arrived(web, files, screen):
    with viewing(files / "temple_kbvr.glb") as served:
        held = []

        def held_back(route):
            held.append(route)

        context = web.browser.new_context(**SCREENS[screen])
        page = context.new_page()
        page.route("**/files/0/*.glb", held_back)
        page.goto(served.url + served.served.site.links[0], wait_until="commit")
        wait_for_picture(page)
        assert page.evaluate(STATE) is None
        (poster,) = page.locator("kbvr-photo > img").all()
        assert (poster.get_attribute("width"), poster.get_attribute("height")) == ("240", "160")
        page.wait_for_function("() => customElements.get('kbvr-photo')")
        before = plain(page)
        while not held:
            page.wait_for_timeout(20)
        held[0].continue_()
        loaded(page)
        assert psnr(plain(page), before) > 15
        context.close()


@pytest.mark.parametrize(
    ("size", "fit"),
    [
        ((720, 450), "auto"),
        ((195, 422), "auto"),
        ((300, 300), "cover"),
        ((195, 422), "contain"),
        ((450, 225), "subject"),
    ],
)
def test_the_scene_appears_where_the_photo_was(web, photo, files, size, fit):
    """Its first view is the poster's, and the poster has gone."""
    page_file = Held(*in_parts(files / "temple_kbvr.html"))
    more = {"viewport": {"width": size[0], "height": size[1]}, "reduced_motion": "reduce"}
    with held_server({"/": page_file}) as (address, _):
        context = web.browser.new_context(**more)
        page = context.new_page()
        page.goto(f"{address}/?fit={fit}", wait_until="commit")
        early = wait_for_picture(page)
        page_file.release(1)
        page.wait_for_function("() => customElements.get('kbvr-photo')")
        before = plain(page)
        place = page.locator("img[slot=poster]").bounding_box()
        page_file.release(2)
        loaded(page)
        after = plain(page)
        assert not page.locator("img[slot=poster]").is_visible()
        context.close()
    scale = place["width"] / Image.open(photo).width
    left, top = (max(0, round(place[side])) + 8 for side in ("x", "y"))
    right, bottom = (
        min(most, round(place[start] + place[side])) - 8
        for most, start, side in zip(size, ("x", "y"), ("width", "height"), strict=True)
    )
    inside = np.s_[top:bottom, left:right]
    assert psnr(early[inside], before[inside]) > 35
    first, second = (in_pixels_of_the_photo(picture[inside], scale) for picture in (before, after))
    assert psnr(first, second) > 28
    moved = [np.roll(second, (y, x), axis=(0, 1)) for x, y in ((-1, 0), (1, 0), (0, -1), (0, 1))]
    assert psnr(first, second) > max(psnr(first, other) for other in moved) + 3


def in_pixels_of_the_photo(picture, scale):
    """Return a picture reduced to twice the photo's pixels: what filters of textures do between them does not count."""
    size = [round(2 * side / scale) for side in picture.shape[1::-1]]
    return np.asarray(Image.fromarray(picture.astype(np.uint8)).resize(size, Image.Resampling.BOX)).astype(int)


@pytest.mark.parametrize("screen", SCREENS)
def test_without_javascript_the_photo_is_shown(web, photo, files, screen):
    with opened(web, (files / "temple_kbvr.html").as_uri(), screen, java_script_enabled=False) as page:
        page.get_by_role("img", name="A tower").wait_for()
        assert page.locator("noscript").is_visible()
        width, height = (SCREENS[screen]["viewport"][side] for side in ("width", "height"))
        pixels = seen(page)
    scale = min(width / 240, height / 160)
    size = round(240 * scale), round(160 * scale)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    wanted = np.asarray(Image.open(photo).resize(size, Image.Resampling.BILINEAR)).astype(int)
    shown = pixels[top : top + size[1], left : left + size[0]]
    above = slice(0, min(size[1], height - top - 60))
    assert psnr(shown[above], wanted[above]) > 25


@pytest.mark.parametrize("screen", SCREENS)
def test_without_webgl_the_photo_stays_and_a_message_says_why(web, files, screen):
    without = "HTMLCanvasElement.prototype.getContext = () => null"
    with opened(web, (files / "temple_kbvr.html").as_uri(), screen, without) as page:
        page.get_by_text("This scene needs WebGL 2").wait_for()
        assert page.get_by_role("img", name="A tower").is_visible()
        assert plain(page).std() > 20


def test_a_page_that_has_not_been_loaded_to_its_end_says_so_and_shows_the_photo(web, files, tmp_path):
    content = (files / "temple_kbvr.html").read_bytes()
    (tmp_path / "part.html").write_bytes(content[: content.index(b'<script type="text/plain"') + 20_000])
    (tmp_path / "none.html").write_bytes(content[: content.index(b'<script type="text/plain"')])
    for name, says in (("part.html", "part of its scene is missing"), ("none.html", "it does not contain its scene")):
        with opened(web, (tmp_path / name).as_uri()) as page:
            page.get_by_text(f"This page is incomplete: {says}.").wait_for()
            assert plain(page).std() > 20


def test_a_page_with_a_scene_packed_by_draco_opens_from_a_disk(web, photo, tmp_path):
    page_file = kbvr.export(photo, tmp_path, html=True, compress="draco", triangles=3000).file.path
    with opened(web, page_file.as_uri()) as page:
        loaded(page)


@contextmanager
def gallery(web, files, markup):
    """Open a page with elements in it, and the script; yield it and the paths that were asked for."""
    names = ("kbvr-photo.js", "temple_kbvr.glb", "temple_kbvr_poster.jpg")
    answers = {f"/{name}": Held((files / name).read_bytes()) for name in names}
    script = '<script src="kbvr-photo.js" defer></script>'
    answers["/"] = Held(f"<!doctype html>{script}{markup}".encode())
    with held_server(answers) as (address, asked), opened(web, address) as page:
        page.wait_for_function("() => customElements.get('kbvr-photo')")
        yield page, asked


FAR = '<div style="height: 4000px"></div>'


@pytest.mark.parametrize(("attributes", "loads"), [("", False), ('loading="lazy"', False), ('loading="eager"', True)])
def test_a_scene_far_below_is_loaded_when_it_is_seen_or_at_once(web, files, attributes, loads):
    with gallery(web, files, f'{FAR}<kbvr-photo src="temple_kbvr.glb" {attributes}></kbvr-photo>') as (page, asked):
        if loads:
            page.wait_for_function(f"() => {STATE}")
        else:
            page.wait_for_timeout(500)
            assert "/temple_kbvr.glb" not in asked
        page.evaluate("scrollTo(0, 4000)")
        loaded(page)
        assert asked.count("/temple_kbvr.glb") == 1


def test_an_attribute_names_a_poster(web, files):
    """Shown until the scene is there; another one can be chosen, and none."""
    markup = '<kbvr-photo poster="temple_kbvr_poster.jpg" alt="A tower" style="width: 480px"></kbvr-photo>'
    with gallery(web, files, markup) as (page, _):
        image = page.get_by_role("img", name="A tower")
        image.wait_for()
        page.wait_for_timeout(300)
        assert seen(page)[20:300, 20:460].std() > 20
        page.evaluate("document.querySelector('kbvr-photo').removeAttribute('poster')")
        assert image.count() == 0
        page.evaluate("document.querySelector('kbvr-photo').setAttribute('poster', 'temple_kbvr_poster.jpg')")
        image.wait_for()
        page.evaluate("document.querySelector('kbvr-photo').setAttribute('src', 'temple_kbvr.glb')")
        loaded(page)
        assert image.count() == 0


def test_the_photo_of_another_scene_is_not_shown_for_a_dropped_file(web, files):
    with opened(web, (files / "temple_kbvr.html").as_uri()) as page:
        loaded(page)
        page.evaluate(
            """() => {
              const transfer = new DataTransfer();
              transfer.items.add(new File(["<html>"], "other.glb"));
              document.querySelector("kbvr-photo").dispatchEvent(new DragEvent("drop", {dataTransfer: transfer}));
            }"""
        )
        page.get_by_text("This is not a GLB file.").wait_for()
        assert not page.locator("img[slot=poster]").is_visible()


def test_the_script_fits_into_180_kb():
    """Sent compressed, as web servers do."""
    import gzip

    assert len(gzip.compress((PAGES / "kbvr-photo.js").read_bytes(), 9)) <= 180_000
    assert re.search(r"\bimport\b", (PAGES / "kbvr-photo.js").read_text("utf-8")[:100]) is None
