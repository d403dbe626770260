"""The page for everybody: keyboards, screen readers, phones, other colours, and a server that goes away."""

from __future__ import annotations

import pytest
from accessibility import assert_none, found
from PIL import Image
from studio_pages import CAT, GONE, open_tab, saved_options, scene_of, settle, shown, studio, tile

MODES = ("Look", "Set", "Mend", "Export")


@pytest.mark.parametrize("screen", ["wide", "phone"])
def test_axe_finds_no_problem(web, cat_url, screen):
    problems = {}
    with shown(web, cat_url, screen) as page:
        scene_of(page)
        for mode in MODES:
            open_tab(page, mode)
            page.wait_for_timeout(400)
            problems[mode] = found(page)
        open_tab(page, "Set")
        page.get_by_role("button", name="Set start and end").click()
        page.locator(".crop-tool").wait_for()
        problems["crops"] = found(page)
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        problems["help"] = found(page)
        page.keyboard.press("Escape")
        page.get_by_role("button", name="kbvr studio").click()
        page.get_by_role("heading", name="Turn a photo into 3D").wait_for()
        problems["start"] = found(page)
    assert_none(problems)


def test_everything_is_reached_by_keys_alone(web, tmp_path):
    """From the first screen to a photo in 3D, a setting, and another photo, without a mouse."""
    Image.open(CAT).resize((160, 107)).save(tmp_path / "small.jpg")
    with studio(tmp_path / "projects", tmp_path / "small.jpg", CAT) as url, shown(web, url) as page:
        card = page.get_by_role("button", name="small.jpg")
        card.wait_for()
        for _ in range(20):
            page.keyboard.press("Tab")
            if card.evaluate("one => one === document.activeElement"):
                break
        page.keyboard.press("Enter")
        scene_of(page)
        focused(page, page.get_by_role("tab", name="Look"))
        page.keyboard.press("ArrowRight")
        page.get_by_role("heading", name="Settings").wait_for()
        focused(page, page.locator('[role=radio][data-value="normal"]'))
        page.keyboard.press("ArrowRight")
        saved_options(page, {"strength": "bold"})
        focused(page, tile(page, "small.jpg"), "Shift+Tab")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.locator(".title", has_text="cat.jpg").wait_for()
        scene_of(page)
        page.keyboard.press("[")
        page.locator(".title", has_text="small.jpg").wait_for()


def focused(page, locator, key="Tab"):
    """Press a key until an element has the focus."""
    for _ in range(60):
        if locator.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{locator} is not reached by {key}")


def test_keys_are_listed_and_choose_what_is_shown(web, cat_url):
    with shown(web, cat_url) as page:
        scene_of(page)
        page.keyboard.press("?")
        page.get_by_role("dialog", name="Keyboard shortcuts").get_by_text("Play or pause").wait_for()
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="detached")
        for key, view in enumerate(("Photo", "Depth", "Layers", "3D"), 1):
            page.keyboard.press(str(key))
            page.locator(f'.top-bar [aria-checked="true"]:has-text("{view}")').wait_for()
        page.keyboard.press("Alt+2")
        page.get_by_role("heading", name="Settings").wait_for()
        page.get_by_role("searchbox").fill("1")
        assert page.locator('.top-bar [aria-checked="true"]').inner_text() == "3D", "it was written, not pressed"


def test_nothing_is_wider_than_a_phone_and_touch_targets_are_large(web, cat_url):
    small = """() => [...document.querySelectorAll("button, select, input, summary, [role=tab]")]
      .filter(one => one.checkVisibility() && !one.matches(".choice button, [type=range], [type=checkbox], .corner"))
      .map(one => [one.getBoundingClientRect(), one])
      .filter(([box]) => box.width > 0 && (box.height < 43.5 || box.width < 43.5))
      .map(([box, one]) => `${one.outerHTML.slice(0, 120)} ${box.width}x${box.height}`)"""
    with shown(web, cat_url, "phone") as page:
        scene_of(page)
        for mode in ("Look", "Set"):
            open_tab(page, mode)
            settle(page)
            assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
            assert page.evaluate(small) == []
        handle = page.get_by_role("button", name="More space for tools")
        before = page.locator(".panel").bounding_box()["height"]
        handle.click()
        page.get_by_role("button", name="More space for the picture").wait_for()
        assert page.locator(".panel").bounding_box()["height"] > before


NOT_REACHED = """() => {
  const wrong = [];
  const shown = one => one.checkVisibility() && one.getBoundingClientRect().width && !one.closest(".tile, .paper");
  for (const one of document.querySelectorAll(":is(.header, .stage, .strip, .tabs) :is(button, input)")) {
    if (!shown(one)) continue;
    const {left, top, right, bottom} = one.getBoundingClientRect();
    const name = one.ariaLabel || one.innerText;
    if (left < -1 || top < -1 || right > innerWidth + 1 || bottom > innerHeight + 1) wrong.push(`${name} is outside`);
    const there = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    if (!one.contains(there) && !there?.contains(one)) wrong.push(`${name} is below ${there?.className}`);
  }
  const edge = document.querySelector(".panel").getBoundingClientRect().right;
  for (const one of document.querySelectorAll(".panel-body :is(button, input, select, p)")) {
    if (shown(one) && one.getBoundingClientRect().right > edge + 1) wrong.push(`${one.innerText} is cut off`);
    if (one.matches("button") && one.scrollWidth > one.clientWidth + 1) wrong.push(`${one.innerText} is too long`);
  }
  if (document.documentElement.scrollWidth > innerWidth) wrong.push("the page is too wide");
  return wrong;
}"""


@pytest.mark.parametrize("size", [(844, 390), (390, 844), (768, 1024), (1440, 900), (320, 640), (667, 375)])
def test_nothing_overlaps_or_is_cut_off_on_any_screen(web, cat_url, size):
    size = {"width": size[0], "height": size[1]}
    is_phone = size["width"] < 1000
    with shown(web, cat_url, "wide", viewport=size, has_touch=is_phone, is_mobile=is_phone) as page:
        scene_of(page)
        for mode in MODES:
            open_tab(page, mode)
            page.locator(".brushing" if mode == "Mend" else ".live.drawn").wait_for()
            settle(page)
            assert page.evaluate(NOT_REACHED) == [], mode
        open_tab(page, "Look")
        picture = page.locator(".paper").bounding_box()
        assert min(picture["width"], picture["height"]) > 120, picture


@pytest.mark.parametrize("screen", ["wide", "phone"])
def test_what_a_tool_wants_is_said_beside_the_photo(web, cat_url, screen):
    with shown(web, cat_url, screen) as page:
        scene_of(page)
        open_tab(page, "Set")
        page.get_by_role("button", name="Set start and end").click()
        page.locator(".crop-tool").wait_for()
        settle(page)
        how, panel = (page.locator(one).bounding_box() for one in (".tool-how", ".panel"))
        for corner in page.locator(".corner").all():
            box = corner.bounding_box()
            middle = box["y"] + box["height"] / 2
            assert middle + 6 < how["y"], "the handle is 12 px wide"
        assert screen == "wide" or how["y"] + how["height"] <= panel["y"]
        saved_options(page, {})


def test_colours_are_light_or_dark_as_people_choose(web, cat_url):
    ground = "() => getComputedStyle(document.querySelector('.panel')).backgroundColor"
    with shown(web, cat_url, color_scheme="light") as page:
        scene_of(page)
        light = page.evaluate(ground)
        page.get_by_role("button", name="Dark colours").click()
        dark = page.evaluate(ground)
        assert dark != light
        page.reload()
        page.get_by_role("button", name="Light colours").wait_for()
        assert page.evaluate(ground) == dark
        page.get_by_role("button", name="Light colours").click()
        assert page.evaluate(ground) == light


def test_what_is_chosen_is_seen_in_forced_colours(web, cat_url):
    colour = "one => getComputedStyle(one).backgroundColor"
    with shown(web, cat_url, forced_colors="active") as page:
        scene_of(page)
        chosen = page.locator('.outputs [aria-checked="true"]')
        other = page.locator('.outputs [aria-checked="false"]').first
        assert chosen.evaluate(colour) != other.evaluate(colour)
        tabs = page.get_by_role("tab")
        assert tabs.nth(0).evaluate(colour) != tabs.nth(1).evaluate(colour)


def test_a_server_that_stops_is_told_of_and_what_was_changed_is_saved_when_it_is_back(web, cat_url):
    offline = "the server responded|ERR_INTERNET_DISCONNECTED"
    with shown(web, cat_url, may_be_refused=offline) as page:
        scene_of(page)
        open_tab(page, "Set")
        page.context.set_offline(True)
        page.get_by_role("radio", name="Bold").click()
        gone = page.get_by_text("kbvr has been stopped. Start it again")
        gone.wait_for()
        page.get_by_text("The last changes on this page are not saved").wait_for()
        assert page.locator(".live.drawn").is_visible(), "what was there is still there"
        page.context.set_offline(False)
        gone.wait_for(state="detached")
        saved_options(page, {"strength": "bold"})
        page.get_by_role("button", name="Reset all").click()
        saved_options(page, {})


def test_a_photo_is_removed_by_touch(web, tmp_path):
    Image.open(CAT).resize((160, 107)).save(tmp_path / "small.jpg")
    with (
        studio(tmp_path / "projects", tmp_path / "small.jpg") as url,
        shown(web, url, "phone", may_be_refused=GONE) as page,
    ):
        page.get_by_role("button", name="small.jpg").tap()
        button = page.get_by_role("button", name="Remove small.jpg")
        button.wait_for()
        assert min(button.bounding_box()["width"], button.bounding_box()["height"]) >= 44
        button.tap()
        page.get_by_role("heading", name="Turn a photo into 3D").wait_for()
        assert not page.get_by_role("button", name="small.jpg").is_visible()
        page.get_by_role("button", name="Bring back").tap()
        tile(page, "small.jpg").wait_for()
        scene_of(page)


@pytest.mark.parametrize("screen", ["wide", "phone"])
def test_a_photo_is_removed_and_brought_back_with_the_keyboard(web, tmp_path, screen):
    """The focus stays in the list; what is said of it has no problem that axe finds."""
    for name in ("one.jpg", "two.jpg"):
        Image.open(CAT).resize((160, 107)).save(tmp_path / name)
    with (
        studio(tmp_path / "projects", *sorted(tmp_path.glob("*.jpg"))) as url,
        shown(web, url, screen, may_be_refused=GONE) as page,
    ):
        page.get_by_role("button", name="one.jpg").press("Enter")
        scene_of(page)
        tile(page, "one.jpg").press("Delete")
        page.get_by_text("Removed one.jpg. Its folder is in the trash.").wait_for()
        assert_none({"removed": found(page)})
        tile(page, "two.jpg").and_(page.locator(":focus")).wait_for()
        assert tile(page, "one.jpg").count() == 0
        page.get_by_role("button", name="Bring back").press("Enter")
        tile(page, "one.jpg").and_(page.locator(":focus")).wait_for()
        assert page.get_by_role("button", name="Bring back").count() == 0
        assert (tmp_path / "projects" / "one.kbvr").is_dir()


def test_a_photo_that_is_removed_makes_room_for_the_next(web, tmp_path):
    Image.open(CAT).resize((160, 107)).save(tmp_path / "small.jpg")
    with (
        studio(tmp_path / "projects", tmp_path / "small.jpg", CAT) as url,
        shown(web, url, may_be_refused=GONE) as page,
    ):
        page.get_by_role("button", name="small.jpg").click()
        scene_of(page)
        page.get_by_role("button", name="Remove small.jpg").click(force=True)
        page.locator(".title", has_text="cat.jpg").wait_for()
        tile(page, "small.jpg").wait_for(state="detached")
        assert (tmp_path / "small.jpg").exists(), "only the studio's own folder goes"
