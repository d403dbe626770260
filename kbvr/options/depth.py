"""How far away everything is."""

from __future__ import annotations

from pathlib import Path

from kbvr.depth.quality import DepthQuality
from kbvr.options.declare import OptionGroup, option
from kbvr.photo.depth_kind import DepthKind, Half
from kbvr.photo.pair_layout import PAIR_SOURCES
from kbvr.photo.panorama import PanoramaKind


class DepthOptions(OptionGroup, title="Depth"):
    """How far away everything is."""

    depth: Path | None = option(
        None,
        "A depth file for a single photo: a picture (16-bit PNG is best), PFM, NPY, NPZ or EXR.",
        accepts="a file",
        metavar="FILE",
        default_text="estimated from the photo",
    )
    depth_kind: DepthKind | None = option(
        None,
        "What the depth file holds. disparity or relative: any scale, larger or lighter is nearer; relative-inverted: "
        "lighter is farther; depth-m: metres (millimetres in a PNG), larger is farther; inverse-depth-per-m: 1 / "
        "metres; kbvr: a PNG that --depth-map wrote, which keeps its place and scale.",
        metavar="KIND",
        default_text="what the file says, else guessed by comparison with an estimate",
    )
    rgbd: Half | None = option(
        None,
        "The photo is an RGB-D picture, with colours and depth side by side, and its depth is in this half: right as "
        "for Looking Glass displays, or left.",
    )
    pair: str | Path = option(
        "auto",
        "Where the second view of a stereo photo is. It measures the depth, and shows what the photo hides. auto: in "
        "MPO and JPS files, and beside or below the first if the name says so (_LR, _SBS, _TB, ...); none: use the "
        "picture as it is; sbs, sbs-half, tb, tb-half, cross: in the same picture, with this layout; mpo: the second "
        "picture in the file, whatever it is called; FILE: a photo of the same thing from a step to the side.",
        accepts="auto, none, a layout, mpo or a file",
        metavar="auto|none|LAYOUT|FILE",
        suggestions=("auto", "none", "sbs", "sbs-half", "tb", "tb-half", "cross", "mpo"),
    )
    ignore_embedded_depth: bool = option(
        False,
        "Estimate the depth even if the photo's file has one, as portraits of phones do.",
    )
    depth_model: str | Path = option(
        "auto",
        "The network that estimates the depth. auto: the best installed of moge-2-small, depth-anything-v2-small and "
        "kbvr-depth, which is built in; NAME: a network that `kbvr models list` shows; FILE: an ONNX file.",
        accepts="auto, a name or an ONNX file",
        metavar="auto|NAME|FILE",
        suggestions=("auto", "kbvr-depth", "moge-2-small", "depth-anything-v2-small"),
    )
    depth_quality: DepthQuality = option(
        "good",
        "How carefully the depth is estimated. fast: from the photo alone; good: also from its mirror image; best: "
        "also at a smaller and a larger size.",
    )
    fov_deg: float | None = option(
        None,
        "Field of view along the photo's long side; above 170 with --panorama cylinder only.",
        between=(1, 360),
        unit="degrees",
        flag="--fov",
        metavar="DEG",
        default_text="from the EXIF data, else estimated by moge-2-small if it is installed, else 55",
    )
    panorama: PanoramaKind = option(
        "auto",
        "How a panorama is read. auto: as its file says, others being ordinary photos; 360: it shows all directions, "
        "twice as wide as high; cylinder: --fov says how wide it is, if its file does not, and a straight view of its "
        "middle is used; none: an ordinary photo, whatever its file says.",
    )
    near_m: float | None = option(
        None,
        "Distance of the nearest object, used if the depth is not in metres.",
        between=(0.01, 1e4),
        unit="metres",
        default_text="1.5",
    )
    subject_distance_m: float | None = option(
        None,
        "Distance of the subject, used if the depth is not in metres. It replaces --near-m.",
        between=(0.01, 1e4),
        unit="metres",
        flag="--subject-distance",
    )
    segmentation: str | Path | None = option(
        None,
        "An instance segmentation network (maskrcnn or an ONNX file) that makes people, animals and cars stand "
        "upright.",
        accepts="a name or an ONNX file",
        metavar="NAME|FILE",
        default_text="none; maskrcnn with --profile paper, if it is installed",
    )
    softness: float | None = option(
        None,
        "How much of its own depth an upright object keeps, from 0 (flat) to 1 (all).",
        between=(0, 1),
        metavar="0-1",
        default_text="0.5; 0 with --profile paper",
    )

    @property
    def pair_file(self) -> Path | None:
        """The file of the second view."""
        return None if str(self.pair) in PAIR_SOURCES else Path(self.pair)
