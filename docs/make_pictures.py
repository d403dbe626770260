"""Make the pictures of the README from the example photos: python docs/make_pictures.py."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

import kbvr
from kbvr.paths import PathOptions, moves_along, view_of
from kbvr.render import Renderer
from kbvr.stereo import eye_pair, plan_rig
from kbvr.surroundings import surroundings_of

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
WIDTH_PX = 420
FRAMES = 14


def main() -> None:
    """Write photo and depth, a stereo pair, and a moving picture."""
    PICTURES.mkdir(exist_ok=True)
    photo = kbvr.load_photo(ROOT / "examples" / "temple.jpg")
    depth = kbvr.estimate_depth(photo)
    scene = kbvr.build_scene(photo, depth)
    nearness = (255 * depth.inverse_depth / depth.inverse_depth.max()).astype(np.uint8)
    coloured = cv2.applyColorMap(nearness, cv2.COLORMAP_TURBO)[..., ::-1]
    save("depth.jpg", np.hstack([photo.rgb, coloured]))
    around = surroundings_of(depth)
    view = view_of(around, (WIDTH_PX, round(WIDTH_PX * photo.size_px[1] / photo.size_px[0])))
    rig = plan_rig(around, view)
    moves = moves_along(PathOptions(seconds=FRAMES / 25), around)
    with Renderer(scene, pixels_per_photo_px=view.f_px / photo.f_px) as renderer:
        pair = [renderer.frame(camera) for camera in eye_pair(moves[0].camera(view), rig)]
        save("pair.jpg", np.hstack(pair))
        film = [Image.fromarray(renderer.frame(move.camera(view))) for move in moves]
    palette = film[0].quantize(128)
    frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in film]
    frames[0].save(PICTURES / "swing.gif", save_all=True, append_images=frames[1:], duration=90, loop=0)


def save(name: str, rgb: np.ndarray) -> None:
    """Write one JPEG."""
    Image.fromarray(np.ascontiguousarray(rgb)).save(PICTURES / name, quality=88)


if __name__ == "__main__":
    main()
