"""Fill what the layers hide with a network: one of kbvr-fill's kind, or an inpainting pipeline such as MI-GAN's.

A network of kbvr-fill's kind works at a size of its own, in tiles, and only where something is hidden, so its work goes
with the hidden area and not with the photo. What is finer than that size comes from the sources' texture, as in
`kbvr.spread`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from kbvr.errors import InputError
from kbvr.nets import Session, open_file
from kbvr.spread import TEXTURE_GAIN, laid_texture, push_pull, spread

NETWORK_INPUTS = ("rgb01", "inverse_depth", "known")
PIPELINE_INPUTS = ("image", "mask")

WORKING_LONG_SIDE_PX = 1024
TILE_PX = 320
STEP_PX = 192
"""Size of a tile and distance between tiles, in working pixels; neighbours are blended where they overlap."""

LEAST_WEIGHT = 1e-6
KNOWN_SHARE = 0.5
"""A working pixel is known if so much of it is a source."""


@dataclass(frozen=True, eq=False)
class NetworkFiller:
    """A `kbvr.fill.Filler` that asks a network of kbvr-fill's kind."""

    session: Session

    def __call__(
        self,
        rgb: UInt8[np.ndarray, "H W 3"],
        inverse_depth: Float32[np.ndarray, "H W"],
        *,
        hole: Bool[np.ndarray, "H W"],
        source: Bool[np.ndarray, "H W"],
    ) -> tuple[UInt8[np.ndarray, "H W 3"], Float32[np.ndarray, "H W"]]:
        """Return colour and inverse depth with the hole filled from the sources; without sources, unchanged copies."""
        if not source.any() or not hole.any():
            return rgb.copy(), inverse_depth.copy()
        height, width = hole.shape
        scale = min(1.0, WORKING_LONG_SIDE_PX / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        known_share = _smaller(source.astype(np.float32), size)
        wanted = _smaller(hole.astype(np.float32), size) > 0
        known = (known_share > KNOWN_SHARE).astype(np.float32)
        planes = np.empty((4, *known.shape), np.float32)
        for index in range(4):
            plane = inverse_depth if index == 3 else rgb[..., index].astype(np.float32) / np.float32(255)
            planes[index] = _smaller(plane * source, size) / np.maximum(known_share, 1e-6) * known
        wanted = cv2.dilate(wanted.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(
            bool
        )  # enlarging mixes neighbours
        filled = self._in_tiles(planes, known, wanted)
        at = np.flatnonzero(hole)
        filled_rgb, filled_depth = rgb.copy(), inverse_depth.copy()
        for index in range(3):
            colour = cv2.resize(filled[index], (width, height), interpolation=cv2.INTER_LINEAR).ravel()[at]
            filled_rgb[..., index].flat[at] = np.clip(colour * 255 + 0.5, 0, 255).astype(np.uint8)
        depth = cv2.resize(filled[3], (width, height), interpolation=cv2.INTER_LINEAR).ravel()[at]
        filled_depth.flat[at] = np.maximum(depth, 0)
        return laid_texture(filled_rgb, rgb, hole=hole, source=source, gain=TEXTURE_GAIN), filled_depth

    def _in_tiles(
        self, planes: Float32[np.ndarray, "4 h w"], known: Float32[np.ndarray, "h w"], wanted: Bool[np.ndarray, "h w"]
    ) -> Float32[np.ndarray, "4 h w"]:
        """Return the four planes filled where it is wanted; where it is not, what is unknown has no meaning."""
        height, width = known.shape
        total, weights = np.zeros_like(planes), np.full((height, width), 1e-9, np.float32)
        for y, x in _tiles(wanted):
            inside = np.s_[y : y + TILE_PX, x : x + TILE_PX]
            part, part_known = planes[:, *inside], known[inside]
            if not part_known.any():
                continue
            h, w = part_known.shape
            pad = ((0, -h % 32), (0, -w % 32))
            rgb, depth = self.session.run(
                None,
                {
                    "rgb01": np.pad(part[:3], ((0, 0), *pad), mode="edge")[None],
                    "inverse_depth": np.pad(part[3:], ((0, 0), *pad), mode="edge")[None],
                    "known": np.pad(part_known, pad, mode="edge")[None, None],
                },
            )
            weight = _ramp(h, y > 0, y + h < height)[:, None] * _ramp(w, x > 0, x + w < width)
            total[:, *inside] += np.concatenate([rgb, depth], axis=1)[0, :, :h, :w] * weight
            weights[inside] += weight
        filled = total / weights
        out_of_sight = wanted & (weights < LEAST_WEIGHT)
        if out_of_sight.any():  # a hole so wide that a tile in its middle shows nothing known
            smooth = push_pull(np.ascontiguousarray(planes.transpose(1, 2, 0)), known).transpose(2, 0, 1)
            filled = np.where(out_of_sight, smooth, filled)
        return np.where(known > 0, planes, filled).astype(np.float32)


@dataclass(frozen=True, eq=False)
class PipelineFiller:
    """A filler whose colours are those of an inpainting pipeline like MI-GAN's, its inverse depth that of `spread`."""

    session: Session
    """Takes `image` uint8 (1, 3, H, W) and `mask` uint8 (1, 1, H, W), 255 = keep; gives the picture, of the same shape
    and type."""

    def __call__(
        self,
        rgb: UInt8[np.ndarray, "H W 3"],
        inverse_depth: Float32[np.ndarray, "H W"],
        *,
        hole: Bool[np.ndarray, "H W"],
        source: Bool[np.ndarray, "H W"],
    ) -> tuple[UInt8[np.ndarray, "H W 3"], Float32[np.ndarray, "H W"]]:
        """Return colour and inverse depth with the hole filled from the sources; without sources, unchanged copies."""
        smooth, filled_depth = spread(rgb, inverse_depth, hole=hole, source=source)
        if not source.any() or not hole.any():
            return smooth, filled_depth
        rows, columns = (np.flatnonzero((hole | source).any(axis=axis)) for axis in (1, 0))
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        keep = source[box]
        around = push_pull(
            rgb[box].astype(np.float32), keep.astype(np.float32)
        )  # it blends over the border of the mask
        # the pipeline blends over the border of the mask, so what lies there must not be black
        image = np.where(keep[..., None], rgb[box], around.astype(np.uint8)).transpose(2, 0, 1)[None]
        mask = np.where(keep, 255, 0).astype(np.uint8)[None, None]
        result = self.session.run(None, {"image": np.ascontiguousarray(image), "mask": mask})[0]
        smooth[box][hole[box]] = result[0].transpose(1, 2, 0)[hole[box]]
        return smooth, filled_depth


def network_filler(file: Path, *, device: str = "auto", threads: int | None = None) -> NetworkFiller | PipelineFiller:
    """Return the filler of a network's ONNX file: one of kbvr-fill's kind, or an inpainting pipeline such as MI-GAN's.

    Which it is, the names of its inputs say.

    Raises:
        InputError: if the file or the device is not there, or the file is neither.
    """
    session = open_file(file, device=device, threads=threads)
    inputs = tuple(tensor.name for tensor in session.get_inputs())
    if inputs == NETWORK_INPUTS:
        return NetworkFiller(session)
    if inputs == PIPELINE_INPUTS:
        return PipelineFiller(session)
    kinds = " or ".join(", ".join(names) for names in (NETWORK_INPUTS, PIPELINE_INPUTS))
    raise InputError(f"wanted a network with the inputs {kinds}, got {file} with {', '.join(inputs)}")


def _tiles(wanted: Bool[np.ndarray, "h w"]) -> Iterator[tuple[int, int]]:
    """Yield (y, x) of the upper left corner of every tile whose middle holds something wanted."""
    border = (TILE_PX - STEP_PX) // 2
    height, width = wanted.shape
    for y in range(0, height, STEP_PX):
        for x in range(0, width, STEP_PX):
            if wanted[y : y + STEP_PX, x : x + STEP_PX].any():
                yield max(0, min(y - border, height - TILE_PX)), max(0, min(x - border, width - TILE_PX))


def _ramp(length: int, rises: bool, falls: bool) -> Float32[np.ndarray, "N"]:
    """Return weights that rise and fall over the overlap with a neighbour."""
    overlap = TILE_PX - STEP_PX
    along = np.arange(length, dtype=np.float32) + 0.5
    up = np.clip(along / overlap, 0, 1) if rises else np.ones_like(along)
    down = np.clip((length - along) / overlap, 0, 1) if falls else np.ones_like(along)
    return (up * down).astype(np.float32)


def _smaller(plane: Float32[np.ndarray, "H W"], size: tuple[int, int]) -> Float32[np.ndarray, "h w"]:
    return plane if plane.shape == size[::-1] else np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA))
