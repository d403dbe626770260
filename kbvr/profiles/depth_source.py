"""Depth of a photo from a file, the photo itself or a network, scaled to the distance of the subject."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.embedded import depth_from_embedded
from kbvr.depth.estimate import estimate_depth
from kbvr.depth.guess_kind import guessed_kind, own_estimate
from kbvr.depth.placement import DEFAULT_NEAR_M, place
from kbvr.depth.read_file import inverse_depth_of
from kbvr.depth.read_placed import load_placed_depth
from kbvr.depth.scene_depth import scene_depth_of
from kbvr.depth.upright_objects import adjusted_depth, check_segmentation, segment
from kbvr.errors import InputError, OptionText, verbatim
from kbvr.imaging.resize import shrunk
from kbvr.ken_burns_2019.networks import PICTURE_LONG_SIDE_PX
from kbvr.motion.consequences import Landmarks
from kbvr.nets import Session, fetched_card, known_cards, open_network
from kbvr.options.export_options import ExportOptions
from kbvr.photo.decoding_process import decoded_depth
from kbvr.photo.depth_kind import DepthKind
from kbvr.photo.photo import Photo
from kbvr.photo.picture_file import display_name
from kbvr.photo.stored_depth import StoredDepth

SEGMENTATION = "maskrcnn"
"""Name of the paper's instance segmentation."""

_MEANING: Mapping[DepthKind, str] = MappingProxyType(
    {"relative": "light is near", "relative-inverted": "light is far", "depth-m": "metres; whole numbers: millimetres"}
)
"""What a kind that is guessed means, in words."""

_log = logging.getLogger(__name__)


def at_subject_distance(depth: DepthMap, photo: Photo, options: ExportOptions) -> DepthMap:
    """Return the depth scaled to the subject distance of the options; metric depth is kept."""
    for name in ("near_m", "subject_distance_m"):
        if depth.metric and getattr(options, name) is not None:
            _log.warning(OptionText(f"{{{name}}} has no effect: the depth is already in metres"))
    if depth.metric or options.subject_distance_m is None:
        return depth
    scale = Landmarks(scene_depth_of(depth), photo.rgb).subject_m / options.subject_distance_m
    return replace(depth, inverse_depth=depth.inverse_depth * np.float32(scale))


def _from_file_or_network(photo: Photo, options: ExportOptions) -> DepthMap:
    """Return the depth of a photo in metres.

    It comes from the file of the options, else from the photo's own file, unless the options name a network or forbid
    it, else from their network.
    """
    near_m = DEFAULT_NEAR_M if options.near_m is None else options.near_m

    def estimate() -> DepthMap:
        return estimate_depth(
            photo, model=options.depth_model, near_m=near_m, quality=options.depth_quality, **network_limits(options)
        )

    if options.depth is None:
        may_use_own = not options.ignore_embedded_depth and str(options.depth_model) == "auto"
        own = depth_from_embedded(photo, estimate, near_m=near_m) if may_use_own else None
        return estimate() if own is None else own
    stored = decoded_depth(options.depth, options.depth_kind, options.max_memory, options.rgbd)
    if stored.form:
        _log.warning("%s: its depth is read from %s", display_name(options.depth), stored.form)
    kind = options.depth_kind or _guessed(stored, options.depth, photo, options)
    if kind == "kbvr":
        if options.near_m is not None:
            _log.warning(OptionText("{near_m} has no effect: the depth has its place already"))
        return load_placed_depth(options.depth, photo, max_memory_bytes=options.max_memory)
    inverse_depth, metric = inverse_depth_of(stored.values, options.depth, photo.size_px, kind=kind, rgb=photo.rgb)
    if metric:
        return DepthMap(inverse_depth, photo.f_px, metric=True)
    return place(inverse_depth, None, photo, near_m=near_m)


def _guessed(stored: StoredDepth, path: Path, photo: Photo, options: ExportOptions) -> DepthKind:
    """Return what the numbers of a depth file probably mean, with a warning if that is a guess."""
    guess = guessed_kind(
        stored,
        path,
        lambda: own_estimate(photo.rgb, device=options.device, threads=options.threads),
        usual=None if options.rgbd is None else "relative",
    )
    if guess.reason:
        taken = f"taken as {guess.kind} ({_MEANING[guess.kind]}), because {guess.reason}"
        _log.warning(OptionText(f"{verbatim(display_name(path))}: {taken}; {{depth_kind}} says it for certain"))
    return guess.kind


def network_limits(options: ExportOptions) -> dict[str, Any]:
    """Return the device, threads and memory of networks, as `open_network` takes them."""
    return {"device": options.device, "threads": options.threads, "max_bytes": options.max_memory}


def open_segmentation(name: str | Path, options: ExportOptions) -> Session:
    """Open an instance segmentation by name or ONNX file."""
    if Path(name).suffix.lower() == ".onnx":
        session = open_network(Path(name), **network_limits(options))
    elif str(name) == SEGMENTATION and SEGMENTATION not in known_cards():
        raise InputError(
            f"the segmentation {SEGMENTATION} is not installed: make it from torchvision's weights with "
            "`python -m export maskrcnn` and add it with `kbvr models add`"
        )
    else:
        session = open_network(fetched_card(str(name)), **network_limits(options))
    check_segmentation(session)
    return session


def depth_from_file_or_network(
    photo: Photo, options: ExportOptions, segmentation: Session | None, *, softness: float
) -> DepthMap:
    """Return the depth of a photo, with upright objects if there is a segmentation, at the subject distance."""
    depth = _from_file_or_network(photo, options)
    if segmentation is not None:
        instances = segment(shrunk(photo.rgb, PICTURE_LONG_SIDE_PX), segmentation)
        depth = adjusted_depth(depth, instances, softness=softness)
    return at_subject_distance(depth, photo, options)
