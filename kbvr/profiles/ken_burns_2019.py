"""The profile `paper`: the 3D Ken Burns method with its authors' networks (Niklaus et al. 2019)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.networks import depth_network
from kbvr.depth.placement import DEFAULT_NEAR_M
from kbvr.depth.scene_depth import SceneDepth
from kbvr.errors import OptionsError
from kbvr.geometry.camera import Camera
from kbvr.ken_burns_2019.disparity import paper_depth_map
from kbvr.ken_burns_2019.inpaint_points import inpainted
from kbvr.ken_burns_2019.networks import CARDS, PaperNetworks
from kbvr.ken_burns_2019.point_renderer import PointRenderer
from kbvr.ken_burns_2019.point_scene import PointScene, point_scene
from kbvr.motion.head_box import HeadBox
from kbvr.nets import fetched_card, known_cards, open_network
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import Photo
from kbvr.plan.shots import Shot
from kbvr.profiles.depth_source import (
    SEGMENTATION,
    at_subject_distance,
    depth_from_file_or_network,
    network_limits,
    open_segmentation,
)

INPAINTED_BEYOND = 1.1
"""The paper inpaints from a camera this many times as far away as the end of the move."""

SAME_PLACE = 0.1
"""A second inpainting camera is used if its distance from the first exceeds the first's own by this share."""

_log = logging.getLogger(__name__)


class Paper:
    """The profile `paper`."""

    def __init__(self, options: ExportOptions) -> None:
        """Open the installed networks.

        Raises:
            InputError: if the paper's depth network is required but not installed, or a network is of another kind.
        """
        self.options = options
        known, limits = known_cards(), network_limits(options)
        installed = {field: name for field, name in CARDS.items() if name in known and known[name].is_installed}
        self.uses_paper_depth = options.depth is None and str(options.depth_model) == "auto"
        if self.uses_paper_depth and "disparity" not in installed:
            raise OptionsError(
                f"{{profile}} paper requires the network {CARDS['disparity']}, which is not installed: make it from "
                "the authors' weights with `python -m export kenburns` and add it with `kbvr models add`, or choose "
                "another {depth_model}, such as kbvr-depth"
            )
        if not self.uses_paper_depth and options.depth is None:
            depth_network(options.depth_model, **limits)
        has_segmentation = SEGMENTATION in known and known[SEGMENTATION].is_installed
        segmentation = options.segmentation or (SEGMENTATION if has_segmentation else None)
        self.networks = PaperNetworks(
            **{field: open_network(fetched_card(name), **limits) for field, name in installed.items()},
            segmentation=None if segmentation is None else open_segmentation(segmentation, options),
        )
        used = [*(["refinement"] if self.uses_paper_depth else []), "context", "inpainting"]
        missing = [CARDS[field] for field in used if field not in installed]
        if missing:
            _log.warning("these networks of the paper are not installed and are left out: %s", ", ".join(missing))

    def depth(self, photo: Photo) -> DepthMap:
        """Return the depth of a photo, by the paper's network unless the options choose another source."""
        softness = self.options.softness or 0.0
        if not self.uses_paper_depth:
            return depth_from_file_or_network(photo, self.options, self.networks.segmentation, softness=softness)
        near_m = DEFAULT_NEAR_M if self.options.near_m is None else self.options.near_m
        depth = paper_depth_map(photo, self.networks, near_m=near_m, softness=softness)
        return at_subject_distance(replace(depth, network=CARDS["disparity"]), photo, self.options)

    def build(
        self, photo: Photo, depth: DepthMap, shots: Sequence[Shot], scene_depth: SceneDepth, *, head_box: HeadBox | None
    ) -> BuiltPoints:
        """Return the scene for the shots."""
        assert head_box is None, "scene files require layers"
        del scene_depth
        scene = point_scene(photo, depth)
        return BuiltPoints(inpainted(scene, far_cameras(shots), self.networks) if self.networks.can_inpaint else scene)


@dataclass(frozen=True, eq=False)
class BuiltPoints:
    """A scene of points."""

    points: PointScene
    layers: None = None

    @property
    def explanation(self) -> tuple[str, ...]:
        """Lines about the scene."""
        count = len(self.points.points)
        return (f"scene: {count} points, {count - self.points.photo_point_count} of them inpainted",)

    def drawing(self, shots: Sequence[Shot]) -> PointRenderer:
        """Return the renderer."""
        del shots
        return PointRenderer(self.points)


def far_cameras(shots: Sequence[Shot]) -> list[Camera]:
    """Return the cameras that the paper inpaints from, a little beyond the far ends of the moves.

    The first is the farthest from the photo's camera, the second, if there is one, the farthest from the first.
    """
    positions = np.array([_position_m(camera) for shot in shots for eyes in shot.instants for camera in eyes])
    first = positions[np.linalg.norm(positions, axis=1).argmax()]
    distances = np.linalg.norm(positions - first, axis=1)
    chosen = [first]
    if distances.max() > (1 + SAME_PLACE) * np.linalg.norm(first):
        chosen.append(positions[distances.argmax()])
    view = max((shot.view for shot in shots), key=lambda view: view.f_px)
    return [view.moved(*(INPAINTED_BEYOND * position).tolist()) for position in chosen]


def _position_m(camera: Camera) -> np.ndarray:
    transform = camera.camera_from_world
    return np.asarray(-transform[:3, :3].T @ transform[:3, 3])
