"""Make the strips of docs/gallery.md, and update the page from gallery.toml: python docs/make_gallery.py."""

from __future__ import annotations

import argparse

import cv2
import numpy as np
from gallery_pages import ROOT, Strip, remove_strips_not_in, strips, text_of, write_into
from PIL import Image

import kbvr
from kbvr.depth.networks import BUILT_IN_NETWORK
from kbvr.photo.photo import Photo

PAGE = ROOT / "docs" / "gallery.md"
HEIGHT_PX = 240


def main() -> None:
    """Write a strip for every photo in the lists `gallery` and `fails`, then update the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--depth-model", default=BUILT_IN_NETWORK, help="the depth network: a name or a file")
    model = parser.parse_args().depth_model
    for kind in ("gallery", "fails"):
        for strip in strips(kind):
            photo = kbvr.load_photo(strip.photo)
            depth = kbvr.estimate_depth(photo, model=model)
            parts = [photo.rgb, coloured(depth.inverse_depth)]
            if kind == "gallery":
                parts.append(hidden(photo, depth))
            save(strip, [fitted(part) for part in parts])
        remove_strips_not_in(kind)
    for part in ("gallery", "fails", "credits"):
        write_into(PAGE, part, text_of(part))


def hidden(photo: Photo, depth: kbvr.DepthMap) -> np.ndarray:
    """Return a pale photo, overlaid with what kbvr fills in behind near things."""
    scene = kbvr.build_scene(photo, depth)
    margin, (width, height) = scene.ldi.margin_px, photo.size_px
    inside = np.s_[margin : margin + height, margin : margin + width]
    filled = scene.ldi.hidden.rgba[inside][..., :3]
    return np.where(scene.ldi.fill_mask[inside][..., None], filled, photo.rgb // 4 + 160).astype(np.uint8)


def coloured(inverse_depth: np.ndarray) -> np.ndarray:
    """Return inverse depth as colours: red is near, blue is far."""
    nearness = (255 * inverse_depth / inverse_depth.max()).astype(np.uint8)
    return cv2.applyColorMap(nearness, cv2.COLORMAP_TURBO)[..., ::-1]


def fitted(picture: np.ndarray) -> np.ndarray:
    """Return a picture resized to the height of a strip."""
    height, width = picture.shape[:2]
    return cv2.resize(picture, (round(width * HEIGHT_PX / height), HEIGHT_PX), interpolation=cv2.INTER_AREA)


def save(strip: Strip, parts: list[np.ndarray]) -> None:
    """Write the parts of a strip side by side."""
    strip.path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.hstack(parts)).save(strip.path, quality=88)


if __name__ == "__main__":
    main()
