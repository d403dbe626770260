"""Networks that guess the colours of a grey photo, and what they give as chroma of CIELAB."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from kbvr.errors import InputError
from kbvr.imaging.lab import chroma_of
from kbvr.imaging.resize import long_side_px
from kbvr.imaging.srgb import code_of_linear
from kbvr.nets import ColourRecipe, Session

MAX_CHROMA = 128.0
"""Of a and b; sRGB reaches 108."""

IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

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
        picture = np.ascontiguousarray(output[0].transpose(1, 2, 0))
        found = picture * recipe.unit if recipe.gives == "chroma" else self._chroma_of(picture)
        height, width = luminance.shape
        found = np.clip(found, -MAX_CHROMA, MAX_CHROMA)
        return np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)

    def _input(self, luminance: Lightness) -> Float32[np.ndarray, "1 C h w"]:
        if self.recipe.takes == "lightness":
            from kbvr.imaging.lab import lightness_of_luminance

            return (lightness_of_luminance(luminance) / 100)[None, None]
        grey = np.repeat(code_of_linear(luminance).astype(np.float32)[None], 3, axis=0)
        if self.recipe.scaling == "0-255":
            grey = grey * 255
        elif self.recipe.scaling == "imagenet":
            mean, deviation = (np.array(v, np.float32)[:, None, None] for v in (IMAGENET_MEAN, IMAGENET_DEVIATION))
            grey = (grey - mean) / deviation
        return grey[None].astype(np.float32)

    def _chroma_of(self, picture: Float32[np.ndarray, "h w 3"]) -> Chroma:
        """Return the chroma of a network's picture, whose range is that of its input."""
        if self.recipe.scaling == "imagenet":
            picture = picture * np.array(IMAGENET_DEVIATION, np.float32) + np.array(IMAGENET_MEAN, np.float32)
        if self.recipe.scaling != "0-255":
            picture = picture * 255
        return chroma_of(np.clip(np.rint(picture), 0, 255).astype(np.uint8))
