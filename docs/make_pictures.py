"""Make the pictures of the README and of docs/moves.md from the example photos: python docs/make_pictures.py."""

from __future__ import annotations

import tempfile
from pathlib import Path

import av
import cv2
import numpy as np
from PIL import Image

import kbvr
from kbvr.depth.scene_depth import scene_depth_of
from kbvr.motion.consequences import Landmarks
from kbvr.motion.crop import Crop
from kbvr.motion.path_names import Steps
from kbvr.motion.path_options import PathOptions
from kbvr.motion.paths import moves_along
from kbvr.motion.view import view_of
from kbvr.rendering.cpu_renderer import Renderer
from kbvr.stereo.rig import eye_row, plan_rig

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
WIDTH_PX = 420
FRAMES = 14
MOVE_WIDTH_PX = 280
MOVES = {
    "swing": "temple",
    "circle": "cat",
    "orbit": "coffee",
    "dolly": "coffee",
    "dolly-zoom": "temple",
    "kenburns": "cat",
    "flight": "coffee",
}


def main() -> None:
    """Write the pictures of the README, a clip of every move, and two strips."""
    PICTURES.mkdir(exist_ok=True)
    write_readme_pictures()
    (PICTURES / "moves").mkdir(exist_ok=True)
    for path, photo in MOVES.items():
        film = filmed(f"examples/{photo}.jpg", path=path, seconds=3, fps=12, max_size=(MOVE_WIDTH_PX, 1000))
        pictures = [Image.fromarray(frame) for frame in film]
        pictures[0].save(
            PICTURES / "moves" / f"{path}.webp",
            save_all=True,
            append_images=pictures[1:],
            duration=83,
            loop=0,
            quality=60,
        )
    crops = {"from_crop": Crop(0, 0, 100, 100, percent=True), "to_crop": Crop(40, 15, 40, 40, percent=True)}
    save_strip("moves/old-photo.jpg", filmed("docs/photos/camera.jpg", loop=False, **crops))
    free = {"shift_px": 10.0, "zoom": 1e55, "steps": Steps(0, 8, 60)}
    save_strip("moves/long-flight.jpg", filmed("examples/coffee.jpg", **free))


def write_readme_pictures() -> None:
    """Write photo and depth, a stereo pair, and a moving GIF."""
    photo = kbvr.load_photo(ROOT / "examples" / "temple.jpg")
    depth = kbvr.estimate_depth(photo)
    scene = kbvr.build_scene(photo, depth)
    nearness = (255 * depth.inverse_depth / depth.inverse_depth.max()).astype(np.uint8)
    coloured = cv2.applyColorMap(nearness, cv2.COLORMAP_TURBO)[..., ::-1]
    save("depth.jpg", np.hstack([photo.rgb, coloured]))
    scene_depth = scene_depth_of(depth)
    view = view_of(scene_depth, (WIDTH_PX, round(WIDTH_PX * photo.size_px[1] / photo.size_px[0])))
    rig = plan_rig(scene_depth, view)
    moves = moves_along(PathOptions(seconds=FRAMES / 25), Landmarks(scene_depth, photo.rgb))
    with Renderer(scene, pixels_per_photo_px=view.f_px / photo.f_px) as renderer:
        pair = [renderer.frame(camera) for camera in eye_row(moves[0].camera(view), rig, 2)]
        save("pair.jpg", np.hstack(pair))
        film = [Image.fromarray(renderer.frame(move.camera(view))) for move in moves]
    palette = film[0].quantize(128)
    frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in film]
    frames[0].save(PICTURES / "swing.gif", save_all=True, append_images=frames[1:], duration=90, loop=0)


def filmed(photo: str, **options: object) -> list[np.ndarray]:
    """Return the frames of a plain video made from a photo."""
    with tempfile.TemporaryDirectory() as folder:
        report = kbvr.export(ROOT / photo, folder, kenburns=True, **options)
        with av.open(str(report.file.path)) as container:
            return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def save_strip(name: str, film: list[np.ndarray]) -> None:
    """Write four frames side by side, from the first to the last."""
    chosen = [film[round(at * (len(film) - 1))] for at in (0, 1 / 3, 2 / 3, 1)]
    height = round(MOVE_WIDTH_PX * film[0].shape[0] / film[0].shape[1])
    save(name, np.hstack([cv2.resize(f, (MOVE_WIDTH_PX, height), interpolation=cv2.INTER_AREA) for f in chosen]))


def save(name: str, rgb: np.ndarray) -> None:
    """Write one JPEG."""
    Image.fromarray(np.ascontiguousarray(rgb)).save(PICTURES / name, quality=88)


if __name__ == "__main__":
    main()
