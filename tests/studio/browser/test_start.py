"""Photos come in: dropped, pasted, picked; and what is no photo is refused in words."""

from __future__ import annotations

import base64
from io import BytesIO
from urllib.parse import urlsplit

import pytest
from PIL import Image
from studio_pages import CAT, GONE, SMALL, asked, drop, give, open_tab, scene_of, shown, studio, tile

FOLDER = """(files) => {
  const fileOf = ({name, text, isBroken}) => ({
    isFile: true, isDirectory: false,
    file: (done, fail) => isBroken ? fail(new DOMException("gone", "NotFoundError"))
      : done(new File([Uint8Array.from(atob(text), one => one.charCodeAt(0))], name)),
  });
  const parts = [files.map(fileOf), []];
  const folder = {
    isFile: false, isDirectory: true, createReader: () => ({readEntries: done => done(parts.shift())}),
  };
  const data = {types: ["Files"], files: [], items: [{webkitGetAsEntry: () => folder}]};
  const event = new Event("drop", {bubbles: true, cancelable: true});
  document.body.dispatchEvent(Object.assign(event, {dataTransfer: data}));
}"""
"""Drop a folder: browsers make none of a script's files."""
ADDRESSES = """
  const {createObjectURL, revokeObjectURL} = URL;
  window.held = new Set();
  URL.createObjectURL = blob => {
    const url = createObjectURL.call(URL, blob);
    if (blob instanceof File) held.add(url);
    return url;
  };
  URL.revokeObjectURL = url => (held.delete(url), revokeObjectURL.call(URL, url));
"""
"""Keep the addresses of files that a page holds."""


def small_cat():
    """Return a small photo, as the bytes of a JPEG file."""
    stream = BytesIO()
    Image.open(CAT).resize((160, 107)).save(stream, "JPEG")
    return stream.getvalue()


def drop_folder(page, **files):
    """Drop a folder with files of these contents; None is one that cannot be read."""
    page.evaluate(
        FOLDER,
        [
            {"name": name.replace("_", "."), "text": base64.b64encode(content or b"").decode(), "isBroken": not content}
            for name, content in files.items()
        ],
    )


def test_a_dropped_photo_is_seen_at_once_and_then_in_3d(web, empty_url):
    with shown(web, empty_url, viewport=SMALL) as page:
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
    with shown(web, empty_url, "wide", NOTE_REVOKED, may_be_refused=GONE) as page:
        drop(page, photos[0])
        local = page.locator(".paper img").get_attribute("src")
        scene_of(page)
        first = page.url.rsplit("#", 1)[1]
        open_tab(page, "Set")
        page.get_by_role("radio", name="bold").first.check(force=True)
        page.get_by_role("button", name="Undo", exact=True).and_(page.locator(":enabled")).wait_for()
        page.get_by_role("button", name="Remove same.jpg").click()
        tile(page, "same.jpg").wait_for(state="detached")
        assert local in page.evaluate("revoked")
        drop(page, photos[1])
        scene_of(page)
        assert page.url.rsplit("#", 1)[1] != first
        assert page.get_by_role("button", name="Undo", exact=True).is_disabled()
        assert asked(page, "projects")[0]["options"] == {}


def test_an_answer_that_comes_late_does_not_bring_a_removed_photo_back(web, tmp_path):
    """That of a save, which was under way when the photo was removed."""
    Image.open(CAT).resize((160, 107)).save(tmp_path / "small.jpg")
    held = []
    with (
        studio(tmp_path / "projects", tmp_path / "small.jpg", CAT) as url,
        shown(web, url, may_be_refused=GONE) as page,
    ):
        page.get_by_role("button", name="small.jpg").click()
        scene_of(page)
        page.route("**/options", lambda route: held.append((route, route.fetch())))
        open_tab(page, "Set")
        page.get_by_role("radio", name="bold").first.check(force=True)
        for _ in range(100):
            if held:
                break
            page.wait_for_timeout(50)
        ((route, answer),) = held
        tile(page, "small.jpg").press("Delete")
        page.get_by_text("Removed small.jpg.").wait_for()
        route.fulfill(response=answer)
        page.wait_for_timeout(300)
        assert tile(page, "small.jpg").count() == 0


def test_a_picture_is_pasted(web, empty_url):
    stream = BytesIO()
    Image.linear_gradient("L").convert("RGB").save(stream, "PNG")
    with shown(web, empty_url, viewport=SMALL) as page:
        give(page, "paste", ("image.png", "image/png", stream.getvalue()))
        scene_of(page)
        assert page.locator(".title").inner_text().startswith("image.png")


def test_photos_are_picked_several_at_once(web, empty_url, tmp_path):
    for name in ("one.jpg", "two.jpg"):
        Image.open(CAT).resize((160, 107)).save(tmp_path / name)
    with shown(web, empty_url, viewport=SMALL) as page:
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Choose photos").click()
        assert chooser.value.is_multiple()
        chooser.value.set_files([tmp_path / "one.jpg", tmp_path / "two.jpg"])
        scene_of(page)
        assert page.locator(".title").inner_text().startswith("one.jpg")
        tile(page, "two.jpg").wait_for()


def test_what_is_no_photo_is_refused_in_words_and_the_rest_goes_on(web, empty_url):
    with shown(web, empty_url, viewport=SMALL) as page:
        asked = []
        page.on("request", lambda request: asked.append((request.method, urlsplit(request.url).path)))
        files = [
            ("notes.txt", "text/plain", b"Dear diary"),
            ("empty.jpg", "image/jpeg", b""),
            ("IMG_1.CR3", "image/x-canon-cr3", b"ftypcrx "),
        ]
        give(page, "drop", *files)
        page.get_by_text("This file is not a photo that kbvr can read. It reads JPEG").wait_for()
        page.get_by_text("This file is empty.").wait_for()
        page.get_by_text("Export it as a JPEG or TIFF in your photo program first").wait_for()
        sent = [path for method, path in asked if method == "POST" and path.endswith("/projects")]
        assert not sent, "it is known before anything is sent"
        page.get_by_role("button", name="Hide notes.txt").click()
        assert not page.get_by_text("notes.txt").is_visible()


def test_a_damaged_photo_says_so_on_its_card_and_over_the_stage(web, empty_url):
    with shown(web, empty_url) as page:
        give(page, "drop", ("broken.jpg", "image/jpeg", CAT.read_bytes()[:5000]))
        alert = page.locator(".progress-card.failed")
        alert.wait_for()
        assert "damaged" in alert.inner_text()
        tile(page, "broken.jpg: Failed").wait_for()
        give(page, "drop", ("notes.txt", "text/plain", b"Dear diary"))
        refused = page.locator(".uploads .refused").bounding_box()
        assert refused["y"] + refused["height"] < alert.bounding_box()["y"], "one does not cover the other"
        open_tab(page, "Mend")
        page.get_by_text("This photo has no depth to mend").wait_for()
        assert page.locator(".mend-stage img").count() == 0


def test_a_folder_is_dropped_with_its_photos_alone(web, empty_url, tmp_path):
    folder = tmp_path / "holiday"
    folder.mkdir()
    Image.open(CAT).resize((160, 107)).save(folder / "beach.jpg")
    (folder / "notes.txt").write_text("not a photo", "utf-8")
    (folder / ".DS_Store").write_bytes(b"of the system")
    with shown(web, empty_url) as page:
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Choose a folder").click()
        chooser.value.set_files(folder)
        scene_of(page)
        assert page.locator(".title").inner_text().startswith("beach.jpg")
        page.get_by_text("1 photo; 1 other file was left out.").wait_for()
        assert not page.get_by_text("notes.txt").is_visible()


def test_a_folder_without_photos_says_so(web, empty_url):
    with shown(web, empty_url) as page:
        drop_folder(page, notes_txt=b"Dear diary", more_txt=b"Later")
        page.get_by_role("alert").get_by_text("There is no photo in this folder: kbvr reads JPEG").wait_for()
        assert page.locator(".uploads").count() == 0


def test_what_cannot_be_read_of_a_dropped_folder_is_told_and_the_rest_is_added(web, tmp_path):
    with studio(tmp_path / "projects") as url, shown(web, url) as page:
        drop_folder(page, broken_jpg=None, beach_jpg=small_cat())
        page.get_by_role("alert").get_by_text("A dropped file or folder could not be read.").wait_for()
        scene_of(page)
        assert page.locator(".title").inner_text().startswith("beach.jpg")


def test_the_browsers_own_copy_of_a_photo_is_let_go_of(web, tmp_path):
    photo = ("image/jpeg", small_cat())
    with studio(tmp_path / "projects") as url, shown(web, url, "wide", ADDRESSES, may_be_refused=True) as page:
        give(page, "drop", ("one.jpg", *photo), ("two.jpg", *photo), ("text.jpg", "image/jpeg", b"Dear diary"))
        page.locator(".uploads .refused").wait_for()
        scene_of(page)
        page.wait_for_function("() => held.size === 1")  # that of the photo on the stage
        page.get_by_role("button", name="kbvr studio").click()
        page.wait_for_function("() => held.size === 0")
        page.wait_for_function("() => [...document.querySelectorAll('.card img')].every(one => one.naturalWidth)")


def test_the_first_scene_tells_how_to_look_around_once(web, cat_url):
    with shown(web, cat_url, is_first=True, reduced_motion="no-preference") as page:
        scene_of(page)
        hint = page.get_by_text("to look around")
        hint.wait_for()
        page.locator(".live canvas").click()
        hint.wait_for(state="detached")
        page.reload()
        scene_of(page)
        assert not hint.is_visible()


@pytest.mark.parametrize("screen", ["wide", "phone"])
def test_many_photos_are_seen_without_scrolling_and_load_as_they_are_needed(web, tmp_path, screen):
    names = [f"photo{index}.jpg" for index in range(40)]
    for name in names:
        (tmp_path / name).write_bytes(small_cat())
    with studio(tmp_path / "projects", *(tmp_path / name for name in names)) as url, shown(web, url, screen) as page:
        cards = page.locator("section[aria-labelledby=recent] .card")
        cards.nth(39).wait_for()
        box = cards.first.bounding_box()
        assert box["y"] + box["height"] < 0.65 * page.viewport_size["height"]
        assert page.locator(".card img:not([loading=lazy])").count() == 0


def test_a_phone_offers_its_camera_roll(web, empty_url):
    with shown(web, empty_url, "phone") as page, page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Open the camera roll").click()
    assert chooser.value.is_multiple()
