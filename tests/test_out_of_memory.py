"""Out of memory is said as that, in one line and with exit code 2, whatever raised it."""

from __future__ import annotations

import errno
import io
import re
import struct
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import kbvr
from bench.decoding import KINDS, peak_bytes, write_picture
from kbvr.cli.main import main
from kbvr.cli.printing import OUT_OF_MEMORY
from kbvr.errors import InputError, OutOfMemoryError
from kbvr.photo import decoders, decoding_memory
from kbvr.plan import memory_budget as memory
from kbvr.profiles.layers import Layers
from kbvr.system.isolated_process import Request
from kbvr.system.resources import half_of_machine_bytes, has_room, is_out_of_memory, machine_bytes

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits memory, or looks it up, as only Linux can")
GIB = 2**30
ARRIVING = 3
"""Bytes of each pixel that are this process's, not the decoder's."""


class OnnxRuntimeError(Exception):
    """As onnxruntime's own: of no base that says anything."""


OnnxRuntimeError.__module__ = "onnxruntime.capi.onnxruntime_pybind11_state"

SHORTAGES = [
    MemoryError(),
    np._core._exceptions._ArrayMemoryError((10**9, 10**6), np.dtype(np.uint8)),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
    OSError(errno.EMFILE, "Too many open files"),
    RuntimeError("can't start new thread"),
    ImportError("libgfortran-83c28eba.so.5.0.0: failed to map segment from shared object"),
    OnnxRuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Exception during initialization: std::bad_alloc"),
    cv2.error("OpenCV(5.0.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 12000000 bytes"),
]


@pytest.mark.parametrize("error", SHORTAGES, ids=lambda error: type(error).__name__)
def test_every_library_says_it_in_its_own_way(error):
    """Also as the cause of something else."""
    assert is_out_of_memory(error)
    other = InputError("expected a network, got this")
    other.__cause__ = error
    assert is_out_of_memory(other)


@pytest.mark.parametrize(
    "error", [InputError("out of memory.jpg: expected a photo"), ValueError("bad_alloc"), OSError(28, "No space"), None]
)
def test_the_name_of_a_file_says_nothing(error):
    """Nor do other errors."""
    assert not is_out_of_memory(error)


def test_room_is_tried_and_given_back():
    """More than the addresses of 64 bits is never there."""
    assert has_room(2**20)
    assert has_room(2**20, for_addresses=True)
    assert not has_room(2**62)
    assert machine_bytes() is None or machine_bytes() > 2**28


@pytest.mark.parametrize(("machine", "half"), [(None, None), (2**29, 2**30), (2**30, 2**30), (2**34, 2**33)])
def test_another_process_may_take_half_of_the_machine(monkeypatch, machine, half):
    """But a gibibyte on small ones."""
    monkeypatch.setattr("kbvr.system.resources.machine_bytes", lambda: machine)
    assert half_of_machine_bytes() == half


@pytest.mark.parametrize("error", SHORTAGES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("stage", ["kbvr.pipeline.scene_depth_of", "kbvr.making.make.explain"])
def test_the_command_line_says_so_in_one_line(tmp_path, capsys, monkeypatch, error, stage):
    """Wherever it is raised, and it leaves nothing half written."""

    def short(*_: object) -> None:
        raise error

    photo = tmp_path / "a.png"
    Image.new("RGB", (48, 32)).save(photo)
    monkeypatch.setattr(stage, short)
    assert main(["export", "--depth-map", "png", "-o", str(tmp_path / "out"), str(photo)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said == [f"kbvr: {photo}: {OUT_OF_MEMORY}"]
    left = [path.name for path in (tmp_path / "out").glob("*")] if (tmp_path / "out").exists() else []
    assert not [name for name in left if name.startswith(".")]


def test_other_commands_say_so_too(capsys, monkeypatch):
    """Not only export."""

    def short() -> None:
        raise MemoryError

    monkeypatch.setattr("kbvr.nets.known_cards", short)
    assert main(["models", "list"]) == 2
    assert capsys.readouterr().err == f"kbvr: {OUT_OF_MEMORY}\n"


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))
sys.path[:0] = [{root!r}]
from kbvr.cli.main import main
sys.exit(main({arguments!r}))
"""


@LINUX
@pytest.mark.parametrize("gib", [0.4, 0.7, 0.95, 1.1, 1.3, 1.6])
def test_a_limit_to_addresses_ends_in_one_line(tmp_path, gib):
    """At every size: before libraries are loaded that crash without memory, when photos are decoded, and later."""
    photo, out = tmp_path / "a.jpg", tmp_path / "out"
    Image.effect_noise((640, 480), 60).convert("RGB").save(photo)
    arguments = ["export", "--stereo", "-q", "--seconds", "0.2", "--fps", "5", "-o", str(out), str(photo)]
    root = str(Path(kbvr.__file__).parents[1])
    code = LIMITED.format(limit=int(gib * GIB), root=root, arguments=arguments)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    if done.returncode == 0:
        assert [path.suffix for path in out.iterdir()] == [".mp4"]
        return
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert re.search("memory|address space", line)
    assert not re.search("damaged|bug", line)
    assert not out.exists()


def large_jpeg(path: Path, size_px: tuple[int, int], **options: object) -> Path:
    """Write a JPEG whose header says a larger size than its pixels have: it is decoded as far as the header only."""
    content = io.BytesIO()
    Image.new("RGB", (16, 16)).save(content, "JPEG", **options)
    data = content.getvalue()
    mark = b"\xff\xc2" if options.get("progressive") else b"\xff\xc0"
    at = data.index(mark) + 5
    path.write_bytes(data[:at] + struct.pack(">HH", *size_px[::-1]) + data[at + 4 :])
    return path


@LINUX
def test_a_photo_too_large_for_the_addresses_is_not_called_damaged(tmp_path):
    """A progressive JPEG of 196 million pixels, under 1.5 GB."""
    photo = large_jpeg(tmp_path / "a.jpg", (14_000, 14_000), progressive=True)
    arguments = ["export", "--depth-map", "png", "-q", "-o", str(tmp_path / "out"), str(photo)]
    root = str(Path(kbvr.__file__).parents[1])
    code = LIMITED.format(limit=int(1.5 * GIB), root=root, arguments=arguments)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert done.stderr == (
        f"kbvr: {photo}: decoding 14000 x 14000 pixels takes about 4 GB of memory, more than is available\n"
    )


# --- decoding within a limit ---


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_jpeg_is_decoded_at_a_reduced_scale_for_a_limit(tmp_path, orientation):
    """48 million pixels in 600 MB: it shows the same, and its field of view stays."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8769).update({0x920A: 8.0, 0xA20E: 1000.0, 0xA210: 3})  # mm; pixels a cm, of the whole picture
    half = Image.linear_gradient("L").resize((8000, 6000), Image.Resampling.NEAREST)
    half.convert("RGB").save(tmp_path / "a.jpg", quality=60, exif=exif)
    whole = kbvr.load_photo(tmp_path / "a.jpg")
    small = kbvr.load_photo(tmp_path / "a.jpg", max_memory_bytes=600 * 10**6)
    full_px = (8000, 6000) if orientation == 1 else (6000, 8000)
    assert (whole.size_px, whole.file_size_px, whole.notes) == (full_px, full_px, ())
    assert small.size_px == tuple(side // 2 for side in full_px)
    assert small.file_size_px == full_px
    assert (small.f_px, small.f_source) == (pytest.approx(whole.f_px / 2), "exif")
    assert whole.f_px == pytest.approx(8.0 * 100)
    assert "decoded at" in small.notes[-1]
    assert np.abs(small.rgb[::50, ::50].astype(int) - whole.rgb[::100, ::100]).max() < 4


def test_a_jpeg_is_decoded_no_smaller_than_it_must():
    """Below the limit it stays as it is; what is too large at 1/8 is refused."""
    content = io.BytesIO()
    Image.new("RGB", (160, 160)).save(content, "JPEG")
    fixed = decoding_memory.FIXED_BYTES
    a_px = decoding_memory.JPEG_BYTES_A_PX

    def decoded_px(max_bytes: int | None) -> tuple[int, int]:
        image = Image.open(io.BytesIO(content.getvalue()))
        decoding_memory.jpeg_within(image, "a.jpg", max_bytes)
        return image.size

    assert decoded_px(None) == decoded_px(fixed + a_px * 160**2) == (160, 160)
    assert decoded_px(fixed + a_px * 160**2 - 1) == decoded_px(fixed + a_px * 80**2) == (80, 80)
    assert decoded_px(fixed + a_px * 20**2) == (20, 20)
    with pytest.raises(InputError, match=r"^a\.jpg: decoding 160 x 160 pixels takes about 285 MB of memory, more than"):
        decoded_px(fixed + a_px * 20**2 - 1)


def test_the_coefficients_of_a_progressive_jpeg_count_at_any_scale(tmp_path):
    """They are all there before the first pixel is."""
    photo = large_jpeg(tmp_path / "a.jpg", (10_000, 10_000), progressive=True)
    with pytest.raises(
        InputError, match=r"decoding 10000 x 10000 pixels takes about 89\d MB of memory, more than 800 MB"
    ):
        kbvr.load_photo(photo, max_memory_bytes=800 * 10**6)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".avif"])
def test_other_files_are_refused_with_what_they_take(tmp_path, suffix):
    """They cannot be decoded smaller."""
    path = tmp_path / f"a{suffix}"
    Image.new("RGB", (64, 48)).save(path)
    with pytest.raises(InputError, match=r"decoding 64 x 48 pixels takes about 285 MB of memory, more than 100 MB$"):
        kbvr.load_photo(path, max_memory_bytes=10**8)


def test_an_export_within_a_limit_decodes_within_it(tmp_path, capsys):
    """And --explain says so; a film's size and a crop in pixels are those of the whole photo."""
    photo = tmp_path / "a.jpg"
    Image.linear_gradient("L").resize((8000, 6000)).convert("RGB").save(photo, quality=40)
    arguments = [
        "export",
        "--kenburns",
        "--from",
        "0,0,8000,6000",
        "--to",
        "2000,1500,4000,3000",
        "--seconds",
        "0.1",
        "--fps",
        "10",
    ]
    arguments += ["--max-size", "64x48", "--max-memory", "900MB", "--explain", "-o", str(tmp_path / "out"), str(photo)]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "decoded at 4000x3000 of 8000x6000 pixels to save memory" in out
    assert "64x48" in out


def test_the_limit_of_an_export_counts_for_its_depth_file_too(tmp_path, capsys):
    """Which is refused by its header, before the limit is met."""
    photo, depth = tmp_path / "a.png", tmp_path / "depth.png"
    Image.new("RGB", (48, 32)).save(photo)
    Image.new("I;16", (6000, 4000)).save(depth)
    arguments = ["export", "--kenburns", "--depth", str(depth), "--depth-kind", "depth-m", "--max-memory", "900MB"]
    assert main([*arguments, "-o", str(tmp_path / "out"), str(photo)]) == 2
    said = "decoding 6000 x 4000 pixels takes about 1.4 GB of memory, more than 900 MB"
    assert capsys.readouterr().err == f"kbvr: {photo}: {depth}: {said}\n"


def test_an_export_that_cannot_get_its_memory_is_refused_before_anything_is_made(tmp_path, monkeypatch):
    """What libraries say, or do, when they get none is left to nobody."""
    monkeypatch.setattr(memory, "has_room", lambda *_, **__: False)
    monkeypatch.setattr(Layers, "depth", lambda *_: pytest.fail("the depth was estimated"))
    Image.new("RGB", (64, 48)).save(tmp_path / "a.png")
    with pytest.raises(OutOfMemoryError, match="a photo of 64x48 pixels with an output of 64x48 takes about"):
        kbvr.export(tmp_path / "a.png", tmp_path / "out")
    monkeypatch.setattr(memory, "has_room", lambda size, **_: size < 10**9)
    memory.refuse_without_room((640, 480), (64, 48))
    with pytest.raises(OutOfMemoryError, match=r"8000x6000 pixels with an output of 640x480 takes about 4 GB"):
        memory.refuse_without_room((8000, 6000), (640, 480))


@LINUX
@pytest.mark.parametrize(
    "kind", ["JPEG.jpg", "CMYK JPEG.jpg", "16-bit PNG with alpha.png", "float TIFF.tif", "WebP.webp", "AVIF.avif"]
)
def test_decoding_takes_no_more_memory_than_is_said(tmp_path, kind):
    """Measured in a fresh process, with 3 million pixels of noise."""
    assert kind in KINDS
    noise = np.random.default_rng(0).integers(0, 255, (1500, 2000, 3), np.uint8)
    path = tmp_path / f"a{Path(kind).suffix}"
    write_picture(kind, noise, path)
    fresh = decoders.start_process()
    _, peak = fresh.call(Request(f"{peak_bytes.__module__}:peak_bytes", (str(path),)))
    fresh.close()
    by_kind = {
        "16-bit PNG with alpha.png": decoding_memory.DEEP_PNG_BYTES_A_PX,
        "float TIFF.tif": decoding_memory.FLOAT_BYTES_A_PX,
    }
    said = by_kind.get(kind, decoding_memory.JPEG_BYTES_A_PX if "JPEG" in kind else decoding_memory.BYTES_A_PX)
    assert peak <= decoding_memory.DECODER_BYTES + (said - ARRIVING) * 1500 * 2000
