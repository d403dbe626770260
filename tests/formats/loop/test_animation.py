"""Loops for web pages, read back by Pillow, FFmpeg and ffprobe."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from decoded import loop_frames
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kbvr.errors import InputError, OutputError
from kbvr.formats.loop import animation, gif
from kbvr.formats.loop.animation import fitted, lasting_s, loop_of, smaller
from kbvr.formats.loop.html_snippet import snippet
from kbvr.formats.loop.mp4_clip import MIN_SECONDS
from kbvr.formats.spec.format import Facts, FileSummary, Item
from kbvr.formats.write import write_items
from kbvr.options.export_options import FileOptions
from kbvr.plan.file_names import ANIMATION_FORMATS

PERIOD_S = 0.48
NAMES = [f"a_kbvr_wiggle.{suffix}" for suffix in (*ANIMATION_FORMATS, "jpg", "html")]


def items(folder: Path) -> tuple[Item, ...]:
    formats = (*ANIMATION_FORMATS.values(), "poster", "snippet")
    return tuple(Item(form, folder / name) for form, name in zip(formats, NAMES, strict=True))


def swaying(count: int, size_px: tuple[int, int]) -> list[tuple[np.ndarray]]:
    """Views of a coloured picture that moves 2 px to the right per view."""
    width, height = size_px
    coarse = np.random.default_rng(5).integers(30, 226, (5, 7, 3), np.uint8)
    wide = cv2.resize(coarse, (width + 2 * count, height), interpolation=cv2.INTER_CUBIC)
    return [(np.ascontiguousarray(wide[:, 2 * (count - index) :][:, :width]),) for index in range(count)]


def write(folder: Path, views: Sequence[tuple[np.ndarray]], **choices: object) -> dict[str, FileSummary]:
    wanted = items(folder)
    files = write_items(views, wanted, Facts(100.0, period_s=PERIOD_S), FileOptions(alt="a cat", **choices))
    return {item.format: file for item, file in zip(wanted, files, strict=True)}


@pytest.fixture(scope="module")
def loops(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileSummary]:
    return write(tmp_path_factory.mktemp("loops"), swaying(5, (96, 64)))


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(1e-9, ((one.astype(float) - other) ** 2).mean())))


@pytest.mark.parametrize(("form", "kind"), [("gif", "GIF"), ("webp", "WEBP"), ("avif", "AVIF")])
def test_pillow_sees_eight_pictures_of_six_hundredths_for_ever(loops, form, kind):
    with Image.open(loops[form].path) as picture:
        assert (picture.format, picture.n_frames, picture.size) == (kind, 8, (96, 64))
        assert picture.info.get("loop", 0) == 0
        for index in range(8):
            picture.seek(index)
            picture.load()
            assert picture.info["duration"] == 60
    assert (loops[form].frames, loops[form].seconds) == (8, pytest.approx(0.48))


@pytest.mark.parametrize("form", ["gif", "clip"])
def test_ffprobe_counts_the_same_pictures(loops, form):
    command = ["ffprobe", "-v", "error", "-of", "json", "-count_frames", "-show_streams", str(loops[form].path)]
    (stream,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["streams"]
    assert int(stream["nb_read_frames"]) == loops[form].frames
    assert (stream["width"], stream["height"]) == (96, 64)
    if form == "clip":
        assert (stream["codec_name"], stream["color_space"], stream["color_range"]) == ("h264", "bt709", "tv")
        assert stream["avg_frame_rate"] == "50/3"


def test_the_video_shows_whole_loops_for_some_seconds(loops):
    assert loops["clip"].frames % 8 == 0
    assert MIN_SECONDS <= loops["clip"].seconds < MIN_SECONDS + PERIOD_S


def local_palettes(data: bytes) -> tuple[bool, list[bool]]:
    """Return whether a GIF has a global palette, and for each picture whether it has a local one (GIF89a, 17-20)."""
    has_global = bool(data[10] & 0x80)
    at = 13 + (3 << (data[10] & 7) + 1) * has_global
    own = []
    while data[at] != 0x3B:
        if data[at] == 0x21:
            at += 2
        else:
            assert data[at] == 0x2C
            own.append(bool(data[at + 9] & 0x80))
            at += 11 + (3 << (data[at + 9] & 7) + 1) * own[-1]
        while data[at]:
            at += 1 + data[at]
        at += 1
    return has_global, own


def test_a_gif_has_one_palette_for_all_pictures(loops):
    assert local_palettes(loops["gif"].path.read_bytes()) == (True, [False] * 8)


def ceiling_above_noise() -> list[tuple[np.ndarray]]:
    """A shaded ceiling below a moving picture that uses up the palette; the ceiling does not move."""
    y, x = np.mgrid[:80, :160]
    ceiling = (150 + x / 4 + y / 8)[..., None].repeat(3, axis=2) * (1.0, 0.97, 0.92)
    crowd = np.random.default_rng(2).integers(0, 256, (240, 180, 3))
    return [(np.vstack([crowd[:, at : at + 160], ceiling]).astype(np.uint8),) for at in (0, 4, 8)]


def test_a_ceiling_has_no_bands_in_a_gif_and_does_not_flicker(tmp_path):
    """Averaged over a few pixels, as an eye does, it is the gradient; every picture has the same pattern."""
    written = write(tmp_path, ceiling_above_noise(), animate_as="gif")
    pictures = np.stack(loop_frames(written["gif"].path))[:, 244:].astype(np.float32)
    first = ceiling_above_noise()[0][0][244:]
    shown, wanted = (cv2.blur(one.astype(np.float32), (8, 8))[8:-8, 8:-8] for one in (pictures[0], first))
    steps = np.abs(np.diff(shown - wanted, axis=1)).mean(axis=2)
    assert np.percentile(steps, 99) < 0.2, "without dithering there are steps of whole colours"
    assert not np.diff(pictures, axis=0).any(), "error diffusion carries noise from above"


@pytest.mark.parametrize(("form", "least_db"), [("gif", 27), ("webp", 33), ("avif", 34), ("clip", 33)])
def test_every_picture_shows_the_right_view(loops, form, least_db):
    """Forward and back, in colour."""
    views = [view for (view,) in swaying(5, (96, 64))]
    wanted = [*views, *views[-2:0:-1]]
    for index, picture in enumerate(loop_frames(loops[form].path)):
        assert psnr(picture, wanted[index % 8]) > least_db


@pytest.mark.parametrize("form", ["gif", "webp", "avif", "clip"])
def test_the_last_picture_is_as_near_to_the_first_as_its_other_neighbours(loops, form):
    pictures = np.stack(loop_frames(loops[form].path)).astype(int)
    steps = np.abs(np.diff(np.concatenate([pictures, pictures[:1]]), axis=0)).mean(axis=(1, 2, 3))
    assert steps[-1] <= 1.1 * steps[:-1].max()


def test_the_still_is_the_middle_view(loops):
    (middle,) = swaying(5, (96, 64))[2]
    assert psnr(cv2.imread(str(loops["poster"].path))[..., ::-1], middle) > 35
    assert (loops["poster"].frames, loops["poster"].seconds) == (1, 0)


@pytest.mark.parametrize("size_px", [(16, 16), (17, 33), (2, 720), (720, 2), (5, 300), (301, 40), (63, 65)])
def test_odd_and_tiny_pictures_keep_their_size(tmp_path, size_px):
    """A video loses its odd last row or column, which 4:2:0 requires."""
    written = write(tmp_path, swaying(3, size_px))
    for form, file in written.items():
        wanted = tuple(side // 2 * 2 for side in size_px) if form == "clip" else size_px
        assert file.size_px == wanted
        if form != "snippet":
            height, width = (cv2.imread(str(file.path)) if form == "poster" else loop_frames(file.path)[0]).shape[:2]
            assert (width, height) == wanted


def test_equal_views_make_a_loop_too(tmp_path):
    """WebP merges them into one picture."""
    written = write(tmp_path, [(np.full((32, 48, 3), 77, np.uint8),)] * 2)
    assert [written[form].frames for form in ("gif", "webp", "avif")] == [2, 1, 2]


@given(st.integers(2, 37), st.floats(0.04, 60))
def test_a_loop_shows_inner_views_twice_and_keeps_its_period(views, period_s):
    loop = loop_of([np.full((1, 1, 3), index, np.uint8) for index in range(views)], period_s)
    order = [int(frame[0, 0, 0]) for frame in loop.frames]
    assert order == [*range(views), *range(views - 2, 0, -1)]
    taken_s = loop.hundredths * len(order) / 100
    assert taken_s == pytest.approx(max(period_s, 0.02 * len(order)), abs=0.005 * len(order) + 1e-9)


@given(st.integers(2, 37), st.floats(0.05, 1))
def test_the_remaining_views_are_evenly_spaced(views, scale):
    left = [int(view[0, 0, 0]) for view in smaller([np.full((4, 8, 3), i, np.uint8) for i in range(views)], scale)]
    assert (left[0], left[-1]) == (0, views - 1)
    assert len({after - before for before, after in pairwise(left)}) == 1
    assert len(left) - 1 >= min(views - 1, 4)


@given(st.integers(64, 4000), st.floats(1.1, 500))
def test_the_search_for_a_size_ends_soon_at_the_largest_that_fits(long_side, too_large):
    """With a fake encoder whose size is proportional to the pixels; at most ten encodes."""
    views = [np.zeros((2, long_side, 3), np.uint8)] * 13
    tried: list[tuple[int, int]] = []

    def encoded(loop: animation.Loop) -> int:
        size = loop.size_px[0] * len(loop.frames)
        tried.append((loop.size_px[0], size))
        return size

    most_kb = long_side * 24 / 1000 / too_large
    try:
        found = fitted(views, "a.gif", 1.0, most_kb, encoded)
    except InputError:
        assert min(size for _, size in tried) > 1000 * most_kb
        assert tried[-1][0] < 1.1 * animation.MIN_LONG_SIDE_PX
    else:
        assert found.size_px[0] * len(found.frames) <= 1000 * most_kb
        assert found.size_px[0] == tried[-1][0]
        assert not [width for width, size in tried if width > found.size_px[0] and size <= 1000 * most_kb]
    assert len(tried) <= 10


@given(st.integers(64, 4000))
def test_a_limit_that_cannot_be_kept_takes_one_small_loop_to_say_so(long_side):
    tried: list[int] = []

    def encoded(loop: animation.Loop) -> int:
        tried.append(loop.size_px[0])
        return 2000

    with pytest.raises(InputError, match=r"expected at most 1 kB, got 2\.0 kB with \d+ frames of \d+x2"):
        fitted([np.zeros((2, long_side, 3), np.uint8)] * 13, "a.gif", 1.0, 1.0, encoded)
    assert len(tried) == 1 and tried[0] < 1.1 * animation.MIN_LONG_SIDE_PX


@given(st.integers(2, 37), st.floats(0.04, 60))
def test_the_length_that_is_told_of_a_loop_is_its_own(views, period_s):
    loop = loop_of([np.zeros((1, 1, 3), np.uint8)] * views, period_s)
    assert lasting_s(views, period_s) == pytest.approx(loop.hundredths * len(loop.frames) / 100)


@pytest.mark.parametrize(("views", "most_kb", "pictures"), [(2, 20.0, 2), (9, 40.0, 8)])
def test_no_file_is_larger_than_the_limit(tmp_path, views, most_kb, pictures):
    """Sizes fall first, then every other view is left out."""
    rng = np.random.default_rng(0)
    noisy = [(cv2.add(view, rng.integers(0, 25, view.shape, np.uint8)),) for (view,) in swaying(views, (192, 120))]
    free = write(tmp_path / "free", noisy)
    held = write(tmp_path / "held", noisy, max_kb=most_kb)
    for form in ("gif", "webp", "avif", "clip", "poster"):
        assert held[form].bytes == held[form].path.stat().st_size <= 1000 * most_kb
        assert (held[form].size_px < free[form].size_px) == (free[form].bytes > 1000 * most_kb)
    assert held["gif"].size_px < free["gif"].size_px
    assert held["gif"].frames == pictures


def test_a_limit_that_cannot_be_kept_is_one_line_and_leaves_nothing(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (5, 60, 90, 3), np.uint8)
    with pytest.raises(InputError, match=r"a_kbvr_wiggle\.\w+: expected at most 1 kB, got .* with \d+ frames of [67]"):
        write(tmp_path, [(view,) for view in noise], max_kb=1.0)
    assert not list(tmp_path.iterdir())


def test_a_file_that_fails_verification_is_an_error_and_is_removed(tmp_path, monkeypatch):
    def shortened(loop: animation.Loop, path: Path) -> None:
        gif.encode(animation.Loop(loop.frames[:-1], loop.hundredths), path)

    broken = replace(gif.FORMAT, write=partial(animation.write_loop, encode=shortened, verify=gif.verify))
    monkeypatch.setattr(gif, "FORMAT", broken)
    with pytest.raises(OutputError, match=r"a_kbvr_wiggle\.gif: verification failed: frame count is 7, expected 8"):
        write(tmp_path, swaying(5, (32, 32)))
    assert not list(tmp_path.glob("*.gif"))


def test_no_views_make_no_loop(tmp_path):
    with pytest.raises(InputError, match="at least one picture"):
        write(tmp_path, [])


def test_the_html_offers_the_best_loop_first_and_the_poster_for_reduced_motion(loops):
    html = loops["snippet"].path.read_text("utf-8")
    order = [html.index(name) for name in (NAMES[4], NAMES[2], NAMES[1], NAMES[0])]
    assert order == sorted(order)
    assert 'media="(prefers-reduced-motion: reduce)" srcset="a_kbvr_wiggle.jpg"' in html
    assert 'width="96" height="64"' in html
    assert 'alt="a cat"' in html


def test_names_and_texts_of_any_kind_are_safe_in_html():
    files = [FileSummary(Path(f'a "b", <c>&d é.{end}'), (4, 2), 2, 9.0, 0.2, 10, 0.0) for end in ("avif", "jpg")]
    html = snippet(files, alt='"><script>alert(1)</script>')
    assert "<script>" not in html
    assert 'src="a%20%22b%22%2C%20%3Cc%3E%26d%20%C3%A9.avif"' in html


def test_names_that_are_not_valid_text_are_written_and_shown(tmp_path):
    stem = os.fsdecode(b"caf\xe9")
    try:
        (tmp_path / stem).touch()
    except OSError:
        pytest.skip("this file system takes text only")
    formats = {"gif": ANIMATION_FORMATS["gif"], "jpg": "poster", "html": "snippet"}
    wanted = tuple(Item(form, tmp_path / f"{stem}.{suffix}") for suffix, form in formats.items())
    write_items(swaying(3, (64, 48)), wanted, Facts(100.0, period_s=PERIOD_S), FileOptions(alt="a cat"))
    assert 'src="caf%E9.gif"' in (tmp_path / f"{stem}.html").read_text("utf-8")


def test_a_video_alone_is_shown_as_one(tmp_path):
    files = [FileSummary(Path(f"a.{end}"), (4, 2), 2, 9.0, 0.2, 10, 0.0) for end in ("mp4", "jpg")]
    html = snippet(files, alt="a cat")
    for part in ("<video", "autoplay loop muted playsinline", 'poster="a.jpg"', "no-preference", 'aria-label="a cat"'):
        assert part in html


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"animate_as": "gif,png"}, "gif, webp, avif, mp4"),
        ({"animate_as": ""}, "animate_as must be one or more of"),
        ({"views": 1}, "2 to 37"),
        ({"views": 38}, "2 to 37"),
        ({"period_s": 0.0}, "period"),
        ({"max_kb": 0.5}, "kB"),
        ({"max_kb": float("nan")}, "kB"),
    ],
)
def test_invalid_options_are_refused(bad, said):
    with pytest.raises(InputError, match=said):
        FileOptions(**bad)


def test_if_one_file_fails_the_others_are_removed(tmp_path):
    """Unless they may replace existing files: those are replaced as soon as they are complete."""
    both = (Item("video", tmp_path / "a.mp4"), Item("gif", tmp_path / "a.gif"))
    for overwrite, left in ((False, []), (True, ["a.mp4"])):
        with pytest.raises(InputError, match=r"a\.gif: expected at most 1 kB"):
            write_items(swaying(2, (320, 240)), both, Facts(300.0), FileOptions(max_kb=1, overwrite=overwrite))
        assert [path.name for path in tmp_path.iterdir()] == left
