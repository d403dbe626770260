"""Every codec in every container: read by ffprobe and decoded, or refused in one line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from decoded import video_frames
from hypothesis import given
from hypothesis import strategies as st

import kbvr
from kbvr.errors import InputError
from kbvr.formats.packing.layouts import PACKINGS
from kbvr.formats.spec.codecs import CODECS, USUAL_QUALITY, codec_of, container_of
from kbvr.formats.spec.format import Facts, FileSummary, Item
from kbvr.formats.video.encoder_trial import try_encoders
from kbvr.formats.video.stereo_metadata import STEREO_TAGS, packing_sei
from kbvr.formats.write import check_items, write_items
from kbvr.options.export_options import FileOptions

PHOTO = Path(__file__).parents[3] / "examples" / "cat.jpg"
FACTS = Facts(f_px=100.0, baseline_m=0.05, convergence_m=2.0)
PAIRS = [(name, container) for name, codec in CODECS.items() for container in codec.containers]
"""Every codec in every container that supports it."""

LEFT, RIGHT = (200, 60, 40), (30, 120, 190)
FFMPEG_SAYS = {
    1: "side by side",
    2: "top and bottom",
    4: "checkerboard",
    6: "interleaved lines",
    7: "interleaved columns",
}


def write(views: Iterable[Any], path: Path, layout: str = "sbs", **choices: Any) -> FileSummary:
    (written,) = write_items(views, [Item("video", path, layout)], FACTS, FileOptions(**choices))
    return written


def marked(count: int = 3, size_px: tuple[int, int] = (96, 64)) -> list[tuple[np.ndarray, np.ndarray]]:
    """A left and a right view of one flat colour each."""
    width, height = size_px
    return [tuple(np.full((height, width, 3), colour, np.uint8) for colour in (LEFT, RIGHT)) for _ in range(count)]


def noise(count: int, size_px: tuple[int, int] = (192, 128)) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rough pictures that move."""
    width, height = size_px
    wide = cv2.resize(np.random.default_rng(0).integers(0, 256, (40, 80, 3), np.uint8), (width + 4 * count, height))
    return [(wide[:, 2 * i : 2 * i + width], wide[:, 2 * i + 4 : 2 * i + 4 + width]) for i in range(count)]


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root's threads can become urgent")
@pytest.mark.parametrize("codec", CODECS)
def test_an_encoder_takes_no_processor_from_others(tmp_path, codec):
    """Neither while it encodes nor later: SVT-AV1 asks for real-time priority."""
    urgent = {os.SCHED_FIFO, os.SCHED_RR}
    policies = []

    def watched() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for views in marked(count=30):  # the encoder is open before all are asked for
            yield views
            tasks = [int(task.name) for task in Path("/proc/self/task").iterdir()]
            policies.append({os.sched_getscheduler(task) for task in tasks})

    write(watched(), tmp_path / "a.mkv", codec=codec)
    assert not policies[-1] & urgent
    assert try_encoders(CODECS[codec].encoder) == {CODECS[codec].encoder: ""}
    assert os.sched_getscheduler(0) not in urgent


def probed(path: Path) -> dict[str, Any]:
    program = shutil.which("ffprobe")
    assert program, "these tests need ffprobe (Debian: apt-get install ffmpeg)"
    command = [program, "-v", "error", "-of", "json", "-show_streams", "-count_frames", str(path)]
    (stream,) = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["streams"]
    return stream


@pytest.fixture(scope="module")
def views() -> tuple[list[tuple[np.ndarray, ...]], np.ndarray]:
    """A stereo pair of a real photo, from the pipeline."""
    photo = cv2.resize(cv2.imread(str(PHOTO))[..., ::-1], (194, 130), interpolation=cv2.INTER_AREA)
    return [(photo[:, 2 + i : 130 + i], photo[:, i : 128 + i]) for i in range(8)], photo


@pytest.mark.parametrize(("codec", "container"), PAIRS)
def test_a_photo_comes_back_from_every_codec_and_container(tmp_path, views, codec, container):
    written = write(views[0], tmp_path / f"cat_LR.{container}", codec=codec, quality=90)
    assert (written.size_px, written.frames, written.codec) == ((256, 130), 8, CODECS[codec].label)
    stream = probed(written.path)
    assert (stream["codec_name"], stream["nb_read_frames"], stream["pix_fmt"]) == (codec, "8", "yuv420p")
    colours = {stream[key] for key in ("color_space", "color_primaries", "color_transfer")}
    assert (colours, stream["color_range"], stream["avg_frame_rate"]) == ({"bt709"}, "tv", "25/1")
    if (codec, container) == ("hevc", "mp4"):
        assert stream["codec_tag_string"] == "hvc1"
    for frame, (left, right) in zip(video_frames(written.path), views[0], strict=True):
        for seen, meant in zip(np.split(frame, 2, axis=1), (left, right), strict=True):
            assert np.abs(seen - meant).mean() < 4


@pytest.mark.parametrize(("codec", "container"), PAIRS)
@pytest.mark.parametrize("layout", sorted(STEREO_TAGS))
def test_left_is_left_in_its_colours_and_ffprobe_reads_the_packing(tmp_path, codec, container, layout):
    written = write(marked(), tmp_path / f"a.{container}", layout, codec=codec, quality=100)
    tag = STEREO_TAGS[layout]
    told = [side for side in probed(written.path).get("side_data_list", ()) if side["side_data_type"] == "Stereo 3D"]
    in_stream = container == "mkv" or (container == "webm" and tag.st3d) or (container == "mp4" and tag.st3d in (1, 2))
    wanted = [(FFMPEG_SAYS[tag.ffmpeg], int(tag.right_first))] if in_stream else []
    assert [(side["type"], side["inverted"]) for side in told] == wanted
    meant = PACKINGS[layout].pack(marked(1)[0], FileOptions()).astype(int)
    if layout in ("rows", "columns", "checkerboard"):
        return  # colours of neighbours share samples in 4:2:0
    for frame in video_frames(written.path):
        assert np.abs(frame - meant)[4:-4, 4:-4].max(axis=2)[:, :80].max() <= 2


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize("layout", sorted(STEREO_TAGS))
def test_every_key_frame_has_the_packing(tmp_path, codec, container, layout):
    written = write(marked(60, (64, 64)), tmp_path / f"a.{container}", layout, codec=codec)
    tag = STEREO_TAGS[layout]
    if packing_sei(codec, tag) is None:
        return
    with av.open(str(written.path)) as file:
        frames = list(file.decode(video=0))
    assert sum(frame.key_frame for frame in frames) >= 2
    for frame in frames:
        side: Any = frame.side_data.get("STEREO3D")
        if frame.key_frame:
            assert np.frombuffer(bytes(side)[:8], np.int32).tolist() == [tag.ffmpeg, int(tag.right_first)]


@pytest.mark.parametrize(("codec", "container"), PAIRS)
@pytest.mark.parametrize(
    "view_px", [(17, 33), (33, 300), (301, 65), (16, 16), (16, 2000), (1000, 16), (1, 5000), (5000, 1)]
)
def test_any_size_is_right_or_refused(tmp_path, codec, container, view_px):
    """Odd views made even, thin views, portraits: the size is always that of the packing."""
    item = Item("video", tmp_path / f"a.{container}", "sbs")
    picture = cv2.resize(marked(1)[0][0], view_px, interpolation=cv2.INTER_NEAREST)
    packing = PACKINGS["sbs"]
    size_px = packing.size_px(packing.even_view_px(view_px))
    if min(packing.even_view_px(view_px)) < 16 or not CODECS[codec].supports(size_px):
        with pytest.raises(InputError, match=r"^[^\n]* px [^\n]*$"):
            check_items(view_px, [item], FileOptions(codec=codec))
        return
    written = write([(picture, picture)] * 2, item.path, codec=codec)
    assert written.size_px == size_px
    assert [frame.shape[1::-1] for frame in video_frames(written.path)] == [written.size_px] * 2


@pytest.mark.parametrize(
    ("codec", "container", "size_px", "meant"),
    [
        ("auto", "mp4", (3840, 1080), "h264"),
        ("auto", "mp4", (4098, 1080), "hevc"),
        ("auto", "mkv", (2160, 4098), "hevc"),
        ("auto", "webm", (5760, 2880), "vp9"),
        ("av1", "mp4", (8192, 4096), "av1"),
        ("h264", "mp4", (4098, 1080), "16 to 4096 px in H.264 video, got 4098x1080 from two views: .* or HEVC"),
        ("hevc", "mp4", (8192, 4354), "at most 35.7 million px in total in HEVC video, got 8192x4354"),
        ("auto", "mp4", (8194, 64), "16 to 8192 px .*in VP9 video"),
        ("av1", "mp4", (1024, 16), "64 to .*in AV1 video"),
        ("hevc", "mp4", (48, 64), "64 to .*in HEVC video"),
        ("hevc", "mp4", (30, 6000), "64 to .*in HEVC video"),
        ("auto", "mp4", (30, 6000), "vp9"),
        ("hevc", "webm", (64, 64), "expected the container mp4 or mkv for HEVC, got webm"),
    ],
)
def test_the_size_decides_the_codec(codec, container, size_px, meant):
    if " " not in meant:
        assert codec_of(codec, container, size_px, "two views") == meant
        return
    with pytest.raises(InputError, match=meant):
        codec_of(codec, container, size_px, "two views")


def test_containers_follow_from_codecs():
    assert {name: container_of(name, "auto") for name in ("auto", *CODECS)} == {
        "auto": "mp4",
        "h264": "mp4",
        "hevc": "mp4",
        "av1": "mp4",
        "vp9": "webm",
    }


@given(st.sampled_from(sorted(CODECS)), st.floats(1, 100), st.floats(1, 100))
def test_more_quality_is_a_lower_rate_factor(name, one, other):
    codec = CODECS[name]
    assert (one <= other) or codec.crf_of(one) <= codec.crf_of(other)
    assert 0 < codec.crf_of(one) <= codec.worst_crf
    assert codec.crf_of(USUAL_QUALITY) == codec.crf


@pytest.mark.parametrize("codec", sorted(CODECS))
@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_shortest_videos_can_be_written(tmp_path, codec, count):
    """x265 leaves time stamps of one or two pictures unset, which fails only sometimes: hence several attempts."""
    for index in range(6):
        assert write(marked(count), tmp_path / f"{index}.mp4", codec=codec).frames == count


@pytest.mark.parametrize("codec", sorted(CODECS))
def test_more_quality_makes_a_larger_file(tmp_path, codec):
    sizes = [
        write(noise(10), tmp_path / f"{quality}.mkv", codec=codec, quality=quality).bytes for quality in (20, 75, 100)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < 0.6 * sizes[1]


@pytest.mark.parametrize(("codec", "container"), [("h264", "mp4"), ("hevc", "mp4"), ("av1", "webm"), ("vp9", "webm")])
@pytest.mark.parametrize("share", [0.7, 0.3])
def test_a_video_stays_below_its_size_limit(tmp_path, codec, container, share):
    usual = write(noise(20), tmp_path / f"usual.{container}", codec=codec)
    most = share * usual.bytes
    written = write(noise(20), tmp_path / f"small.{container}", codec=codec, max_mb=most / 1e6)
    assert 0.6 * most < written.bytes <= most
    assert written.bytes == written.path.stat().st_size
    assert len(video_frames(written.path)) == written.frames == 20
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([f"usual.{container}", f"small.{container}"])


def test_a_size_limit_that_is_met_changes_nothing(tmp_path):
    usual, limited = (
        write(noise(5), tmp_path / f"{name}.mp4", max_mb=most) for name, most in (("a", None), ("b", 9.0))
    )
    assert usual.path.read_bytes() == limited.path.read_bytes()


def test_a_size_limit_that_cannot_be_met_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"expected a video of at most 0.001 MB, got 0\.\d+ MB at the lowest quality"):
        write(noise(10), tmp_path / "a.mp4", max_mb=0.001)
    assert list(tmp_path.iterdir()) == []


def test_the_default_h264_settings_are_unchanged(tmp_path):
    """CRF 18 and x264's preset veryfast, as the stream states them."""
    content = write(noise(3), tmp_path / "a.mp4").path.read_bytes()
    assert b"rc=crf" in content and b"crf=18.0" in content
    assert b"subme=2" in content and b"me=hex" in content and b"ref=1" in content


def test_a_container_that_does_not_support_a_codec_is_refused_before_any_work(tmp_path):
    with pytest.raises(InputError, match="expected the container mp4 or mkv for HEVC, got webm"):
        kbvr.export("there_is_none.jpg", tmp_path, codec="hevc", container="webm")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"codec": "h265"}, "codec must be one of auto, h264, hevc, av1, vp9, got 'h265'"),
        ({"container": "mov"}, "container must be one of auto, mp4, mkv, webm, got 'mov'"),
        ({"quality": 0}, "quality must be a whole number from 1 to 100, got 0"),
        ({"quality": 101}, "quality must be a whole number from 1 to 100, got 101"),
        ({"max_mb": -1}, "max_mb must be 0.001 to 100,000 MB, got -1"),
        ({"max_mb": 1, "quality": 50}, "quality and max_mb cannot be combined"),
        ({"projection": "360"}, "projection must be one of flat, vr180, got '360'"),
        (
            {"projection": "vr180", "layout": "anaglyph"},
            "projection vr180 requires layout sbs, tb or mono, got anaglyph",
        ),
        ({"projection": "vr180", "container": "mkv"}, "projection vr180 requires container mp4, got mkv"),
        ({"projection": "vr180", "codec": "vp9"}, "projection vr180 and codec vp9 cannot be combined"),
        ({"vr180_px": 2047}, "vr180_px must be 64 to 8192 pixels, even, got 2047"),
        ({"name_for": "vlc"}, "name_for must be one of any, quest"),
    ],
)
def test_invalid_options_are_one_line(options, complaint):
    with pytest.raises(InputError, match=complaint) as caught:
        FileOptions(**options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["cat_kbvr_LR.mp4"]),
        ({"codec": "vp9"}, ["cat_kbvr_LR.webm"]),
        ({"container": "mkv", "layout": "tb-half,cross"}, ["cat_kbvr_TB_HOU.mkv", "cat_kbvr_RL.mkv"]),
        (
            {"name_for": "skybox", "layout": "sbs,sbs-half,tb,tb-half"},
            [f"cat_kbvr_{s}.mp4" for s in ("SBS", "HSBS", "OU", "HOU")],
        ),
        ({"name_for": "quest", "layout": "sbs,sbs-half"}, ["cat_kbvr_LR.mp4", "cat_kbvr_half_LR.mp4"]),
        ({"name_for": "youtube", "layout": "sbs"}, ["cat_kbvr_sbs.mp4"]),
        ({"name_for": "plain", "layout": "left-right"}, ["cat_kbvr_left.mp4", "cat_kbvr_right.mp4"]),
        ({"projection": "vr180"}, ["cat_kbvr_180_LR.mp4"]),
        ({"projection": "vr180", "layout": "tb", "name_for": "deovr"}, ["cat_kbvr_180_TB.mp4"]),
    ],
)
def test_names_end_as_players_expect(options, names):
    from kbvr.options.export_options import ExportOptions
    from kbvr.plan.output_kinds import KINDS

    assert [item.path.name for item in KINDS["stereo"].items("cat", Path(), ExportOptions(**options))] == names


def test_names_of_one_call_differ():
    from typing import get_args

    from kbvr.options.export_options import ExportOptions
    from kbvr.options.video import LAYOUTS, Player
    from kbvr.plan.output_kinds import KINDS

    for player in get_args(Player):
        items = KINDS["stereo"].items("cat", Path(), ExportOptions(name_for=player, layout=",".join(LAYOUTS)))
        assert len({item.path for item in items}) == len(items)


def test_a_plain_video_of_a_photo_takes_codec_and_container_too(tmp_path):
    report = kbvr.export(
        PHOTO, tmp_path, kenburns=True, codec="av1", container="webm", seconds=0.12, max_size=(160, 160)
    )
    assert report.file.path.name == "cat_kbvr.webm"
    assert probed(report.file.path)["codec_name"] == "av1"
