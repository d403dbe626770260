"""The stage draws the plan's own cameras, for one eye and two, and shows the photo, its depth and its layers."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from studio_pages import CAT, SMALL, asked, picture, project_of, saved_options, scene_of, seek, settle, shown
from web_engines import WEB

import kbvr
from kbvr.geometry.camera import Camera


def camera_of(planned, size_px):
    """Return kbvr's camera of one that a plan tells."""
    world_from_camera = np.vstack([np.reshape(planned["world_from_camera"], (3, 4)), [0, 0, 0, 1]])
    return Camera(size_px, planned["f_px"], planned["cx_px"], planned["cy_px"], np.linalg.inv(world_from_camera))


def psnr(a, b):
    """Return the likeness of two pictures without their borders, in dB."""
    y, x = a.shape[0] // 12, a.shape[1] // 12
    return -10 * np.log10(np.mean((a[y:-y, x:-x] / 255.0 - b[y:-y, x:-x] / 255.0) ** 2))


def halves(rgb):
    """Return the left and the right half of a picture."""
    width = rgb.shape[1] // 2
    return rgb[:, :width], rgb[:, -width:]


@pytest.fixture(scope="module")
def scene():
    photo = kbvr.load_photo(CAT)
    return kbvr.build_scene(photo, kbvr.estimate_depth(photo))


@pytest.mark.parametrize("output", ["Ken Burns", "Stereo video"])
def test_frames_are_what_kbvr_renders_with_the_same_cameras(web, cat_url, scene, output):
    names = {"Ken Burns": "kenburns", "Stereo video": "stereo"}
    with shown(web, cat_url, viewport=SMALL) as page:
        canvas = scene_of(page)
        page.get_by_role("radio", name=output).click()
        page.get_by_text("/ 6.0 s").wait_for()
        if output == "Stereo video":
            page.locator(".transport").get_by_role("radio", name="Side by side").click()
        plan = asked(page, f"projects/{project_of(page)['id']}/plan", "POST", {"output": names[output], "options": {}})
        size_px = tuple(plan["size_px"])
        for index in (0, 37, 75):
            cameras = [camera_of(one, size_px) for one in plan["instants"][index]]
            wanted = np.hstack(list(kbvr.render(scene, cameras))).astype(float)
            seek(page, index)
            drawn = np.asarray(picture(canvas).resize(wanted.shape[1::-1], Image.Resampling.BOX), float)
            likeness = psnr(drawn, wanted)
            assert likeness > 27, (index, likeness)


def test_moves_play_and_pause(web, cat_url):
    with shown(web, cat_url, viewport=SMALL, reduced_motion="no-preference") as page:
        scene_of(page)
        pause = page.get_by_role("button", name="Pause")
        pause.wait_for()  # the first scene shows its move
        time = page.get_by_role("slider", name="Time")
        before = time.input_value()
        page.wait_for_function("before => document.querySelector('.scrubber').value !== before", arg=before)
        page.keyboard.press("Space")
        page.get_by_role("button", name="Play").wait_for()
        settle(page)
        at = time.input_value()
        page.wait_for_timeout(200)
        assert time.input_value() == at


def test_a_machine_that_draws_slowly_draws_fewer_pixels_while_it_plays(web, cat_url):
    slowly = """
      const asked = requestAnimationFrame;
      window.requestAnimationFrame = call => asked(now => setTimeout(() => call(performance.now()), 60));
    """
    with shown(web, cat_url, "wide", slowly, viewport=SMALL, reduced_motion="no-preference") as page:
        canvas = scene_of(page)
        page.locator(".live.quick").wait_for()
        width = canvas.bounding_box()["width"]
        assert canvas.evaluate("canvas => canvas.width") < 0.8 * width
        page.get_by_role("button", name="Pause").click()
        page.locator(".live.quick").wait_for(state="detached")
        assert canvas.evaluate("canvas => canvas.width") == pytest.approx(width, abs=1)


def test_nothing_moves_by_itself_for_people_who_prefer_that(web, cat_url):
    with shown(web, cat_url, viewport=SMALL) as page:
        canvas = scene_of(page)
        page.get_by_role("button", name="Play").wait_for()
        before = picture(canvas)
        page.mouse.move(500, 400)
        page.mouse.move(700, 500)
        page.wait_for_timeout(200)
        assert picture(canvas) == before


def test_keys_look_around_and_zoom_and_return(web, cat_url):
    with shown(web, cat_url, viewport=SMALL) as page:
        canvas = scene_of(page)
        canvas.focus()
        settle(page)
        rest = picture(canvas)
        for key in ("ArrowRight", "ArrowUp", "+"):
            canvas.press(key)
            settle(page)
            assert picture(canvas) != rest
            canvas.press("0")
            settle(page)
            assert picture(canvas) == rest


def test_two_eyes_are_shown_in_every_way(web, cat_url):
    with shown(web, cat_url, viewport=SMALL) as page:
        canvas = scene_of(page)
        page.get_by_role("radio", name="Stereo video").click()
        page.get_by_text("/ 6.0 s").wait_for()
        ways = page.locator(".transport").get_by_role("radiogroup")
        seen = {}
        for way in ("Flat", "Coloured glasses", "Side by side", "Cross-eyed"):
            ways.get_by_role("radio", name=way).click()
            settle(page)
            seen[way] = np.asarray(picture(canvas), float)
        left, right = halves(seen["Side by side"])
        assert np.abs(left - right).mean() > 2, "two views"
        crossed = halves(seen["Cross-eyed"])
        assert np.abs(crossed[0] - right).mean() < 1
        assert np.abs(crossed[1] - left).mean() < 1
        assert np.abs(seen["Coloured glasses"] - seen["Flat"]).mean() > 5


def test_coloured_glasses_are_drawn_in_the_chosen_colours(web, cat_url):
    """Grey for red-cyan glasses has the same green and blue; accurate colours do not."""
    with shown(web, cat_url, viewport=SMALL) as page:
        canvas = scene_of(page)
        page.get_by_role("radio", name="Anaglyph loop").click()
        page.get_by_role("tab", name="Set").click()
        page.get_by_role("searchbox").fill("anaglyph colours")
        page.locator('[data-option="anaglyph_colours"] select').select_option("gray")
        saved_options(page, {"anaglyph_colours": "gray"})
        page.wait_for_timeout(500)
        rgb = np.asarray(picture(canvas), float)[4:-4, 4:-4]
        assert np.abs(rgb[..., 1] - rgb[..., 2]).max() <= 2
        assert np.abs(rgb[..., 0] - rgb[..., 2]).mean() > 1, "two views"
        page.get_by_role("button", name="Undo").click()
        saved_options(page, {})


def test_the_photo_its_depth_and_its_layers_are_shown(web, cat_url):
    with shown(web, cat_url, viewport=SMALL) as page:
        scene_of(page)
        page.keyboard.press("2")
        depth = page.get_by_role("img", name="Depth of cat.jpg: bright is near")
        page.wait_for_function("one => one.naturalWidth > 0", arg=depth.element_handle())
        page.keyboard.press("3")
        page.get_by_role("img", name="layers of the scene").wait_for()
        page.locator(".layers img").nth(1).wait_for()
        page.keyboard.press("1")
        page.get_by_role("img", name="cat.jpg", exact=True).wait_for()


def test_what_is_invented_is_tinted(web, cat_url):
    with shown(web, cat_url, viewport=SMALL) as page:
        canvas = scene_of(page)
        canvas.focus()
        for _ in range(4):
            canvas.press("ArrowRight")
        settle(page)
        before = np.asarray(picture(canvas), float)
        with page.expect_response(lambda answer: "tinted.glb" in answer.url):
            page.keyboard.press("i")
        page.wait_for_timeout(500)
        tinted = np.abs(np.asarray(picture(canvas), float) - before).max(axis=2) > 60
        assert 0.0005 < tinted.mean() < 0.3


def test_a_lens_blurs_what_is_not_in_focus(web, cat_url):
    with shown(web, cat_url, viewport=SMALL) as page:
        canvas = scene_of(page)
        settle(page)
        sharp = np.asarray(picture(canvas).convert("L"), float)
        page.get_by_role("tab", name="Set").click()
        page.get_by_role("textbox", name="Blur").fill("5")
        page.keyboard.press("Enter")
        page.locator('.live[data-samples="32"]').wait_for(timeout=60_000)
        soft = np.asarray(picture(canvas).convert("L"), float)

        def detail(gray):
            return np.abs(np.diff(gray[:, -200:], axis=1)).mean()  # the background

        assert detail(soft) < 0.8 * detail(sharp)
        page.get_by_role("button", name="Undo").click()
        saved_options(page, {})


def test_the_picture_survives_the_loss_of_the_graphics(web, cat_url):
    with shown(web, cat_url, viewport=SMALL) as page:
        canvas = scene_of(page)
        settle(page)
        before = picture(canvas)
        page.evaluate(
            """async () => {
              const context = document.querySelector(".live canvas").getContext("webgl2");
              const loss = context.getExtension("WEBGL_lose_context");
              loss.loseContext();
              await new Promise(done => setTimeout(done, 200));
              loss.restoreContext();
              await new Promise(done => setTimeout(done, 500));
            }"""
        )
        settle(page)
        assert psnr(np.asarray(picture(canvas), float), np.asarray(before, float)) > 40


def test_the_scene_is_shown_in_a_headset(web, cat_url):
    emulator = (WEB / "node_modules/iwer/build/iwer.min.js").read_text("utf-8")
    device = """
      window.xrDevice = new IWER.XRDevice(IWER.metaQuest3, {stereoEnabled: true, ipd: 0.063, visibilityMask: null});
      xrDevice.installRuntime({forceInstall: true});
    """
    with shown(web, cat_url, "wide", f"{emulator};{device}", viewport=SMALL) as page:
        canvas = scene_of(page)
        settle(page)
        before = picture(canvas)
        page.locator(".stage-tools").get_by_role("button", name="View in a headset").click()
        page.wait_for_function("() => xrDevice.activeSession")
        page.evaluate("() => xrDevice.activeSession.end()")
        page.wait_for_function("() => !xrDevice.activeSession")
        page.wait_for_timeout(300)
        settle(page)
        assert psnr(np.asarray(picture(canvas), float), np.asarray(before, float)) > 40, "the page goes on"
