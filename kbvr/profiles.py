"""Profiles: how a photo becomes something that cameras can look at.

`layers` is kbvr's own: layers with soft edges, filled once. `paper` is the 3D Ken Burns method as its authors published
it, through their networks where a person has them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import UInt8

from kbvr.camera import Camera
from kbvr.depth import DEFAULT_NEAR_M, DepthMap, estimate_depth, place
from kbvr.depth_file import load_inverse_depth
from kbvr.depth_model import depth_network
from kbvr.diorama import head_reaches_m
from kbvr.errors import InputError
from kbvr.fill import best_filler, filler_named
from kbvr.films import Film, reaches_m
from kbvr.lens import softened
from kbvr.nets import Session, fetched_card, known_cards, open_network
from kbvr.options import ExportOptions
from kbvr.paper import PaperNetworks, PointRenderer, inpainted, paper_depth_map, point_scene
from kbvr.paper.networks import CARDS, PICTURE_LONG_SIDE_PX, size_px_with
from kbvr.paper.segmentation import adjusted_depth, check_segmentation, segment
from kbvr.photo import Photo
from kbvr.render.gpu import best_renderer
from kbvr.scene import Scene, build_scene
from kbvr.surroundings import Surroundings, surroundings_of

SEGMENTATION = "maskrcnn"
"""The instance segmentation that the paper used, by its card."""

INPAINTED_BEYOND = 1.1
"""The paper inpaints from a camera that has gone so much farther than the move goes."""

SAME_PLACE = 0.1
"""A second camera is inpainted from if it stands farther from the first than this share of the first's own way."""

_log = logging.getLogger(__name__)


@runtime_checkable
class Drawing(Protocol):
    """A scene that is ready to be drawn; used as a context manager."""

    @property
    def busy_s(self) -> float:
        """Seconds spent on drawing so far, those of all threads added up."""

    def frames(self, cameras: Iterable[Camera]) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
        """Yield one picture per camera, in order."""

    def __enter__(self) -> Drawing:  # noqa: PYI034 (beartype knows no Self here)
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """What can be drawn of a photo, and visited if it is of layers."""

    scene: Scene | None
    said: tuple[str, ...]
    """What there is to tell of it."""

    drawing: Callable[[list[Film]], tuple[Drawing, tuple[str, ...]]]
    """Return what draws it for some films, and what there is to tell of that."""


class Layers:
    """The profile `layers`."""

    def __init__(self, options: ExportOptions) -> None:
        """Open the networks, so that what is not there is told before any work.

        Raises:
            InputError: if a network is not there or is another one than wanted.
        """
        self.options = options
        self.filler = filler_named(options.fill, **_limits(options))
        self.segmentation = None if options.segmentation is None else _segmentation(options.segmentation, options)
        if options.depth_file is None:
            depth_network(options.depth_model, **_limits(options))

    def depth(self, photo: Photo) -> DepthMap:
        """Return the depth of a photo, from the options' file or a network, its objects made upright if wanted."""
        depth = _from_file_or_network(photo, self.options)
        if self.segmentation is not None:
            softness = 0.5 if self.options.softness is None else self.options.softness
            depth = adjusted_depth(depth, segment(_within(photo.rgb), self.segmentation), softness=softness)
        return at_wanted_distance(depth, self.options)

    def prepared(
        self, photo: Photo, depth: DepthMap, films: list[Film], around: Surroundings, *, is_visited: bool
    ) -> Prepared:
        """Return the scene for the films, and for heads that move in it if it is visited."""
        visited_m = head_reaches_m(around, self.options.ipd_m) if is_visited else None
        scene = build_scene(photo, depth, **reaches_m(films, around, visited_m=visited_m), filler=self.filler)
        hidden = float(scene.ldi.fill_mask.mean())
        made = f"made for moves of {scene.reach_m * 1000:.0f} mm, {hidden:.1%} of it hidden and filled"
        fill = best_filler() if str(self.options.fill) == "auto" else self.options.fill
        said = (f"scene: {made}, {len(scene.quads)} quads", f"fill: {fill}")
        return Prepared(scene, said, lambda films: self._drawing(scene, films))

    def _drawing(self, scene: Scene, films: list[Film]) -> tuple[Drawing, tuple[str, ...]]:
        density = max(camera.f_px for film in films for eyes in film.instants for camera in eyes) / scene.camera.f_px
        lens = films[0].lens
        renderer = best_renderer(
            scene if lens is None else softened(scene, lens),
            pixels_per_photo_px=density,
            threads=self.options.threads,
            device=self.options.device,
        )
        return renderer, (f"pictures: drawn on {renderer.title}",)


class Paper:
    """The profile `paper`."""

    def __init__(self, options: ExportOptions) -> None:
        """Open the networks that are there.

        Raises:
            InputError: if the depth is to come from the paper's network and that is not there, or a network is another
                one than wanted.
        """
        self.options = options
        known = known_cards()
        there = {field: name for field, name in CARDS.items() if name in known and known[name].is_here}
        self.own_depth = options.depth_file is None and str(options.depth_model) == "auto"
        if self.own_depth and "disparity" not in there:
            raise InputError(
                f"the profile paper wants the network {CARDS['disparity']}, which is not there: "
                "`python -m export kenburns` makes it from the authors' weights and `kbvr models add` takes it; "
                "or name another with --depth-model, such as kbvr-depth"
            )
        if not self.own_depth and options.depth_file is None:
            depth_network(options.depth_model, **_limits(options))
        has_segmentation = SEGMENTATION in known and known[SEGMENTATION].is_here
        segmentation = options.segmentation or (SEGMENTATION if has_segmentation else None)
        self.networks = PaperNetworks(
            **{field: _opened(name, options) for field, name in there.items()},
            segmentation=None if segmentation is None else _segmentation(segmentation, options),
        )
        of_use = [*(["refinement"] if self.own_depth else []), "context", "inpainting"]
        lacking = [CARDS[field] for field in of_use if field not in there]
        if lacking:
            _log.warning("the profile paper does without the networks that are not there: %s", ", ".join(lacking))

    def depth(self, photo: Photo) -> DepthMap:
        """Return the depth of a photo, as the paper has it unless the options say otherwise."""
        near_m = DEFAULT_NEAR_M if self.options.near_m is None else self.options.near_m
        softness = self.options.softness or 0.0
        if self.own_depth:
            depth = paper_depth_map(photo, self.networks, near_m=near_m, softness=softness)
            return at_wanted_distance(replace(depth, network=CARDS["disparity"]), self.options)
        depth = _from_file_or_network(photo, self.options)
        if self.networks.segmentation is not None:
            depth = adjusted_depth(depth, segment(_within(photo.rgb), self.networks.segmentation), softness=softness)
        return at_wanted_distance(depth, self.options)

    def prepared(
        self, photo: Photo, depth: DepthMap, films: list[Film], around: Surroundings, *, is_visited: bool
    ) -> Prepared:
        """Return the scene for the films."""
        assert not is_visited, "scenes to visit are of layers"
        del around
        scene = point_scene(photo, depth)
        if self.networks.can_inpaint:
            scene = inpainted(scene, far_cameras(films), self.networks)
        filled = len(scene.points) - scene.own_count
        said = (f"scene: {len(scene.points)} points, {filled} of them inpainted",)
        return Prepared(None, said, lambda _: (PointRenderer(scene), ()))


def profile_of(options: ExportOptions) -> Layers | Paper:
    """Return the profile that the options name.

    Raises:
        InputError: if a network is not there or is another one than wanted.
    """
    return Paper(options) if options.profile == "paper" else Layers(options)


def far_cameras(films: list[Film]) -> list[Camera]:
    """Return the cameras that the paper's inpainting looks from: those of the moves' far ends, and a little beyond.

    The first stands farthest from the photo's camera, the second, if there is one, farthest from the first.
    """
    places = np.array([_place_m(camera) for film in films for eyes in film.instants for camera in eyes])
    first = places[np.linalg.norm(places, axis=1).argmax()]
    apart = np.linalg.norm(places - first, axis=1)
    chosen = [first]
    if apart.max() > (1 + SAME_PLACE) * np.linalg.norm(first):
        chosen.append(places[apart.argmax()])
    view = max((film.view for film in films), key=lambda view: view.f_px)
    return [view.moved(*(INPAINTED_BEYOND * place).tolist()) for place in chosen]


def _place_m(camera: Camera) -> np.ndarray:
    """Return where a camera stands in the world."""
    transform = camera.camera_from_world
    return np.asarray(-transform[:3, :3].T @ transform[:3, 3])


def at_wanted_distance(depth: DepthMap, options: ExportOptions) -> DepthMap:
    """Return the depth with the subject where the options want it; metres that were measured are kept."""
    given = {"nearest": options.near_m, "subject's": options.subject_distance_m}
    for what in (what for what, value in given.items() if depth.metric and value is not None):
        _log.warning("the %s distance is not used: the depth is in metres already", what)
    if depth.metric or options.subject_distance_m is None:
        return depth
    scale = surroundings_of(depth).subject_m / options.subject_distance_m
    return replace(depth, inverse_depth=depth.inverse_depth * np.float32(scale))


def _from_file_or_network(photo: Photo, options: ExportOptions) -> DepthMap:
    near_m = DEFAULT_NEAR_M if options.near_m is None else options.near_m
    if options.depth_file is None or options.depth_kind is None:
        return estimate_depth(
            photo,
            model=options.depth_model,
            near_m=near_m,
            quality=options.depth_quality,
            **_limits(options),
        )
    inverse_depth, metric = load_inverse_depth(
        options.depth_file, photo.size_px, kind=options.depth_kind, max_memory_bytes=options.max_memory_bytes
    )
    if metric:
        return DepthMap(inverse_depth, photo.f_px, metric=True)
    return place(inverse_depth, None, photo, near_m=near_m)


def _limits(options: ExportOptions) -> dict[str, Any]:
    """Return what networks run on and what they may take."""
    return {"device": options.device, "threads": options.threads, "max_bytes": options.max_memory_bytes}


def _opened(name: str, options: ExportOptions) -> Session:
    return open_network(fetched_card(name), **_limits(options))


def _segmentation(name: str | Path, options: ExportOptions) -> Session:
    """Return the instance segmentation of this name or ONNX file."""
    if Path(name).suffix.lower() == ".onnx":
        session = open_network(Path(name), **_limits(options))
    elif str(name) == SEGMENTATION and SEGMENTATION not in known_cards():
        raise InputError(
            f"the segmentation {SEGMENTATION} is not there: `python -m export maskrcnn` makes it from torchvision's "
            "weights and `kbvr models add` takes it"
        )
    else:
        session = _opened(str(name), options)
    check_segmentation(session)
    return session


def _within(rgb: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """Return a picture made smaller to the size that segmentations are good at."""
    if max(rgb.shape[:2]) <= PICTURE_LONG_SIDE_PX:
        return rgb
    size = size_px_with(PICTURE_LONG_SIDE_PX, (rgb.shape[1], rgb.shape[0]))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
