"""Spatial photos: two pictures in one HEIC, grouped as left and right."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pi_heif
import pytest

import kbvr
from kbvr.errors import InputError
from kbvr.formats.spec.format import Facts, Item
from kbvr.formats.still.spatial_photo import check_spatial, stereo_pair_of, with_stereo_pair
from kbvr.formats.video.mp4_boxes import box, boxes_in, full_box
from kbvr.formats.write import write_items
from kbvr.options.export_options import FileOptions
from kbvr.photo.credits import Credits

EXAMPLES = Path(__file__).parents[3] / "examples"
FACTS = Facts(f_px=120.0, baseline_m=0.06, convergence_m=2.0, credits=Credits(date="2021-03-04T05:06:07"))


def heic(items: int = 2) -> bytes:
    """The boxes of a HEIC as libheif lays them out, with one byte for each picture."""
    infos = b"".join(
        full_box(b"infe", struct.pack(">HH4s", n + 1, 0, b"hvc1") + b"\0", flags=2 << 24) for n in range(items)
    )
    places = b"".join(struct.pack(">HHIHII", n + 1, 0, 500 + n, 1, 0, 1) for n in range(items))
    bound = b"".join(struct.pack(">HBB", n + 1, 1, 1) for n in range(items))
    meta = full_box(b"iloc", b"\x44\x40" + struct.pack(">H", items) + places)
    meta += full_box(b"iinf", struct.pack(">H", items) + infos)
    meta += box(b"iprp", box(b"ipco", box(b"hvcC", b"?")) + full_box(b"ipma", struct.pack(">I", items) + bound))
    return box(b"ftyp", b"heic") + box(b"meta", bytes(4) + meta) + box(b"mdat", b"LR")


def test_the_pair_is_added_and_everything_else_only_moves() -> None:
    plain = heic()
    assert stereo_pair_of(plain) is None
    bound = with_stereo_pair(
        plain, (box(b"cmin", b"left") + box(b"cmex", b"l"), box(b"cmin", b"right") + box(b"cmex", b"r"))
    )
    assert stereo_pair_of(bound) == (1, 2)
    meta = dict(boxes_in(dict(boxes_in(bound))[b"meta"][4:]))
    longer = len(bound) - len(plain)
    offsets = struct.unpack_from(">HHIHIIHHIHII", meta[b"iloc"], 8)
    assert [offsets[2], offsets[8]] == [500 + longer, 501 + longer]
    properties = list(boxes_in(dict(boxes_in(meta[b"iprp"]))[b"ipco"]))
    assert [kind for kind, _ in properties] == [b"hvcC", b"cmin", b"cmex", b"cmin", b"cmex"]
    assert dict(boxes_in(meta[b"iprp"]))[b"ipma"][8:] == struct.pack(">HB3BHB3B", 1, 3, 1, 2, 3, 2, 3, 1, 4, 5)
    assert dict(boxes_in(bound))[b"mdat"] == b"LR"


@pytest.mark.parametrize("broken", [b"", b"\0\0\0\4meta", heic(1), heic(3), heic().replace(b"\x44\x40", b"\x44\x44")])
def test_other_files_are_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        with_stereo_pair(broken, (box(b"cmin", b""), box(b"cmin", b"")))


def test_a_missing_extra_is_an_error_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InputError, match=r"pip install 'kbvr\[heic\]'"):
        check_spatial((640, 480), Item("spatial", Path("a.heic"), "apart"), FileOptions())


def test_a_spatial_photo_has_its_cameras(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif", reason="writing HEIC is an extra: pip install 'kbvr[heic]'")
    left, right = (np.full((81, 101, 3), colour, np.uint8) for colour in ((200, 10, 20), (30, 120, 250)))
    item = Item("spatial", tmp_path / "a.heic", "apart")
    (file,) = write_items([(left, right)], [item], FACTS, FileOptions())
    assert file.size_px == (100, 80)
    first, second = pi_heif.open_heif(str(item.path))
    for one, colour, side in ((first, (200, 10, 20), -1), (second, (30, 120, 250), 1)):
        assert np.abs(np.asarray(one.to_pillow()).astype(int) - colour).max() <= 2
        seen = one.info["heif"]["camera_intrinsic_matrix"]
        assert seen["focal_length_x"] == pytest.approx(120, abs=1e-4)
        assert seen["principal_point_x"] == pytest.approx(50 + side * 120 * 0.03 / 2, abs=1e-4)
        assert seen["principal_point_y"] == pytest.approx(40, abs=1e-4)
    ids = stereo_pair_of(item.path.read_bytes())
    assert ids is not None and ids[0] < ids[1]


def test_kbvr_can_load_its_own_spatial_photo(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif", reason="writing HEIC is an extra: pip install 'kbvr[heic]'")
    report = kbvr.export(EXAMPLES / "cat.jpg", tmp_path, still="left-right,spatial")
    photo = kbvr.load_photo(report.written[2].file.path)
    left = kbvr.load_photo(report.written[0].file.path)
    assert photo.size_px == (450, 300)
    assert np.abs(photo.rgb.astype(int) - left.rgb[:300, :450]).mean() < 4
