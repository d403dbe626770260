"""The panel of exports in a real browser: choose by pictures, follow the queue, open, save, cancel and copy."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from accessibility import assert_none, found
from many_photos import tiny_photo
from studio_client import Client, opened_studio
from studio_pages import SMALL, open_tab, shown
from watched_queue import content_of, wait_until

from kbvr.cli.main import main

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page
    from screens import Screen
    from web_engines import Web

QUICK = {"depth_quality": "fast", "fill": "spread"}
PATIENCE_MS = 60_000
CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Return a client of a studio, which all tests of the module share."""
    with opened_studio(tmp_path_factory.mktemp("studio") / "projects") as client:
        yield client


@pytest.fixture
def owl(client: Client, tmp_path: Path) -> Iterator[str]:
    """Return the id of a new project of `owl.jpg`, which is removed after the test."""
    project = client.upload(tiny_photo(tmp_path / "owl.jpg", 1))
    set_options(client, project)
    yield project
    for one in client.json("GET", "api/projects"):
        client.json("DELETE", f"api/projects/{one['id']}")


def set_options(client: Client, project: str, **options: str) -> None:
    """Set options of a project, and those that make exports quick."""
    revision = client.json("GET", f"api/projects/{project}")["revision"]
    client.json("PUT", f"api/projects/{project}/options", {"revision": revision, "options": {**QUICK, **options}})


def note_what_is_read_aloud(page: Page) -> None:
    """Keep every text that the page has read aloud, for the next one may replace it at once."""
    page.evaluate("""() => {
      const region = document.querySelector(".unseen[aria-live]");
      window.readAloud = [];
      new MutationObserver(() => readAloud.push(region.textContent)).observe(
        region, {childList: true, characterData: true, subtree: true});
    }""")


@contextmanager
def exporting(web: Web, client: Client, project: str, screen: Screen = "wide", **more: object) -> Iterator[Page]:
    """Open the panel of exports of a project."""
    size = {} if screen == "phone" else {"viewport": SMALL}
    with shown(web, f"{client.server.url}#{project}", screen, **size, **more) as page:
        open_tab(page, "Export")
        page.get_by_role("heading", name="What is it for?").wait_for()
        yield page


def only(page: Page, *purposes: str) -> None:
    """Choose these cards and no others."""
    for card in page.locator(".purpose").all():
        name = card.locator(".purpose-name").inner_text()
        if (card.get_attribute("aria-pressed") == "true") != (name in purposes):
            card.click()


def export(page: Page) -> None:
    page.locator(".export-actions .primary").click()


def entry(page: Page, title: str, state: str) -> Locator:
    """Wait for an export to be in a state; return its entry in the queue."""
    one = page.locator(f".entry.{state}").filter(has=page.get_by_text(title, exact=True)).first
    one.wait_for(timeout=PATIENCE_MS)
    return one


def folder_of(one: Locator) -> Path:
    return Path(one.locator(".folder bdi").inner_text())


def test_the_files_of_the_page_are_those_of_the_command_line(web: Web, client: Client, owl: str, tmp_path: Path):
    """A wiggle, a story, a scene, an anaglyph and a depth map: byte by byte."""
    commands = {
        "Blog or chat": ["--preset", "blog"],
        "Phone story": ["--preset", "story", "--seconds", "3"],
        "3D program": ["--gltf"],
        "Red-cyan glasses": ["--still", "anaglyph"],
        "Depth map": ["--depth-map", "png,color"],
    }
    with exporting(web, client, owl) as page:
        only(page, *commands)
        page.get_by_label("Length", exact=True).select_option("3")
        export(page)
        folders = {title: folder_of(entry(page, title, "done")) for title in commands}
    for number, (title, words) in enumerate(commands.items()):
        out = tmp_path / f"out{number}"
        quick = ["--depth-quality", "fast", *([] if "depth" in words[0] else ["--fill", "spread"])]
        assert main(["export", str(tmp_path / "owl.jpg"), "-o", str(out), *words, *quick]) == 0
        assert content_of(folders[title]) == content_of(out), title


def test_a_result_is_shown_in_place_and_saved_under_its_name(web: Web, client: Client, owl: str):
    """The wiggle plays in the panel; what prefers less motion sees its poster, and a button."""
    with exporting(web, client, owl) as page:
        export(page)
        one = entry(page, "Blog or chat", "done")
        preview = one.get_by_role("img", name="Preview: Blog or chat")
        assert preview.get_attribute("src").endswith("owl_kbvr_wiggle.jpg")
        one.get_by_role("button", name="Play").click()
        page.wait_for_timeout(100)
        assert preview.get_attribute("src").endswith("owl_kbvr_wiggle.webp")
        preview.scroll_into_view_if_needed()
        wait_until(lambda: preview.evaluate("image => image.naturalWidth") > 0)
        with page.expect_download() as saving:
            one.get_by_role("link", name="Download: owl_kbvr_wiggle.gif").click()
        saved = saving.value
        assert saved.suggested_filename == "owl_kbvr_wiggle.gif"
        assert saved.path().read_bytes() == (folder_of(one) / "owl_kbvr_wiggle.gif").read_bytes()
        assert "owl_kbvr_wiggle.html" not in one.locator(".files").first.inner_text()
        assert page.locator("[role=status]").filter(has_text="Blog or chat: Done.").count()


def test_scenes_and_stereo_pictures_open_in_their_viewers(web: Web, client: Client, owl: str):
    with exporting(web, client, owl) as page:
        only(page, "3D program", "Red-cyan glasses")
        export(page)
        scene = entry(page, "3D program", "done").get_by_role("link", name="Open the scene")
        with page.context.expect_page() as opening:
            scene.click()
        opening.value.locator("kbvr-photo").wait_for()
        assert "/api/exports/scene.html?src=" in opening.value.url
        picture = entry(page, "Red-cyan glasses", "done").get_by_role("link", name="Open: owl_kbvr_anaglyph.jpg")
        with page.context.expect_page() as opening:
            picture.click()
        opening.value.locator("canvas").first.wait_for()


def test_an_export_is_cancelled_and_tried_again(web: Web, client: Client, owl: str):
    set_options(client, owl, fps="240")
    with exporting(web, client, owl) as page:
        only(page, "3D television")
        page.get_by_label("Length", exact=True).select_option("30")
        export(page)
        running = entry(page, "3D television", "running")
        bar = running.get_by_role("progressbar", name="3D television")
        bar.and_(page.locator("[aria-valuenow]")).wait_for()
        assert "Rendering and saving, " in str(bar.get_attribute("aria-valuetext"))
        running.get_by_role("button", name="Cancel: 3D television").click()
        cancelled = entry(page, "3D television", "cancelled")
        cancelled.get_by_role("button", name="Try again").click()
        entry(page, "3D television", "running").get_by_role("button", name="Cancel: 3D television").click()
        again = entry(page, "3D television", "cancelled")
        again.get_by_role("button", name="Remove from the list").click()
        again.wait_for(state="detached")


def test_a_refusal_is_shown_in_words(web: Web, client: Client, owl: str):
    """It says what has been refused, and how much has begun all the same."""
    set_options(client, owl, max_mb="1")
    noted_by_the_browser = pytest.raises(AssertionError, match="status of 422")
    with noted_by_the_browser, exporting(web, client, owl) as page:
        only(page, "VR headset", "Depth map")
        page.get_by_label("Quality", exact=True).select_option("90")
        note_what_is_read_aloud(page)
        export(page)
        page.get_by_role("alert").filter(
            has_text="VR headset: Quality and Largest file size cannot be combined"
        ).wait_for()
        entry(page, "Depth map", "done")
        assert "1 of 2 exports has begun." in page.evaluate("readAloud")


def test_a_photo_that_cannot_be_read_is_not_exported(web: Web, client: Client, owl: str, tmp_path: Path):
    (tmp_path / "torn.jpg").write_bytes(tiny_photo(tmp_path / "whole.jpg", 2).read_bytes()[:500])
    torn = client.upload(tmp_path / "torn.jpg")
    wait_until(lambda: client.json("GET", f"api/projects/{torn}")["stage"] == "failed")
    with exporting(web, client, torn) as page:
        assert page.get_by_role("button", name="This photo cannot be exported").is_disabled()
        assert page.get_by_role("button", name="Copy as command").is_disabled()
        assert not page.get_by_role("checkbox", name="Export torn.jpg").is_checked()
        page.get_by_role("checkbox", name="Export owl.jpg").check()
        assert page.locator(".export-actions .primary").is_enabled()


def test_an_export_that_fails_says_why(web: Web, client: Client, owl: str):
    with exporting(web, client, owl) as page:
        only(page, "VR headset")
        photo = client.studio.projects.get(owl).photo
        assert photo is not None
        photo.write_bytes(photo.read_bytes()[:500])
        export(page)
        failed = entry(page, "VR headset", "failed")
        assert failed.locator(".problem").inner_text() == "The photo is damaged or incomplete."


def test_several_photos_are_exported_together(web: Web, client: Client, owl: str, tmp_path: Path):
    """Boxes in the strip choose them; one that fails can be tried again."""
    for number in range(2, 5):
        client.upload(tiny_photo(tmp_path / f"{number}.jpg", number))
    wait_until(lambda: all(one["stage"] == "ready" for one in client.json("GET", "api/projects")))
    with exporting(web, client, owl) as page:
        only(page, "Depth map")
        assert page.get_by_role("button", name="Export", exact=True).is_enabled()
        page.get_by_role("checkbox", name="Export 2.jpg").check()
        page.get_by_role("button", name="Export of 2 photos").wait_for()
        page.get_by_role("button", name="All photos", exact=True).click()
        broken = next(one for one in client.studio.projects if one.name == "3.jpg").photo
        assert broken is not None
        whole = broken.read_bytes()
        broken.write_bytes(whole[:500])
        page.get_by_role("button", name="Export of 4 photos").click()
        done = entry(page, "Depth map", "done")
        assert "4 photos" in done.inner_text()
        assert "1 photo could not be exported." in done.inner_text()
        assert done.locator(".failed-photos strong").inner_text() == "3.jpg"
        broken.write_bytes(whole)
        done.get_by_role("button", name="Try again").click()
        done.locator(".problem").wait_for(state="detached")
        entry(page, "Depth map", "done").get_by_text("4 more files").wait_for()
        assert folder_of(done).name.startswith("Batch ")


def test_a_restarted_server_shows_earlier_results(web: Web, tmp_path: Path):
    found = []
    for _ in range(2):
        with opened_studio(tmp_path / "projects") as client:
            if not found:
                client.upload(tiny_photo(tmp_path / "owl.jpg", 1))
            (project,) = client.json("GET", "api/projects")
            with exporting(web, client, project["id"]) as page:
                if not found:
                    only(page, "Depth map")
                    export(page)
                found.append(entry(page, "Depth map", "done").inner_text())
                page.get_by_role("img", name="Preview: Depth map").scroll_into_view_if_needed()
    assert found[0] == found[1]


def test_what_is_copied_does_the_same(web: Web, client: Client, owl: str):
    """The command is run by a shell, and the program by Python."""
    with exporting(web, client, owl, **CLIPBOARD) as page:
        only(page, "Depth map")
        export(page)
        made = content_of(folder_of(entry(page, "Depth map", "done")))
        page.get_by_role("button", name="Copy as command").click()
        page.get_by_role("button", name="Copied").wait_for()
        command = page.evaluate("navigator.clipboard.readText()")
        page.get_by_role("button", name="Copy as Python").click()
        page.locator("[role=status]").filter(has_text="The Python program was copied.").wait_for(state="attached")
        python = page.evaluate("navigator.clipboard.readText()")
    program = f'"{sys.executable}" -m kbvr' + command.removeprefix("kbvr")
    subprocess.run(["sh", "-c", program], check=True, capture_output=True)
    exports = client.studio.projects.get(owl).folder / "exports"
    assert content_of(exports / "depth-map-2") == made
    subprocess.run([sys.executable, "-c", python.replace("depth-map-2", "depth-map-3")], check=True)
    assert content_of(exports / "depth-map-3") == made


def test_every_output_can_be_chosen(web: Web, client: Client, owl: str):
    """All further formats are made in one export."""
    with exporting(web, client, owl) as page:
        only(page)
        page.get_by_role("button", name="Choose what to make").wait_for()
        page.get_by_text("More formats").click()
        labels = page.locator(".more-formats .control").count()
        assert labels == len(client.json("GET", "api/schema")["groups"][0]["options"])
        page.get_by_role("switch", name="Mesh (PLY)").check()
        page.locator("[data-format=still] .chip").filter(has_text="jps").click()
        page.get_by_text("2 chosen").wait_for()
        export(page)
        done = entry(page, "Stereo pictures, Mesh (PLY)", "done")
        assert {*content_of(folder_of(done))} == {"owl_kbvr.jps", "owl_kbvr.ply"}


def test_the_cards_are_used_by_keys_alone(web: Web, client: Client, owl: str):
    with exporting(web, client, owl) as page:
        page.get_by_role("button", name="Blog or chat").focus()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Space")
        chosen = page.locator(".purpose[aria-pressed=true]")
        assert chosen.get_attribute("data-purpose") == "headset"
        page.keyboard.press("End")
        assert page.evaluate("document.activeElement.dataset.purpose") == "depth"


@pytest.mark.parametrize("screen", ["wide", "phone"])
def test_the_panel_is_accessible_and_fits(web: Web, client: Client, owl: str, screen: Screen, tmp_path: Path):
    client.upload(tiny_photo(tmp_path / "second.jpg", 2))
    with exporting(web, client, owl, screen) as page:
        problems = {"choosing": found(page)}
        only(page, "Blog or chat")
        export(page)
        entry(page, "Blog or chat", "done")
        page.get_by_text("More formats").click()
        problems["done"] = found(page)
        sides = json.loads(
            page.evaluate(
                """JSON.stringify([...document.querySelectorAll(".panel-body *")]
                     .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
                     .map(one => one.className))"""
            )
        )
    assert_none(problems)
    assert sides == []
