"""`kbvr.batch`, as a program calls it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from many_photos import tiny_photo
from PIL import Image

import kbvr


def test_results_come_one_by_one_and_the_next_call_goes_on(tmp_path: Path) -> None:
    for number in range(3):
        tiny_photo(tmp_path / "in" / f"{number}.jpg", number)
    (tmp_path / "in/x.jpg").write_bytes(b"no photo")
    call = {"depth_map": "png", "depth_quality": "fast", "jobs": 1}
    results = kbvr.batch(tmp_path / "in", tmp_path / "out", **call)
    first = next(results)
    assert isinstance(first, kbvr.PhotoResult) and first.is_done
    assert (tmp_path / "out" / first.outputs[0].path).is_file()
    results.close()
    rest = {Path(result.address).name: result for result in kbvr.batch([tmp_path / "in"], tmp_path / "out", **call)}
    assert {name: result.status for name, result in rest.items()} == {
        **dict.fromkeys(("0.jpg", "1.jpg", "2.jpg"), "done"),
        "x.jpg": "failed",
    }
    assert rest[Path(first.address).name].is_left


def test_a_gallery_has_every_photo(tmp_path: Path) -> None:
    photos = [tiny_photo(tmp_path / f"{number}.jpg", number) for number in range(2)]
    results = list(kbvr.batch(photos, tmp_path / "out", gallery="Holiday", max_size=64, depth_quality="fast", jobs=1))
    assert all(result.is_done for result in results), [result.error for result in results]
    index = (tmp_path / "out/index.html").read_text("utf-8")
    listed = (tmp_path / "out/kbvr-gallery/photos.js").read_text("utf-8")
    assert "<title>Holiday</title>" in index
    for result in results:
        outputs = {output.output: output.path for output in result.outputs}
        assert {"wiggle", "gltf", "gallery"} <= outputs.keys() and result.facts["key"] in listed
    assert "_wiggle.mp4" in listed
    assert not list((tmp_path / "out").glob("*_LR.mp4")), "nobody asked for a stereo video"


def test_a_gallery_shows_the_photo_of_an_rgbd_picture(tmp_path: Path) -> None:
    with Image.open(tiny_photo(tmp_path / "a.jpg")) as image:
        photo = np.asarray(image.convert("RGB"))
    depth = np.repeat(np.tile(np.linspace(20, 230, photo.shape[1]), (len(photo), 1))[..., None], 3, axis=2)
    Image.fromarray(np.hstack([photo, depth.astype(np.uint8)])).save(tmp_path / "both.png")
    (result,) = kbvr.batch(tmp_path / "both.png", tmp_path / "out", gallery=True, rgbd="right", max_size=64, jobs=1)
    assert result.is_done, result.error
    assert result.facts["size_px"] == (photo.shape[1], photo.shape[0])
    (shown,) = (tmp_path / "out/kbvr-gallery/pictures").rglob("*.webp")
    with Image.open(shown) as image:
        assert image.size == (photo.shape[1], photo.shape[0])


def test_a_gallery_does_not_replace_a_page_of_another_program(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/index.html").write_text("<p>mine", "utf-8")
    with pytest.raises(kbvr.OutputError, match="not a gallery made by kbvr"):
        next(kbvr.batch(tiny_photo(tmp_path / "a.jpg"), tmp_path / "out", gallery="Holiday"))
    assert (tmp_path / "out/index.html").read_text("utf-8") == "<p>mine"


@pytest.mark.parametrize(
    ("sources", "options", "message"),
    [
        ("nowhere", {}, "nowhere"),
        ("", {}, "empty"),
        ("a.jpg", {"jobs": 2, "scheduler": "tcp://127.0.0.1:1"}, "jobs is for this machine"),
        ("a.jpg", {"scheduler": "here"}, "scheduler must be an address"),
        ("a.jpg", {"wigle": True}, "did you mean 'wiggle'"),
        ("a.jpg", {"jobs": 0}, "jobs must be"),
        ("a.jpg", {"limit": 0}, "limit must be"),
        ("a.jpg", {"max_failures": -1}, "max_failures must be"),
        ("a.jpg", {"photo_limit_s": -1}, "photo_limit_s must be"),
    ],
)
def test_what_cannot_be_used_is_an_input_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sources: str, options: dict[str, object], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    tiny_photo(tmp_path / "a.jpg")
    with pytest.raises(kbvr.InputError, match=message):
        kbvr.batch(sources, "out", **options)
    assert not Path("out").exists()


def test_a_gallery_keeps_its_photos_apart_when_their_files_move(tmp_path: Path) -> None:
    """Cameras use their names again: the photos of before were moved, and the folder has new ones of the same names."""
    call = {"gallery": True, "max_size": 64, "depth_quality": "fast", "jobs": 1}
    tiny_photo(tmp_path / "camera/p1.jpg", 1)
    list(kbvr.batch(tmp_path / "camera", tmp_path / "out", **call))
    (tmp_path / "camera").rename(tmp_path / "archive")
    (moved,) = kbvr.batch(tmp_path / "archive", tmp_path / "out", **call)
    assert moved.is_left
    tiny_photo(tmp_path / "camera/p1.jpg", 2)
    (new,) = kbvr.batch(tmp_path / "camera", tmp_path / "out", **call)
    assert new.is_done and new.stem != "p1" and new.facts["key"] != moved.facts["key"]
    listed = (tmp_path / "out/kbvr-gallery/photos.js").read_text("utf-8")
    assert new.facts["key"] in listed and moved.facts["key"] in listed


def test_workers_do_not_run_far_ahead_of_who_reads_their_results(tmp_path: Path) -> None:
    photos = [tiny_photo(tmp_path / f"{number}.jpg", number) for number in range(8)]
    results = kbvr.batch(photos, tmp_path / "out", depth_map="png", depth_quality="fast", jobs=1)
    next(results)
    time.sleep(2)
    assert len(list((tmp_path / "out").glob("*.png"))) <= 5
    assert len(list(results)) == 7
