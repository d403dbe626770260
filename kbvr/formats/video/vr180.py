"""VR180 video: a half sphere for each eye.

Pictures are equirectangular: 180 degrees of longitude from left to right, 180 degrees of latitude from top to bottom.
The view covers its camera's field of view; its surroundings continue its borders, blurred, and fade to dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import atan, ceil, pi, radians

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from kbvr.errors import InputError
from kbvr.formats.packing.layouts import PACKINGS
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item, Views
from kbvr.formats.video.recipe import check_video
from kbvr.formats.video.write_video import FORMAT as VIDEO
from kbvr.formats.video.write_video import write_video
from kbvr.options.export_options import FileOptions

FEATHER_DEG = 2.5
"""Width of the blend from the view to its surroundings, which hides that the borders of both views differ."""

FADE_DEG = 28.0
"""Distance from the view at which its surroundings are darkest."""

DARKEST = 0.08
"""Brightness there, as a share of the view's."""

COARSE_PX = 16
"""Pixels per sample of the surroundings."""

BLURRED_WIDTH_PX, BLUR_PX = 48, 1.5
"""Width to which the view is reduced for its surroundings, and the sigma of the Gaussian blur then applied."""

MELTED_DEG, MELT_DEG = 12.0, 8.0
"""Distance from the view at which the surroundings are fully blurred once more, and the sigma of that blur."""


@dataclass(frozen=True, eq=False)
class HalfSphere:
    """The map from a view to its half sphere; the view's principal point is its middle."""

    side_px: int
    rows: slice
    columns: slice
    """The part of the half sphere that the view covers."""

    x_px: Float32[np.ndarray, "h w"]
    y_px: Float32[np.ndarray, "h w"]
    """Position in the view of every pixel of that part, with pixel centres at whole numbers."""

    share: Float32[np.ndarray, "h w 1"]
    """Weight of the view against its surroundings, 0 to 1."""

    coarse_x: Float32[np.ndarray, "n n"]
    coarse_y: Float32[np.ndarray, "n n"]
    """Nearest position in the view of every sample of the surroundings, as a share of the view's width and height."""

    coarse_brightness: Float32[np.ndarray, "n n 1"]
    coarse_melted: Float32[np.ndarray, "n n 1"]

    def of(self, view: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "N N 3"]:
        """Return the half sphere of a view."""
        height, width = view.shape[:2]
        small_px = BLURRED_WIDTH_PX, max(2, round(BLURRED_WIDTH_PX * height / width))
        small = cv2.GaussianBlur(cv2.resize(view, small_px, interpolation=cv2.INTER_AREA), (0, 0), BLUR_PX)
        positions = self.coarse_x * small_px[0] - 0.5, self.coarse_y * small_px[1] - 0.5
        coarse = cv2.remap(small, *positions, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        melted = cv2.GaussianBlur(coarse, (0, 0), MELT_DEG / 180 * len(coarse))
        mixed = coarse + self.coarse_melted * (melted.astype(np.float32) - coarse)
        dimmed = np.rint(mixed * self.coarse_brightness).astype(np.uint8)
        sphere = np.asarray(cv2.resize(dimmed, (self.side_px, self.side_px), interpolation=cv2.INTER_LINEAR))
        sharp = cv2.remap(view, self.x_px, self.y_px, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        blurred = sphere[self.rows, self.columns]
        sphere[self.rows, self.columns] = np.rint(blurred + self.share * (sharp.astype(np.float32) - blurred))
        return sphere


def half_sphere(view_px: tuple[int, int], f_px: float, side_px: int) -> HalfSphere:
    """Return the map to a half sphere of `side_px` squared from views of a (width, height) and focal length.

    Raises:
        InputError: if a view is so narrow that no pixel of the half sphere is in it.
    """
    width, height = view_px
    max_lon, max_lat = atan(width / 2 / f_px), atan(height / 2 / f_px)
    columns, rows = _within(max_lon, side_px), _within(max_lat, side_px)
    lon, lat = _angles(side_px)[columns][None, :], _angles(side_px)[rows][:, None]
    x = width / 2 + f_px * np.tan(lon) + 0 * lat
    y = height / 2 + f_px * np.tan(lat) / np.cos(lon)
    if x.size == 0:
        raise InputError(f"a view of {width}x{height} covers no pixel of a half sphere of {side_px} px: enlarge it")
    inside = np.minimum(np.minimum(x, width - x), np.minimum(y, height - y)) / f_px
    share = _smooth(inside / radians(FEATHER_DEG))
    coarse = _angles(ceil(side_px / COARSE_PX))
    lon, lat = np.broadcast_arrays(coarse[None, :], coarse[:, None])
    near_lon = np.clip(lon, -max_lon, max_lon)
    border_lat = np.arctan(height / 2 / f_px * np.cos(near_lon))
    near_lat = np.clip(lat, -border_lat, border_lat)
    outside = np.arccos(np.clip((_directions(lon, lat) * _directions(near_lon, near_lat)).sum(axis=0), -1, 1))
    brightness = 1 - (1 - DARKEST) * _smooth(outside / radians(FADE_DEG))
    return HalfSphere(
        side_px,
        rows,
        columns,
        (x - 0.5).astype(np.float32),
        (y - 0.5).astype(np.float32),
        share[..., None].astype(np.float32),
        (0.5 + f_px * np.tan(near_lon) / width).astype(np.float32),
        (0.5 + f_px * np.tan(near_lat) / np.cos(near_lon) / height).astype(np.float32),
        brightness[..., None].astype(np.float32),
        _smooth(outside / radians(MELTED_DEG))[..., None].astype(np.float32),
    )


def write_vr180(instants: Iterable[Views], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify a VR180 video of the views of each instant; see `Format.write`."""
    return write_video(_spheres(instants, item, facts, options), item, facts, options, projection="vr180")


def check_vr180(_view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Check that a codec supports the half spheres; see `Format.check`."""
    check_video((options.vr180_px, options.vr180_px), item, options)


def _spheres(
    instants: Iterable[Views], item: Item, facts: Facts, options: FileOptions
) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    sphere: HalfSphere | None = None
    for views in instants:
        if sphere is None:
            height, width = views[0].shape[:2]
            check_vr180((width, height), item, options)
            sphere = half_sphere((width, height), facts.f_px, options.vr180_px)
        yield PACKINGS[item.packing].pack([sphere.of(view) for view in views], options)


def _angles(side_px: int) -> np.ndarray:
    """Return the angle of every column (to the right) or row (down) from straight ahead, in radians."""
    return ((np.arange(side_px) + 0.5) / side_px - 0.5) * pi


def _within(max_rad: float, side_px: int) -> slice:
    """Return the columns, or rows, whose centres are at most an angle from straight ahead."""
    first = ceil((0.5 - max_rad / pi) * side_px - 0.5)
    return slice(first, side_px - first)


def _directions(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(lat) * np.sin(lon), np.sin(lat), np.cos(lat) * np.cos(lon)])


def _smooth(share: np.ndarray) -> np.ndarray:
    """Return 0 below 0, 1 above 1, and the smoothstep cubic between."""
    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)


FORMAT = Format(
    purpose="a video on a half sphere in front of the viewer, for headsets",
    needs="views",
    suffixes=(".mp4",),
    verification=VIDEO.verification,
    check=check_vr180,
    write=write_vr180,
)
