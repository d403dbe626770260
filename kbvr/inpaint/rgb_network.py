"""Fill hidden layers with the colours of an inpainting network, such as MI-GAN or LaMa.

Such a network knows no depth, so kbvr-fill fills that. Nor does it know near from far, so a smooth continuation of the
far side replaces the near side in its input.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from kbvr.errors import InputError
from kbvr.imaging.tiling import blend_weights, tiles
from kbvr.inpaint.push_pull import TEXTURE_GAIN, push_pull, with_texture
from kbvr.inpaint.rgbd_network import NetworkFiller, checked_outputs
from kbvr.inpaint.working_size import WORKING_LONG_SIDE_PX, WorkingPicture, at_working_size
from kbvr.nets import Session

INPAINTING_INPUTS = ("image", "mask")

TILE_PX = 512
"""Size of a tile for a network that takes any."""

STEP_SHARE = 5 / 8
"""Distance between tiles, as a share of their size; overlapping tiles are blended."""

CLEAR_LEVELS = 8 / 255
"""A picture whose mean is below this does not reveal the range of a network's output."""


@dataclass(frozen=True, eq=False)
class PipelineFiller:
    """A filler that runs an inpainting pipeline, which takes a picture of any size."""

    session: Session
    """Takes `image` uint8 (1, 3, H, W) and `mask` uint8 (1, 1, H, W), 255 = keep; gives the picture, of the same shape
    and type."""

    depth_filler: NetworkFiller
    """The filler of the depth."""

    def __call__(
        self,
        rgb: UInt8[np.ndarray, "H W 3"],
        inverse_depth: Float32[np.ndarray, "H W"],
        *,
        hole: Bool[np.ndarray, "H W"],
        source: Bool[np.ndarray, "H W"],
    ) -> tuple[UInt8[np.ndarray, "H W 3"], Float32[np.ndarray, "H W"]]:
        """Return colour and inverse depth with the hole filled from the sources; without sources, unchanged copies."""
        filled, filled_depth = self.depth_filler(rgb, inverse_depth, hole=hole, source=source)
        if not source.any() or not hole.any():
            return filled, filled_depth
        rows, columns = (np.flatnonzero((hole | source).any(axis=axis)) for axis in (1, 0))
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        keep = source[box]
        # the pipeline blends across the border of the mask, so the pixels there must not be black
        continued = push_pull(rgb[box].astype(np.float32), keep.astype(np.float32))
        image = np.where(keep[..., None], rgb[box], continued.astype(np.uint8)).transpose(2, 0, 1)[None]
        mask = np.where(keep, 255, 0).astype(np.uint8)[None, None]
        outputs = self.session.run(None, {"image": np.ascontiguousarray(image), "mask": mask})
        (result,) = checked_outputs(outputs, [image.shape], as_bytes=True)
        filled[box][hole[box]] = result[0].transpose(1, 2, 0)[hole[box]]
        return filled, filled_depth


@dataclass(frozen=True, eq=False)
class TileFiller:
    """A filler that runs an inpainting network of a fixed size, such as LaMa, tile by tile.

    Only the hidden area has tiles, so the work grows with that and not with the photo.
    """

    session: Session
    """Takes `image` float32 (1, 3, N, N), sRGB 0 to 1, and `mask` float32 (1, 1, N, N), 1 = fill; gives a picture."""

    depth_filler: NetworkFiller
    """The filler of the depth, and of the colours where a tile contains nothing known."""

    tile_px: int = TILE_PX
    output_range: str | None = None
    """`0-1` or `0-255`; None if the card does not state it, then it is derived from the known pixels."""

    def __call__(
        self,
        rgb: UInt8[np.ndarray, "H W 3"],
        inverse_depth: Float32[np.ndarray, "H W"],
        *,
        hole: Bool[np.ndarray, "H W"],
        source: Bool[np.ndarray, "H W"],
    ) -> tuple[UInt8[np.ndarray, "H W 3"], Float32[np.ndarray, "H W"]]:
        """Return colour and inverse depth with the hole filled from the sources; without sources, unchanged copies.

        Raises:
            InputError: if the network's output has another range than its card states, or contains NaN or infinity.
        """
        filled, filled_depth = self.depth_filler(rgb, inverse_depth, hole=hole, source=source)
        if not source.any() or not hole.any():
            return filled, filled_depth
        height, width = hole.shape
        colours, weight = self._in_tiles(at_working_size(rgb, None, hole=hole, source=source))
        at = np.flatnonzero(hole & (cv2.resize(weight, (width, height), interpolation=cv2.INTER_NEAREST) > 0))
        for index in range(3):
            large = cv2.resize(colours[index], (width, height), interpolation=cv2.INTER_LINEAR)
            filled[..., index].flat[at] = np.clip(large.ravel()[at] * 255 + 0.5, 0, 255).astype(np.uint8)
        lost = 1 - min(1.0, WORKING_LONG_SIDE_PX / max(height, width))  # the detail finer than the working size
        return with_texture(filled, rgb, hole=hole, source=source, gain=TEXTURE_GAIN * lost), filled_depth

    def _in_tiles(self, small: WorkingPicture) -> tuple[Float32[np.ndarray, "3 h w"], Float32[np.ndarray, "h w"]]:
        """Return colours, 0 to 1, and the weight of the tiles at each; where that is 0 the colours are smooth."""
        smooth = push_pull(np.ascontiguousarray(small.planes.transpose(1, 2, 0)), small.known).transpose(2, 0, 1)
        total, weights = np.zeros_like(smooth), np.zeros_like(small.known)
        step_px = round(self.tile_px * STEP_SHARE)
        for y, x in tiles(small.hole, tile_px=self.tile_px, step_px=step_px):
            inside = np.s_[y : y + self.tile_px, x : x + self.tile_px]
            known = small.known[inside]
            if not known.any():
                continue
            h, w = known.shape
            weight = blend_weights(np.s_[y : y + h, x : x + w], small.known.shape, overlap_px=self.tile_px - step_px)
            total[:, *inside] += self._tile(smooth[:, *inside], known) * weight
            weights[inside] += weight
        colours = np.where(weights > 0, total / np.maximum(weights, 1e-9), smooth)
        return np.where(small.known > 0, small.planes, colours).astype(np.float32), weights

    def _tile(
        self, picture: Float32[np.ndarray, "3 h w"], known: Float32[np.ndarray, "h w"]
    ) -> Float32[np.ndarray, "3 h w"]:
        """Return the network's colours, 0 to 1; a picture smaller than a tile is mirrored beyond its borders."""
        h, w = known.shape
        pad = ((0, self.tile_px - h), (0, self.tile_px - w))
        image = np.pad(np.clip(picture, 0, 1), ((0, 0), *pad), mode="symmetric")
        mask = np.pad(1 - known, pad, mode="symmetric")
        outputs = self.session.run(None, {"image": image[None], "mask": mask[None, None]})
        answer = checked_outputs(outputs, [(1, *image.shape)])[0][0, :, :h, :w]
        return answer if self._range(answer, picture, known) == "0-1" else answer / np.float32(255)

    def _range(
        self,
        answer: Float32[np.ndarray, "3 h w"],
        picture: Float32[np.ndarray, "3 h w"],
        known: Float32[np.ndarray, "h w"],
    ) -> str:
        """Return the range of an output, by the known pixels, which the network gives back."""
        before, after = (float(values[:, known > 0].mean()) for values in (picture, answer))
        seen = "0-1" if abs(after - before) < abs(after / 255 - before) else "0-255"
        if self.output_range is None:
            return seen
        if seen != self.output_range and before > CLEAR_LEVELS:
            raise InputError(f"expected colours of {self.output_range}, as the network's card states, got {seen}")
        return self.output_range


Filling = NetworkFiller | PipelineFiller | TileFiller
