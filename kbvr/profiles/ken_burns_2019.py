"""The profile `paper`: the 3D Ken Burns method as its authors published it, through their networks."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.networks import depth_network
from kbvr.depth.placement import DEFAULT_NEAR_M
from kbvr.depth.scene_depth import SceneDepth
from kbvr.depth.upright_objects import adjusted_depth, segment
from kbvr.errors import InputError
from kbvr.geometry.camera import Camera
from kbvr.ken_burns_2019.disparity import paper_depth_map
from kbvr.ken_burns_2019.inpaint_points import inpainted
from kbvr.ken_burns_2019.networks import CARDS, PaperNetworks
from kbvr.ken_burns_2019.point_renderer import PointRenderer
from kbvr.ken_burns_2019.point_scene import PointScene, point_scene
from kbvr.nets import known_cards
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import Photo
from kbvr.plan.explain import PointsFacts
from kbvr.plan.shots import Shot
from kbvr.profiles.depth_source import (
    SEGMENTATION,
    at_wanted_distance,
    depth_from_file_or_network,
    network_limits,
    open_named,
    open_segmentation,
    within_segmentation_px,
)
from kbvr.profiles.protocol import Drawing

INPAINTED_BEYOND = 1.1
"""The paper inpaints from a camera that has gone so much farther than the move goes."""

SAME_PLACE = 0.1
"""A second camera is inpainted from if it stands farther from the first than this share of the first's own way."""

_log = logging.getLogger(__name__)


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
        self.own_depth = options.depth is None and str(options.depth_model) == "auto"
        if self.own_depth and "disparity" not in there:
            raise InputError(
                f"the profile paper wants the network {CARDS['disparity']}, which is not there: "
                "`python -m export kenburns` makes it from the authors' weights and `kbvr models add` takes it; "
                "or name another with --depth-model, such as kbvr-depth"
            )
        if not self.own_depth and options.depth is None:
            depth_network(options.depth_model, **network_limits(options))
        has_segmentation = SEGMENTATION in known and known[SEGMENTATION].is_here
        segmentation = options.segmentation or (SEGMENTATION if has_segmentation else None)
        self.networks = PaperNetworks(
            **{field: open_named(name, options) for field, name in there.items()},
            segmentation=None if segmentation is None else open_segmentation(segmentation, options),
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
        depth = depth_from_file_or_network(photo, self.options)
        if self.networks.segmentation is not None:
            depth = adjusted_depth(
                depth, segment(within_segmentation_px(photo.rgb), self.networks.segmentation), softness=softness
            )
        return at_wanted_distance(depth, self.options)

    def build(
        self, photo: Photo, depth: DepthMap, shots: Sequence[Shot], scene_depth: SceneDepth, *, is_visited: bool
    ) -> BuiltPoints:
        """Return the scene for the shots."""
        assert not is_visited, "scenes to visit are of layers"
        del scene_depth
        scene = point_scene(photo, depth)
        return BuiltPoints(inpainted(scene, far_cameras(shots), self.networks) if self.networks.can_inpaint else scene)


@dataclass(frozen=True, eq=False)
class BuiltPoints:
    """A scene of points, and what draws it."""

    points: PointScene
    layers: None = None

    @property
    def facts(self) -> PointsFacts:
        """What was made."""
        count = len(self.points.points)
        return PointsFacts(count, count - self.points.photo_point_count)

    def drawing(self, shots: Sequence[Shot]) -> Drawing:
        """Return what draws shots."""
        del shots
        return PointRenderer(self.points)


def far_cameras(shots: Sequence[Shot]) -> list[Camera]:
    """Return the cameras that the paper's inpainting looks from: those of the moves' far ends, and a little beyond.

    The first stands farthest from the photo's camera, the second, if there is one, farthest from the first.
    """
    places = np.array([_place_m(camera) for shot in shots for eyes in shot.instants for camera in eyes])
    first = places[np.linalg.norm(places, axis=1).argmax()]
    apart = np.linalg.norm(places - first, axis=1)
    chosen = [first]
    if apart.max() > (1 + SAME_PLACE) * np.linalg.norm(first):
        chosen.append(places[apart.argmax()])
    view = max((shot.view for shot in shots), key=lambda view: view.f_px)
    return [view.moved(*(INPAINTED_BEYOND * place).tolist()) for place in chosen]


def _place_m(camera: Camera) -> np.ndarray:
    """Return where a camera stands in the world."""
    transform = camera.camera_from_world
    return np.asarray(-transform[:3, :3].T @ transform[:3, 3])
