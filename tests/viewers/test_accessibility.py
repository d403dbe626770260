"""No page has a problem that axe-core finds: WCAG 2.0, 2.1 and 2.2, A and AA, and best practices."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from accessibility import assert_none, found
from glb_by_hand import write_glb
from PIL import Image
from screens import SCREENS, on_screen
from web_client import viewing

from kbvr.formats.spec.format import Facts, Item
from kbvr.formats.video.write_video import write_video
from kbvr.options.export_options import FileOptions

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "kbvr" / "pages"
EXAMPLES = ROOT / "examples"
BLOG = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>A blog</title>
<main><h1>A blog</h1><p>A photo with depth:</p>
<kbvr-photo src="card.glb" alt="A card" style="max-width: 600px"></kbvr-photo></main>
<script src="kbvr-photo.js"></script></html>"""


@pytest.fixture(scope="module")
def site(web, tmp_path_factory):
    """Serve the pages beside a scene, a page with the element in it, and a film; return their folder's address."""
    folder = tmp_path_factory.mktemp("site")
    write_glb(folder / "card.glb")
    (folder / "blog.html").write_text(BLOG, "utf-8")
    (folder / "broken.glb").write_bytes(b"<html>")
    film = (np.full((80, 240, 3), 60 + frame, np.uint8) for frame in range(40))
    item = Item("video", folder / "film_kbvr_LR.mp4", "sbs")
    write_video(film, item, Facts(f_px=200.0, baseline_m=0.06, convergence_m=2.0), FileOptions(fps=10))
    for path in (*PAGES.iterdir(), *folder.iterdir()):
        web.files[f"/axe/{path.name}"] = path
    return f"{web.origin}/axe"


def test_axe_finds_a_problem_where_there_is_one(web, site):
    with on_screen(web, "wide", f"{site}/blog.html") as page:
        page.evaluate("document.querySelector('kbvr-photo').shadowRoot.querySelector('button').ariaLabel = ''")
        page.evaluate("document.querySelector('kbvr-photo').shadowRoot.querySelector('button').title = ''")
        page.locator("kbvr-photo .loaded").wait_for()
        page.evaluate("document.querySelector('p').style.color = '#eee'")
        assert {one.split(":")[0] for one in found(page)} == {"color-contrast"}


@pytest.mark.parametrize("screen", SCREENS)
def test_the_scene_page_has_no_problem(web, site, screen):
    with on_screen(web, screen, f"{site}/scene.html?src=card.glb") as page:
        page.locator("kbvr-photo .loaded").wait_for()
        problems = {"still": found(page)}
        for state, key in (("menu", "m"), ("help", "?"), ("dialog", "v")):
            page.keyboard.press(key)
            page.get_by_role("menu" if state == "menu" else "dialog").wait_for()
            problems[state] = found(page)
            page.keyboard.press("Escape")
        page.keyboard.press("p")
        page.get_by_text("Picture saved").wait_for()
        problems["told"] = found(page)
    assert_none(problems)


@pytest.mark.parametrize("screen", SCREENS)
def test_the_scene_page_without_a_scene_has_no_problem(web, site, screen):
    problems = {}
    for state, query in (("waiting", ""), ("error", "?src=broken.glb")):
        with on_screen(web, screen, f"{site}/scene.html{query}") as page:
            page.get_by_role("button", name="Choose a file").wait_for()
            problems[state] = found(page)
    assert_none(problems)


@pytest.mark.parametrize("screen", SCREENS)
def test_the_element_in_a_page_has_no_problem(web, site, screen):
    with on_screen(web, screen, f"{site}/blog.html") as page:
        page.locator("kbvr-photo .loaded").wait_for()
        problems = {"still": found(page)}
        page.keyboard.press("Tab")
        page.keyboard.press("m")
        page.get_by_role("menu").wait_for()
        problems["menu"] = found(page)
    assert_none(problems)


@pytest.mark.parametrize("screen", SCREENS)
def test_the_stereo_player_has_no_problem(web, site, screen):
    with on_screen(web, screen, f"{site}/stereo.html") as page:
        page.get_by_role("button", name="Choose a file").wait_for()
        problems = {"welcome": found(page)}
        page.goto(f"{site}/stereo.html?src=film_kbvr_LR.mp4")
        page.locator(".loaded").wait_for()
        problems["film"] = found(page)
        page.keyboard.press("?")
        page.locator("#help").wait_for()
        problems["help"] = found(page)
    assert_none(problems)


@pytest.mark.parametrize("screen", SCREENS)
def test_the_pages_of_kbvr_view_have_no_problem(web, tmp_path, screen):
    top = tmp_path / "holiday"
    top.mkdir()
    shutil.copy(EXAMPLES / "cat.jpg", top)
    Image.new("RGB", (64, 32), (90, 120, 40)).save(top / "pair_kbvr_LR.jpg")
    write_glb(top / "card_kbvr.glb")
    with viewing(top) as served:
        with on_screen(web, screen, served.url) as page:
            page.wait_for_load_state("networkidle")
            problems = {"index": found(page)}
            page.get_by_role("link", name="card_kbvr.glb").click()
            page.locator("kbvr-photo .loaded").wait_for()
            problems["scene"] = found(page)
        still = "window.fetch = () => new Promise(() => {})"
        with on_screen(web, screen, served.url, still) as page:
            page.get_by_role("link", name="cat.jpg").click()
            page.get_by_role("progressbar").wait_for()
            problems["photo"] = found(page)
            page.evaluate("fail('no photo')")
            problems["failed"] = found(page)
    assert_none(problems)
