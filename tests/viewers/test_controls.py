"""The buttons, the menu and the dialogs of the scene page, with mouse, touch and keys, on a desktop and on a phone."""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import numpy as np
import pytest
import zxingcpp
from glb_by_hand import write_glb
from PIL import Image
from screens import SCREENS, on_screen
from web_client import asked, path_of, trustful, viewing

from kbvr.serving import LOOPBACK, make_certificate
from kbvr.serving.kinds import kind_of

PAGES = Path(__file__).parents[2] / "kbvr" / "pages"
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
STATE = "document.querySelector('kbvr-photo').state"
TARGET_PX = 44
"""Least size of what fingers touch: WCAG 2.2, 2.5.5."""

MODES = ("none", "wiggle", "anaglyph", "sbs", "cross")
SHARES = """
  window.shared = [];
  navigator.canShare = ({files}) => files.every(file => file.type === "image/png");
  navigator.share = async data => {
    const pictures = await Promise.all((data.files ?? []).map(async file => [file.name, (await file.bytes()).length]));
    window.shared.push({...data, files: pictures});
    if (window.isUnwilling) throw new DOMException("no", "AbortError");
  };
"""
CLIPBOARD = """
  Object.defineProperty(window, "isSecureContext", {value: true});
  Object.defineProperty(navigator, "clipboard", {value: {writeText: async text => { window.copied = text; }}});
"""
"""As a page over HTTPS has it."""

NO_SHARE = "delete Navigator.prototype.share; delete Navigator.prototype.canShare"
IPHONE = """
  Object.defineProperty(Document.prototype, "fullscreenEnabled", {value: undefined});
  delete Element.prototype.requestFullscreen;
"""
"""What the browser of an iPhone lacks."""

BLOG = """<!doctype html><meta name="viewport" content="width=device-width"><title>A blog</title>
<kbvr-photo src="card_kbvr.glb" alt="A card"></kbvr-photo><script src="kbvr-photo.js"></script>"""
PUBLIC = "http://photos.test"


@pytest.fixture(scope="module")
def glb(tmp_path_factory):
    path = tmp_path_factory.mktemp("scene") / "card_kbvr.glb"
    write_glb(path)
    return path


@pytest.fixture(scope="module")
def site(web, glb):
    (glb.parent / "blog.html").write_text(BLOG, "utf-8")
    for path in (*PAGES.iterdir(), *glb.parent.iterdir()):
        web.files[f"/controls/{path.name}"] = path
    return f"{web.origin}/controls"


def ready(page):
    page.locator("kbvr-photo .loaded").wait_for()
    page.wait_for_function("() => !document.getAnimations().length")


@contextmanager
def shown(web, site, screen, query="", *scripts, **more):
    with on_screen(web, screen, f"{site}/scene.html?src=card_kbvr.glb&{query}", *scripts, **more) as page:
        ready(page)
        yield page


def fulfilled(content, route):
    route.fulfill(body=content)


@contextmanager
def public(web, screen, *scripts, html=None, **more):
    """Open the page at an address that everybody could open."""
    with on_screen(web, screen, "about:blank", *scripts, **more) as page:
        for name in ("scene.html", "card_kbvr.glb"):
            content = html if html and name == "scene.html" else web.files[f"/controls/{name}"].read_bytes()
            page.route(f"{PUBLIC}/{name}*", partial(fulfilled, content))
        page.goto(f"{PUBLIC}/scene.html?src=card_kbvr.glb")
        ready(page)
        yield page


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def focused(page):
    """Return the name of what has the focus."""
    return page.evaluate(
        """() => {
          let at = document.activeElement;
          while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
          return at.ariaLabel ?? at.querySelector("span")?.textContent ?? at.tagName;
        }"""
    )


def stereo(page):
    return page.evaluate(f"{STATE}.stereo")


def told(page):
    """Return what screen readers are told last."""
    return page.locator("kbvr-photo .toast").text_content()


# The menu of view modes


def test_the_menu_chooses_each_mode_and_tells_it(web, site):
    labels = ("Flat", "Wiggle", "Red-cyan glasses", "Side by side", "Crossed eyes")
    with shown(web, site, "phone") as page:
        for mode, label in zip((*MODES[1:], "none"), (*labels[1:], "Flat"), strict=True):
            page.locator('[data-command="modes"]').click()
            item = page.get_by_role("menuitemradio", name=label)
            assert item.get_attribute("aria-checked") == "false"
            item.click()
            assert stereo(page) == mode
            assert told(page) == label
            assert button(page, f"View mode: {label}").is_visible()
            assert page.get_by_role("menu").count() == 0
        assert page.locator("[aria-checked=true]").count() == 1


def test_the_menu_works_with_keys_alone(web, site):
    with shown(web, site, "wide") as page:
        page.keyboard.press("Tab")
        assert focused(page) == "A photo with depth"
        page.keyboard.press("m")
        assert focused(page) == "Flat"
        for key, name in (
            ("ArrowDown", "Wiggle"),
            ("ArrowUp", "Flat"),
            ("ArrowUp", "Crossed eyes"),
            ("ArrowDown", "Flat"),
            ("End", "Crossed eyes"),
            ("Home", "Flat"),
            ("ArrowDown", "Wiggle"),
            ("s", "Side by side"),
        ):
            page.keyboard.press(key)
            assert focused(page) == name
        page.keyboard.press("Enter")
        assert stereo(page) == "sbs"
        assert focused(page) == "View mode: Side by side"
        page.keyboard.press("ArrowUp")
        assert focused(page) == "Crossed eyes"
        page.keyboard.press("Escape")
        assert focused(page) == "View mode: Side by side"
        page.keyboard.press("ArrowDown")
        page.keyboard.press("3")
        assert stereo(page) == "anaglyph"
        page.keyboard.press("Space")
        assert focused(page) == "Red-cyan glasses"
        page.keyboard.press("Tab")
        assert page.get_by_role("menu").count() == 0
        assert page.evaluate(f"{STATE}.offset_m").count(0) == 3, "no key of the menu has moved the view"


def test_a_click_beside_the_menu_closes_it(web, site):
    with shown(web, site, "wide") as page:
        button(page, "View mode: Flat").click()
        page.get_by_role("menu").wait_for()
        page.mouse.click(100, 100)
        assert page.get_by_role("menu").count() == 0
        assert button(page, "View mode: Flat").get_attribute("aria-expanded") == "false"


def picture_of(page):
    """Return the picture that a click on Save gives, and its name."""
    with page.expect_download() as download:
        page.keyboard.press("p")
    return np.asarray(Image.open(download.value.path())).astype(int), download.value.suggested_filename


def test_crossed_eyes_see_the_views_of_side_by_side_exchanged(web, site):
    with shown(web, site, "phone", "stereo=cross") as page:
        crossed, _ = picture_of(page)
        page.keyboard.press("4")
        beside, _ = picture_of(page)
    left, right = np.split(beside, 2, axis=1)
    assert np.abs(left - right).mean() > 1
    assert np.abs(crossed - np.hstack([right, left])).max() <= 1


# Saving


@pytest.mark.parametrize(
    ("screen", "mode", "name", "layout"),
    [
        ("wide", "none", "by hand_kbvr_view.png", "mono"),
        ("wide", "sbs", "by hand_kbvr_view_LR.png", "sbs"),
        ("phone", "none", "by hand_kbvr_view.png", "mono"),
        ("phone", "anaglyph", "by hand_kbvr_view_anaglyph.png", "anaglyph"),
        ("phone", "cross", "by hand_kbvr_view_RL.png", "cross"),
    ],
)
def test_the_saved_picture_is_the_view(web, site, screen, mode, name, layout, tmp_path):
    """All pixels of the canvas, as they are on the screen, under a name that tells players the layout."""
    scale = 2 if (screen, mode) == ("phone", "none") else 1
    with shown(web, site, screen, f"stereo={mode}", device_scale_factor=scale) as page:
        rgb, suggested = picture_of(page)
        page.get_by_text("Picture saved").wait_for()
        page.evaluate(
            """() => {
              const root = document.querySelector("kbvr-photo").shadowRoot;
              for (const part of root.querySelectorAll(".frame > :not(canvas)")) part.remove();
            }"""
        )
        seen = np.asarray(Image.open(BytesIO(page.screenshot())).convert("RGB")).astype(int)
    assert rgb[..., :3].std() > 20
    assert rgb.shape[:2] == seen.shape[:2]
    assert np.abs(rgb[..., :3] - seen).mean() < 0.5
    assert suggested == name
    Image.fromarray(rgb.astype(np.uint8)).save(tmp_path / name)
    assert kind_of(name, tmp_path / name).layout == layout


# Sharing


def share(page):
    """Click on Share, wherever it is."""
    if not button(page, "Share").is_visible():
        page.locator('[data-command="modes"]').click()
        page.get_by_role("menuitem", name="Share").click()
    else:
        button(page, "Share").click()


@pytest.mark.parametrize("screen", SCREENS)
def test_the_address_of_a_public_page_is_shared(web, site, screen):
    with public(web, screen, SHARES) as page:
        share(page)
        page.wait_for_function("() => shared.length")
        assert page.evaluate("shared[0]") == {
            "title": "kbvr",
            "url": f"{PUBLIC}/scene.html?src=card_kbvr.glb",
            "files": [],
        }
        page.evaluate("window.isUnwilling = true")
        share(page)
        page.wait_for_function("() => shared.length === 2")
        assert told(page) == "", "who changes their mind is not told so"


@pytest.mark.parametrize("screen", SCREENS)
def test_the_picture_is_shared_of_a_page_that_others_cannot_open(web, site, screen):
    with shown(web, site, screen, "stereo=sbs", SHARES) as page:
        share(page)
        page.wait_for_function("() => shared.length")
        told_of = page.evaluate("shared[0]")
    assert "url" not in told_of
    ((name, length),) = told_of["files"]
    assert name == "by hand_kbvr_view_LR.png"
    assert length > 10_000


def test_a_page_of_kbvr_view_shares_no_address(web, site):
    """It holds the secret that lets others see all files, also where others could open it."""
    html = (PAGES / "scene.html").read_bytes().replace(b"<title>", b'<meta name="kbvr-view" content=""><title>', 1)
    with public(web, "phone", SHARES, html=html) as page:
        share(page)
        page.wait_for_function("() => shared.length")
        assert PUBLIC not in str(page.evaluate("shared"))


def test_without_web_share_the_link_is_copied(web, site):
    with public(web, "wide", NO_SHARE, CLIPBOARD) as page:
        share(page)
        page.get_by_text("Link copied").wait_for()
        assert page.evaluate("window.copied") == f"{PUBLIC}/scene.html?src=card_kbvr.glb"
        assert page.locator(".toast").get_attribute("role") == "status"


@pytest.mark.parametrize("screen", SCREENS)
def test_where_nothing_can_be_shared_there_is_no_button(web, site, screen):
    with shown(web, site, screen, "", NO_SHARE) as page:
        assert not button(page, "Share").is_visible()
        page.locator('[data-command="modes"]').click()
        assert page.get_by_role("menuitem", name="Share").count() == 0


# Full screen


@pytest.mark.parametrize("screen", SCREENS)
def test_full_screen_begins_and_ends(web, site, screen):
    with shown(web, site, screen) as page:
        button(page, "Full screen").click()
        page.wait_for_function("() => document.fullscreenElement?.localName === 'kbvr-photo'")
        button(page, "Leave full screen").click()
        page.wait_for_function("() => !document.fullscreenElement")
        button(page, "Full screen").wait_for()


def test_on_the_full_screen_the_wheel_and_fingers_move_the_view(web, site):
    """Of a page that scrolls."""
    with on_screen(web, "wide", "about:blank") as page:
        embedded(site, page)
        page.evaluate("document.body.style.height = '5000px'")
        assert page.locator("kbvr-photo").evaluate("it => getComputedStyle(it).touchAction") == "pan-y"
        button(page, "Full screen").click()
        page.wait_for_function("() => document.fullscreenElement")
        assert page.locator("kbvr-photo").evaluate("it => getComputedStyle(it).touchAction") == "none"
        zoom = "document.querySelector('kbvr-photo').state.zoom"
        before = page.evaluate(zoom)
        page.mouse.move(300, 200)
        page.mouse.wheel(0, -200)
        page.wait_for_function(f"before => {zoom} > before", arg=before)


def embedded(site, page, style=""):
    page.goto(f"{site}/blog.html")
    page.evaluate("style => { document.querySelector('kbvr-photo').style = style; }", style)
    ready(page)


def test_an_iphone_shows_the_element_over_the_whole_page(web, site):
    with on_screen(web, "phone", "about:blank", IPHONE) as page:
        embedded(site, page, "aspect-ratio: 4 / 3; max-width: 300px; position: relative")
        before = page.locator("kbvr-photo").bounding_box()
        button(page, "Full screen").click()
        size = page.evaluate("[innerWidth, innerHeight]")
        assert list(page.locator("kbvr-photo").bounding_box().values()) == [0, 0, *size]
        page.wait_for_function(
            "([width]) => document.querySelector('kbvr-photo').shadowRoot.querySelector('canvas').width === width",
            arg=size,
        )
        button(page, "Leave full screen").click()
        assert page.locator("kbvr-photo").bounding_box() == before
        page.keyboard.press("f")
        page.keyboard.press("Escape")
        assert page.locator("kbvr-photo").bounding_box() == before


def test_an_iphone_needs_no_full_screen_where_the_element_is_the_page(web, site):
    with shown(web, site, "phone", "", IPHONE) as page:
        assert not button(page, "Full screen").is_visible()


# VR without a headset


def test_the_dialog_says_how_to_see_it_in_a_headset(web, site):
    with shown(web, site, "wide") as page:
        button(page, "View in VR").click()
        dialog = page.get_by_role("dialog", name="View in VR")
        dialog.get_by_text("kbvr view --lan FILE").wait_for()
        dialog.get_by_text("pip install 'kbvr[lan]'").wait_for()
        assert dialog.get_by_role("img").count() == 0
        page.keyboard.press("Escape")
        assert dialog.count() == 0
        assert focused(page) == "View in VR"


def test_the_dialog_of_a_site_without_https_speaks_of_its_owner(web, site):
    """Who visits it has no file."""
    with on_screen(web, "wide", "about:blank") as page:
        for name in ("scene.html", "card_kbvr.glb"):
            content = web.files[f"/controls/{name}"].read_bytes()
            page.route(f"http://photos.example/{name}*", partial(fulfilled, content))
        page.goto("http://photos.example/scene.html?src=card_kbvr.glb")
        ready(page)
        button(page, "View in VR").click()
        dialog = page.get_by_role("dialog", name="View in VR")
        dialog.get_by_text("Ask the owner of this page").wait_for()
        assert "kbvr" not in dialog.text_content()


def test_the_dialog_shows_the_address_as_a_code(web, glb):
    """The one of the page, read off the screen as a camera does."""
    with viewing(glb, certificate=make_certificate(LOOPBACK)) as served:
        url = served.url + served.served.site.links[0]
        with on_screen(web, "wide", url, ignore_https_errors=True) as page:
            ready(page)
            button(page, "View in VR").click()
            dialog = page.get_by_role("dialog", name="View in VR")
            dialog.get_by_text(url).wait_for()
            page.wait_for_function(
                "() => document.querySelector('kbvr-photo').shadowRoot.querySelector('.qr').naturalWidth"
            )
            code = Image.open(BytesIO(page.get_by_role("img", name="QR code").screenshot()))
            page.context.grant_permissions(["clipboard-read", "clipboard-write"])
            button(page, "Copy the address").click()
            page.get_by_text("Address copied").wait_for()
            assert page.evaluate("navigator.clipboard.readText()") == url
    assert zxingcpp.read_barcode(np.asarray(code.convert("L"))).text == url


def test_codes_are_made_of_pages_that_others_can_open_and_of_no_other_address(glb):
    address = "qr.svg?src=files/0/card_kbvr.glb"
    with viewing(glb) as served:
        assert asked(served, path_of(served, address))[0].status == 404
        _, page = asked(served, path_of(served, "scene.html?src=files/0/card_kbvr.glb"))
        assert b'<meta name="kbvr-view" content="">' in page
    with viewing(glb, certificate=make_certificate(LOOPBACK)) as served:
        with urlopen(served.url + address, context=trustful()) as answer:  # noqa: S310
            assert answer.headers["Content-Type"] == "image/svg+xml"
            assert answer.headers["Cache-Control"] == "no-store"
        for other in ("", "?src=", "?src=https://example.com/", "?src=files/1/card_kbvr.glb"):
            with pytest.raises(HTTPError, match="404"):
                urlopen(f"{served.url}qr.svg{other}", context=trustful())  # noqa: S310


def test_small_screens_have_the_vr_button_if_asked(web, site):
    with shown(web, site, "phone") as page:
        assert not button(page, "View in VR").is_visible()
        page.goto(f"{page.url}&vr")
        ready(page)
        assert button(page, "View in VR").is_visible()


# Resetting, help, sizes


def test_reset_puts_the_view_back_but_keeps_the_mode(web, site):
    with shown(web, site, "phone", "stereo=cross") as page:
        rest, _ = picture_of(page)
        for key in ("ArrowLeft", "ArrowUp", "+", "+"):
            page.keyboard.press(key)
        page.wait_for_timeout(1000)
        moved, _ = picture_of(page)
        button(page, "Reset the view").click()
        page.wait_for_function(f"() => {STATE}.offset_m.every(x => x === 0)")
        page.wait_for_timeout(1000)
        back, _ = picture_of(page)
        assert stereo(page) == "cross"
        assert told(page)
    assert np.abs(moved - rest).mean() > 1
    assert np.abs(back - rest).mean() < 0.1


@pytest.mark.parametrize(
    ("screen", "speaks", "silent"), [("wide", ("Mouse", "Space"), "Pinch"), ("phone", ("Drag", "Pinch"), "Space")]
)
def test_the_help_speaks_of_what_the_screen_has(web, site, screen, speaks, silent):
    with shown(web, site, screen) as page:
        if screen == "wide":
            button(page, "Help").click()
        else:
            page.locator('[data-command="modes"]').click()
            page.get_by_role("menuitem", name="Help").click()
        help_text = page.get_by_role("dialog", name="Help").inner_text()
        assert all(word in help_text for word in speaks)
        assert silent not in help_text
        button(page, "Close").click()
        assert page.get_by_role("dialog").count() == 0


def boxes(page):
    """Return the boxes of all visible buttons and menu items."""
    every = page.locator("kbvr-photo button:visible").all()
    return {one.get_attribute("data-command") or one.inner_text(): one.bounding_box() for one in every}


@pytest.mark.parametrize("path", ["scene", "vr", "embedded"])
def test_fingers_have_room_and_all_fits_a_phone(web, site, path):
    with on_screen(web, "phone", f"{site}/scene.html?src=card_kbvr.glb{'&vr' if path == 'vr' else ''}", SHARES) as page:
        if path == "embedded":
            embedded(site, page)
        ready(page)
        in_bar = boxes(page)
        page.locator('[data-command="modes"]').click()
        both = boxes(page)
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        both |= {"close": page.get_by_role("button", name="Close").bounding_box()}
    assert len({box["y"] for box in in_bar.values()}) == 1, "one row"
    assert {"path", "modes", "recentre", "full"} <= set(in_bar)
    assert {*MODES, "save", "share", "help"} <= set(both)
    for name, box in both.items():
        assert round(box["width"], 2) >= TARGET_PX, name
        assert round(box["height"], 2) >= TARGET_PX, name
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390, name


def test_the_bar_and_the_menu_fit_into_a_narrow_column(web, site):
    """Every command is in one of them, and none in both."""
    with on_screen(web, "wide", "about:blank", SHARES) as page:
        embedded(site, page)
        for width in (140, 170, 300, 480, 700):
            page.evaluate("width => { document.querySelector('kbvr-photo').style.width = `${width}px`; }", width)
            assert len({box["y"] for box in boxes(page).values()}) == 1, "one row"
            page.locator('[data-command="modes"]').click()
            every = page.locator("kbvr-photo button:visible").all()
            names = [one.get_attribute("data-command") for one in every]
            left = page.locator("kbvr-photo").bounding_box()["x"]
            for box in (one.bounding_box() for one in (*every, page.get_by_role("menu"))):
                assert box["x"] >= left and box["x"] + box["width"] <= left + width
            page.keyboard.press("Escape")
            commands = {"path", "modes", "recentre", "save", "share", "full", "help", *MODES}
            assert sorted(names) == sorted(commands | ({"headset"} if width >= 640 else set()))


def luminance(rgb):
    linear = np.where(rgb <= 0.04045 * 255, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(one, other):
    darker, brighter = sorted((luminance(np.asarray(one, float)), luminance(np.asarray(other, float))))
    return (brighter + 0.05) / (darker + 0.05)


def test_buttons_are_read_and_their_focus_is_seen_on_black_and_on_white(web, site):
    """Text 4.5 to 1 (WCAG 2.2, 1.4.3), the focus 3 to 1 (1.4.11), whatever the photo is behind them."""
    with shown(web, site, "wide") as page:
        for photo in ("#fff", "#000", "#767676"):
            page.keyboard.press("m")
            page.evaluate(
                """colour => {
                  const root = document.querySelector("kbvr-photo").shadowRoot;
                  root.querySelector("canvas").style.visibility = "hidden";
                  root.querySelector(".frame").style.background = colour;
                }""",
                photo,
            )
            rgb = np.asarray(Image.open(BytesIO(page.screenshot())).convert("RGB"))
            menu, item = page.get_by_role("menu").bounding_box(), page.get_by_role("menuitemradio").first.bounding_box()
            behind = rgb[round(menu["y"] + menu["height"] - 10), round(menu["x"] + menu["width"] / 2)]
            assert contrast((0xF2, 0xF2, 0xF4), behind) >= 4.5
            row = rgb[round(item["y"] + item["height"] / 2), round(item["x"]) - 8 : round(item["x"]) + 8]
            assert max(contrast(pixel, row[8]) for pixel in row) >= 3
            page.evaluate(
                """() => {
                  const root = document.querySelector("kbvr-photo").shadowRoot;
                  Object.assign(root.querySelector("canvas").style, {visibility: "", transition: "none", opacity: 0});
                  root.querySelector("canvas").focus();
                }"""
            )
            rgb = np.asarray(Image.open(BytesIO(page.screenshot())).convert("RGB"))
            assert max(contrast(pixel, rgb[450, 40]) for pixel in rgb[450, :8]) >= 3
            page.keyboard.press("m")


def opacity(page):
    return float(page.locator("kbvr-photo .bar").evaluate("bar => getComputedStyle(bar).opacity"))


def test_the_bar_fades_when_idle_but_not_from_people_who_use_keys_or_the_menu(web, site):
    with shown(web, site, "wide") as page:
        page.mouse.move(300, 300)
        page.locator("kbvr-photo .idle").wait_for(state="attached")
        page.wait_for_timeout(1000)
        assert opacity(page) == 0
        page.mouse.move(310, 300)
        for key in ("Tab", "ArrowLeft"):
            page.mouse.move(320, 300)
            page.keyboard.press(key)
            page.wait_for_timeout(3100)
            assert opacity(page) == 1
        button(page, "View mode: Flat").click()
        page.wait_for_timeout(3100)
        assert opacity(page) == 1


def test_a_first_touch_shows_the_faded_bar_and_does_nothing_else(web, site):
    with shown(web, site, "phone") as page:
        place = button(page, "View mode: Flat").bounding_box()
        page.touchscreen.tap(100, 100)
        page.locator("kbvr-photo .idle").wait_for(state="attached")
        for _ in range(2):
            assert page.get_by_role("menu").count() == 0
            page.touchscreen.tap(place["x"] + 20, place["y"] + 20)
            page.wait_for_timeout(400)
        assert page.get_by_role("menu").count() == 1


def test_high_contrast_keeps_edges_and_the_tick(web, site):
    """In forced colours backgrounds go; borders and currentColor stay."""
    with shown(web, site, "wide", forced_colors="active") as page:
        page.keyboard.press("m")
        styles = page.evaluate(
            """() => {
              const root = document.querySelector("kbvr-photo").shadowRoot;
              const of = selector => getComputedStyle(root.querySelector(selector));
              return [of(".bar").borderTopStyle, of(".menu").borderTopStyle, of(".menu :focus").outlineStyle,
                of("[aria-checked=true] svg:last-child").visibility, of("[aria-checked=true] svg:last-child").stroke,
                of(".menu").backgroundColor];
            }"""
        )
    assert styles[:4] == ["solid", "solid", "solid", "visible"]
    assert contrast(*(tuple(map(int, re.findall(r"\d+", colour)[:3])) for colour in styles[4:])) >= 4.5


def test_who_prefers_contrast_gets_it(web, site):
    with shown(web, site, "wide", contrast="more") as page:
        assert page.locator(".bar").evaluate("bar => getComputedStyle(bar).backgroundColor") == "rgb(0, 0, 0)"


def test_the_picture_is_an_application_whose_keys_are_told(web, site):
    with shown(web, site, "wide") as page:
        canvas = page.get_by_role("application", name="A photo with depth")
        assert canvas.get_attribute("aria-roledescription") == "3D photo"
        told_by = canvas.get_attribute("aria-describedby")
        assert "Arrow keys look around" in page.locator(f"kbvr-photo #{told_by}").text_content()
        page.keyboard.press("Space")
        assert told(page) == "Playing"
        page.keyboard.press("Space")
        assert told(page) == "Paused"
