"""The galleries and the comparison of depths show what their lists say, of photos that anyone may pass on."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from doc_pages import ROOT
from PIL import Image

import kbvr
from kbvr.depth.networks import BUILT_IN_NETWORK
from kbvr.profiles.layers import Layers
from kbvr.profiles.old_photo import OldPhotoSteps

sys.path.insert(0, str(ROOT / "docs"))

import gallery_pages
import make_depth_comparison
import make_gallery
import make_kinds
import make_old_photos
from gallery_pages import FOLDERS, PICTURES, credited, licence, part_of, photo_named, strips, text_of

LONG_SIDE_PX = 1280
PHOTO_BYTES = 200_000
PARTS = {
    "gallery": "gallery.md",
    "fails": "gallery.md",
    "credits": "gallery.md",
    "compared": "depth.md",
    "kinds": "kinds.md",
    "old": "old_photos.md",
}
KINDS = 12
"""How many kinds of photos are compared, at least."""

SPOILT_KINDS, PHOTOS_A_KIND = 10, 3
"""Kinds of photos that a moving camera spoils most, and the photos of each."""


@pytest.mark.parametrize("part", PARTS)
def test_the_pages_say_what_the_list_says(part):
    """Whoever has changed the list runs the scripts again."""
    assert part_of(ROOT / "docs" / PARTS[part], part) == text_of(part)


@pytest.mark.parametrize("kind", FOLDERS)
def test_there_is_a_strip_of_every_photo_listed_and_no_other(kind):
    assert {strip.path for strip in strips(kind)} == {*(PICTURES / FOLDERS[kind]).glob("*.jpg")}


def test_every_photo_is_credited_with_a_licence_that_lets_it_be_passed_on():
    assert {*credited()} == {path.stem for path in (ROOT / "docs" / "photos").iterdir()}
    for name, photo in credited().items():
        assert photo.keys() == {"author", "licence", "source", "changes"}, name
        assert all(photo.values()), name
        assert licence(photo["licence"])


def test_a_licence_that_is_not_known_is_refused():
    with pytest.raises(KeyError):
        licence("CC BY-NC 4.0")


def test_photos_are_no_larger_than_pages_need():
    for path in (ROOT / "docs" / "photos").iterdir():
        with Image.open(path) as image:
            assert image.format == "JPEG" and max(image.size) <= LONG_SIDE_PX, path.name
        assert path.stat().st_size <= PHOTO_BYTES, path.name


def test_ten_failures_are_shown_and_twelve_kinds_compared():
    assert len(strips("fails")) == 10 and all(strip.caption for strip in strips("fails"))
    assert len({strip.title for strip in strips("compared")}) >= KINDS


def test_every_spoilt_kind_has_its_photos_together():
    headings = [strip.heading for strip in strips("kinds")]
    assert headings == [name for name in dict.fromkeys(headings) for _ in range(PHOTOS_A_KIND)]
    assert len(headings) == SPOILT_KINDS * PHOTOS_A_KIND
    assert all(strip.caption for strip in strips("kinds"))
    assert all(strip.path.stat().st_size <= make_kinds.BYTES for strip in strips("kinds"))


def test_a_photo_that_is_listed_but_not_there_is_named():
    with pytest.raises(FileNotFoundError, match=r"expected a photo missing\.jpg in docs/photos"):
        photo_named("missing")


@pytest.fixture
def small(tmp_path, monkeypatch) -> Path:
    """Return docs in which one small photo is in every list, and a strip is left of a photo that was compared."""
    docs = tmp_path / "docs"
    (docs / "pictures" / "depth").mkdir(parents=True)
    (docs / "pictures" / "depth" / "left.jpg").touch()
    (docs / "depth.md").write_text(
        "# Depth\n\n<!-- compared: from gallery.toml -->\nold\n<!-- to here -->\nend\n", "utf-8"
    )
    marks = [f"<!-- {part}: from gallery.toml -->\n<!-- to here -->\n" for part in ("gallery", "fails", "credits")]
    (docs / "gallery.md").write_text("".join(marks), "utf-8")
    (docs / "kinds.md").write_text("<!-- kinds: from kinds.toml -->\n<!-- to here -->\n", "utf-8")
    (docs / "old_photos.md").write_text("<!-- old: from gallery.toml -->\n<!-- to here -->\n", "utf-8")
    listed = [f'[[{kind}]]\nphoto = "dots"\ntitle = "Dots"\ncaption = "Round."\n' for kind in FOLDERS]
    (docs / "list.toml").write_text("".join(listed) + "[photos]\n", "utf-8")
    rng = np.random.default_rng(1)
    Image.fromarray(rng.integers(0, 255, (48, 64, 3), np.uint8)).save(docs / "dots.jpg")
    monkeypatch.setattr(gallery_pages, "ROOT", tmp_path)
    monkeypatch.setattr(gallery_pages, "LISTS", (docs / "list.toml",))
    monkeypatch.setattr(gallery_pages, "PICTURES", docs / "pictures")
    monkeypatch.setattr(gallery_pages, "PHOTOS", (docs,))
    monkeypatch.setattr(make_depth_comparison, "PAGE", docs / "depth.md")
    monkeypatch.setattr(make_gallery, "PAGE", docs / "gallery.md")
    monkeypatch.setattr(make_kinds, "PAGE", docs / "kinds.md")
    monkeypatch.setattr(make_old_photos, "PAGE", docs / "old_photos.md")
    monkeypatch.setattr(make_old_photos, "PRINT", docs / "dots.jpg")
    monkeypatch.setattr(make_old_photos, "STEPS", docs / "pictures" / "old_steps.jpg")
    return docs


def test_the_comparison_is_drawn_and_written_into_its_page(small, monkeypatch):
    """Photo, before and now stand beside each other, the labels above; strips of other photos go."""
    old = small / "old.onnx"
    old.touch()
    y, x = np.mgrid[0:48, 0:64].astype(np.float32)
    said = {old: x, BUILT_IN_NETWORK: y}
    monkeypatch.setattr(kbvr, "estimate_depth", lambda photo, *, model: SimpleNamespace(inverse_depth=said[model]))
    monkeypatch.setattr(sys, "argv", ["make_depth_comparison.py", "--old", str(old)])
    make_depth_comparison.main()
    with Image.open(small / "pictures" / "depth" / "dots.jpg") as image:
        assert image.size == (3 * 320, 240 + make_depth_comparison.LABEL_PX)
        strip = np.asarray(image).astype(int)[make_depth_comparison.LABEL_PX :]
    before, now = strip[:, 320:640], strip[:, 640:]
    assert before.std(axis=0).mean() < 5 < before.std(axis=1).mean()
    assert now.std(axis=1).mean() < 5 < now.std(axis=0).mean()
    page = (small / "depth.md").read_text("utf-8")
    assert (
        "**Dots.** Round.\n\n![Dots: the photo, the depth before, and the depth now](pictures/depth/dots.jpg)" in page
    )
    assert page.startswith("# Depth\n") and page.endswith("<!-- to here -->\nend\n") and "old" not in page
    assert [path.name for path in (small / "pictures" / "depth").iterdir()] == ["dots.jpg"]


def test_the_comparison_says_which_file_it_misses(small, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["make_depth_comparison.py", "--old", str(small / "no.onnx")])
    with pytest.raises(SystemExit, match="2"):
        make_depth_comparison.main()
    assert "expected an ONNX file, got no file at" in capsys.readouterr().err


def test_the_gallery_is_drawn_and_written_into_its_page(small, monkeypatch):
    """Three pictures of what is shown, two of what fails."""
    step = np.where(np.arange(64) < 20, 1.0, 0.2).astype(np.float32)
    depth = kbvr.DepthMap(np.tile(step, (48, 1)), 60.0)
    monkeypatch.setattr(kbvr, "estimate_depth", lambda photo, *, model: {BUILT_IN_NETWORK: depth}[model])
    monkeypatch.setattr(sys, "argv", ["make_gallery.py"])
    make_gallery.main()
    for folder, parts in (("gallery", 3), ("fails", 2)):
        with Image.open(small / "pictures" / folder / "dots.jpg") as image:
            assert image.size == (parts * 320, 240)
            near, far = (np.asarray(image).astype(int)[100, 320 + x] for x in (40, 280))
        assert near[0] > near[2] and far[2] > far[0]
    page = (small / "gallery.md").read_text("utf-8")
    assert page.count("**Dots.** Round.") == 2 and "| file | author |" in page


def test_the_ends_of_the_moves_are_drawn_and_written_into_their_page(small, monkeypatch):
    """Photo, left eye, right eye and the end of a Ken Burns move stand side by side, in this order."""
    step = np.where(np.arange(64) < 20, 1.0, 0.2).astype(np.float32)
    depth = kbvr.DepthMap(np.tile(step, (48, 1)), 60.0)
    monkeypatch.setattr(Layers, "depth", lambda self, photo: depth)
    monkeypatch.setattr(sys, "argv", ["make_kinds.py", "--unscaled", str(small / "unscaled")])
    with (small / "list.toml").open("a", encoding="utf-8") as file:
        file.write('[[kinds]]\nheading = "Round things"\nphoto = "dots"\ntitle = "More dots"\ncaption = "Blue."\n')
    make_kinds.main()
    names = ("photo", "left", "right", "kenburns")
    pictures = [np.asarray(Image.open(small / "unscaled" / f"dots-{name}.png")).astype(int) for name in names]
    assert np.array_equal(pictures[0], np.asarray(Image.open(small / "dots.jpg")))
    with Image.open(small / "pictures" / "kinds" / "dots.jpg") as strip:
        assert strip.size == (4 * 480, 360)
        parts = [
            np.asarray(strip.crop((480 * i, 0, 480 * i + 480, 360)).resize((64, 48))).astype(int) for i in range(4)
        ]
    for i, part in enumerate(parts):
        assert np.argmin([np.abs(part - picture).mean() for picture in pictures]) == i, names[i]
    photo, left, right, _ = pictures
    near, far = np.s_[8:-8, 4:18], np.s_[8:-8, 24:60]
    for origin, target in ((left, right), (photo, (left + right) / 2)):  # a swing ends at the right
        assert shift_px(origin, target, near) < shift_px(origin, target, far)
    page = (small / "kinds.md").read_text("utf-8")
    assert page.index("**Dots.** Round.") < page.index("## Round things\n") < page.index("**More dots.** Blue.")


def test_old_photos_are_drawn_step_by_step_and_written_into_their_page(small, monkeypatch):
    """The example: scan, repaired, coloured, depth. The others: scan, coloured, depth, the end of a move."""
    step = np.where(np.arange(64) < 20, 1.0, 0.2).astype(np.float32)
    monkeypatch.setattr(Layers, "depth", lambda self, photo: kbvr.DepthMap(np.tile(step, (48, 1)), 60.0))
    grey = np.tile(np.linspace(90, 180, 64).astype(np.uint8), (48, 1))
    Image.fromarray(grey).convert("RGB").save(small / "dots.jpg", quality=98)
    monkeypatch.setattr(OldPhotoSteps, "coloured", lambda self, photo: replace(photo, rgb=photo.rgb[..., ::-1] // 2))
    monkeypatch.setattr(sys, "argv", ["make_old_photos.py"])
    make_old_photos.main()
    light = {}
    for name in ("old_steps", "old/dots"):
        with Image.open(small / "pictures" / f"{name}.jpg") as strip:
            assert strip.size == (4 * 320, 240)
            light[name] = [np.asarray(strip.crop((320 * i, 0, 320 * i + 320, 240)).convert("L")) for i in range(4)]
    scan, repaired, coloured, _ = light["old_steps"]
    assert repaired.std() > 1.5 * scan.std(), "its contrast is restored"
    assert coloured.mean() == pytest.approx(repaired.mean() / 2, abs=3)
    scan, coloured, depth, end = light["old/dots"]
    assert coloured.mean() == pytest.approx(end.mean(), abs=12)
    assert depth[:, :80].mean() != pytest.approx(depth[:, 160:].mean(), abs=20)
    assert "**Dots.** Round." in (small / "old_photos.md").read_text("utf-8")


def shift_px(origin: np.ndarray, target: np.ndarray, part: tuple[slice, slice]) -> float:
    """Return roughly how far a part moves to the right, by its gradient (Lucas and Kanade, 1981)."""
    smooth, moved = (cv2.GaussianBlur(picture.astype(float), (0, 0), 3) for picture in (origin, target))
    gradient = np.gradient((smooth + moved) / 2, axis=1)[part]
    return float((gradient * (smooth - moved)[part]).sum() / (gradient**2).sum())


def test_a_photo_that_is_not_of_a_kind_is_refused(small, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["make_kinds.py", "leaf"])
    with pytest.raises(SystemExit, match="2"):
        make_kinds.main()
    assert "expected photos in kinds.toml, got leaf" in capsys.readouterr().err
