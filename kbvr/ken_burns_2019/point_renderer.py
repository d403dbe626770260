"""Render frames of a point scene, as the 3D Ken Burns method does: draw the points, fill the holes, crop, resize."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import ceil, floor
from time import perf_counter
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Float32

from kbvr.errors import InputError
from kbvr.geometry.camera import Camera
from kbvr.imaging.array_types import Picture
from kbvr.imaging.resize import averaged, scaled_px
from kbvr.ken_burns_2019.hole_filling import continue_to_border, fill_holes
from kbvr.ken_burns_2019.point_scene import PointScene, seen_from
from kbvr.ken_burns_2019.point_splatting import render_points

Border = Literal["nearest", "black"]
BORDERS: tuple[Border, ...] = ("nearest", "black")
"""Holes that reach the border: copied from the nearest covered pixel, or black as in the paper."""

MARGIN_PX = 4
"""Points are drawn this far beyond the frame on every side, because de-grid needs neighbours at the border."""

MAX_WIDENING = 2.0
"""A view wider than the photo is drawn at up to this multiple of the photo's width and height."""


class PointRenderer:
    """Renders one point scene, frame by frame; a context manager like `kbvr.rendering.cpu_renderer.Renderer`."""

    def __init__(self, scene: PointScene, *, border: str = "nearest") -> None:
        """Prepare a scene.

        Raises:
            InputError: if the border is not one of BORDERS.
        """
        if border not in BORDERS:
            raise InputError(f"the border must be {' or '.join(BORDERS)}, got {border!r}")
        self.scene = scene
        self.border = border
        self.title = ""
        self.busy_s = 0.0
        """Seconds spent on rendering."""
        self._rgb = np.ascontiguousarray(scene.rgb01.T)

    def __enter__(self) -> PointRenderer:  # noqa: PYI034 (beartype knows no Self here)
        return self

    def __exit__(self, *error: object) -> None:
        """Do nothing: no resource is open."""

    def frame(self, camera: Camera) -> Picture:
        """Return one picture of the camera's size."""
        start = perf_counter()
        lens, corner = working_lens(self.scene.camera, camera)
        rgb = self._drawn(lens)
        picture = _cropped(rgb, corner, camera.f_px / lens.f_px, camera.size_px, continued=self.border == "nearest")
        self.busy_s += perf_counter() - start
        return picture

    def frames(self, cameras: Iterable[Camera]) -> Iterator[Picture]:
        """Yield one picture per camera, in order."""
        return map(self.frame, cameras)

    def _drawn(self, lens: Camera) -> Float32[np.ndarray, "H W 3"]:
        """Return the points' colours, 0 to 1, seen through a lens, with the holes filled."""
        points = seen_from(self.scene.points, lens, self.scene.units_per_m)
        data = np.concatenate([self._rgb, points[:, 2].astype(np.float32)[None]])
        splat = render_points(points, data, _widened(lens))
        frame = np.s_[..., MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
        drawn, covered = splat.values[frame], splat.covered[frame]
        values, covered = fill_holes(drawn[:3], drawn[3], covered)
        if self.border == "nearest":
            values = continue_to_border(values, covered)
        return np.ascontiguousarray(values.transpose(1, 2, 0))


def working_lens(photo_camera: Camera, camera: Camera) -> tuple[Camera, tuple[int, int]]:
    """Return the lens, at the photo's scale, that contains a camera's view, and the view's upper left corner (x, y).

    The lens is at the camera's position, and as large as the photo or, if the view is wider, as the view. The corner is
    a whole pixel, so that a view at the photo's scale is cropped and not resampled.
    """
    ratio = camera.f_px / photo_camera.f_px
    size, corner = [], []
    for photo_side, view_side in zip(photo_camera.size_px, camera.size_px, strict=True):
        view_px = view_side / ratio
        side = max(photo_side, min(ceil(view_px - 1e-6), ceil(photo_side * MAX_WIDENING)))
        size.append(side)
        corner.append(floor((side - view_px) / 2 + 1e-6))
    lens = replace(
        camera,
        size_px=(size[0], size[1]),
        f_px=photo_camera.f_px,
        cx_px=camera.cx_px / ratio + corner[0],
        cy_px=camera.cy_px / ratio + corner[1],
    )
    return lens, (corner[0], corner[1])


def _widened(lens: Camera) -> Camera:
    width, height = (side + 2 * MARGIN_PX for side in lens.size_px)
    return replace(lens, size_px=(width, height), cx_px=lens.cx_px + MARGIN_PX, cy_px=lens.cy_px + MARGIN_PX)


def _cropped(
    rgb01: Float32[np.ndarray, "h w 3"],
    corner: tuple[int, int],
    ratio: float,
    size_px: tuple[int, int],
    *,
    continued: bool,
) -> Picture:
    """Return the view at a corner, enlarged by a ratio (bilinear; area if it is below 1)."""
    scale_x = scale_y = ratio
    if ratio < 1:
        first = [max(0, start) for start in corner]
        ends = [start + ceil(side_px / ratio - 1e-6) for start, side_px in zip(corner, size_px, strict=True)]
        rgb01 = rgb01[first[1] : ends[1], first[0] : ends[0]]  # so that whole frame pixels make whole view pixels
        corner = (corner[0] - first[0], corner[1] - first[1])
        height, width = rgb01.shape[:2]
        smaller = scaled_px((width, height), ratio)
        rgb01 = averaged(rgb01, smaller)
        scale_x, scale_y = ratio * width / smaller[0], ratio * height / smaller[1]
    # Column x of the frame maps to x scale_x - corner ratio, measured from the pictures' borders; cv2 measures from the
    # centres of the first pixels.
    view_from_frame = np.array(
        [
            [scale_x, 0, (scale_x - 1) / 2 - corner[0] * ratio],
            [0, scale_y, (scale_y - 1) / 2 - corner[1] * ratio],
        ]
    )
    border = cv2.BORDER_REPLICATE if continued else cv2.BORDER_CONSTANT
    view = cv2.warpAffine(rgb01, view_from_frame, size_px, flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(np.clip(view * 255 + 0.5, 0, 255), np.float32).astype(np.uint8)
