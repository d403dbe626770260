"""glTF files and pages: their content, size limits and errors."""

from __future__ import annotations

import json
import os
import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scenes import card_before_wall

import kbvr
from kbvr.cli.main import main
from kbvr.depth.scene_depth import scene_depth_of
from kbvr.errors import InputError, OutputError
from kbvr.formats.scene import built_pages, html
from kbvr.motion.consequences import Landmarks

EXAMPLE = Path(__file__).parents[3] / "examples" / "cat.jpg"
MARKS = "<title>kbvr</title><kbvr-photo droppable></kbvr-photo><!--kbvr-draco--><!--kbvr-scene-->"
"""What the viewer's page is filled in at."""


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """A small photo, with an author."""
    path = tmp_path_factory.mktemp("photo") / "a cat.jpg"
    with Image.open(EXAMPLE) as image:
        small = image.resize((225, 150))
    exif = Image.Exif()
    exif[0x8298] = "Somebody"
    small.save(path, quality=95, exif=exif)
    return path


def written(photo, out, **options):
    """Return the only file that an export writes."""
    return kbvr.export(photo, out, gltf=True, **options).file


def chunks(path):
    """Return the JSON and the binary part of a GLB."""
    content = path.read_bytes()
    magic, version, length = struct.unpack_from("<4sII", content)
    assert (magic, version, length) == (b"glTF", 2, len(content))
    size, kind = struct.unpack_from("<I4s", content, 12)
    assert kind == b"JSON"
    return json.loads(content[20 : 20 + size]), content[28 + size :]


def camera_path(path):
    """Return the path of a GLB's camera: seconds (N), metres (N x 3) and rotations (N x 3 x 3)."""
    told, binary = chunks(path)
    (animation,) = told["animations"]

    def rows_of(index):
        accessor = told["accessors"][index]
        view = told["bufferViews"][accessor["bufferView"]]
        return np.frombuffer(binary, np.float32, view["byteLength"] // 4, view["byteOffset"]).reshape(
            accessor["count"], -1
        )

    outputs = {
        channel["target"]["path"]: rows_of(animation["samplers"][channel["sampler"]]["output"])
        for channel in animation["channels"]
    }
    assert {*outputs} == {"translation", "rotation"}
    x, y, z, w = outputs["rotation"].T.astype(np.float64)
    turns = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    ).transpose(2, 0, 1)
    return rows_of(animation["samplers"][0]["input"])[:, 0], outputs["translation"], turns


def pictures(path):
    told, binary = chunks(path)
    views = [told["bufferViews"][image["bufferView"]] for image in told["images"]]
    return [Image.open(BytesIO(binary[view["byteOffset"] :][: view["byteLength"]])) for view in views]


def test_a_scene_has_metadata(photo, tmp_path):
    """Its origin, the limits for viewers, and the author of the photo."""
    file = written(photo, tmp_path, eye_height_m=1.2)
    assert file.path.name == "a cat_kbvr.glb"
    told, _ = chunks(file.path)
    assert told["asset"]["generator"].startswith("kbvr ")
    assert told["asset"]["copyright"] == "Somebody"
    scene = told["scenes"][told["scene"]]
    said = scene["extras"]["kbvr"]
    assert said["size_px"] == [225, 150]
    assert said["depth"] == "kbvr-depth"
    assert said["head_box_m"] == pytest.approx([0.1 * share for share in (1, 0.6, 0.8)], rel=0.6)
    assert said["head_box_m"][1:] == pytest.approx([said["head_box_m"][0] * share for share in (0.6, 0.8)])
    assert 0 < said["nearest_m"] <= said["subject_m"] < said["farthest_m"]
    root = told["nodes"][scene["nodes"][0]]
    assert root["translation"] == [0, 1.2, 0]
    names = [told["nodes"][child]["name"].split()[0] for child in root["children"]]
    assert list(dict.fromkeys(names)) == [
        name for name in ("dome", "hidden", "between", "front", "border", "matte", "camera") if name in names
    ]
    assert {"dome", "hidden", "front", "border", "matte", "camera"} <= {*names}


def test_a_scene_names_the_box_of_its_subject_in_pixels_of_the_photo(tmp_path):
    """The one that zooms go to; there is none if nothing stands out."""
    photo, depth = card_before_wall()
    flat = np.full_like(depth.inverse_depth, 0.25)
    subject = Landmarks(scene_depth_of(depth), photo.rgb).subject
    wanted = [120 * subject.left, 100 * subject.top, 120 * subject.right, 100 * subject.bottom]
    Image.fromarray(photo.rgb).save(tmp_path / "card.png")
    Image.fromarray(np.full_like(photo.rgb, 128)).save(tmp_path / "grey.png")
    for name, inverse_depth, box in (("card", depth.inverse_depth, wanted), ("grey", flat, None)):
        np.save(tmp_path / "depth.npy", (1 / inverse_depth).astype(np.float32))
        given = {"depth": tmp_path / "depth.npy", "depth_kind": "depth-m"}
        file = written(tmp_path / f"{name}.png", tmp_path, **given)
        said = chunks(file.path)[0]["scenes"][0]["extras"]["kbvr"]
        assert said.get("subject_box_px") == (box and pytest.approx(box, abs=1)), name


def test_the_camera_is_the_photos_and_its_path_ends_where_it_begins(photo, tmp_path):
    """A viewer that repeats the path shows no jump, and does not reverse a closed path."""
    file = written(photo, tmp_path, seconds=2)
    told, _ = chunks(file.path)
    lens = told["cameras"][0]["perspective"]
    f_px = told["scenes"][0]["extras"]["kbvr"]["f_px"]
    assert np.tan(lens["yfov"] / 2) == pytest.approx(75 / f_px)
    assert lens["aspectRatio"] == pytest.approx(1.5)
    times_s, places, turns = camera_path(file.path)
    assert times_s[[0, -1]] == pytest.approx((0, 2))
    for keys in (places, turns):
        assert np.ptp(keys, axis=0).max() > 1e-3
        assert np.allclose(keys[0], keys[-1], atol=1e-6)


def keyframed(tmp_path, *keyframes):
    """Return the file of a camera path."""
    path = tmp_path / "path.json"
    path.write_text(json.dumps({"keyframes": list(keyframes)}))
    return path


def test_an_open_path_returns_without_a_jump(photo, tmp_path):
    """From one side to the other takes a second, and so does the way back."""
    path = keyframed(tmp_path, {"time_s": 0, "x_m": -0.05}, {"time_s": 1, "x_m": 0.05})
    times_s, places, _ = camera_path(written(photo, tmp_path, keyframes=path).path)
    assert places[[0, -1], 0] == pytest.approx((-0.05, -0.05))
    assert places[:, 0].max() == pytest.approx(0.05)
    speeds = np.abs(np.diff(places[:, 0])) / np.diff(times_s)
    assert speeds.max() < 0.25, "a cubic that is at rest at both ends goes at 1.5 times its mean speed at most"


@pytest.mark.parametrize(("yaw_deg", "pitch_deg"), [(12, 0), (0, 9), (-12, 9)])
def test_the_camera_looks_where_the_path_says(photo, tmp_path, yaw_deg, pitch_deg):
    """To the right is +x and up is +y in glTF, ahead -z; the horizon stays level."""
    end = {"yaw_deg": yaw_deg, "pitch_deg": pitch_deg, "x_m": 0.02, "y_m": -0.01, "z_m": 0.03}
    path = keyframed(tmp_path, {"time_s": 0}, {"time_s": 1, **end})
    _, places, turns = camera_path(written(photo, tmp_path, keyframes=path).path)
    farthest = int(np.linalg.norm(places, axis=1).argmax())
    assert places[farthest] == pytest.approx((0.02, 0.01, -0.03), abs=1e-6)
    yaw, pitch = np.radians([yaw_deg, pitch_deg])
    ahead = (np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch))
    assert turns[farthest] @ (0, 0, -1) == pytest.approx(ahead, abs=1e-6)
    assert turns[farthest] @ (1, 0, 0) == pytest.approx((np.cos(yaw), 0, np.sin(yaw)), abs=1e-6)


@pytest.mark.parametrize("path", ["swing", "circle", "orbit"])
def test_the_camera_keeps_looking_at_the_subject(photo, tmp_path, path):
    """What stays in place in a video stays in the middle of the view."""
    file = written(photo, tmp_path, path=path, seconds=2)
    subject = (0, 0, -chunks(file.path)[0]["scenes"][0]["extras"]["kbvr"]["subject_m"])
    _, places, turns = camera_path(file.path)
    there = np.einsum("nji,nj->ni", turns, subject - places)
    assert np.linalg.norm(places, axis=1).max() > 0.01
    assert np.allclose(there[:, :2], 0, atol=1e-4 * -subject[2])
    assert (there[:, 2] < 0).all()


def test_defaults_suit_a_headset(photo, tmp_path):
    """At most 150,000 triangles, two textures of 4096, 8 MB."""
    file = written(photo, tmp_path)
    told, _ = chunks(file.path)
    triangles = (
        sum(told["accessors"][one["indices"]]["count"] for mesh in told["meshes"] for one in mesh["primitives"]) / 3
    )
    assert triangles <= 150_000
    assert file.bytes <= 8e6
    assert len(told["textures"]) == 2
    assert all(max(picture.size) <= 4096 and picture.format == "WEBP" for picture in pictures(file.path))


def test_jpeg_textures_need_no_extension(photo, tmp_path):
    """Older programs read JPEG and PNG."""
    file = written(photo, tmp_path, texture="jpeg")
    told, _ = chunks(file.path)
    assert "EXT_texture_webp" not in told["extensionsUsed"]
    assert [picture.format for picture in pictures(file.path)] == ["JPEG", "PNG"]


def test_the_surround_can_be_left_out(photo, tmp_path):
    told, _ = chunks(written(photo, tmp_path, surround="fade").path)
    names = {node["name"].split()[0] for node in told["nodes"]}
    assert "border" in names
    assert "dome" not in names


def test_a_size_limit_is_kept_or_refused(photo, tmp_path):
    """Texture quality falls until the file fits; if no quality fits, nothing is written."""
    usual = written(photo, tmp_path / "usual")
    small = written(photo, tmp_path / "small", max_mb=usual.bytes * 0.9 / 1e6)
    assert small.bytes <= usual.bytes * 0.9
    with pytest.raises(OutputError, match=r"expected a scene of at most 0\.01 MB"):
        written(photo, tmp_path / "none", max_mb=0.01)
    assert not list((tmp_path / "none").glob("*"))


def test_a_size_limit_applies_to_the_whole_page(photo, tmp_path, monkeypatch):
    (tmp_path / "scene.html").write_text(f"{MARKS}<!--{'viewer' * 10_000}-->")
    monkeypatch.setattr(built_pages, "PAGES", tmp_path)
    usual = kbvr.export(photo, tmp_path / "usual", html=True).file.bytes
    small = kbvr.export(photo, tmp_path / "small", html=True, max_mb=usual * 0.9 / 1e6).file.path
    assert small.stat().st_size <= usual * 0.9


def test_a_page_contains_the_scene_and_its_name(photo, tmp_path, monkeypatch):
    """The scene extracted from the page is the GLB."""
    page = tmp_path / "scene.html"
    page.write_text(f"<!doctype html>{MARKS}<script>view()</script>")
    monkeypatch.setattr(built_pages, "PAGES", tmp_path)
    report = kbvr.export(photo, tmp_path / "out", gltf=True, html=True)
    glb, made = (one.file.path for one in report.written)
    text = made.read_text("utf-8")
    assert html.scene_in(text) == glb.read_bytes()
    assert "<title>a cat</title>" in text
    assert "<script>view()</script>" in text


def test_a_name_cannot_break_out_of_the_pages_title(photo, tmp_path, monkeypatch):
    page = tmp_path / "scene.html"
    page.write_text(MARKS)
    monkeypatch.setattr(built_pages, "PAGES", tmp_path)
    report = kbvr.export(photo, tmp_path / "out", html=True, alt="</title><script>alert(1)</script>")
    assert "<script>alert" not in report.file.path.read_text("utf-8")


def test_a_name_that_is_not_valid_text_is_replaced_in_texts(photo, tmp_path, monkeypatch):
    named = tmp_path / os.fsdecode(b"caf\xe9.png")
    try:
        named.write_bytes(photo.read_bytes())
    except OSError:
        pytest.skip("this file system takes text only")
    for name in ("scene.html", "kbvr-photo.js"):
        (tmp_path / name).write_text(MARKS)
    monkeypatch.setattr(built_pages, "PAGES", tmp_path)
    written_files = kbvr.export(named, tmp_path / "out", html=True, embed=True, obj=True, usdz=True).written
    by_ending = {one.file.path.name.partition("_kbvr")[2]: one.file.path for one in written_files}
    glb, page, pasted = (by_ending[ending] for ending in (".glb", ".html", "_embed.html"))
    assert {".obj", ".usdz"} <= {*by_ending}
    assert chunks(glb)[0]["scenes"][0]["extras"]["kbvr"]["photo"] == "caf\ufffd"
    assert "<title>caf\ufffd</title>" in page.read_text("utf-8")
    assert 'src="caf%E9_kbvr.glb" alt="caf\ufffd"' in pasted.read_text("utf-8")


def test_a_missing_viewer_is_an_error(photo, tmp_path, monkeypatch):
    monkeypatch.setattr(built_pages, "PAGES", tmp_path / "nowhere")
    with pytest.raises(OutputError, match="the viewer is missing from this installation of kbvr"):
        kbvr.export(photo, tmp_path / "out", html=True)
    assert not list((tmp_path / "out").glob("*"))


def test_a_scene_to_embed_has_its_script_in_the_same_folder(photo, tmp_path, monkeypatch):
    """One script for all scenes of a folder; a different script is not overwritten."""
    (tmp_path / "kbvr-photo.js").write_text("the viewer")
    monkeypatch.setattr(built_pages, "PAGES", tmp_path)
    out = tmp_path / "out"
    report = kbvr.export(photo, out, embed=True, alt='a "cat"')
    assert {path.name for path in out.iterdir()} == {
        *("a cat_kbvr.glb", "a cat_kbvr_embed.html", "a cat_kbvr_poster.jpg", "kbvr-photo.js")
    }
    assert [one.file.path.suffix for one in report.written] == [".glb", ".html"]
    pasted = (out / "a cat_kbvr_embed.html").read_text("utf-8")
    assert 'src="a%20cat_kbvr.glb" alt="a &quot;cat&quot;"' in pasted
    (out / "a cat_kbvr.glb").unlink()
    (out / "a cat_kbvr_embed.html").unlink()
    assert len(kbvr.export(photo, out, gltf=True, embed=True).written) == 2
    (tmp_path / "kbvr-photo.js").write_text("a newer viewer")
    (out / "a cat_kbvr.glb").unlink()
    (out / "a cat_kbvr_embed.html").unlink()
    with pytest.raises(OutputError, match=r"kbvr-photo\.js already exists"):
        kbvr.export(photo, out, embed=True)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"triangles": 10}, "triangles must be a whole number from 2,000 to 5,000,000, got 10"),
        ({"surround": "ball"}, "surround must be one of none, fade, dome, got 'ball'"),
        ({"texture": "tga"}, "texture must be one of webp, jpeg, got 'tga'"),
        ({"compress": "zip"}, "compress must be one of none, draco, got 'zip'"),
        ({"eye_height_m": -1}, "eye_height_m must be 0 to 10 metres, got -1"),
        ({"profile": "paper"}, "scene outputs (gltf) require profile layers"),
    ],
)
def test_invalid_options_are_one_line(photo, tmp_path, options, complaint):
    with pytest.raises(InputError) as caught:
        kbvr.export(photo, tmp_path, gltf=True, **options)
    assert str(caught.value).startswith(complaint)


def test_missing_draco_is_an_error_with_the_remedy(photo, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "DracoPy", None)
    with pytest.raises(InputError, match=r"pip install 'kbvr\[draco\]'"):
        written(photo, tmp_path, compress="draco")


def test_a_scene_and_a_video_share_what_they_can(photo, tmp_path, capsys):
    """One call, one depth estimate, both files; the command line describes each."""
    assert main(["export", "--gltf", "--stereo", "--seconds", "0.2", str(photo), "-o", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "a cat_kbvr.glb  (225x150, " in told
    assert " triangles, " in told
    assert "a cat_kbvr_LR.mp4" in told


def test_a_metric_depth_keeps_its_metres(tmp_path):
    """The card keeps the distance in the file, whatever is comfortable."""
    picture, depth = card_before_wall()
    Image.fromarray(picture.rgb).save(tmp_path / "card.png")
    np.save(tmp_path / "depth.npy", (1 / depth.inverse_depth).astype(np.float32))
    file = written(tmp_path / "card.png", tmp_path, depth=tmp_path / "depth.npy", depth_kind="depth-m", fov_deg=60)
    said = chunks(file.path)[0]["scenes"][0]["extras"]["kbvr"]
    assert said["is_metric"]
    assert said["nearest_m"] == pytest.approx(1, rel=0.01)
    assert said["farthest_m"] == pytest.approx(4, rel=0.01)
