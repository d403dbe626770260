"""Galleries for tests: photos whose files are tiny, and pages of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
from glb_by_hand import write_glb
from PIL import Image

import kbvr
from kbvr.formats.loop import mp4_clip, webp
from kbvr.formats.loop.animation import loop_of
from kbvr.gallery.gallery_photo import GalleryFile, GalleryPhoto
from kbvr.gallery.photo_files import scene_script
from kbvr.gallery.places import PICTURE, SCENE, THUMBNAIL, place_of
from kbvr.gallery.site import write_gallery
from kbvr.photo.photo import photo_from_array

COUNT = 5000
SHAPES = ((1500, 1000), (1000, 1500), (1600, 900), (1200, 1200))
GREY = (90, 100, 110)
"""Colour of thumbnails and pictures; the loop is blue, the scene has many colours."""

COMPRESSED = "long" * 60
"""Name of a photo whose scene is compressed."""

NASTY = 'a#1 ?50% "&" <img src=x onerror=boom()> \'ü.jpg'


def photo(number: int, **fields: object) -> GalleryPhoto:
    """Return a photo of its own day, from 1950 on."""
    plain = GalleryPhoto(
        key=f"{number:08x}",
        name=f"IMG_{number}",
        size_px=SHAPES[number % len(SHAPES)],
        folder=f"Box {number % 3 + 1}",
        date=f"{1950 + number // 100}-{number // 9 % 12 + 1:02}-{number % 28 + 1:02}",
        author=f"Author {number % 7}",
    )
    return replace(plain, **fields)


def still(color: tuple[int, int, int]) -> bytes:
    file = BytesIO()
    Image.new("RGB", (30, 20), color).save(file, "WEBP", lossless=True)
    return file.getvalue()


def scene(folder: Path, *, is_compressed: bool) -> bytes:
    """Return a scene, with Draco compression or without."""
    if not is_compressed:
        write_glb(folder / "card.glb")
        return (folder / "card.glb").read_bytes()
    rgb = np.random.default_rng(1).integers(0, 256, (64, 96, 3), np.uint8)
    options = {"gltf": True, "compress": "draco", "triangles": 2000, "depth_quality": "fast"}
    written = kbvr.export(photo_from_array(rgb, name="noise"), folder, **options).written
    return written[0].file.path.read_bytes()


def write_loop(path: Path) -> None:
    """Write a loop in blue, some seconds long."""
    encode = {".mp4": mp4_clip.encode, ".webp": webp.encode}[path.suffix]
    encode(loop_of([np.full((64, 96, 3), (10, 20, 200 + at), np.uint8) for at in range(5)], 1.6), path)


def write_site(out: Path, photos: Iterable[GalleryPhoto], *, title: str = "Tests") -> Path:
    """Write a gallery with all its files; photos share a thumbnail and a picture."""
    photos = tuple(photos)
    picture = out / "picture.webp"
    out.mkdir(parents=True, exist_ok=True)
    picture.write_bytes(still(GREY))
    for each in photos:
        for what in (THUMBNAIL, PICTURE):
            path = place_of(out, what, each.key)
            path.parent.mkdir(parents=True, exist_ok=True)
            os.link(picture, path)
        if each.has_scene:
            path = place_of(out, SCENE, each.key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(scene_script(each.key, scene(out, is_compressed=each.name == COMPRESSED)))
        if each.wiggle and not (out / each.wiggle).exists():
            (out / each.wiggle).parent.mkdir(parents=True, exist_ok=True)
            write_loop(out / each.wiggle)
        for file in each.files:
            if not (out / file.path).exists():
                (out / file.path).parent.mkdir(parents=True, exist_ok=True)
                (out / file.path).write_bytes(file.label.encode())
    write_gallery(photos, out, title=title)
    return out


def rich_photos() -> tuple[GalleryPhoto, ...]:
    """Return photos of all kinds: with everything, with nothing, and with names that break careless pages."""
    return (
        photo(
            1,
            name="temple",
            size_px=(1500, 1000),
            title="A temple",
            caption="The temple by the lake in Zürich, " * 6,
            author="Ada",
            credit="Museum",
            copyright="CC0",
            date="1905-06",
            wiggle="Box 2/temple_kbvr_wiggle.mp4",
            has_scene=True,
            files=(GalleryFile("Box 2/temple_kbvr_LR.mp4", "Stereo video", 1_234_567),),
        ),
        photo(2, name="bare", size_px=(1000, 1500), date="", author="", folder=""),
        photo(
            3,
            name=NASTY,
            caption="<script>boom()</script> \u202e{{caption}} ${caption}",
            author='O\'Brien & "Sons" <b>',
            folder="50% #1? <i>",
            date="1899",
            wiggle=f"50% #1/{NASTY}_kbvr_wiggle.mp4",
            files=(GalleryFile(f"50% #1/{NASTY}_kbvr.glb", "", 7),),
        ),
        photo(4, name=COMPRESSED, size_px=(0, 0), has_scene=True, date="2020-01-02T03:04:05+02:00"),
        photo(5, name="panorama", size_px=(9000, 1000), date="2020-01-03", wiggle="panorama_kbvr_wiggle.webp"),
    )
