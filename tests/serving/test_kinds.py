"""What a file is, and which page opens it: by its name, then by what it says about itself."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from kbvr.formats.spec.encoding import picture_bytes
from kbvr.formats.video.mp4_boxes import apple_boxes, box, full_box, half_sphere_box
from kbvr.photo.credits import NO_CREDITS
from kbvr.serving.kinds import LAYOUTS, PHOTO, SCENE, STEREO, Kind, kind_of, layout_named

GREY = np.full((16, 24, 3), 128, np.uint8)


@pytest.fixture
def made(tmp_path):
    """Write a file and give back its kind."""

    def kind(name: str, content: bytes = b"content") -> Kind:
        (tmp_path / name).write_bytes(content)
        found = kind_of(name, tmp_path / name)
        assert found is not None
        return found

    return kind


@pytest.fixture
def jpeg(tmp_path):
    """A photo without metadata."""
    Image.fromarray(GREY).save(tmp_path / "plain.jpg")
    return (tmp_path / "plain.jpg").read_bytes()


def with_segment(jpeg: bytes, marker: int, content: bytes) -> bytes:
    return jpeg[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content + jpeg[2:]


@pytest.mark.parametrize(
    ("name", "words", "page"),
    [
        ("cat_kbvr.glb", "3D scene", SCENE),
        ("cat_kbvr_splats.glb", "Gaussian splats (glTF)", None),
        ("cat_kbvr_splats.ply", "Gaussian splats (PLY)", None),
        ("cat_kbvr.usdz", "3D scene for Apple devices (USDZ)", None),
        ("cat_kbvr_LR.mp4", "Stereo video, side by side", STEREO),
        ("cat_kbvr_180_LR.MP4", "Stereo video, VR180, side by side", STEREO),
        ("cat_HOU.mkv", "Stereo video, top and bottom, half height", STEREO),
        ("cat_kbvr.mp4", "Video", STEREO),
        ("beach_180x180_3dh.mp4", "Stereo video, VR180, side by side", STEREO),
        ("beach_LR_180.mp4", "Stereo video, VR180, side by side", STEREO),
        ("beach_VR180.webm", "Video, VR180", STEREO),
        ("beach.180.SBS.mp4", "Stereo video, VR180, side by side", STEREO),
        ("beach - H-SBS.mkv", "Stereo video, side by side, half width", STEREO),
        ("beach_VR180.jpg", "Picture, VR180", STEREO),
        ("cat_kbvr_sbs-half.jpg", "Stereo picture, side by side, half width", STEREO),
        ("lake-LR.jpg", "Photo", PHOTO),
        ("cat_kbvr_wiggle.mp4", "Loop", STEREO),
        ("cat_kbvr_wiggle.gif", "Loop", STEREO),
        ("cat_kbvr_wiggle.jpg", "Poster of a loop", STEREO),
        ("cat_kbvr_anaglyph.png", "Stereo picture, anaglyph", STEREO),
        ("cat_kbvr_left.jpg", "Picture, left eye", STEREO),
        ("cat_kbvr_depth.png", "Depth map", STEREO),
        ("cat_kbvr_qs8x6a0.75.png", "Quilt", STEREO),
        ("cat_kbvr_wiggle.html", "HTML to paste into a page", None),
        ("page.html", "3D scene in a page", None),
        ("IMG_180.jpg", "Photo", PHOTO),
        ("LEFT.JPG", "Photo", PHOTO),
        ("holiday_SBS.jpeg", "Stereo picture, side by side", STEREO),
        ("scan.tiff", "Photo", PHOTO),
        ("IMG_0001.HEIC", "Photo", PHOTO),
    ],
)
def test_a_name_says_what_a_file_is(made, name, words, page):
    kind = made(name)
    assert (kind.words, kind.opens_in) == (words, page)
    assert kind.is_saved == (page is None and not name.endswith(("page.html", ".usdz")))


def test_other_files_have_no_kind(tmp_path):
    for name in ("letter.txt", "cat", "a.json", "cat.jpg.exe"):
        (tmp_path / name).touch()
        assert kind_of(name, tmp_path / name) is None


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_a_picture_that_kbvr_made_is_no_photo_even_if_it_is_renamed(made, kind):
    other = BytesIO()
    Image.fromarray(GREY).save(other, kind)
    assert made(f"renamed.{kind}", picture_bytes(GREY, kind, NO_CREDITS)).opens_in == STEREO
    assert made(f"other.{kind}", other.getvalue()).opens_in == PHOTO


@pytest.mark.parametrize("suffix", ["webp", "avif", "png"])
def test_an_animation_is_no_photo(made, tmp_path, suffix):
    frames = [Image.fromarray(np.full_like(GREY, 60 * number)) for number in range(3)]
    frames[0].save(tmp_path / f"moves.{suffix}", save_all=True, append_images=frames[1:])
    assert made(f"moves.{suffix}", (tmp_path / f"moves.{suffix}").read_bytes()).words == "Loop"


def mpf(kind: int, order: str) -> bytes:
    """CIPA DC-007: a directory with the list of two pictures."""
    header = {"<": b"II*\0", ">": b"MM\0*"}[order]
    entries = struct.pack(f"{order}IIIHH", kind, 100, 0, 0, 0) * 2
    directory = struct.pack(f"{order}HHHIII", 1, 0xB002, 7, 32, 26, 0)
    return b"MPF\0" + header + struct.pack(f"{order}I", 8) + directory + entries


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_stereo_pair_in_one_file_is_no_photo_but_a_preview_is(made, jpeg, order):
    """Cameras and phones put previews into photos the same way."""
    assert made("a.jpg", with_segment(jpeg, 0xE2, mpf(0x020002, order))).layout == "apart"
    assert made("a.jpg", with_segment(jpeg, 0xE2, mpf(0x010001, order))).opens_in == PHOTO
    for damaged in (b"MPF\0", mpf(0x020002, order)[:20], b"MPF\0II*\0\xff\xff\xff\xff"):
        assert made("a.jpg", with_segment(jpeg, 0xE2, damaged)).opens_in == PHOTO


def test_a_jps_is_one_by_its_block_as_well(made, jpeg):
    block = b"_JPSJPS_" + struct.pack(">H", 4) + bytes((1, 0x04, 2, 1))
    assert made("a.jpg", with_segment(jpeg, 0xE3, block)).layout == "sbs"
    block = b"_JPSJPS_" + struct.pack(">H", 4) + bytes((1, 0, 2, 1))
    assert made("a.jpg", with_segment(jpeg, 0xE3, block)).layout == "cross"


def test_half_a_sphere_is_no_photo_but_a_panorama_is(made, jpeg):
    numbers = {"FullPanoWidth": 400, "FullPanoHeight": 200, "CroppedAreaImageWidth": 200, "CroppedAreaImageHeight": 200}
    xmp = b"http://ns.adobe.com/xap/1.0/\0" + "".join(f'GPano:{k}Pixels="{v}" ' for k, v in numbers.items()).encode()
    assert made("a.jpg", with_segment(jpeg, 0xE1, xmp)).layout == "180-apart"
    assert made("a.jpg", with_segment(jpeg, 0xE1, xmp.replace(b'"200"', b'"150"'))).opens_in == PHOTO


def moov(*boxes: bytes, handler: bytes = b"vide") -> bytes:
    """Return the index of an MP4 with these boxes in the sample entry of its track, after one of sound."""

    def track(kind: bytes, entry: bytes) -> bytes:
        handled = full_box(b"hdlr", bytes(4), kind, bytes(13))
        return box(b"trak", box(b"mdia", handled, box(b"minf", box(b"stbl", full_box(b"stsd", b"\0\0\0\1", entry)))))

    return box(b"moov", track(b"soun", box(b"mp4a", bytes(28))), track(handler, box(b"avc1", bytes(78), *boxes)))


def st3d(mode: int) -> bytes:
    return full_box(b"st3d", bytes([mode]))


SIDE_BY_SIDE, _ = apple_boxes(b"side", b"hequ", right_first=False, baseline_m=0.06, fov_deg=180)
CROSSED, _ = apple_boxes(b"side", None, right_first=True, baseline_m=0.06, fov_deg=60)
HALF_BY_MATROSKA = b"\x16\x54\xae\x6b\x90\x53\xb8\x81\x01\x76\x70\x84\x76\x71\x81\x01"


@pytest.mark.parametrize(
    ("name", "content", "layout"),
    [
        ("a.mp4", moov(st3d(2)), "sbs"),
        ("a.mp4", moov(st3d(1)), "tb"),
        ("a.mp4", moov(st3d(4)), "cross"),
        ("a.mp4", moov(st3d(0)), "mono"),
        ("a.mp4", moov(st3d(2), half_sphere_box()), "180-sbs"),
        ("a.mp4", moov(st3d(1), half_sphere_box()), "180-tb"),
        ("a.mp4", moov(half_sphere_box()), "180-mono"),
        ("a.mp4", moov(SIDE_BY_SIDE), "180-sbs"),
        ("a.mp4", moov(CROSSED), "cross"),
        ("a_HSBS.mp4", moov(st3d(2)), "sbs-half"),
        ("a_180.mp4", moov(st3d(2)), "180-sbs"),
        ("a_TB.mp4", moov(st3d(2)), "sbs"),
        ("a_LR.mp4", moov(), "sbs"),
        ("a_LR.mp4", moov(st3d(2))[:-3], "sbs"),
        ("a.mp4", moov(st3d(2), handler=b"meta"), "mono"),
        ("a.webm", b"\x1a\x45\xdf\xa3" + HALF_BY_MATROSKA, "180-sbs"),
        ("a.mkv", b"\x1a\x45\xdf\xa3" + HALF_BY_MATROSKA[:8] + b"\x03", "tb"),
        ("a.mkv", b"\x1a\x45\xdf\xa3" + HALF_BY_MATROSKA[:8] + b"\x00", "mono"),
    ],
)
def test_a_video_says_how_its_views_are_packed(made, name, content, layout):
    """The name adds only what the metadata does not say, and is all there is if the file is damaged."""
    assert made(name, content).layout == layout


def test_a_spatial_photo_is_saved(made):
    head = b"\0\0\0\x18ftypheic\0\0\0\0" + b"\0\0\0\x20grpl" + b"\0\0\0\x18ster"
    assert made("a.heic", head).words == "Spatial photo for Apple devices (HEIC)"
    assert made("a.heic", head.replace(b"ster", b"altr")).opens_in == PHOTO


def test_all_layouts_have_words():
    assert {layout_named(name) for name in ("a_kbvr_LR.jpg", "a_rl.jpg", "a_kbvr_cross.png", "a_OU.mp4")} <= {*LAYOUTS}
    assert layout_named("a_kbvr_LR_HSBS.mp4") == "sbs-half"
    assert layout_named("cat.jpg") is None
