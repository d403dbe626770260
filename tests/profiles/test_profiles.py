"""Profiles: kbvr's layers and the paper's points, from networks that are there to a video."""

from __future__ import annotations

import hashlib
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from paper_stand_ins import blue_is_near, enlarging, green_painter, plain_context, red_is_a_person
from scenes import BLUE, RED, card_before_wall, photo_of

import kbvr
from kbvr.errors import InputError
from kbvr.formats.spec.format import Item
from kbvr.geometry.camera import Camera, camera_of_photo
from kbvr.imaging.srgb import to_linear
from kbvr.ken_burns_2019.networks import CARDS
from kbvr.motion.move import Move
from kbvr.nets import Card, models_folder
from kbvr.nets.model_card import card_text
from kbvr.options.export_options import ExportOptions
from kbvr.plan.shots import Shot
from kbvr.profiles.choose import profile_of
from kbvr.profiles.ken_burns_2019 import INPAINTED_BEYOND, Paper, far_cameras
from kbvr.profiles.layers import Layers
from kbvr.stereo.rig import Rig

MAKERS = {"disparity": blue_is_near, "refinement": enlarging, "context": plain_context, "inpainting": green_painter}


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A person's own folder of networks, empty at first."""
    monkeypatch.setenv("KBVR_HOME", str(tmp_path / "home"))
    models_folder().mkdir(parents=True)
    return tmp_path


def owned(name: str, path: Path) -> None:
    """Put a network and its card among those that kbvr knows."""
    file = models_folder() / f"{name}.onnx"
    file.write_bytes(path.read_bytes())
    texts = dict.fromkeys(("licence", "source", "task", "normalisation", "sizes", "limits"), "a stand-in")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    card = Card(
        name=name, file=file.name, sha256=sha256, inputs=(), outputs=(), trained_on="nothing", figures={}, **texts
    )
    file.with_suffix(".json").write_text(card_text(card), "utf-8")


def own_networks(home: Path, *fields: str) -> None:
    for field in fields:
        MAKERS[field](home / f"{field}.onnx")
        owned(CARDS[field], home / f"{field}.onnx")


def blue_card(home: Path) -> Path:
    """A photo of a blue card before a red wall: blue is near to the stand-in."""
    picture = np.full((96, 128, 3), RED, np.uint8)
    picture[30:70, 40:80] = BLUE
    cv2.imwrite(str(home / "card.png"), picture[..., ::-1])
    return home / "card.png"


def frames_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def green_share(frame: np.ndarray) -> float:
    return float((frame[..., 1].astype(int) > frame[..., [0, 2]].max(axis=2).astype(int) + 60).mean())


def test_the_paper_runs_from_its_networks_to_a_video_and_shows_what_they_invent(home):
    """The stand-in paints green what it invents: it is seen beside the card once the camera has moved."""
    own_networks(home, *MAKERS)
    report = kbvr.export(
        blue_card(home), home, kenburns=True, profile="paper", path="swing", loop=False, seconds=0.4, near_m=1.0
    )
    frames = frames_of(report.file.path)
    assert any("inpainted" in line and " 0 of them" not in line for line in report.explanation)
    assert any("kenburns-disparity" in line for line in report.explanation)
    assert max(green_share(frame) for frame in frames) > 0.001


def test_the_paper_works_in_stereo_and_its_eyes_see_the_stated_parallax(home):
    own_networks(home, "disparity")
    report = kbvr.export(blue_card(home), home, profile="paper", path="static", seconds=0.1)
    left, right = np.split(frames_of(report.file.path)[0].astype(int), 2, axis=1)
    edges = [np.abs(np.diff(eye[48, :, 2])).argmax() for eye in (left[:, :70], right[:, :70])]
    assert edges[1] - edges[0] == pytest.approx(report.stereo["nearest_parallax_px"], abs=1.5)


def test_without_its_depth_network_the_paper_says_how_to_get_it(home):
    with pytest.raises(InputError, match=r"kenburns-disparity, which is not installed.*python -m export kenburns"):
        Paper(ExportOptions(profile="paper"))


def test_another_depth_may_serve_the_paper_and_what_is_lacking_is_said(home, caplog):
    """With kbvr's own network neither the paper's depth nor its refinement is missed."""
    photo, _ = card_before_wall()
    depth = Paper(ExportOptions(profile="paper", depth_model="kbvr-depth")).depth(photo)
    assert depth.network == "kbvr-depth"
    assert "left out: kenburns-context, kenburns-inpainting" in caplog.text


def test_a_damaged_network_of_the_paper_is_refused(home):
    own_networks(home, "disparity")
    with (models_folder() / "kenburns-disparity.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(InputError, match="sha256"):
        Paper(ExportOptions(profile="paper"))


@pytest.mark.parametrize("profile", ["layers", "paper"])
def test_people_stand_upright_in_both_profiles_as_much_as_is_wanted(home, profile):
    """The red card is a person for the stand-in; its depth leans, and softness says how much of that is kept."""
    owned("maskrcnn", red_is_a_person(home / "people.onnx"))
    photo, depth = card_before_wall()
    leaning = depth.inverse_depth.copy()
    leaning[30:70, 40:80] = np.linspace(0.6, 1.0, 40)[:, None]
    np.save(home / "depth.npy", 1 / leaning)
    common = {"depth": home / "depth.npy", "depth_kind": "depth-m", "profile": profile}
    made = {"layers": Layers, "paper": Paper}[profile]

    def range_of(**options) -> float:
        inside = made(ExportOptions(**common, **options)).depth(photo).inverse_depth[35:65, 45:75]
        return float(np.ptp(inside))

    relief = float(np.ptp(leaning[35:65, 45:75]))
    assert range_of(segmentation="maskrcnn", softness=0.0) < 0.02
    assert range_of(segmentation="maskrcnn", softness=1.0) == pytest.approx(relief, rel=0.05)
    assert range_of() == pytest.approx(relief if profile == "layers" else 0, abs=0.02)
    assert range_of(segmentation=str(home / "people.onnx")) == pytest.approx(
        relief / 2 if profile == "layers" else 0, abs=0.03
    )


def test_the_far_cameras_are_the_ends_of_the_moves_and_a_little_beyond():
    view = camera_of_photo((64, 48), 50.0)
    swing = [Move(x_m=x) for x in np.linspace(-0.1, 0.1, 9)]
    dolly = [Move(z_m=z) for z in np.linspace(0, 0.3, 5)]

    def places(moves: list[Move], rig: Rig | None = None) -> np.ndarray:
        cameras: list[Camera] = far_cameras(
            [Shot("stereo", (Item("video", Path("a.mp4"), "sbs" if rig else "mono"),), view, moves, rig)]
        )
        return np.array([-camera.camera_from_world[:3, 3] for camera in cameras])

    assert np.allclose(np.sort(places(swing)[:, 0]), [-0.1 * INPAINTED_BEYOND, 0.1 * INPAINTED_BEYOND])
    assert np.allclose(places(dolly), [[0, 0, 0.3 * INPAINTED_BEYOND]])
    eyes = np.sort(places(swing, Rig(0.02, 2.0, 0, 0, 0, 0))[:, 0])
    assert np.allclose(eyes, [-0.11 * INPAINTED_BEYOND, 0.11 * INPAINTED_BEYOND])


@pytest.mark.parametrize("bad", [{"profile": "cubes"}, {"softness": 1.5}, {"softness": float("nan")}])
def test_profiles_that_cannot_be_are_refused(bad):
    with pytest.raises(InputError):
        ExportOptions(**bad)


def test_a_segmentation_that_is_not_there_is_refused_before_any_work(home):
    with pytest.raises(InputError, match="maskrcn"):
        Layers(ExportOptions(segmentation="maskrcn"))


def test_another_network_is_no_segmentation_and_is_refused_in_one_line(home):
    for profile in ("layers", "paper"):
        with pytest.raises(InputError, match="expected an instance segmentation"):
            profile_of(ExportOptions(profile=profile, segmentation="kbvr-depth", depth_model="kbvr-depth"))


def test_a_photo_of_one_colour_has_no_depth_and_still_becomes_points(home):
    own_networks(home, "disparity", "refinement")
    photo = photo_of(np.zeros((40, 50, 3), np.uint8))
    assert np.isfinite(Paper(ExportOptions(profile="paper")).depth(photo).inverse_depth).all()


def focused_on_a_card(home: Path, wall: np.ndarray) -> dict[str, object]:
    """Write a photo of a red card at 1 m before a wall of this picture at 4 m; return options that blur the wall."""
    height, width = wall.shape[:2]
    card = np.s_[height // 3 : height * 2 // 3, width * 2 // 5 : width * 3 // 5]
    rgb, depth_m = wall.copy(), np.full((height, width), 4.0, np.float32)
    rgb[card], depth_m[card] = RED, 1.0
    cv2.imwrite(str(home / "card.png"), rgb[..., ::-1])
    np.save(home / "card.npy", depth_m)
    return {"depth": home / "card.npy", "depth_kind": "depth-m", "fov_deg": 60, "focus": (50, 50)}


def test_a_point_out_of_focus_becomes_an_even_disc(home):
    """Not as many points as there are places on the lens: those would be 8 times as bright as the disc."""
    wall = np.zeros((240, 320, 3), np.uint8)
    wall[60, 60] = wall[180, 270] = 255
    report = kbvr.export(
        home / "card.png", home, still="left-right", picture="png", aperture_percent=3, **focused_on_a_card(home, wall)
    )
    disc_px = np.pi * (0.03 * 320 / 2) ** 2
    for one in report.written:
        light = to_linear(cv2.imread(str(one.file.path)))[..., 0]
        for disc in (light[40:75, 30:85], light[165:200, 245:300]):
            assert 0.3 < disc.sum() < 1.5
            assert disc.max() < 3 * disc.sum() / disc_px


def test_a_film_looks_through_its_own_lens_whatever_is_made_beside_it(home):
    """A smaller loop is looked at from fewer places, which blurs the layers more: the video has the same bytes."""
    wall = np.random.default_rng(0).integers(0, 255, (60, 1440, 3), np.uint8)
    options = focused_on_a_card(home, wall) | {
        "path": "swing",
        "seconds": 0.2,
        "aperture_percent": 1.5,
        "fill": "spread",
    }
    alone = kbvr.export(home / "card.png", home / "alone", kenburns=True, **options)
    beside = kbvr.export(
        home / "card.png", home / "beside", kenburns=True, wiggle=True, animate_as="gif", budget_percent=0.5, **options
    )
    assert {one.output for one in beside.written} == {"kenburns", "wiggle"}
    assert beside.file.path.read_bytes() == alone.file.path.read_bytes()
