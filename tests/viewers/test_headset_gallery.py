"""Choosing scenes in an emulated headset: the wall, next and previous, progress, failures, and memory."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from glb_by_hand import picture, write_glb
from gpu_counts import COUNTING, of_one_frame
from PIL import Image
from scene_views import matches
from web_engines import IPD_M
from worn import looking, put_on

PAGES = Path(__file__).parents[2] / "kbvr" / "pages"
COUNT = 14
TEXT_DEG = 1
RADIUS_M = 2


class Site:
    """A page whose server lists scenes."""

    def __init__(self, web, folder):
        self.web, self.folder = web, folder
        write_glb(folder / "card.glb")
        Image.fromarray(picture()).save(folder / "thumbnail.png")
        self.scene = web.address(folder / "card.glb")
        self.thumbnail = web.address(folder / "thumbnail.png")

    def listed(self, *scenes):
        """Return a page's address that offers these scenes, and shows the first."""
        gallery = self.folder / f"gallery-{len(self.web.files)}.json"
        gallery.write_text(json.dumps({"scenes": scenes}))
        head = f'<meta name="kbvr-gallery" content="{self.web.address(gallery)}"><title>'
        page = self.folder / f"scene-{len(self.web.files)}.html"
        page.write_text((PAGES / "scene.html").read_text("utf-8").replace("<title>", head, 1), "utf-8")
        return f"{self.web.address(page)}?src={scenes[0]['src']}"

    def entry(self, number, **more):
        """Return what the list says of a scene."""
        listed = {"name": f"scene {number}", "kind": "3D scene", "src": f"{self.scene}?{number}"}
        return listed | {"thumbnail": f"{self.thumbnail}?{number}"} | more


@pytest.fixture(scope="module")
def site(web, tmp_path_factory):
    return Site(web, tmp_path_factory.mktemp("gallery"))


@pytest.fixture
def address(site):
    return site.listed(*(site.entry(number) for number in range(COUNT)))


@contextmanager
def with_gallery(web, address, **more):
    with put_on(web, address, **more) as worn:
        worn.ask()
        worn.until("state.targets.some(({ label }) => label === 'Gallery')")
        yield worn


def test_the_wall_shows_all_scenes_page_by_page(web, address):
    """From the panel; the first page holds the scene that is shown. Thumbsticks turn pages, B closes the wall only."""
    with with_gallery(web, address) as worn:
        worn.choose("Gallery")
        worn.until("state.isGalleryOpen")
        assert worn.labels == [*(f"scene {i}" for i in range(12)), "Previous page", "Next page", "Close"]
        worn.choose("Next page")
        assert worn.labels[:2] == ["scene 12", "scene 13"]
        worn.push(1, 0)
        assert worn.labels[0] == "scene 0"
        worn.frames(4)
        assert worn.labels[0] == "scene 0", "one push turns one page"
        worn.push(0, 0)
        worn.press("b-button")
        assert not worn.state["isGalleryOpen"]
        worn.press("a-button")
        worn.until("state.isGalleryOpen")
        worn.choose("Close")
        assert not worn.state["isGalleryOpen"]


def test_a_chosen_scene_replaces_the_other_in_the_dark(web, site):
    """In the same session; its name is told; the memory of the former one is free, as WebGL and three.js count it."""
    write_glb(site.folder / "other.glb")
    other = site.entry(1, src=site.web.address(site.folder / "other.glb"), name="Ελλάς & 1 <b>")
    with with_gallery(web, site.listed(site.entry(0), other), scripts=[COUNTING]) as worn:
        memory, scene = [], worn.state["scene"]
        for name, target in [("Ελλάς & 1 <b>", other["src"]), ("scene 0", scene)] * 2:
            worn.open_gallery()
            worn.aim(name)
            with worn.watched() as frames:
                worn.press("trigger")
                worn.until(f"state.scene === {json.dumps(target)}")
                worn.until("state.veil === 0")
            before = next(i for i, frame in enumerate(frames) if frame[0] == target)
            assert frames[before - 1][2] > 0.98
            assert worn.state["note"] == name
            assert not worn.state["isGalleryOpen"]
            memory.append((worn.state["memory"], of_one_frame(worn.headset.page).bytes))
        assert memory[0] == memory[2]
        assert memory[1] == memory[3]


def test_a_pinch_chooses(web, address):
    with with_gallery(web, address) as worn:
        worn.headset.page.evaluate("xrDevice.primaryInputMode = 'hand'")
        worn.frames(3)
        worn.pinch()
        worn.until("state.targets.length > 0")
        worn.aim("Gallery", with_fingers=True)
        worn.pinch()
        worn.until("state.isGalleryOpen")
        worn.aim("scene 7", with_fingers=True)
        worn.pinch()
        worn.until("state.scene.endsWith('?7')")


def test_next_and_previous_go_round(web, address):
    """On the panel, and with the right and the left thumbstick pressed."""
    with with_gallery(web, address) as worn:
        worn.choose("Previous")
        worn.until("state.scene.endsWith('?13')")
        worn.ask()
        worn.choose("Next")
        worn.until("state.scene.endsWith('?0')")
        worn.press("thumbstick")
        worn.until("state.scene.endsWith('?1')")
        worn.press("thumbstick", "left")
        worn.until("state.scene.endsWith('?0')")


def test_what_fails_says_so_and_the_old_scene_stays(web, site):
    """Damaged, of another program, and a photo of which no scene can be made."""
    (site.folder / "damaged.glb").write_bytes((site.folder / "card.glb").read_bytes()[:3000])
    (site.folder / "failed.json").write_text(
        '{"state": "failed", "text": "This file is damaged or incomplete.", "share": null}'
    )
    failed = site.web.address(site.folder / "failed.json")
    scenes = (
        site.entry(0),
        site.entry(1, src=site.web.address(site.folder / "damaged.glb")),
        site.entry(2, src=site.thumbnail),
        site.entry(3, progress=f"{failed}?src=a"),
    )
    words = ["incomplete: part of the file", "not a GLB file", "This file is damaged or incomplete."]
    with with_gallery(web, site.listed(*scenes)) as worn:
        for number, text in enumerate(words, 1):
            worn.open_gallery()
            worn.choose(f"scene {number}")
            worn.until("state.note.startsWith('Could not open')")
            assert worn.state["note"].startswith(f"Could not open scene {number}: ")
            assert text in worn.state["note"]
            assert worn.state["scene"].endswith("?0")
            worn.choose("Close")
            worn.settled()
            assert worn.state["veil"] == 0
        seen = worn.headset.seen((0, 1.6, 0))[0]
        assert len(np.unique(seen.reshape(-1, 3), axis=0)) > 500


def test_a_photo_tells_how_far_it_is_until_its_scene_is_there(web, site):
    """The headset goes on drawing; the wait can be cancelled."""
    told = site.folder / "progress.json"
    told.write_text('{"state": "making", "text": "Estimating depth", "share": 0.4}')
    photo = site.entry(1, name="cat.jpg", kind="Photo", progress=f"{site.web.address(told)}?src=b")
    with with_gallery(web, site.listed(site.entry(0), photo)) as worn:
        worn.open_gallery()
        worn.choose("cat.jpg")
        worn.until("state.note === 'cat.jpg: Estimating depth 40%'")
        with worn.watched() as frames:
            worn.frames(5)
        assert len(frames) >= 5
        worn.choose("Cancel")
        assert worn.state["note"] == ""
        assert worn.state["isGalleryOpen"]
        worn.choose("cat.jpg")
        worn.until("state.note.includes('Estimating')")
        worn.choose("Close" if "Close" in worn.labels else "Cancel")
        worn.choose("cat.jpg")
        told.write_text('{"state": "ready", "text": "", "share": null}')
        worn.until("state.scene.endsWith('?1')")


def test_the_page_shows_the_scene_that_was_chosen_last(web, address):
    """After the headset: the element, the address and the title of the page."""
    with with_gallery(web, address) as worn:
        worn.choose("Next")
        worn.until("state.scene.endsWith('?1')")
        worn.ask()
        worn.choose("Exit")
        page = worn.headset.page
        page.wait_for_function("() => document.querySelector('kbvr-photo').state?.isPresenting === false")
        assert page.evaluate("document.querySelector('kbvr-photo').getAttribute('src')").endswith("?1")
        assert page.title() == "scene 1 – kbvr"
        assert "?1" in page.url.replace("%3F", "?")
        page.wait_for_function("() => document.querySelector('kbvr-photo').shadowRoot.querySelector('.loaded')")


def test_a_scene_that_the_page_sets_meanwhile_is_the_one_it_shows(web, site, address):
    """Not the one that was chosen in the headset before: the session ends, and nothing else."""
    photo = "document.querySelector('kbvr-photo')"
    with with_gallery(web, address) as worn:
        worn.choose("Next")
        worn.until("state.scene.endsWith('?1')")
        page = worn.headset.page
        page.evaluate("addEventListener('choose', () => (globalThis.chosen = true), true)")
        page.evaluate(f"{photo}.setAttribute('src', '{site.scene}?5')")
        page.wait_for_function(f"() => !xrDevice.activeSession && {photo}.state?.isPresenting === false")
        page.wait_for_timeout(300)
        assert page.evaluate(f"{photo}.getAttribute('src')").endswith("?5")
        assert not page.evaluate("globalThis.chosen ?? false")
        page.wait_for_function(f"() => {photo}.shadowRoot.querySelector('.loaded')")


def test_entries_that_lead_nowhere_are_left_out(web, site):
    """The others are offered, under the names of their files if they have none; a percent sign need not be escaped."""
    plain = {"src": f"{site.scene}/100%_kbvr.glb"}
    entries = (site.entry(0), None, {}, {"src": "http://["}, site.entry(1, progress="http://["), plain)
    with with_gallery(web, site.listed(*entries)) as worn:
        worn.choose("Gallery")
        worn.until("state.isGalleryOpen")
        assert worn.labels == ["scene 0", "100%", "Close"]


def test_only_the_first_question_asks_to_try_again(web, site):
    """In the query, of which the server may have one already, or none."""
    (site.folder / "made.json").write_text('{"state": "making", "text": "Estimating depth", "share": null}')
    made = site.web.address(site.folder / "made.json")
    with with_gallery(web, site.listed(site.entry(0), site.entry(1, progress=made))) as worn:
        asked = []
        worn.headset.page.on("request", lambda request: made in request.url and asked.append(request.url))
        worn.choose("Next")
        worn.until("state.note.includes('Estimating')")
        worn.headset.page.wait_for_timeout(1200)
    assert asked[:2] == [f"{made}?again=", made]


def test_elements_of_a_page_are_each_others_gallery(web, site):
    """Afterwards each shows its own scene."""
    page = site.folder / "several.html"
    elements = "".join(
        f'<kbvr-photo src="{site.scene}?{i}" alt="photo {i}" style="margin-top: {i * 3000}px">'
        f'<img slot="poster" src="{site.thumbnail}?slot{i}"></kbvr-photo>'
        for i in range(2)
    )
    script = (PAGES / "kbvr-photo.js").read_text("utf-8")
    page.write_text(f"<!doctype html><title>several</title>{elements}<script>{script}</script>", "utf-8")
    with with_gallery(web, site.web.address(page)) as worn:
        asked = []
        worn.headset.page.on("request", lambda request: asked.append(request.url))
        worn.choose("Gallery")
        worn.until("state.isGalleryOpen")
        assert worn.labels == ["photo 0", "photo 1", "Close"]
        worn.settled()
        assert {url[-5:] for url in asked} == {"slot0", "slot1"}, "their pictures are on the wall"
        worn.choose("photo 1")
        worn.until("state.scene.endsWith('?1')")
        worn.headset.page.evaluate("xrDevice.activeSession.end()")
        sources = "[...document.querySelectorAll('kbvr-photo')].map((photo) => photo.getAttribute('src').split('?')[1])"
        worn.headset.page.wait_for_function("() => document.querySelector('kbvr-photo').state?.isPresenting === false")
        assert worn.headset.page.evaluate(sources) == ["0", "1"]


def test_the_wall_is_as_deep_as_it_is_far(web, address):
    """What both eyes see of it lies on a cylinder around the head; no row is shifted."""
    with put_on(web, address, (480, 480), fov_deg=70) as worn:
        worn.open_gallery()
        worn.headset.page.wait_for_load_state("networkidle")
        worn.frames(4)
        left, right = worn.headset.seen((0, 1.6, 0))
        at_left, at_right = matches(left, right)
        across, down = (at_left - at_right).T
        good = (across > 2) & (np.abs(down) < 1)
        depth = worn.headset.f_px * IPD_M / across[good]
        side = (at_left[good, 0] - 240) / worn.headset.f_px * depth - IPD_M / 2
        assert good.sum() > 100
        assert np.median(np.hypot(side, depth)) == pytest.approx(RADIUS_M, abs=0.06)
        assert abs(np.median(down[good])) < 0.2


def test_names_are_a_degree_tall(web, site):
    """Their capitals. The tile has no picture, so its first lit rows are those of the name."""
    page = site.listed(*({"name": "HHH", "src": f"{site.scene}?{number}"} for number in range(4)))
    with put_on(web, page, (300, 300), fov_deg=20) as worn:
        worn.open_gallery()
        x, y, z = worn.state["targets"][1]["place_m"]
        left, _ = worn.headset.seen((0, 1.6, 0), looking([x, y, z]))
        name = np.flatnonzero((left[:, 100:200].min(axis=-1) > 120).any(axis=1))
        assert (np.diff(name) == 1).all()
        assert len(name) / worn.headset.f_px >= np.radians(TEXT_DEG)
