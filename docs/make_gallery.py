"""Make the pictures of docs/gallery.md: python docs/make_gallery.py."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

import kbvr

ROOT = Path(__file__).parents[1]
GALLERY = ROOT / "docs" / "pictures" / "gallery"
PHOTOS = (*sorted((ROOT / "examples").glob("*.jpg")), *sorted((ROOT / "docs" / "photos").glob("*.jpg")))
HEIGHT_PX = 240


def main() -> None:
    """Write one strip per photo: the photo, its depth, and what stands behind its near things."""
    GALLERY.mkdir(exist_ok=True)
    for path in PHOTOS:
        photo = kbvr.load_photo(path)
        depth = kbvr.estimate_depth(photo)
        scene = kbvr.build_scene(photo, depth)
        margin, (width, height) = scene.ldi.margin_px, photo.size_px
        inside = np.s_[margin : margin + height, margin : margin + width]
        hidden = scene.ldi.layers[-1].rgba[inside]
        shown = np.where(scene.ldi.fill_mask[inside][..., None], hidden[..., :3], photo.rgb // 4 + 160)
        parts = [photo.rgb, coloured(depth.inverse_depth), shown.astype(np.uint8)]
        size = (round(width * HEIGHT_PX / height), HEIGHT_PX)
        strip = np.hstack([cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in parts])
        Image.fromarray(strip).save(GALLERY / path.name, quality=88)


def coloured(inverse_depth: np.ndarray) -> np.ndarray:
    """Return inverse depth as colours, red near and blue far."""
    nearness = (255 * inverse_depth / inverse_depth.max()).astype(np.uint8)
    return cv2.applyColorMap(nearness, cv2.COLORMAP_TURBO)[..., ::-1]


if __name__ == "__main__":
    main()
