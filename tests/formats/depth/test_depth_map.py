"""Depth maps: their metadata is right, and other tools and kbvr itself can load them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scenes import card_before_wall, depth_of, photo_of, smooth_pattern

import kbvr
from kbvr import pipeline
from kbvr.depth.depth_map import DepthMap, sized
from kbvr.depth.read_file import load_inverse_depth
from kbvr.errors import InputError, OutputError
from kbvr.formats.depth import depth_map
from kbvr.formats.depth.depth_map import READ_AS, depth_m
from kbvr.formats.spec.format import Facts, Item
from kbvr.formats.write import write_in_turn
from kbvr.options.export_options import FileOptions
from kbvr.photo.exr import exr_bytes
from kbvr.photo.photo import Photo, photo_from_array

EXAMPLES = Path(__file__).parents[3] / "examples"
ENDING = {"png": "a.png", "npy": "a.npy", "npz": "a.npz", "exr": "a.exr", "color": "b.png"}


def exiftool(path: Path) -> dict[str, str]:
    program = shutil.which("exiftool")
    assert program, "these tests need exiftool (Debian: apt-get install libimage-exiftool-perl)"
    done = subprocess.run([program, "-j", str(path)], check=True, capture_output=True, text=True)
    told: dict[str, str] = json.loads(done.stdout)[0]
    return told


def written(tmp_path: Path, kind: str, depth: DepthMap) -> Path:
    height, width = depth.inverse_depth.shape
    item = Item("depth-map", tmp_path / ENDING[kind], kind)
    photo = photo_of(smooth_pattern(max(width, 16), max(height, 16)))
    write_in_turn((photo, depth), [item], Facts(depth.f_px), FileOptions(overwrite=True))
    return item.path


@pytest.mark.parametrize("kind", ["npy", "npz", "exr"])
def test_metres_come_back_as_they_were(tmp_path: Path, kind: str) -> None:
    """The file is enough to build the same scene again."""
    report = kbvr.export(EXAMPLES / "cat.jpg", tmp_path, depth_map=kind)
    photo = kbvr.load_photo(EXAMPLES / "cat.jpg")
    wanted = kbvr.estimate_depth(photo).inverse_depth
    found, metric = load_inverse_depth(report.file.path, photo.size_px, kind=READ_AS[kind])
    assert metric
    assert np.abs(found - wanted).max() <= 1e-6 * wanted.max()


def test_disparity_has_65535_steps_and_a_scale_in_metres(tmp_path: Path) -> None:
    report = kbvr.export(EXAMPLES / "cat.jpg", tmp_path, depth_map="png")
    wanted = kbvr.estimate_depth(kbvr.load_photo(EXAMPLES / "cat.jpg")).inverse_depth
    told = exiftool(report.file.path)
    assert (told["BitDepth"], told["ColorType"], told["Depth_kind"]) == (16, "Grayscale", "disparity")
    assert told["Scale"].startswith("relative")
    values = np.asarray(Image.open(report.file.path)).astype(np.float64)
    assert (values.min(), values.max()) == (0, 65535)
    near, far = 1 / float(told["Near_m"]), 1 / float(told["Far_m"])
    assert np.abs(far + values / 65535 * (near - far) - wanted).max() <= 1.01 * (near - far) / 65535


@pytest.mark.parametrize("kind", ["png", "npz", "exr"])
@pytest.mark.parametrize("metric", [True, False])
def test_a_depth_map_states_whether_it_is_metric(tmp_path: Path, kind: str, metric: bool) -> None:
    _, depth = card_before_wall()
    path = written(tmp_path, kind, DepthMap(depth.inverse_depth, depth.f_px, metric=metric))
    if kind == "npz":
        held = np.load(path)
        assert (float(held["near_m"]), float(held["far_m"]), bool(held["is_metric"])) == (1.0, 4.0, metric)
        return
    told = exiftool(path)
    assert told["Scale"].startswith("metric" if metric else "relative")
    ends = {name.lower(): value for name, value in told.items()}
    assert (float(ends["near_m"]), float(ends["far_m"])) == (1.0, 4.0)


def test_a_written_depth_map_makes_the_same_film(tmp_path: Path) -> None:
    """Parallax is the same as without the file, within the precision of its metres."""
    wanted = kbvr.export(EXAMPLES / "cat.jpg", tmp_path, still="left-right", depth_map="png,npy,exr")
    for one in wanted.written[2:]:
        again = kbvr.export(
            EXAMPLES / "cat.jpg",
            tmp_path / one.item.packing,
            still="left-right",
            depth=one.file.path,
            depth_kind=READ_AS[one.item.packing],
        )
        for name in ("nearest_parallax_px", "farthest_parallax_px"):
            assert again.stereo[name] == pytest.approx(wanted.stereo[name], abs=0.5)


def test_the_sky_is_infinitely_far(tmp_path: Path) -> None:
    inverse_depth = np.zeros((20, 30))
    inverse_depth[10:] = 0.5
    for kind in ("npy", "exr"):
        path = written(tmp_path, kind, depth_of(inverse_depth))
        assert (load_inverse_depth(path, (30, 20), kind="depth-m")[0] == inverse_depth).all()
    assert np.isinf(np.load(tmp_path / "a.npy")[:10]).all()
    assert exiftool(tmp_path / "a.exr")["Far_M"] == "infinity"


def test_near_is_warm_and_far_is_cold(tmp_path: Path) -> None:
    _, depth = card_before_wall()
    picture = np.asarray(Image.open(written(tmp_path, "color", depth)))
    red, _, blue = picture[50, 60].astype(int)
    assert red > blue + 50
    red, _, blue = picture[5, 5].astype(int)
    assert blue >= red


@given(
    kind=st.sampled_from(sorted(ENDING)),
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    flat=st.booleans(),
)
def test_every_size_and_a_flat_depth_can_be_written(tmp_path_factory, kind, width, height, flat):
    inverse_depth = np.full((height, width), 0.5)
    if not flat:
        inverse_depth = np.random.default_rng(width).uniform(0, 2, (height, width))
    path = written(tmp_path_factory.mktemp("a"), kind, depth_of(inverse_depth))
    if not flat and kind != "color" and width * height > 1:
        found, _ = load_inverse_depth(path, (width, height), kind=READ_AS[kind])
        least, most = inverse_depth.min(), inverse_depth.max()
        wanted = (inverse_depth - least) / (most - least) if kind == "png" else inverse_depth
        assert np.abs(found - wanted).max() < 1e-4


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (33, 17), (16, 16)])
def test_another_reader_reads_the_same_exr(tmp_path: Path, size: tuple[int, int]) -> None:
    """FFmpeg reads grey from a channel named Y: the same bytes, with the channel renamed."""
    width, height = size
    values = np.random.default_rng(0).uniform(0, 9, (height, width)).astype(np.float32)
    (tmp_path / "a.exr").write_bytes(exr_bytes(values, "Y", {"unit": "metres"}))
    program = shutil.which("ffmpeg")
    assert program, "these tests need ffmpeg (Debian: apt-get install ffmpeg)"
    command = [program, "-v", "error", "-i", str(tmp_path / "a.exr"), "-f", "rawvideo", "-pix_fmt", "grayf32le", "-"]
    told = subprocess.run(command, check=True, capture_output=True).stdout
    assert np.allclose(np.frombuffer(told, "<f4").reshape(height, width), values, rtol=1e-6)


def test_a_depth_map_that_fails_verification_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, depth = card_before_wall()
    other = DepthMap(depth.inverse_depth * 2, depth.f_px)
    monkeypatch.setattr(depth_map, "depth_m", lambda _: depth_m(other))
    with pytest.raises(OutputError, match="its depth differs"):
        written(tmp_path, "npy", depth)
    assert not list(tmp_path.iterdir())


def test_other_kinds_are_refused() -> None:
    with pytest.raises(InputError, match=r"expected a kind of depth map \(png"):
        depth_map.check_depth_map((16, 16), Item("depth-map", Path("a.png"), "sbs"), FileOptions())


def test_a_smaller_depth_map_shows_the_same_scene() -> None:
    photo, depth = card_before_wall()
    small_photo, small = sized(photo, depth, (60, 50))
    assert small_photo.rgb.shape[:2] == small.inverse_depth.shape == (50, 60)
    assert small.f_px == depth.f_px / 2
    assert set(np.unique(small.inverse_depth)) == {0.25, 1.0}


def test_a_depth_map_has_the_size_that_memory_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reduced depth map is not enlarged again."""
    monkeypatch.setattr(pipeline, "within_memory", lambda photo, *_, **__: (half_of(photo), None))
    report = kbvr.export(EXAMPLES / "cat.jpg", tmp_path, depth_map="npy", still="autostereogram")
    assert [one.file.size_px for one in report.written] == [(225, 150)] * 2


def half_of(photo: Photo) -> Photo:
    return photo_from_array(photo.rgb[::2, ::2][:150, :225], f_px=photo.f_px / 2)
