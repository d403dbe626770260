"""An export uses the depth in the photo's file, says so, and gives nothing of it away unasked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from phone_photos import DEPTH_TYPE, HeicItem, apple_xmp, gdepth_jpeg, heic
from PIL import Image

import kbvr
from kbvr.depth.read_placed import load_placed_depth
from kbvr.plan.memory_budget import within_px

NEAR_M, FAR_M = 1.25, 4.0
IS_NEAR = np.zeros((120, 160), np.bool_)
IS_NEAR[30:, 50:110] = True
METRES = np.where(IS_NEAR, NEAR_M, FAR_M)
GRAIN = np.random.default_rng(3).integers(-12, 12, (120, 160, 3))
RGB = (np.where(IS_NEAR[..., None], (210, 90, 40), (50, 90, 150)) + GRAIN).astype(np.uint8)
SHARES = 8.0 * (METRES - 1) / (METRES * 7.0)
GDEPTH = {"GDepth:Near": 1.0, "GDepth:Far": 8.0, "GDepth:Units": "m"}
JPEG = gdepth_jpeg(RGB, np.rint(SHARES * 65535).astype(np.uint16)[::2, ::2], GDEPTH)


@pytest.fixture
def phone_photo(tmp_path: Path) -> Path:
    path = tmp_path / "phone.jpg"
    path.write_bytes(JPEG)
    return path


def exported(photo: Path, **options: Any) -> tuple[np.ndarray, str]:
    """Return the metres of an exported depth map, and the line about the depth."""
    report = kbvr.export(photo, photo.parent / "out", depth_map="png", stereo=False, overwrite=True, **options)
    (written,) = report.written
    loaded = kbvr.load_photo(photo)
    depth = load_placed_depth(written.item.path, loaded)
    (line,) = (line for line in report.explanation if line.startswith("depth:"))
    return 1 / np.maximum(depth.inverse_depth, 1e-6), line


def test_an_export_has_the_files_distances_and_says_where_they_are_from(phone_photo: Path) -> None:
    metres, line = exported(phone_photo)
    wrong = np.abs(metres - METRES) > 0.02
    assert wrong.mean() < 0.01
    assert "metric, from the photo's file (GDepth, 80x60)" in line


def test_the_depth_of_a_heic_is_used(tmp_path: Path) -> None:
    described = apple_xmp(
        {"apdi:FloatMinValue": 0.0, "apdi:FloatMaxValue": 1.0, "depthData:Accuracy": "absolute"}
        | {"apdi:AuxiliaryImageType": "disparity"}
    )
    stored = np.rint(255 / METRES).astype(np.uint8)
    path = tmp_path / "phone.heic"
    path.write_bytes(heic([HeicItem(RGB, turns=1), HeicItem(stored, DEPTH_TYPE, described, turns=1)]))
    metres, line = exported(path)
    assert (np.abs(metres - np.rot90(METRES)) > 0.05).mean() < 0.01
    assert "Apple disparity" in line


@pytest.mark.parametrize("options", [{"ignore_embedded_depth": True}, {"depth_model": "kbvr-depth"}])
def test_the_depth_in_the_file_can_be_left_aside(phone_photo: Path, options: dict[str, Any]) -> None:
    _, line = exported(phone_photo, **options)
    assert "estimated by kbvr-depth" in line
    assert "from the photo's file" not in line


def test_a_depth_file_goes_before_the_photos_own(phone_photo: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "flat.npy", np.full((120, 160), 3.0))
    metres, line = exported(phone_photo, depth=tmp_path / "flat.npy", depth_kind="depth-m")
    np.testing.assert_allclose(metres, 3.0, rtol=0.01)
    assert "metric, from the file" in line


def test_smaller_and_cropped_photos_keep_their_depth(phone_photo: Path) -> None:
    small = within_px(kbvr.load_photo(phone_photo), 80)
    assert small.embedded_depth is not None
    report = kbvr.export(small, phone_photo.parent / "out", still="sbs", stereo=False, aspect="1:1")
    (line,) = (line for line in report.explanation if line.startswith("depth:"))
    assert "from the photo's file" in line
    assert "nearest 1.25 m, farthest 4 m" in line


def test_pictures_that_are_written_hold_nothing_of_the_files_depth(phone_photo: Path) -> None:
    report = kbvr.export(phone_photo, phone_photo.parent / "out", still="sbs", wiggle=True, stereo=False)
    for written in report.written:
        assert b"GDepth" not in written.item.path.read_bytes()
    assert b"GDepth" in JPEG
    assert Image.open(phone_photo).size == (160, 120)
