"""Settings: each is saved, undone, shared between tabs, and refused where it was entered."""

from __future__ import annotations

import re

import pytest
from PIL import Image
from studio_pages import CAT, SMALL, open_tab, project_of, saved_options, scene_of, settle, shown, studio, tile

NOTE_LASTING = """
  const ask = window.fetch.bind(window);
  window.fetch = (address, init) => {
    if (init?.method === "PUT") localStorage.setItem("lasting", init.keepalive);
    return ask(address, init);
  };
"""
"""Note whether the last save was asked for with `keepalive`."""


@pytest.fixture
def settings(web, cat_url):
    """Open the settings of a project without any."""
    with shown(web, cat_url, viewport=SMALL) as page:
        scene_of(page)
        open_tab(page, "Set")
        page.get_by_role("button", name="Reset all").or_(page.get_by_role("heading", name="Settings")).first.wait_for()
        yield page
        if page.get_by_role("button", name="Reset all").is_visible():
            page.get_by_role("button", name="Reset all").click()
        saved_options(page, {})


def numbers(text):
    return [float(one) for one in re.findall(r"[\d.]+", text)]


def test_a_setting_is_saved_undone_redone_and_there_after_a_reload(settings):
    page = settings
    page.get_by_role("radio", name="Bold").click()
    saved_options(page, {"strength": "bold"})
    page.keyboard.press("Control+z")
    saved_options(page, {})
    page.keyboard.press("Control+Shift+z")
    saved_options(page, {"strength": "bold"})
    page.reload()
    open_tab(page, "Set")
    page.locator('[role=radio][data-value="bold"][aria-checked="true"]').wait_for()
    assert project_of(page)["options"] == {"strength": "bold"}


def test_what_was_changed_last_is_saved_when_the_page_is_closed(settings):
    """Sooner than a change is sent otherwise, and by a request that outlives the page."""
    page = settings
    page.add_init_script(NOTE_LASTING)
    page.reload()
    open_tab(page, "Set")
    page.locator('[role=radio][data-value="bold"]').wait_for()
    url = page.url
    page.evaluate("""() => {
      document.querySelector('[role=radio][data-value="bold"]').click();
      location.href = "about:blank";
    }""")
    page.wait_for_url("about:blank")
    page.goto(url)
    open_tab(page, "Set")
    saved_options(page, {"strength": "bold"})
    assert page.evaluate("localStorage.getItem('lasting')") == "true"


def test_the_picture_follows_a_setting(settings):
    page = settings
    planned = "performance.getEntriesByName('kbvr:plan').length"
    before = page.evaluate(planned)
    page.get_by_role("radio", name="Gentle").click()
    page.wait_for_function("before => performance.getEntriesByName('kbvr:plan').length > before", arg=before)


def test_a_bad_value_is_refused_where_it_was_entered(web, cat_url):
    with shown(web, cat_url, may_be_refused=True) as page:
        scene_of(page)
        open_tab(page, "Set")
        field = page.get_by_role("textbox", name="Length")
        field.fill("soon")
        field.press("Enter")
        control = page.locator('[data-option="seconds"]')
        control.get_by_role("alert").wait_for()
        assert "0.1 to 600 seconds" in control.get_by_role("alert").inner_text()
        assert field.get_attribute("aria-invalid") == "true"
        field.fill("4")
        field.press("Enter")
        control.get_by_role("alert").wait_for(state="detached")
        control.get_by_role("button", name="Reset: Length").click()
        saved_options(page, {})


def test_the_usual_choices_of_a_text_are_in_words_and_others_can_be_written(settings):
    page = settings
    page.get_by_role("searchbox", name="Search options").fill("the screen that")
    control = page.locator('[data-option="screen"]')
    choice, other = control.get_by_role("combobox"), control.get_by_role("textbox", name="Screen: other")
    assert choice.evaluate("one => one.selectedOptions[0].text") == "A television"
    control.get_by_text("A television: 55 inches, seen from three times its height.").wait_for()
    choice.select_option("A phone")
    saved_options(page, {"screen": "phone"})
    assert other.count() == 0
    choice.select_option("Other…")
    other.fill("1.2@2.5")
    other.press("Enter")
    saved_options(page, {"screen": "1.2@2.5"})
    assert choice.evaluate("one => one.selectedOptions[0].text") == "Other…"
    control.get_by_role("button", name="Reset: Screen").click()
    saved_options(page, {})
    assert choice.evaluate("one => one.selectedOptions[0].text") == "A television"
    other.wait_for(state="detached")


def test_every_option_is_found_and_reset_by_itself(settings):
    page = settings
    page.get_by_role("searchbox", name="Search options").fill("easing")
    page.get_by_text(re.compile(r"^\d+ options?$")).wait_for()
    page.get_by_label("Easing").select_option("linear")
    page.get_by_text("Even: at a constant speed.").wait_for()
    page.get_by_role("radio", name="Bold").click()
    saved_options(page, {"ease": "linear", "strength": "bold"})
    page.get_by_role("button", name="Reset: Easing").click()
    saved_options(page, {"strength": "bold"})


def test_a_preset_sets_its_options_and_only_its_own_are_taken_back(settings):
    page = settings
    page.get_by_role("radio", name="Bold").click()
    story = page.get_by_role("button", name="Story")
    story.click()
    options = {"kenburns": "yes", "aspect": "9:16", "max_size": "1080x1920", "fps": "30", "seconds": "8"}
    saved_options(page, options | {"strength": "bold"})
    assert story.get_attribute("aria-pressed") == "true"
    story.click()
    saved_options(page, {"strength": "bold"})


PRESETS = {
    "Quest": ("Stereo video", "VR headset"),
    "YouTube VR180": ("Stereo video", "YouTube VR180"),
    "3D television": ("Stereo video", "3D television"),
    "Blog": ("Wiggle", "Blog or chat"),
    "Instagram": ("Ken Burns", None),
    "Story": ("Ken Burns", "Phone story"),
    "Looking Glass": ("Still", "Light-field display"),
}
"""Preset -> what it previews, and the card of Export that it ticks."""


def test_every_preset_is_chosen_shown_and_taken_back(settings):
    page = settings
    cards = page.locator(".preset-cards")
    for name, (shown_as, purpose) in PRESETS.items():
        preset = cards.get_by_role("button", name=name)
        with page.expect_response("**/options"):
            preset.click()
        settle(page)
        assert preset.get_attribute("aria-pressed") == "true", name
        assert cards.locator('[aria-pressed="true"]').count() == 1, name
        open_tab(page, "Look")
        assert page.get_by_role("radio", name=shown_as).first.get_attribute("aria-checked") == "true", name
        open_tab(page, "Export")
        ticked = page.locator('.purposes [aria-pressed="true"] .purpose-name').all_inner_texts()
        assert ticked == ([purpose] if purpose else []), name
        assert page.get_by_role("button", name="Export", exact=True).is_enabled()
        open_tab(page, "Set")
        preset.click()
        saved_options(page, {})


def test_what_the_preview_does_not_have_is_shown_in_another(settings):
    page = settings
    page.locator('[data-option="path"] select').first.select_option(label="Orbit")
    page.get_by_text("The picture shows “Ken Burns” now, because “Camera move” does nothing in “Wiggle”.").wait_for()
    page.get_by_text("/ 6.0 s").wait_for()
    page.get_by_role("textbox", name="Distance of the screen").first.fill("2")
    page.keyboard.press("Enter")
    page.get_by_text("The picture shows “Stereo video” now").wait_for()
    saved_options(page, {"path": "orbit", "convergence_m": "2"})


def test_what_is_being_typed_stays_when_the_page_changes_meanwhile(settings):
    """The answer to an earlier change may come while somebody types."""
    page = settings
    distance = page.get_by_role("textbox", name="Distance of the screen").first
    distance.fill("2")
    page.get_by_role("radio", name="bold").first.evaluate("button => button.click()")
    saved_options(page, {"strength": "bold"})
    page.wait_for_timeout(1000)
    assert distance.input_value() == "2"
    distance.press("Enter")
    saved_options(page, {"strength": "bold", "convergence_m": "2"})


def test_the_start_and_end_of_a_move_are_dragged_on_the_photo(settings):
    page = settings
    page.get_by_role("button", name="Set start and end").click()
    end = page.get_by_role("slider", name="End of the move")
    end.wait_for()
    settle(page)
    frame = page.locator(".crop-tool").bounding_box()
    box = end.bounding_box()
    x, y = box["x"] + box["width"] - 2, box["y"] + box["height"] - 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 0.3 * box["width"], y - 0.3 * box["height"], steps=4)
    page.mouse.up()
    settle(page)
    small = end.bounding_box()
    assert small["width"] == pytest.approx(0.7 * box["width"], abs=4)
    assert (small["x"], small["y"]) == pytest.approx((box["x"], box["y"]), abs=3), "the other corner stays"
    page.mouse.move(small["x"] + small["width"] / 2, small["y"] + small["height"] / 2)
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2, steps=4)
    page.mouse.up()
    page.wait_for_timeout(600)
    x, y, width, height = numbers(project_of(page)["options"]["to_crop"])
    assert width == height
    assert (x + width / 2, y + height / 2) == pytest.approx((50, 50), abs=1)


def test_the_start_and_end_of_a_move_are_set_by_keys(settings):
    page = settings
    page.get_by_role("button", name="Set start and end").click()
    start = page.get_by_role("slider", name="Start of the move")
    for key in ("-", "-", "-", "-", "ArrowRight", "ArrowDown"):
        start.press(key)
    page.wait_for_timeout(600)
    x, y, width, _ = numbers(project_of(page)["options"]["from_crop"])
    assert 75 < width < 90
    assert x > 50 - width / 2 + 0.5
    assert y > 50 - width / 2 + 0.5
    start.press("Escape")
    start.wait_for(state="detached")


def test_another_shape_says_that_start_and_end_are_chosen_again(settings):
    page = settings
    page.get_by_role("button", name="Set start and end").click()
    start = page.get_by_role("slider", name="Start of the move")
    start.press("-")
    start.press("Escape")
    page.get_by_role("radio", name="1:1").click()
    page.get_by_text("Start and end of the move are chosen automatically again").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Choose start and end automatically").wait_for()


def test_a_click_says_what_is_sharp_and_what_is_at_the_screen(settings):
    page = settings
    page.get_by_role("button", name="Click what is sharp").click()
    layer = page.locator(".pick-tool")
    box = layer.bounding_box()
    layer.click(position={"x": box["width"] * 0.25, "y": box["height"] * 0.5})
    layer.wait_for(state="detached")
    page.get_by_text(re.compile(r"^Sharp at \d")).and_(page.locator(".chosen-place span")).wait_for()
    sliders = page.locator('[data-option="aperture_percent"] input[type=range]')
    assert [slider.input_value() for slider in sliders.all()] == ["1", "1"]
    page.get_by_role("button", name="Click what is at the screen").click()
    layer.press("ArrowLeft")
    layer.press("Enter")
    layer.wait_for(state="detached")
    page.wait_for_timeout(600)
    options = project_of(page)["options"]
    assert numbers(options["focus"]) == pytest.approx([25, 50], abs=0.5)
    assert float(options["convergence_m"]) > 0
    page.get_by_role("button", name="Let kbvr choose what is sharp").click()
    saved_options(page, {"convergence_m": options["convergence_m"]})


def test_a_move_rests_so_that_its_blur_is_seen(web, cat_url):
    with shown(web, cat_url, reduced_motion="no-preference", viewport={"width": 900, "height": 600}) as page:
        scene_of(page)
        page.get_by_role("button", name="Pause").wait_for()
        open_tab(page, "Set")
        page.get_by_role("button", name="Click what is sharp").click()
        page.locator(".pick-tool").click(position={"x": 60, "y": 60})
        page.get_by_text("The move is paused: blur is drawn while the picture is at rest.").wait_for()
        page.get_by_role("button", name="Play", exact=True).wait_for()
        page.get_by_role("button", name="Reset all").click()
        saved_options(page, {})


def test_another_shape_shows_what_is_cropped(settings):
    page = settings
    page.get_by_role("radio", name="1:1").click()
    page.keyboard.press("1")
    crop = page.locator(".crop-frame")
    crop.wait_for()
    settle(page)
    box = crop.bounding_box()
    assert box["width"] == pytest.approx(box["height"], rel=0.02)
    page.keyboard.press("4")
    settle(page)
    canvas = page.locator(".live canvas").bounding_box()
    assert canvas["width"] == pytest.approx(canvas["height"], rel=0.02)


def test_a_change_in_one_tab_comes_to_the_other(web, cat_url):
    with shown(web, cat_url, viewport=SMALL) as one, shown(web, cat_url, viewport=SMALL) as other:
        for page in (one, other):
            scene_of(page)
            open_tab(page, "Set")
        one.get_by_role("radio", name="Gentle").click()
        other.locator('[role=radio][data-value="gentle"][aria-checked="true"]').wait_for()
        other.get_by_role("button", name="Reset all").click()
        one.locator('[role=radio][data-value="normal"][aria-checked="true"]').wait_for()


def test_two_tabs_do_not_overwrite_each_other(web, cat_url):
    """The tab whose change comes second takes the other's settings, and says so."""
    with shown(web, cat_url, viewport=SMALL) as one, shown(web, cat_url, viewport=SMALL, may_be_refused=True) as other:
        # the other tab hears of nothing once it has begun
        other.route("**/api/events*", lambda route: route.continue_() if "since=0" in route.request.url else None)
        other.reload()
        for page in (one, other):
            scene_of(page)
            open_tab(page, "Set")
        one.get_by_role("radio", name="Gentle").click()
        saved_options(one, {"strength": "gentle"})
        other.get_by_role("radio", name="16:9").click()
        other.get_by_text("These settings were changed in another tab.").wait_for()
        other.locator('[role=radio][data-value="gentle"][aria-checked="true"]').wait_for()
        saved_options(one, {"strength": "gentle"})
        one.get_by_role("button", name="Reset all").click()
        saved_options(one, {})


def slow_saves(page):
    """Let every save take a while, so that changes are made during one."""

    def wait(route):
        page.wait_for_timeout(700)
        route.continue_()

    page.route("**/options", wait)


def change_during_a_save(page):
    """Change a setting while another is on its way to the server."""
    with page.expect_request("**/options"):
        page.get_by_role("radio", name="Bold").click()
    page.get_by_role("radio", name="16:9").click()


def test_what_is_changed_during_a_save_is_in_what_is_copied_at_once(settings):
    page = settings
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    slow_saves(page)
    change_during_a_save(page)
    open_tab(page, "Export")
    page.get_by_role("button", name="Copy as command").click()
    page.get_by_role("button", name="Copied").wait_for()
    command = page.evaluate("navigator.clipboard.readText()")
    assert "--strength bold" in command
    assert "--aspect 16:9" in command
    page.unroute("**/options")
    open_tab(page, "Set")


def test_what_is_changed_during_a_save_is_kept_when_another_photo_is_shown(web, tmp_path):
    for name in ("one.jpg", "two.jpg"):
        Image.open(CAT).resize((96, 64)).save(tmp_path / name)
    with studio(tmp_path / "projects", tmp_path / "one.jpg", tmp_path / "two.jpg") as url, shown(web, url) as page:
        page.get_by_role("button", name="one.jpg").click()
        open_tab(page, "Set")
        page.get_by_role("radio", name="Bold").wait_for()
        slow_saves(page)
        change_during_a_save(page)
        tile(page, "two.jpg").click()
        page.locator('[role=radio][data-value="normal"][aria-checked="true"]').wait_for()
        page.wait_for_timeout(2000)
        tile(page, "one.jpg").click()
        page.locator('[role=radio][data-value="16:9"][aria-checked="true"]').wait_for()
        saved_options(page, {"strength": "bold", "aspect": "16:9"})
