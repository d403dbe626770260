"""Photos with good depth: a folder of NAME.jpg, NAME.png (inverse depth, 255 = nearest, 0 = unknown) and INDEX.csv.

The index lists the source and the licence of each, who made the depth, whether it was depth or inverse depth, and a
quality of 3 to 5.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from export.samples import Sample
from export.teachers import load_rgb
from kbvr.errors import InputError

HELD_OUT_EVERY = 12
"""Every 12th scene is held out from training."""

ROOMS = ("nyu", "kinect", "lidar", "replica", "omnian")
"""Sources of rooms from a depth camera or a scanner, by the first part of a name; their edges are slightly wide."""

SHARP_ROOMS = ("rgbdd",)
"""Sources of few rooms and people, with sharp edges."""

NYU_SCENE = 24
NYU_MARGIN = 3
"""Successive frames of NYU show one room, but its end is not marked. So a fixed number of frames counts as a scene, and
this many frames at either end of a held-out scene are not used at all, because their neighbours are in the training."""

WEIGHTS = {"5": 1.0, "4": 0.8, "3": 0.5}
"""Weight of a picture by its quality."""

OPEN_NETWORKS = (
    "MiDaS",
    "Marigold",
    "Metric3D",
    "Consistent Video Depth",
    "HyperNeRF",
)
"""Networks whose published weights are under MIT, BSD or Apache-2.0; others have other or unknown licences.

HyperNeRF and Consistent Video Depth are fitted to one film each (code under Apache-2.0 and MIT).
"""

CLOSED_NETWORKS = ("BoostingMonocularDepth", "UniDepth", "Depth Anything", "likely")
"""Networks with non-commercial weights, whichever open network they build on; and labels that are only guesses.

DepthSplat is not among the open ones: its larger models start from Depth Anything V2's, which are CC BY-NC 4.0."""

NON_COMMERCIAL = ("-NC", "non-commercial")
"""Marks of a licence that excludes commercial use."""

Row = dict[str, str]
"""A row of INDEX.csv."""


@dataclass(frozen=True, eq=False)
class Strong:
    """A picture with good depth; the sample's depth is NaN where it is unknown."""

    name: str
    source: str
    scene: str
    sample: Sample
    weight: float
    origin: str
    """The repository that it comes from."""

    licence: str
    """As stated on its page."""

    label: str
    """Who made the depth: a sensor or a network."""

    by_rank: bool
    """Whether only the order of the depths is reliable: they were linear, and the offset was fitted."""


def kind_of(strong: Strong) -> str:
    """Return the kind: films, rooms or sharp_rooms."""
    return "rooms" if strong.source in ROOMS else "sharp_rooms" if strong.source in SHARP_ROOMS else "films"


def scene_of(name: str) -> str:
    """Return the scene of a picture, from its name.

    Frames of a clip share the name up to the last underscore, views of a panorama its code, rgbdd's pictures the hour;
    omni's pictures are unrelated.
    """
    source, *rest = name.split("_")
    if source == "nyu":
        return f"nyu_{int(rest[0]) // NYU_SCENE}"
    if source == "rgbdd":
        return f"rgbdd_{rest[0][:10]}"
    if source.startswith("p36"):
        return f"p36_{rest[0]}"
    if source in ROOMS:
        return source if source != "omnian" else name
    return name if len(rest) < 2 or source == "omni" else name.rsplit("_", 1)[0]


def is_permissive(licence: str, label: str) -> bool:
    """Return whether a network trained on a picture and its depth may be used for any purpose.

    A student may be considered derived from its teacher, so a network that made the depth must be known and have
    weights under an open licence; measured or drawn depth has no such condition. The picture's own licence must not
    exclude commercial use. As with ImageNet, pictures that are offered for research are accepted: training only looks
    at them, and they are not redistributed.
    """
    if any(words in licence for words in NON_COMMERCIAL):
        return False
    is_open = any(name in label for name in OPEN_NETWORKS) and not any(name in label for name in CLOSED_NETWORKS)
    return is_open or not label.startswith("network")


def held_out_scenes(names: Iterable[str]) -> set[str]:
    """Return every HELD_OUT_EVERY-th scene of each source, so that all kinds of pictures are measured."""
    by_source: dict[str, set[str]] = {}
    for name in names:
        by_source.setdefault(name.split("_")[0][:3], set()).add(scene_of(name))
    held_out: set[str] = set()
    position = HELD_OUT_EVERY // 2
    for source in sorted(by_source):
        for scene in sorted(by_source[source]):
            if position % HELD_OUT_EVERY == 0:
                held_out.add(scene)
            position += 1
    return held_out


def is_between(name: str, held_out: set[str]) -> bool:
    """Return whether a picture is too close to the limit of a held-out scene to be used at all."""
    source, *rest = name.split("_")
    if source != "nyu":
        return False
    place = int(rest[0]) % NYU_SCENE
    return scene_of(name) in held_out and not NYU_MARGIN <= place < NYU_SCENE - NYU_MARGIN


def read_index(folder: Path) -> list[Row]:
    """Return the rows of INDEX.csv.

    Raises:
        InputError: if there is none.
    """
    try:
        with (folder / "INDEX.csv").open(newline="", encoding="utf-8") as lines:
            return list(csv.DictReader(lines))
    except OSError as error:
        raise InputError(f"expected a folder with an INDEX.csv, got {folder}: {error.strerror or error}") from error


def load_strong(folder: Path, *, permissive: bool) -> tuple[list[Strong], list[Strong]]:
    """Return (training, held-out) pictures; the held-out ones do not depend on the licences."""
    training, held_out = _parted(read_index(folder))
    kept = [row for row in training if not permissive or is_permissive(row["licence"], row["label"])]
    return [_load(folder, row) for row in kept], [_load(folder, row) for row in held_out]


def load_held_out(folder: Path, choose: Callable[[list[Row]], list[Row]] = list) -> list[Strong]:
    """Return the held-out pictures, or a choice of them, without loading the training pictures.

    Raises:
        InputError: if the folder is missing, or a picture cannot be read.
    """
    return [_load(folder, row) for row in choose(_parted(read_index(folder))[1])]


def _parted(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Return the rows (training, held out), without those too close to both."""
    scenes = held_out_scenes(row["name"] for row in rows)
    apart = [row for row in rows if not is_between(row["name"], scenes)]
    held_out = [row for row in apart if scene_of(row["name"]) in scenes]
    return [row for row in apart if scene_of(row["name"]) not in scenes], held_out


def _load(folder: Path, row: Row) -> Strong:
    name = row["name"]
    levels = cv2.imread(str(folder / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
    if levels is None:
        raise InputError(f"expected depth in a PNG file, got {folder / name}.png")
    depth = np.where(levels == 0, np.nan, levels / np.float32(255)).astype(np.float16)
    sample = Sample(load_rgb(folder / f"{name}.jpg"), depth, None)
    by_rank = not row["quantity"].startswith("inverse_depth") or "unsure" in row["quantity"]
    weight = WEIGHTS[row["quality"]]
    made_by = (row["source"], row["licence"], row["label"])
    return Strong(name, name.split("_")[0], scene_of(name), sample, weight, *made_by, by_rank)
