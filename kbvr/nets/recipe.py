"""Recipes: what a program must know to feed a network and to read what it gives.

A recipe is a part of a card; a depth network without one is understood by the name of its input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from kbvr.errors import InputError

Scaling = Literal["0-1", "0-255", "imagenet"]
"""What 8-bit sRGB becomes: divided by 255; left as it is; divided by 255, less ImageNet's mean, over its deviation."""

ColourOrder = Literal["rgb", "bgr"]

Gives = Literal["relative_inverse_depth", "depth_m", "inverse_depth_per_m", "affine_points"]
"""Larger is nearer, with scale and shift free; metres along the optical axis; one over metres; points (h, w, 3) of x
right, y down and z forward that lack a shift in z and a factor, which the network gives too, to be in metres."""

PictureRange = Literal["0-1", "0-255"]

POINTS_OUTPUTS = ("mask_output", "scale_output")
"""What a recipe must name beside affine points."""

MOST_PX = 4096
MOST_TOKENS = 10_000


@dataclass(frozen=True)
class DepthRecipe:
    """How a depth network is fed with one picture (1, 3, H, W) and what comes out of it."""

    input: str
    """Name of the tensor that takes the picture."""

    output: str
    """Name of the tensor with the depth; leading dimensions of 1 do not matter."""

    gives: Gives = "relative_inverse_depth"
    scaling: Scaling = "0-1"
    colour_order: ColourOrder = "rgb"
    multiple_of_px: int = 32
    """Both sides of the picture are multiples of this."""

    long_side_px: int = 512
    """The size that the network was made for; one with fixed sides is shown a picture of those."""

    sky_output: str = ""
    """Name of the tensor with the probability of being sky, 0 to 1, if there is one."""

    mask_output: str = ""
    """With affine points: name of the tensor that is 1 where there is a point and 0 where it is infinitely far."""

    scale_output: str = ""
    """With affine points: name of the number that makes metres of them."""

    tokens_input: str = ""
    """Name of the int64 scalar that takes the number of 14 px patches to divide the picture into, if there is one."""

    least_tokens: int = 1
    most_tokens: int = MOST_TOKENS
    """The range of that number."""


@dataclass(frozen=True)
class FillRecipe:
    """How an inpainting network of a fixed size, such as LaMa, tells the colours that it invents.

    It takes `image`, sRGB 0 to 1, (1, 3, N, N), and `mask`, 1 = fill, (1, 1, N, N), both float32.
    """

    output_range: PictureRange = "0-255"


def read_depth_recipe(given: object) -> DepthRecipe:
    """Return the recipe of a card's JSON object, every value checked: a card may come from anywhere.

    Raises:
        InputError: if a value is not among those that there are, a size cannot be, or a field is one too many.
    """
    values = _known_fields(given, DepthRecipe)
    needed = ("input", "output", *(POINTS_OUTPUTS if values.get("gives") == "affine_points" else ()))
    for name in (*needed, "sky_output", *POINTS_OUTPUTS, "tokens_input"):
        value = values.get(name, "")
        if not isinstance(value, str) or not (value or name not in needed):  # a missing one is "" too
            raise InputError(f"{name} must be the name of a tensor, got {value!r}")
    for name, known in (("gives", Gives), ("scaling", Scaling), ("colour_order", ColourOrder)):
        _one_of(values, name, get_args(known))
    sizes = {name: values.get(name, getattr(DepthRecipe, name)) for name in ("multiple_of_px", "long_side_px")}
    tokens = {name: values.get(name, getattr(DepthRecipe, name)) for name in ("least_tokens", "most_tokens")}
    for numbers, most in ((sizes, MOST_PX), (tokens, MOST_TOKENS)):
        for name, value in numbers.items():
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
                raise InputError(f"{name} must be a whole number from 1 to {most}, got {value!r}")
    if sizes["long_side_px"] < sizes["multiple_of_px"]:
        raise InputError(f"long_side_px must be >= multiple_of_px, got {sizes['long_side_px']}")
    if tokens["most_tokens"] < tokens["least_tokens"]:
        raise InputError(f"most_tokens must be >= least_tokens, got {tokens['most_tokens']}")
    return DepthRecipe(**values)


def read_fill_recipe(given: object) -> FillRecipe:
    """Return the recipe of a card's JSON object, every value checked.

    Raises:
        InputError: if a value is not among those that there are, or a field is one too many.
    """
    values = _known_fields(given, FillRecipe)
    _one_of(values, "output_range", get_args(PictureRange))
    return FillRecipe(**values)


def _known_fields(values: object, kind: type[Any]) -> dict[str, Any]:
    known = [field.name for field in fields(kind)]
    if not isinstance(values, dict) or not set(values) <= set(known):
        raise InputError(f"a recipe must be an object with {', '.join(known)}, got {values!r}")
    return values


def _one_of(values: Mapping[str, Any], name: str, known: tuple[str, ...]) -> None:
    if name in values and values[name] not in known:
        raise InputError(f"{name} must be one of {', '.join(known)}, got {values[name]!r}")
