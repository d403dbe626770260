"""What is to be made of a photo and its depth."""

from __future__ import annotations

from dataclasses import dataclass

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.scene_depth import SceneDepth
from kbvr.formats.spec.format import Item
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import Photo
from kbvr.plan.output_kinds import OutputKind
from kbvr.plan.shots import Shot


@dataclass(frozen=True)
class Job:
    """One output of a photo: its files, and the size of its views."""

    kind: OutputKind
    items: tuple[Item, ...]
    view_px: tuple[int, int] = (1, 1)
    """The largest (width, height) that a view can have; VR180's depends on the focal length that is found."""


@dataclass(frozen=True, eq=False)
class Plan:
    """All that is to be made of a photo and its depth."""

    photo: Photo
    depth: DepthMap
    scene_depth: SceneDepth
    options: ExportOptions
    jobs: tuple[Job, ...]
    shots: tuple[Shot, ...]
    """One for each job that is drawn."""
