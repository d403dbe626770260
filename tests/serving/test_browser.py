"""What pages can do in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from browser import FLAGS
from PIL import Image
from web_client import viewing

import kbvr

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from playwright.sync_api import Page
    from web_engines import Web

EXAMPLES = Path(__file__).parents[2] / "examples"

# A browser

TRIES = """<!doctype html><title>tries</title><style>html { color: rgb(1, 2, 3) }</style><p id="told"></p><script>
const tried = async (name, attempt) => {
  try { return [name, String(await attempt())] } catch { return [name, "refused"] }
};
const worker = () => new Promise((done, fail) => {
  const made = new Worker(URL.createObjectURL(new Blob(["postMessage(String(WebAssembly.validate(wasm)))"
    .replace("wasm", "new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])")])));
  made.onmessage = event => done(event.data);
  made.onerror = fail;
});
const wasm = async () => (await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))).constructor.name;
Promise.all([
  tried("style", () => getComputedStyle(document.documentElement).color),
  tried("file", async () => (await (await fetch(location.search.slice("?src=".length))).arrayBuffer()).byteLength),
  tried("part", async () => (await fetch("files/0/cat.glb", {headers: {Range: "bytes=1-2"}})).status),
  tried("data", async () => (await fetch("data:,abc")).text()),
  tried("blob", async () => (await fetch(URL.createObjectURL(new Blob(["abc"])))).text()),
  tried("worker", worker),
  tried("wasm", wasm),
  tried("eval", () => eval("1")),
  tried("other host", () => fetch("http://localhost:OTHER/", {mode: "no-cors"})),
]).then(all => { document.getElementById("told").textContent = JSON.stringify(Object.fromEntries(all)) });
</script>"""


def test_a_page_can_do_what_viewers_do_and_no_more(files, pages, tmp_path):
    """Chromium obeys the policy: no other host is reached."""
    program = shutil.which("chromium")
    assert program, "this test needs chromium (Debian: apt-get install chromium)"
    with viewing(*files) as other, viewing(*files) as served:
        (pages / "scene.html").write_text(TRIES.replace("OTHER", str(other.port)), "utf-8")
        url = served.url + served.served.site.links[0]
        command = [
            program,
            *FLAGS,
            f"--user-data-dir={tmp_path}/profile",
            "--virtual-time-budget=5000",
            "--dump-dom",
            url,
        ]
        page = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
        reached = len(other.connections)
    told = re.search(r'<p id="told">(.*?)</p>', page)
    assert told is not None, page
    assert json.loads(told[1]) == {
        "style": "rgb(1, 2, 3)",
        "file": "260",
        "part": "206",
        "data": "abc",
        "blob": "abc",
        "worker": "true",
        "wasm": "Module",
        "eval": "refused",
        "other host": "refused",
    }
    assert reached == 0


THIEF = """<!doctype html><title>kbvr</title><p id="told"></p><script>
const tried = async (name, attempt) => {
  try { return [name, String(await attempt())] } catch { return [name, "refused"] }
};
const seen = url => new Promise((done, fail) => {
  Object.assign(new Image(), {onload: () => done("seen"), onerror: fail, src: url});
});
Promise.all([
  tried("index", async () => (await fetch("../../")).status),
  tried("photo", async () => (await (await fetch("../0/a.jpg")).arrayBuffer()).byteLength),
  tried("unread", () => fetch("../0/a.jpg", {mode: "no-cors"})),
  tried("picture", () => seen("../0/a.jpg")),
  tried("window", () => window.open("../../").document.title),
  tried("storage", () => localStorage.length),
  tried("itself", async () => (await fetch(URL.createObjectURL(new Blob(["abc"])))).text()),
]).then(all => { document.getElementById("told").textContent = JSON.stringify(Object.fromEntries(all)) });
</script>"""


def test_a_page_in_a_folder_reads_no_other_file(web, tmp_path):
    """Anyone may have written it. What it holds itself, it may show."""
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg")
    (tmp_path / "x_kbvr.html").write_text(THIEF, "utf-8")
    with viewing(tmp_path) as served:
        page = web.browser.new_page()
        page.goto(f"{served.url}files/1/x_kbvr.html")
        page.locator("#told", has_text="{").wait_for()
        told = json.loads(page.inner_text("#told"))
        page.close()
    assert told == dict.fromkeys(told, "refused") | {"itself": "abc"}
    assert len(told) == 7


def drawn(page: Page) -> NDArray[np.uint8]:
    return np.asarray(Image.open(BytesIO(page.screenshot())).convert("RGB"))


def test_an_exported_page_shows_its_scene(web, tmp_path):
    """In the sandbox of its own origin, too."""
    kbvr.export(EXAMPLES / "cat.jpg", tmp_path / "cat_kbvr.html", html=True, triangles=3000, texture="jpeg")
    served = viewing(tmp_path / "cat_kbvr.html")
    with served, shown(web, served.url + served.served.site.links[0], SIZES["wide"]) as page:
        page.get_by_role("group", name="View").wait_for()
        assert page.evaluate("[origin, isSecureContext, 'xr' in navigator, document.fullscreenEnabled]") == [
            "null",
            True,
            True,
            True,
        ]
        until_s = monotonic() + 30
        while drawn(page)[200:700, 400:1000].std() < 20:
            assert monotonic() < until_s


# The pages as people see them

SIZES = {"wide": (1440, 900), "phone": (390, 844)}

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "view_index.jpg"


@pytest.fixture
def holiday(tmp_path):
    """A folder of photos and of what kbvr writes."""
    top = tmp_path / "holiday"
    top.mkdir()
    for name in ("cat", "coffee", "temple"):
        shutil.copy(EXAMPLES / f"{name}.jpg", top)
    with Image.open(EXAMPLES / "temple.jpg") as photo:
        views = np.hstack([np.asarray(photo), np.roll(np.asarray(photo), 4, axis=1)])
    Image.fromarray(views).save(top / "temple_kbvr_LR.jpg")
    (top / "cat_kbvr.ply").write_bytes(bytes(3_200_000))
    for number, path in enumerate(sorted(top.iterdir())):
        os.utime(path, (1_790_000_000 + 5000 * number,) * 2)
    return top


@contextmanager
def shown(web: Web, url: str, size: tuple[int, int], **more: Any) -> Iterator[Page]:
    """Open a page in a fresh browser window; afterwards, it must have reported no problem."""
    page = web.browser.new_page(viewport={"width": size[0], "height": size[1]}, **more)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(url)
    page.wait_for_load_state("networkidle")
    yield page
    page.close()
    assert problems == []


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_index_shows_a_picture_of_each_file_at_any_size(web, holiday, size, colours):
    with viewing(holiday) as served, shown(web, served.url, size, color_scheme=colours) as page:
        assert page.title() == "holiday – kbvr"
        links = page.get_by_role("link")
        assert links.count() == 5
        for link in links.all():
            box = link.bounding_box()
            assert box and box["x"] >= 0 and box["x"] + box["width"] <= size[0] and box["height"] >= 44
        assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 100)")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", background))) > 380) == (colours == "light")
        if size == SIZES["wide"] and colours == "light":
            picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
            if os.environ.get("KBVR_WRITE_GOLDENS"):
                picture.crop((0, 0, 1440, 372)).resize((1080, 279)).save(PICTURE, quality=88)


def test_the_index_is_walked_with_the_keyboard_and_read_aloud(web, holiday):
    with viewing(holiday) as served, shown(web, served.url, SIZES["wide"]) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        names = [link.inner_text().split("\n")[0] for link in page.get_by_role("link").all()]
        assert names == ["cat.jpg", "cat_kbvr.ply", "coffee.jpg", "temple.jpg", "temple_kbvr_LR.jpg"]
        spoken = re.compile("^temple_kbvr_LR.jpg Stereo picture, side by side ")
        assert page.get_by_role("link", name=spoken).count() == 1
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/photo\.html"))
        assert page.title() == "cat.jpg – kbvr"


def test_text_is_easy_to_read(web, holiday):
    """Contrast of all text by WCAG 2.2, 1.4.3: 4.5 to 1."""
    for colours in ("light", "dark"):
        with viewing(holiday) as served, shown(web, served.url, SIZES["wide"], color_scheme=colours) as page:
            card = page.evaluate("getComputedStyle(document.querySelector('a')).backgroundColor")
            body = page.evaluate("getComputedStyle(document.body).backgroundColor")
            for selector, behind in ((".name", card), (".text > span:last-child", card), ("header p", body)):
                text = page.evaluate(f"getComputedStyle(document.querySelector('{selector}')).color")
                assert contrast(text, behind) >= 4.5


def contrast(*colours: str) -> float:
    def luminance(colour: str) -> float:
        channels = [int(channel) / 255 for channel in re.findall(r"\d+", colour)[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(weight * channel for weight, channel in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    darker, brighter = sorted(map(luminance, colours))
    return (brighter + 0.05) / (darker + 0.05)


def test_the_page_of_a_photo_shows_progress_then_the_scene(web, holiday):
    with viewing(holiday) as served, shown(web, served.url, SIZES["phone"]) as page:
        page.get_by_role("link", name=re.compile("^cat.jpg")).click()
        assert page.get_by_role("heading", name="cat.jpg").is_visible()
        assert page.get_by_role("progressbar", name="Making the 3D scene").is_visible()
        assert page.get_by_role("status").inner_text()
        page.wait_for_url(re.compile(r"/scene\.html"), timeout=90_000)
        assert page.title() == "cat.jpg – kbvr"
        page.go_back()
        page.wait_for_load_state("networkidle")
        assert page.title() == "holiday – kbvr"  # not the page of the photo, which would open the scene again


def test_a_failure_is_told_on_the_page(web, holiday):
    (holiday / "broken.jpg").write_bytes(b"no photo")
    with viewing(holiday) as served:
        page = web.browser.new_page()
        page.goto(f"{served.url}photo.html?src=files/0/broken.jpg")
        page.get_by_role("link", name="Try again").wait_for(timeout=60_000)
        page.get_by_role("status").get_by_text("broken.jpg").wait_for()
        assert not page.get_by_role("progressbar").is_visible()
        page.get_by_role("link", name="All files").click()
        page.wait_for_url(served.url)
        page.goto(f"{served.url}photo.html?src=files/0/broken.jpg")
    page.get_by_role("status").get_by_text("kbvr has been stopped.").wait_for(timeout=10_000)
    page.close()


@pytest.mark.parametrize("name", ["broken_kbvr.glb", "cat.jpg", "temple_kbvr_LR.jpg"])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_way_leads_from_a_file_to_the_list(web, holiday, name, size):
    """Also from a file that cannot be shown. Nothing else is in its place."""
    (holiday / "broken_kbvr.glb").write_bytes(b"glTF")
    with viewing(holiday) as served:
        address = next(entry.address for entry in served.served.site.listing.entries if entry.name == name)
        page = web.browser.new_page(viewport={"width": size[0], "height": size[1]})
        page.goto(f"{served.url}{'scene' if name.endswith('glb') else 'stereo'}.html?src={address}")
        page.wait_for_load_state("networkidle")
        box = page.get_by_role("link", name="All files").bounding_box()
        assert box
        assert box["height"] >= 44
        page.get_by_role("link", name="All files").click()
        page.wait_for_url(served.url)
        page.close()


def test_a_single_file_has_no_list(web, holiday):
    served = viewing(holiday / "temple_kbvr_LR.jpg")
    with served, shown(web, served.url + served.served.site.links[0], SIZES["wide"]) as page:
        page.get_by_role("group", name="View").wait_for()
        assert page.get_by_role("link", name="All files").count() == 0


def test_a_thumbnail_of_a_person_keeps_the_head(web, tmp_path):
    """Of an upright photo, more is cut off below than above."""
    picture = np.zeros((600, 400, 3), np.uint8)
    picture[100:130] = (0, 255, 0)
    Image.fromarray(picture).save(tmp_path / "a.png")
    with viewing(tmp_path) as served, shown(web, served.url, SIZES["wide"]) as page:
        page.locator("img").scroll_into_view_if_needed()
        card = Image.open(BytesIO(page.locator(".picture").screenshot())).convert("RGB")
        red, green, _ = np.moveaxis(np.asarray(card), -1, 0)
        assert ((green > 150) & (red < 100)).any()


def test_a_player_is_titled_with_the_whole_name(web, tmp_path):
    """The URL has only its end, in plain letters."""
    Image.effect_noise((200, 100), 40).convert("RGB").save(tmp_path / "猫 & co_LR.jpg")
    served = viewing(tmp_path / "猫 & co_LR.jpg")
    with served, shown(web, served.url + served.served.site.links[0], SIZES["wide"]) as page:
        page.get_by_role("group", name="View").wait_for()
        assert page.title() == "猫 & co_LR.jpg – kbvr"
