"""The scene that a page draws, as a GLB: made quickly at first, carefully when there is time.

It reaches as far as a head may move in exported scenes, which covers the moves of videos and loops.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from PIL import Image

from kbvr.depth.depth_map import DepthMap, seen_through, sized
from kbvr.depth.guided_upsample import upsample_along_edges
from kbvr.depth.scene_depth import scene_depth_of
from kbvr.formats.scene.glb import Textures, glb_bytes
from kbvr.formats.scene.gltf import glb_meshes
from kbvr.formats.spec.format import Facts
from kbvr.imaging.resize import averaged, scaled_px
from kbvr.inpaint.filler import Filler
from kbvr.inpaint.push_pull import spread
from kbvr.ldi.layered_depth_image import Layer, LayeredDepthImage
from kbvr.ldi.scene import Scene, build_scene
from kbvr.mesh.textured_mesh import CELL_PX
from kbvr.mesh.viewable_scene import viewable_scene_of
from kbvr.motion.consequences import Landmarks
from kbvr.motion.head_box import MIN_SIZE, HeadBox, head_box_for, head_box_of_size
from kbvr.motion.move import Move
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import Photo
from kbvr.stereo.screen import DEFAULT_IPD_M

PREVIEW_PIXELS, REFINED_PIXELS = 700_000, 1_600_000
PREVIEW_TRIANGLES, REFINED_TRIANGLES = 80_000, 200_000

PHOTO_QUALITY, ATLAS_QUALITY, ATLAS_METHOD = 92, 85, 0
"""Of the textures: they go to a browser at once, so fast encoding counts more than size."""

TINT = np.array((255, 0, 200), np.float32)
TINT_SHARE = 0.6
"""Colour of what is invented, and how much of it is mixed in."""


@dataclass(frozen=True, eq=False)
class LiveScene:
    """A scene, and what a GLB of it is made from."""

    photo: Photo
    depth: DepthMap
    scene: Scene
    head_box: HeadBox
    surround: str
    cell_px: int
    max_triangles: int


def preview_of(photo: Photo, depth: DepthMap, *, surround: str) -> LiveScene:
    """Return a scene that is made in a second or two: at most PREVIEW_PIXELS, with simple fills."""
    photo, depth = sized(photo, depth, _size_for(photo, PREVIEW_PIXELS))
    box = head_box_of_size(MIN_SIZE, DEFAULT_IPD_M)
    return _built(photo, depth, spread, box, surround=surround, cell_px=2 * CELL_PX, max_triangles=PREVIEW_TRIANGLES)


def refined_of(full: Photo, working: DepthMap, *, filler: Filler, surround: str) -> LiveScene:
    """Return a scene that is made carefully: at most REFINED_PIXELS, filled as exports are.

    Args:
        full: the photo, at any size.
        working: its depth at a smaller size, which is enlarged along the photo's edges.
        filler: fills what the photo hides.
        surround: what is seen beyond the photo's border.
    """
    size_px = _size_for(full, REFINED_PIXELS)
    scale = size_px[0] / full.size_px[0]
    photo = replace(full, rgb=averaged(full.rgb, size_px), f_px=full.f_px * scale)
    depth = enlarged(working, photo)
    photo = seen_through(photo, depth)
    landmarks = Landmarks(scene_depth_of(depth), photo.rgb)
    box = head_box_for(landmarks, ipd_m=DEFAULT_IPD_M)
    return _built(photo, depth, filler, box, surround=surround, cell_px=CELL_PX, max_triangles=REFINED_TRIANGLES)


def enlarged(depth: DepthMap, photo: Photo) -> DepthMap:
    """Return a depth map at the size of a photo, along its edges."""
    if depth.inverse_depth.shape == photo.rgb.shape[:2]:
        return depth
    values = np.maximum(upsample_along_edges(depth.inverse_depth, photo.rgb), np.float32(0))
    confidence = None
    if depth.confidence is not None:
        confidence = np.asarray(Image.fromarray(depth.confidence).resize(photo.size_px, Image.Resampling.BILINEAR))
    scale = photo.size_px[0] / depth.inverse_depth.shape[1]
    behind = None if depth.behind is None else depth.behind.resized(photo.size_px)
    return replace(depth, inverse_depth=values, f_px=depth.f_px * scale, confidence=confidence, behind=behind)


def glb_of(live: LiveScene, *, is_tinted: bool = False) -> bytes:
    """Return a scene as a GLB; what is invented may be tinted."""
    scene = replace(live.scene, ldi=tinted(live.scene.ldi)) if is_tinted else live.scene
    viewable = viewable_scene_of(
        scene,
        live.photo,
        live.depth,
        scene_depth_of(live.depth),
        path=(Move(), Move()),
        head_box=live.head_box,
        subject=None,
        surround=live.surround,
        max_triangles=live.max_triangles,
        cell_px=live.cell_px,
    )
    options = ExportOptions(gltf=True)
    mesh, facts = viewable.textured_mesh, Facts(live.photo.f_px)
    photo, atlas = BytesIO(), BytesIO()
    Image.fromarray(mesh.photo).save(photo, "JPEG", quality=PHOTO_QUALITY, subsampling=0)
    Image.fromarray(mesh.atlas).save(atlas, "WEBP", quality=ATLAS_QUALITY, method=ATLAS_METHOD, exact=True)
    textures = Textures(photo.getvalue(), atlas.getvalue(), ("image/jpeg", "image/webp"))
    return glb_bytes(viewable, glb_meshes(mesh, options), textures, facts, options)


def tinted(ldi: LayeredDepthImage) -> LayeredDepthImage:
    """Return layers in which everything that the photo does not show has a colour of its own."""
    (width, height), frame = ldi.size_px, ldi.margin_px
    margin = np.ones(ldi.fill_mask.shape, bool)
    margin[frame : frame + height, frame : frame + width] = False
    masks = {"hidden": ldi.fill_mask | margin, "between": ldi.between_fill, "front": margin, "matte": margin}

    def mixed(layer: Layer) -> Layer:
        mask = masks[layer.name]
        if mask is None or not mask.any():
            return layer
        rgba = layer.rgba.copy()
        rgba[mask, :3] = np.rint((1 - TINT_SHARE) * rgba[mask, :3] + TINT_SHARE * TINT).astype(np.uint8)
        return replace(layer, rgba=rgba)

    return ldi.with_layers(mixed)


def _built(
    photo: Photo,
    depth: DepthMap,
    filler: Filler,
    head_box: HeadBox,
    *,
    surround: str,
    cell_px: int,
    max_triangles: int,
) -> LiveScene:
    scene_depth = scene_depth_of(depth)
    reaches_m = head_box_of_size(1.0, DEFAULT_IPD_M).reaches_m(scene_depth)
    scene = build_scene(photo, depth, **reaches_m, filler=filler, scene_depth=scene_depth, is_visited=True)
    return LiveScene(photo, depth, scene, head_box, surround, cell_px, max_triangles)


def _size_for(photo: Photo, pixels: int) -> tuple[int, int]:
    scale = min(1.0, (pixels / (photo.size_px[0] * photo.size_px[1])) ** 0.5)
    return scaled_px(photo.size_px, scale)
