"""Shots: what is planned for eyes and lens holds wherever the camera goes, in the files that come of it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from scenes import card_before_wall

import kbvr
from kbvr.depth.scene_depth import scene_depth_of
from kbvr.formats.spec.format import Item
from kbvr.motion.consequences import Landmarks
from kbvr.motion.view import view_of
from kbvr.options.export_options import ExportOptions
from kbvr.plan.output_kinds import KINDS

BUDGET = 0.02
KEYFRAMES = {
    "zoom": [{"time_s": 0}, {"time_s": 0.4, "zoom": 2}],
    "forward": [{"time_s": 0}, {"time_s": 0.4, "z_m": 0.4}],
}


@pytest.fixture
def card(tmp_path) -> dict[str, Path | str]:
    """The depth of a photo of a card at 1 m before a wall at 4 m, as options take it; the photo is beside it."""
    photo, depth = card_before_wall()
    cv2.imwrite(str(tmp_path / "card.png"), photo.rgb[..., ::-1])
    np.save(tmp_path / "card.npy", 1 / depth.inverse_depth)
    return {"depth": tmp_path / "card.npy", "depth_kind": "depth-m"}


@pytest.mark.parametrize("path", ["forward", "zoom"])
def test_the_budget_holds_where_the_path_comes_nearest_and_where_the_view_is_enlarged(path, card, tmp_path):
    """There it is used up: at the end of the path the card and the wall are apart by the budget, not by twice of it."""
    (tmp_path / "path.json").write_text(json.dumps({"keyframes": KEYFRAMES[path]}))
    report = kbvr.export(
        tmp_path / "card.png",
        tmp_path,
        stereo=True,
        keyframes=tmp_path / "path.json",
        budget_percent=100 * BUDGET,
        **card,
    )
    assert report.comfort is not None
    nearest_px, farthest_px = report.comfort.range_px
    width_px = report.comfort.size_px[0]
    bin_px = report.comfort.edges_px[1] - report.comfort.edges_px[0]
    assert farthest_px - nearest_px == pytest.approx(BUDGET * width_px, abs=2 * bin_px + 0.02 * BUDGET * width_px)


@pytest.mark.parametrize("width_px", [120, 480, 960])
def test_a_lens_blurs_by_a_share_of_its_own_view(width_px):
    """Focused on the card, the wall becomes discs of so many pixels, whatever other films there are."""
    around = scene_depth_of(card_before_wall()[1])
    view = view_of(around, (width_px, width_px * 5 // 6))
    options = ExportOptions(aperture_percent=2, focus=(50, 50), seconds=0.2)
    lens = KINDS["stereo"].plan((Item("video", Path("a.mp4"), "sbs"),), Landmarks(around), view, options).lens
    assert lens is not None
    assert lens.focus_inverse_depth == pytest.approx(1.0)
    assert lens.aperture_m * view.f_px * (1.0 - 0.25) == pytest.approx(0.02 * width_px)


def test_without_a_focus_the_subject_is_sharp():
    """The card is at 1 m; the plane that a swing holds still is a little behind it."""
    around = scene_depth_of(card_before_wall()[1])
    landmarks = Landmarks(around)
    options = ExportOptions(aperture_percent=2, seconds=0.2)
    view = view_of(around, (120, 100))
    lens = KINDS["stereo"].plan((Item("video", Path("a.mp4"), "sbs"),), landmarks, view, options).lens
    assert lens is not None
    assert lens.focus_inverse_depth == pytest.approx(1.0)
    assert around.subject_inverse_depth < 0.9
