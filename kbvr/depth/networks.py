"""Choose the network that estimates depth: a built-in or installed one, or an ONNX file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from kbvr.errors import InputError
from kbvr.nets import Card, DepthRecipe, Session, fetched_card, known_cards, open_network, read_card
from kbvr.nets.recipe import Gives
from kbvr.system.input_file import is_file

BUILT_IN_NETWORK = "kbvr-depth"
BEST_FIRST = ("moge-2-small", "depth-anything-v2-small", BUILT_IN_NETWORK)
"""`auto` chooses the first one that is installed."""

KNOWN_INPUTS: dict[str, DepthRecipe] = {
    "pixel_values": DepthRecipe("pixel_values", "", scaling="imagenet", multiple_of_px=14, long_side_px=686),
    "rgb01": DepthRecipe("rgb01", ""),
    "rgb255": DepthRecipe("rgb255", "", scaling="0-255", long_side_px=384),
}
"""For files without a recipe: name of the only input -> recipe. Depth Anything V2 calls it `pixel_values`; its authors
resize the short side to 518, hence a 4:3 photo to 686x518."""

MAP_DIMENSIONS = 3
"""Dimensions of a map: pictures, rows and columns. An output with fewer is a number."""

PATCH_PX = 14
"""Side of the patches into which DINOv2, and hence MoGe, divides a picture."""

LARGEST_OUTPUT = 4
"""Maximum sides of an output, as a multiple of the input picture's."""

INT64 = "tensor(int64)"
POINTS = DepthRecipe(
    "image",
    "points",
    "affine_points",
    multiple_of_px=1,
    long_side_px=784,
    mask_output="mask",
    scale_output="metric_scale",
    tokens_input="num_tokens",
    least_tokens=1200,
    most_tokens=3600,
)
"""The recipe for MoGe-2 files without one, recognised by their tensors' names; a 4:3 photo gets 2352 tokens."""


@dataclass(frozen=True, eq=False)
class DepthNetwork:
    """A depth network that is ready to run."""

    name: str
    session: Session
    recipe: DepthRecipe
    fixed_size_px: tuple[int, int] | None = None
    """The only (width, height) that it accepts; None if it accepts others."""

    def run(self, picture: Float32[np.ndarray, "1 3 H W"], outputs: Sequence[str]) -> list[Float32[np.ndarray, "*any"]]:
        """Return the named outputs for a picture prepared by the recipe; numbers too large become infinity."""
        recipe = self.recipe
        feeds: dict[str, np.ndarray] = {recipe.input: np.ascontiguousarray(picture)}
        if recipe.tokens_input:
            patches = round(picture.shape[2] * picture.shape[3] / PATCH_PX**2)
            feeds[recipe.tokens_input] = np.array(min(max(patches, recipe.least_tokens), recipe.most_tokens), np.int64)
        with np.errstate(over="ignore"):
            return [np.asarray(output).astype(np.float32) for output in self.session.run([*outputs], feeds)]


def best_network() -> str:
    """Return the name of the network that `auto` chooses."""
    known = known_cards()
    return next(name for name in BEST_FIRST if known[name].is_installed)


def depth_network(
    model: str | Path = "auto", *, device: str = "auto", threads: int | None = None, max_bytes: int | None = None
) -> DepthNetwork:
    """Return a depth network: `auto` (the best one installed), a name, or an ONNX file.

    A file's recipe is that of the card next to it (the same name with .json). Without a card, the name of its input
    selects the recipe (`KNOWN_INPUTS`), and its output is relative unless it is named `depth_m` or
    `inverse_depth_per_m`. `max_bytes` limits the memory of a user's network.

    Raises:
        InputError: if the network or its file does not exist, or its inputs or outputs are not supported.
    """
    if Path(model).suffix.lower() == ".onnx":
        return _of_file(Path(model), device=device, threads=threads, max_bytes=max_bytes)
    known = known_cards()
    name = best_network() if model == "auto" else str(model)
    if name not in known:
        names = ", ".join(card.name for card in known.values() if gives_depth(card))
        raise InputError(f"the depth network must be auto, {names} or a .onnx file, got {name!r}")
    if not gives_depth(known[name]):
        raise InputError(f"expected a network that gives depth, got {name}, which is for: {known[name].task}")
    return _of_card(fetched_card(name), device=device, threads=threads, max_bytes=max_bytes)


def gives_depth(card: Card) -> bool:
    """Return whether a card describes a depth network."""
    inputs = {tensor.name for tensor in card.inputs}
    return card.depth is not None or inputs in ({POINTS.input, POINTS.tokens_input}, *({name} for name in KNOWN_INPUTS))


def _of_card(card: Card, *, device: str, threads: int | None, max_bytes: int | None) -> DepthNetwork:
    session = open_network(card, device=device, threads=threads, max_bytes=max_bytes)
    return _checked(card.depth or _inferred_recipe(session, card.name), session, card.name)


def _of_file(path: Path, *, device: str, threads: int | None, max_bytes: int | None) -> DepthNetwork:
    """Open a network's file, with the card next to it if there is one."""
    card_file = path.with_suffix(".json")
    if is_file(card_file):
        card = replace(read_card(card_file), file=path.name)
        return _of_card(card, device=device, threads=threads, max_bytes=max_bytes)
    session = open_network(path, device=device, threads=threads, max_bytes=max_bytes)
    return _checked(_inferred_recipe(session, str(path)), session, path.name)


def _inferred_recipe(session: Session, name: str) -> DepthRecipe:
    """Return the recipe that follows from the names of a network's tensors; InputError if there is none."""
    inputs = [tensor.name for tensor in session.get_inputs()]
    outputs = [tensor.name for tensor in session.get_outputs()]
    if {*inputs} == {POINTS.input, POINTS.tokens_input} and POINTS.output in outputs:
        return POINTS
    if len(inputs) != 1 or inputs[0] not in KNOWN_INPUTS:
        expected = f"a depth network whose only input is {' or '.join(KNOWN_INPUTS)}"
        advice = "docs/networks.md explains how to write a card for others"
        raise InputError(f"expected {expected}, got {name} with {', '.join(inputs)}; {advice}")
    gives: Gives = "relative_inverse_depth"
    if "depth_m" in outputs:
        gives = "depth_m"
    elif "inverse_depth_per_m" in outputs:
        gives = "inverse_depth_per_m"
    sky = "sky_probability" if "sky_probability" in outputs else ""
    confidence = "confidence" if "confidence" in outputs else ""
    others = [output for output in outputs if output not in (sky, confidence)]
    if not others:
        raise InputError(
            f"expected a network that gives depth, got {name}, which gives only {sky or confidence or 'nothing'}"
        )
    output = gives if gives in outputs else others[0]
    return replace(KNOWN_INPUTS[inputs[0]], output=output, gives=gives, sky_output=sky, confidence_output=confidence)


def _checked(recipe: DepthRecipe, session: Session, name: str) -> DepthNetwork:
    """Return a network with its recipe; InputError if they do not match, or the input does not take a picture."""
    inputs = {tensor.name: tensor for tensor in session.get_inputs()}
    outputs = [tensor.name for tensor in session.get_outputs()]
    if recipe.gives == "affine_points":
        recipe = replace(recipe, scale_output=_scale_of(recipe, session, name))
    recipe_inputs = (recipe.input, recipe.tokens_input)
    recipe_outputs = (recipe.output, recipe.sky_output, recipe.confidence_output, recipe.mask_output)
    for tensors, existing in ((recipe_inputs, list(inputs)), (recipe_outputs, outputs)):
        for tensor in tensors:
            if tensor and tensor not in existing:
                names = ", ".join(existing)
                raise InputError(f"expected the tensor {tensor} named in the recipe of {name}, got only {names}")
    others = ", ".join(sorted(set(inputs) - {*recipe_inputs}))
    if others:
        raise InputError(f"expected a network that takes only a picture, got {name}, which also requires {others}")
    picture = inputs[recipe.input]
    shape: Sequence[Any] = picture.shape
    three_planes = len(shape) == 4 and (shape[1] == 3 or not isinstance(shape[1], int))
    if not three_planes or picture.type != "tensor(float)":
        expected = f"float32 (1, 3, height, width) as {recipe.input}"
        raise InputError(f"expected a network that takes {expected}, got {name} with {picture.type} {tuple(shape)}")
    tokens = inputs.get(recipe.tokens_input)
    if tokens is not None and (tokens.type != INT64 or tokens.shape):
        got = f"{tokens.type} {tuple(tokens.shape)}"
        raise InputError(f"expected a network that takes one int64 number as {tokens.name}, got {name} with {got}")
    height, width = shape[2:]
    fixed = isinstance(width, int) and isinstance(height, int)
    return DepthNetwork(name, session, recipe, (width, height) if fixed else None)


def _scale_of(recipe: DepthRecipe, session: Session, network: str) -> str:
    """Return the output that scales points to metres: the recipe's or, as MoGe-2's files vary, the only number."""
    outputs = {tensor.name: len(tensor.shape) for tensor in session.get_outputs()}
    if recipe.scale_output in outputs:
        return recipe.scale_output
    maps = (recipe.output, recipe.mask_output)
    single = [name for name, dimensions in outputs.items() if dimensions < MAP_DIMENSIONS and name not in maps]
    if len(single) != 1:
        expected = f"an output {recipe.scale_output}, or one other that is a single number"
        raise InputError(f"expected {expected}, got {network} with {', '.join(outputs)}")
    return single[0]
