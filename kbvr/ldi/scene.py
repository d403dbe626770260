"""The scene: layers as planar quads, ready to be rendered from anywhere near the photo's camera."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.scene_depth import SceneDepth, scene_depth_of
from kbvr.geometry.camera import Camera, camera_of_photo
from kbvr.inpaint.filler import Filler
from kbvr.ldi.fill_hidden import fill
from kbvr.ldi.layered_depth_image import LayeredDepthImage
from kbvr.ldi.matting import solve_mattes
from kbvr.ldi.quads import TOLERANCE_PX, joined, layer_quads
from kbvr.ldi.split import split
from kbvr.native.library import MeshLimits
from kbvr.photo.photo import Photo

DEFAULT_REACH_SHARE = 0.035
"""The default largest sideways move, as its parallax range over the photo's width."""


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything that a camera can see, in metres, in the axes of the photo's camera."""

    ldi: LayeredDepthImage
    quads: np.ndarray = field(repr=False)
    """QUAD records, block by block."""

    blocks: np.ndarray = field(repr=False)
    """BLOCK records; blocks of the matte layer are marked soft."""

    camera: Camera

    @property
    def reach_m(self) -> float:
        """The largest sideways camera move that the scene is made for."""
        return self.ldi.reach_m


def build_scene(
    photo: Photo,
    depth: DepthMap,
    *,
    reach_m: float | None = None,
    border_m: float | None = None,
    forward_m: float | None = None,
    filler: Filler | None = None,
    scene_depth: SceneDepth | None = None,
    is_visited: bool = False,
) -> Scene:
    """Split a photo into layers, fill what they hide, and mesh them.

    Args:
        photo: Gives the colours and the size.
        depth: Its depth, of the same size.
        reach_m: The largest sideways move of a camera, by default one whose parallax range is 3.5% of the width. Larger
            moves show where the hidden layer ends.
        border_m: The largest sideways move that sees beyond the photo's border, by default `reach_m`.
        forward_m: The largest move into the picture, by default one that shifts the picture's border as far as
            `reach_m` does.
        filler: Fills the hidden layers, by default `kbvr.inpaint.patches`.
        scene_depth: That of `depth`, if it is already known.
        is_visited: Whether people move in the scene and look beyond the photo's border: it has more texture there.

    Raises:
        InputError: if photo and depth differ in size, or a length is not positive.
    """
    scene_depth = scene_depth or scene_depth_of(depth)
    if reach_m is None:
        reach_m = scene_depth.sideways_m(DEFAULT_REACH_SHARE)
    layers = split(photo, depth, reach_m=reach_m, border_m=border_m, scene_depth=scene_depth, is_visited=is_visited)
    ldi = solve_mattes(fill(layers, filler, depth.behind))
    per_px = 1 / (depth.f_px * reach_m)
    if forward_m is None:
        forward_m = reach_m * 2 * depth.f_px / photo.size_px[0]
    limits = MeshLimits(TOLERANCE_PX * per_px, ldi.jump_px * per_px, per_px, forward_m, TOLERANCE_PX)
    parts = [
        layer_quads(layer, index, margin_px=ldi.margin_px, limits=limits) for index, layer in enumerate(ldi.layers)
    ]
    quads, blocks = joined(parts)
    return Scene(ldi=ldi, quads=quads, blocks=blocks, camera=camera_of_photo(photo.size_px, depth.f_px))
