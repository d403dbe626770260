"""Fill hidden layers with the colours of an inpainting network, such as MI-GAN or LaMa.

Such a network ignores depth, so `kbvr.inpaint.patches` fills the depth. It also cannot tell near from far, so a smooth
continuation of the far side replaces the near side in its input.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from kbvr.errors import InputError
from kbvr.imaging.array_types import Mask, Picture, Plane
from kbvr.imaging.tiling import blend_weights, tiles
from kbvr.inpaint.patches import patches
from kbvr.inpaint.push_pull import TEXTURE_GAIN, push_pull, with_texture
from kbvr.inpaint.rgbd_network import NetworkFiller, checked_outputs
from kbvr.inpaint.working_size import WORKING_LONG_SIDE_PX, WorkingPicture, at_working_size
from kbvr.nets import Session

INPAINTING_INPUTS = ("image", "mask")

TILE_PX = 512
"""Size of a tile for a network that takes any size."""

STEP_SHARE = 5 / 8
"""Distance between tiles, as a share of their size; overlapping tiles are blended."""

MIN_MEAN = 8 / 255
"""A picture with a darker mean does not reveal the range of a network's output."""

TilePlanes = Float32[np.ndarray, "3 h w"]
TileMask = Float32[np.ndarray, "h w"]


@dataclass(frozen=True, eq=False)
class PipelineFiller:
    """A filler that runs an inpainting pipeline, which takes a picture of any size."""

    session: Session
    """Takes `image` uint8 (1, 3, H, W) and `mask` uint8 (1, 1, H, W), 255 = keep; outputs a picture of the same shape
    and type as `image`."""

    def __call__(self, rgb: Picture, inverse_depth: Plane, *, hole: Mask, source: Mask) -> tuple[Picture, Plane]:
        """Fill colour with the pipeline, depth without a network; see `Filler`."""
        filled, filled_depth = patches(rgb, inverse_depth, hole=hole, source=source)
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

    Tiles cover only the hidden area, so the work grows with that area and not with the photo.
    """

    session: Session
    """Takes `image` float32 (1, 3, N, N), sRGB 0 to 1, and `mask` float32 (1, 1, N, N), 1 = fill; outputs a picture."""

    tile_px: int = TILE_PX
    output_range: str | None = None
    """`0-1` or `0-255`; None if the card does not state it: then the known pixels show it."""

    def __call__(self, rgb: Picture, inverse_depth: Plane, *, hole: Mask, source: Mask) -> tuple[Picture, Plane]:
        """Fill colour with the network; depth, and colour where a tile contains no source, without; see `Filler`.

        Raises:
            InputError: if the range of the network's output contradicts its card, or it contains NaN or infinity.
        """
        filled, filled_depth = patches(rgb, inverse_depth, hole=hole, source=source)
        if not source.any() or not hole.any():
            return filled, filled_depth
        height, width = hole.shape
        colours, weight = self._in_tiles(at_working_size(rgb, None, hole=hole, source=source))
        at = np.flatnonzero(hole & (cv2.resize(weight, (width, height), interpolation=cv2.INTER_NEAREST) > 0))
        for index in range(3):
            large = cv2.resize(colours[index], (width, height), interpolation=cv2.INTER_LINEAR)
            filled[..., index].flat[at] = np.clip(large.ravel()[at] * 255 + 0.5, 0, 255).astype(np.uint8)
        lost_detail = 1 - min(1.0, WORKING_LONG_SIDE_PX / max(height, width))
        return with_texture(filled, rgb, hole=hole, source=source, gain=TEXTURE_GAIN * lost_detail), filled_depth

    def _in_tiles(self, small: WorkingPicture) -> tuple[TilePlanes, TileMask]:
        """Return colours, 0 to 1, and the tiles' total weight at each pixel; where it is 0 the colours are smooth."""
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

    def _tile(self, picture: TilePlanes, known: TileMask) -> TilePlanes:
        """Return the network's colours, 0 to 1; a picture smaller than a tile is mirrored at its border."""
        h, w = known.shape
        pad = ((0, self.tile_px - h), (0, self.tile_px - w))
        image = np.pad(np.clip(picture, 0, 1), ((0, 0), *pad), mode="symmetric")
        mask = np.pad(1 - known, pad, mode="symmetric")
        outputs = self.session.run(None, {"image": image[None], "mask": mask[None, None]})
        output = checked_outputs(outputs, [(1, *image.shape)])[0][0, :, :h, :w]
        return output if self._range(output, picture, known) == "0-1" else output / np.float32(255)

    def _range(self, output: TilePlanes, picture: TilePlanes, known: TileMask) -> str:
        """Return the range of an output, inferred from the known pixels, which the network reproduces."""
        before, after = (float(values[:, known > 0].mean()) for values in (picture, output))
        inferred = "0-1" if abs(after - before) < abs(after / 255 - before) else "0-255"
        if self.output_range is None:
            return inferred
        if inferred != self.output_range and before > MIN_MEAN:
            raise InputError(f"expected colours of {self.output_range}, as the network's card states, got {inferred}")
        return self.output_range


Filling = NetworkFiller | PipelineFiller | TileFiller
