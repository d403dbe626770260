"""The networks of the 3D Ken Burns method. Pictures are BGR, 0 to 1, as in training.

The caller opens the sessions, because the authors' weights may not be redistributed. Every `run_` function raises
InputError if the network's inputs or outputs are not those expected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from kbvr.errors import InputError
from kbvr.imaging.array_types import Picture, Plane
from kbvr.imaging.resize import long_side_px
from kbvr.nets import Session

CARDS = {name: f"kenburns-{name}" for name in ("disparity", "refinement", "context", "inpainting")}
"""Field of PaperNetworks -> name of the network on its card; the segmentation can be any."""

DISPARITY_LONG_SIDE_PX, PICTURE_LONG_SIDE_PX = 512, 1024
"""Long side of the input of the disparity network, and of the refinement and the segmentation."""

CONTEXT_CHANNELS = 64
FEATURE_CHANNELS = 3 + 1 + CONTEXT_CHANNELS
"""Data of every point for the inpainting: standardised colour and disparity, and context."""


@dataclass(frozen=True, eq=False)
class PaperNetworks:
    """Sessions of the installed networks; None for the others."""

    disparity: Session | None = None
    refinement: Session | None = None
    context: Session | None = None
    inpainting: Session | None = None
    segmentation: Session | None = None
    """Any instance segmentation that `kbvr.depth.upright_objects.segment` takes."""

    @property
    def can_inpaint(self) -> bool:
        """Whether both halves of the inpainting network are installed."""
        return self.context is not None and self.inpainting is not None

    def required(self, name: str) -> Session:
        """Return the session of a field.

        Raises:
            InputError: if the network is not installed.
        """
        session: Session | None = getattr(self, name)
        if session is None:
            raise InputError(f"the network {CARDS.get(name, name)} is required, but not installed")
        return session


@dataclass(frozen=True, eq=False)
class Context:
    """The output of the context network for a photo."""

    features: Float32[np.ndarray, "68 H W"]
    mean: Float32[np.ndarray, "1 2 1 1"]
    deviation: Float32[np.ndarray, "1 2 1 1"]
    """Mean and deviation of picture and disparity, with which the inpainting undoes the standardisation."""


def bgr01_of(rgb: Picture) -> Float32[np.ndarray, "1 3 H W"]:
    """Return a picture as the networks' input."""
    return np.ascontiguousarray(rgb[..., ::-1].transpose(2, 0, 1)[None], np.float32) / np.float32(255)


def run_disparity(rgb: Picture, session: Session) -> Float32[np.ndarray, "h w"]:
    """Return the relative disparity of a picture, >= 0, at half the size of the network's input."""
    bgr = bgr01_of(rgb)[0].transpose(1, 2, 0)
    size = long_side_px((rgb.shape[1], rgb.shape[0]), DISPARITY_LONG_SIDE_PX)
    small = cv2.resize(np.ascontiguousarray(bgr), size, interpolation=cv2.INTER_LINEAR)  # no antialiasing, as trained
    feeds = {"bgr01": np.ascontiguousarray(small.transpose(2, 0, 1)[None])}
    shape = (1, 1, -(-size[1] // 2), -(-size[0] // 2))
    return np.maximum(_run(session, feeds, {"disparity": shape})["disparity"][0, 0], 0)


def run_refinement(rgb: Picture, disparity: Float32[np.ndarray, "h w"], session: Session) -> Plane:
    """Return a small disparity refined to the picture's size; >= 0, in its original scale.

    The network enlarges by 4 along each axis, so the disparity is first resized to a quarter of the size (bilinear).
    """
    height, width = rgb.shape[:2]
    quarter = cv2.resize(disparity, (-(-width // 4), -(-height // 4)), interpolation=cv2.INTER_LINEAR)
    feeds = {"bgr01": bgr01_of(rgb), "disparity": quarter[None, None]}
    outputs = _run(session, feeds, {"refined_disparity": (1, 1, height, width)})
    return np.maximum(outputs["refined_disparity"][0, 0], 0)


def run_context(rgb: Picture, disparity: Plane, session: Session) -> Context:
    """Return the features of every pixel of a picture, for the inpainting."""
    pair = (1, 2, 1, 1)
    shapes = {"features": (1, FEATURE_CHANNELS, *disparity.shape), "mean": pair, "deviation": pair}
    outputs = _run(session, {"bgr01": bgr01_of(rgb), "disparity": disparity[None, None]}, shapes)
    return Context(outputs["features"][0], outputs["mean"], outputs["deviation"])


def run_inpainting(
    features: Float32[np.ndarray, "68 H W"], covered: Plane, context: Context, session: Session
) -> tuple[Float32[np.ndarray, "H W 3"], Plane]:
    """Return colour (RGB, 0 to 1) and disparity (>= 0) of a whole frame, filled where it is not covered.

    `features` are rendered from the camera's position, and 0 where `covered` is 0; `context` is the photo's.
    """
    size = covered.shape
    feeds = {
        "features": features[None],
        "covered": covered[None, None],
        "mean": context.mean,
        "deviation": context.deviation,
    }
    outputs = _run(session, feeds, {"filled_bgr01": (1, 3, *size), "filled_disparity": (1, 1, *size)})
    rgb01 = np.clip(outputs["filled_bgr01"][0, ::-1].transpose(1, 2, 0), 0, 1)
    return np.ascontiguousarray(rgb01), np.maximum(outputs["filled_disparity"][0, 0], 0)


def _run(
    session: Session, feeds: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, np.ndarray]:
    """Return the named outputs as float32; check their shapes and numbers, and the names of the inputs."""
    inputs = {tensor.name for tensor in session.get_inputs()}
    if inputs != set(feeds):
        raise InputError(f"expected a network with the inputs {', '.join(feeds)}, got {', '.join(sorted(inputs))}")
    values = session.run(list(shapes), dict(feeds))
    outputs = {name: np.asarray(value, np.float32) for name, value in zip(shapes, values, strict=True)}
    for name, shape in shapes.items():
        if outputs[name].shape != shape:
            raise InputError(f"expected {name} of shape {shape} from the network, got {outputs[name].shape}")
        if not np.isfinite(outputs[name]).all():
            raise InputError(f"expected finite numbers in {name} from the network, got NaN or infinity")
    return outputs
