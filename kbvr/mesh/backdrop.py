"""The dome: a blurred, darkened backdrop in the photo's colours that surrounds the viewer.

Horizontally the photo is mirrored repeatedly, so that colours are continuous at its border and behind the viewer.
Its top row extends to the zenith, its bottom row to the nadir.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8

from kbvr.geometry.camera import Camera
from kbvr.imaging.resize import long_side_px
from kbvr.mesh.texture_atlas import PIECE_PX, Pieces

SURROUNDS = ("none", "fade", "dome")
"""What is visible beyond the photo's border. fade: the margin, fading out; dome: the margin and a blurred dome."""

PIECES = (4, 2)
"""(columns, rows) of the dome's pieces in the atlas; each covers 90 by 90 degrees."""

SIDE_QUADS = 8
COLUMNS, ROWS = PIECES[0] * SIDE_QUADS, PIECES[1] * SIDE_QUADS
SMALL_PX = 96
"""Long side of the downscaled photo that textures the dome."""

BLUR_PX = 5.0
MIN_BRIGHTNESS = 0.3
DARKENING_DEG = 100.0
"""Brightness far from the photo, as a share of the original, and the angle from the border where it is reached."""


@dataclass(frozen=True, eq=False)
class Dome:
    """A sphere around the photo's camera, seen from inside."""

    points_m: Float32[np.ndarray, "N 3"]
    triangles: Int64[np.ndarray, "M 3"]
    pieces: Pieces
    piece: Int64[np.ndarray, "N"]
    """Index of the piece that textures each vertex."""

    piece_px: Float32[np.ndarray, "N 2"]
    """Position of each vertex in its piece, in pixels of the atlas."""


def dome_of(rgb: UInt8[np.ndarray, "H W 3"], camera: Camera, *, radius_m: float) -> Dome:
    """Return the dome of a photo taken by this camera."""
    rgba = np.full((PIECES[1] * PIECE_PX, PIECES[0] * PIECE_PX, 4), 255, np.uint8)
    rgba[..., :3] = _colours(rgb, camera)
    row, column = (index.ravel() for index in np.indices((PIECES[1], PIECES[0])))
    y, x = np.indices((SIDE_QUADS + 1, SIDE_QUADS + 1)).reshape(2, -1)
    across = (column[:, None] * SIDE_QUADS + x).ravel() / COLUMNS
    down = (row[:, None] * SIDE_QUADS + y).ravel() / ROWS
    corner = np.arange(SIDE_QUADS * (SIDE_QUADS + 1)).reshape(SIDE_QUADS, SIDE_QUADS + 1)[:, :-1].ravel()
    below = corner + SIDE_QUADS + 1
    quads = np.concatenate([np.stack([corner, below, corner + 1], 1), np.stack([corner + 1, below, below + 1], 1)])
    pieces = np.arange(len(row))
    triangles = (quads + pieces[:, None, None] * (SIDE_QUADS + 1) ** 2).reshape(-1, 3)
    points_m = (radius_m * _directions(across, down)).T.astype(np.float32)
    points_m[(down == 0) | (down == 1)] *= (0, 1, 0)  # exactly one point at the zenith and one at the nadir
    corners = points_m[triangles]
    has_area = (corners != np.roll(corners, 1, axis=1)).any(axis=2).all(axis=1)
    return Dome(
        points_m=points_m,
        triangles=triangles[has_area],
        pieces=Pieces(rgba, column, row, 1),
        piece=pieces.repeat((SIDE_QUADS + 1) ** 2),
        piece_px=np.tile(np.stack([x, y], 1) * np.float32(PIECE_PX / SIDE_QUADS), (len(row), 1)).astype(np.float32),
    )


def _directions(across: Float64[np.ndarray, "*S"], down: Float64[np.ndarray, "*S"]) -> Float64[np.ndarray, "3 *S"]:
    """Return unit vectors; `across` is a share of a full turn (0 is behind, 0.25 left), `down` of zenith to nadir."""
    azimuth, elevation = (across - 0.5) * 2 * np.pi, (0.5 - down) * np.pi
    flat = np.cos(elevation)
    return np.stack([flat * np.sin(azimuth), -np.sin(elevation), flat * np.cos(azimuth)])


def _colours(rgb: UInt8[np.ndarray, "H W 3"], camera: Camera) -> UInt8[np.ndarray, "h w 3"]:
    """Return the dome's colours as an equirectangular picture."""
    height, width = rgb.shape[:2]
    size = long_side_px((width, height), SMALL_PX, min_px=2)
    small = cv2.GaussianBlur(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), (0, 0), BLUR_PX)
    rows, columns = PIECES[1] * PIECE_PX, PIECES[0] * PIECE_PX
    down, across = np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns, indexing="ij")
    half_x, half_y = np.arctan([width / 2 / camera.f_px, height / 2 / camera.f_px])
    azimuth, elevation = (across - 0.5) * 2 * np.pi, (down - 0.5) * np.pi
    x = (0.5 + _mirrored(azimuth / half_x) / 2) * size[0]
    y = (0.5 + np.clip(elevation / half_y, -1, 1) / 2) * size[1]
    x_px, y_px = (x - 0.5).astype(np.float32), (y - 0.5).astype(np.float32)
    colours = cv2.remap(small, x_px, y_px, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    wide = cv2.copyMakeBorder(colours, 0, 0, columns // 2, columns // 2, cv2.BORDER_WRAP)
    soft = cv2.GaussianBlur(wide, (0, 0), BLUR_PX, borderType=cv2.BORDER_REPLICATE)[:, columns // 2 : -columns // 2]
    beyond = np.hypot(np.maximum(abs(azimuth) - half_x, 0), np.maximum(abs(elevation) - half_y, 0))
    share = np.clip(np.degrees(beyond) / DARKENING_DEG, 0, 1)
    brightness = 1 - (1 - MIN_BRIGHTNESS) * share**2 * (3 - 2 * share)
    return np.rint(soft * brightness[..., None]).astype(np.uint8)


def _mirrored(angle: Float64[np.ndarray, "H W"]) -> Float64[np.ndarray, "H W"]:
    """Return a triangle wave: the identity from -1 to 1, mirrored beyond."""
    return np.asarray(1 - np.abs((angle + 1) % 4 - 2))
