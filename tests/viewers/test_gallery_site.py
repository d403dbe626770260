"""The gallery of many photos in a browser: from disk, and from a folder of a plain web server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from accessibility import assert_none, found
from gallery_sites import COUNT, GREY, photo, rich_photos, tiles, write_site
from PIL import Image
from scene_pages import settled
from screens import on_screen

ROOT = Path(__file__).parents[2]
MAX_TILES = 70
"""More than are in and near a window of 1440x900."""

CSP = "default-src 'self'; img-src 'self' data: blob:; connect-src 'self' blob:; object-src 'none'"
"""A strict policy of a careful web server."""

MOVING = "document.querySelector('.tile .moving video')"
IN_WINDOW = """() => [...document.querySelectorAll(".tile")].filter(tile => {
  const {top, bottom} = tile.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
})"""


class _Handler(SimpleHTTPRequestHandler):
    """Serves files as they are, under a strict policy."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", CSP)
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    built = ROOT / "kbvr" / "pages" / "gallery.js"
    newest_s = max(path.stat().st_mtime for path in (ROOT / "viewers" / "gallery").iterdir())
    assert built.stat().st_mtime >= newest_s, "viewers/gallery is newer than the page: pip install -e ."
    return tmp_path_factory.mktemp("sites")


@pytest.fixture(scope="module")
def many(folder):
    """Return the index of a gallery of 5,000 photos, some of which have a loop."""
    loop = "Box 1/loop_kbvr_wiggle.mp4"
    photos = (photo(number, wiggle=loop if number % 2 else "") for number in range(COUNT - 1))
    written = write_site(folder / "many", [*photos, photo(COUNT - 1, name="IMG_x", author="Žofie Zürcher")])
    return (written / "index.html").as_uri()


@pytest.fixture(scope="module")
def rich(folder):
    """Return the index of a gallery of few photos with all that they can have."""
    return (write_site(folder / "rich", rich_photos()) / "index.html").as_uri()


@pytest.fixture(scope="module")
def origin(folder):
    """Return the address of a server of the galleries' folders."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(params=["disk", "server"])
def address(request, rich, origin):
    """Return the address of the gallery of few photos, without its name on a server."""
    return rich if request.param == "disk" else f"{origin}/rich/"


@contextmanager
def shown(web, screen, url, **more) -> Iterator[Any]:
    """Open a gallery; whatever it asks of another place fails."""
    own = url[: url.rindex("/") + 1]
    asked: list[str] = []
    with on_screen(web, screen, "about:blank", **more) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        page.locator(".tile").first.wait_for(state="attached")
        yield page
    assert not [one for one in asked if not one.startswith((own, "data:", "blob:"))]


def focused(page) -> str:
    """Return the title of the tile that has the focus, "" if none has."""
    return page.evaluate("document.activeElement.closest('.tile')?.querySelector('.title').textContent ?? ''")


def search(page, text: str) -> None:
    page.get_by_role("searchbox").fill(text)


def open_photo(page, title: str) -> None:
    page.get_by_role("link", name=title).click()
    page.locator("#detail").wait_for()


def pixels(page, locator) -> np.ndarray:
    """Return what is seen of an element, H x W x 3."""
    return np.asarray(Image.open(BytesIO(page.locator(locator).screenshot())).convert("RGB")).astype(int)


# --- the grid ---


def test_only_tiles_in_sight_are_in_the_page(web, many):
    """Wherever somebody scrolls to, and there they fill the window."""
    with shown(web, "wide", many) as page:
        assert page.locator("#about").inner_text() == "5,000 photos · 1950–1999"
        for share in (0, 0.5, 1, 0.25):
            page.evaluate("async share => { scrollTo(0, share * document.documentElement.scrollHeight); }", share)
            page.wait_for_function(f"() => ({IN_WINDOW})().length > 3")
            assert 4 < page.locator(".tile").count() < MAX_TILES
            empty = page.evaluate(
                """() => [...document.querySelectorAll("#grid > section")].every(one => !one.querySelector(".tile"))"""
            )
            assert not empty
        assert page.evaluate("document.querySelectorAll('*').length") < 600


def test_thumbnails_that_are_scrolled_past_are_not_waited_for(web, origin, many):
    """Those that are in sight come first then."""
    with shown(web, "wide", f"{origin}/many/") as page:
        page.route("**/thumbs/**", lambda _: None)  # no answer
        failed: list[str] = []
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.evaluate("scrollTo(0, 50000)")
        page.wait_for_function(f"() => scrollY > 1e4 && ({IN_WINDOW})().length > 3")
        left = page.locator(".tile img").evaluate_all("all => all.map(one => one.src)")
        page.evaluate("scrollTo(0, 90000)")
        page.wait_for_function(
            "src => ![...document.querySelectorAll('.tile img')].some(one => one.src === src)", arg=left[-1]
        )
        page.wait_for_timeout(50)
        assert {*left[1:]} <= {*failed}


def test_thumbnails_that_are_scrolled_past_are_not_loaded(web, many):
    with shown(web, "wide", many) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        page.wait_for_function(f"() => scrollY > 1e4 && ({IN_WINDOW})().length > 3")
        assert 3 < len(asked) < MAX_TILES


def test_rows_fill_the_width_and_show_photos_whole(web, many):
    with shown(web, "wide", many) as page:
        pictures = page.locator(".tile .picture")
        boxes = pictures.evaluate_all("all => all.map(one => one.getBoundingClientRect().toJSON())")
        grid = page.locator("#grid").bounding_box()
    rows: dict[float, list[dict[str, float]]] = {}
    for box in boxes:
        rows.setdefault(round(box["y"]), []).append(box)
    full = [row for row in rows.values() if len(row) > 2]
    assert full
    assert max(row[0]["height"] for row in full) > 300
    for row in full:
        assert row[-1]["right"] == pytest.approx(grid["x"] + grid["width"], abs=1)
        assert 200 < row[0]["height"] < 420
        shapes = {round(width / height, 2) for width, height in ((3, 2), (2, 3), (16, 9), (1, 1))}
        assert all(min(abs(box["width"] / box["height"] - shape) for shape in shapes) < 0.02 for box in row)


def test_a_last_row_is_no_higher_than_others(web, rich):
    """Even if it consists of one narrow photo."""
    with shown(web, "wide", rich) as page:
        page.get_by_label("Collection").select_option("(No collection) (1)")
        assert page.locator(".tile .picture").bounding_box()["height"] < 340


def test_photos_are_items_of_lists_under_headings(web, many):
    """Screen readers tell how many there are, though few are in the page."""
    with shown(web, "wide", many) as page:
        assert page.get_by_role("heading", level=2).first.inner_text() == "1999"
        first = page.locator(".tile").first
        section = page.get_by_role("list", name="1999")
        assert section.get_by_role("listitem").count() == page.locator("section:has(h2:text-is('1999')) .tile").count()
        assert (first.get_attribute("aria-posinset"), first.get_attribute("aria-setsize")) == ("1", "100")
        page.get_by_label("Sort by").select_option("By name")
        assert (first.get_attribute("aria-posinset"), first.get_attribute("aria-setsize")) == ("1", "5000")
        assert page.get_by_role("list", name="Photos").count() == 1


def test_arrow_keys_reach_every_photo(web, many):
    with shown(web, "wide", many) as page:
        page.get_by_label("Sort by").select_option("name")
        page.get_by_role("button", name="Motion").focus()
        page.keyboard.press("Tab")
        assert focused(page) == "IMG_0"
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        assert focused(page) == "IMG_2"
        page.keyboard.press("ArrowLeft")
        assert focused(page) == "IMG_1"
        at = page.locator(":focus").bounding_box()
        page.keyboard.press("ArrowDown")
        below = page.locator(":focus").bounding_box()
        assert below["y"] > at["y"] + 200
        assert below["x"] < at["x"] + at["width"] and at["x"] < below["x"] + below["width"]
        page.keyboard.press("ArrowUp")
        assert focused(page) == "IMG_1"
        page.keyboard.press("End")
        assert focused(page) == "IMG_x"
        assert page.locator(":focus").evaluate("one => one.closest('.tile').ariaPosInSet") == "5000"
        for _ in range(12):
            page.keyboard.press("PageUp")
            box = page.locator(":focus").bounding_box()
            assert box["y"] >= page.locator("#tools").bounding_box()["height"] and box["y"] + box["height"] <= 900
        page.keyboard.press("Home")
        assert focused(page) == "IMG_0"
        page.evaluate("scrollTo(0, 50000)")
        page.wait_for_function(f"() => ({IN_WINDOW})().length > 3")
        page.keyboard.press("ArrowRight")
        assert focused(page) == "IMG_1", "the focus stays where it is while somebody scrolls"


def test_tab_leads_to_what_is_in_the_window(web, many):
    with shown(web, "wide", many) as page:
        page.evaluate("scrollTo(0, 30000)")
        page.wait_for_function(f"() => ({IN_WINDOW})().length > 3")
        page.get_by_role("button", name="Motion").evaluate("one => one.focus({preventScroll: true})")
        page.keyboard.press("Tab")
        assert focused(page)
        assert 29_000 < page.evaluate("scrollY") < 31_000


def test_the_window_keeps_its_place_when_its_width_changes(web, many):
    with shown(web, "wide", many) as page:
        page.evaluate("scrollTo(0, 50000)")
        page.wait_for_function(f"() => ({IN_WINDOW})().length > 3")
        seen = set(tiles(page))
        page.set_viewport_size({"width": 900, "height": 900})
        page.wait_for_function("() => document.querySelector('#grid').clientWidth < 900")
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert seen & set(page.evaluate(f"() => ({IN_WINDOW})().map(one => one.querySelector('.title').textContent)"))


# --- search, order, collections ---


def test_the_search_looks_at_names_captions_and_authors(web, rich):
    """In any case, with or without accents, for all words."""
    with shown(web, "wide", rich) as page:
        for text, titles in (
            ("BARE", ["bare"]),
            ("zurich lake", ["A temple"]),
            ("zürich", ["A temple"]),
            ("ada 1905", ["A temple"]),
            ("lake bare", []),
            ("<script>", [rich_photos()[2].caption]),
        ):
            search(page, text)
            assert tiles(page) == titles, text
            assert page.locator("#found").inner_text() == ("1 photo" if titles else "0 photos")
        search(page, "nowhere")
        assert page.locator("#none-text").inner_text() == "No photo matches “nowhere”."
        page.get_by_role("button", name="Show all photos").click()
        assert len(tiles(page)) == 5
        assert page.locator("#found").inner_text() == ""
        page.keyboard.press("Escape")
        page.locator(".tile a").first.focus()
        page.keyboard.press("/")
        assert page.get_by_role("searchbox").evaluate("one => one === document.activeElement")


def test_photos_are_sorted_by_date_or_name(web, rich):
    """Those without a date come last either way."""
    nasty, long = rich_photos()[2].caption, rich_photos()[3].name
    newest = ["panorama", long, "A temple", nasty, "bare"]
    with shown(web, "wide", rich) as page:
        assert tiles(page) == newest
        page.get_by_label("Sort by").select_option("Oldest first")
        assert tiles(page) == [nasty, "A temple", long, "panorama", "bare"]
        page.get_by_label("Sort by").select_option("By name")
        assert tiles(page) == [nasty, "bare", long, "panorama", "A temple"]
        page.reload()
        assert page.url.endswith("#sort=name")
        assert tiles(page) == [nasty, "bare", long, "panorama", "A temple"]


def test_sections_are_as_long_as_fits(web, folder):
    """Years of many photos have months, and years of few are decades; few photos, or without dates, have none."""
    written = {
        "months": ([photo(at, date=f"2020-{at % 2 + 1:02}-03") for at in range(24)], ["February 2020", "January 2020"]),
        "decades": ([photo(at, date=f"19{at // 12 + 1}{at % 10}") for at in range(24)], ["1920s", "1910s"]),
        "few": ([photo(at, date=f"19{at + 10}") for at in range(11)], []),
        "undated": ([photo(at, date="") for at in range(30)], []),
    }
    for name, (photos, headings) in written.items():
        site = write_site(folder / name, [*photos, photo(99, date="")])
        with shown(web, "wide", (site / "index.html").as_uri(), viewport={"width": 1440, "height": 4000}) as page:
            assert page.locator("#grid h2").all_inner_texts() == [*headings, *(["Undated"] if headings else [])]
            assert page.get_by_label("Sort by").is_visible() == (name != "undated")


def test_a_collection_can_be_chosen(web, rich):
    with shown(web, "wide", rich) as page:
        page.get_by_label("Collection").select_option("50% #1? <i> (1)")
        assert len(tiles(page)) == 1
        assert page.locator("#found").inner_text() == "1 photo"
        page.get_by_label("Collection").select_option("(No collection) (1)")
        assert tiles(page) == ["bare"]
        page.reload()
        assert tiles(page) == ["bare"]
        page.get_by_label("Collection").select_option("All collections")
        assert len(tiles(page)) == 5


# --- loops ---


def test_the_loop_plays_under_the_mouse(web, address):
    """And only there; where there is none, nothing happens."""
    with shown(web, "wide", address, reduced_motion="no-preference") as page:
        page.get_by_role("link", name="A temple").hover()
        page.wait_for_function(f"() => {MOVING}?.currentTime > 0.1")
        page.wait_for_function("() => document.querySelector('.loop').getAnimations().length === 0")
        assert np.abs(pixels(page, ".tile .moving").mean(axis=(0, 1)) - (10, 20, 202)).max() < 12
        page.locator("#title").hover()
        page.wait_for_function("() => !document.querySelector('video')")
        page.get_by_role("link", name="A temple").hover()
        page.wait_for_function(f"() => {MOVING}")
        page.get_by_role("link", name="bare").hover()
        page.wait_for_function("() => !document.querySelector('video')")
        assert page.locator(".moving").count() == 0


def test_the_loop_plays_at_the_focus_of_the_keyboard(web, rich):
    with shown(web, "wide", rich, reduced_motion="no-preference") as page:
        page.get_by_label("Sort by").select_option("Oldest first")
        page.get_by_role("button", name="Motion").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"() => {MOVING}?.currentTime > 0")
        assert focused(page) == "A temple"
        page.keyboard.press("ArrowRight")
        page.wait_for_function("() => !document.querySelector('video')")


def test_nothing_moves_for_people_who_prefer_less_motion(web, rich):
    """Unless they ask for it."""
    with shown(web, "wide", rich) as page:
        motion = page.get_by_role("button", name="Motion")
        assert motion.get_attribute("aria-pressed") == "false"
        page.get_by_role("link", name="A temple").hover()
        page.wait_for_timeout(400)
        assert page.locator("video").count() == 0
        motion.click()
        page.get_by_role("link", name="A temple").hover()
        page.wait_for_function(f"() => {MOVING}?.currentTime > 0")
        motion.click()
        page.get_by_role("link", name="A temple").hover()
        page.wait_for_timeout(400)
        assert page.locator("video").count() == 0


def test_on_a_phone_the_loop_in_the_middle_plays(web, rich):
    """Once scrolling has ended; a finger on another picture plays that one."""
    with shown(web, "phone", rich, reduced_motion="no-preference") as page:
        page.get_by_label("Sort by").select_option("Oldest first")
        center = "title => [...document.querySelectorAll('.tile')].find(one => one.textContent.includes(title))"
        page.evaluate(f"title => ({center})(title).scrollIntoView({{block: 'center'}})", "A temple")
        page.wait_for_function(
            "() => document.querySelector('.moving')?.parentElement.textContent.includes('A temple')"
        )
        motion = page.get_by_role("button", name="Motion")
        motion.evaluate("one => one.click()")
        assert page.locator("video").count() == 0
        motion.evaluate("one => one.click()")
        page.locator(".moving").wait_for()
        other = page.get_by_role("link", name="{{caption}}").bounding_box()
        page.evaluate("scrollTo(0, 0)")
        session = page.context.new_cdp_session(page)
        place = {"x": other["x"] + 40, "y": page.get_by_role("link", name="{{caption}}").bounding_box()["y"] + 40}
        session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [place]})
        page.wait_for_function(
            "() => document.querySelector('.moving')?.parentElement.textContent.includes('{{caption}}')"
        )
        session.send("Input.dispatchTouchEvent", {"type": "touchCancel", "touchPoints": []})


# --- the page of a photo ---


def test_a_photo_has_a_page_of_its_own(web, address):
    with shown(web, "wide", address) as page:
        open_photo(page, "A temple")
        assert page.title() == "A temple – Tests"
        assert page.get_by_role("heading", level=1).inner_text() == "A temple"
        assert page.locator("#caption").inner_text().startswith("The temple by the lake in Zürich")
        terms = dict(zip(page.locator("dt").all_inner_texts(), page.locator("dd").all_inner_texts(), strict=True))
        assert terms == {
            "Author": "Ada",
            "Date": "June 1905",
            "Credit": "Museum",
            "Copyright": "CC0",
            "Collection": "Box 2",
            "File": "temple",
        }
        assert page.locator("#place").inner_text() == "3 of 5"
        assert page.locator("#files li").all_inner_texts() == ["Stereo video MP4, 1.2 MB"]
        for pane in (".flat", ".depth"):
            assert page.locator(f"{pane} .picture").bounding_box()["width"] > 500
        assert page.get_by_role("img", name="The temple by the lake").count() == 1


def test_back_escape_and_the_link_lead_to_the_grid(web, address):
    """To the same place, with the focus on the photo."""
    with shown(web, "wide", address) as page:
        for leave in (
            page.go_back,
            lambda: page.keyboard.press("Escape"),
            page.get_by_text("All photos", exact=True).click,
        ):
            open_photo(page, "A temple")
            assert not page.locator("#wall").is_visible()
            leave()
            page.locator("#wall").wait_for()
            assert focused(page) == "A temple"
            assert page.title() == "Tests"
            assert "photo=" not in page.url
        page.go_forward()
        page.locator("#detail").wait_for()


def test_the_grid_is_where_it_was(web, many):
    """Without the browser's help, which comes at different times in different browsers."""
    with shown(web, "wide", many) as page:
        page.evaluate("history.scrollRestoration = 'manual'")
        page.evaluate("scrollTo(0, 40000)")
        page.wait_for_function(f"() => ({IN_WINDOW})().length > 3")
        page.evaluate(
            f"() => ({IN_WINDOW})().find(one => one.getBoundingClientRect().top > 200).querySelector('a').click()"
        )
        page.locator("#detail").wait_for()
        page.keyboard.press("Escape")
        page.locator("#wall").wait_for()
        assert page.evaluate("scrollY") == 40000


def test_a_link_opens_a_photo(web, address):
    """From elsewhere; then Escape leads to the grid, too."""
    with on_screen(web, "wide", f"{address}#photo=00000001") as page:
        assert page.get_by_role("heading", level=1).inner_text() == "A temple"
        page.keyboard.press("Escape")
        page.locator("#wall").wait_for()
        assert len(tiles(page)) == 5
    with on_screen(web, "wide", f"{address}#photo=gone") as page:
        assert len(tiles(page)) == 5


def test_arrows_and_buttons_lead_to_the_next_photo(web, rich):
    """In the order of the grid, within what was searched for; Back still leads to the grid."""
    with shown(web, "wide", rich) as page:
        search(page, "author")  # all but two photos
        assert tiles(page) == ["panorama", rich_photos()[3].name]
        open_photo(page, "panorama")
        name = page.locator("#name")
        assert page.get_by_role("button", name="Previous photo").is_disabled()
        page.keyboard.press("ArrowRight")
        assert name.inner_text() == rich_photos()[3].name
        assert page.get_by_role("status").filter(has_text="2 of 2").inner_text() == f"{name.inner_text()}, 2 of 2"
        assert page.get_by_role("button", name="Next photo").is_disabled()
        page.keyboard.press("ArrowRight")
        page.get_by_role("button", name="Previous photo").click()
        assert name.inner_text() == "panorama"
        assert page.locator("#place").inner_text() == "1 of 2"
        page.go_back()
        page.locator("#wall").wait_for()
        assert page.get_by_role("searchbox").input_value() == "author"


def test_a_swipe_leads_to_the_next_photo(web, rich):
    with shown(web, "phone", rich) as page:
        open_photo(page, "panorama")
        session = page.context.new_cdp_session(page)
        for start, end, title in ((300, 100, rich_photos()[3].name), (100, 300, "panorama")):
            box = page.locator(".flat .picture").bounding_box()
            y = box["y"] + box["height"] / 2
            for kind, x in (
                ("touchStart", start),
                ("touchMove", (start + end) / 2),
                ("touchMove", end),
                ("touchEnd", None),
            ):
                points = [] if x is None else [{"x": x, "y": y}]
                session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            page.get_by_role("heading", level=1, name=title).wait_for()


def test_photos_without_loop_and_scene_are_shown_alone(web, rich):
    with shown(web, "wide", rich) as page:
        open_photo(page, "bare")
        assert page.locator(".depth").count() == 0
        assert page.get_by_role("group", name="View").count() == 0
        assert page.locator(".flat .picture").bounding_box()["height"] > 600
        assert not page.locator("#downloads").is_visible()
        assert page.locator("dt").count() == 0
        page.keyboard.press("Escape")
        open_photo(page, rich_photos()[3].name)
        assert page.get_by_role("button", name="Look around").is_visible()
        assert page.get_by_role("button", name="Play the motion").count() == 0


def test_the_loop_can_be_paused(web, rich):
    with shown(web, "wide", rich, reduced_motion="no-preference") as page:
        open_photo(page, "A temple")
        video = "document.querySelector('.depth video')"
        page.wait_for_function(f"() => {video}.currentTime > 0")
        page.get_by_role("button", name="Pause the motion").click()
        assert page.evaluate(f"{video}.paused")
        page.get_by_role("button", name="Play the motion").click()
        page.wait_for_function(f"() => !{video}.paused")


def test_the_loop_waits_for_people_who_prefer_less_motion(web, rich):
    with shown(web, "wide", rich) as page:
        open_photo(page, "A temple")
        assert page.locator(".depth video").get_attribute("src") is None
        page.get_by_role("button", name="Play the motion").click()
        page.wait_for_function("() => document.querySelector('.depth video').currentTime > 0")


def test_an_animated_picture_plays_only_while_it_may(web, rich):
    """Unlike a video it cannot pause: then the photo takes its place."""
    with shown(web, "wide", rich) as page:
        open_photo(page, "panorama")
        assert page.locator(".depth .moving, .depth .loop[src]").count() == 0
        page.get_by_role("button", name="Play the motion").click()
        page.locator(".depth .moving").wait_for()
        page.get_by_role("button", name="Pause the motion").click()
        assert page.locator(".depth .moving, .depth .loop[src]").count() == 0


def test_the_slider_compares_the_original_and_3d(web, rich):
    """By keys and by the mouse: the original, grey, is on its left, the loop, blue, on its right."""
    with shown(web, "wide", rich, reduced_motion="no-preference") as page:
        open_photo(page, "A temple")
        page.wait_for_function("() => document.querySelector('.depth .moving')")
        assert not page.get_by_role("slider").is_visible()
        page.get_by_role("button", name="Compare").click()
        slider = page.get_by_role("slider", name="Share of the original")
        assert share_of_grey(page) == pytest.approx(0.5, abs=0.02)
        slider.focus()
        for _ in range(10):
            page.keyboard.press("ArrowRight")
        assert slider.get_attribute("aria-valuetext") == "60% original, 40% in 3D"
        assert share_of_grey(page) == pytest.approx(0.6, abs=0.02)
        page.keyboard.press("Home")
        assert share_of_grey(page) < 0.03
        assert page.locator("#name").inner_text() == "A temple", "the arrows are the slider's"
        box = page.locator(".flat .picture").bounding_box()
        page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 60, steps=3)
        page.mouse.up()
        assert share_of_grey(page) == pytest.approx(0.8, abs=0.02)
        page.mouse.move(box["x"], box["y"])
        assert share_of_grey(page) == pytest.approx(0.8, abs=0.02)
        page.keyboard.press("Escape")
        page.locator("#wall").wait_for()


def share_of_grey(page) -> float:
    """Return the share of a row of the stage, near its top, that the original covers."""
    page.wait_for_function("() => document.getAnimations().length === 0")
    row = pixels(page, ".stage .flat .picture")[20]
    return float((np.abs(row - GREY).max(axis=1) < 12).mean())


def test_the_scene_is_loaded_on_a_click(web, address):
    """Not before; it is drawn, and the mouse moves it."""
    with shown(web, "wide", address) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        open_photo(page, "A temple")
        assert not [one for one in asked if "/scenes/" in one or "kbvr-photo" in one]
        assert np.ptp(pixels(page, ".depth .picture")[60:100, 60:200].reshape(-1, 3), axis=0).max() < 10
        page.get_by_role("button", name="Look around").click()
        page.locator(".stage.looking").wait_for()
        settled(page)
        page.wait_for_function("() => !document.querySelector('.depth').classList.contains('loading')")
        before = pixels(page, ".depth .picture")
        assert before.reshape(-1, 3).std(axis=0).min() > 15
        box = page.locator(".depth .picture").bounding_box()
        page.mouse.move(box["x"] + 5, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 5, box["y"] + box["height"] / 2, steps=4)
        page.mouse.up()
        settled(page)
        assert np.abs(pixels(page, ".depth .picture")[:200] - before[:200]).mean() > 1
        assert not page.get_by_role("button", name="Look around", exact=True).is_visible()


def test_the_slider_works_over_a_scene(web, rich):
    """Whose own controls would be half covered."""
    with shown(web, "wide", rich) as page:
        open_photo(page, "A temple")
        page.get_by_role("button", name="Look around").click()
        page.locator(".stage.looking").wait_for()
        assert page.locator("kbvr-photo .bar").is_visible()
        page.get_by_role("button", name="Compare").click()
        assert not page.locator("kbvr-photo .bar").is_visible()
        settled(page)
        shown_row = pixels(page, ".stage .flat .picture")[100]
        middle = len(shown_row) // 2
        assert np.ptp(shown_row[4 : middle - 40], axis=0).max() < 10
        assert shown_row[middle + 40 :].std(axis=0).max() > 10
        page.get_by_role("button", name="Side by side").click()
        assert page.locator("kbvr-photo .bar").is_visible()


def test_a_scene_that_is_missing_says_so(web, folder, rich):
    """And can be tried again. This one is compressed with Draco, whose decoder is loaded then."""
    files = folder / "rich" / "kbvr-gallery"
    missing = [files / "kbvr-photo.js", files / "scenes" / "00" / "00000004.js"]
    for path in missing:
        path.rename(path.with_suffix(".away"))
    page = web.browser.new_page()
    try:
        page.goto(rich + "#photo=00000004")
        for path in missing:
            page.get_by_role("button", name="Look around").click()
            page.get_by_text(f"Could not load kbvr-gallery/{path.relative_to(files).as_posix()}").wait_for()
            path.with_suffix(".away").rename(path)
        page.get_by_role("button", name="Look around").click()
        page.locator(".stage.looking").wait_for()
    finally:
        page.close()


def test_pictures_that_are_missing_leave_a_sign(web, tmp_path):
    site = write_site(tmp_path, [photo(1)])
    for path in site.rglob("*.webp"):
        path.unlink()
    page = web.browser.new_page()
    try:
        page.goto((site / "index.html").as_uri())
        page.locator(".tile .missing").wait_for()
        assert not page.get_by_label("Collection").is_visible(), "there is one only"
        page.get_by_role("link", name="IMG_1").click()
        page.locator(".flat .missing").wait_for()
        assert page.locator("#name").inner_text() == "IMG_1"
    finally:
        page.close()


# --- texts and addresses ---


def test_texts_are_shown_as_they_are(web, address):
    """None is HTML; boom() would be an error, which `shown` reports."""
    nasty = rich_photos()[2]
    with shown(web, "wide", address) as page:
        assert nasty.caption in tiles(page)
        open_photo(page, nasty.caption)
        assert page.locator("#name").text_content() == nasty.caption
        values = page.locator("dd").all_text_contents()
        assert {nasty.author, nasty.name, nasty.folder} <= {*values}
        assert page.locator("#files bdi").text_content() == Path(nasty.files[0].path).name
        assert page.locator("#detail :is(script, b, i), #detail img[src=x]").count() == 0


def test_files_are_downloaded_whatever_they_are_called(web, rich, origin):
    nasty = rich_photos()[2]
    with shown(web, "wide", f"{origin}/rich/#photo={nasty.key}") as page:
        with page.expect_download() as expected:
            page.locator("#files a").click()
        assert expected.value.url.endswith("_kbvr.glb")
        assert Path(expected.value.path()).read_bytes() == b""
        address = page.locator("#files a").evaluate("one => one.href")
        assert page.evaluate("address => fetch(address).then(answer => answer.status)", address) == 200
        page.get_by_role("button", name="Play the motion").click()
        page.locator(".depth .moving").wait_for()


def test_an_empty_gallery_says_so(web, tmp_path):
    site = write_site(tmp_path, [])
    with on_screen(web, "wide", (site / "index.html").as_uri()) as page:
        assert page.locator("#none-text").inner_text() == "There are no photos yet."
        assert not page.get_by_role("button", name="Show all photos").is_visible()


# --- screens ---


def test_nothing_is_wider_than_a_phone(web, rich):
    with shown(web, "phone", rich) as page:
        narrow = "document.documentElement.scrollWidth <= innerWidth"
        assert page.evaluate(narrow)
        open_photo(page, rich_photos()[3].name)
        assert page.evaluate(narrow)
        page.keyboard.press("Escape")
        open_photo(page, "A temple")
        assert page.evaluate(narrow)
        flat, depth = (page.locator(f"{pane} .picture").bounding_box() for pane in (".flat", ".depth"))
        assert depth["y"] > flat["y"] + flat["height"], "below each other"
        assert depth["y"] + depth["height"] < 844


@pytest.mark.parametrize("screen", ["wide", "phone"])
def test_axe_finds_no_problem(web, many, rich, screen):
    problems = {}
    with shown(web, screen, many) as page:
        problems["many"] = found(page)
    with shown(web, screen, rich) as page:
        problems["grid"] = found(page)
        search(page, "nowhere")
        problems["none"] = found(page)
        search(page, "")
        open_photo(page, "A temple")
        problems["photo"] = found(page)
        page.get_by_role("button", name="Compare").click()
        problems["compared"] = found(page)
        page.get_by_role("button", name="Side by side").click()
        page.get_by_role("button", name="Look around").click()
        page.locator(".stage.looking").wait_for()
        problems["scene"] = found(page)
    assert_none(problems)


def test_what_is_pressed_and_focused_is_seen_in_forced_colours(web, rich):
    with shown(web, "wide", rich, forced_colors="active") as page:
        motion = page.get_by_role("button", name="Motion")
        colour = "one => getComputedStyle(one).backgroundColor"
        before = motion.evaluate(colour)
        motion.click()
        assert motion.evaluate(colour) != before
        page.keyboard.press("Tab")
        assert re.match(r"\d", page.locator(":focus .picture").evaluate("one => getComputedStyle(one).outlineWidth"))
        assert page.locator(":focus .picture").evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
