"""The scene viewer in a real browser: it opens scenes in every way, looks around in them, and goes into a headset."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import DracoPy
import numpy as np
import pytest
from glb_by_hand import CARD_PX, EYE_HEIGHT_M, NEAR_M, SIZE_PX, Writer, picture, write_glb
from PIL import Image
from scene_pages import STATE, VIEWER, settled
from worn import Worn

PAGES = Path(__file__).parents[2] / "kbvr" / "pages"
HEAD_BOX_M = 0.05
EYE_PX = (240, 240)
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'unsafe-inline' 'wasm-unsafe-eval'",
        "style-src 'unsafe-inline'",
        "img-src blob: data:",
        "connect-src blob:",
        "worker-src blob:",
    )
)


@pytest.fixture(scope="module")
def glb(tmp_path_factory):
    path = tmp_path_factory.mktemp("scene") / "card.glb"
    write_glb(path)
    return path


@pytest.fixture(scope="module")
def site(web, glb):
    """Serve the pages beside the scene; return their folder's address."""
    for path in (*PAGES.iterdir(), glb):
        web.files[f"/viewers/{path.name}"] = path
    return f"{web.origin}/viewers"


def loaded(page):
    """Wait for the scene, and take over from its introduction with a key that does nothing else."""
    page.locator("kbvr-photo .loaded").wait_for()
    page.evaluate(f"{VIEWER}.press(new KeyboardEvent('keydown', {{key: 'Shift'}}))")
    settled(page)


@contextmanager
def shown(web, site, query="", size_px=SIZE_PX):
    with web.page(f"{site}/scene.html?src=card.glb&{query}", size_px) as page:
        loaded(page)
        yield page


def drawn(page):
    """Return what is on the screen but for the buttons, H x W x 3."""
    page.evaluate(
        f"""async () => {{
          const style = document.createElement("style");
          style.textContent = ".bar {{display: none !important}} canvas {{transition: none !important}}";
          {VIEWER}.shadowRoot.append(style);
          for (let frames = 0; frames < 3; frames++) await new Promise(requestAnimationFrame);
        }}"""
    )
    return np.asarray(Image.open(BytesIO(page.screenshot())).convert("RGB")).astype(int)


def offset_m(page):
    return np.array(page.evaluate(f"{STATE}.offset_m"))


def test_at_rest_the_picture_is_the_photo(web, site):
    with shown(web, site) as page:
        error = np.abs(drawn(page) - picture())
    assert np.mean(error) < 0.5
    assert np.quantile(error, 0.99) <= 3


@pytest.mark.parametrize(("fit", "shown_of_height"), [("cover", 0.5), ("contain", 1.0)])
def test_a_wide_element_is_filled_or_shows_the_whole_photo(web, site, fit, shown_of_height):
    """Twice as wide for its height as the photo: half of its height fills it."""
    width, height = SIZE_PX
    with shown(web, site, f"fit={fit}", (2 * width, height)) as page:
        middle = drawn(page)[:, width - 20 : width + 20]
    part = round(height * shown_of_height)
    top = (height - part) // 2
    across = width / (2 * width if fit == "cover" else width)
    box = (width / 2 - 20 * across, top, width / 2 + 20 * across, top + part)
    wanted = Image.fromarray(picture()).resize((40, height), Image.Resampling.BILINEAR, box=box)
    assert np.mean(np.abs(middle - np.asarray(wanted))) < 6


def test_the_mouse_moves_the_head_within_its_box(web, site):
    with shown(web, site) as page:
        rest = drawn(page)
        page.mouse.move(SIZE_PX[0] - 2, 2)
        page.wait_for_function(f"() => {STATE}.offset_m[0] > 0.03")
        settled(page)
        x, y, z = offset_m(page)
        moved = drawn(page)
    assert 0.03 < x <= HEAD_BOX_M
    assert 0.03 < y <= HEAD_BOX_M
    assert z == 0
    card = np.s_[CARD_PX[1] + 8 : CARD_PX[3] - 8, CARD_PX[0] + 8 : CARD_PX[2] - 8]
    assert np.mean(np.abs(moved - rest)[card]) < 2, "the subject stands still"
    assert np.mean(np.abs(moved - rest)) > 10


def test_the_wheel_scrolls_what_the_photo_is_in(web, site):
    """Many pages scroll in a part of the window: the photo must not hold the wheel there, and moves as it goes by."""
    photo = f'<kbvr-photo src="{site}/card.glb" style="height: 200px"></kbvr-photo>'
    scroller = f'<div id="part" style="height: 100%; overflow: auto">{photo}<p style="height: 2000px"></p></div>'
    with web.page(f"{web.origin}/three.html", SIZE_PX) as page:
        page.evaluate(
            """scroller => {
              document.body.innerHTML = scroller;
              document.documentElement.style.overflow = "hidden";
              for (const box of [document.documentElement, document.body]) box.style.height = "100%";
            }""",
            scroller,
        )
        page.add_script_tag(url=f"{site}/kbvr-photo.js")
        loaded(page)
        settled(page)
        before_m = offset_m(page)
        page.mouse.move(SIZE_PX[0] / 2, 100)
        page.mouse.wheel(0, 60)
        page.wait_for_function("() => part.scrollTop === 60")
        page.mouse.move(SIZE_PX[0] / 2, SIZE_PX[1] - 5)
        settled(page)
        assert offset_m(page)[1] != before_m[1]


def test_the_wheel_scrolls_what_the_component_around_the_photo_is_in(web, site):
    with web.page(f"{web.origin}/three.html", SIZE_PX) as page:
        page.evaluate(
            """site => {
              document.body.innerHTML = '<div id="card"></div><p style="height: 2000px"></p>';
              card.attachShadow({ mode: "open" }).innerHTML = `<kbvr-photo src="${site}/card.glb"></kbvr-photo>`;
            }""",
            site,
        )
        page.add_script_tag(url=f"{site}/kbvr-photo.js")
        page.locator("kbvr-photo .loaded").wait_for()
        page.mouse.move(SIZE_PX[0] / 2, 50)
        page.mouse.wheel(0, 60)
        page.wait_for_function("() => scrollY === 60")


def test_a_page_scrolls_on_over_the_scene_in_its_frame(web, site):
    with web.page(f"{web.origin}/three.html", SIZE_PX) as page:
        frame = f'<iframe src="{site}/scene.html?src=card.glb" width="200" height="150"></iframe>'
        page.evaluate("html => { document.body.innerHTML = html; }", f'{frame}<p style="height: 2000px"></p>')
        scene = page.frame_locator("iframe")
        scene.locator("kbvr-photo .loaded").wait_for()
        assert scene.locator("canvas").evaluate("canvas => getComputedStyle(canvas).touchAction") == "pan-y"
        page.mouse.move(100, 75)
        page.mouse.wheel(0, 60)
        page.wait_for_function("() => scrollY === 60")


def test_keys_move_the_head_within_its_box_and_back(web, site):
    with shown(web, site) as page:
        for _ in range(20):
            page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowUp")
        page.wait_for_function(f"() => {STATE}.offset_m[0] < -0.03")
        settled(page)
        x, y, _ = offset_m(page)
        page.keyboard.press("r")
        page.wait_for_function(f"() => {STATE}.offset_m[0] === 0")
    assert -HEAD_BOX_M <= x < -0.04
    assert 0 < y < HEAD_BOX_M / 2


def test_the_camera_path_plays_and_pauses(web, site):
    with shown(web, site) as page:
        rest = drawn(page)
        page.keyboard.press("Space")
        page.wait_for_timeout(900)
        page.keyboard.press("Space")
        assert not page.evaluate(f"{STATE}.isPlaying")
        away = drawn(page)
        page.keyboard.press("r")
        page.wait_for_timeout(1500)
        back = drawn(page)
    assert np.mean(np.abs(away - rest)) > 5
    assert np.mean(np.abs(back - rest)) < 0.1


def test_side_by_side_draws_two_eyes(web, site):
    """The wall behind the subject is farther to the right for the right eye."""
    with shown(web, site, "stereo=sbs", (2 * SIZE_PX[0], SIZE_PX[1])) as page:
        left, right = np.split(drawn(page), 2, axis=1)
    card = np.s_[CARD_PX[1] + 8 : CARD_PX[3] - 8, CARD_PX[0] + 8 : CARD_PX[2] - 8]
    assert np.mean(np.abs(left - right)[card]) < 2
    wall = np.s_[20:60, 40:280]
    shifts = {s: np.mean(np.abs(left - np.roll(right, -s, axis=1))[wall]) for s in range(-15, 16)}
    best = min(shifts, key=lambda s: shifts[s])
    assert 4 <= best <= 14
    assert shifts[best] < 0.4 * shifts[0]


def test_an_anaglyph_and_a_wiggle_are_drawn(web, site):
    with shown(web, site) as page:
        flat = drawn(page)
        page.keyboard.press("3")
        anaglyph = drawn(page)
        page.keyboard.press("2")
        swaying = [drawn(page) for _ in range(4) if not page.wait_for_timeout(200)]
        assert page.evaluate(f"{STATE}.stereo") == "wiggle"
        page.keyboard.press("1")
        assert np.array_equal(drawn(page), flat)
    assert np.mean(np.abs(anaglyph - flat)) > 5
    assert np.mean(np.abs(np.max(swaying, 0) - np.min(swaying, 0))) > 1


def test_a_still_scene_draws_no_frames(web, site):
    count = "window.frames = 0; const ask = requestAnimationFrame; requestAnimationFrame = f => (frames++, ask(f));"
    with shown(web, site) as page:
        settled(page)
        page.evaluate(f"() => {{ {count} }}")
        page.wait_for_timeout(500)
        assert page.evaluate("frames") == 0
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(200)
        assert page.evaluate("frames") > 0


def test_a_scene_can_be_dropped_on_the_page(web, site, glb):
    with web.page(f"{site}/scene.html", SIZE_PX) as page:
        assert page.get_by_text("Drop a scene here").is_visible()
        drop(page, glb.read_bytes())
        loaded(page)
        assert np.mean(np.abs(drawn(page) - picture())) < 0.5


def test_a_dropped_file_of_another_kind_is_named(web, site):
    with web.page(f"{site}/scene.html", SIZE_PX) as page:
        drop(page, b"<html>", "cat.jpg")
        page.get_by_text("Drop a .glb scene made by kbvr, not cat.jpg.").wait_for()


def drop(page, content, name="dropped.glb"):
    transfer = page.evaluate_handle(
        """([text, name]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([Uint8Array.from(atob(text), c => c.charCodeAt(0))], name));
          return transfer;
        }""",
        [b64encode(content).decode(), name],
    )
    page.dispatch_event("kbvr-photo", "drop", {"dataTransfer": transfer})


def test_a_scene_inside_the_page_opens_from_disk(web, glb, tmp_path):
    """Under a policy that forbids all but what is inside."""
    html = (PAGES / "scene.html").read_text("utf-8")
    scene = f'<script type="text/plain" id="kbvr-scene">{b64encode(glb.read_bytes()).decode()}</script>'
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    element = "<kbvr-photo droppable></kbvr-photo>"
    filled = element.replace("droppable", 'src="#kbvr-scene"')
    for mark, text in (("<!--kbvr-scene-->", scene), ("<title>kbvr</title>", policy), (element, filled)):
        assert html.count(mark) == 1
        html = html.replace(mark, text)
    path = tmp_path / "photo.html"
    path.write_text(html, "utf-8")
    with web.page(path.as_uri(), SIZE_PX) as page:
        loaded(page)
        assert np.mean(np.abs(drawn(page) - picture())) < 0.5


def test_a_scene_packed_by_draco_opens(web, site, glb, tmp_path):
    """The decoder is asked for from beside the page, once, and only for such a scene."""
    pack(glb, tmp_path / "packed.glb")
    web.files["/viewers/packed.glb"] = tmp_path / "packed.glb"
    with web.page(f"{site}/scene.html?src=card.glb", SIZE_PX) as page:
        loaded(page)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.evaluate(f"window.loads = 0; {VIEWER}.addEventListener('load', () => window.loads++)")
        for times in (1, 2):
            drop(page, (tmp_path / "packed.glb").read_bytes())
            page.wait_for_function(f"() => window.loads === {times}")
        loaded(page)
        assert np.mean(np.abs(drawn(page) - picture())) < 1
    assert [url for url in asked if not url.startswith(("blob:", "data:"))] == [f"{site}/kbvr-draco.js"]


def test_a_page_of_another_folder_finds_the_decoder_beside_the_script(web, site, glb, tmp_path):
    """Under a policy that allows what comes from the site, and no styles or code in the page."""
    pack(glb, tmp_path / "packed.glb")
    web.files["/viewers/packed.glb"] = tmp_path / "packed.glb"
    policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src blob:"
    (tmp_path / "page.html").write_text(
        f"""<!doctype html><meta http-equiv="Content-Security-Policy" content="{policy}">
        <script src="/viewers/kbvr-photo.js" defer></script><kbvr-photo src="/viewers/packed.glb"></kbvr-photo>"""
    )
    with web.page(web.address(tmp_path / "page.html"), SIZE_PX) as page:
        loaded(page)


def test_a_decoder_that_cannot_be_loaded_is_told_of_in_words(web, site, glb, tmp_path):
    pack(glb, tmp_path / "packed.glb")
    web.files["/elsewhere/scene.html"] = PAGES / "scene.html"
    web.files["/elsewhere/packed.glb"] = tmp_path / "packed.glb"
    page = web.browser.new_page()
    page.goto(f"{web.origin}/elsewhere/scene.html?src=packed.glb")
    page.get_by_text("Its decoder, kbvr-draco.js, could not be loaded.").wait_for()
    page.close()


def unfolded(source):
    """Read what a GLB was written from."""
    content = source.read_bytes()
    length = int.from_bytes(content[12:16], "little")
    return Writer(json.loads(content[20 : 20 + length]), bytearray(content[28 + length :]))


def pack(source, target):
    """Write a GLB again with its meshes packed by Draco."""
    glb = unfolded(source)
    for primitive in (primitive for mesh in glb.json["meshes"] for primitive in mesh["primitives"]):
        named = {name: read(glb, index) for name, index in primitive["attributes"].items()}
        payload = DracoPy.encode(
            named["POSITION"].astype(np.int32),
            read(glb, primitive["indices"]).reshape(-1, 3).astype(np.uint32),
            tex_coord=named["TEXCOORD_0"] / 65535,
            colors=named.get("COLOR_0"),
            preserve_order=True,
        )
        names = {0: "POSITION", 2: "COLOR_0", 3: "TEXCOORD_0"}
        ids = {names[one["attribute_type"]]: one["unique_id"] for one in DracoPy.decode(payload).attributes}
        uv = glb.json["accessors"][primitive["attributes"]["TEXCOORD_0"]]
        uv.update(componentType=5126, normalized=False)
        for index in (primitive["indices"], *primitive["attributes"].values()):
            del glb.json["accessors"][index]["bufferView"]
        primitive["extensions"] = {"KHR_draco_mesh_compression": {"bufferView": glb.view(payload), "attributes": ids}}
    for listed in ("extensionsUsed", "extensionsRequired"):
        glb.json[listed].append("KHR_draco_mesh_compression")
    glb.write(target)


def read(glb, index):
    """Return the numbers of an accessor, a row each."""
    accessor = glb.json["accessors"][index]
    view = glb.json["bufferViews"][accessor["bufferView"]]
    kind = {5121: np.uint8, 5122: np.int16, 5123: np.uint16}[accessor["componentType"]]
    columns = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}[accessor["type"]]
    stride = view.get("byteStride", columns * np.dtype(kind).itemsize)
    return np.ndarray(
        (accessor["count"], columns), kind, glb.binary, view["byteOffset"], (stride, np.dtype(kind).itemsize)
    ).copy()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<html>", "This is not a GLB file."),
        (lambda whole: whole[: len(whole) // 2], "incomplete"),
        (lambda whole: whole.replace(b'"kbvr": {', b'"kbxx": {'), "not a scene made by kbvr"),
        (lambda whole: whole.replace(b'"bufferViews"', b'"bufferViewz"'), "damaged"),
        (lambda whole: whole.replace(b"JSON", b"JSOM", 1), "damaged: it does not begin with JSON"),
        (lambda whole: whole.replace(b"glTF\2", b"glTF\1", 1), "does not have version 2"),
        (
            lambda whole: whole.replace(b'"attributes"', b'"attributez"'),
            "^This GLB is damaged: its triangles cannot be read.$",
        ),
    ],
)
def test_a_broken_file_is_told_of_in_words(web, site, glb, content, says):
    with web.page(f"{site}/scene.html", SIZE_PX) as page:
        drop(page, content if isinstance(content, bytes) else content(glb.read_bytes()))
        page.get_by_text(re.compile(says)).wait_for()
        assert page.get_by_role("button", name="Choose a file").is_visible()


def test_a_scene_that_wants_a_picture_from_elsewhere_is_refused(web, site, glb, tmp_path):
    """three.js would draw it without; nothing is asked of the other host, which `web` sees to."""
    other = unfolded(glb)
    other.json["images"] = [{"uri": "https://example.com/picture.webp"}]
    other.write(tmp_path / "other.glb")
    with web.page(f"{site}/scene.html", SIZE_PX, "console.error = () => {}") as page:
        drop(page, (tmp_path / "other.glb").read_bytes())
        page.get_by_text("This GLB requires other files").wait_for()


def test_without_a_scene_there_are_no_buttons_for_one(web, site):
    with shown(web, site) as page:
        drop(page, b"<html>")
        page.get_by_text("This is not a GLB file.").wait_for()
        assert [button.text_content() for button in page.get_by_role("button").all()] == ["Choose a file"]


def test_the_element_loads_when_it_comes_near_and_frees_all_when_removed(web, site):
    """A page of a blog: one script, one tag, far below the window."""
    with web.page(f"{web.origin}/three.html", SIZE_PX) as page:
        page.evaluate(
            """async site => {
              document.body.innerHTML = '<div style="height: 3000px"></div><kbvr-photo alt="A card"></kbvr-photo>';
              document.querySelector("kbvr-photo").setAttribute("src", site + "/card.glb");
              const script = document.createElement("script");
              script.src = site + "/kbvr-photo.js";
              document.head.append(script);
              await new Promise(done => script.addEventListener("load", done));
            }""",
            site,
        )
        page.wait_for_timeout(300)
        assert page.evaluate(STATE) is None
        page.evaluate("scrollTo(0, 3000)")
        page.wait_for_function(f"() => {STATE}")
        assert page.get_by_role("application", name="A card").is_visible()
        page.evaluate(f"window.element = {VIEWER}; element.remove()")
        assert page.evaluate("element.state") is None


def test_of_more_elements_than_a_browser_has_canvases_for_each_is_drawn_when_it_is_seen(web, site):
    """Chromium takes the canvas of the oldest from 17 on."""
    elements = f'<kbvr-photo src="{site}/card.glb" style="height: {SIZE_PX[1]}px"></kbvr-photo>' * 18
    with web.page(f"{web.origin}/three.html", SIZE_PX) as page:
        page.evaluate("elements => { document.body.innerHTML = elements; }", elements)
        page.add_script_tag(url=f"{site}/kbvr-photo.js")
        for place in (*range(18), 0):
            page.evaluate("place => document.querySelectorAll('kbvr-photo')[place].scrollIntoView()", place)
            page.wait_for_function(
                """place => {
                  const {shadowRoot, state} = document.querySelectorAll("kbvr-photo")[place];
                  return state && !shadowRoot.querySelector("canvas").getContext("webgl2").isContextLost();
                }""",
                arg=place,
            )


@pytest.mark.parametrize("src", ["//example.com/a.glb", "https://example.com/a.glb", "data:,a", "http://["])
def test_an_address_elsewhere_is_not_opened(web, site, src):
    with web.page(f"{site}/scene.html?src={src}", SIZE_PX) as page:
        page.get_by_text("Drop a scene here").wait_for()


def test_a_percent_sign_in_a_name_may_be_written_as_it_is(web, site, glb):
    web.files["/viewers/100%.glb"] = glb
    with web.page(f"{site}/scene.html?src=100%25.glb", SIZE_PX) as page:
        loaded(page)


def test_a_browser_without_webgl_is_told_of_in_words(web, site):
    without = "HTMLCanvasElement.prototype.getContext = () => null"
    with web.page(f"{site}/scene.html?src=card.glb", SIZE_PX, without) as page:
        page.get_by_text("This scene needs WebGL 2").wait_for()
        assert page.get_by_role("button").count() == 0, "another file would not help"


def test_who_wants_less_motion_moves_by_drags_and_keys_only(web, site):
    with web.page(f"{site}/scene.html", SIZE_PX) as page:
        page.emulate_media(reduced_motion="reduce")
        page.goto(f"{site}/scene.html?src=card.glb&autoplay&stereo=wiggle")
        loaded(page)
        page.mouse.move(SIZE_PX[0] - 2, 2)
        drawn(page)
        assert not offset_m(page).any()
        assert page.evaluate(f"{STATE}.isPlaying") is False
        assert page.evaluate(f"{STATE}.stereo") == "none"
        page.keyboard.press("ArrowRight")
        drawn(page)
        assert offset_m(page)[0] > 0
        page.mouse.down()
        page.mouse.move(2, 2)
        drawn(page)
        assert offset_m(page)[0] > 0.04


@contextmanager
def worn(web, site, query=""):
    address = f"{site}/scene.html?src=card.glb&{query}"
    with web.in_headset(address, EYE_PX, button=re.compile("Enter VR"), before=loaded) as headset:
        headset.page.wait_for_function(f"() => {STATE}.isPresenting")
        yield headset


def in_headset(headset):
    return headset.page.evaluate(f"{STATE}.headset")


def above_the_panel(eye):
    return eye[: EYE_PX[1] // 2 - 10].astype(int)


def test_the_photo_stands_before_a_head_wherever_it_is_and_looks(web, site):
    """Standing or seated, turned or not: recentred, both eyes see the same as before."""
    turned = (0, np.sin(0.6), 0, np.cos(0.6))
    with worn(web, site) as headset:
        headset.seen((0, EYE_HEIGHT_M, 0))
        headset.page.keyboard.press("r")
        straight = headset.seen((0, EYE_HEIGHT_M, 0))
        headset.seen((2, 1.1, -3), turned)
        headset.page.keyboard.press("r")
        Worn(headset).until("state.veil === 0 && state.narrow === 0")
        elsewhere = headset.seen((2, 1.1, -3), turned)
    for before, after in zip(straight, elsewhere, strict=True):
        assert np.mean(np.abs(above_the_panel(before) - above_the_panel(after))) < 1


def test_thumbsticks_and_hands_scale_and_move_the_scene_and_a_button_exits(web, site):
    with worn(web, site) as headset:
        page = headset.page
        headset.seen((0, EYE_HEIGHT_M, 0))
        page.evaluate("xrDevice.controllers.right.updateAxes('thumbstick', 1, 0)")
        page.wait_for_function(f"() => {STATE}.headset.scale > 1.2")
        page.evaluate("xrDevice.controllers.right.updateAxes('thumbstick', 0, -1)")
        page.wait_for_function(f"() => {STATE}.headset.distance_m > 0.2")
        page.evaluate("xrDevice.controllers.right.updateAxes('thumbstick', 0, 0)")
        before = in_headset(headset)
        held = "xrDevice.controllers.%s.updateButtonValue('trigger', %d)"
        place = "xrDevice.controllers.%s.position.set(%f, 1.2, %f)"
        page.evaluate(place % ("left", -0.2, -0.3))
        page.evaluate(place % ("right", 0.2, -0.3))
        headset.seen((0, EYE_HEIGHT_M, 0))
        page.evaluate(held % ("left", 1))
        headset.seen((0, EYE_HEIGHT_M, 0))
        page.evaluate(place % ("left", -0.2, -0.2))
        headset.seen((0, EYE_HEIGHT_M, 0))
        nearer = in_headset(headset)
        assert nearer["distance_m"] == pytest.approx(before["distance_m"] - 3 * 0.1, abs=0.02)
        page.evaluate(held % ("right", 1))
        headset.seen((0, EYE_HEIGHT_M, 0))
        page.evaluate(place % ("right", 0.6, -0.2))
        headset.seen((0, EYE_HEIGHT_M, 0))
        assert in_headset(headset)["scale"] > 1.5 * nearer["scale"]
        page.evaluate("xrDevice.controllers.right.updateButtonValue('b-button', 1)")
        page.wait_for_function(f"() => !{STATE}.isPresenting")


def test_the_card_is_as_deep_in_the_headset_as_in_the_scene(web, site):
    """Its disparity on pictures of this focal length is f b / z."""
    with worn(web, site) as headset:
        headset.seen((0, EYE_HEIGHT_M, 0))
        headset.page.keyboard.press("r")
        left, right = headset.seen((0, EYE_HEIGHT_M, 0))
        f_px = headset.f_px
    wanted_px = f_px * 0.063 / NEAR_M
    card = np.s_[112:128, 112:128]
    shifts = {s: np.mean(np.abs(np.roll(right.astype(int), s, axis=1) - left)[card]) for s in range(2, 20)}
    assert min(shifts, key=lambda s: shifts[s]) == pytest.approx(wanted_px, abs=1)


def test_a_hand_that_pinches_gets_a_panel_and_leaves_by_it(web, site):
    """The panel floats 0.7 m from the eyes, below the line of sight. Without other scenes it offers none."""
    with worn(web, site) as headset:
        person = Worn(headset)
        headset.page.evaluate("xrDevice.primaryInputMode = 'hand'")
        headset.seen((0, EYE_HEIGHT_M, 0))
        before, _ = headset.seen((0, EYE_HEIGHT_M, 0))
        person.pinch()
        person.until("state.targets.length > 0")
        assert person.labels == ["Recentre", "True size", "Exit", "Seated", "Surround: dim"]
        after, _ = headset.seen((0, EYE_HEIGHT_M, 0))
        assert np.mean(np.abs(before.astype(int) - after)[EYE_PX[1] // 2 + 20 :]) > 2, "the panel is there"
        for target in person.state["targets"]:
            assert 0.6 < np.linalg.norm(target["place_m"]) < 0.8
            assert target["place_m"][1] < -0.1
        person.aim("Exit", with_fingers=True)
        headset.page.evaluate("xrDevice.hands.right.updatePinchValue(1)")
        headset.page.wait_for_function(f"() => !{STATE}.isPresenting")


def test_an_element_that_is_removed_leaves_the_headset(web, site):
    with worn(web, site) as headset:
        headset.page.evaluate(f"{VIEWER}.remove()")
        headset.page.wait_for_function("() => !xrDevice.activeSession")
        headset.page.wait_for_timeout(300)


def test_frames_are_timed_and_come_from_the_headset_alone(web, site):
    """Those of the window, which have another clock, would make some of the times negative."""
    with worn(web, site, "stats") as headset:
        headset.page.wait_for_timeout(1500)
        told = headset.page.locator("kbvr-photo .stats").text_content()
    times = re.fullmatch(r"frame median (\S+) ms, worst (\S+) ms", told)
    median_ms, worst_ms = map(float, times.groups())
    assert 1 < median_ms <= worst_ms
