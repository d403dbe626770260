"""The same call gives the same bytes: in another process, folder or time zone, at another time, on fewer processors."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import platform
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from kbvr.formats.registry import FORMATS
from kbvr.formats.spec.format import Facts, Item
from kbvr.formats.write import write_items
from kbvr.options.export_options import FileOptions

ROOT = Path(__file__).parents[1]

SCENES: dict[str, Any] = dict.fromkeys(("gltf", "html", "embed", "ply", "obj", "usdz", "splats"), True)
STILLS = "sbs,jps,mpo,vr180,autostereogram,quilt,rgbd,flat"
CALLS: tuple[dict[str, Any], ...] = (
    {**SCENES, "triangles": 2000},
    {"wiggle": True, "anaglyph": True, "views": 4, "period_s": 0.4, "animate_as": "gif,webp,avif,mp4"},
    {"still": STILLS + (",spatial" if find_spec("pillow_heif") else ""), "depth_map": "png,npy,npz,exr,color"},
    {"still": "rows,left-right", "picture": "webp", "comfort": True},
    {"stereo": True, "layout": "sbs,tb-half,anaglyph", "seconds": 0.5, "kenburns": True},
    {"stereo": True, "codec": "h264", "container": "mkv", "seconds": 0.5, "max_mb": 0.02, "name_for": "plain"},
    {"stereo": True, "codec": "hevc", "container": "mkv", "seconds": 0.5},
    {"stereo": True, "codec": "hevc", "layout": "tb", "seconds": 0.5},
    {"stereo": True, "codec": "av1", "container": "webm", "seconds": 0.3},
    {"stereo": True, "codec": "vp9", "layout": "tb", "seconds": 0.3},
    {"stereo": True, "projection": "vr180", "vr180_px": 128, "seconds": 0.1},
)
"""Options of kbvr.export, each call into a folder of its own."""

EXPORTS = """
import json, os, sys, time
from pathlib import Path
if not sys.argv[4] and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # as on a machine with one processor
import kbvr
from kbvr.formats.comfort_report import write_comfort_report
photo, out, threads, backwards, calls = sys.argv[1:]
if backwards:
    time.sleep(1.1)  # files that tell the time tell seconds
wrote = set()
numbered = list(enumerate(json.loads(calls)))
for index, options in numbered[::-1] if backwards else numbered:
    folder = f"{out}/{index}"
    comfort = options.pop("comfort", False)
    report = kbvr.export(photo, folder, threads=int(threads), **options)
    if comfort:
        write_comfort_report({Path(photo): report.comfort}, Path(folder) / "comfort.json", photos=1, overwrite=False)
    wrote |= {one.item.format for one in report.written}
print(json.dumps(sorted(wrote)))
"""


def photo(path: Path) -> Path:
    """Write a photo of coarse grain with a bright thing before it; no side is a multiple of 16."""
    grain = cv2.resize(np.random.default_rng(4).integers(0, 256, (13, 18, 3), np.uint8), (140, 100))
    cv2.circle(grain, (60, 55), 22, (250, 240, 60), -1)
    Image.fromarray(grain).save(path, quality=95)
    return path


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, str], set[str]]:
    """Return file -> sum of what two processes wrote, that have little in common but the call, and the formats."""
    folder = tmp_path_factory.mktemp("twice")
    source = str(photo(folder / "photo.jpg"))
    outs = folder / "one", folder / "other" / "and a longer name"
    different = (
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "MALLOC_PERTURB_": "85"},
        {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "MALLOC_PERTURB_": "170"},  # glibc fills memory with it
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", EXPORTS, source, str(out), threads, backwards, json.dumps(CALLS)],
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        for out, threads, backwards, environment in zip(outs, ("1", "2"), ("", "yes"), different, strict=True)
    ]
    told = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    return sums(outs[0]), sums(outs[1]), {*json.loads(told[0])}


def sums(folder: Path) -> dict[str, str]:
    """Return the name of every file in a folder and those inside, and its sum."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_same_call_gives_the_same_bytes(twice: tuple[dict[str, str], dict[str, str], set[str]]) -> None:
    """All formats, with one thread and with two."""
    one, other, _ = twice
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


def test_every_format_is_written_twice(twice: tuple[dict[str, str], dict[str, str], set[str]]) -> None:
    """A new one gets a place in CALLS; tests/sphere/test_sphere_export.py writes a 360 photo twice."""
    missing = {*FORMATS} - twice[2] - {"vr360-photo"}
    assert missing <= (set() if find_spec("pillow_heif") else {"spatial"})


M_PERTURB = -6
"""Parameter of glibc's mallopt: what memory is filled with that has been asked for."""
FILLINGS = (0, 1, 85, 128, 170, 254)


def film(width: int, height: int, frames: int, seed: int) -> list[np.ndarray]:
    """Return grain that moves to the left by 2 px a frame, and starts again after 32 frames."""
    random = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8 + 8, 3), np.uint8)
    grain = cv2.resize(random, (width + 64, height), interpolation=cv2.INTER_CUBIC)
    return [np.ascontiguousarray(grain[:, 2 * (i % 32) : 2 * (i % 32) + width]) for i in range(frames)]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="fills memory in a way that glibc has")
@pytest.mark.parametrize(("codec", "size_px"), [("hevc", (384, 64)), ("h264", (150, 112)), ("av1", (150, 112))])
def test_what_memory_held_before_does_not_get_into_a_video(
    codec: str, size_px: tuple[int, int], tmp_path: Path
) -> None:
    """Pictures of which x265 with weighted prediction made several videos."""
    frames, fill = film(*size_px, 70, 828110), ctypes.CDLL(None).mallopt
    made = set()
    try:
        for filling in FILLINGS:
            fill(M_PERTURB, filling)
            path = tmp_path / f"{filling}.mp4"
            item, choices = Item("video", path, "mono"), FileOptions(codec=codec, fps=30)
            write_items(iter([(frame,) for frame in frames]), [item], Facts(1.0), choices)
            made.add(hashlib.sha256(path.read_bytes()).hexdigest())
    finally:
        fill(M_PERTURB, 0)
    assert len(made) == 1


@pytest.mark.parametrize("form", ["video", "clip"])
def test_x264_does_without_avx_512(form: str, tmp_path: Path) -> None:
    """With it, memory gets into the video too, but not in every run: 11 of 124 films came out in several ways."""
    frames, item = film(64, 48, 4, 0), Item(form, tmp_path / "a.mp4", "mono")
    av.logging.set_level(av.logging.VERBOSE)
    try:
        with av.logging.Capture(local=False) as said:
            write_items(iter([(frame,) for frame in frames]), [item], Facts(1.0), FileOptions())
    finally:
        av.logging.set_level(None)
    (used,) = [message for _, _, message in said if "cpu capabilities" in message]
    assert "AVX512" not in used
