"""The profile `layers`: kbvr's own method, with layers that have soft edges and are filled once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.networks import depth_network
from kbvr.depth.scene_depth import SceneDepth
from kbvr.inpaint.choose import best_filler, filler_named
from kbvr.ldi.scene import Scene, build_scene
from kbvr.motion.head_box import HeadBox
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import Photo
from kbvr.plan.shots import Shot, reaches_m
from kbvr.profiles.depth_source import depth_from_file_or_network, network_limits, open_segmentation
from kbvr.rendering.cpu_renderer import Renderer
from kbvr.rendering.depth_of_field import softened
from kbvr.rendering.gpu_renderer import best_renderer


class Layers:
    """The profile `layers`."""

    def __init__(self, options: ExportOptions) -> None:
        """Open the networks, so that missing ones are reported first, as an InputError."""
        self.options = options
        self.filler = filler_named(options.fill, **network_limits(options))
        self.segmentation = None if options.segmentation is None else open_segmentation(options.segmentation, options)
        if options.depth is None:
            depth_network(options.depth_model, **network_limits(options))

    def depth(self, photo: Photo) -> DepthMap:
        """Return the depth of a photo from a file or a network, with upright objects if there is a segmentation."""
        softness = 0.5 if self.options.softness is None else self.options.softness
        return depth_from_file_or_network(photo, self.options, self.segmentation, softness=softness)

    def build(
        self, photo: Photo, depth: DepthMap, shots: Sequence[Shot], scene_depth: SceneDepth, *, head_box: HeadBox | None
    ) -> BuiltLayers:
        """Return the scene for the shots, and for a head that moves in a box if there is one."""
        visited_m = None if head_box is None else head_box.reaches_m(scene_depth)
        moves_m = reaches_m(shots, scene_depth, visited_m=visited_m)
        is_visited = head_box is not None
        scene = build_scene(photo, depth, **moves_m, filler=self.filler, scene_depth=scene_depth, is_visited=is_visited)
        return BuiltLayers(scene, self.options)


@dataclass(frozen=True, eq=False)
class BuiltLayers:
    """A scene of layers."""

    layers: Scene
    options: ExportOptions

    @property
    def explanation(self) -> tuple[str, ...]:
        """Lines about the scene."""
        layers, fill = self.layers, str(self.options.fill)
        size = f"{len(layers.quads)} quads, {float(layers.ldi.fill_mask.mean()):.1%} of it filled in"
        scene = f"scene: built for moves of {layers.reach_m * 1000:.0f} mm, {size}"
        filled = f"fill: {best_filler() if fill == 'auto' else fill}"
        if layers.ldi.shown_mask is not None:
            shown, hidden = int(layers.ldi.shown_mask.sum()), int(layers.ldi.fill_mask.sum())
            filled += f"; {shown} of {hidden} hidden pixels from the second view"
        return scene, filled

    def drawing(self, shots: Sequence[Shot]) -> Renderer:
        """Return the renderer of shots with the same lens."""
        cameras = (camera for shot in shots for eyes in shot.instants for camera in eyes)
        lens = shots[0].lens
        return best_renderer(
            self.layers if lens is None else softened(self.layers, lens),
            pixels_per_photo_px=max(camera.f_px for camera in cameras) / self.layers.camera.f_px,
            threads=self.options.threads,
            device=self.options.device,
        )
