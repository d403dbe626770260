"""How far away everything is."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from kbvr.depth.quality import DepthQuality
from kbvr.options.declare import OptionGroup, option
from kbvr.photo.depth_kind import DepthKind


class DepthOptions(OptionGroup):
    """How far away everything is."""

    title: ClassVar[str] = "Depth"

    depth: Path | None = option(
        None,
        "Depth of the photo as a file: 16-bit PNG, NPY, NPZ, EXR or TIFF. It needs --depth-kind and goes with one "
        "photo.",
        takes="a file",
        metavar="FILE",
        unset="estimated from the photo",
    )
    depth_kind: DepthKind | None = option(
        None,
        "What --depth holds. disparity: of any scale, larger is nearer; depth-m: metres (millimetres in a PNG), "
        "larger is farther; inverse-depth-per-m: 1 / metres.",
    )
    depth_model: str | Path = option(
        "auto",
        "The network that estimates the depth. auto: the best installed of moge-2-small, depth-anything-v2-small and "
        "kbvr-depth, which is built in; NAME: a network that `kbvr models list` shows; FILE: an ONNX file.",
        takes="auto, a name or an ONNX file",
        metavar="auto|NAME|FILE",
        suggests=("auto", "kbvr-depth", "moge-2-small", "depth-anything-v2-small"),
    )
    depth_quality: DepthQuality = option(
        "good",
        "How carefully the depth is estimated. fast: from the photo alone; good: from its mirror image too; best: "
        "also at a smaller and a larger size.",
    )
    fov_deg: float | None = option(
        None,
        "Field of view along the photo's long side.",
        least=1,
        most=170,
        unit="degrees",
        flag="--fov",
        metavar="DEG",
        unset="from the EXIF data, else found by moge-2-small if it is installed, else 55",
    )
    near_m: float | None = option(
        None,
        "Distance of the nearest things, if the depth has no scale of its own.",
        least=0.01,
        most=1e4,
        unit="metres",
        metavar="METRES",
        unset="1.5",
    )
    subject_distance_m: float | None = option(
        None,
        "Distance of the subject, if the depth has no scale of its own; it replaces --near-m.",
        least=0.01,
        most=1e4,
        unit="metres",
        flag="--subject-distance",
        metavar="METRES",
    )
    segmentation: str | Path | None = option(
        None,
        "An instance segmentation (maskrcnn, or an ONNX file) that makes people, animals and cars stand upright.",
        takes="a name or an ONNX file",
        metavar="NAME|FILE",
        unset="none; maskrcnn with --profile paper, if it is installed",
    )
    softness: float | None = option(
        None,
        "How much of its own depth an upright object keeps.",
        least=0,
        most=1,
        metavar="0-1",
        unset="0.5; 0 with --profile paper",
    )
