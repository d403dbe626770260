"""Boxes of MP4 files: added boxes are read by exiftool and FFmpeg, and every picture still decodes."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbvr.formats.spec.format import Facts, Item
from kbvr.formats.video import mp4_boxes
from kbvr.formats.video.mp4_boxes import add_to_sample_entry, box, boxes_in, full_box, sample_entry_boxes
from kbvr.formats.write import write_items
from kbvr.options.export_options import FileOptions

NOISE = np.random.default_rng(0).integers(0, 256, (40, 64, 96, 3), np.uint8)


def written(folder: Path, *, layout: str = "sbs", format_name: str = "video", frames: int = 40, **choices: Any) -> Path:
    item = Item(format_name, folder / "a_LR.mp4", layout)
    facts = Facts(f_px=48.0, baseline_m=0.0625, convergence_m=2.0)
    write_items(zip(NOISE[:frames], NOISE[:frames], strict=True), [item], facts, FileOptions(**choices))
    return item.path


def planes(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="yuv420p").tobytes() for frame in container.decode(video=0)]


def exiftool(path: Path) -> dict[str, Any]:
    program = shutil.which("exiftool")
    assert program, "these tests need exiftool (Debian: apt-get install libimage-exiftool-perl)"
    done = subprocess.run([program, "-j", "-n", str(path)], check=True, capture_output=True, text=True)
    (told,) = json.loads(done.stdout)
    return told


@given(st.lists(st.tuples(st.binary(min_size=4, max_size=4), st.binary(max_size=40))))
def test_boxes_are_read_as_they_were_written(boxes):
    assert list(boxes_in(b"".join(box(kind, content) for kind, content in boxes))) == boxes


def test_long_and_open_boxes_are_read():
    long = struct.pack(">I4sQ", 1, b"long", 19) + b"abc"
    assert list(boxes_in(long + struct.pack(">I4s", 0, b"last") + b"de")) == [(b"long", b"abc"), (b"last", b"de")]


@pytest.mark.parametrize("content", [b"abc", struct.pack(">I4s", 9, b"free"), struct.pack(">I4s", 7, b"free")])
def test_boxes_with_a_wrong_size_are_refused(content):
    with pytest.raises(ValueError, match="box"):
        list(boxes_in(content))


@pytest.mark.parametrize("chunk", [16, 999, 1 << 20])
@pytest.mark.parametrize("frames", [1, 2, 40])
def test_every_picture_decodes_as_before_once_boxes_are_added(tmp_path, monkeypatch, chunk, frames):
    """For any chunk size and any amount of data after the index: bytes move, none is lost or doubled."""
    path = written(tmp_path, layout="mono", frames=frames)
    before, length = planes(path), path.stat().st_size
    added = full_box(b"free", bytes(chunk - 12 if chunk < 1000 else 500))
    monkeypatch.setattr(mp4_boxes, "CHUNK", chunk)
    add_to_sample_entry(path, added)
    assert path.stat().st_size == length + len(added)
    assert planes(path) == before
    assert len(before) == frames
    kinds = list(sample_entry_boxes(path))
    assert kinds[:2] == [b"avcC", b"free"]


def test_an_index_after_the_pictures_does_not_move_them(tmp_path):
    path = tmp_path / "late.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for picture in NOISE[:5]:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    before = planes(path)
    add_to_sample_entry(path, full_box(b"free", bytes(100)))
    assert planes(path) == before


@pytest.mark.parametrize("content", [b"", b"abcdefgh" * 4, box(b"moov") + box(b"mdat", b"x"), box(b"mdat", b"x")])
def test_files_that_are_not_mp4_are_refused(tmp_path, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"box|index"):
        add_to_sample_entry(path, full_box(b"free"))


@pytest.mark.parametrize(
    ("layout", "mode"), [("sbs", 2), ("sbs-half", 2), ("tb", 1), ("tb-half", 1), ("cross", 4), ("rows", None)]
)
def test_exiftool_reads_the_stereo_mode(tmp_path, layout, mode):
    path = written(tmp_path, layout=layout, frames=3)
    assert exiftool(path).get("Stereoscopic3D") == mode


def test_apples_boxes_are_read_by_ffmpeg(tmp_path):
    """Side by side, left eye first and main, 62.5 mm apart, 90 degrees across: 96 px at a focal length of 48."""
    path = written(tmp_path, codec="hevc", frames=4)
    assert list(sample_entry_boxes(path))[:4] == [b"hvcC", b"st3d", b"vexu", b"hfov"]
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    of_the_file: Any = frames[0].side_data[0]  # what the stream says itself comes after it, if at all
    assert of_the_file.type.name == "STEREO3D"
    kind, flags, _view, primary_eye, baseline_um = np.frombuffer(bytes(of_the_file)[:20], np.int32).tolist()
    assert (kind, flags, primary_eye, baseline_um) == (1, 0, 1, 62500)
    assert sample_entry_boxes(path)[b"hfov"] == (90_000).to_bytes(4, "big")
    vexu = dict(boxes_in(sample_entry_boxes(path)[b"vexu"]))
    assert list(vexu) == [b"eyes", b"pack"]
    assert dict(boxes_in(vexu[b"pack"])) == {b"pkin": bytes(4) + b"side"}
    assert dict(boxes_in(vexu[b"eyes"]))[b"stri"] == bytes([0, 0, 0, 0, 3])


def test_right_first_is_stored_as_reversed_eyes_for_apple(tmp_path):
    path = written(tmp_path, codec="hevc", layout="cross", frames=4)
    vexu = dict(boxes_in(sample_entry_boxes(path)[b"vexu"]))
    assert dict(boxes_in(vexu[b"eyes"]))[b"stri"] == bytes([0, 0, 0, 0, 0b1011])


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
@pytest.mark.parametrize("layout", ["sbs", "tb", "mono"])
def test_ffprobe_and_exiftool_read_half_spheres(tmp_path, codec, layout):
    path = written(
        tmp_path, format_name="vr180-video", layout=layout, codec=codec, projection="vr180", vr180_px=128, frames=3
    )
    program = shutil.which("ffprobe")
    assert program, "these tests need ffprobe (Debian: apt-get install ffmpeg)"
    command = [program, "-v", "error", "-of", "json", "-show_streams", str(path)]
    (stream,) = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["streams"]
    told = {side["side_data_type"]: side for side in stream["side_data_list"]}
    assert told["Spherical Mapping"]["projection"] == "tiled equirectangular"
    assert (
        told.get("Stereo 3D", {}).get("type") == {"sbs": "side by side", "tb": "top and bottom", "mono": None}[layout]
    )
    bounds = [exiftool(path)[f"ProjectionBounds{side}"] for side in ("Left", "Right", "Top", "Bottom")]
    assert bounds == pytest.approx([0.25, 0.25, 0, 0], abs=1e-6)
    assert len(planes(path)) == 3
