"""Photos come in: dropped, pasted, picked; and what is no photo is refused in words."""

from __future__ import annotations

from io import BytesIO

from PIL import Image
from studio_pages import CAT, asked, drop, give, open_tab, scene_of, shown, tile


def test_a_dropped_photo_is_seen_at_once_and_then_in_3d(web, empty_url):
    with shown(web, empty_url) as page:
        drop(page, CAT)
        photo = page.locator(".paper img")
        photo.wait_for()
        assert photo.get_attribute("src").startswith("blob:"), "the browser's own copy, before the server has one"
        scene_of(page)
        waits = page.evaluate("performance.getEntriesByName('kbvr:first-scene').map(one => one.duration)")
        assert len(waits) == 1
        assert page.locator(".title").inner_text().startswith("cat.jpg")


NOTE_REVOKED = """
  window.revoked = [];
  const revoke = URL.revokeObjectURL.bind(URL);
  URL.revokeObjectURL = address => (revoked.push(address), revoke(address));
"""


def test_a_photo_with_the_name_of_a_removed_one_is_another(web, empty_url, tmp_path):
    """Nothing of the removed one is shown, undone or kept for it."""
    photos = [tmp_path / folder / "same.jpg" for folder in ("first", "second")]
    for photo, turn in zip(photos, (Image.Transpose.ROTATE_180, Image.Transpose.FLIP_LEFT_RIGHT), strict=True):
        photo.parent.mkdir()
        Image.open(CAT).resize((160, 107)).transpose(turn).save(photo)
    questions = []
    with shown(web, empty_url, "wide", NOTE_REVOKED) as page:
        page.on("dialog", lambda dialog: (questions.append(dialog.message), dialog.accept()))
        drop(page, photos[0])
        local = page.locator(".paper img").get_attribute("src")
        scene_of(page)
        first = page.url.rsplit("#", 1)[1]
        open_tab(page, "Set")
        page.get_by_role("radio", name="bold").first.check(force=True)
        page.get_by_role("button", name="Undo", exact=True).and_(page.locator(":enabled")).wait_for()
        page.get_by_role("button", name="Remove same.jpg").click()
        page.get_by_text("same.jpg was removed.").wait_for(state="attached")
        assert questions == ["Remove same.jpg from the studio? Its folder moves to the trash."]
        assert local in page.evaluate("revoked")
        drop(page, photos[1])
        scene_of(page)
        assert page.url.rsplit("#", 1)[1] != first
        assert page.get_by_role("button", name="Undo", exact=True).is_disabled()
        assert asked(page, "projects")[0]["options"] == {}


def test_a_picture_is_pasted(web, empty_url):
    stream = BytesIO()
    Image.linear_gradient("L").convert("RGB").save(stream, "PNG")
    with shown(web, empty_url) as page:
        give(page, "paste", ("image.png", "image/png", stream.getvalue()))
        scene_of(page)
        assert page.locator(".title").inner_text().startswith("image.png")


def test_photos_are_picked_several_at_once(web, empty_url, tmp_path):
    for name in ("one.jpg", "two.jpg"):
        Image.open(CAT).resize((160, 107)).save(tmp_path / name)
    with shown(web, empty_url) as page:
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Choose photos").click()
        assert chooser.value.is_multiple()
        chooser.value.set_files([tmp_path / "one.jpg", tmp_path / "two.jpg"])
        scene_of(page)
        assert page.locator(".title").inner_text().startswith("one.jpg")
        tile(page, "two.jpg").wait_for()


def test_what_is_no_photo_is_refused_in_words_and_the_rest_goes_on(web, empty_url):
    with shown(web, empty_url) as page:
        files = [("notes.txt", "text/plain", b"Dear diary"), ("empty.jpg", "image/jpeg", b"")]
        give(page, "drop", *files)
        page.get_by_text("This is not a photo.").wait_for()
        page.get_by_text("This file is empty.").wait_for()
        page.get_by_role("button", name="Hide notes.txt").click()
        assert not page.get_by_text("notes.txt").is_visible()


def test_a_damaged_photo_says_so_on_its_card_and_over_the_stage(web, empty_url):
    with shown(web, empty_url) as page:
        give(page, "drop", ("broken.jpg", "image/jpeg", CAT.read_bytes()[:5000]))
        alert = page.locator(".progress-card.failed")
        alert.wait_for()
        assert "damaged" in alert.inner_text()
        tile(page, "broken.jpg: Failed").wait_for()


def test_a_folder_is_dropped_with_its_photos_alone(web, empty_url, tmp_path):
    folder = tmp_path / "holiday"
    folder.mkdir()
    Image.open(CAT).resize((160, 107)).save(folder / "beach.jpg")
    (folder / "notes.txt").write_text("not a photo", "utf-8")
    with shown(web, empty_url) as page:
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Choose a folder").click()
        chooser.value.set_files(folder)
        scene_of(page)
        assert page.locator(".title").inner_text().startswith("beach.jpg")
        assert not page.get_by_text("notes.txt").is_visible()


def test_a_phone_offers_its_camera_roll(web, empty_url):
    with shown(web, empty_url, "phone") as page, page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Open the camera roll").click()
    assert chooser.value.is_multiple()
