"""Networks that guess the colours of a grey photo, and what they give as chroma of CIELAB."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from kbvr.errors import InputError
from kbvr.imaging.lab import chroma_of, lightness_of_luminance
from kbvr.imaging.resize import long_side_px
from kbvr.imaging.srgb import code_of_linear
from kbvr.nets import ColourRecipe, Session
from kbvr.nets.scaling import scaled, unscaled

MAX_CHROMA = 128.0
"""Of a and b; sRGB reaches 108."""

Lightness = Float32[np.ndarray, "h w"]
Chroma = Float32[np.ndarray, "h w 2"]


@dataclass(frozen=True, eq=False)
class ColourNetwork:
    """A network that is ready to run."""

    name: str
    session: Session
    recipe: ColourRecipe
    fixed_px: tuple[int, int] | None = None
    """The only (width, height) that it accepts; None if it accepts others."""

    def size_px(self, photo_px: tuple[int, int]) -> tuple[int, int]:
        """Return the (width, height) at which a photo is shown to it."""
        if self.fixed_px is not None:
            return self.fixed_px
        side, step = self.recipe.side_px, self.recipe.multiple_of_px
        if not self.recipe.keeps_shape:
            return side, side
        width, height = (max(step, round(length / step) * step) for length in long_side_px(photo_px, side))
        return width, height

    def chroma(self, luminance: Lightness) -> Chroma:
        """Return a and b for the luminance (0 to 1) of a photo at `size_px`, at the same size.

        Raises:
            InputError: if the output is not a picture, or contains NaN or infinity.
        """
        recipe = self.recipe
        feeds = {recipe.input: self._input(luminance)}
        output = np.asarray(self.session.run([recipe.output], feeds)[0], np.float32)
        planes = 2 if recipe.gives == "chroma" else 3
        if output.ndim != 4 or output.shape[:2] != (1, planes) or not np.isfinite(output).all():
            expected = f"finite numbers (1, {planes}, height, width)"
            raise InputError(f"expected the network {self.name} to give {expected}, got {output.shape}")
        if recipe.gives == "chroma":
            found = output[0].transpose(1, 2, 0) * np.float32(recipe.unit)
        else:
            rgb = unscaled(output, recipe.scaling)[0].transpose(1, 2, 0)
            found = chroma_of(np.clip(np.rint(rgb), 0, 255).astype(np.uint8))
        height, width = luminance.shape
        found = np.clip(found, -MAX_CHROMA, MAX_CHROMA)
        return np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)

    def _input(self, luminance: Lightness) -> Float32[np.ndarray, "1 C h w"]:
        if self.recipe.takes == "lightness":
            return (lightness_of_luminance(luminance) / 100)[None, None]
        grey = np.repeat(code_of_linear(luminance).astype(np.float32)[None] * np.float32(255), 3, axis=0)
        return scaled(grey[None], self.recipe.scaling)
