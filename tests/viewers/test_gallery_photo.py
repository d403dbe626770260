"""The page of a photo in a gallery: ways to it and back, the loop, the slider, the scene, and texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gallery_browser import IN_WINDOW, focused, open_photo, pixels, search, shown, tiles
from gallery_sites import GREY, rich_photos
from scene_pages import settled
from screens import on_screen


def test_a_photo_has_a_page_of_its_own(web, gallery):
    with shown(web, "wide", gallery) as page:
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


def test_back_escape_and_the_link_lead_to_the_grid(web, gallery):
    """To the same place, with the focus on the photo."""
    with shown(web, "wide", gallery) as page:
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


def test_the_grid_is_where_it_was(web, many_photos):
    """Without the browser's help, which comes at different times in different browsers."""
    with shown(web, "wide", many_photos) as page:
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


def test_a_link_opens_a_photo(web, gallery):
    """From elsewhere; then Escape leads to the grid, too."""
    with on_screen(web, "wide", f"{gallery}#photo=00000001") as page:
        assert page.get_by_role("heading", level=1).inner_text() == "A temple"
        page.keyboard.press("Escape")
        page.locator("#wall").wait_for()
        assert len(tiles(page)) == 5
    with on_screen(web, "wide", f"{gallery}#photo=gone") as page:
        assert len(tiles(page)) == 5


def test_arrows_and_buttons_lead_to_the_next_photo(web, few_photos):
    """In the order of the grid, within what was searched for; Back still leads to the grid."""
    with shown(web, "wide", few_photos) as page:
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


def test_a_swipe_leads_to_the_next_photo(web, few_photos):
    with shown(web, "phone", few_photos) as page:
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


def test_photos_without_loop_and_scene_are_shown_alone(web, few_photos):
    with shown(web, "wide", few_photos) as page:
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


def test_the_loop_can_be_paused(web, few_photos):
    with shown(web, "wide", few_photos, reduced_motion="no-preference") as page:
        open_photo(page, "A temple")
        video = "document.querySelector('.depth video')"
        page.wait_for_function(f"() => {video}.currentTime > 0")
        page.get_by_role("button", name="Pause the motion").click()
        assert page.evaluate(f"{video}.paused")
        page.get_by_role("button", name="Play the motion").click()
        page.wait_for_function(f"() => !{video}.paused")


def test_the_loop_waits_for_people_who_prefer_less_motion(web, few_photos):
    with shown(web, "wide", few_photos) as page:
        open_photo(page, "A temple")
        assert page.locator(".depth video").get_attribute("src") is None
        page.get_by_role("button", name="Play the motion").click()
        page.wait_for_function("() => document.querySelector('.depth video').currentTime > 0")


def test_an_animated_picture_plays_only_while_it_may(web, few_photos):
    """Unlike a video it cannot pause: then the photo takes its place."""
    with shown(web, "wide", few_photos) as page:
        open_photo(page, "panorama")
        assert page.locator(".depth .moving, .depth .loop[src]").count() == 0
        page.get_by_role("button", name="Play the motion").click()
        page.locator(".depth .moving").wait_for()
        page.get_by_role("button", name="Pause the motion").click()
        assert page.locator(".depth .moving, .depth .loop[src]").count() == 0


def test_the_slider_compares_the_original_and_3d(web, few_photos):
    """By keys and by the mouse: the original, grey, is on its left, the loop, blue, on its right."""
    with shown(web, "wide", few_photos, reduced_motion="no-preference") as page:
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


def test_the_scene_is_loaded_on_a_click(web, gallery):
    """Not before; it is drawn, and the mouse moves it."""
    with shown(web, "wide", gallery) as page:
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


def test_keys_inside_a_scene_are_the_scenes(web, few_photos):
    """The scene has the focus once it has been asked for by a key. Only Escape leaves the page, if no menu is open."""
    with shown(web, "wide", few_photos) as page:
        open_photo(page, "A temple")
        page.get_by_role("button", name="Look around").press("Enter")
        page.locator(".stage.looking").wait_for()
        assert page.evaluate("document.activeElement.localName") == "kbvr-photo"
        page.keyboard.press("ArrowRight")
        assert page.locator("#name").inner_text() == "A temple"
        page.keyboard.press("m")
        page.get_by_role("menu").wait_for()
        page.keyboard.press("Escape")
        page.get_by_role("menu").wait_for(state="hidden")
        assert page.locator("#detail").is_visible()
        page.keyboard.press("Escape")
        page.locator("#wall").wait_for()
        assert page.locator("kbvr-photo, [id^=scene-]").count() == 0


def test_the_slider_works_over_a_scene(web, few_photos):
    """Whose own controls would be half covered."""
    with shown(web, "wide", few_photos) as page:
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


def test_a_scene_that_is_missing_says_so(web, galleries, few_photos):
    """And can be tried again. This one is compressed with Draco, whose decoder is loaded then."""
    files = galleries / "rich" / "kbvr-gallery"
    missing = {files / "kbvr-photo.js": "the viewer of scenes", files / "scenes" / "00" / "00000004.js": "the scene"}
    for path in missing:
        path.rename(path.with_suffix(".away"))
    page = web.browser.new_page()
    try:
        page.goto(few_photos + "#photo=00000004")
        for path, what in missing.items():
            page.get_by_role("button", name="Look around").click()
            page.get_by_text(f"Could not load {what}.").wait_for()
            path.with_suffix(".away").rename(path)
        page.get_by_role("button", name="Look around").click()
        page.locator(".stage.looking").wait_for()
    finally:
        page.close()


# --- texts and addresses ---


def test_texts_are_shown_as_they_are(web, gallery):
    """None is HTML; boom() would be an error, which `shown` reports."""
    nasty = rich_photos()[2]
    with shown(web, "wide", gallery) as page:
        assert nasty.caption in tiles(page)
        open_photo(page, nasty.caption)
        assert page.locator("#name").text_content() == nasty.caption
        values = page.locator("dd").all_text_contents()
        assert {nasty.author, nasty.name, nasty.folder} <= {*values}
        assert page.locator("#files bdi").text_content() == Path(nasty.files[0].path).name
        assert page.locator("#detail :is(script, b, i), #detail img[src=x]").count() == 0


def test_files_are_downloaded_whatever_they_are_called(web, few_photos, gallery_server):
    nasty = rich_photos()[2]
    with shown(web, "wide", f"{gallery_server}/rich/#photo={nasty.key}") as page:
        with page.expect_download() as expected:
            page.locator("#files a").click()
        assert expected.value.url.endswith("_kbvr.glb")
        assert Path(expected.value.path()).read_bytes() == b""
        address = page.locator("#files a").evaluate("one => one.href")
        assert page.evaluate("address => fetch(address).then(answer => answer.status)", address) == 200
        page.get_by_role("button", name="Play the motion").click()
        page.locator(".depth .moving").wait_for()
