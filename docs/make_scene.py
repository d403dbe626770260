"""Make the pictures of docs/scenes.md with the browsers and engines of the tests: python docs/make_scene.py."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

import kbvr

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from glb import Glb  # noqa: E402
from screens import on_screen  # noqa: E402
from web_engines import ENGINES, IWER_HEAD_M, Web, web  # noqa: E402
from worn import put_on  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
PAGES = ROOT / "kbvr" / "pages"
PHOTO = ROOT / "examples" / "temple.jpg"
VIEWER_PX = (1200, 750)
EYE_PX = (640, 640)
EYE_FOV_DEG = 60
WALL_FOV_DEG = 76
LISTED, POINTED_AT = 29, 6
THUMBNAIL_PX = 480
SHOWN_PX = 1280
QUALITY = 80


def main() -> None:
    """Write pictures of the scene in its viewer, in a headset, and in three engines from several places."""
    with tempfile.TemporaryDirectory() as folder, web() as running:
        scene = kbvr.export(PHOTO, folder, gltf=True).file.path
        running.files["/viewers/scene.html"] = PAGES / "scene.html"
        address = f"{running.origin}/viewers/scene.html?src={running.address(scene)}"
        save("scene_viewer", viewer(running, address))
        save("scene_controls", controls(running, address))
        save("scene_headset", headset(running, address, scene))
        save("scene_gallery", gallery(running, scene, Path(folder)))
        save("scene_engines", engines(running, scene))


def viewer(running: Web, address: str) -> np.ndarray:
    """Return the viewer's page on a screen, with its buttons and with the head moved by the mouse."""
    with running.page(address, VIEWER_PX) as page:
        page.wait_for_function("() => document.querySelector('kbvr-photo').state")
        page.mouse.move(VIEWER_PX[0] * 0.2, VIEWER_PX[1] * 0.7)
        page.wait_for_timeout(1500)
        return screenshot(page.screenshot())


def controls(running: Web, address: str) -> np.ndarray:
    """Return the menu of view modes on a desktop and on a phone, side by side and equally high."""
    shots = []
    for screen in ("wide", "phone"):
        with on_screen(running, screen, address) as page:
            page.locator("kbvr-photo .loaded").wait_for()
            page.keyboard.press("m")
            page.get_by_role("menu").wait_for()
            shots.append(Image.fromarray(screenshot(page.screenshot())))
    height = shots[1].height
    return np.hstack([np.asarray(shot.resize((shot.width * height // shot.height, height))) for shot in shots])


def headset(running: Web, address: str, scene: Path) -> np.ndarray:
    """Return what both eyes see with the head at the edge of its box."""
    glb = Glb.read(scene)
    place = glb.camera[0][:3, 3] + np.array([glb.extras["head_box_m"][0], 0, 0])
    with running.in_headset(address, EYE_PX, fov_deg=EYE_FOV_DEG, button=re.compile("Enter VR")) as worn:
        worn.seen(glb.camera[0][:3, 3])
        return np.hstack(worn.seen(place))


def gallery(running: Web, scene: Path, folder: Path) -> np.ndarray:
    """Return what both eyes see of the wall of scenes, while one is pointed at."""
    scenes = []
    for number, photo in enumerate([PHOTO, *sorted((ROOT / "docs" / "photos").glob("*.jpg"))[:LISTED]]):
        thumbnail = folder / f"thumbnail-{photo.name}"
        with Image.open(photo) as image:
            image.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
            image.convert("RGB").save(thumbnail)
        entry = {"name": photo.name, "kind": "Photo", "src": f"{running.address(scene)}?{number}"}
        scenes.append({**entry, "thumbnail": running.address(thumbnail)})
    (folder / "gallery.json").write_text(json.dumps({"scenes": scenes}), "utf-8")
    tag = f'<meta name="kbvr-gallery" content="{running.address(folder / "gallery.json")}"><title>'
    page = folder / "scene.html"
    page.write_text((PAGES / "scene.html").read_text("utf-8").replace("<title>", tag, 1), "utf-8")
    address = f"{running.address(page)}?src={scenes[0]['src']}"
    with put_on(running, address, EYE_PX, fov_deg=WALL_FOV_DEG) as worn:
        worn.open_gallery()
        worn.headset.page.wait_for_load_state("networkidle")
        worn.aim(scenes[POINTED_AT]["name"])
        return np.hstack(worn.headset.seen((0, IWER_HEAD_M, 0)))


def engines(running: Web, scene: Path) -> np.ndarray:
    """Return a row per engine: from the camera, and from the upper left and the lower right of the head box."""
    extras = Glb.read(scene).extras
    x, y, _ = extras["head_box_m"]
    rows = []
    for engine in ENGINES:
        with running.opened(engine, scene, tuple(extras["size_px"])) as opened:
            rows.append(np.hstack([opened.drawn(place) for place in ((0, 0, 0), (-x, y, 0), (x, -y, 0))]))
    return np.vstack(rows)


def screenshot(png: bytes) -> np.ndarray:
    """Return the pixels of a screenshot."""
    return np.asarray(Image.open(BytesIO(png)).convert("RGB"))


def save(name: str, rgb: np.ndarray) -> None:
    """Write a picture, reduced to the size shown on the page."""
    image = Image.fromarray(rgb)
    image.thumbnail((SHOWN_PX, SHOWN_PX))
    image.save(PICTURES / f"{name}.jpg", quality=QUALITY, optimize=True)


if __name__ == "__main__":
    main()
