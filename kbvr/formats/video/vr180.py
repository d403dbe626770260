"""VR180 video: what each eye sees, on half a sphere round the viewer.

A pixel of the picture is an angle: from left to right 180 degrees of longitude, from top to bottom 180 of latitude. The
photo fills as much of it as its camera saw; from there its blurred borders go on, and get dark.
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
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.video.recipe import check_video
from kbvr.formats.video.write_video import FORMAT as VIDEO
from kbvr.formats.video.write_video import write_projected
from kbvr.options.export_options import FileOptions

FEATHER_DEG = 2.5
"""Over so much of the photo's border it turns into what surrounds it: the eyes' borders differ in what they show."""

FADE_DEG = 28.0
"""So far from the photo its surroundings are as dark as they get."""

DARKEST = 0.08
"""Brightness left there."""

COARSE_PX = 16
"""The surroundings are worked out on every so many pixels."""

BLURRED_WIDTH_PX, BLUR_PX = 48, 1.5
"""The photo is made as small as that, and blurred by a Gaussian of this sigma, before its borders go on."""

MELTED_DEG, MELT_DEG = 12.0, 8.0
"""So far from the photo its streaks have melted, by a Gaussian of this sigma."""


@dataclass(frozen=True, eq=False)
class HalfSphere:
    """Where the pixels of an eye's half sphere come from in its view; the view's principal point is its middle."""

    side_px: int
    rows: slice
    columns: slice
    """The part of the half sphere that the view is in."""

    x_px: Float32[np.ndarray, "h w"]
    y_px: Float32[np.ndarray, "h w"]
    """Of every pixel there: where it is in the view, with pixel centres at whole numbers."""

    share: Float32[np.ndarray, "h w 1"]
    """How much of it is the view, the rest its surroundings: 0 to 1."""

    coarse_x: Float32[np.ndarray, "n n"]
    coarse_y: Float32[np.ndarray, "n n"]
    """Of a coarse half sphere: the nearest place in the view, in shares of its width and height."""

    coarse_brightness: Float32[np.ndarray, "n n 1"]
    coarse_melted: Float32[np.ndarray, "n n 1"]

    def of(self, view: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "N N 3"]:
        """Return the half sphere of a view."""
        height, width = view.shape[:2]
        small_px = BLURRED_WIDTH_PX, max(2, round(BLURRED_WIDTH_PX * height / width))
        small = cv2.GaussianBlur(cv2.resize(view, small_px, interpolation=cv2.INTER_AREA), (0, 0), BLUR_PX)
        places = self.coarse_x * small_px[0] - 0.5, self.coarse_y * small_px[1] - 0.5
        coarse = cv2.remap(small, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        melted = cv2.GaussianBlur(coarse, (0, 0), MELT_DEG / 180 * len(coarse))
        mixed = coarse + self.coarse_melted * (melted.astype(np.float32) - coarse)
        dimmed = np.rint(mixed * self.coarse_brightness).astype(np.uint8)
        sphere = np.asarray(cv2.resize(dimmed, (self.side_px, self.side_px), interpolation=cv2.INTER_LINEAR))
        seen = cv2.remap(view, self.x_px, self.y_px, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        around = sphere[self.rows, self.columns]
        sphere[self.rows, self.columns] = np.rint(around + self.share * (seen.astype(np.float32) - around))
        return sphere


def half_sphere(view_px: tuple[int, int], f_px: float, side_px: int) -> HalfSphere:
    """Return the half sphere, this many pixels wide and high, of views of a (width, height) and focal length.

    Raises:
        InputError: if a view lies between its pixels.
    """
    width, height = view_px
    most_lon, most_lat = atan(width / 2 / f_px), atan(height / 2 / f_px)
    columns, rows = _middle(most_lon, side_px), _middle(most_lat, side_px)
    lon, lat = _angles(side_px)[columns][None, :], _angles(side_px)[rows][:, None]
    x = width / 2 + f_px * np.tan(lon) + 0 * lat
    y = height / 2 + f_px * np.tan(lat) / np.cos(lon)
    if x.size == 0:
        raise InputError(
            f"a view of {width}x{height} lies between the pixels of a half sphere of {side_px}: enlarge it"
        )
    inside = np.minimum(np.minimum(x, width - x), np.minimum(y, height - y)) / f_px
    share = _smooth(inside / radians(FEATHER_DEG))
    coarse = _angles(ceil(side_px / COARSE_PX))
    lon, lat = np.broadcast_arrays(coarse[None, :], coarse[:, None])
    near_lon = np.clip(lon, -most_lon, most_lon)
    lat_there = np.arctan(height / 2 / f_px * np.cos(near_lon))
    near_lat = np.clip(lat, -lat_there, lat_there)
    away = np.arccos(np.clip((_directions(lon, lat) * _directions(near_lon, near_lat)).sum(axis=0), -1, 1))
    brightness = 1 - (1 - DARKEST) * _smooth(away / radians(FADE_DEG))
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
        _smooth(away / radians(MELTED_DEG))[..., None].astype(np.float32),
    )


def write_vr180(
    instants: Iterable[Iterable[np.ndarray]], item: Item, facts: Facts, options: FileOptions
) -> FileSummary:
    """Write the views of each instant as they come, and read the file back; see `Format.write`."""
    return write_projected(_spheres(instants, item, facts, options), item, facts, options, "vr180")


def check_vr180(view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Check that a half sphere for each eye fits into a video; see `Format.check`."""
    del view_px
    check_video((options.vr180_px, options.vr180_px), item, options)


def _spheres(
    instants: Iterable[Iterable[np.ndarray]], item: Item, facts: Facts, options: FileOptions
) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    sphere: HalfSphere | None = None
    for views in instants:
        spheres = []
        for view in views:
            if sphere is None:
                check_vr180((view.shape[1], view.shape[0]), item, options)
                sphere = half_sphere((view.shape[1], view.shape[0]), facts.f_px, options.vr180_px)
            spheres.append(sphere.of(view))
        yield PACKINGS[item.packing].put(spheres, options)


def _angles(side_px: int) -> np.ndarray:
    """Return the angle of every column's middle, in radians from straight ahead; of rows too, down."""
    return ((np.arange(side_px) + 0.5) / side_px - 0.5) * pi


def _middle(most_rad: float, side_px: int) -> slice:
    """Return the columns, or rows, whose middles are not more than an angle from straight ahead."""
    few = ceil((0.5 - most_rad / pi) * side_px - 0.5)
    return slice(few, side_px - few)


def _directions(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(lat) * np.sin(lon), np.sin(lat), np.cos(lat) * np.cos(lon)])


def _smooth(share: np.ndarray) -> np.ndarray:
    """Return 0 below 0, 1 above 1, and a cubic without a bend at either end between."""
    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)


FORMAT = Format(
    says="a video on half a sphere round the viewer, for headsets",
    needs="views",
    suffixes=(".mp4",),
    proof=VIDEO.proof,
    check=check_vr180,
    write=write_vr180,
)
