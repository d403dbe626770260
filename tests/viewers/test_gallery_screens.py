"""Galleries on small screens, for people who need other colours, and where something is missing."""

from __future__ import annotations

import re

import pytest
from accessibility import assert_none, found
from gallery_browser import open_photo, search, shown
from gallery_sites import photo, rich_photos, write_site
from screens import on_screen


def test_nothing_is_wider_than_a_phone(web, few_photos):
    with shown(web, "phone", few_photos) as page:
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
def test_axe_finds_no_problem(web, many_photos, few_photos, screen):
    problems = {}
    with shown(web, screen, many_photos) as page:
        problems["many"] = found(page)
    with shown(web, screen, few_photos) as page:
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


def test_what_is_pressed_and_focused_is_seen_in_forced_colours(web, few_photos):
    with shown(web, "wide", few_photos, forced_colors="active") as page:
        motion = page.get_by_role("button", name="Motion")
        colour = "one => getComputedStyle(one).backgroundColor"
        before = motion.evaluate(colour)
        motion.click()
        assert motion.evaluate(colour) != before
        page.keyboard.press("Tab")
        assert re.match(r"\d", page.locator(":focus .picture").evaluate("one => getComputedStyle(one).outlineWidth"))
        assert page.locator(":focus .picture").evaluate("one => getComputedStyle(one).outlineStyle") == "solid"


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


def test_a_gallery_without_its_list_says_so(web, tmp_path):
    site = write_site(tmp_path, [photo(1)])
    (site / "kbvr-gallery/photos.js").unlink()
    page = web.browser.new_page()
    try:
        page.goto((site / "index.html").as_uri())
        page.get_by_text("Could not load kbvr-gallery/photos.js, the list of the photos.").wait_for()
    finally:
        page.close()


def test_a_browser_without_webgl_keeps_the_photo(web, few_photos):
    with shown(web, "wide", few_photos) as page:
        page.evaluate("HTMLCanvasElement.prototype.getContext = () => null")
        open_photo(page, "A temple")
        page.get_by_role("button", name="Look around").click()
        page.locator("kbvr-photo").get_by_text("WebGL").wait_for()
        assert page.locator(".flat .picture").is_visible()
        assert not page.get_by_role("button", name="Look around", exact=True).is_visible()


def test_a_gallery_without_javascript_says_so(web, few_photos):
    with on_screen(web, "wide", few_photos, java_script_enabled=False) as page:
        assert page.locator("noscript").inner_text() == "Turn on JavaScript to see these photos."


def test_an_empty_gallery_says_so(web, tmp_path):
    site = write_site(tmp_path, [])
    with on_screen(web, "wide", (site / "index.html").as_uri()) as page:
        assert page.locator("#none-text").inner_text() == "There are no photos yet."
        assert not page.get_by_role("button", name="Show all photos").is_visible()
