"""The depth estimates that `bench.depth` compares: kbvr, a network alone, and its teachers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from bench.agreement import sized_as
from kbvr.depth.estimate import estimate_depth
from kbvr.depth.networks import BUILT_IN_NETWORK, DepthNetwork, depth_network
from kbvr.depth.predict import network_input, predict_depth
from kbvr.errors import InputError
from kbvr.nets import card_of
from kbvr.nets.onnxruntime_loader import onnxruntime
from kbvr.photo.photo import photo_from_array

CONFIDENCE = "confidence"
"""Name of a network's confidence output: 1/(1 + the expected error)."""

TEACHER_SIZES_PX = ((288, 192), (256, 256), (384, 256))
"""(width, height) of the TCMonoDepth files, measured alone and averaged with their mirror images."""

Estimate = Callable[[UInt8[np.ndarray, "H W 3"]], Float32[np.ndarray, "H W"]]
"""Relative inverse depth, in any scale and shift, of an RGB picture."""


@dataclass(frozen=True, eq=False)
class Tested:
    """The network to measure."""

    model: str
    """A name or an ONNX file, as for `--depth-model`."""

    @cached_property
    def network(self) -> DepthNetwork:
        """Return the network, ready to run."""
        return depth_network(self.model)

    @property
    def path(self) -> Path:
        """Return the network's file."""
        return Path(self.model) if Path(self.model).suffix.lower() == ".onnx" else card_of(self.model).path

    def full(self, rgb: UInt8[np.ndarray, "H W 3"], quality: str = "good") -> Float32[np.ndarray, "H W"]:
        """Return kbvr's inverse depth at the photo's resolution."""
        return estimate_depth(photo_from_array(rgb), model=self.model, quality=quality).inverse_depth

    def small(self, rgb: UInt8[np.ndarray, "H W 3"], quality: str = "fast") -> Float32[np.ndarray, "h w"]:
        """Return the network's inverse depth at its own size."""
        return predict_depth(self.network, rgb, quality=quality).values

    def alone(self, rgb: UInt8[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "H W"]:
        """Return one pass, enlarged without use of the photo, like the teachers'."""
        return sized_as(self.small(rgb), rgb)

    @property
    def gives_confidence(self) -> bool:
        """Tell whether the network has a confidence output."""
        return CONFIDENCE in [output.name for output in self.network.session.get_outputs()]

    def confidence(self, rgb: UInt8[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "h w"]:
        """Return the confidence of one pass, at the network's own size."""
        picture = network_input(self.network, rgb, self.network.recipe.long_side_px)
        (confidence,) = self.network.run(picture, [CONFIDENCE])
        return confidence.reshape(confidence.shape[-2:])


BUILT_IN = Tested(BUILT_IN_NETWORK)


def estimates_of(tested: Tested, qualities: Sequence[str]) -> dict[str, Estimate]:
    """Return kbvr with each quality, and the network alone."""
    full: dict[str, Estimate] = {f"kbvr, {name}": partial(tested.full, quality=name) for name in qualities}
    return {**full, f"{tested.network.name} alone": tested.alone}


def fixed_size_teacher(file: Path, size_px: tuple[int, int]) -> Estimate:
    """Return a teacher of the built-in network (TCMonoDepth, small), at its fixed size."""
    session = onnxruntime().InferenceSession(str(file), providers=["CPUExecutionProvider"])

    def estimate(rgb: UInt8[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "H W"]:
        small = cv2.resize(rgb, size_px, interpolation=cv2.INTER_AREA).astype(np.float32)
        disparity = np.asarray(session.run(None, {"rgb255": small.transpose(2, 0, 1)[None]})[0], np.float32)
        return sized_as(disparity.reshape(size_px[::-1]), rgb)

    return estimate


def averaged_with_mirror(estimates: Sequence[Estimate]) -> Estimate:
    """Return the mean of several estimates and of those of the mirror image, all normalised first."""

    def estimate(rgb: UInt8[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "H W"]:
        total = np.zeros(rgb.shape[:2], np.float32)
        for one in estimates:
            both = one(rgb) + one(np.ascontiguousarray(rgb[:, ::-1]))[:, ::-1]
            total += (both - np.median(both)) / max(float(np.abs(both - np.median(both)).mean()), 1e-6)
        return total

    return estimate


def teachers_in(folder: Path) -> dict[str, Estimate]:
    """Return the estimates of the teachers in a folder.

    Raises:
        InputError: if one is missing.
    """
    files = [folder / f"tcmonodepth_small_{h}x{w}.onnx" for w, h in TEACHER_SIZES_PX]
    for file in files:
        if not file.is_file():
            raise InputError(f"--teachers: expected a folder that contains {file.name}, got {folder}")
    sizes = {
        f"tcmonodepth {w}x{h}": fixed_size_teacher(file, (w, h))
        for file, (w, h) in zip(files, TEACHER_SIZES_PX, strict=True)
    }
    return {**sizes, "tcmonodepth, mean of all": averaged_with_mirror(list(sizes.values()))}
