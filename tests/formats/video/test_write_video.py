"""Stereo and plain video, read by PyAV and ffprobe."""

from __future__ import annotations

import errno
import gc
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from decoded import video_frames

from kbvr.errors import InputError, OutputError
from kbvr.formats.fan_out import QUEUE_SIZE
from kbvr.formats.spec.format import Facts, FileSummary, Item
from kbvr.formats.video import write_video as encoder
from kbvr.formats.write import check_items, write_items
from kbvr.options.export_options import FileOptions

PATCHES = np.array(
    [
        [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)],
        [(0, 0, 0), (255, 255, 255), (128, 128, 128), (30, 200, 90)],
    ],
    np.uint8,
)
Pair = tuple[np.ndarray, np.ndarray]


def write_video(
    pairs: Iterable[Pair], path: Path, *, fps: float = 25.0, layout: str = "sbs", **choices: Any
) -> FileSummary:
    """One stereo video of pairs."""
    facts = Facts(f_px=100.0, baseline_m=0.05, convergence_m=2.0)
    (written,) = write_items(pairs, [Item("video", path, layout)], facts, FileOptions(fps=fps, **choices))
    return written


def check_eye_size(size_px: tuple[int, int], layout: str) -> None:
    check_items(size_px, [Item("video", Path("a.mp4"), layout)], FileOptions(codec="h264"))


def patches(size_px: tuple[int, int] = (128, 64)) -> np.ndarray:
    return cv2.resize(PATCHES, size_px, interpolation=cv2.INTER_NEAREST)


def moving_pairs(count: int, size_px: tuple[int, int] = (96, 64)) -> Iterator[Pair]:
    """A moving white bar, 8 px further left for the right eye."""
    width, height = size_px
    for index in range(count):
        left, right = np.full((2, height, width, 3), 40, np.uint8)
        left[:, 20 + index % 40 : 30 + index % 40] = 255
        right[:, 12 + index % 40 : 22 + index % 40] = 255
        yield left, right


def ffprobe(path: Path, *arguments: str) -> dict[str, Any]:
    program = shutil.which("ffprobe")
    assert program, "these tests need ffprobe (Debian: apt-get install ffmpeg)"
    command = [program, "-v", "error", "-of", "json", *arguments, str(path)]
    told: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return told


def everything_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> FileSummary:
    """Five seconds: three groups of frames."""
    path = tmp_path_factory.mktemp("video") / "cat_kbvr_LR.mp4"
    return write_video(moving_pairs(125), path, fps=25.0, layout="sbs")


def test_the_summary_matches_the_file(video: FileSummary) -> None:
    assert (video.size_px, video.frames, video.fps, video.seconds) == ((192, 64), 125, 25.0, 5.0)
    assert video.bytes == video.path.stat().st_size > 0
    assert everything_in(video.path.parent) == ["cat_kbvr_LR.mp4"]


def test_ffprobe_sees_h264_with_its_colours_named(video: FileSummary) -> None:
    (stream,) = ffprobe(video.path, "-show_streams", "-count_frames")["streams"]
    told = {key: stream[key] for key in ("codec_name", "pix_fmt", "color_range", "color_space")}
    assert told == {"codec_name": "h264", "pix_fmt": "yuv420p", "color_range": "tv", "color_space": "bt709"}
    assert (stream["color_primaries"], stream["color_transfer"]) == ("bt709", "bt709")
    assert (stream["width"], stream["height"]) == (192, 64)
    assert (stream["nb_read_frames"], stream["nb_frames"]) == ("125", "125")
    assert (stream["avg_frame_rate"], stream["r_frame_rate"]) == ("25/1", "25/1")
    assert float(stream["duration"]) == pytest.approx(5)


def test_ffprobe_sees_stereo_3d_from_the_first_frame_and_on_every_key_frame(video: FileSummary) -> None:
    entries = ("-show_entries", "frame=key_frame:frame_side_data=side_data_type,type")
    frames = ffprobe(video.path, *entries)["frames"]
    packed = [any(d["side_data_type"] == "Stereo 3D" for d in f.get("side_data_list", ())) for f in frames]
    key = [bool(frame["key_frame"]) for frame in frames]
    assert packed[0]
    assert packed == key
    assert sum(key) >= 3, "one can jump into the video every two seconds"


def test_the_packing_is_left_beside_right(video: FileSummary) -> None:
    with av.open(str(video.path)) as container:
        frame = next(container.decode(video=0))
    stereo: Any = frame.side_data.get("STEREO3D")
    kind, inverted = np.frombuffer(bytes(stereo)[:8], np.int32)
    assert (kind, inverted) == (1, 0), "AV_STEREO3D_SIDEBYSIDE, and the left eye is on the left"


def test_the_index_comes_before_the_pictures(video: FileSummary) -> None:
    """So a browser can start before it has the whole file."""
    content = video.path.read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_every_frame_is_there_in_order_with_the_left_eye_on_the_left(video: FileSummary) -> None:
    frames = video_frames(video.path)
    assert len(frames) == 125
    for frame, (left, right) in zip(frames, moving_pairs(125), strict=True):
        assert np.abs(frame[:, :96] - left).mean() < 4
        assert np.abs(frame[:, 96:] - right).mean() < 4


@pytest.mark.parametrize("layout", ["sbs", "sbs-half"])
def test_colours_come_back_within_2_of_255(tmp_path: Path, layout: str) -> None:
    left, right = patches(), patches()[::-1, ::-1]
    summary = write_video([(left, right)] * 3, tmp_path / "a_LR.mp4", fps=25.0, layout=layout)
    width = 128 if layout == "sbs" else 64
    assert summary.size_px == (2 * width, 64)
    for frame in video_frames(summary.path):
        for eye, given in ((frame[:, :width], left), (frame[:, width:], right)):
            middles = eye[16::32, width // 8 :: width // 4]
            np.testing.assert_allclose(middles, given[16::32, 16::32].astype(float), atol=2)


def test_half_layout_averages_columns(tmp_path: Path) -> None:
    """Squeezing must not alias: a fine black and white grid becomes its mean."""
    grid = np.zeros((64, 128, 3), np.uint8)
    grid[:, ::2] = 255
    summary = write_video([(grid, grid)], tmp_path / "a.mp4", fps=25.0, layout="sbs-half")
    (frame,) = video_frames(summary.path)
    np.testing.assert_allclose(frame, 127.5, atol=2)


@pytest.mark.parametrize(
    ("layout", "eye_px", "video_px"),
    [
        ("sbs", (97, 65), (192, 64)),
        ("sbs", (96, 64), (192, 64)),
        ("sbs-half", (99, 65), (96, 64)),
        ("sbs-half", (100, 64), (100, 64)),
        ("sbs", (2048, 16), (4096, 16)),
        ("sbs-half", (4096, 16), (4096, 16)),
    ],
)
def test_sizes_are_made_even(tmp_path: Path, layout: str, eye_px: tuple[int, int], video_px: tuple[int, int]) -> None:
    eye = patches(eye_px)
    assert write_video([(eye, eye)], tmp_path / "a.mp4", fps=25.0, layout=layout).size_px == video_px


@pytest.mark.parametrize(
    ("layout", "eye_px", "complaint"),
    [
        ("sbs", (2048, 4096), None),
        ("sbs", (2050, 16), "got 4100x16 from views of 2050x16 as sbs"),
        ("sbs", (16, 4098), "got 32x4098 from"),
        ("sbs-half", (4099, 16), None),
        ("sbs-half", (4100, 16), "got 4100x16 from views of 4100x16 as sbs-half"),
        ("sbs", (17, 16), None),
        ("sbs", (15, 16), "at least 16 px each way in video, got 15x16"),
        ("sbs-half", (31, 99), "at least 16 px each way in video, got 31x99"),
    ],
)
def test_a_size_can_be_checked_before_rendering(layout: str, eye_px: tuple[int, int], complaint: str | None) -> None:
    """With the same result as for pictures: see the tests of bad input and of even sizes."""
    if complaint is None:
        check_eye_size(eye_px, layout)
    else:
        with pytest.raises(InputError, match=complaint):
            check_eye_size(eye_px, layout)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (23.976, Fraction(24000, 1001)),
        (23.98, Fraction(24000, 1001)),
        (24000 / 1001, Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)),
        (47.952, Fraction(48000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (119.88, Fraction(120000, 1001)),
        (24.0, Fraction(24)),
        (29.96, Fraction(749, 25)),
        (25.0, Fraction(25)),
        (12.5, Fraction(25, 2)),
    ],
)
def test_television_rates_are_exact(tmp_path: Path, written: float, meant: Fraction) -> None:
    """With a slightly different rate, time stamps drift, and editors report a variable rate."""
    path = write_video(moving_pairs(3), tmp_path / "a.mp4", fps=written, layout="sbs").path
    with av.open(str(path)) as container:
        assert container.streams.video[0].average_rate == meant


@pytest.mark.parametrize("fps", [1.0, 12.345, 23.976, 30000 / 1001, 60.0, 240.0])
@pytest.mark.parametrize("frames", [1, 7])
def test_any_rate_and_a_single_frame_pass_verification(tmp_path: Path, fps: float, frames: int) -> None:
    summary = write_video(moving_pairs(frames), tmp_path / "a.mp4", fps=fps, layout="sbs")
    assert summary.fps == pytest.approx(fps, rel=1e-4)
    assert summary.seconds == pytest.approx(frames / fps, rel=1e-4)
    assert len(video_frames(summary.path)) == frames


@pytest.mark.parametrize("name", ["ünï ☃ 100%d [x].mp4", "a:b.mp4", "-dash.mp4", "x" * 240 + ".MP4"])
def test_names_are_names_and_nothing_else(tmp_path: Path, name: str) -> None:
    write_video(moving_pairs(2), tmp_path / name, fps=25.0, layout="sbs")
    assert everything_in(tmp_path) == [name]


def test_repeated_frames_are_passed_once(tmp_path: Path) -> None:
    pairs = list(moving_pairs(3))
    item = Item("video", tmp_path / "a.mp4", "sbs")
    (video,) = write_items(pairs, [item], Facts(100.0, sources=(0, 1, 2, 1, 0)), FileOptions())
    frames = video_frames(video.path)
    assert video.frames == len(frames) == 5
    for frame, source in zip(frames, (0, 1, 2, 1, 0), strict=True):
        for eye, given in zip(np.split(frame, 2, axis=1), pairs[source], strict=True):
            assert np.abs(eye - given).mean() < 4


def test_the_given_arrays_are_only_read(tmp_path: Path) -> None:
    left, right = patches(), patches()
    left.flags.writeable = right.flags.writeable = False
    write_video([(left, right)], tmp_path / "a.mp4", fps=25.0, layout="sbs-half")


def test_pairs_are_rendered_during_encoding_but_never_far_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, taken, lead = 0, 0, []
    encode = encoder._encode

    def slow_encode(frames: Iterator[np.ndarray], *rest: Any) -> Any:
        def counted() -> Iterator[np.ndarray]:
            nonlocal taken
            for frame in frames:
                taken += 1
                time.sleep(0.01)
                lead.append(made - taken)
                yield frame

        return encode(counted(), *rest)

    def pairs() -> Iterator[Pair]:
        nonlocal made
        for pair in moving_pairs(20):
            made += 1
            yield pair

    monkeypatch.setattr(encoder, "_encode", slow_encode)
    write_video(pairs(), tmp_path / "a.mp4", fps=25.0, layout="sbs")
    assert 1 <= max(lead) <= QUEUE_SIZE + 1


@pytest.mark.parametrize("raised", [RuntimeError, KeyboardInterrupt, InputError])
@pytest.mark.parametrize("at", [0, 1, 30])
def test_an_exception_in_the_pairs_is_raised_and_nothing_is_left(
    tmp_path: Path, raised: type[BaseException], at: int
) -> None:
    def broken() -> Iterator[Pair]:
        yield from moving_pairs(at)
        raise raised("from the renderer")

    with pytest.raises(raised, match="from the renderer"):
        write_video(broken(), tmp_path / "new" / "a.mp4", fps=25.0, layout="sbs")
    assert everything_in(tmp_path) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("kbvr-write")]


@pytest.mark.parametrize("at", [0, 5])
def test_an_exception_in_the_encoder_is_raised_and_stops_the_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    def broken_encode(frames: Iterator[np.ndarray], *_: object) -> None:
        for _frame in range(at):
            next(frames)
        raise RuntimeError("from the encoder")

    made = 0

    def endless() -> Iterator[Pair]:
        nonlocal made
        while True:
            made += 1
            yield from moving_pairs(1)

    monkeypatch.setattr(encoder, "_encode", broken_encode)
    with pytest.raises(RuntimeError, match="from the encoder"):
        write_video(endless(), tmp_path / "a.mp4", fps=25.0, layout="sbs")
    assert made <= at + QUEUE_SIZE + 2
    assert everything_in(tmp_path) == []


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk."""
    program = """
import resource, sys, numpy as np
from pathlib import Path
from kbvr.errors import OutputError
from kbvr.formats.spec.format import Facts, Item; from kbvr.options.export_options import FileOptions
from kbvr.formats.write import write_items
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
noise = np.random.default_rng(0).integers(0, 256, (20, 128, 128, 3), np.uint8)
try:
    write_items(zip(noise, noise), [Item("video", Path(sys.argv[1]), "sbs")], Facts(100.0), FileOptions())
except OutputError as error:
    print(error)
"""
    command = [sys.executable, "-c", program, str(tmp_path / "a.mp4")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == [f"cannot write to {tmp_path / 'a.mp4'}: {os.strerror(errno.EFBIG)}"]
    assert done.stderr == ""
    assert everything_in(tmp_path) == []


@pytest.mark.parametrize(
    "damage",
    [lambda content: content[: len(content) // 2], lambda _: b"", lambda content: content.replace(b"avc1", b"hev1")],
    ids=["cut", "empty", "another codec"],
)
def test_a_file_that_fails_verification_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Any
) -> None:
    encode = encoder._encode

    def damaging(frames: Iterator[np.ndarray], path: Path, *rest: Any) -> Any:
        answer = encode(frames, path, *rest)
        path.write_bytes(damage(path.read_bytes()))
        return answer

    monkeypatch.setattr(encoder, "_encode", damaging)
    with pytest.raises(OutputError, match=r"^a\.mp4: verification failed: "):
        write_video(moving_pairs(30), tmp_path / "a.mp4", fps=25.0, layout="sbs")
    gc.collect()
    assert everything_in(tmp_path) == []


def test_a_missing_frame_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encode = encoder._encode

    def forgetful(frames: Iterator[np.ndarray], *rest: Any) -> Any:
        size_px, count, busy_s = encode(frames, *rest)
        return size_px, count + 1, busy_s

    monkeypatch.setattr(encoder, "_encode", forgetful)
    with pytest.raises(OutputError, match="number of frames is 5, expected 6"):
        write_video(moving_pairs(5), tmp_path / "a.mp4", fps=25.0, layout="sbs")


GOOD = np.zeros((32, 32, 3), np.uint8)


@pytest.mark.parametrize(
    ("pairs", "changes", "complaint"),
    [
        ([], {}, "at least one picture"),
        ([(GOOD, GOOD[:-2])], {}, r"of one size.*got uint8 \(30, 32, 3\) in instant 1"),
        ([(GOOD, GOOD), (GOOD[:, :-2], GOOD[:, :-2])], {}, "in instant 2"),
        ([(GOOD.astype(np.float32), GOOD)], {}, r"got float32 \(32, 32, 3\) in instant 1"),
        ([(GOOD[..., 0], GOOD[..., 0])], {}, "height, width, 3"),
        ([(GOOD[:15], GOOD[:15])], {}, "at least 16 px each way"),
        ([(GOOD[:, :28], GOOD[:, :28])], {"layout": "sbs-half"}, "at least 16 px each way"),
        ([(patches((2050, 16)),) * 2], {"codec": "h264"}, "16 to 4096 px.*got 4100x16 from views of 2050x16 as sbs"),
        ([(GOOD, GOOD)], {"fps": 0.0}, "1 to 240"),
        ([(GOOD, GOOD)], {"fps": float("nan")}, "1 to 240"),
        ([(GOOD, GOOD)], {"path": Path("a.avi")}, r"ends in \.mp4, \.mkv, \.webm, got a\.avi"),
        ([(GOOD, GOOD)], {"path": Path("a.webm"), "codec": "h264"}, "the container mp4 or mkv for H.264, got webm"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    tmp_path: Path, pairs: list[Pair], changes: dict[str, Any], complaint: str
) -> None:
    given: dict[str, Any] = {"path": Path("a.mp4"), "fps": 25.0, "layout": "sbs", **changes}
    with pytest.raises(InputError, match=complaint) as caught:
        write_video(iter(pairs), tmp_path / given.pop("path"), **given)
    assert "\n" not in str(caught.value)
    assert everything_in(tmp_path) == []


def test_an_existing_video_stays_unless_it_may_be_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")
    pairs = moving_pairs(3)
    with pytest.raises(OutputError, match="already exists"):
        write_video(pairs, path, fps=25.0, layout="sbs")
    assert len(list(pairs)) == 3, "nothing may be rendered for a file that cannot be written"
    assert path.read_bytes() == b"old"
    summary = write_video(moving_pairs(3), path, fps=25.0, layout="sbs", overwrite=True)
    assert len(video_frames(summary.path)) == 3
