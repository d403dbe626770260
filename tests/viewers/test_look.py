"""What a visitor sees of a scene at first, and how the view answers to the mouse and to fingers."""

from __future__ import annotations

import time
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import screens
from glb_by_hand import CARD_PX, SIZE_PX, write_glb
from PIL import Image
from scene_pages import STATE, VIEWER, settled

PAGES = Path(__file__).parents[2] / "kbvr" / "pages"
HEAD_BOX_M = 0.05
WIDE = {"viewport": {"width": 1440, "height": 900}, "device_scale_factor": 0.5}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 1, "has_touch": True, "is_mobile": True}
"""Fewer pixels than real screens have: browsers draw them with the processor here."""

CALM = {"reduced_motion": "reduce"}
PATIENCE_MS = 60_000
FAKE_PERMISSION = """
  window.asked = 0;
  DeviceOrientationEvent.requestPermission = async () => (window.asked++, "%s");
"""


@pytest.fixture(scope="module")
def site(web, tmp_path_factory):
    """Serve the pages beside two scenes: one with a camera path and a subject, one without."""
    folder = tmp_path_factory.mktemp("scenes")
    write_glb(folder / "card.glb", subject_box_px=CARD_PX)
    write_glb(folder / "still.glb", has_path=False)
    for path in (*PAGES.iterdir(), *folder.iterdir()):
        web.files[f"/viewers/{path.name}"] = path
    return f"{web.origin}/viewers"


def opened(web, url, screen, *scripts, **more):
    """Open a page on a screen; see `screens.opened`."""
    return screens.opened(web, url, *scripts, patience_ms=PATIENCE_MS, **{**screen, **more})


@contextmanager
def shown(web, site, screen, query="", *scripts, src="card.glb", **more):
    """Open the page of a scene."""
    with opened(web, f"{site}/scene.html?src={src}&{query}", screen, *scripts, **more) as page:
        page.locator("kbvr-photo .loaded").wait_for()
        yield page


@contextmanager
def in_a_blog(web, site, screen, above_px=0):
    """Open a page that scrolls, with a scene of 300 pixels below some space."""
    with opened(web, f"{web.origin}/three.html", screen) as page:
        photo = f'<kbvr-photo src="{site}/card.glb" style="width: 100%; height: 300px"></kbvr-photo>'
        head = '<meta name="viewport" content="width=device-width, initial-scale=1">'
        page.evaluate(
            "([head, body]) => { document.head.innerHTML = head; document.body.innerHTML = body; }",
            [head, f'<div style="height: {above_px}px"></div>{photo}<div style="height: 3000px"></div>'],
        )
        page.add_script_tag(url=f"{site}/kbvr-photo.js")
        page.locator("kbvr-photo .loaded").wait_for()
        yield page


def state(page):
    return page.evaluate(STATE)


def taken_over(page):
    """End the introduction with a key that does nothing else."""
    page.evaluate(f"{VIEWER}.press(new KeyboardEvent('keydown', {{key: 'Shift'}}))")
    settled(page)


def drawn(page):
    """Return what is on the screen but for the buttons and words, in CSS pixels, H x W x 3."""
    page.evaluate(
        f"""async () => {{
          const style = new CSSStyleSheet();
          style.replaceSync(".bar, .hint {{display: none !important}} canvas {{transition: none !important}}");
          {VIEWER}.shadowRoot.adoptedStyleSheets.push(style);
          for (let frames = 0; frames < 3; frames++) await new Promise(requestAnimationFrame);
        }}"""
    )
    return np.asarray(Image.open(BytesIO(page.screenshot(scale="css"))).convert("RGB")).astype(int)


def photo_point(page, x, y):
    """Return the place of the photo that is seen at a place of the window."""
    left, top, right, bottom = state(page)["frame_px"]
    box = page.locator("kbvr-photo canvas").bounding_box()
    across, down = (x - box["x"]) / box["width"], (y - box["y"]) / box["height"]
    return left + across * (right - left), top + down * (bottom - top)


class Fingers:
    """Fingers on the screen of a page, with a clock of their own: a busy machine does not make them slow."""

    def __init__(self, page):
        self.session = page.context.new_cdp_session(page)
        self.count = 0
        self.at_s = time.time()

    def touch(self, *places):
        """Put down, move and lift fingers, so that they are at these places."""
        kind = "touchStart" if len(places) > self.count else "touchMove" if len(places) == self.count else "touchEnd"
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points, "timestamp": self.at_s})
        self.at_s += 0.016
        self.count = len(places)

    def lift(self):
        """Lift all fingers."""
        if self.count:
            self.touch()

    def move(self, start, end, steps=8):
        """Move fingers evenly from places to others."""
        for share in np.linspace(0, 1, steps + 1):
            self.touch(*((np.array(start) + share * (np.array(end) - np.array(start))).tolist()))

    def tap(self, *place, times=1):
        """Tap at a place."""
        for _ in range(times):
            self.touch(place)
            self.touch()


# Framing


@pytest.mark.parametrize("screen", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("fit", ["auto", "contain", "subject"])
def test_the_subject_is_in_sight(web, site, screen, fit):
    with shown(web, site, screen, f"fit={fit}") as page:
        taken_over(page)
        assert state(page)["fit"] == fit
        left, top, right, bottom = state(page)["frame_px"]
        assert left <= CARD_PX[0] < CARD_PX[2] <= right
        assert top <= CARD_PX[1] < CARD_PX[3] <= bottom


def test_the_element_follows_its_fit_and_its_shape(web, site):
    """As with a phone that is turned."""
    with shown(web, site, PHONE) as page:
        taken_over(page)
        upright = state(page)["frame_px"]
        page.evaluate(f"{VIEWER}.setAttribute('fit', 'cover')")
        settled(page)
        _, top, _, bottom = state(page)["frame_px"]
        assert (top, bottom) == pytest.approx((0, SIZE_PX[1]), abs=0.1)
        page.evaluate(f"{VIEWER}.removeAttribute('fit')")
        page.set_viewport_size({"width": 844, "height": 390})
        page.wait_for_function(f"() => {STATE}.frame_px[0] < -10")
        left, top, right, bottom = state(page)["frame_px"]
        assert (right - left) / (bottom - top) == pytest.approx(844 / 390, rel=1e-3)
        assert top <= CARD_PX[1] < CARD_PX[3] <= bottom
        page.set_viewport_size({"width": 390, "height": 844})
        page.wait_for_function(f"() => {STATE}.frame_px[0] >= 0")
        assert state(page)["frame_px"] == pytest.approx(upright)


@pytest.mark.parametrize("stereo", ["none", "anaglyph", "wiggle", "sbs"])
def test_around_the_photo_is_its_blurred_dark_continuation(web, site, stereo):
    """Not black, without details, and no seam at the border, for both eyes."""
    with shown(web, site, PHONE, f"fit=contain&stereo={stereo}") as page:
        taken_over(page) if stereo != "wiggle" else None
        picture = drawn(page)
        eyes = np.split(picture, 2, axis=1) if stereo == "sbs" else [picture]
        _, top, _, bottom = state(page)["frame_px"]
    for eye in eyes:
        height = len(eye)
        border = round(height * -top / (bottom - top))
        photo, above = eye[border : height - border], eye[: border - 60]
        below = eye[height - border + 60 :]
        for outside in (above, below):
            assert outside.mean(axis=(0, 1)).min() > 15
            assert outside.mean() < 0.7 * photo.mean()
            assert np.abs(np.diff(outside, axis=1)).mean() < 0.35 * np.abs(np.diff(photo, axis=1)).mean()
        across_border = np.abs(np.diff(eye[border - 8 : border + 8].mean(axis=1), axis=0)).max()
        assert across_border < 12


# The introduction


def test_a_scene_sways_once_and_is_still_then(web, site):
    count = "window.frames = 0; const ask = requestAnimationFrame; requestAnimationFrame = f => (frames++, ask(f));"
    with shown(web, site, WIDE, "", count) as page:
        page.wait_for_function(f"() => {STATE}.isSwaying && {STATE}.offset_m[0] > 0.5 * {HEAD_BOX_M}")
        page.wait_for_function(f"() => {STATE}.offset_m[0] < -0.5 * {HEAD_BOX_M}")
        assert abs(state(page)["offset_m"][0]) <= HEAD_BOX_M
        page.wait_for_function(f"() => !{STATE}.isSwaying && {STATE}.offset_m[0] === 0")
        page.wait_for_timeout(300)
        frames = page.evaluate("frames")
        page.wait_for_timeout(500)
        assert page.evaluate("frames") == frames
        assert state(page)["isHinting"]


def test_nothing_moves_by_itself_for_who_wants_less_motion(web, site):
    for src, query in (("card.glb", ""), ("still.glb", "autoplay")):
        with shown(web, site, WIDE, query, src=src, **CALM) as page:
            page.wait_for_timeout(500)
            now = state(page)
            assert not now["isSwaying"]
            assert not now["isPlaying"]
            assert now["offset_m"] == [0, 0, 0]
            assert page.get_by_text("Drag to look around").is_visible()


def test_a_drag_ends_the_sway_and_the_hint_for_the_page(web, site):
    with shown(web, site, WIDE) as page:
        page.wait_for_function(f"() => {STATE}.isSwaying")
        assert page.get_by_text("Drag to look around").is_visible()
        page.mouse.move(700, 400)
        assert not state(page)["isSwaying"], "the mouse moves the view now"
        assert state(page)["isHinting"], "but nobody has dragged"
        page.mouse.down()
        assert not state(page)["isHinting"]
        page.evaluate(f"{VIEWER}.setAttribute('src', 'still.glb')")
        page.wait_for_function(f"() => {STATE}?.frame_px")
        assert not state(page)["isHinting"]


def test_the_hint_lets_every_press_through(web, site):
    with shown(web, site, WIDE) as page:
        box = page.locator(".hint").bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert not state(page)["isHinting"]


def test_a_scene_sways_when_half_of_it_is_in_sight(web, site):
    with in_a_blog(web, site, WIDE, above_px=780) as page:
        page.wait_for_timeout(400)
        assert not state(page)["isSwaying"]
        page.evaluate("scrollTo(0, 200)")
        page.wait_for_function(f"() => {STATE}.isSwaying")


def test_a_scene_without_a_path_sways_on_if_it_shall_play(web, site):
    with shown(web, site, WIDE, "autoplay", src="still.glb") as page:
        for _ in range(2):
            page.wait_for_function(f"() => {STATE}.offset_m[0] > 0.5 * {HEAD_BOX_M}")
            page.wait_for_function(f"() => {STATE}.offset_m[0] < -0.5 * {HEAD_BOX_M}")
        page.mouse.click(700, 400)
        page.mouse.move(720, 450)
        settled(page)
        assert not state(page)["isSwaying"]


# The mouse


@pytest.mark.parametrize("calm", [{}, CALM], ids=["moving", "calm"])
def test_a_drag_takes_the_picture_along(web, site, calm):
    """To the right: the head goes left, and of a cropped photo more of the left side appears."""
    with shown(web, site, PHONE | {"has_touch": False, "is_mobile": False}, **calm) as page:
        taken_over(page)
        page.mouse.move(200, 400)
        settled(page)
        before = state(page)
        grabbed = photo_point(page, 200, 400)
        page.mouse.down()
        assert page.locator("canvas").evaluate("canvas => getComputedStyle(canvas).cursor") == "grabbing"
        page.mouse.move(230, 420)
        page.evaluate("() => new Promise(requestAnimationFrame)")
        page.evaluate("() => new Promise(requestAnimationFrame)")
        now = state(page)
        assert now["offset_m"][0] < before["offset_m"][0] - 0.005
        assert now["offset_m"][1] > before["offset_m"][1] + 0.005
        assert photo_point(page, 230, 400)[0] == pytest.approx(grabbed[0], abs=0.5)
        page.mouse.up()
        page.mouse.move(231, 420)
        settled(page)
        assert state(page)["offset_m"] == pytest.approx(now["offset_m"], abs=0.002)
        assert page.locator("canvas").evaluate("canvas => getComputedStyle(canvas).cursor") == "grab"


def test_a_passing_mouse_moves_nothing_for_who_wants_less_motion(web, site):
    with shown(web, site, WIDE, **CALM) as page:
        taken_over(page)
        page.mouse.move(1000, 200)
        settled(page)
        assert state(page)["offset_m"] == [0, 0, 0]
        page.mouse.wheel(0, -200)
        page.wait_for_function(f"() => {STATE}.zoom > 1.2")


def test_the_wheel_zooms_at_the_pointer_and_out_to_the_whole_photo(web, site):
    with shown(web, site, PHONE | {"has_touch": False, "is_mobile": False}, "fit=cover") as page:
        taken_over(page)
        page.mouse.move(300, 300)
        before = photo_point(page, 300, 300)
        page.mouse.wheel(0, -200)
        page.wait_for_function(f"() => {STATE}.zoom > 1.3")
        settled(page)
        assert photo_point(page, 300, 300) == pytest.approx(before, abs=0.2)
        for _ in range(12):
            page.mouse.wheel(0, 200)
        settled(page)
        left, top, right, _ = state(page)["frame_px"]
        assert (left, right) == pytest.approx((0, SIZE_PX[0]), abs=0.1)
        assert top < -50
        assert state(page)["zoom"] < 0.5
        page.keyboard.press("r")
        page.wait_for_function(f"() => {STATE}.zoom === 1")


def test_a_double_click_zooms_to_its_place_and_back(web, site):
    with shown(web, site, WIDE) as page:
        taken_over(page)
        before = photo_point(page, 900, 300)
        page.mouse.dblclick(900, 300)
        page.wait_for_function(f"() => {STATE}.zoom > 2.4")
        settled(page)
        assert photo_point(page, 900, 300) == pytest.approx(before, abs=0.3)
        page.keyboard.press("ArrowLeft")
        settled(page)
        assert photo_point(page, 900, 300)[0] < before[0] - 5, "keys reach all of an enlarged photo"
        page.mouse.dblclick(600, 500)
        page.wait_for_function(f"() => {STATE}.zoom === 1")
        assert state(page)["pan_px"] == [0, 0]


# Fingers


def test_a_finger_drags_the_view(web, site):
    with shown(web, site, PHONE) as page:
        fingers = Fingers(page)
        taken_over(page)
        fingers.move([(200, 420)], [(260, 400)])
        settled(page)
        x, y, _ = state(page)["offset_m"]
        assert x < -0.01
        assert y < 0


def test_a_pinch_enlarges_what_is_between_the_fingers(web, site):
    with shown(web, site, PHONE) as page:
        fingers = Fingers(page)
        taken_over(page)
        before = photo_point(page, 195, 400)
        fingers.move([(165, 400), (225, 400)], [(105, 400), (285, 400)])
        settled(page)
        assert state(page)["zoom"] == pytest.approx(3, rel=0.02)
        assert photo_point(page, 195, 400) == pytest.approx(before, abs=1)
        fingers.move([(105, 400), (285, 400)], [(155, 430), (335, 430)])
        settled(page)
        assert photo_point(page, 245, 430) == pytest.approx(before, abs=1), "two fingers shift the picture"


def test_a_picture_pinched_too_small_springs_back(web, site):
    with shown(web, site, PHONE) as page:
        fingers = Fingers(page)
        taken_over(page)
        fingers.move([(45, 400), (345, 400)], [(170, 400), (220, 400)])
        settled(page)
        left, _, right, _ = state(page)["frame_px"]
        assert SIZE_PX[0] * 1.05 < right - left < SIZE_PX[0] * 1.2
        fingers.lift()
        settled(page)
        left, _, right, _ = state(page)["frame_px"]
        assert (left, right) == pytest.approx((0, SIZE_PX[0]), abs=0.1)


def test_a_double_tap_zooms_to_its_place_and_back(web, site):
    with shown(web, site, PHONE) as page:
        fingers = Fingers(page)
        taken_over(page)
        before = photo_point(page, 250, 420)
        fingers.tap(250, 420, times=2)
        page.wait_for_function(f"() => {STATE}.zoom > 2.4")
        settled(page)
        assert photo_point(page, 250, 420) == pytest.approx(before, abs=0.5)
        for _ in range(2):
            fingers.at_s += 0.8
            fingers.tap(250, 420)
        settled(page)
        assert state(page)["zoom"] > 2.4, "two slow taps are no double tap"
        fingers.at_s += 0.8
        fingers.tap(250, 420, times=2)
        page.wait_for_function(f"() => {STATE}.zoom === 1")


def test_one_finger_scrolls_the_page_around_a_scene_and_two_do_not(web, site):
    with in_a_blog(web, site, PHONE) as page:
        taken_over(page)
        fingers = Fingers(page)
        fingers.move([(150, 200), (250, 200)], [(120, 120), (280, 120)])
        page.wait_for_function(f"() => {STATE}.zoom > 1.3")
        assert page.evaluate("scrollY") == 0
        fingers.lift()
        fingers.move([(200, 250)], [(200, 60)])
        page.wait_for_function("() => scrollY > 10")


@pytest.mark.parametrize("answer", ["denied", "granted"])
def test_permission_to_tilt_is_asked_for_by_a_button_after_the_first_touch_and_once(web, site, answer):
    with shown(web, site, PHONE, "", FAKE_PERMISSION % answer) as page:
        fingers = Fingers(page)
        button = page.get_by_role("button", name="Tilt to look around")
        assert not button.is_visible()
        fingers.move([(200, 420)], [(260, 400)])
        fingers.lift()
        button.wait_for()
        assert page.evaluate("asked") == 0
        button.evaluate("button => button.click()")  # a tap may count as part of the touches before it
        button.wait_for(state="hidden")
        fingers.move([(200, 420)], [(260, 400)])
        fingers.lift()
        page.evaluate(f"{VIEWER}.setAttribute('src', 'still.glb')")
        page.wait_for_function(f"() => {STATE}?.frame_px")
        fingers.move([(200, 420)], [(260, 400)])
        fingers.lift()
        assert not button.is_visible()
        assert page.evaluate("asked") == 1


def test_permission_to_tilt_is_offered_after_the_sway(web, site):
    with shown(web, site, PHONE, "", FAKE_PERMISSION % "granted") as page:
        page.get_by_role("button", name="Tilt to look around").wait_for()
        assert not state(page)["isSwaying"]
        tilt = "dispatchEvent(new DeviceOrientationEvent('deviceorientation', {beta: 30, gamma: %d}))"
        page.evaluate(tilt % 0)
        assert page.get_by_text("Tilt or drag to look around").is_visible()
        page.evaluate(tilt % 15)
        page.wait_for_function(f"() => {STATE}.offset_m[0] > 0.01")
