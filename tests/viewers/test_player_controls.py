"""What people do with the stereo player: on a desktop's screen and on a phone with touch."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from io import BytesIO

import av
import numpy as np
import pytest
from PIL import Image
from player_pages import (
    FACTS,
    FPS,
    LEFT,
    PHONE,
    RIGHT,
    SCREENS,
    SECONDS,
    SIZE_PX,
    chosen,
    drawn,
    loaded,
    player,
    time_at,
)
from web_client import viewing

from kbvr.formats.spec.format import Item
from kbvr.formats.video.write_video import write_video
from kbvr.options.export_options import FileOptions

FRAME_S = 1 / FPS
WINDOW = {"viewport": {"width": 900, "height": 480}}
"""A small one, where the size does not matter."""

CALM = {"reduced_motion": "reduce"}
TARGET_PX = 44
"""Side of what fingers have to hit."""

COUNT_SEEKS = """
  window.seeks = [];
  const time = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "currentTime");
  Object.defineProperty(HTMLMediaElement.prototype, "currentTime", {
    ...time,
    set(seconds) {
      window.seeks.push({seconds, isBusy: this.seeking});
      time.set.call(this, seconds);
    },
  });
"""
CANNOT_SEEK = """
  const none = {length: 0, start: () => 0, end: () => 0};
  Object.defineProperty(HTMLMediaElement.prototype, "seekable", {get: () => none});
"""
SLOW_CLOCK = """
  window.nowMs = 0;
  const frame = window.requestAnimationFrame;
  window.requestAnimationFrame = callback => frame(() => callback(window.nowMs));
"""
"""The time of frames is what a test says."""

NO_STORAGE = """
  Object.defineProperty(window, "localStorage", {get() { throw new DOMException("blocked", "SecurityError"); }});
"""


@pytest.fixture(scope="module")
def loop(folder):
    path = folder / "film_kbvr_wiggle.mp4"
    views = (np.full((160, 240, 3), 60 + 40 * (frame % 4), np.uint8) for frame in range(12))
    write_video(views, Item("video", path, "mono"), FACTS, FileOptions(fps=FPS))
    return path


@pytest.fixture(scope="module")
def gif(folder):
    path = folder / "blink.gif"
    frames = [Image.new("RGB", SIZE_PX, (level, level, level)) for level in (40, 220)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=200, loop=0)
    return path


@pytest.fixture(scope="module")
def sounding(folder):
    """A film with sound, which is silence."""
    path = folder / "song.webm"
    with av.open(path, "w") as made:
        pictures, sound = made.add_stream("vp9", rate=FPS), made.add_stream("libopus", rate=48000)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        for _ in range(FPS):
            made.mux(pictures.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 2 * 48000), np.int16), format="s16", layout="stereo")
        silence.sample_rate = 48000
        made.mux(sound.encode(silence))
        for stream in (pictures, sound):
            made.mux(stream.encode(None))
    return path


@contextmanager
def served(web, path, screen, *scripts, query="", **more):
    """Open a file in the player as `kbvr view` shows it."""
    with viewing(path) as server:
        url = server.url + server.served.site.links[0] + query
        with player(web, url, screen, *scripts, **more) as page:
            loaded(page)
            yield page


@contextmanager
def dropped(web, stereo_page, path, screen, *scripts, query="", **more):
    """Open a file in the player as from a person's disk."""
    with player(web, stereo_page + query, screen, *scripts, **more) as page:
        chosen(page, path)
        yield page


def eye_in(rgb):
    """Return whose picture is shown in the middle."""
    value = rgb[rgb.shape[0] // 2, rgb.shape[1] // 2, 2]
    return "left" if abs(value - LEFT[80, 120, 2]) < abs(value - RIGHT[80, 120, 2]) else "right"


def position(page):
    return float(page.input_value("#position"))


def at(page, seconds):
    """Wait until the video is at a time, within half a frame."""
    page.wait_for_function(
        "([seconds, near]) => Math.abs(document.querySelector('#position').value - seconds) < near",
        arg=[seconds, FRAME_S / 2],
    )


def place_on_bar(page, seconds):
    """Return where a time is on the scrub bar, in CSS pixels."""
    box = page.locator("#position").bounding_box()
    return box["x"] + 8 + (box["width"] - 16) * seconds / SECONDS, box["y"] + box["height"] / 2


def is_playing(page):
    return page.get_by_role("button", name="Pause", exact=True).count() == 1


def thumbnail(page):
    """Return the small picture over the scrub bar once it is there, H x W x 3."""
    page.wait_for_function("() => !document.querySelector('#thumbnail').hidden")
    url = page.locator("#thumbnail").evaluate("canvas => canvas.toDataURL()")
    with page.expect_download() as saved:
        page.evaluate("url => Object.assign(document.createElement('a'), {href: url, download: 'a.png'}).click()", url)
    return np.asarray(Image.open(saved.value.path()).convert("RGB")).astype(int)


# What is seen first


@pytest.mark.parametrize(
    ("name", "more", "query", "view"),
    [
        ("card_kbvr_LR.png", {}, "", "wiggle"),
        ("card_kbvr_LR.png", CALM, "", "left"),
        ("card_kbvr_LR.png", CALM, "?view=wiggle", "wiggle"),
        ("card_kbvr_LR.png", {}, "?view=anaglyph", "red-cyan"),
        ("card_kbvr_LR.png", {}, "?stereo=cross", "cross"),
        ("card_kbvr_180_LR.png", {}, "", "left"),
    ],
)
def test_pictures_start_in_a_wiggle_but_not_against_a_persons_wish(
    web, stereo_page, picture, tmp_path, name, more, query, view
):
    path = tmp_path / name
    shutil.copy(picture, path)
    with dropped(web, stereo_page, path, WINDOW, query=query, **more) as page:
        assert page.input_value("#view") == view
        seen = {int(drawn(page)[240, 450, 2]) for _ in range(12)}
    left, right = (int(view[80, 120, 2]) for view in (LEFT, RIGHT))
    if view == "wiggle":
        assert seen == {left, right}
    if view == "left":
        assert len(seen) == 1


@pytest.mark.parametrize("more", [{}, CALM], ids=["", "calm"])
def test_a_film_waits_on_its_first_picture_of_one_eye(web, video, more):
    with served(web, video, WINDOW, **more) as page:
        assert page.input_value("#view") == "left"
        page.wait_for_timeout(500)
        assert position(page) == 0
        assert drawn(page)[240, 450] == pytest.approx([40, 40, 40], abs=3)
        page.locator("#start").click()
        page.wait_for_function("() => document.querySelector('#position').value > 0.2")
        assert page.locator("#start").is_hidden()


@pytest.mark.parametrize(
    ("kind", "more", "query", "plays"),
    [("loop", {}, "", True), ("loop", CALM, "", False), ("video", CALM, "&autoplay", True)],
)
def test_loops_play_by_themselves_and_so_does_what_is_asked_to(web, loop, video, kind, more, query, plays):
    with served(web, loop if kind == "loop" else video, WINDOW, query=query, **more) as page:
        page.wait_for_timeout(400)
        assert is_playing(page) == plays
        if kind == "loop":
            assert page.locator("#view, #swap").evaluate_all("all => all.every(one => one.hidden)")
            assert page.locator("#loop").get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("more", [{}, CALM], ids=["", "calm"])
def test_a_picture_with_several_frames_moves_and_can_be_paused(web, stereo_page, gif, more):
    with dropped(web, stereo_page, gif, WINDOW, **more) as page:
        if more:
            assert {int(drawn(page)[240, 450, 0]) for _ in range(5)} == {40}
            page.get_by_role("button", name="Play", exact=True).click()
        page.wait_for_function("() => document.querySelector('#pause').ariaLabel === 'Pause'")
        assert {int(drawn(page)[240, 450, 0]) for _ in range(12)} == {40, 220}
        page.keyboard.press(" ")
        page.wait_for_timeout(300)
        assert len({int(drawn(page)[240, 450, 0]) for _ in range(5)}) == 1


# The scrub bar


@pytest.mark.parametrize("how", ["served", "dropped"])
def test_hovering_shows_a_small_picture_of_that_time(web, stereo_page, video, how):
    """Of one eye, in its shape, and kept for the next time."""
    opened = served(web, video, WINDOW, COUNT_SEEKS) if how == "served" else None
    with opened or dropped(web, stereo_page, video, WINDOW, COUNT_SEEKS) as page:
        for seconds in (6, 2):
            page.mouse.move(*place_on_bar(page, seconds))
            page.wait_for_function("count => window.seeks.length === count", arg=1 if seconds == 6 else 2)
            page.wait_for_timeout(300)
            assert page.locator("#preview").inner_text() == f"0:0{seconds}"
            small = thumbnail(page)
            assert time_at(small.mean()) == pytest.approx(seconds, abs=0.25)
            assert np.ptp(small.reshape(-1, 3).mean(axis=0)) < 4
            assert small.shape[1] / small.shape[0] == pytest.approx(SIZE_PX[0] / SIZE_PX[1], abs=0.02)
        page.mouse.move(*place_on_bar(page, 6))
        page.wait_for_timeout(300)
        assert time_at(thumbnail(page).mean()) == pytest.approx(6, abs=0.25)
        assert len(page.evaluate("() => window.seeks")) == 2
        assert position(page) == 0
        page.mouse.move(500, 200)
        assert page.locator("#preview").is_hidden()


def test_a_moving_mouse_seeks_one_picture_at_a_time(web, video):
    with served(web, video, WINDOW, COUNT_SEEKS) as page:
        (first, y), (last, _) = place_on_bar(page, 0.5), place_on_bar(page, 7.5)
        page.mouse.move(first, y)
        page.mouse.move(last, y, steps=120)
        page.wait_for_timeout(800)
        assert time_at(thumbnail(page).mean()) == pytest.approx(7.5, abs=0.25)
        seeks = page.evaluate("() => window.seeks")
    assert seeks
    assert not [seek for seek in seeks if seek["isBusy"]]


def test_what_cannot_be_sought_has_no_pictures(web, video):
    with served(web, video, WINDOW, CANNOT_SEEK) as page:
        page.mouse.move(*place_on_bar(page, 6))
        page.wait_for_timeout(200)
        assert page.locator("#position").is_disabled()
        assert page.locator("#preview").is_hidden()


def test_the_bar_shows_what_has_loaded_and_says_where_it_is(web, video):
    with served(web, video, WINDOW) as page:
        page.wait_for_function("() => document.querySelector('#scrub').style.getPropertyValue('--buffered')")
        page.mouse.click(*place_on_bar(page, 4))
        at(page, 4)
        style = page.locator("#scrub").get_attribute("style")
        assert "currentcolor" in style.lower()
        assert page.get_by_role("slider", name="Position").get_attribute("aria-valuetext") == "0:04 of 0:08"
        assert page.locator("#time").inner_text() == "0:04 / 0:08"


def test_keys_seek_by_seconds_and_by_frames(web, video):
    with served(web, video, WINDOW) as page:
        steps = [("ArrowRight", 5), ("ArrowLeft", 0), ("Shift+ArrowRight", 1.5 * FRAME_S), (".", 2.5 * FRAME_S)]
        steps += [(",", 1.5 * FRAME_S), ("End", SECONDS - FRAME_S / 2), ("ArrowRight", SECONDS - FRAME_S / 2)]
        steps += [("Shift+ArrowLeft", SECONDS - 1.5 * FRAME_S), ("Home", 0)]
        for focused in (None, "#position", "#mute", "#loop"):
            if focused:
                page.locator(focused).focus() if page.locator(focused).is_visible() else None
            for key, seconds in steps:
                page.keyboard.press(key)
                at(page, seconds)
        page.keyboard.press(".")
        page.wait_for_timeout(300)
        assert time_at(drawn(page)[240, 450, 0]) == pytest.approx(FRAME_S, abs=0.06)


def test_a_finger_drags_the_time_with_a_small_picture(web, video):
    with served(web, video, PHONE) as page:
        assert page.locator("#position").bounding_box()["height"] >= TARGET_PX
        session = page.context.new_cdp_session(page)

        def touch(kind, *points):
            touched = [{"x": x, "y": y} for x, y in points]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})

        (start, y), (end, _) = place_on_bar(page, 0), place_on_bar(page, 6)
        touch("touchStart", (start, y))
        for share in np.linspace(0, 1, 6):
            touch("touchMove", (start + share * (end - start), y))
        page.wait_for_timeout(700)
        assert page.locator("#preview").is_visible()
        assert position(page) == pytest.approx(6, abs=0.2)
        assert time_at(thumbnail(page).mean()) == pytest.approx(6, abs=0.3)
        box = page.locator("#preview").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        touch("touchEnd")
        page.locator("#preview").wait_for(state="hidden")
        assert position(page) == pytest.approx(6, abs=0.2)


# Choices


def test_choices_are_kept_for_the_next_file_but_the_swapped_eyes_are_not(web, video, picture):
    with viewing(video, picture) as server:
        film_url, card_url = (server.url + link for link in server.served.site.links)
        with player(web, film_url, WINDOW) as page:
            loaded(page)
            page.select_option("#view", "amber-blue")
            page.select_option("#speed", "0.5")
            page.get_by_role("button", name="Loop").click()
            page.keyboard.press("x")
            page.goto(card_url)
            loaded(page)
            assert page.input_value("#view") == "amber-blue"
            page.select_option("#view", "wiggle")
            page.select_option("#speed", "1.5")
            page.goto(film_url)
            loaded(page)
            assert page.input_value("#view") == "wiggle"
            assert page.input_value("#speed") == "0.5"
            assert page.locator("#loop").get_attribute("aria-pressed") == "false"
            assert page.locator("#swap").get_attribute("aria-pressed") == "false"
            page.goto(card_url)
            loaded(page)
            assert page.input_value("#speed") == "1.5"
            page.emulate_media(reduced_motion="reduce")
            page.reload()
            loaded(page)
            assert page.input_value("#view") == "left"


def test_the_sound_is_kept_as_it_was_set_where_there_is_sound(web, sounding, video):
    with viewing(sounding, video) as server:
        song, film = (server.url + link for link in server.served.site.links)
        with player(web, song, WINDOW) as page:
            loaded(page)
            volume = page.get_by_role("slider", name="Volume")
            volume.fill("0.4")
            assert volume.get_attribute("aria-valuetext") == "40%"
            page.keyboard.press("m")
            page.reload()
            loaded(page)
            page.get_by_role("button", name="Unmute").click()
            page.wait_for_function("() => document.querySelector('#volume').value === '0.4'")
            page.goto(film)
            loaded(page)
            assert page.locator("#mute, #volume").evaluate_all("all => all.every(one => one.hidden)")


def test_choices_can_be_reset(web, video):
    with served(web, video, WINDOW) as page:
        page.select_option("#view", "cross")
        page.select_option("#speed", "2")
        page.keyboard.press("l")
        page.keyboard.press("?")
        page.get_by_role("button", name="Reset choices").click()
        for _ in ("now", "after loading again"):
            assert page.input_value("#view") == "left"
            assert page.input_value("#speed") == "1"
            assert page.locator("#loop").get_attribute("aria-pressed") == "true"
            page.reload()
            loaded(page)


@pytest.mark.parametrize(
    "script",
    [
        NO_STORAGE,
        "localStorage.setItem('kbvr-player', '{not JSON')",
        "localStorage.setItem('kbvr-player', 'null')",
        """localStorage.setItem('kbvr-player', '{"view": "toString", "speed": 1e9, "volume": -1, "isLoop": "no"}')""",
    ],
)
def test_storage_that_is_blocked_or_damaged_changes_nothing(web, video, script):
    with served(web, video, WINDOW, script) as page:
        assert page.input_value("#view") == "left"
        assert page.input_value("#speed") == "1"
        page.select_option("#view", "right")
        page.keyboard.press("l")
        assert page.input_value("#view") == "right"


def test_speeds_are_those_of_the_film_and_of_the_wiggle(web, video, picture):
    with served(web, video, WINDOW, COUNT_SEEKS) as page:
        page.keyboard.press(">")
        assert page.input_value("#speed") == "1.25"
        page.keyboard.press("<")
        page.keyboard.press("<")
        assert page.input_value("#speed") == "0.75"
        page.select_option("#speed", "2")
        page.locator("#play").click()
        page.wait_for_timeout(1000)
        page.locator("#play").click()
        assert position(page) > 1.4
    with served(web, picture, WINDOW, SLOW_CLOCK) as page:
        page.select_option("#speed", "0.25")
        seen = []
        for now_ms in (100, 600, 700, 1300, 1400):
            page.evaluate("nowMs => { window.nowMs = nowMs; }", now_ms)
            page.wait_for_timeout(800)
            seen.append(eye_in(drawn(page)))
        assert seen == ["left", "left", "right", "right", "left"]
        page.get_by_role("button", name="Pause", exact=True).click()
        page.evaluate("() => { window.nowMs = 700; }")
        assert eye_in(drawn(page)) == "left"


# Half spheres


def test_looking_around_stays_inside_and_returns(web, stereo_page, tmp_path):
    sphere = np.full((512, 512, 3), 90, np.uint8)
    sphere[:, :256, 0] = 200
    path = tmp_path / "round_kbvr_180_LR.png"
    Image.fromarray(np.hstack([sphere, sphere])).save(path)
    with dropped(web, stereo_page, path, WINDOW) as page:
        ahead = drawn(page)
        assert ahead.min() > 60
        for across, down in ((880, 240), (20, 240), (450, 470), (450, 10)):
            page.mouse.move(450, 240)
            page.mouse.down()
            page.mouse.move(across, down)
            page.mouse.up()
            turned = drawn(page)
            assert np.abs(turned - ahead).max() > 60 or down != 240
            assert turned[240].min() > 60
            assert turned[:, 450].min() > 60
        page.keyboard.press("r")
        assert np.abs(drawn(page) - ahead).max() == 0
        page.mouse.move(500, 200)
        page.mouse.wheel(0, -400)
        page.keyboard.press("d")
        assert np.abs(drawn(page) - ahead).max() > 60


def test_fingers_look_around_and_zoom(web, stereo_page, tmp_path):
    sphere = np.zeros((512, 512, 3), np.uint8)
    sphere[:, 250:262] = 255
    path = tmp_path / "round_kbvr_180_LR.png"
    Image.fromarray(np.hstack([sphere, sphere])).save(path)
    with dropped(web, stereo_page, path, PHONE) as page:
        session = page.context.new_cdp_session(page)

        def touch(kind, *points):
            touched = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})

        def stripe(rgb):
            light = np.flatnonzero(rgb[rgb.shape[0] // 3, :, 0] > 128)
            return light[0], light[-1]

        first = stripe(drawn(page))
        touch("touchStart", (150, 300), (240, 300))
        for more in range(10, 101, 10):
            touch("touchMove", (150 - more, 300), (240 + more, 300))
        touch("touchEnd")
        nearer = stripe(drawn(page))
        assert np.ptp(nearer) > 1.6 * np.ptp(first)
        touch("touchStart", (150, 300))
        for more in range(10, 61, 10):
            touch("touchMove", (150 + more, 300))
        touch("touchEnd")
        turned = stripe(drawn(page))
        assert np.mean(turned) == pytest.approx(np.mean(nearer) + 120, abs=12)


# Saving, help and the bar


@pytest.mark.parametrize(
    ("view", "name", "wanted"),
    [
        ("left", "card_frame.png", LEFT),
        ("right", "card_frame.png", RIGHT),
        ("sbs", "card_frame_LR.png", np.hstack([LEFT, RIGHT])),
        ("cross", "card_frame_RL.png", np.hstack([RIGHT, LEFT])),
    ],
)
def test_the_picture_is_saved_as_it_is_shown_but_without_borders(web, picture, view, name, wanted):
    with served(web, picture, WINDOW, query=f"&view={view}") as page:
        before = drawn(page)
        with page.expect_download() as saved:
            page.get_by_role("button", name="Save the picture").click()
        assert saved.value.suggested_filename == name
        png = np.asarray(Image.open(BytesIO(saved.value.path().read_bytes())).convert("RGB")).astype(int)
        assert png.shape == wanted.shape
        assert np.abs(png - wanted).max() <= 1
        page.get_by_text(f"Saved {name}").wait_for()
        assert np.abs(drawn(page) - before).max() == 0


def tap(control):
    """Tap a control of the bar, which may have faded meanwhile: wake it first."""
    control.dispatch_event("pointermove")
    control.tap()


def test_touch_screens_share_the_picture(web, video):
    noted = """
      navigator.canShare = ({files}) => files.length === 1;
      navigator.share = async ({files}) => { window.shared = [files[0].name, files[0].type, files[0].size]; };
    """
    with served(web, video, PHONE, noted) as page:
        tap(page.get_by_role("button", name="More"))
        tap(page.get_by_role("button", name="Save the picture"))
        page.wait_for_function("() => window.shared")
        name, kind, size = page.evaluate("() => window.shared")
    assert (name, kind) == ("film_frame.png", "image/png")
    assert size > 100


@pytest.mark.parametrize("kind", ["video", "picture"])
@pytest.mark.parametrize("screen", SCREENS)
def test_every_control_is_within_the_screen_in_two_rows_and_large_enough(web, video, picture, screen, kind):
    with served(web, video if kind == "video" else picture, SCREENS[screen]) as page:
        controls = page.locator("#bars :is(button, select, input):visible")
        boxes = [controls.nth(index).bounding_box() for index in range(controls.count())]
        width = page.viewport_size["width"]
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
        assert len({round(box["y"]) for box in boxes}) <= 2
        if screen == "phone":
            assert min(min(box["height"], box["width"]) for box in boxes) >= TARGET_PX
            tap(page.get_by_role("button", name="More"))
            extra = page.locator("#extra")
            assert extra.bounding_box()["x"] >= 0
            assert extra.get_by_role("button", name="Swap the eyes").is_visible()
            page.touchscreen.tap(20, 120)
            assert extra.is_hidden()


@pytest.mark.parametrize("screen", SCREENS)
def test_the_help_speaks_of_what_the_screen_has(web, video, screen):
    with served(web, video, SCREENS[screen]) as page:
        opener = page.get_by_role("button", name="Help")
        if screen == "phone":
            tap(page.get_by_role("button", name="More"))
            tap(opener)
        else:
            opener.focus()
            page.keyboard.press("Enter")
        said = page.get_by_role("dialog", name="Help")
        assert ("Tap" in said.inner_text()) == (screen == "phone")
        assert ("Space" in said.inner_text()) == (screen == "desktop")
        assert said.evaluate("said => said === document.activeElement")
        page.keyboard.press("Escape")
        assert said.is_hidden()
        if screen == "desktop":
            assert opener.evaluate("opener => opener === document.activeElement")


def test_the_bar_hides_from_the_mouse_but_not_from_the_keyboard(web, video):
    def opacity(page):
        return float(page.locator("#bars").evaluate("bars => getComputedStyle(bars).opacity"))

    with served(web, video, WINDOW) as page:
        page.mouse.move(500, 200)
        page.locator(".idle").wait_for()
        page.wait_for_timeout(500)
        assert opacity(page) == 0
        page.keyboard.press("Tab")
        page.locator(".idle").wait_for()
        page.wait_for_timeout(500)
        assert opacity(page) == 1


def test_the_first_tap_brings_the_bar_back_and_the_next_plays(web, video):
    with served(web, video, PHONE) as page:
        page.touchscreen.tap(100, 200)
        page.locator("html:not(.idle)").wait_for()
        page.get_by_role("button", name="Pause", exact=True).wait_for()
        page.locator(".idle").wait_for()
        page.touchscreen.tap(100, 200)
        page.wait_for_timeout(200)
        assert is_playing(page)
        page.touchscreen.tap(100, 200)
        page.get_by_role("button", name="Play", exact=True).wait_for()


def test_the_page_has_a_title_that_names_the_file(web, video):
    with served(web, video, WINDOW) as page:
        assert page.get_by_role("heading", level=1).inner_text() == video.name
        assert page.title() == f"{video.name} – kbvr"
        assert page.get_by_role("main").count() == 1
