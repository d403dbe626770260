"""What has to be seen of a GLB of kbvr from near its camera; metres: x right, y up, z back from the camera."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import cv2
import numpy as np
from glb import Glb, Hits
from PIL import Image
from web_engines import GREEN, IPD_M, MAGENTA

import kbvr

EXAMPLES = Path(__file__).parents[1] / "examples"
SEEN_THROUGH_LEVELS = 4
"""What differs by more when the colour behind everything changes lets it through."""

STEEP = 1.03
"""Where neighbouring rays differ by more in depth, a match may be of either side."""


def small_photo(folder: Path, name: str = "temple.jpg", *, wide_px: int = 360) -> Path:
    """Return an example photo made small, without losses."""
    path = folder / f"{Path(name).stem}.png"
    with Image.open(EXAMPLES / name) as image:
        size_px = (wide_px, round(wide_px * image.height / image.width))
        image.convert("RGB").resize(size_px, Image.Resampling.LANCZOS).save(path)
    return path


def exported(photo: Path, folder: Path, **options: object) -> Path:
    """Return the GLB that kbvr makes of a photo."""
    report = kbvr.export(photo, folder, gltf=True, fov_deg=60, **options)
    return report.file.path


def psnr(picture: np.ndarray, wanted: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio, in dB."""
    return float(10 * np.log10(255**2 / max(np.mean((picture.astype(float) - wanted) ** 2), 1e-9)))


def rays(size_px: tuple[int, int], f_px: float) -> np.ndarray:
    """Return where every pixel's centre looks, H x W x 3, 1 m deep."""
    x, y = np.meshgrid(np.arange(size_px[0]) + 0.5, np.arange(size_px[1]) + 0.5)
    return np.stack([(x - size_px[0] / 2) / f_px, (size_px[1] / 2 - y) / f_px, np.full(x.shape, -1.0)], axis=-1)


def within_frame(glb: Glb, start: tuple[float, ...], directions: np.ndarray) -> np.ndarray:
    """Return which rays stay inside what the photo shows, from the nearest of the scene to the farthest.

    Such a ray has to meet something. `start` is where they begin, from the camera.
    """
    eye, (width, height), f_px = glb.camera[0][:3, 3], glb.extras["size_px"], glb.extras["f_px"]
    depths = [eye[2] - mesh.points[:, 2] for mesh in glb.meshes() if mesh.name.startswith(("front", "hidden"))]
    most, inside = np.array([width, height]) / 2 / f_px, np.ones(directions.shape[:-1], bool)
    for depth in (min(map(np.min, depths)), max(map(np.max, depths))):
        at = np.array(start) + directions * (depth + start[2])
        inside &= (np.abs(at[..., :2]) <= most * depth).all(axis=-1)
    return inside


def corners_of_head_box(glb: Glb, *, with_eyes: bool = False) -> Iterator[tuple[float, float, float]]:
    """Yield the eight corners of the box that the head may move in, or of that which its eyes may."""
    x, y, z = glb.extras["head_box_m"]
    yield from product(*((-side, side) for side in (x + IPD_M / 2 * with_eyes, y, z)))


def see_through(draw: Callable[..., np.ndarray]) -> np.ndarray:
    """Return the pixels that show anything of the colour behind all."""
    before, after = (draw(clear=clear).astype(int) for clear in (MAGENTA, GREEN))
    return np.abs(before - after).max(axis=-1) > SEEN_THROUGH_LEVELS


def matches(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return N x 2 places in the left picture, and where in the right one the same is (SIFT, best both ways)."""
    finder = cv2.SIFT.create(contrastThreshold=0.02)
    (keys_left, words_left), (keys_right, words_right) = (
        finder.detectAndCompute(cv2.cvtColor(eye, cv2.COLOR_RGB2GRAY), None) for eye in (left, right)
    )
    pairs = cv2.BFMatcher(crossCheck=True).match(words_left, words_right)
    at_left = np.array([keys_left[pair.queryIdx].pt for pair in pairs]) + 0.5
    at_right = np.array([keys_right[pair.trainIdx].pt for pair in pairs]) + 0.5
    near = (np.abs(at_left - at_right)[:, 1] < 3) & (at_left - at_right > -3)[:, 0]
    return at_left[near], at_right[near]


def smooth_hits(glb: Glb, eye: np.ndarray, at_px: np.ndarray, size_px: tuple[int, int], f_px: float) -> Hits:
    """Return what an eye's picture shows at places, as depths; infinite where the depth changes within two pixels."""
    x, y = ((at_px - np.array(size_px) / 2) / f_px).T
    straight = np.stack([x, -y, np.full(x.shape, -1.0)], axis=1)
    middle = glb.hits(eye, straight)
    steady = np.isfinite(middle.distance)
    for step in ((2, 0), (-2, 0), (0, 2), (0, -2)):
        beside = glb.hits(eye, straight + np.array([*step, 0]) / f_px).distance
        steady &= np.maximum(beside, middle.distance) <= STEEP * np.minimum(beside, middle.distance)
    return Hits(np.where(steady, middle.distance, np.inf), middle.mesh, middle.colour)
