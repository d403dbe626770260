"""Fill the colour and depth of hidden layers with an RGBD network like kbvr-fill.

The network runs at a working size, in tiles over the hidden area, so the work grows with that area and not with the
photo. Finer detail comes from the sources' texture, as in `kbvr.inpaint.push_pull`.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from kbvr.errors import InputError
from kbvr.imaging.array_types import Mask, Picture, Plane
from kbvr.imaging.tiling import blend_weights, squares
from kbvr.inpaint.continuation import smooth_continuation
from kbvr.inpaint.push_pull import TEXTURE_GAIN, texture_for
from kbvr.inpaint.working_size import at_working_size
from kbvr.nets import Session

NETWORK_INPUTS = ("rgb01", "inverse_depth", "known")

STEP_PX = 192
CONTEXT_PX = 64
"""Side of the squares that are filled at a time, and the context around their holes, in working pixels. Overlapping
squares are blended."""

MULTIPLE_PX = 32
MIN_WEIGHT = 1e-6

SMOOTH_SHARE = 0.7
"""Weight of the smooth continuation in the result: the mean of two estimates is better than either."""


@dataclass(frozen=True, eq=False)
class NetworkFiller:
    """A `Filler` that runs an RGBD network like kbvr-fill."""

    session: Session

    def __call__(self, rgb: Picture, inverse_depth: Plane, *, hole: Mask, source: Mask) -> tuple[Picture, Plane]:
        """Fill colour and depth with the network; see `Filler`."""
        if not source.any() or not hole.any():
            return rgb.copy(), inverse_depth.copy()
        height, width = hole.shape
        at = np.flatnonzero(hole)
        with ThreadPoolExecutor() as pool:
            texture = pool.submit(texture_for, at, rgb, source)
            small = at_working_size(rgb, inverse_depth, hole=hole, source=source)
            filled = self._in_tiles(small.planes, small.known, small.hole)
            fine = TEXTURE_GAIN * texture.result()
        filled_rgb, filled_depth = rgb.copy(), inverse_depth.copy()
        for index in range(3):
            colour = cv2.resize(filled[index], (width, height), interpolation=cv2.INTER_LINEAR).ravel()[at]
            smooth = np.clip(colour * 255 + 0.5, 0, 255).astype(np.uint8)
            filled_rgb[..., index].flat[at] = np.clip(smooth + fine[:, index] + 0.5, 0, 255).astype(np.uint8)
        depth = cv2.resize(filled[3], (width, height), interpolation=cv2.INTER_LINEAR).ravel()[at]
        filled_depth.ravel()[at] = np.maximum(depth, 0)
        return filled_rgb, filled_depth

    def _in_tiles(
        self, planes: Float32[np.ndarray, "4 h w"], known: Float32[np.ndarray, "h w"], hole: Bool[np.ndarray, "h w"]
    ) -> Float32[np.ndarray, "4 h w"]:
        """Return the four planes with the hole filled; unknown pixels outside the hole are undefined."""
        total, weights = np.zeros_like(planes), np.full(known.shape, 1e-9, np.float32)
        for corner in squares(hole, side_px=STEP_PX):
            inside = _box(hole, *corner)
            part, part_known = planes[:, *inside], known[inside]
            if not part_known.any():
                continue
            h, w = part_known.shape
            pad = ((0, -h % MULTIPLE_PX), (0, -w % MULTIPLE_PX))
            feeds = {
                "rgb01": np.pad(part[:3], ((0, 0), *pad), mode="edge")[None],
                "inverse_depth": np.pad(part[3:], ((0, 0), *pad), mode="edge")[None],
                "known": np.pad(part_known, pad, mode="edge")[None, None],
            }
            shapes = [feeds[name].shape for name in ("rgb01", "inverse_depth")]
            rgb, depth = checked_outputs(self.session.run(None, feeds), shapes)
            weight = blend_weights(inside, known.shape, overlap_px=2 * CONTEXT_PX)
            total[:, *inside] += np.concatenate([rgb, depth], axis=1)[0, :, :h, :w] * weight
            weights[inside] += weight
        smooth = smooth_continuation(planes, known, hole)
        no_context = weights < MIN_WEIGHT  # in a hole so wide that a tile contains no source
        filled = np.where(no_context, smooth, (1 - SMOOTH_SHARE) * total / weights + SMOOTH_SHARE * smooth)
        return np.where(known > 0, planes, filled).astype(np.float32)


def _box(hole: Bool[np.ndarray, "h w"], y: int, x: int) -> tuple[slice, slice]:
    """Return the window of the network's input for the hole in the square whose upper left corner is (x, y)."""
    inside = hole[y : y + STEP_PX, x : x + STEP_PX]
    rows, columns = (
        _with_context(start + np.flatnonzero(inside.any(axis=1 - axis)), hole.shape[axis])
        for axis, start in enumerate((y, x))
    )
    return rows, columns


def _with_context(at: np.ndarray, side: int) -> slice:
    """Return the range of indices `at` with context; its length is a multiple of MULTIPLE_PX if the side allows."""
    start, end = max(0, int(at[0]) - CONTEXT_PX), min(side, int(at[-1]) + 1 + CONTEXT_PX)
    length = -(-(end - start) // MULTIPLE_PX) * MULTIPLE_PX
    end = min(side, start + length)
    return slice(max(0, end - length), end)


def checked_outputs(
    outputs: Sequence[np.ndarray], shapes: Sequence[tuple[int, ...]], *, as_bytes: bool = False
) -> list[np.ndarray]:
    """Return a network's first outputs, one per shape, as float32, or as uint8 if `as_bytes`.

    Raises:
        InputError: if there are fewer outputs, or one has another shape or type, or contains NaN, infinity or numbers
            beyond float32.
    """
    if len(outputs) < len(shapes):
        raise InputError(f"expected {len(shapes)} outputs from the filling network, got {len(outputs)}")
    checked = []
    for output, shape in zip(outputs, shapes, strict=False):
        if output.shape != shape:
            raise InputError(f"expected an output of shape {shape} from the filling network, got {output.shape}")
        if as_bytes and output.dtype != np.uint8:
            raise InputError(f"expected 8-bit colours from the filling network, got {output.dtype}")
        with np.errstate(over="ignore"):
            checked.append(output if as_bytes else output.astype(np.float32, copy=False))
        if not np.isfinite(checked[-1]).all():
            raise InputError("expected finite numbers from the filling network, got NaN or infinity")
    return checked
