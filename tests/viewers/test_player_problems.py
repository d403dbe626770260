"""What the player says of damaged and empty files and unknown choices, and in browsers that lack something."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image
from player_pages import FACTS, FPS, LEFT, SCREENS, SIZE_PX, loaded, player
from web_client import viewing

from kbvr.formats.spec.format import Item
from kbvr.formats.video.write_video import write_video
from kbvr.options.export_options import FileOptions

NO_WEBGL = "HTMLCanvasElement.prototype.getContext = () => null"
WINDOW = {"viewport": {"width": 900, "height": 480}}


@contextmanager
def opened(web, paths, screen=WINDOW, *scripts, query="", **more):
    """Open the first of these files as `kbvr view` shows it."""
    with viewing(*paths) as server:
        url = server.url + server.served.site.links[0] + query
        with player(web, url, screen, *scripts, **more) as page:
            yield page


def said(page):
    page.locator("#said p:not(:empty)").wait_for()
    return page.inner_text("#said p")


def box_of(page):
    return lambda part: page.locator(part).bounding_box()


@pytest.fixture(scope="module")
def cut(folder):
    """A video whose index is whole, and whose second half is missing."""
    path = folder / "cut_kbvr_LR.mp4"
    noise = np.random.default_rng(3)
    views = (noise.integers(0, 255, (160, 480, 3), np.uint8) for _ in range(3 * FPS))
    write_video(views, Item("video", path, "sbs"), FACTS, FileOptions(fps=FPS))
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    path.write_bytes(content[: len(content) // 2])
    return path


def test_a_video_that_is_cut_off_says_so_and_can_be_started_again(web, cut):
    with opened(web, [cut]) as page:
        loaded(page)
        for _ in range(2):
            page.locator("#start").click()
            assert said(page) == "cut_kbvr_LR.mp4 is damaged or incomplete: it cannot be played beyond this point."
            page.locator("#start").wait_for()
            assert page.get_attribute("#play", "aria-label") == "Play"


@pytest.mark.parametrize("name", ["none_LR.mp4", "none_kbvr_LR.png"])
def test_an_empty_file_at_an_address_is_said_to_be_empty(web, tmp_path, stereo_page, name):
    (tmp_path / name).touch()
    address = web.address(tmp_path / name).removeprefix(web.origin)
    page = web.browser.new_page()
    try:
        page.goto(f"{stereo_page}?src={address}")
        assert said(page) == f"{name} is empty."
    finally:
        page.close()


@pytest.mark.parametrize("option", ["layout", "view"])
def test_an_address_with_an_unknown_choice_opens_the_file_all_the_same(web, picture, option):
    with opened(web, [picture], query=f"&{option}=bar") as page:
        assert said(page) == f"Unknown {option} “bar” in the address."
        loaded(page)
        assert page.input_value("#layout") == "sbs"


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("kind", ["picture", "video"])
def test_without_webgl_the_browser_shows_the_file_below_the_message(web, picture, video, kind, screen):
    files, element = {"picture": ([picture, video], "img"), "video": ([video, picture], "video[controls]")}[kind]
    with opened(web, files, SCREENS[screen], NO_WEBGL) as page:
        assert "WebGL 2" in said(page)
        page.wait_for_function(
            "() => { const {naturalWidth, videoWidth} = document.querySelector('.shown'); "
            f"return (naturalWidth || videoWidth) === {2 * SIZE_PX[0]}; }}"
        )
        shown, text, link = map(box_of(page), (f"{element}.shown", "#said p", "#all-files"))
    assert link["y"] + link["height"] <= text["y"] < text["y"] + text["height"] <= shown["y"]
    assert shown["y"] + shown["height"] == SCREENS[screen]["viewport"]["height"]


@pytest.mark.parametrize("screen", SCREENS)
def test_without_javascript_the_player_says_so_beside_the_link_to_all_files(web, picture, video, screen):
    with opened(web, [picture, video], SCREENS[screen], java_script_enabled=False) as page:
        text, link = map(box_of(page), ("body > noscript", "#all-files"))
        assert not page.get_by_role("heading").is_visible()
    assert link["y"] + link["height"] < text["y"]
    assert text["y"] + text["height"] <= SCREENS[screen]["viewport"]["height"]


@pytest.mark.parametrize("screen", SCREENS)
def test_without_javascript_the_page_of_a_photo_says_so_and_not_that_it_starts(web, tmp_path, screen):
    Image.fromarray(LEFT).save(tmp_path / "photo.jpg")
    with opened(web, [tmp_path / "photo.jpg"], SCREENS[screen], java_script_enabled=False) as page:
        text = page.locator("main noscript").bounding_box()
        assert not any(page.locator(part).is_visible() for part in ("#share", "#text", "#more"))
    assert 0 < text["y"] < text["y"] + text["height"] < SCREENS[screen]["viewport"]["height"]


def test_a_video_leaves_the_console_quiet(web, video):
    noted = []
    page = web.browser.new_page(viewport=WINDOW["viewport"])
    page.on("console", lambda message: noted.append(message.text))
    with viewing(video) as server:
        page.goto(server.url + server.served.site.links[0])
        loaded(page)
        page.keyboard.press(" ")
        page.wait_for_function("() => Number(document.querySelector('#position').value) > 0.4")
        page.close()
    assert not noted
