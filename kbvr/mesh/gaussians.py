"""Splats: a scene as flat Gaussians on its surfaces, for viewers of 3D Gaussian splatting.

Each square of a layer's pixels becomes one Gaussian (Kerbl et al., "3D Gaussian splatting for real-time radiance field
rendering", SIGGRAPH 2023). Its centre is P(u, v) = ray(u, v) / inverse depth. Its extent is SIGMA times the square's
side along dP/du and dP/dv, so it looks round and as large as its square from the photo's camera. Gaussians never close
a surface completely, so larger ones of the same colours line the front layer from behind.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isqrt

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64

from kbvr.errors import InputError
from kbvr.geometry.camera import Camera
from kbvr.ldi.layered_depth_image import Layer
from kbvr.ldi.scene import Scene
from kbvr.mesh.cell_plane import NEAREST_SHARE
from kbvr.mesh.textured_mesh import HIDDEN_DEPTH_BIAS

SIGMA = 0.42
"""Standard deviation, as a share of the square's side. It matches the photo best at one to two times its size;
smaller values leave holes, larger ones blur."""

CLOSED_SIGMA = 0.65
"""The same for hidden layers and the lining: blurred, but closed."""

LINING = 4
"""Side of the lining's squares, in squares of the front layer."""

THICKNESS = 0.05
"""Extent across the surface, as a share of the smaller extent along it."""

MAX_TILT = 1.0
"""Maximum relative change of inverse depth over a square that tilts its splat."""

MIN_OPACITY = 1 / 64
MAX_SPLATS = 2_000_000
MIN_SQUARES_ACROSS = 8


@dataclass(frozen=True, eq=False)
class Splats:
    """Flat Gaussians."""

    points_m: Float32[np.ndarray, "N 3"]
    """x right, y down, z forward from the photo's camera."""

    scales_m: Float32[np.ndarray, "N 3"]
    """Standard deviations along the splat's three axes; the last axis is normal to the surface."""

    turns: Float32[np.ndarray, "N 4"]
    """Unit quaternions (w, x, y, z) that rotate the coordinate axes to the splat's axes."""

    rgb: Float32[np.ndarray, "N 3"]
    opacity: Float32[np.ndarray, "N"]
    """sRGB and opacity, 0 to 1."""

    side_px: int
    """Side of the squares, in photo pixels."""


def splats_of(scene: Scene, *, surround: bool = True, max_splats: int = MAX_SPLATS, sigma: float = SIGMA) -> Splats:
    """Return a scene as splats: one per pixel, or one per square of pixels if there would be more than `max_splats`.

    `surround` includes the margin beyond the photo's border, fading out. `sigma` is the standard deviation of a splat,
    as a share of its square's side.

    Raises:
        InputError: if `max_splats` are too few for the scene.
    """
    layers, size_px = scene.ldi.layers, scene.ldi.size_px
    pixels = sum(int(np.count_nonzero(layer.rgba[..., 3])) for layer in layers)
    for side_px in range(max(1, isqrt(int(pixels / 2 / max_splats))), max(size_px) // MIN_SQUARES_ACROSS + 2):
        surfaces = [
            _squares(layer, scene, side_px, surround, CLOSED_SIGMA if layer.is_hidden else sigma) for layer in layers
        ]
        surfaces.append(_lining(scene, side_px, surround))
        if sum(int(np.count_nonzero(squares.present)) for squares in surfaces) <= max_splats:
            farthest = max(float(layer.inverse_depth.max()) for layer in layers) / NEAREST_SHARE
            parts = [_splats(squares, scene.camera, max(farthest, 1e-9)) for squares in surfaces]
            points, scales, turns, rgb, opacity = (
                np.concatenate(arrays).astype(np.float32) for arrays in zip(*parts, strict=True)
            )
            return Splats(points, scales, turns, rgb, opacity, side_px)
    raise InputError(f"this scene needs more than {max_splats} splats; allow a larger file")


@dataclass(frozen=True, eq=False)
class _Squares:
    """One layer in squares of pixels."""

    present: Bool[np.ndarray, "h w"]
    inverse_depth: Float32[np.ndarray, "h w"]
    rgb: Float32[np.ndarray, "h w 3"]
    opacity: Float32[np.ndarray, "h w"]
    x_px: Float64[np.ndarray, "w"]
    y_px: Float64[np.ndarray, "h"]
    """Centres of the squares, in pixels of the photo."""

    side_px: int
    jump: float
    """Minimum difference of inverse depth between two surfaces, 1/m."""

    sigma: float
    """Standard deviation of the splats, as a share of the squares' side."""


def _squares(layer: Layer, scene: Scene, side_px: int, surround: bool, sigma: float) -> _Squares:
    ldi = scene.ldi
    height, width = (-(-side // side_px) for side in layer.inverse_depth.shape)
    x, y = ((np.arange(count) + 0.5) * side_px - ldi.margin_px for count in (width, height))
    alpha = layer.rgba[..., 3].astype(np.float32) / np.float32(255)
    has_surface = (alpha > 0).astype(np.float32)
    cover = _means(alpha, side_px)
    rgb = np.stack([_means(layer.rgba[..., channel] * alpha, side_px) for channel in range(3)], axis=2)
    depth_sum = _means(layer.inverse_depth * has_surface, side_px)
    depth = depth_sum / np.maximum(_means(has_surface, side_px), np.float32(1e-9))
    opacity = cover * _fading(x, y, scene, surround)
    return _Squares(
        present=opacity >= MIN_OPACITY,
        inverse_depth=depth * np.float32(HIDDEN_DEPTH_BIAS if layer.is_hidden else 1),
        rgb=rgb / np.maximum(255 * cover, np.float32(1e-9))[..., None],
        opacity=opacity,
        x_px=x,
        y_px=y,
        side_px=side_px,
        jump=ldi.jump_px / (ldi.f_px * ldi.reach_m),
        sigma=sigma,
    )


def _lining(scene: Scene, side_px: int, surround: bool) -> _Squares:
    """Return larger squares behind the front layer, where it has no gaps within their reach."""
    front = scene.ldi.front
    large_px = LINING * side_px
    squares = _squares(front, scene, large_px, surround, CLOSED_SIGMA)
    reach_px = 3 * large_px // 2 * 2 + 1
    window = np.ones((reach_px, reach_px), np.uint8)
    farthest = cv2.erode(front.inverse_depth, window)
    closed = cv2.erode(front.rgba[..., 3], window, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    row, column = (np.arange(count) * large_px + large_px // 2 for count in squares.present.shape)
    at = np.ix_(np.minimum(row, farthest.shape[0] - 1), np.minimum(column, farthest.shape[1] - 1))
    depth = farthest[at] * np.float32(HIDDEN_DEPTH_BIAS)
    return replace(squares, present=squares.present & closed[at], inverse_depth=depth)


def _means(plane: Float32[np.ndarray, "H W"], side_px: int) -> Float32[np.ndarray, "h w"]:
    """Return the means over squares; pixels beyond the plane count as 0."""
    if side_px == 1:
        return plane
    height, width = plane.shape
    whole = np.pad(plane, ((0, -height % side_px), (0, -width % side_px)))
    return np.asarray(cv2.resize(whole, None, fx=1 / side_px, fy=1 / side_px, interpolation=cv2.INTER_AREA))


def _fading(
    x: Float64[np.ndarray, "w"], y: Float64[np.ndarray, "h"], scene: Scene, surround: bool
) -> Float32[np.ndarray, "h w"]:
    """Return 1 in the photo, falling to 0 at the margin's end, or right at the photo's border without `surround`."""
    width, height = scene.ldi.size_px
    beyond = np.maximum(np.maximum(-x, x - width), np.maximum(-y, y - height)[:, None])
    share = np.clip(beyond / scene.ldi.margin_px, 0, 1)
    fading = 1 - share**2 * (3 - 2 * share) if surround else beyond < 0
    return np.asarray(fading, np.float32)


def _splats(squares: _Squares, camera: Camera, farthest: float) -> tuple[np.ndarray, ...]:
    """Return the arrays of `Splats` for the squares of one layer."""
    row, column = np.nonzero(squares.present)
    depth = np.maximum(squares.inverse_depth.astype(np.float64), farthest)
    rays = np.stack(
        [
            (squares.x_px[column] - camera.cx_px) / camera.f_px,
            (squares.y_px[row] - camera.cy_px) / camera.f_px,
            np.ones(len(row)),
        ],
        axis=1,
    )
    inverse_depth = depth[row, column][:, None]
    step = squares.sigma * squares.side_px / camera.f_px
    along = []
    for axis in (1, 0):
        slope = _slope(depth, squares.present, axis, squares.jump)[row, column][:, None] / inverse_depth
        slope = np.clip(slope, -MAX_TILT, MAX_TILT) * camera.f_px / squares.side_px
        along.append(step * (np.eye(3)[1 - axis] - slope * rays) / inverse_depth)
    scales, turns = _axes(*along)
    colours, opacity = squares.rgb[row, column], squares.opacity[row, column]
    return rays / inverse_depth, scales, turns, colours, opacity


def _slope(
    depth: Float64[np.ndarray, "h w"], present: Bool[np.ndarray, "h w"], axis: int, jump: float
) -> Float64[np.ndarray, "h w"]:
    """Return the larger change of inverse depth to both neighbours, which keeps steep surfaces closed; 0 at jumps."""
    step = np.diff(depth, axis=axis)
    first, second = [slice(None)] * 2, [slice(None)] * 2
    first[axis], second[axis] = slice(None, -1), slice(1, None)
    joined = present[tuple(first)] & present[tuple(second)] & (np.abs(step) <= jump)
    step = np.where(joined, step, 0)
    ends = [(0, 0), (0, 0)]
    ends[axis] = (1, 1)
    step = np.pad(step, ends)
    before, after = step[tuple(first)], step[tuple(second)]
    return np.asarray(np.where(np.abs(before) > np.abs(after), before, after))


def _axes(
    along_x: Float64[np.ndarray, "N 3"], along_y: Float64[np.ndarray, "N 3"]
) -> tuple[Float64[np.ndarray, "N 3"], Float64[np.ndarray, "N 4"]]:
    """Return extents and rotations of Gaussians with the covariance x x^T + y y^T, thickened slightly.

    The eigenvectors of that matrix are x cos t + y sin t with tan 2t = 2 x.y / (x.x - y.y).
    """
    xx, yy, xy = ((a * b).sum(axis=1) for a, b in ((along_x, along_x), (along_y, along_y), (along_x, along_y)))
    angle = np.arctan2(2 * xy, xx - yy)[:, None] / 2
    first = along_x * np.cos(angle) + along_y * np.sin(angle)
    second = along_y * np.cos(angle) - along_x * np.sin(angle)
    lengths = [np.linalg.norm(axis, axis=1) for axis in (first, second)]
    axes = [axis / length[:, None] for axis, length in zip((first, second), lengths, strict=True)]
    axes.append(np.cross(*axes))
    scales = np.stack([*lengths, THICKNESS * np.minimum(*lengths)], axis=1)
    return scales, _quaternions(np.stack(axes, axis=2))


def _quaternions(turns: Float64[np.ndarray, "N 3 3"]) -> Float64[np.ndarray, "N 4"]:
    """Return rotations as (w, x, y, z); starting from the largest component is numerically stable."""
    xx, yy, zz = turns[:, 0, 0], turns[:, 1, 1], turns[:, 2, 2]
    four_squares = 1 + np.stack([xx + yy + zz, xx - yy - zz, yy - xx - zz, zz - xx - yy], axis=1)  # 4 q q
    minus = [turns[:, c, b] - turns[:, b, c] for b, c in ((1, 2), (2, 0), (0, 1))]  # 4 w x, 4 w y, 4 w z
    plus = {(a, b): turns[:, a, b] + turns[:, b, a] for a, b in ((0, 1), (0, 2), (1, 2))}  # 4 x y, 4 x z, 4 y z
    rows = np.stack(
        [
            np.stack([four_squares[:, 0], minus[0], minus[1], minus[2]], axis=1),
            np.stack([minus[0], four_squares[:, 1], plus[0, 1], plus[0, 2]], axis=1),
            np.stack([minus[1], plus[0, 1], four_squares[:, 2], plus[1, 2]], axis=1),
            np.stack([minus[2], plus[0, 2], plus[1, 2], four_squares[:, 3]], axis=1),
        ],
        axis=1,
    )  # 4 q q^T
    best = rows[np.arange(len(rows)), four_squares.argmax(axis=1)]
    return np.asarray(best / np.linalg.norm(best, axis=1, keepdims=True))
