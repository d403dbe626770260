"""What an emulated headset draws in one frame: draw calls, triangles and texture bytes stay within what a Quest can do.

Bounds, at 72 Hz for both eyes together. Draw calls: the least of the range that Meta gives for busy simulations on the
Quest 2 and the Quest Pro, 80 to 200 (developers.meta.com, "Testing and performance analysis"; the Quest 3's begins at
200). Triangles: the least of its range for the same headsets, 750,000 to 1 million. Meta gives none for textures: a
photo's scene may take 256 MiB, two textures of 4096 x 4096 pixels with mipmaps and half as much again; the gallery and
the panel together a tenth of that.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from glb import Glb
from gpu_counts import COUNTING, of_one_frame
from PIL import Image
from worn import put_on

import kbvr

ROOT = Path(__file__).parents[2]
MAX_CALLS = 80
MAX_TRIANGLES = 750_000
MAX_BYTES = 256 * 2**20
MAX_MENU_CALLS = 16
MAX_MENU_TRIANGLES = 200
MAX_MENU_BYTES = 24 * 2**20
SCENES = 30


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Return what `kbvr --gltf` makes of a photo without further options."""
    return kbvr.export(ROOT / "examples" / "temple.jpg", tmp_path_factory.mktemp("scene"), gltf=True).file.path


@pytest.fixture(scope="module")
def worn(web, scene, tmp_path_factory):
    """Return a headset that shows the scene, where there are 30 to choose from."""
    folder = tmp_path_factory.mktemp("page")
    Image.effect_noise((480, 320), 90).convert("RGB").save(folder / "noise.jpg")
    thumbnail, source = web.address(folder / "noise.jpg"), web.address(scene)
    scenes = [
        {"name": f"IMG_20260{number}_123456.jpg", "kind": "Photo", "src": f"{source}?{number}", "thumbnail": thumbnail}
        for number in range(SCENES)
    ]
    (folder / "gallery.json").write_text(json.dumps({"scenes": scenes}))
    head = f'<meta name="kbvr-gallery" content="{web.address(folder / "gallery.json")}"><title>'
    page = (ROOT / "kbvr" / "pages" / "scene.html").read_text("utf-8").replace("<title>", head, 1)
    (folder / "scene.html").write_text(page, "utf-8")
    address = f"{web.address(folder / 'scene.html')}?src={scenes[0]['src']}"
    with put_on(web, address, (64, 64), scripts=[COUNTING]) as headset:
        yield headset


@pytest.fixture(scope="module")
def counts(worn):
    """Return what one frame takes: of the scene alone, with the panel, with the vignette too, and of the wall."""
    page = worn.headset.page
    alone = of_one_frame(page)
    worn.ask()
    worn.aim("True size")
    panel = of_one_frame(page)
    worn.push(0, 1)
    worn.settled()
    moving = of_one_frame(page)
    worn.push(0, 0)
    worn.open_gallery()
    page.wait_for_load_state("networkidle")
    worn.frames(4)
    return {"alone": alone, "panel": panel, "moving": moving, "wall": of_one_frame(page)}


def test_a_photos_scene_is_within_what_headsets_draw(counts, scene):
    """With the panel and the vignette too; every triangle is drawn once for each eye."""
    alone = counts["alone"]
    drawn = sum(len(mesh.triangles) for mesh in Glb.read(scene).meshes())
    assert 0.5 * 2 * drawn < alone.triangles <= 2 * drawn
    for name in ("alone", "panel", "moving"):
        assert counts[name].calls <= MAX_CALLS, name
        assert counts[name].triangles <= MAX_TRIANGLES, name
        assert counts[name].bytes <= MAX_BYTES, name


def test_the_panel_and_the_vignette_take_little(counts):
    alone, panel, moving = counts["alone"], counts["panel"], counts["moving"]
    assert 0 < panel.calls - alone.calls <= MAX_MENU_CALLS
    assert panel.triangles - alone.triangles <= MAX_MENU_TRIANGLES
    assert 0 < panel.bytes - alone.bytes <= MAX_MENU_BYTES
    assert panel.calls < moving.calls <= alone.calls + MAX_MENU_CALLS


def test_a_wall_of_thumbnails_takes_few_calls_and_one_texture(counts):
    """Behind it nothing else is drawn; all pictures are in one texture of their own size."""
    alone, wall = counts["alone"], counts["wall"]
    assert 0 < wall.calls <= MAX_MENU_CALLS
    assert 12 * 2 * 2 <= wall.triangles <= MAX_MENU_TRIANGLES
    assert wall.bytes - alone.bytes <= MAX_MENU_BYTES
    assert wall.bytes <= MAX_BYTES


def test_the_memory_of_a_closed_wall_is_free(worn, counts):
    worn.press("b-button")
    worn.frames(3)
    assert of_one_frame(worn.headset.page).bytes <= counts["panel"].bytes
