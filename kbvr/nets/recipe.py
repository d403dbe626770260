"""Recipes: the part of a card that defines how to prepare a network's inputs and interpret its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from kbvr.errors import InputError

Scaling = Literal["0-1", "0-255", "imagenet"]
"""Conversion of 8-bit sRGB: divide by 255; none; divide by 255, subtract ImageNet's mean, divide by its deviation."""

ColourOrder = Literal["rgb", "bgr"]

Gives = Literal["relative_inverse_depth", "depth_m", "inverse_depth_per_m", "affine_points"]
"""Larger is nearer, with unknown scale and shift; metres along the optical axis; 1/m; points (h, w, 3) with x right, y
down and z forward, which become metres by a shift in z and a factor that the network outputs too."""

PictureRange = Literal["0-1", "0-255"]

POINTS_OUTPUTS = ("mask_output", "scale_output")
MAX_PX = 4096
MAX_TOKENS = 10_000
MAX_ENLARGEMENT = 100
MAX_UNIT = 1000.0


@dataclass(frozen=True)
class DepthRecipe:
    """Inputs and outputs of a depth network, which takes one picture (1, 3, H, W)."""

    input: str
    """Tensor name of the picture."""

    output: str
    """Tensor name of the depth, with any leading dimensions of 1."""

    gives: Gives = "relative_inverse_depth"
    scaling: Scaling = "0-1"
    colour_order: ColourOrder = "rgb"
    multiple_of_px: int = 32
    """Both sides of the picture are multiples of this."""

    long_side_px: int = 512
    """The size that the network was made for, unless its input has fixed sides."""

    max_enlargement: int = MAX_ENLARGEMENT
    """A photo smaller than that is enlarged at most so many times."""

    sky_output: str = ""
    """Tensor name of the probability of sky, 0 to 1, if there is one."""

    confidence_output: str = ""
    """Tensor name of 1/(1 + e), if there is one; e is the expected error in mean absolute deviations of the output."""

    mask_output: str = ""
    """With affine points: tensor name of the mask, 1 for a point and 0 for infinity."""

    scale_output: str = ""
    """With affine points: tensor name of the factor to metres."""

    tokens_input: str = ""
    """Tensor name of an int64 scalar, the number of 14 px patches to divide the picture into, if there is one."""

    least_tokens: int = 1
    most_tokens: int = MAX_TOKENS
    """The range of that number."""


@dataclass(frozen=True)
class FillRecipe:
    """The colour range of an inpainting network of a fixed size, such as LaMa.

    Its inputs are `image`, sRGB 0 to 1, (1, 3, N, N), and `mask`, 1 = fill, (1, 1, N, N), both float32.
    """

    output_range: PictureRange = "0-255"


ColourInput = Literal["grey", "lightness"]
"""sRGB grey in three equal planes; L of CIELAB divided by 100 in one."""

ColourOutput = Literal["chroma", "rgb"]
"""a and b of CIELAB; sRGB in the range of the input, of which only the chroma is used."""


@dataclass(frozen=True)
class ColourRecipe:
    """Inputs and outputs of a network that guesses the colours of a grey picture (1, C, H, W)."""

    input: str = ""
    """Tensor name of the picture; empty for the only input."""

    output: str = ""
    """Tensor name of the colours; empty for the first output."""

    takes: ColourInput = "grey"
    gives: ColourOutput = "chroma"
    scaling: Scaling = "0-1"
    """Of grey pictures, and of RGB outputs."""

    unit: float = 1.0
    """a and b are the output times this."""

    side_px: int = 256
    """The size that the network was made for, unless its input has fixed sides: the long side, or both."""

    keeps_shape: bool = False
    """Whether pictures keep their shape, to a multiple of `multiple_of_px`; otherwise they are made square."""

    multiple_of_px: int = 32


def read_depth_recipe(given: object) -> DepthRecipe:
    """Return the recipe in a card's JSON object, completely checked, because cards are untrusted.

    Raises:
        InputError: if a field is unknown, missing or invalid.
    """
    values = _known_fields(given, DepthRecipe)
    needed = ("input", "output", *(POINTS_OUTPUTS if values.get("gives") == "affine_points" else ()))
    for name in (*needed, "sky_output", "confidence_output", *POINTS_OUTPUTS, "tokens_input"):
        value = values.get(name, "")
        if not isinstance(value, str) or not (value or name not in needed):  # "" means missing
            raise InputError(f"{name} must be the name of a tensor, got {value!r}")
    for name, known in (("gives", Gives), ("scaling", Scaling), ("colour_order", ColourOrder)):
        _one_of(values, name, get_args(known))
    recipe = DepthRecipe(**values)
    sizes = {"multiple_of_px": MAX_PX, "long_side_px": MAX_PX, "max_enlargement": MAX_ENLARGEMENT}
    limits = {**sizes, "least_tokens": MAX_TOKENS, "most_tokens": MAX_TOKENS}
    for name, maximum in limits.items():
        _whole(getattr(recipe, name), name, maximum)
    if recipe.long_side_px < recipe.multiple_of_px:
        raise InputError(f"long_side_px must be >= multiple_of_px, got {recipe.long_side_px}")
    if recipe.most_tokens < recipe.least_tokens:
        raise InputError(f"most_tokens must be >= least_tokens, got {recipe.most_tokens}")
    return recipe


def read_fill_recipe(given: object) -> FillRecipe:
    """Return the recipe in a card's JSON object, completely checked; raise InputError as `read_depth_recipe`."""
    values = _known_fields(given, FillRecipe)
    _one_of(values, "output_range", get_args(PictureRange))
    return FillRecipe(**values)


def read_colour_recipe(given: object) -> ColourRecipe:
    """Return the recipe in a card's JSON object, completely checked; raise InputError as `read_depth_recipe`."""
    values = _known_fields(given, ColourRecipe)
    for name, known in (("takes", ColourInput), ("gives", ColourOutput), ("scaling", Scaling)):
        _one_of(values, name, get_args(known))
    recipe = ColourRecipe(**values)
    for name in ("input", "output"):
        if not isinstance(getattr(recipe, name), str):
            raise InputError(f"{name} must be the name of a tensor, got {getattr(recipe, name)!r}")
    for name in ("side_px", "multiple_of_px"):
        _whole(getattr(recipe, name), name, MAX_PX)
    if not isinstance(recipe.keeps_shape, bool):
        raise InputError(f"keeps_shape must be true or false, got {recipe.keeps_shape!r}")
    if type(recipe.unit) not in (int, float) or not 0 < recipe.unit <= MAX_UNIT:
        raise InputError(f"unit must be a number above 0 and up to {MAX_UNIT:g}, got {recipe.unit!r}")
    if recipe.side_px < recipe.multiple_of_px:
        raise InputError(f"side_px must be >= multiple_of_px, got {recipe.side_px}")
    return recipe


def _whole(value: object, name: str, maximum: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= maximum:
        raise InputError(f"{name} must be a whole number from 1 to {maximum}, got {value!r}")


def _known_fields(values: object, kind: type[Any]) -> dict[str, Any]:
    known = [field.name for field in fields(kind)]
    if not isinstance(values, dict) or not set(values) <= set(known):
        raise InputError(f"a recipe must be an object with {', '.join(known)}, got {values!r}")
    return values


def _one_of(values: Mapping[str, Any], name: str, known: tuple[str, ...]) -> None:
    if name in values and values[name] not in known:
        raise InputError(f"{name} must be one of {', '.join(known)}, got {values[name]!r}")
