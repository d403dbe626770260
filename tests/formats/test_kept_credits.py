"""Outputs keep what is known about their photo, as exiftool reads it; its GPS position only if that is asked for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatch
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import kbvr
from kbvr.cli.main import main
from kbvr.formats.registry import FORMATS
from kbvr.formats.spec.encoding import credit_texts
from kbvr.photo.credits import Credits
from kbvr.photo.photo import load_photo
from kbvr.photo.place import Place

KNOWN = Credits(
    artist="Zoë Müller 山田",
    copyright="© 2024 Müller & Söhne",
    credit="Sammlung Müller",
    title="Türme <von> Prag",
    caption="Zwei Türme & \"ein\" Fluss 🌉 ]]> --> 'im' März",
    date="2024-03-04T05:06:07+01:00",
    place=Place(48.8577, -2.2945, 35.5),
)
TEXTS = credit_texts(KNOWN)
DATE, OFFSET = "2024:03:04 05:06:07", "+01:00"
LATITUDE, LONGITUDE, ALTITUDE = 48.8577, -2.2945, 35.5

EXIF = {
    "IFD0:Artist": KNOWN.artist,
    "IFD0:Copyright": KNOWN.copyright,
    "IFD0:ImageDescription": KNOWN.caption,
    "ExifIFD:DateTimeOriginal": DATE,
    "ExifIFD:OffsetTimeOriginal": OFFSET,
    "GPS:GPSLatitude": LATITUDE,
    "GPS:GPSLatitudeRef": "N",
    "GPS:GPSLongitude": -LONGITUDE,
    "GPS:GPSLongitudeRef": "W",
    "GPS:GPSAltitude": ALTITUDE,
    "GPS:GPSAltitudeRef": 0,
}
XMP = {
    "XMP-dc:Creator": KNOWN.artist,
    "XMP-dc:Rights": KNOWN.copyright,
    "XMP-dc:Title": KNOWN.title,
    "XMP-dc:Description": KNOWN.caption,
    "XMP-photoshop:Credit": KNOWN.credit,
    "XMP-xmp:CreateDate": DATE + OFFSET,
    "XMP-exif:DateTimeOriginal": DATE + OFFSET,
    "XMP-exif:GPSLatitude": LATITUDE,
    "XMP-exif:GPSLongitude": LONGITUDE,
    "XMP-exif:GPSAltitude": ALTITUDE,
}
PNG = {
    "PNG:Author": KNOWN.artist,
    "PNG:Copyright": KNOWN.copyright,
    "PNG:Title": KNOWN.title,
    "PNG:Description": KNOWN.caption,
    "PNG:CreationTime": KNOWN.date,
}
MP4 = {
    "QuickTime:CreateDate": "2024:03:04 04:06:07",
    "Track1:MediaCreateDate": "2024:03:04 04:06:07",
    "ItemList:Artist": KNOWN.artist,
    "ItemList:Copyright": KNOWN.copyright,
    "ItemList:Title": KNOWN.title,
    "ItemList:Description": KNOWN.caption,
    "ItemList:ContentCreateDate": DATE + OFFSET,
    "UserData:GPSCoordinates": f"{LATITUDE} {LONGITUDE} {ALTITUDE}",
}
MATROSKA = {
    "Matroska:Artist": KNOWN.artist,
    "Matroska:Copyright": KNOWN.copyright,
    "Matroska:Title": KNOWN.title,
    "Matroska:Description": KNOWN.caption,
    "Matroska:Credit": KNOWN.credit,
    "Matroska:DateTimeOriginal": DATE,
    "Matroska:Location": "+48.857700-002.294500+35.5/",
}
EXR = {
    "OpenEXR:Artist": KNOWN.artist,
    "OpenEXR:Title": KNOWN.title,
    "OpenEXR:Comments": KNOWN.caption,
    "OpenEXR:Credit": KNOWN.credit,
    "OpenEXR:DateTimeOriginal": DATE,
    "OpenEXR:GPSLatitude": LATITUDE,
    "OpenEXR:GPSLongitude": LONGITUDE,
    "OpenEXR:GPSAltitude": ALTITUDE,
}
GIF = {"File:Comment": "\n".join(f"{name}: {text}" for name, text in TEXTS.items())}
HTML = {"HTML:Author": KNOWN.artist, "HTML:Copyright": KNOWN.copyright, "HTML:Title": KNOWN.caption}

READ_BY_EXIFTOOL: Mapping[str, Mapping[str, Any]] = {
    "*.vr.jpg": EXIF | XMP,
    "*_poster.jpg": EXIF | XMP,
    "*_wiggle.jpg": EXIF | XMP,
    "*_LR.jpg": EXIF | XMP,
    "*.jps": EXIF | XMP,
    "*.mpo": EXIF | XMP,
    "*.heic": EXIF | XMP,
    "*.avif": EXIF | XMP,
    "*.webp": EXIF | XMP,
    "*.gif": XMP | GIF,
    "*_LR.png": EXIF | XMP | PNG,
    "*_autostereogram.png": EXIF | XMP | PNG,
    "*_rgbd.png": EXIF | XMP | PNG,
    "*_flat.jpg": EXIF | XMP,
    "*_depth_color.png": EXIF | XMP | PNG,
    "*_depth.png": XMP | PNG,
    "*_depth.exr": EXR,
    "*.mp4": MP4 | XMP,
    "*.mkv": MATROSKA,
    "*.webm": MATROSKA,
    "*_kbvr.html": HTML,
}
"""Pattern of a file's name -> what exiftool reports of it. The first pattern that fits counts.

HTML has no element for a credit line, which the scene inside has, and none of exiftool's for date and place. Matroska
has no packets of XMP.
"""


def of_glb(path: Path) -> Mapping[str, str]:
    content = path.read_bytes()
    document = json.loads(content[20 : 20 + int.from_bytes(content[12:16], "little")])
    assert document["asset"]["copyright"] == KNOWN.copyright
    found: Mapping[str, str] = document["scenes"][0]["extras"]["kbvr"]
    return found


def of_usdz(path: Path) -> Mapping[str, str]:
    from pxr import Sdf

    found: Mapping[str, str] = dict(Sdf.Layer.FindOrOpen(str(path)).customLayerData)
    return found


def of_npz(path: Path) -> Mapping[str, str]:
    return {name: str(value) for name, value in np.load(path).items()}


def of_comments(path: Path) -> Mapping[str, str]:
    lines = re.findall(r"^(?:comment|#) (\w+): (.*)$", path.read_bytes()[:4000].decode("utf-8", "ignore"), re.MULTILINE)
    return dict(lines)


READ_HERE: Mapping[str, Callable[[Path], Mapping[str, str]]] = {
    "*.glb": of_glb,
    "*.ply": of_comments,
    "*.obj": of_comments,
    "*.usdz": of_usdz,
    "*.npz": of_npz,
}
"""Files that exiftool does not read, which have all texts under their names."""

WITHOUT: Mapping[str, str] = {
    "*_depth_m.npy": "a NumPy array has no metadata",
    "*_wiggle.html": "it is pasted into a page that has its own metadata; its pictures have them",
    "*_embed.html": "it is pasted into a page that has its own metadata; its scene and poster have them",
    "*.js": "the program that shows scenes",
    "*.mtl": "materials of an OBJ, which has the texts",
    "*_photo.jpg": "a texture of an OBJ, which has the texts",
    "*_atlas.jpg": "a texture of an OBJ, which has the texts",
    "*_alpha.png": "a texture of an OBJ, which has the texts",
}
"""Files without credits, and why."""

HEIC = "p_kbvr.heic"
"""It has a test of its own, since an extra writes it."""

SPHERE = "p_kbvr_360_TB.jpg"
"""tests/sphere/test_sphere_export.py has its test, since only 360 photos become one."""

FILES: Mapping[str, tuple[str, ...]] = {
    "video": ("p_kbvr_LR.mp4", "p_kbvr_LR.mkv", "p_kbvr_LR.webm"),
    "picture": ("p_kbvr_LR.jpg", "p_kbvr_LR.png", "p_kbvr_LR.webp"),
    "jps": ("p_kbvr.jps",),
    "mpo": ("p_kbvr.mpo",),
    "vr180-photo": ("p_kbvr.vr.jpg",),
    "vr360-photo": (SPHERE,),
    "spatial": (HEIC,),
    "autostereogram": ("p_kbvr_autostereogram.png",),
    "rgbd": ("p_kbvr_rgbd.png",),
    "flat": ("p_kbvr_flat.jpg",),
    "depth-map": ("p_kbvr_depth.png", "p_kbvr_depth.npz", "p_kbvr_depth.exr", "p_kbvr_depth_color.png"),
    "gif": ("p_kbvr_wiggle.gif",),
    "webp": ("p_kbvr_wiggle.webp",),
    "avif": ("p_kbvr_wiggle.avif",),
    "clip": ("p_kbvr_wiggle.mp4",),
    "poster": ("p_kbvr_wiggle.jpg",),
    "snippet": ("p_kbvr_wiggle.html",),
    "vr180-video": ("p_kbvr_180_LR.mp4",),
    "gltf": ("p_kbvr.glb",),
    "html": ("p_kbvr.html", "p_kbvr_poster.jpg"),
    "embed": ("p_kbvr_embed.html",),
    "ply": ("p_kbvr.ply",),
    "obj": ("p_kbvr.obj",),
    "usdz": ("p_kbvr.usdz",),
    "splats": ("p_kbvr_splats.ply",),
    "splats-gltf": ("p_kbvr_splats.glb",),
}
"""Name of a format -> the files of it that are read."""

CALLS: tuple[Mapping[str, Any], ...] = (
    {
        "still": "sbs,jps,mpo,vr180,autostereogram,rgbd,flat",
        "depth_map": "png,npy,npz,exr,color",
        "wiggle": True,
        "views": 3,
        "period_s": 0.2,
        "page_url": "https://example.com/",
        **dict.fromkeys(("stereo", "gltf", "html", "embed", "ply", "obj", "usdz", "splats"), True),
    },
    {"still": "sbs", "picture": "png"},
    {"still": "sbs", "picture": "webp"},
    {"stereo": True, "container": "mkv"},
    {"stereo": True, "container": "webm"},
    {"stereo": True, "projection": "vr180", "vr180_px": 128},
)
"""Options of the exports whose files are read."""


def exiftool(*arguments: str | Path) -> str:
    program = shutil.which("exiftool")
    assert program, "these tests need exiftool (Debian: apt-get install libimage-exiftool-perl)"
    return subprocess.run([program, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def told_by_exiftool(files: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """Return what exiftool reports of the files that it reads, by their names: tags with their groups, and numbers."""
    paths = [path for path in files if entry(READ_BY_EXIFTOOL, path.name)]
    reports = json.loads(exiftool("-json", "-n", "-G1", "-charset", "exif=utf8", *paths))
    return {Path(report["SourceFile"]).name: report for report in reports}


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> tuple[Path, Path]:
    """Return two photos with the same pixels and credits, the first with a GPS position too."""
    folder = tmp_path_factory.mktemp("photos")
    y, x = np.mgrid[0:64, 0:96]
    for name in ("placed", "without"):
        (folder / name).mkdir()
        Image.fromarray(np.dstack([x * 2, y * 3, x + y]).astype(np.uint8)).save(folder / name / "p.jpg")
    texts = (
        f"-Artist={KNOWN.artist}",
        f"-Copyright={KNOWN.copyright}",
        f"-ImageDescription={KNOWN.caption}",
        f"-XMP-dc:Title={KNOWN.title}",
        f"-IPTC:Credit={KNOWN.credit}",
        "-IPTC:CodedCharacterSet=UTF8",
        f"-DateTimeOriginal={DATE}",
        f"-OffsetTimeOriginal={OFFSET}",
    )
    place = ("-GPSLatitude=48.8577", "-GPSLatitudeRef=N", "-GPSLongitude=2.2945", "-GPSLongitudeRef=W")
    heights = ("-GPSAltitude=35.5", "-GPSAltitudeRef=0")
    both = (folder / "placed" / "p.jpg", folder / "without" / "p.jpg")
    exiftool("-q", "-overwrite_original", "-charset", "exif=utf8", *texts, *both)
    exiftool("-q", "-overwrite_original", *place, *heights, both[0])
    return both


def exported(photo: Path, folder: Path, **options: Any) -> dict[str, Path]:
    """Export everything, and return the files by their names."""
    depth = folder / "depth.npy"
    y, x = np.mgrid[0:64, 0:96]
    np.save(depth, (np.where((x > 30) & (x < 60), 1.0, 3.0) + y / 50).astype(np.float32))
    for number, call in enumerate(CALLS):
        moves = {"seconds": 0.1, "fps": 10} if call.get("stereo") else {}
        common = {"depth": depth, "depth_kind": "depth-m", "fov_deg": 60.0, **moves, **options}
        report = kbvr.export(photo, folder / str(number), **call, **common)
        assert not report.failed
    return {path.name: path for path in folder.glob("[0-9]/*")}


@pytest.fixture(scope="module")
def kept(photos, tmp_path_factory) -> dict[str, Path]:
    return exported(photos[0], tmp_path_factory.mktemp("kept"), keep_gps=True)


@pytest.fixture(scope="module")
def told(kept) -> dict[str, dict[str, Any]]:
    return told_by_exiftool(kept.values())


def entry(table: Mapping[str, Any], name: str) -> Any:
    """Return the entry of a table for a file, None if no pattern fits."""
    return next((value for pattern, value in table.items() if fnmatch(name, pattern)), None)


def test_the_photo_is_read_in_full(photos):
    placed, without = (load_photo(path, keep_gps=True).credits for path in photos)
    assert placed.place is not None
    assert (placed.place.latitude_deg, placed.place.longitude_deg) == pytest.approx((LATITUDE, LONGITUDE), abs=1e-8)
    assert without.place is None
    assert load_photo(photos[0]).credits == without, "nobody gets a position without asking for it"
    assert credit_texts(placed) == TEXTS


def test_every_format_and_every_file_is_checked(kept):
    """A new output has to say in this file how it keeps the credits, or why it does not."""
    assert FILES.keys() == FORMATS.keys()
    assert {name for names in FILES.values() for name in names} - {*kept} == {HEIC, SPHERE}
    for name in kept:
        tables = (READ_BY_EXIFTOOL, READ_HERE, WITHOUT)
        assert any(entry(table, name) is not None for table in tables), f"{name}: in no table"


@pytest.mark.parametrize(
    "name",
    [
        name
        for names in FILES.values()
        for name in names
        if entry(READ_BY_EXIFTOOL, name) and name not in (HEIC, SPHERE)
    ],
)
def test_exiftool_reads_the_credits(told, name):
    assert_told(told[name], READ_BY_EXIFTOOL, name)


def assert_told(report: Mapping[str, Any], table: Mapping[str, Mapping[str, Any]], name: str) -> None:
    expected = entry(table, name)
    found = {tag: report.get(tag) for tag in expected}
    numbers = {tag: value for tag, value in expected.items() if isinstance(value, float)}
    assert {tag: found[tag] for tag in numbers} == pytest.approx(numbers, abs=2e-6)
    assert {tag: found[tag] for tag in expected.keys() - numbers.keys()} == {
        tag: value for tag, value in expected.items() if tag not in numbers
    }


def test_a_spatial_photo_has_the_credits(photos, tmp_path):
    pytest.importorskip("pillow_heif", reason="writing HEIC is an extra: pip install 'kbvr[heic]'")
    np.save(tmp_path / "depth.npy", np.linspace(1, 2, 96 * 64, dtype=np.float32).reshape(64, 96))
    depth = {"depth": tmp_path / "depth.npy", "depth_kind": "depth-m"}
    report = kbvr.export(photos[0], tmp_path, still="spatial", keep_gps=True, **depth)
    (told,) = told_by_exiftool([report.file.path]).values()
    assert_told(told, READ_BY_EXIFTOOL, report.file.path.name)


@pytest.mark.parametrize("name", [name for names in FILES.values() for name in names if entry(READ_HERE, name)])
def test_scenes_and_arrays_have_all_texts(kept, name):
    found = entry(READ_HERE, name)(kept[name])
    assert {key: found.get(key) for key in TEXTS} == TEXTS


def test_an_exr_has_the_owner_and_the_offset_from_utc_as_openexr_defines_them(kept):
    import OpenEXR

    header = OpenEXR.File(str(kept["p_kbvr_depth.exr"])).header()
    assert (header["owner"], header["utcOffset"]) == (KNOWN.copyright, -3600.0)


def test_a_page_tells_its_author_date_place_and_caption(kept):
    page = kept["p_kbvr.html"].read_text("utf-8")
    metas = {
        name: unescape(text) for name, text in re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', page)
    }
    assert metas["author"] == KNOWN.artist
    assert metas["dcterms.created"] == KNOWN.date
    assert metas["geo.position"] == "48.857700;-2.294500"
    assert metas["og:title"] == KNOWN.caption
    assert metas["og:description"].startswith(KNOWN.caption)
    (alt,) = set(re.findall(r'<kbvr-photo [^>]*alt="([^"]*)"', page))
    assert unescape(alt) == KNOWN.caption


def test_a_vr180_photo_has_one_packet(kept):
    """Google's tools read the first one, which also describes the half sphere."""
    content = kept["p_kbvr.vr.jpg"].read_bytes()
    assert content.count(b"http://ns.adobe.com/xap/1.0/\0") == 1
    report = told_by_exiftool([kept["p_kbvr.vr.jpg"]])["p_kbvr.vr.jpg"]
    assert (report["XMP-GPano:ProjectionType"], report["XMP-dc:Creator"]) == ("equirectangular", KNOWN.artist)


def test_ffprobe_reads_the_tags_of_videos(kept):
    for name in ("p_kbvr_LR.mp4", "p_kbvr_LR.mkv", "p_kbvr_LR.webm", "p_kbvr_wiggle.mp4"):
        command = ["ffprobe", "-v", "error", "-of", "json", "-show_format", str(kept[name])]
        tags = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["format"]["tags"]
        tags = {key.lower(): text for key, text in tags.items()}
        assert (tags["artist"], tags["copyright"], tags["description"]) == (
            KNOWN.artist,
            KNOWN.copyright,
            KNOWN.caption,
        )
        assert tags["creation_time"] == "2024-03-04T04:06:07.000000Z"
        assert tags["location"] == TEXTS["location"]


# --- without the GPS position ---


@pytest.fixture(scope="module")
def removed(photos, tmp_path_factory) -> tuple[dict[str, Path], dict[str, Path]]:
    """Return the files of the photo with a position, and of the one without, exported without `keep_gps`."""
    placed, without = photos
    folders = tmp_path_factory.mktemp("placed"), tmp_path_factory.mktemp("without")
    return exported(placed, folders[0]), exported(without, folders[1])


def test_no_byte_of_an_output_depends_on_the_position_unless_it_is_kept(kept, removed):
    placed, without = removed
    assert {*placed} == {*without} == {*kept}
    for name, path in placed.items():
        assert path.read_bytes() == without[name].read_bytes(), name
        if entry(WITHOUT, name) is None:
            assert path.read_bytes() != kept[name].read_bytes(), name


def test_no_tag_has_a_position_unless_it_is_kept(told, removed):
    for name, report in told_by_exiftool(removed[0].values()).items():
        assert not [tag for tag in report if re.search("GPS|Location|GeoPosition", tag.partition(":")[2])], name
    assert sum("Composite:GPSPosition" in report for report in told.values()) > 15


def test_the_flag_keeps_the_position(photos, tmp_path):
    np.save(tmp_path / "depth.npy", np.linspace(1, 2, 96 * 64, dtype=np.float32).reshape(64, 96))
    depth = ["--depth", str(tmp_path / "depth.npy"), "--depth-kind", "depth-m", "--depth-map", "color"]
    for flags, expected in (([], None), (["--keep-gps"], pytest.approx(LATITUDE))):
        folder = tmp_path / f"out{len(flags)}"
        assert main(["export", str(photos[0]), "-o", str(folder), *depth, *flags]) == 0
        (report,) = told_by_exiftool([*folder.iterdir()]).values()
        assert report.get("Composite:GPSLatitude") == expected


def test_the_explanation_says_that_a_position_is_not_kept(photos, tmp_path):
    np.save(tmp_path / "depth.npy", np.linspace(1, 2, 96 * 64, dtype=np.float32).reshape(64, 96))
    for number, (photo, keep, is_said) in enumerate(((0, False, True), (0, True, False), (1, False, False))):
        depth = {"depth": tmp_path / "depth.npy", "depth_kind": "depth-m", "depth_map": "png", "keep_gps": keep}
        report = kbvr.export(photos[photo], tmp_path / str(number), **depth)
        assert ("photo: its GPS position is not kept in the outputs" in report.explanation) is is_said


def test_a_gallery_has_the_texts_and_no_position(photos, tmp_path):
    """Its pictures and pages are made from the photo itself."""
    options = {"depth_quality": "fast", "depth_map": "png", "max_size": 64}
    (result,) = kbvr.batch(photos[0], tmp_path / "out", gallery="Prague", jobs=1, **options)
    assert result.status == "done"
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    contents = {path.name: path.read_bytes() for path in written}
    pictures = [path for path in written if path.suffix == ".webp"]
    assert len(pictures) >= 2
    for report in told_by_exiftool(pictures).values():
        assert report["IFD0:Artist"] == KNOWN.artist
        assert not [tag for tag in report if "GPS" in tag]
    assert any("Zwei Türme" in content.decode("utf-8", "ignore") for content in contents.values())
    assert not [name for name, content in contents.items() if re.search(rb"GPSL|48[.,]85|48,51|002\.2945", content)]
