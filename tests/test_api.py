"""What `import kbvr` offers: names, signatures, and the two ways from a photo in memory to files."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scenes import card_before_wall

import kbvr

QUICK = {"fill": "spread", "seconds": 0.2, "fps": 10}


def test_dir_shows_the_public_names():
    assert {*kbvr.__all__} <= {*dir(kbvr)}
    assert all(hasattr(kbvr, name) for name in kbvr.__all__)


@pytest.mark.parametrize("name", [name for name in kbvr.__all__ if inspect.isfunction(getattr(kbvr, name))])
def test_every_public_function_is_typed_and_explained(name):
    function = getattr(kbvr, name)
    signature = inspect.signature(function)
    assert all(one.annotation is not inspect.Parameter.empty for one in signature.parameters.values())
    assert signature.return_annotation is not inspect.Signature.empty
    assert function.__doc__


def test_a_photo_and_a_depth_map_in_memory_become_files(tmp_path):
    """As they would from files: the same bytes."""
    photo, depth = card_before_wall()
    plan = kbvr.plan_export(photo, depth, tmp_path / "memory", stereo=True, still=["sbs"], depth_map="npy", **QUICK)
    assert [shot.output for shot in plan.shots] == ["stereo", "still"]
    assert not (tmp_path / "memory").exists()
    report = kbvr.write_export(plan)
    assert {one.output for one in report.written} == {"stereo", "still", "depth-map"}
    np.save(tmp_path / "d.npy", 1 / depth.inverse_depth)
    kbvr.export(
        photo,
        tmp_path / "file",
        stereo=True,
        still=["sbs"],
        depth_map="npy",
        depth=tmp_path / "d.npy",
        depth_kind="depth-m",
        **QUICK,
    )
    for path in (tmp_path / "file").iterdir():
        assert path.read_bytes() == (tmp_path / "memory" / path.name).read_bytes()


def test_pixels_are_a_photo(tmp_path):
    rgb = np.full((48, 64, 3), 90, np.uint8)
    report = kbvr.export(rgb, tmp_path / "one.jpg", still="anaglyph", depth_quality="fast", fill="spread")
    assert report.file.path == tmp_path / "one.jpg"
    assert (tmp_path / "one.jpg").exists()


def test_depth_of_another_size_is_refused(tmp_path):
    photo, depth = card_before_wall()
    small = kbvr.DepthMap(depth.inverse_depth[:50], depth.f_px)
    with pytest.raises(kbvr.InputError, match="expected a depth map of the photo's size 120x100, got 120x50"):
        kbvr.plan_export(photo, small, tmp_path, stereo=True)


def test_a_baseline_given_as_an_integer_is_reported(tmp_path):
    photo, depth = card_before_wall()
    plan = kbvr.plan_export(photo, depth, tmp_path, still="sbs", baseline_mm=63, fill="spread")
    assert kbvr.write_export(plan).stereo["baseline_m"] == pytest.approx(0.063)


def test_nothing_prints_arrays(tmp_path):
    photo, depth = card_before_wall()
    plan = kbvr.plan_export(photo, depth, tmp_path, still="sbs")
    scene = kbvr.build_scene(photo, depth)
    for value in (photo, depth, plan, scene, scene.ldi):
        assert len(repr(value)) < 5000
        assert not re.search(r"\b(rgb|rgba|inverse_depth|quads|fill_mask|histogram)=", repr(value))


def test_photo_twos_explanation_does_not_speak_of_photo_one(tmp_path):
    """What networks ran on is asked of the export's own sessions: with none, none is named."""
    photo, depth = card_before_wall()
    np.save(tmp_path / "d.npy", 1 / depth.inverse_depth)
    first = kbvr.export(photo, tmp_path / "1", still="sbs", depth_quality="fast")
    given = {"depth": tmp_path / "d.npy", "depth_kind": "depth-m", "fill": "spread"}
    second = kbvr.export(photo, tmp_path / "2", still="sbs", **given)
    assert first.explanation[-1] == "networks: on the CPU"
    assert second.explanation[-1] == "networks: none used"


MISUSED = """
import kbvr, numpy as np
photo = kbvr.photo_from_array(np.zeros((48, 64, 3), np.uint8))
depth = kbvr.DepthMap(np.ones((48, 64), np.float32), photo.f_px)
for call in (
    lambda: kbvr.export(None),
    lambda: kbvr.export(["a.jpg"]),
    lambda: kbvr.export(b"a.jpg"),
    lambda: kbvr.export("a\\0b"),
    lambda: kbvr.export("a.jpg", None),
    lambda: kbvr.plan_export("a.jpg", "d.npy"),
    lambda: kbvr.plan_export(depth, photo),
):
    try:
        call()
    except kbvr.InputError as error:
        print(error)
"""


def test_other_things_than_photos_and_paths_are_refused_in_one_line(tmp_path):
    """In a process of its own: here, annotations are checked first."""
    done = subprocess.run(
        [sys.executable, "-c", MISUSED], capture_output=True, text=True, cwd=Path(kbvr.__file__).parents[1]
    )
    assert done.stderr == ""
    assert [line.split(",")[0][:10] for line in done.stdout.splitlines()] == ["expected a"] * 7
