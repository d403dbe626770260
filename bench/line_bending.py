"""How far straight lines of a photo bend in another view of it.

Long straight segments are found in the photo (LSD: Grompone von Gioi et al. 2012) and taken as straight in the world.
Their points are moved into another camera by the depth map, and the bend of a segment is the 95th percentile of their
distance from the straight line that fits them best, in pixels per 1000 px of the view's width. 0 is straight.

A segment at an outline belongs to the nearer side. If the depth jumps along a segment, it is torn rather than bent.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float64

from bench.machine import this_machine
from kbvr.depth.depth_map import DepthMap
from kbvr.depth.estimate import estimate_depth
from kbvr.depth.networks import BUILT_IN_NETWORK
from kbvr.depth.scene_depth import depth_spread, scene_depth_of
from kbvr.errors import InputError
from kbvr.geometry.camera import Camera, camera_of_photo
from kbvr.imaging.array_types import Picture
from kbvr.imaging.line_segments import line_segments
from kbvr.imaging.resize import shrunk
from kbvr.motion.consequences import Landmarks
from kbvr.motion.move import Move
from kbvr.motion.path_options import PathOptions
from kbvr.motion.paths import moves_along
from kbvr.motion.view import view_of
from kbvr.photo.photo import load_photo

PATHS = ("swing", "kenburns")
LONG_SIDE_PX = 1024
"""Segments are found at this size: at larger ones, grain breaks them up."""

MIN_LENGTH = 0.04
"""Length of the shortest segment, as a share of the width."""

SIDE_PX = 3.0
"""Distance from a segment at which the depth of its two sides is read, in pixels of LONG_SIDE_PX."""

SAMPLES = 64
TRIMMED = 0.04
"""Share of a segment that is left out at each end, where it may meet other surfaces."""

JUMP_SHARE = 0.04
"""Change of inverse depth between two samples that tears a segment, as a share of the photo's depth range."""

MIN_AHEAD = 0.02
"""Points closer to the camera than this share of their distance before the move are not seen."""

MIN_SEEN = 0.5
"""Minimum share of a segment's points that are in front of the camera and in the frame."""


@dataclass(frozen=True, eq=False)
class Segments:
    """Straight segments of a photo."""

    ends: Float64[np.ndarray, "N 2 2"]
    """(x, y) of both ends, in pixels of the photo."""

    @property
    def length_px(self) -> Float64[np.ndarray, "N"]:
        """The length of each segment, in pixels of the photo."""
        return np.linalg.norm(self.ends[:, 1] - self.ends[:, 0], axis=1)


@dataclass(frozen=True, eq=False)
class Bends:
    """The bend of every segment in one view."""

    px: Float64[np.ndarray, "N"]
    """Pixels per 1000 px of the view's width; NaN for a segment that is torn or not seen."""

    torn: Bool[np.ndarray, "N"]
    length_px: Float64[np.ndarray, "N"]

    def summary(self) -> LineBending:
        """Return the figures of all segments together."""
        kept = np.isfinite(self.px)
        length, torn_px = self.length_px[kept], float(self.length_px[self.torn].sum())
        seen_px = float(length.sum()) + torn_px
        if not kept.any():
            return LineBending(float("nan"), float("nan"), torn_px / seen_px if seen_px else float("nan"), 0)
        order = np.argsort(self.px[kept])
        upto = np.cumsum(length[order])
        p90 = float(self.px[kept][order][np.searchsorted(upto, 0.9 * upto[-1])])
        mean = float((self.px[kept] * length).sum() / length.sum())
        return LineBending(p90, mean, torn_px / seen_px, int(kept.sum()))


@dataclass(frozen=True)
class LineBending:
    """The bending of a photo's segments in one view, weighted by their lengths. NaN without segments."""

    p90_px: float
    """90th percentile, in pixels per 1000 px of the view's width."""

    mean_px: float
    torn_share: float
    """Share of the length whose depth jumps."""

    segments: int
    """Number of segments that are seen and not torn."""


def segments_of(rgb: Picture) -> Segments:
    """Return the straight segments of a photo that are at least MIN_LENGTH of its width long."""
    small = shrunk(rgb, LONG_SIDE_PX)
    scale = rgb.shape[1] / small.shape[1], rgb.shape[0] / small.shape[0]
    return Segments((line_segments(small, min_px=MIN_LENGTH * small.shape[1]) + 0.5) * scale)


def bends_of(segments: Segments, depth: DepthMap, view: Camera) -> Bends:
    """Return the bend of every segment in a view, in which the photo's camera is the world."""
    height, width = depth.inverse_depth.shape
    points, inverse_depth = _on_nearer_side(segments, depth)
    spread = depth_spread(*np.percentile(depth.inverse_depth, (99, 1)).tolist())
    torn = (np.abs(np.diff(inverse_depth, axis=1)) > JUMP_SHARE * spread).any(axis=1)
    placed, ahead = _projected(points, inverse_depth, camera_of_photo((width, height), depth.f_px), view)
    inside = ahead & ((placed >= 0) & (placed <= view.size_px)).all(axis=2)
    seen = inside.mean(axis=1) >= MIN_SEEN if len(points) else np.zeros(0, bool)
    px = np.full(len(points), np.nan)
    for index in np.flatnonzero(seen & ~torn):
        px[index] = _off_line_px(placed[index][inside[index]]) * 1000 / view.size_px[0]
    return Bends(px, torn & seen, segments.length_px)


def line_bending(rgb: Picture, depth: DepthMap, view: Camera) -> LineBending:
    """Return how far the straight segments of a photo bend in a view.

    `view` may have any size and pose relative to the photo's camera, which is the world: `Move.camera` gives it for
    the end of a move.
    """
    return bends_of(segments_of(rgb), depth, view).summary()


def ends_of_path(rgb: Picture, depth: DepthMap, name: str) -> list[Camera]:
    """Return the cameras at both ends of a path as it is planned by default for a photo, with the photo's size."""
    height, width = depth.inverse_depth.shape
    scene_depth = scene_depth_of(depth)
    moves = moves_along(PathOptions(name), Landmarks(scene_depth, rgb))
    base = view_of(scene_depth, (width, height))

    def along(move: Move) -> float:
        return float(np.dot(move.position_m, _main_direction(moves)))

    return [move.camera(base) for move in (min(moves, key=along), max(moves, key=along))]


def _main_direction(moves: Sequence[Move]) -> Float64[np.ndarray, "3"]:
    positions = np.array([move.position_m for move in moves])
    far = positions[np.linalg.norm(positions - positions[0], axis=1).argmax()]
    return np.asarray(far - positions[0])


def _on_nearer_side(
    segments: Segments, depth: DepthMap
) -> tuple[Float64[np.ndarray, "N S 2"], Float64[np.ndarray, "N S"]]:
    """Return points along every segment and the inverse depth of its nearer side, SIDE_PX beside it."""
    height, width = depth.inverse_depth.shape
    start, end = segments.ends[:, :1], segments.ends[:, 1:]
    at = np.linspace(TRIMMED, 1 - TRIMMED, SAMPLES)[:, None]
    points = start + (end - start) * at
    along = (end - start) / np.maximum(np.linalg.norm(end - start, axis=2, keepdims=True), 1e-9)
    across = np.stack([-along[..., 1], along[..., 0]], axis=2) * SIDE_PX * max(1.0, max(width, height) / LONG_SIDE_PX)
    sides = [_read(depth, points + sign * across) for sign in (-1, 1)]
    first = np.median(sides[0], axis=1, keepdims=True) >= np.median(sides[1], axis=1, keepdims=True)
    return points, np.where(first, *sides)


def _read(depth: DepthMap, points: Float64[np.ndarray, "N S 2"]) -> Float64[np.ndarray, "N S"]:
    """Return the inverse depth at points of the photo (bilinear)."""
    if not len(points):
        return np.zeros(points.shape[:2])
    x, y = (points[..., axis].astype(np.float32) - np.float32(0.5) for axis in (0, 1))
    read = cv2.remap(depth.inverse_depth, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(read, np.float64)


def _projected(
    points: Float64[np.ndarray, "N S 2"], inverse_depth: Float64[np.ndarray, "N S"], photo: Camera, view: Camera
) -> tuple[Float64[np.ndarray, "N S 2"], Bool[np.ndarray, "N S"]]:
    """Return where points of the photo are in a view, and whether they are ahead of it.

    In units of their distance, so that points at infinity need no exception: X = R ray + t / z.
    """
    rays = np.concatenate([(points - (photo.cx_px, photo.cy_px)) / photo.f_px, np.ones((*points.shape[:2], 1))], axis=2)
    pose = view.camera_from_world
    x, y, z = np.moveaxis(rays @ pose[:3, :3].T + inverse_depth[..., None] * pose[:3, 3], 2, 0)
    ahead = z > MIN_AHEAD
    z = np.where(ahead, z, 1.0)
    return np.stack([view.f_px * x / z + view.cx_px, view.f_px * y / z + view.cy_px], axis=2), ahead


def _off_line_px(points: Float64[np.ndarray, "S 2"]) -> float:
    """Return the 95th percentile of the distances of points from the line that fits them best."""
    centred = points - points.mean(axis=0)
    across = np.linalg.svd(centred, full_matrices=False)[2][1]
    return float(np.percentile(np.abs(centred @ across), 95))


def table(rows: dict[str, dict[str, LineBending]]) -> str:
    """Return a Markdown table: a row per photo, and the mean over the photos."""
    paths = list(next(iter(rows.values())))
    wide = max(*map(len, rows), len("mean of 999"))
    head = " | ".join(f"{path + ': p90 px':>17} | {'mean px':>7} | {'torn':>5}" for path in paths)
    lines = [f"| {'':{wide}} | {head} |", f"|{'-' * (wide + 2)}|" + f"{'-' * 18}:|{'-' * 8}:|{'-' * 6}:|" * len(paths)]

    def line(name: str, cells: Sequence[tuple[float, float, float]]) -> str:
        texts = (f"{p90:17.2f} | {mean:7.2f} | {torn:5.0%}" for p90, mean, torn in cells)
        return f"| {name:{wide}} | " + " | ".join(texts) + " |"

    for name, row in rows.items():
        lines.append(line(name, [(of.p90_px, of.mean_px, of.torn_share) for of in row.values()]))
    means = [
        tuple(np.nanmean([[o.p90_px, o.mean_px, o.torn_share] for o in (row[path] for row in rows.values())], axis=0))
        for path in paths
    ]
    return "\n".join([*lines, line(f"mean of {len(rows)}", means)])


def measured(file: Path, model: str) -> dict[str, LineBending]:
    """Return the bending at the worse end of each of PATHS, with the depth of a network."""
    photo = load_photo(file)
    depth = estimate_depth(photo, model=model)
    segments = segments_of(photo.rgb)

    def worse(path: str) -> LineBending:
        ends = [bends_of(segments, depth, view).summary() for view in ends_of_path(photo.rgb, depth, path)]
        return max(ends, key=lambda end: -1.0 if np.isnan(end.p90_px) else end.p90_px)

    return {path: worse(path) for path in PATHS}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 0, or 2 if a photo or the network cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m bench.line_bending", description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, nargs="+", help="photos to measure")
    parser.add_argument("--model", default=BUILT_IN_NETWORK, help="name or ONNX file of a depth network")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    machine = this_machine()
    try:
        rows = {file.stem: measured(file, options.model) for file in options.photos}
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        plain = {name: {path: asdict(of) for path, of in row.items()} for name, row in rows.items()}
        print(json.dumps(machine.as_json() | {"photos": plain}, indent=1))
    else:
        print("\n".join(machine.lines()), table(rows), sep="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
