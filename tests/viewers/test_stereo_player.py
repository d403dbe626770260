"""The stereo player in a real browser: what kbvr writes is shown to the right eye, in its colours, everywhere."""

from __future__ import annotations

import json
from contextlib import contextmanager
from io import BytesIO
from math import degrees, pi
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image
from player_pages import FACTS, FPS, LEFT, RIGHT, SIZE_PX, chosen, drawn, eye_view, film, loaded, packed, time_at
from web_engines import IPD_M, PATIENCE_MS

from kbvr.formats.packing.anaglyph import anaglyph
from kbvr.formats.spec.format import Item
from kbvr.formats.still.jps import write_jps
from kbvr.formats.still.mpo import write_mpo
from kbvr.formats.still.vr180_photo import half_sphere, vr180_bytes
from kbvr.formats.video.write_video import write_video
from kbvr.options.export_options import FileOptions
from kbvr.options.picture import Glasses
from kbvr.plan.name_endings import NAME_ENDINGS, OTHER_ENDINGS, PLAYER_ENDINGS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "kbvr" / "pages" / "stereo.html"
SPHERE_PX = 256
EYE_PX = (400, 400)
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'unsafe-inline'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "media-src blob: 'self'",
        "connect-src 'self'",
    )
)
HEADSET_LAYS_VIDEOS = """
  window.laid = [];
  window.layers = [];
  const lay = kind => function (video, init) {
    const {x, y, z} = init.transform.position;
    const {space, transform, ...told} = init;
    window.laid.push({kind, video: video.videoWidth, position: [x, y, z], ...told});
    return kind === "quad" ? new XRQuadLayer() : new XREquirectLayer();
  };
  window.XRQuadLayer = class extends EventTarget {};
  window.XREquirectLayer = class extends EventTarget {};
  window.XRMediaBinding = class {};
  XRMediaBinding.prototype.createQuadLayer = lay("quad");
  XRMediaBinding.prototype.createEquirectLayer = lay("equirect");
  const update = XRSession.prototype.updateRenderState;
  XRSession.prototype.updateRenderState = function (asked) {
    const {layers, ...state} = asked ?? {};
    if (layers) window.layers = layers.map(layer =>
      layer instanceof XRQuadLayer ? "quad" : layer instanceof XREquirectLayer ? "equirect" : "drawn");
    update.call(this, layers ? {...state, baseLayer: layers.at(-1)} : state);
  };
  null;  // a function would be called
"""
"""What headsets' browsers have and the emulated one has not: it notes which videos it would show, and where."""


SPHERES = [eye_view(eye, (SPHERE_PX, SPHERE_PX)) for eye in (0, 1)]


def time_of(rgb):
    """Return when a film's picture of the left eye is shown, in seconds."""
    return time_at(float(np.mean(rgb[40:100, 60:180])))


@pytest.fixture(scope="module")
def site(stereo_page):
    return stereo_page


def address(web, site, path, **query):
    asked = {"src": web.address(path).removeprefix(web.origin), **query}
    return f"{site}?{'&'.join(f'{name}={value}' for name, value in asked.items())}"


def playing(page):
    """Play the video, and wait until it has moved on."""
    loaded(page)
    if page.locator("#time").inner_text():
        page.keyboard.press(" ")
        page.wait_for_function("() => Number(document.querySelector('#position').value) > 0.2")


@contextmanager
def shown(web, site, path, size_px=SIZE_PX, **query):
    with web.page(address(web, site, path, **query), size_px) as page:
        loaded(page)
        yield page


def said(page):
    page.locator("#said p:not(:empty)").wait_for()
    return page.inner_text("#said p")


def test_the_table_of_names_is_that_of_the_outputs():
    table = json.loads((ROOT / "viewers" / "stereo" / "endings.json").read_text("utf-8"))
    tables = (NAME_ENDINGS, *PLAYER_ENDINGS.values())
    assert table == {ending: layout for endings in tables for layout, ending in endings.items()} | OTHER_ENDINGS


@pytest.mark.parametrize(
    ("layout", "suffix"),
    [("sbs", "png"), ("sbs", "webp"), ("sbs-half", "png"), ("tb", "png"), ("tb-half", "png"), ("cross", "png")],
)
def test_each_eye_sees_its_own_picture_of_a_packing_that_the_name_tells(web, site, tmp_path, layout, suffix):
    path = tmp_path / f"card{NAME_ENDINGS[layout]}.{suffix}"
    Image.fromarray(packed(layout)).save(path, **({"lossless": True} if suffix == "webp" else {}))
    with shown(web, site, path) as page:
        assert page.input_value("#layout") == layout
        left, right = drawn(page, "left"), drawn(page, "right")
        page.keyboard.press("x")
        swapped = drawn(page, "left")
    error = np.abs(left - LEFT), np.abs(right - RIGHT), np.abs(swapped - RIGHT)
    if layout.endswith("half"):
        assert max(map(np.mean, error)) < 1.5
    else:
        assert max(map(np.max, error)) <= 1


def test_a_picture_without_two_eyes_is_shown_as_it_is(web, site, tmp_path):
    path = tmp_path / "card_kbvr_anaglyph.avif"
    Image.fromarray(LEFT).save(path, quality=95)
    with shown(web, site, path) as page:
        assert page.input_value("#layout") == "mono"
        assert page.locator("#view").is_hidden()
        assert np.mean(np.abs(drawn(page, "red-cyan") - LEFT)) < 3


def test_the_menu_and_the_address_overrule_the_name(web, site, picture):
    with shown(web, site, picture, layout="tb", stereo="right") as page:
        assert page.input_value("#layout") == "tb"
        page.get_by_role("button", name="More").click()
        page.select_option("#layout", "cross")
        assert np.abs(drawn(page) - LEFT).max() <= 1
        page.select_option("#view", "left")
        assert np.abs(drawn(page) - RIGHT).max() <= 1


@pytest.mark.parametrize("kind", ["mpo", "jps", "vr.jpg"])
def test_files_of_two_pictures_are_read_as_such(web, site, tmp_path, kind):
    path, choices = tmp_path / f"card.{kind}", FileOptions(quality=97)
    if kind == "mpo":
        write_mpo([(LEFT, RIGHT)], Item("mpo", path, "apart"), FACTS, choices)
    elif kind == "jps":
        write_jps([packed("cross")], Item("jps", path, "cross"), FACTS, choices)
    else:
        jpegs = [BytesIO(), BytesIO()]
        for file, sphere in zip(jpegs, SPHERES, strict=True):
            Image.fromarray(sphere).save(file, "JPEG", quality=97, subsampling=0)
        path.write_bytes(vr180_bytes(*(file.getvalue() for file in jpegs), SPHERE_PX))
    with shown(web, site, path) as page:
        assert page.input_value("#layout") == {"mpo": "apart", "jps": "cross", "vr.jpg": "180-apart"}[kind]
        left, right = drawn(page, "left"), drawn(page, "right")
    if kind == "vr.jpg":
        assert (left[..., 2].mean() > 190) and (right[..., 2].mean() < 80)
    else:
        assert np.mean(np.abs(left - LEFT)) < 1.5
        assert np.mean(np.abs(right - RIGHT)) < 1.5


@pytest.mark.parametrize("layout", ["180-sbs", "180-tb", "180-mono"])
def test_half_spheres_are_looked_around_in(web, site, tmp_path, layout):
    """A view of a plane in front is that plane again, and a drag to the left turns to the right."""
    f_px = SIZE_PX[1] / 2 / np.tan(np.radians(75 / 2))
    spheres = [half_sphere(view, f_px=f_px, cx_px=SIZE_PX[0] / 2, side_px=1024) for view in (LEFT, RIGHT)]
    path = tmp_path / f"card{NAME_ENDINGS[layout]}.png"
    Image.fromarray(packed(layout.removeprefix("180-"), spheres)).save(path)
    with shown(web, site, path) as page:
        assert page.input_value("#layout") == layout
        left, right = drawn(page, "left"), drawn(page, "right")
        for eye, picture in ((left, LEFT), (right, LEFT if layout == "180-mono" else RIGHT)):
            assert np.mean(np.abs(eye - picture)[4:-4, 4:-4]) < 2
        page.mouse.move(200, 80)
        page.mouse.down()
        page.mouse.move(140, 80)
        page.mouse.up()
        turned = drawn(page, "left")
    angle = np.radians(60 / SIZE_PX[1] * 75)
    assert turned[80, 120, 0] == pytest.approx(LEFT[80, round(120 + f_px * np.tan(angle)), 0], abs=3)


@pytest.mark.parametrize("glasses", get_args(Glasses))
def test_anaglyphs_are_those_of_the_files(web, site, picture, glasses):
    wanted = anaglyph(LEFT, RIGHT, colours="dubois", glasses=glasses)
    with shown(web, site, picture, stereo=glasses) as page:
        assert np.abs(drawn(page) - wanted).max() <= 2


def test_both_pictures_are_seen_beside_each_other_or_in_turns(web, site, picture):
    width, height = SIZE_PX
    with shown(web, site, picture, (2 * width, height)) as page:
        assert np.abs(drawn(page, "sbs") - np.hstack([LEFT, RIGHT])).max() <= 1
        assert np.abs(drawn(page, "cross") - np.hstack([RIGHT, LEFT])).max() <= 1
        page.keyboard.press("3")
        seen = [drawn(page)[:, width // 2 : -width // 2] for _ in range(12)]
    for view in (LEFT, RIGHT):
        assert min(np.abs(one - view).max() for one in seen) <= 1


@pytest.mark.parametrize("codec", ["h264", "vp9", "av1"])
def test_videos_play_and_seek_in_their_colours(web, site, folder, video, codec):
    path = video
    if codec != "h264":
        path = folder / f"film_{codec}_kbvr_LR.webm"
        write_video(film(), Item("video", path, "sbs"), FACTS, FileOptions(fps=FPS, codec=codec, container="webm"))
    with web.page(site, SIZE_PX) as page:
        chosen(page, path)
        assert page.input_value("#layout") == "sbs"
        page.keyboard.press(" ")
        page.wait_for_function("() => Number(document.querySelector('#position').value) > 0.4")
        page.keyboard.press(" ")
        page.get_by_role("button", name="Play").wait_for(state="attached")
        assert time_of(drawn(page, "left")) == pytest.approx(float(page.input_value("#position")), abs=0.15)
        page.locator("#position").evaluate("range => { range.value = 6; range.dispatchEvent(new Event('input')); }")
        page.wait_for_timeout(400)
        left, right = drawn(page, "left"), drawn(page, "right")
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(400)
        earlier = drawn(page, "left")
    assert time_of(left) == pytest.approx(6, abs=0.2)
    assert time_of(earlier) == pytest.approx(1, abs=0.2)
    np.testing.assert_allclose(left[80, 120], 160, atol=4)
    np.testing.assert_allclose(right[80, 120], (0, 0, 160), atol=6)


def test_a_video_is_played_and_looped_by_buttons(web, site, video):
    with shown(web, site, video, (1000, 500)) as page:
        page.get_by_role("button", name="Play").click()
        page.get_by_role("button", name="Pause").click()
        assert page.get_by_role("button", name="Loop").get_attribute("aria-pressed") == "true"
        page.get_by_role("button", name="Loop").click()
        assert page.get_by_role("button", name="Loop").get_attribute("aria-pressed") == "false"
        names = page.locator("button:visible, select:visible, input:visible").evaluate_all(
            "controls => controls.map(control => control.ariaLabel)"
        )
        page.keyboard.press("?")
        assert page.get_by_role("dialog", name="Help").is_visible()
    assert len(names) >= 9
    assert all(names)


def test_colours_of_saturated_films_are_right(web, site, folder):
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30), (240, 240, 240), (20, 20, 20)]
    rgb = np.repeat(np.repeat(np.array([colours], np.uint8), 40, axis=1), 160, axis=0)
    path = folder / "colours_kbvr_mono.mp4"
    write_video((rgb for _ in range(5)), Item("video", path, "mono"), FACTS, FileOptions(fps=FPS))
    with shown(web, site, path) as page:
        np.testing.assert_allclose(drawn(page)[80, 20::40], colours, atol=5)


def test_what_cannot_be_shown_is_told_in_words(web, site, folder, tmp_path):
    hevc = tmp_path / "film_kbvr_LR.mp4"
    write_video(film(), Item("video", hevc, "sbs"), FACTS, FileOptions(fps=FPS, codec="hevc"))
    text = tmp_path / "notes.txt"
    text.write_text("no picture", "utf-8")
    lonely = tmp_path / "lonely.mpo"
    Image.fromarray(LEFT).save(lonely, "JPEG")
    with web.page(f"{site}?layout=diagonal", SIZE_PX) as page:
        assert "Unknown layout “diagonal”" in said(page)
        for path, words in ((hevc, "HEVC"), (text, "cannot read notes.txt"), (lonely, "does not contain two pictures")):
            page.set_input_files("#file", path)
            page.locator("#said p", has_text=words).wait_for()
        assert page.locator("#welcome").is_visible()
    with web.page(f"{site}?src=http://127.0.0.2/a.png", SIZE_PX) as page:
        assert "another host" in said(page)


def test_a_missing_file_is_told_in_words(web, site):
    page = web.browser.new_page()
    try:
        for name in ("none.png", "none.mp4"):
            page.goto(f"{site}?src={name}")
            assert "404" in said(page)
    finally:
        page.close()


def test_the_page_works_from_disk_and_under_a_strict_policy(web, picture, video, tmp_path):
    """Nothing is asked of anybody but what is chosen."""
    copy = tmp_path / "stereo.html"
    head = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    copy.write_text(PAGE.read_text("utf-8").replace("<head>", f"<head>{head}"), "utf-8")
    page = web.browser.new_page(viewport={"width": SIZE_PX[0], "height": SIZE_PX[1]})
    page.set_default_timeout(PATIENCE_MS)
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    try:
        page.goto(f"{copy.as_uri()}?src=a.png")
        assert "opened from disk" in said(page)
        chosen(page, picture)
        assert np.abs(drawn(page, "left") - LEFT).max() <= 1
        chosen(page, video)
        playing(page)
    finally:
        page.close()
    assert not errors
    assert [url for url in asked if not url.startswith(("blob:", "data:"))] == [f"{copy.as_uri()}?src=a.png"]


def test_a_dropped_file_is_opened(web, site, picture):
    drop = """([bytes, name]) => {
      const moved = new DataTransfer();
      moved.items.add(new File([new Uint8Array(bytes)], name, {type: "image/png"}));
      window.dispatchEvent(new DragEvent("drop", {dataTransfer: moved, bubbles: true, cancelable: true}));
    }"""
    with web.page(site, SIZE_PX) as page:
        page.evaluate(drop, [list(picture.read_bytes()), picture.name])
        loaded(page)
        assert np.abs(drawn(page, "right") - RIGHT).max() <= 1


def edges_px(rgb):
    """Return the left and the right edge of the screen in the middle row of an eye's picture, and its middle colour."""
    row = rgb[EYE_PX[1] // 2].astype(int)
    inside = np.flatnonzero(np.abs(row - (255, 0, 255)).sum(axis=1) > 60)
    return inside[0], inside[-1] + 1, row[(inside[0] + inside[-1]) // 2]


@pytest.mark.parametrize("kind", ["picture", "video"])
def test_each_eye_sees_its_picture_on_a_screen_two_metres_ahead(web, site, picture, video, kind):
    """60 degrees wide where the head is, and nearer together in the eyes' pictures by f b / z."""
    path = picture if kind == "picture" else video
    with web.in_headset(address(web, site, path), EYE_PX, before=playing) as headset:
        left, right = headset.seen((0, 1.6, 0))
        (left_from, left_to, left_colour), (right_from, right_to, right_colour) = edges_px(left), edges_px(right)
        half_width_px = headset.f_px * np.tan(np.radians(30))
        shift_px = headset.f_px * IPD_M / 2 / 2
        np.testing.assert_allclose((left_from, left_to), 200 + shift_px + np.array((-1, 1)) * half_width_px, atol=1.5)
        np.testing.assert_allclose((right_from, right_to), 200 - shift_px + np.array((-1, 1)) * half_width_px, atol=1.5)
        if kind == "picture":
            np.testing.assert_allclose(left_colour, LEFT[80, 120], atol=4)
            np.testing.assert_allclose(right_colour, RIGHT[80, 120], atol=4)
        else:
            assert np.ptp(left_colour) <= 6
            assert right_colour[2] > 40 > 3 + max(right_colour[:2])


def test_a_pressed_thumbstick_opens_the_next_file_of_the_server(web, site, folder):
    """All round, in the same session. What cannot be opened says so, and the old picture stays."""
    colours = {"red": (250, 0, 0), "blue": (0, 0, 250)}
    listed = []
    for name, colour in colours.items():
        Image.new("RGB", (400, 150), colour).save(folder / f"{name}_LR.png")
        listed.append({"name": name, "src": web.address(folder / f"{name}_LR.png")})
    (folder / "broken_LR.png").write_bytes(b"broken")
    listed.append({"name": "broken", "src": web.address(folder / "broken_LR.png")})
    (folder / "gallery.json").write_text(json.dumps({"scenes": [], "stereo": listed}))
    tag = f'<meta name="kbvr-gallery" content="{web.address(folder / "gallery.json")}"><title>'
    page = (Path(__file__).parents[2] / "kbvr" / "pages" / "stereo.html").read_text("utf-8").replace("<title>", tag, 1)
    (folder / "listed.html").write_text(page, "utf-8")

    def middle(headset):
        left, _ = headset.seen((0, 1.6, 0))
        return left[EYE_PX[1] // 2, EYE_PX[0] // 2].tolist()

    def press(headset, hand):
        for value in (1, 0):
            headset.page.evaluate(f"value => xrDevice.controllers.{hand}.updateButtonValue('thumbstick', value)", value)
            headset.seen((0, 1.6, 0))

    start = f"{web.address(folder / 'listed.html')}?src={listed[0]['src']}"
    with web.in_headset(start, EYE_PX, before=loaded) as headset:
        assert middle(headset) == [250, 0, 0]
        press(headset, "right")
        headset.page.wait_for_function("() => document.title.startsWith('blue')")
        assert middle(headset) == [0, 0, 250]
        assert headset.page.url.endswith("blue_LR.png")
        press(headset, "left")
        headset.page.wait_for_function("() => document.title.startsWith('red')")
        assert middle(headset) == [250, 0, 0]
        press(headset, "left")
        headset.page.get_by_text("broken_LR.png").wait_for(state="attached")
        assert middle(headset) == [250, 0, 0]
        assert headset.page.url.endswith("red_LR.png")


def test_a_thumbstick_moves_the_screen_and_a_button_leaves(web, site, picture):
    push = "([axis, to]) => xrDevice.controllers.right.updateAxis('thumbstick', axis, to)"
    with web.in_headset(address(web, site, picture), EYE_PX, before=loaded) as headset:
        first, _ = headset.seen((0, 1.6, 0))
        headset.page.evaluate(push, ["x-axis", -1])
        headset.page.wait_for_timeout(500)
        headset.page.evaluate(push, ["x-axis", 0])
        narrower, _ = headset.seen((0, 1.6, 0))
        headset.page.evaluate(push, ["y-axis", -1])
        headset.page.wait_for_timeout(600)
        headset.page.evaluate(push, ["y-axis", 0])
        left, right = headset.seen((0, 1.6, 0))
        headset.page.evaluate("() => xrDevice.quaternion.set(0, Math.SQRT1_2, 0, Math.SQRT1_2)")
        away, _ = headset.seen((1, 1.2, 0), (0, np.sqrt(0.5), 0, np.sqrt(0.5)))
        headset.page.evaluate("() => xrDevice.controllers.right.updateButtonValue('a-button', 1)")
        recentred, _ = headset.seen((1, 1.2, 0), (0, np.sqrt(0.5), 0, np.sqrt(0.5)))
        headset.page.evaluate("() => xrDevice.controllers.right.updateButtonValue('b-button', 1)")
        headset.page.wait_for_function("() => !xrDevice.activeSession")
        assert np.abs(drawn(headset.page, "left")[180:220, 380:420] - (LEFT[80, 120])).mean() < 20

    def width_px(rgb):
        return float(np.subtract(*edges_px(rgb)[1::-1]))

    assert width_px(narrower) < width_px(first) - 40
    assert width_px(left) == pytest.approx(width_px(narrower), abs=2)
    disparity_px = edges_px(left)[0] - edges_px(right)[0]
    assert disparity_px < 0.8 * headset.f_px * IPD_M / 2
    assert (away[200, 200] == (255, 0, 255)).all()
    assert width_px(recentred) == pytest.approx(width_px(left), abs=2)


@pytest.mark.parametrize("kind", ["picture", "video"])
def test_half_spheres_are_round_the_head(web, site, tmp_path, kind):
    """Each eye sees its own, at the angles of the picture, and nothing behind."""
    sphere = packed("sbs", SPHERES)
    path = tmp_path / f"round_kbvr_180_LR.{'png' if kind == 'picture' else 'mp4'}"
    if kind == "picture":
        Image.fromarray(sphere).save(path)
    else:
        write_video((sphere for _ in range(20)), Item("video", path, "sbs"), FACTS, FileOptions(fps=FPS))
    with web.in_headset(address(web, site, path), EYE_PX, before=loaded) as headset:
        left, right = headset.seen((0, 1.6, 0))
        moved, _ = headset.seen((0.5, 1.2, 0.3))
        behind, _ = headset.seen((0, 1.6, 0), (0, 1, 0, 0))
    across_px, up_px = 100, -60
    direction = np.array((across_px, -up_px, -headset.f_px))
    longitude = np.arctan2(direction[0], -direction[2])
    latitude = np.arcsin(direction[1] / np.linalg.norm(direction))
    x, y = (round((angle / pi + 0.5) * SPHERE_PX) for angle in (longitude, -latitude))
    atol = 3 if kind == "picture" else 6
    for eye, rgb in enumerate((left, right)):
        np.testing.assert_allclose(rgb[200 + up_px, 200 + across_px].astype(int), SPHERES[eye][y, x], atol=atol)
    np.testing.assert_allclose(moved[140, 300].astype(int), left[140, 300], atol=6)
    assert not behind[:200].any()


@pytest.mark.parametrize(
    ("layout", "wanted"),
    [
        ("sbs", {"kind": "quad", "layout": "stereo-left-right", "invertStereo": False}),
        ("cross", {"kind": "quad", "layout": "stereo-left-right", "invertStereo": True}),
        ("tb-half", {"kind": "quad", "layout": "stereo-top-bottom", "invertStereo": False}),
        ("180-sbs", {"kind": "equirect", "layout": "stereo-left-right", "invertStereo": False}),
    ],
)
def test_headsets_that_lay_videos_themselves_are_told_how(web, site, video, layout, wanted):
    def before(page):
        loaded(page)
        page.evaluate(HEADSET_LAYS_VIDEOS)

    with web.in_headset(address(web, site, video, layout=layout), EYE_PX, before=before) as headset:
        headset.seen((0, 1.6, 0))
        (laid,) = headset.page.evaluate("() => window.laid")
        layers = headset.page.evaluate("() => window.layers")
    assert wanted.items() <= laid.items()
    assert laid["video"] == 2 * SIZE_PX[0]
    assert layers == [wanted["kind"], "drawn"]
    if wanted["kind"] == "quad":
        assert laid["position"] == pytest.approx([0, 0, -2], abs=1e-5)
        assert 2 * degrees(np.arctan(laid["width"] / 2)) == pytest.approx(60, abs=0.1)
    else:
        angles = [laid[name] for name in ("centralHorizontalAngle", "upperVerticalAngle", "lowerVerticalAngle")]
        assert angles == pytest.approx([pi, pi / 2, -pi / 2])
