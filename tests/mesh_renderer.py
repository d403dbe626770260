"""What draws textured triangles from the photo's camera, exactly and slowly."""

from __future__ import annotations

import cv2
import numpy as np


def drawn(meshes, *, camera, background=(0, 0, 0)):
    """Return the picture (H, W, 3; 0 to 255) of meshes: (points in the camera's axes, triangles, colour of).

    `colour of` takes the mesh's triangles' indices and three shares of their corners (in space) and returns RGBA.
    All surfaces of a pixel are blended, the nearest over the others.
    """
    width, height = camera.size_px
    pixel, depth, rgba = [], [], []
    for points, triangles, colour_of in meshes:
        world = camera.camera_from_world
        places = points.astype(np.float64) @ world[:3, :3].T + world[:3, 3]
        z = places[:, 2]
        at = camera.f_px * places[:, :2] / z[:, None] + (camera.cx_px, camera.cy_px)
        corners = at[triangles]
        first = np.ceil(corners.min(axis=1) - 0.5).astype(int).clip(0, (width, height))
        last = np.floor(corners.max(axis=1) - 0.5).astype(int).clip(-1, (width - 1, height - 1))
        side = (last - first).max(axis=1) + 1
        seen = (last >= first).all(axis=1) & (z[triangles].min(axis=1) > 0)
        level = np.ceil(np.log2(np.maximum(side, 1))).astype(int)
        for one in np.unique(level[seen]):
            of = np.flatnonzero(seen & (level == one))
            y, x = np.mgrid[: 2**one, : 2**one].reshape(2, -1)
            for part in np.array_split(of, max(1, len(of) * len(x) // 2_000_000)):
                column, row = first[part, 0][:, None] + x, first[part, 1][:, None] + y
                a, b, c = corners[part].transpose(1, 0, 2)[:, :, None]
                area = _cross(b - a, c - a)
                place = np.stack([column + 0.5, row + 0.5], axis=2)
                with np.errstate(divide="ignore", invalid="ignore"):
                    second, third = _cross(place - a, c - a) / area, _cross(b - a, place - a) / area
                shares = np.stack([1 - second - third, second, third], axis=2)
                inside = (shares.min(axis=2) >= -1e-9) & (column < width) & (row < height)
                which = np.broadcast_to(part[:, None], inside.shape)[inside]
                shares = shares[inside] / z[triangles[which]]
                inverse = shares.sum(axis=1)
                pixel.append((row * width + column)[inside])
                depth.append(1 / inverse)
                rgba.append(colour_of(which, shares / inverse[:, None]))
    return blended(np.concatenate(pixel), np.concatenate(depth), np.concatenate(rgba), (width, height), background)


def _cross(a, b):
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def blended(pixel, depth, rgba, size_px, background):
    """Return the picture of fragments, the nearest over the others."""
    width, height = size_px
    order = np.lexsort((depth, pixel))
    pixel, rgba = pixel[order], rgba[order].astype(np.float64)
    through = np.log(np.maximum(1 - rgba[:, 3] / 255, 1e-12))
    passed = np.concatenate([[0], np.cumsum(through)])
    weight = rgba[:, 3] / 255 * np.exp(passed[:-1] - passed[np.searchsorted(pixel, pixel)])
    total = np.bincount(pixel, weight, width * height)
    picture = np.stack([np.bincount(pixel, weight * rgba[:, i], width * height) for i in range(3)], axis=1)
    picture += (1 - total)[:, None] * np.asarray(background)
    return picture.reshape(height, width, 3)


def textured(uv, triangles, rgb, alpha=None):
    """Return what `drawn` takes for colours: a texture (and another for alpha), uv 0 to 1 right and down."""
    texture = np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8) if alpha is None else alpha])

    def colour_of(which, shares):
        place = (shares[:, :, None] * uv[triangles[which]]).sum(axis=1)
        at = (place * texture.shape[1::-1] - 0.5).astype(np.float32)
        padded = np.zeros((-(-len(at) // 1024) * 1024, 2), np.float32)
        padded[: len(at)] = at
        x, y = padded.reshape(-1, 1024, 2).transpose(2, 0, 1)
        seen = cv2.remap(texture, x.copy(), y.copy(), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return seen.reshape(-1, 4)[: len(at)]

    return colour_of


def coloured(rgba, triangles):
    """Return what `drawn` takes for colours at vertices."""
    return lambda which, shares: (shares[:, :, None] * rgba[triangles[which]]).sum(axis=1)
