"""Depth of every pixel of a photo, estimated by the built-in network and placed in metres."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from kbvr.errors import InputError
from kbvr.nets import Session, open_session
from kbvr.photo import Photo
from kbvr.upsample import upsample_along_edges

DEPTH_QUALITIES = ("fast", "good", "best")

NETWORK_LONG_SIDE_PX = 512
DETAIL_LONG_SIDE_PX = 768
"""Size at which the network looks at a photo, and the larger one that `best` adds."""

NETWORK_STEP_PX = 32
"""Both sides of what the network is shown are multiples of this."""

LAYOUT_SIGMA_SHARE = 0.06
"""Blur that parts layout from detail, as a share of the long side."""

DEFAULT_NEAR_M = 1.5
FARTHEST_OVER_NEAREST = 12.0
"""How much farther than the nearest things the farthest are put, where no sky tells where infinity is."""

LEAST_SPREAD = 0.2
"""Least distance from the 2nd to the 98th percentile, as a share of the whole range: noise of a wall is no depth."""

SKY_SHARE = 0.01
"""A sky smaller than this share of the picture says nothing about where infinity is."""

SURE_SKY = 0.85
"""Mean probability that a region must have to be taken for sky."""


@dataclass(frozen=True, eq=False)
class DepthMap:
    """Depth of every pixel of one photo, in that photo's camera."""

    inverse_depth: Float32[np.ndarray, "H W"]
    """1/m along the optical axis; finite, >= 0, and 0 is infinitely far."""

    f_px: float
    """Focal length, in pixels of this map."""

    metric: bool = False
    """Whether the metres are measured (from a file) or only placed to look believable."""

    def __post_init__(self) -> None:
        """Check the range once, so that no later stage has to."""
        if not np.isfinite(self.inverse_depth).all() or (self.inverse_depth < 0).any():
            raise InputError("inverse depth must be finite and >= 0 everywhere")


def estimate_depth(
    photo: Photo,
    *,
    near_m: float = DEFAULT_NEAR_M,
    quality: str = "good",
    device: str = "auto",
    threads: int | None = None,
) -> DepthMap:
    """Estimate depth with the built-in network kbvr-depth and bring it to the photo's size along its edges.

    `quality` is that of `estimate_relative`.

    Raises:
        InputError: if near_m is not positive, or the quality or the device is not there.
    """
    relative, sky = estimate_relative(photo, quality=quality, device=device, threads=threads)
    full_sky = upsample_along_edges(sky, photo.rgb) if sky.any() else None
    return place(upsample_along_edges(relative, photo.rgb), full_sky, photo, near_m=near_m)


def estimate_relative(
    photo: Photo, *, quality: str = "good", device: str = "auto", threads: int | None = None
) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Return what the network itself says, at its own size: relative inverse depth and sky probability.

    `fast` is one pass. `good` is the mean of the picture's and its mirror image's. `best` looks at a larger picture
    too, and takes the layout from the smaller and the detail from the larger one.

    Raises:
        InputError: if the quality or the device is not there.
    """
    if quality not in DEPTH_QUALITIES:
        raise InputError(f"the depth quality must be one of {', '.join(DEPTH_QUALITIES)}, got {quality!r}")
    session = open_session("kbvr-depth", device=device, threads=threads)
    relative, sky = _passes(session, photo, NETWORK_LONG_SIDE_PX, mirrored=quality != "fast")
    if quality == "best":
        layout = relative
        detail, sky = _passes(session, photo, DETAIL_LONG_SIDE_PX, mirrored=True)
        relative = merged(layout, detail)
    return relative, trusted_sky(sky)


def merged(layout: Float32[np.ndarray, "h w"], detail: Float32[np.ndarray, "H W"]) -> Float32[np.ndarray, "H W"]:
    """Return the coarse part of one map with the fine part of a larger one, in the coarse one's scale and shift."""
    size = detail.shape[::-1]
    coarse = cv2.resize(layout, size, interpolation=cv2.INTER_LINEAR)
    spread = float(detail.std())
    scale = float(((detail - detail.mean()) * (coarse - coarse.mean())).mean()) / spread**2 if spread > 0 else 0.0
    fine = detail * np.float32(max(scale, 0.0))
    sigma_px = LAYOUT_SIGMA_SHARE * max(size)
    return (fine + cv2.GaussianBlur(coarse - fine, (0, 0), sigma_px)).astype(np.float32)


def _passes(
    session: Session, photo: Photo, long_side_px: int, *, mirrored: bool
) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Return inverse depth and sky probability of one size; the mean with the mirror image's if wanted."""
    rgb = _network_input(photo, long_side_px)

    def run(picture: Float32[np.ndarray, "1 3 h w"]) -> Float32[np.ndarray, "2 h w"]:
        outputs = session.run(None, {"rgb01": np.ascontiguousarray(picture)})
        return np.concatenate([output[0] for output in outputs]).astype(np.float32)

    maps = run(rgb)
    if mirrored:
        maps = (maps + run(rgb[..., ::-1])[..., ::-1]) / 2
    return maps[0], maps[1]


def trusted_sky(sky: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Return a sky probability that keeps only regions which are sure of themselves and reach the upper border.

    Still water and dark, blurred backgrounds look like sky in part; a patchwork of infinitely far holes would be
    worse than no sky at all.
    """
    count, regions = cv2.connectedComponents((sky > 0.5).astype(np.uint8))
    trusted = np.zeros(sky.shape, bool)
    for region in range(1, count):
        inside = regions == region
        trusted |= inside & bool(inside[0].any() and sky[inside].mean() > SURE_SKY)
    near_it = cv2.dilate(trusted.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    return np.where(near_it, sky, 0).astype(np.float32)


def place(
    relative: Float32[np.ndarray, "H W"],
    sky: Float32[np.ndarray, "H W"] | None,
    photo: Photo,
    *,
    near_m: float,
) -> DepthMap:
    """Give a relative inverse depth, larger = nearer, a scale and a shift, so that the scene is believable.

    The 98th percentile of nearness lies at near_m. The sky, where there is one, lies at infinity; without it the far
    end lies 12 times as far as the near end.

    Raises:
        InputError: if near_m is not positive.
    """
    if not near_m > 0:
        raise InputError(f"the nearest distance must be > 0 m, got {near_m}")
    nearest, farthest = (float(p) for p in np.percentile(relative, (98, 2)))
    floor = 1 / FARTHEST_OVER_NEAREST
    if sky is not None and float((sky > 0.5).mean()) > SKY_SHARE and float((sky <= 0.5).mean()) > SKY_SHARE:
        farthest = float(np.percentile(relative[sky <= 0.5], 2))
    spread = max(nearest - farthest, LEAST_SPREAD * float(np.ptp(relative)), 1e-6)
    nearness = floor + (1 - floor) * (relative - farthest) / spread
    if sky is not None:
        nearness = nearness * (1 - np.clip((sky - 0.3) / 0.4, 0, 1))
    inverse_depth = np.clip(nearness, 0.0, 1.25) / near_m
    return DepthMap(inverse_depth.astype(np.float32), photo.f_px)


def network_size_px(size_px: tuple[int, int], long_side_px: int) -> tuple[int, int]:
    """Return the size of about a photo's shape and with this long side that the network takes."""
    steps = long_side_px / max(size_px) / NETWORK_STEP_PX
    width, height = (max(1, round(side * steps)) * NETWORK_STEP_PX for side in size_px)
    return width, height


def _network_input(photo: Photo, long_side_px: int) -> Float32[np.ndarray, "1 3 h w"]:
    """Return the photo at the size of `network_size_px`."""
    size = network_size_px(photo.size_px, long_side_px)
    smaller = max(size) < max(photo.size_px)
    small = cv2.resize(photo.rgb, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return np.ascontiguousarray(small.transpose(2, 0, 1)[None], np.float32) / np.float32(255)
