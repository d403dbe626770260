"""Elements of a page: many of them, what their attributes change, and what their scenes are called."""

from __future__ import annotations

import re
from base64 import b64encode
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from glb_by_hand import picture, write_glb
from PIL import Image

PAGES = Path(__file__).parents[2] / "kbvr" / "pages"
WINDOW_PX = (800, 600)
MOST = 12
VIEWER = "document.querySelector('kbvr-photo')"
OPEN = "[...document.querySelectorAll('kbvr-photo')].filter((photo) => photo.state).length"
BIG = 'style="width: 480px; height: 360px"'


@pytest.fixture(scope="module")
def site(web, tmp_path_factory):
    """Serve the pages beside a scene and its photo; return their folder's address."""
    folder = tmp_path_factory.mktemp("scene")
    write_glb(folder / "card.glb")
    Image.fromarray(picture()).save(folder / "card.png")
    for path in (*PAGES.iterdir(), *folder.iterdir()):
        web.files[f"/elements/{path.name}"] = path
    return f"{web.origin}/elements"


@contextmanager
def blog(web, site, *elements):
    """Open a page of elements, each given as its attributes."""
    markup = "".join(f"<kbvr-photo {attributes}></kbvr-photo>" for attributes in elements)
    with web.page(f"{web.origin}/three.html", WINDOW_PX) as page:
        page.evaluate("markup => { document.body.innerHTML = markup; }", markup.replace("SITE", site))
        page.add_script_tag(url=f"{site}/kbvr-photo.js")
        yield page


def loaded(page):
    page.wait_for_function(f"() => {VIEWER}.state")


def test_of_many_elements_in_sight_some_wait_with_their_poster_until_a_person_asks(web, site):
    """No canvas is lost, because another one makes room. The keyboard asks, too."""
    small = 'src="SITE/card.glb" poster="SITE/card.png" style="float: left; width: 120px; height: 90px"'
    with blog(web, site, *[small] * 20) as page:
        page.wait_for_function(f"() => {OPEN} === {MOST}")
        page.wait_for_timeout(1000)
        assert page.evaluate(OPEN) == MOST
        waiting = page.get_by_role("button", name="Look around: A photo with depth")
        assert waiting.count() == 20 - MOST
        shot = np.asarray(Image.open(BytesIO(page.screenshot())).convert("RGB")).astype(int)
        for photo in page.locator("kbvr-photo").all():
            box = {side: round(value) for side, value in photo.bounding_box().items()}
            inside = shot[box["y"] : box["y"] + box["height"], box["x"] : box["x"] + box["width"]]
            assert inside.std() > 20, "the photo, or its scene"
        for ask in ("hover", "focus"):
            numbers = "[...document.querySelectorAll('kbvr-photo')].flatMap((photo, i) => (photo.state ? [i] : []))"
            before = set(page.evaluate(numbers))
            number = max(set(range(20)) - before)
            photo = page.locator("kbvr-photo").nth(number)
            photo.hover() if ask == "hover" else photo.get_by_role("button").focus()
            page.wait_for_function("i => document.querySelectorAll('kbvr-photo')[i].state", arg=number)
            after = set(page.evaluate(numbers))
            assert len(after) == MOST, "one has made room"
            assert after - before == {number}
        assert photo.evaluate("photo => photo.shadowRoot.activeElement.localName") == "canvas"


def test_a_canvas_that_the_browser_takes_in_sight_leaves_the_poster_until_a_person_asks(web, site):
    with blog(web, site, f'src="SITE/card.glb" poster="SITE/card.png" alt="A card" {BIG}') as page:
        loaded(page)
        canvas = f"{VIEWER}.shadowRoot.querySelector('canvas')"
        page.evaluate(f"{canvas}.getContext('webgl2').getExtension('WEBGL_lose_context').loseContext()")
        page.get_by_role("img", name="A card").wait_for()
        assert page.evaluate(f"{VIEWER}.state") is None
        page.locator("kbvr-photo").hover()
        loaded(page)


def test_attributes_other_than_src_change_the_scene_where_it_is(web, site):
    with blog(web, site, f'src="SITE/card.glb" alt="A card" {BIG}') as page:
        loaded(page)
        page.evaluate(f"window.before = {VIEWER}.shadowRoot.querySelector('canvas')")
        for name in ("stats", "vr", "droppable", "autoplay", "gallery"):
            page.evaluate(f"{VIEWER}.toggleAttribute('{name}')")
        page.evaluate(f"{VIEWER}.setAttribute('alt', 'An ace')")
        page.get_by_role("application", name="An ace").wait_for()
        page.evaluate(f"{VIEWER}.setAttribute('alt', '')")
        page.get_by_role("application", name="A photo with depth").wait_for()
        assert page.evaluate(f"before === {VIEWER}.shadowRoot.querySelector('canvas')")
        assert page.evaluate(f"{VIEWER}.shadowRoot.querySelector('.frame').classList.contains('vr')")
        page.evaluate(f"{VIEWER}.removeAttribute('src')")
        assert page.evaluate(f"{VIEWER}.state") is None
        assert page.get_by_role("button", name="Choose a file").is_visible()


def test_a_scene_that_a_script_opened_has_its_own_name_and_stays(web, site):
    with blog(web, site, f'src="SITE/card.glb" alt="A cat" {BIG}') as page:
        loaded(page)
        page.evaluate(f"fetch('{site}/card.glb').then(got => got.arrayBuffer()).then(glb => {VIEWER}.open(glb))")
        page.wait_for_function(f"() => {VIEWER}.openedName && {VIEWER}.state")
        page.evaluate(f"window.before = {VIEWER}.shadowRoot.querySelector('canvas')")
        page.evaluate(f"{VIEWER}.setAttribute('alt', 'A dog')")
        name = page.evaluate(f"{VIEWER}.openedName")
        assert name not in ("A cat", "A dog")
        assert page.get_by_role("application").get_attribute("aria-label") == name
        assert page.evaluate(f"before === {VIEWER}.shadowRoot.querySelector('canvas')")


@pytest.mark.parametrize(("own", "name"), [("", "other"), ("Ace of spades", "Ace of spades")])
def test_a_dropped_scene_names_the_page(web, site, tmp_path, own, name):
    """As its photo was called, or else the file."""
    write_glb(tmp_path / "card.glb", photo=own)
    content = (tmp_path / "card.glb").read_bytes()
    with web.page(f"{site}/scene.html?src=card.glb", WINDOW_PX) as page:
        loaded(page)
        page.evaluate(
            f"""text => {{
              const transfer = new DataTransfer();
              transfer.items.add(new File([Uint8Array.from(atob(text), c => c.charCodeAt(0))], "other.glb"));
              {VIEWER}.dispatchEvent(new DragEvent("drop", {{dataTransfer: transfer}}));
            }}""",
            b64encode(content).decode(),
        )
        page.get_by_role("application", name=name).wait_for()
        assert page.title() == f"{name} – kbvr"


def test_without_webgl_nothing_is_fetched_and_the_message_leaves_the_poster_in_sight(web, site):
    attributes = f'src="SITE/card.glb" poster="SITE/card.png" droppable {BIG}'
    asked = []
    with web.page(f"{web.origin}/three.html", WINDOW_PX) as page:
        page.evaluate("HTMLCanvasElement.prototype.getContext = () => null")
        page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
        page.evaluate(
            "markup => { document.body.innerHTML = markup; }",
            f"<kbvr-photo {attributes}></kbvr-photo>".replace("SITE", site),
        )
        page.add_script_tag(url=f"{site}/kbvr-photo.js")
        message = page.get_by_text(re.compile("needs WebGL 2"))
        message.wait_for()
        assert page.get_by_role("button").count() == 0
        assert message.bounding_box()["y"] > 360 / 2
    assert "card.glb" not in asked


def test_the_hint_is_on_one_element_that_has_room_for_it(web, site):
    small = 'src="SITE/card.glb" style="width: 300px; height: 200px"'
    big = f'src="SITE/card.glb" {BIG}'
    hints = "[...document.querySelectorAll('kbvr-photo')].map((photo) => photo.state?.isHinting)"
    with blog(web, site, small) as page:
        loaded(page)
        assert page.evaluate(hints) == [False]
        for _ in range(2):
            html = f"<kbvr-photo {big}></kbvr-photo>".replace("SITE", site)
            page.evaluate("html => document.body.insertAdjacentHTML('afterbegin', html)", html)
            loaded(page)
        assert page.evaluate(hints) == [False, True, False]
