"""Folders, and the page that lists what is served."""

from __future__ import annotations

import os
import re
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image
from web_client import asked, path_of, viewing

from kbvr.formats.video.mp4_boxes import box, full_box
from kbvr.serving import Server, Site, Viewing, kinds, open_server, site

LEFT, RIGHT = (250, 0, 0), (0, 0, 250)


class Card(NamedTuple):
    """What the index says about a file."""

    link: str
    name: str
    facts: str


def cards(served: Server) -> list[Card]:
    page = asked(served, path_of(served))[1].decode().replace("<wbr>", "")
    found = re.findall(r'<li><a href="([^"]+)".*?class="name">([^<]+)</span>(.*?)</li>', page)
    return [Card(link, name, " ".join(re.sub("<[^>]+>", " ", rest).split())) for link, name, rest in found]


def names(served: Server) -> list[str]:
    return [card.name for card in cards(served)]


@pytest.fixture
def folder(tmp_path, pages):
    """Photos, what kbvr wrote, and other things."""
    top = tmp_path / "holiday"
    (top / "more" / "deep").mkdir(parents=True)
    for name in ("IMG_10.jpg", "img_9.jpg", "more/IMG_1.jpg", "more/deep/IMG_2.jpg"):
        Image.new("RGB", (60, 40), LEFT).save(top / name)
    (top / "cat_kbvr.glb").write_bytes(b"glTF")
    (top / "letter.txt").touch()
    (top / ".hidden.jpg").touch()
    (top / ".kbvr-0123abcd.part.jpg").touch()
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (top / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (top / "elsewhere").symlink_to(tmp_path)
    os.mkfifo(top / "pipe.jpg")
    return top


def test_a_folder_shows_its_photos_and_what_kbvr_wrote(folder):
    """In the order of their numbers; without links, hidden and unfinished files, and what is below it."""
    with viewing(folder) as served:
        assert names(served) == ["cat_kbvr.glb", "img_9.jpg", "IMG_10.jpg"]
        assert served.served.site.links == ()
        for card in cards(served):
            assert asked(served, path_of(served, card.link))[0].status == 200
        assert b"<h1>holiday</h1>" in asked(served, path_of(served))[1]


def test_folders_below_are_shown_on_request_under_their_names(folder):
    recursive = open_server(Viewing(Site([folder], recursive=True)))
    with recursive as served:
        assert names(served) == ["cat_kbvr.glb", "img_9.jpg", "IMG_10.jpg", "IMG_1.jpg", "IMG_2.jpg"]
        page = asked(served, path_of(served))[1].decode()
        assert re.findall("<h2>(.*?)</h2>", page) == ["holiday", "holiday/more", "holiday/more/deep"]
        assert b"secret" not in asked(served, path_of(served, "files/0/secret.jpg"))[1]


def damaged_mp4():
    """A spatial video that is cut off where it says which eye is first: its box `stri` has four bytes."""
    vexu = box(b"vexu", box(b"eyes", full_box(b"stri")), box(b"pack", full_box(b"pkin", b"side")))
    entry = box(b"hvc1", bytes(78), vexu)
    table = box(b"stbl", full_box(b"stsd", bytes([0, 0, 0, 1]), entry))
    media = box(b"mdia", full_box(b"hdlr", bytes(4), b"vide", bytes(12)), box(b"minf", table))
    return box(b"ftyp", b"isom", bytes(4)) + box(b"moov", box(b"trak", media))


def test_a_damaged_video_does_not_keep_others_from_being_listed(folder):
    (folder / "spatial.mp4").write_bytes(damaged_mp4())
    with viewing(folder) as served:
        assert set(names(served)) - {"spatial.mp4"} == {"cat_kbvr.glb", "img_9.jpg", "IMG_10.jpg"}


def test_a_file_whose_kind_cannot_be_found_is_left_out(folder, monkeypatch, caplog):
    def kind_of(name, path):
        return {}["no such kind"] if name == "img_9.jpg" else kinds.kind_of(name, path)

    monkeypatch.setattr(site, "kind_of", kind_of)
    with viewing(folder) as served:
        assert names(served) == ["cat_kbvr.glb", "IMG_10.jpg"]
    assert "img_9.jpg is left out of the list" in caplog.text


def test_a_reload_shows_new_files_and_old_ones_keep_their_addresses(folder):
    with viewing(folder) as served:
        before = {card.name: card.link for card in cards(served)}
        Image.new("RGB", (60, 40), RIGHT).save(folder / "a_new.jpg")
        (folder / "img_9.jpg").unlink()
        after = {card.name: card.link for card in cards(served)}
        assert set(after) == {"a_new.jpg", "cat_kbvr.glb", "IMG_10.jpg"}
        assert all(after[name] == before[name] for name in set(before) & set(after))
        assert asked(served, path_of(served, after["a_new.jpg"].partition("src=")[2]))[1].startswith(b"\xff\xd8")


def test_nothing_is_found_before_it_was_listed(folder):
    """A request does not look at the folder: only the table that was made from it."""
    with viewing(folder) as served:
        number = len(cards(served))
        (folder / "late.jpg").write_bytes(b"late")
        assert asked(served, path_of(served, f"files/{number}/late.jpg"))[0].status == 404
        names(served)
        assert asked(served, path_of(served, f"files/{number}/late.jpg"))[1] == b"late"


def test_scenes_and_pages_of_other_programs_are_left_out_of_folders(tmp_path, pages):
    """A folder may hold saved pages, whose scripts are nobody's business."""
    for name in ("chair.glb", "saved.html", "table.obj", "numbers.npy"):
        (tmp_path / name).write_bytes(b"<!doctype html>")
    (tmp_path / "renamed.glb").write_bytes(b'glTF{"asset":{"generator":"kbvr 0.1"}}')
    (tmp_path / "video.mp4").touch()
    with viewing(tmp_path) as served:
        assert names(served) == ["renamed.glb", "video.mp4"]
    with viewing(tmp_path / "saved.html", tmp_path / "chair.glb") as served:
        assert names(served) == ["saved.html", "chair.glb"]


def test_each_file_is_listed_once(folder):
    """Though it is named, its folder is named, and the folder around that."""
    given = [folder, folder / "more", folder / "more" / "IMG_1.jpg", folder / ".." / "holiday" / "more" / "IMG_1.jpg"]
    with open_server(Viewing(Site(given, recursive=True))) as served:
        assert sorted(names(served)) == ["IMG_1.jpg", "IMG_10.jpg", "IMG_2.jpg", "cat_kbvr.glb", "img_9.jpg"]
        assert len(served.served.site.links) == 1
    with open_server(Viewing(Site(given[:2]))) as served:
        assert names(served) == ["cat_kbvr.glb", "img_9.jpg", "IMG_10.jpg", "IMG_1.jpg"]


def test_an_empty_folder_says_so(tmp_path, pages):
    with viewing(tmp_path) as served:
        assert f"<h1>{tmp_path.name}</h1>".encode() in asked(served, path_of(served))[1]
        assert b"No files to show yet." in asked(served, path_of(served))[1]
        tmp_path.rmdir()
        assert asked(served, path_of(served))[0].status == 200


def test_a_crowded_folder_is_cut_and_says_so(folder, monkeypatch):
    monkeypatch.setattr(site, "MAX_FILES", 2)
    with viewing(folder) as served:
        assert len(cards(served)) == 2
        assert b"Only the first 2 files are listed." in asked(served, path_of(served))[1]


def test_a_card_says_kind_size_and_date_and_what_is_saved(tmp_path, pages):
    (tmp_path / "cat_kbvr.ply").write_bytes(bytes(1_234_567))
    os.utime(tmp_path / "cat_kbvr.ply", (1_700_000_000, 1_700_000_000))
    with viewing(tmp_path / "cat_kbvr.ply") as served:
        [card] = cards(served)
        assert card.facts.startswith("3D mesh (PLY), to save 1.2 MB · 1")
        assert card.facts.endswith("Nov 2023")
        headers = asked(served, path_of(served, card.link))[0].headers
        assert headers["Content-Disposition"] == "attachment; filename*=utf-8''cat_kbvr.ply"
        assert b" download>" in asked(served, path_of(served))[1]


def test_a_saved_file_keeps_its_name(tmp_path, pages):
    """Whatever it contains: a header has one line, in ASCII. Compressed or not."""
    name = '猫\r\nX: "y"_kbvr_wiggle.html'
    (tmp_path / name).write_text("<img>" * 300, "utf-8")
    with viewing(tmp_path / name) as served:
        [link] = served.served.site.links
        for encoding in ("", "gzip"):
            headers = asked(served, path_of(served, link), Accept_Encoding=encoding)[0].headers
            assert headers["Content-Encoding"] == (encoding or None)
            assert unquote(headers["Content-Disposition"]) == f"attachment; filename*=utf-8''{name}"
            assert headers["X"] is None


def test_names_are_text_on_every_page(tmp_path, pages):
    """Whatever they contain."""
    name = "<script>alert(1)</script>&\"'.jpg".replace("/", "")
    Image.new("RGB", (9, 9)).save(tmp_path / name, "JPEG")
    with viewing(tmp_path) as served:
        [card] = cards(served)
        for path in ("", card.link, card.link.replace("photo.html", "stereo.html")):
            page = asked(served, path_of(served, path))[1]
            assert b"<script>alert" not in page
            assert b"&lt;script&gt;alert(1)&lt;script&gt;&amp;" in page


def shown(served: Server, number: int = 0) -> Image.Image:
    answer, body = asked(served, path_of(served, f"thumbnails/{number}.jpg"))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
    return Image.open(BytesIO(body))


def pair(tmp_path: Path, name: str, *, below: bool = False) -> Path:
    """A stereo picture, red for the left eye and blue for the right one."""
    views = [np.full((300, 400, 3), colour, np.uint8) for colour in (LEFT, RIGHT)]
    Image.fromarray(np.concatenate(views, axis=0 if below else 1)).save(tmp_path / name, quality=95)
    return tmp_path / name


def test_a_thumbnail_is_small_and_shows_one_view(tmp_path, pages):
    layouts = {"a_LR.jpg": False, "a_TB.png": True, "a_TB_HOU.webp": True}
    paths = [pair(tmp_path, name, below=below) for name, below in layouts.items()]
    with viewing(*paths) as served:
        for number, size in enumerate([(400, 300), (400, 300), (320, 480)]):
            picture = shown(served, number)
            assert max(picture.size) <= 480
            assert picture.size[0] / picture.size[1] == pytest.approx(size[0] / size[1], abs=0.01)
            assert np.abs(np.median(np.asarray(picture), axis=(0, 1)) - LEFT).max() < 8


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_thumbnail_is_upright(tmp_path, pages, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (600, 300)).save(tmp_path / "a.jpg", exif=exif)
    with viewing(tmp_path / "a.jpg") as served:
        assert shown(served).size == ((480, 240) if orientation == 1 else (240, 480))


def test_a_file_without_a_picture_has_no_thumbnail(tmp_path, pages):
    """A broken one neither, and it harms nothing."""
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0nothing")
    (tmp_path / "cat_kbvr.glb").write_bytes(b"glTF\2\0\0\0\xff\xff\xff\xff\xff\xff\xff\x7fJSON{}")
    (tmp_path / "cat_kbvr.mp4").write_bytes(b"none")
    Image.new("RGB", (9, 9), LEFT).save(tmp_path / "good.png")
    with viewing(*(tmp_path / name for name in ("broken.jpg", "cat_kbvr.glb", "cat_kbvr.mp4", "good.png"))) as served:
        for number in range(3):
            assert asked(served, path_of(served, f"thumbnails/{number}.jpg"))[1] == b"404 Not Found\n"
        assert shown(served, 3).size == (9, 9)
        assert asked(served, path_of(served, "thumbnails/4.jpg"))[0].status == 404
        assert asked(served, path_of(served, "thumbnails/../files/0/good.png"))[0].status == 404


def test_a_changed_file_has_a_new_thumbnail(folder):
    with viewing(folder) as served:
        number = next(card.link.split("/")[1] for card in cards(served) if card.name == "IMG_10.jpg")
        assert np.asarray(shown(served, number))[5, 5, 0] > 200
        Image.new("RGB", (80, 40), RIGHT).save(folder / "IMG_10.jpg")
        os.utime(folder / "IMG_10.jpg", (5, 5))
        names(served)
        assert shown(served, number).size == (80, 40)
