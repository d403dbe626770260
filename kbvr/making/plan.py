"""The plan of an export: the cameras and files of every output."""

from __future__ import annotations

from dataclasses import dataclass

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.scene_depth import SceneDepth
from kbvr.formats.spec.format import Item
from kbvr.motion.consequences import Landmarks
from kbvr.motion.head_box import HeadBox
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import Photo
from kbvr.plan.output_kinds import OutputKind
from kbvr.plan.shots import Shot


@dataclass(frozen=True)
class Job:
    """One output of a photo: its files and the size of its views."""

    kind: OutputKind
    items: tuple[Item, ...]
    view_px: tuple[int, int] = (1, 1)
    """Maximum (width, height) of a view; that of VR180 also depends on the focal length."""


@dataclass(frozen=True, eq=False)
class Plan:
    """All outputs to make of a photo and its depth."""

    photo: Photo
    depth: DepthMap
    landmarks: Landmarks
    options: ExportOptions
    jobs: tuple[Job, ...]
    shots: tuple[Shot, ...]
    """One for each rendered job."""

    head_box: HeadBox | None
    """How far a head may move in the scene; None if no scene is made for viewers."""

    @property
    def scene_depth(self) -> SceneDepth:
        """The scene depth of the photo."""
        return self.landmarks.scene_depth
