"""The grid of a gallery: what is in the page, keys, search, order, collections, and loops."""

from __future__ import annotations

import numpy as np
import pytest
from gallery_browser import IN_WINDOW, MOVING, focused, pixels, search, shown, tiles
from gallery_sites import photo, rich_photos, write_site

MAX_TILES = 70
"""More than are in and near a window of 1440x900."""


# --- the grid ---


def test_only_tiles_in_sight_are_in_the_page(web, many_photos):
    """Wherever somebody scrolls to, and there they fill the window."""
    with shown(web, "wide", many_photos) as page:
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


def test_thumbnails_that_are_scrolled_past_are_not_waited_for(web, gallery_server, many_photos):
    """Those that are in sight come first then."""
    with shown(web, "wide", f"{gallery_server}/many/") as page:
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


def test_thumbnails_that_are_scrolled_past_are_not_loaded(web, many_photos):
    with shown(web, "wide", many_photos) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        page.wait_for_function(f"() => scrollY > 1e4 && ({IN_WINDOW})().length > 3")
        assert 3 < len(asked) < MAX_TILES


def test_rows_fill_the_width_and_show_photos_whole(web, many_photos):
    with shown(web, "wide", many_photos) as page:
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


def test_a_last_row_is_no_higher_than_others(web, few_photos):
    """Even if it consists of one narrow photo."""
    with shown(web, "wide", few_photos) as page:
        page.get_by_label("Collection").select_option("(No collection) (1)")
        assert page.locator(".tile .picture").bounding_box()["height"] < 340


def test_photos_are_items_of_lists_under_headings(web, many_photos):
    """Screen readers tell how many_photos there are, though few are in the page."""
    with shown(web, "wide", many_photos) as page:
        assert page.get_by_role("heading", level=2).first.inner_text() == "1999"
        first = page.locator(".tile").first
        section = page.get_by_role("list", name="1999")
        assert section.get_by_role("listitem").count() == page.locator("section:has(h2:text-is('1999')) .tile").count()
        assert (first.get_attribute("aria-posinset"), first.get_attribute("aria-setsize")) == ("1", "100")
        page.get_by_label("Sort by").select_option("By name")
        assert (first.get_attribute("aria-posinset"), first.get_attribute("aria-setsize")) == ("1", "5000")
        assert page.get_by_role("list", name="Photos").count() == 1


def test_arrow_keys_reach_every_photo(web, many_photos):
    with shown(web, "wide", many_photos) as page:
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
        page.keyboard.press("Enter")
        page.get_by_role("heading", level=1, name="IMG_1").wait_for()


def test_tab_leads_to_what_is_in_the_window(web, many_photos):
    with shown(web, "wide", many_photos) as page:
        page.evaluate("scrollTo(0, 30000)")
        page.wait_for_function(f"() => ({IN_WINDOW})().length > 3")
        page.get_by_role("button", name="Motion").evaluate("one => one.focus({preventScroll: true})")
        page.keyboard.press("Tab")
        assert focused(page)
        assert 29_000 < page.evaluate("scrollY") < 31_000


def test_the_window_keeps_its_place_when_its_width_changes(web, many_photos):
    with shown(web, "wide", many_photos) as page:
        page.evaluate("scrollTo(0, 50000)")
        page.wait_for_function(f"() => ({IN_WINDOW})().length > 3")
        seen = set(tiles(page))
        page.set_viewport_size({"width": 900, "height": 900})
        page.wait_for_function("() => document.querySelector('#grid').clientWidth < 900")
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert seen & set(page.evaluate(f"() => ({IN_WINDOW})().map(one => one.querySelector('.title').textContent)"))


# --- search, order, collections ---


def test_the_search_looks_at_names_captions_and_authors(web, few_photos):
    """In any case, with or without accents, for all words."""
    with shown(web, "wide", few_photos) as page:
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


def test_photos_are_sorted_by_date_or_name(web, few_photos):
    """Those without a date come last either way."""
    nasty, long = rich_photos()[2].caption, rich_photos()[3].name
    newest = ["panorama", long, "A temple", nasty, "bare"]
    with shown(web, "wide", few_photos) as page:
        assert tiles(page) == newest
        page.get_by_label("Sort by").select_option("Oldest first")
        assert tiles(page) == [nasty, "A temple", long, "panorama", "bare"]
        page.get_by_label("Sort by").select_option("By name")
        assert tiles(page) == [nasty, "bare", long, "panorama", "A temple"]
        page.reload()
        assert page.url.endswith("#sort=name")
        assert tiles(page) == [nasty, "bare", long, "panorama", "A temple"]


def test_sections_are_as_long_as_fits(web, galleries):
    """Years of many photos have months, and years of few are decades; few photos, or without dates, have none."""
    written = {
        "months": ([photo(at, date=f"2020-{at % 2 + 1:02}-03") for at in range(24)], ["February 2020", "January 2020"]),
        "decades": ([photo(at, date=f"19{at // 12 + 1}{at % 10}") for at in range(24)], ["1920s", "1910s"]),
        "few": ([photo(at, date=f"19{at + 10}") for at in range(11)], []),
        "undated": ([photo(at, date="") for at in range(30)], []),
    }
    for name, (photos, headings) in written.items():
        site = write_site(galleries / name, [*photos, photo(99, date="")])
        with shown(web, "wide", (site / "index.html").as_uri(), viewport={"width": 1440, "height": 4000}) as page:
            assert page.locator("#grid h2").all_inner_texts() == [*headings, *(["Undated"] if headings else [])]
            assert page.get_by_label("Sort by").is_visible() == (name != "undated")


def test_a_collection_can_be_chosen(web, few_photos):
    with shown(web, "wide", few_photos) as page:
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


def test_the_loop_plays_under_the_mouse(web, gallery):
    """And only there; where there is none, nothing happens."""
    with shown(web, "wide", gallery, reduced_motion="no-preference") as page:
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


def test_the_loop_plays_at_the_focus_of_the_keyboard(web, few_photos):
    with shown(web, "wide", few_photos, reduced_motion="no-preference") as page:
        page.get_by_label("Sort by").select_option("Oldest first")
        page.get_by_role("button", name="Motion").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"() => {MOVING}?.currentTime > 0")
        assert focused(page) == "A temple"
        page.keyboard.press("ArrowRight")
        page.wait_for_function("() => !document.querySelector('video')")


def test_nothing_moves_for_people_who_prefer_less_motion(web, few_photos):
    """Unless they ask for it."""
    with shown(web, "wide", few_photos) as page:
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


def test_on_a_phone_the_loop_in_the_middle_plays(web, few_photos):
    """Once scrolling has ended; a finger on another picture plays that one."""
    with shown(web, "phone", few_photos, reduced_motion="no-preference") as page:
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
