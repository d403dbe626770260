"""Draw the 360 photo of docs/panoramas.md, a room around the viewer: python docs/make_around.py FILE.jpg."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from kbvr.formats.spec.xmp import xmp_of
from kbvr.geometry.sphere import equirectangular_rays
from kbvr.photo.credits import NO_CREDITS

WIDTH_PX = 1024
WALLS = ((0, -3.0), (0, 2.5), (2, -2.5), (2, 3.5), (1, -1.4), (1, 1.5))
"""(axis, position in metres) of the walls, the ceiling and the floor, around eyes 1.5 m above the floor."""

PAINT = ((205, 190, 160), (160, 178, 200), (196, 160, 150), (165, 190, 155), (232, 230, 224), (150, 108, 70))
BALLS = (
    ((0.5, 0.9, 1.7), 0.6, (190, 60, 50)),
    ((-1.4, 1.1, 0.4), 0.4, (60, 95, 185)),
    ((0.1, 0.2, -1.7), 0.3, (220, 190, 70)),
)
"""Centre and radius in metres, and colour."""

LAMP = np.array((0.4, -1.2, 0.5))


def around() -> np.ndarray:
    """Return the room, equirectangular."""
    rays = equirectangular_rays((WIDTH_PX, WIDTH_PX // 2)).astype(np.float64)
    nearest = np.full(rays.shape[:2], np.inf)
    paint, normals = np.zeros_like(rays), np.zeros_like(rays)
    for (axis, position), colour in zip(WALLS, PAINT, strict=True):
        with np.errstate(divide="ignore"):
            distance = position / rays[..., axis]
        seen = (distance > 0) & (distance < nearest)
        points = rays * np.where(seen, distance, 0)[..., None]
        across, along = (points[..., other] for other in range(3) if other != axis)
        tile = np.minimum(abs((across * 2 + 0.3) % 1 - 0.5), abs((along * 2 + 0.2) % 1 - 0.5)) < 0.04
        nearest[seen], paint[seen] = distance[seen], np.array(colour) * np.where(tile[seen], 0.7, 1.0)[:, None]
        normals[seen] = -np.sign(position) * np.eye(3)[axis]
    for centre, radius, colour in BALLS:
        middle = rays @ np.array(centre)
        inside = middle**2 - np.dot(centre, centre) + radius**2
        distance = middle - np.sqrt(np.maximum(inside, 0))
        seen = (inside > 0) & (middle > 0) & (distance < nearest)
        nearest[seen], paint[seen] = distance[seen], colour
        normals[seen] = (rays[seen] * distance[seen][:, None] - centre) / radius
    to_lamp = LAMP - rays * nearest[..., None]
    far = np.linalg.norm(to_lamp, axis=-1)
    facing = np.maximum((normals * to_lamp).sum(axis=-1) / far, 0)
    light = 0.35 + 1.1 * facing / (0.6 + 0.25 * far**2)
    return (paint * light[..., None]).clip(0, 255).astype(np.uint8)


def main() -> None:
    """Draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    words = {
        "GPano:ProjectionType": "equirectangular",
        "GPano:FullPanoWidthPixels": WIDTH_PX,
        "GPano:FullPanoHeightPixels": WIDTH_PX // 2,
    }
    Image.fromarray(around()).save(parser.parse_args().file, quality=88, xmp=xmp_of(NO_CREDITS, words))


if __name__ == "__main__":
    main()
