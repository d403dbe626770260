"""The layout that the player finds in other programs' files: by their metadata, their names and their shapes."""

from __future__ import annotations

import re

import av
import numpy as np
import pytest
from PIL import Image
from player_pages import FACTS, FPS, chosen, loaded, player
from web_client import viewing

from kbvr.formats.spec.format import Item
from kbvr.formats.video.mp4_boxes import add_to_sample_entry, apple_boxes, box, full_box, half_sphere_box
from kbvr.formats.video.write_video import write_video
from kbvr.options.export_options import FileOptions

WINDOW = {"viewport": {"width": 900, "height": 480}}
ST3D_SIDE_BY_SIDE = full_box(b"st3d", b"\x02")
CROSSED, _ = apple_boxes(b"side", None, right_first=True, baseline_m=0.06, fov_deg=60)
HALF_SPHERES, _ = apple_boxes(b"over", b"hequ", right_first=False, baseline_m=0.06, fov_deg=180)
STEREO_MODE = b"\x53\xb8\x81"


def written(path, *, boxes=b"", packing="mono", size_px=(320, 160), container=None, stereo_mode=None):
    """Write a grey video with these boxes in its sample entry, or this StereoMode, and return its path."""
    frames = (np.full((*size_px[::-1], 3), 90 + 20 * frame, np.uint8) for frame in range(4))
    codec = "vp9" if container == "webm" else "h264"
    first = path.with_name(f"first.{container or 'mp4'}")
    options = FileOptions(fps=FPS, codec=codec, container=container or "mp4")
    write_video(frames, Item("video", first, packing), FACTS, options)
    if boxes:
        add_to_sample_entry(first, boxes)
    if stereo_mode is not None:
        content, count = re.subn(STEREO_MODE + b".", STEREO_MODE + bytes([stereo_mode]), first.read_bytes())
        assert count == 1
        first.write_bytes(content)
    first.rename(path)
    return path


def by_metadata(folder):
    """Yield file, layout, and whether its eyes are swapped, of videos whose names say nothing."""
    ours = {"packing": "sbs"}
    yield written(folder / "a.mp4", **ours), "sbs", False
    yield written(folder / "b.mp4", **ours, boxes=half_sphere_box()), "180-sbs", False
    yield written(folder / "c.mp4", boxes=CROSSED), "cross", False
    yield written(folder / "d.mp4", boxes=HALF_SPHERES, size_px=(160, 320)), "180-tb", False
    yield written(folder / "e.mp4", boxes=half_sphere_box(), size_px=(160, 160)), "180-mono", False
    yield written(folder / "f.mp4", **ours, size_px=(640, 360)), "sbs-half", False
    yield written(folder / "g.mp4", boxes=full_box(b"st3d", b"\x04") + half_sphere_box()), "180-sbs", True
    for packing, layout in (("sbs", "sbs"), ("tb", "tb"), ("cross", "cross")):
        path = written(folder / "stream", packing=packing)
        path.write_bytes(path.read_bytes().replace(b"st3d", b"free"))
        yield path.rename(path.with_name(f"{packing}1.mp4")), layout, False
    yield written(folder / "h.webm", **ours, container="webm"), "sbs", False
    yield written(folder / "i.webm", **ours, container="webm", stereo_mode=3), "tb", False
    yield written(folder / "j.webm", **ours, container="webm", stereo_mode=2), "tb", True
    yield written(folder / "k.webm", **ours, container="webm", stereo_mode=0), "mono", False


def by_name(folder):
    """Yield file, layout, and whether its eyes are swapped, of files without metadata."""
    yield written(folder / "beach_180x180_3dh.mp4"), "180-sbs", False
    yield written(folder / "beach_LR_180.mp4"), "180-sbs", False
    yield written(folder / "beach.180.TB.mp4", size_px=(160, 320)), "180-tb", False
    yield written(folder / "beach_VR180.mp4"), "180-sbs", False
    yield written(folder / "beach_180.mp4", size_px=(160, 320)), "180-tb", False
    yield written(folder / "beach - VR180.mp4", size_px=(160, 160)), "180-mono", False
    yield written(folder / "beach_H-SBS.mp4"), "sbs-half", False
    yield written(folder / "beach_180_LR.mp4", boxes=ST3D_SIDE_BY_SIDE), "180-sbs", False
    yield written(folder / "beach_HSBS.mp4", boxes=ST3D_SIDE_BY_SIDE), "sbs-half", False
    yield written(folder / "beach_TB.mp4", boxes=ST3D_SIDE_BY_SIDE), "sbs", False
    for name, size_px, layout in (
        ("IMG_180.png", (300, 200), "mono"),
        ("beach_180.png", (200, 200), "180-mono"),
        ("beach_VR180.png", (400, 200), "180-sbs"),
        ("lake-LR.png", (300, 200), "mono"),
    ):
        Image.new("RGB", size_px, (90, 120, 60)).save(folder / name)
        yield folder / name, layout, False


@pytest.mark.parametrize("files", [by_metadata, by_name])
def test_files_of_other_programs_are_shown_as_they_are_packed(web, stereo_page, tmp_path, files):
    found, wanted = {}, {}
    with player(web, stereo_page, WINDOW) as page:
        for path, layout, is_swapped in files(tmp_path):
            chosen(page, path)
            page.get_by_role("heading", level=1, name=path.name, exact=True).wait_for()
            found[path.name] = (
                page.input_value("#layout"),
                page.locator("#swap").get_attribute("aria-pressed") == "true",
            )
            wanted[path.name] = layout, is_swapped
    assert found == wanted


def test_of_a_long_film_only_the_index_is_read(web, tmp_path):
    """The index is at the end, as cameras write it, behind more than is worth reading."""
    source, path = written(tmp_path / "source.mp4"), tmp_path / "camera.mp4"
    with av.open(source) as given, av.open(path, "w") as made:
        copied = made.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(video=0):
            if packet.dts is not None:
                packet.stream = copied
                made.mux(packet)
    add_to_sample_entry(path, ST3D_SIDE_BY_SIDE + half_sphere_box())
    content = path.read_bytes()
    index = content.rindex(b"moov") - 4
    path.write_bytes(content[:index] + box(b"free", bytes(3_000_000)) + content[index:])
    asked = []

    def note(request):
        if request.resource_type == "fetch":
            first, last = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers["range"]).groups()
            asked.append(int(last) - int(first) + 1)

    with viewing(path) as server, player(web, "about:blank", WINDOW) as page:
        page.on("request", note)
        page.goto(server.url + server.served.site.links[0])
        loaded(page)
        assert page.input_value("#layout") == "180-sbs"
    assert 2 <= len(asked) < 10
    assert sum(asked) < 100_000


def test_metadata_that_cannot_be_read_is_no_reason_not_to_play(web, stereo_page, tmp_path):
    path = written(tmp_path / "plain_LR.mp4", packing="tb")
    broken = "Blob.prototype.slice = () => { throw new TypeError('gone'); };"
    with player(web, stereo_page, WINDOW, broken) as page:
        chosen(page, path)
        assert page.input_value("#layout") == "sbs"
