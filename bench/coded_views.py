"""Render a scene with codes instead of colours, to know which point of which layer every pixel of a view shows.

The codes are a point's position on the photo's plane, so the renderer's blending of neighbouring texels gives the
position in between. Opaque layers and the soft layer (the matte) are rendered apart, because a blend of two surfaces
would be a position on neither; a pixel shows the soft layer if that covers more than half of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from kbvr.geometry.camera import Camera
from kbvr.ldi.layered_depth_image import Layer
from kbvr.ldi.scene import Scene
from kbvr.rendering.cpu_renderer import TEXELS_PER_OUTPUT_PX, Renderer

Picture = UInt8[np.ndarray, "H W 3"]
Mask = Bool[np.ndarray, "H W"]
Plane = Float32[np.ndarray, "H W"]

PERIOD_PX = 64.0
"""Red and green are the sine and the cosine of a position with this period; blue says which period, and the layer."""

AMPLITUDE = 110.0
LAYER_LEVELS = 60
COARSE_LEVELS = 50
"""Blue is LAYER_LEVELS per layer plus the position, which takes up COARSE_LEVELS over the whole plane."""

CODES_PER_PX = 1.0
"""Codes per photo pixel: the renderer's textures then are the codes themselves, not resampled ones."""

SAME_POINT_PX = 0.02
"""Neighbouring pixels whose positions differ by less got the same sample: the renderer spread one over a hole."""

NO_LAYER = -1


@dataclass(frozen=True, eq=False)
class Seen:
    """A rendered view, and what each of its pixels shows."""

    camera: Camera
    rgb: Picture = field(repr=False)
    layer: Int64[np.ndarray, "H W"] = field(repr=False)
    """Index in `Scene.ldi.layers`; NO_LAYER where the renderer filled a hole from beside it."""

    u: Plane = field(repr=False)
    v: Plane = field(repr=False)
    """Position on the photo's plane, in photo pixels from its upper left corner."""

    inverse_depth: Plane = field(repr=False)
    """In the photo's camera, 1/m."""

    invented: Mask = field(repr=False)
    """Whether the colour is not from the photo: filled in, beyond its border, or covered by no layer."""

    @property
    def shown(self) -> Mask:
        """Pixels that a layer covers."""
        return np.asarray(self.layer != NO_LAYER)


class CodedRenderer:
    """Renders one scene twice: in its colours and in codes. Use it as a context manager."""

    def __init__(self, scene: Scene, *, pixels_per_photo_px: float = 1.0) -> None:
        """Prepare the textures."""
        self.scene = scene
        layers = scene.ldi.layers
        self._sides_px = layers[0].inverse_depth.shape[::-1]
        soft = next((index for index, layer in enumerate(layers) if layer.is_soft), None)
        self._soft = soft

        def renderer(recoloured: Callable[[int, Layer], UInt8[np.ndarray, "H W 4"]]) -> Renderer:
            return Renderer(
                _recoloured(scene, recoloured), pixels_per_photo_px=CODES_PER_PX / TEXELS_PER_OUTPUT_PX, threads=1
            )

        self._colours = Renderer(scene, pixels_per_photo_px=pixels_per_photo_px, threads=1)
        self._opaque = [renderer(self._position_codes(axis, soft_alpha=0)) for axis in (0, 1)]
        self._matte = [renderer(self._position_codes(axis, soft_alpha=255)) for axis in (0, 1)]
        self._cover = renderer(_soft_is_white)

    def __enter__(self) -> CodedRenderer:  # noqa: PYI034 (beartype knows no Self here)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for renderer in (self._colours, *self._opaque, *self._matte, self._cover):
            renderer.__exit__(kind, error, at)

    def seen_from(self, camera: Camera) -> Seen:
        """Render a view."""
        rgb = self._colours.frame(camera)
        layer, u, v = self._decoded([renderer.frame(camera) for renderer in self._opaque])
        layer[_spread(u, v)] = NO_LAYER
        soft = self._cover.frame(camera)[..., 0] > 127
        if self._soft is not None and soft.any():
            _, u[soft], v[soft] = self._decoded([renderer.frame(camera)[soft] for renderer in self._matte])
            layer[soft] = self._soft
        return self._looked_up(camera, rgb, layer, u, v)

    def _looked_up(self, camera: Camera, rgb: Picture, layer: np.ndarray, u: Plane, v: Plane) -> Seen:
        """Return the view with the depth and the origin of its pixels."""
        ldi = self.scene.ldi
        width, height = ldi.size_px
        row, column = self._texel(u, v)
        invented = (layer == NO_LAYER) | (u < 0) | (v < 0) | (u > width) | (v > height)
        inverse_depth = np.zeros(u.shape, np.float32)
        for index, surface in enumerate(ldi.layers):
            at = layer == index
            inverse_depth[at] = surface.inverse_depth[row[at], column[at]]
            filled = {"hidden": ldi.fill_mask, "between": ldi.between_fill}.get(surface.name)
            if filled is not None:
                invented[at] |= filled[row[at], column[at]]
        return Seen(camera, rgb, layer, u, v, inverse_depth, invented)

    def _texel(self, u: Plane, v: Plane) -> tuple[Int64[np.ndarray, "H W"], Int64[np.ndarray, "H W"]]:
        """Return the row and the column of positions in the layers, which have a margin."""
        width, height = self._sides_px
        margin = self.scene.ldi.margin_px
        row = np.clip(np.floor(v + margin), 0, height - 1).astype(np.int64)
        return row, np.clip(np.floor(u + margin), 0, width - 1).astype(np.int64)

    def _position_codes(self, axis: int, *, soft_alpha: int) -> Callable[[int, Layer], UInt8[np.ndarray, "H W 4"]]:
        """Return a function that gives a layer the codes of u (0) or v (1)."""
        width, height = self._sides_px
        side = (width, height)[axis]
        at = np.arange(side) + 0.5
        turn = 2 * np.pi * at / PERIOD_PX
        fine = 127.5 + AMPLITUDE * np.stack([np.sin(turn), np.cos(turn)], axis=1)
        shape = (1, width, 4) if axis == 0 else (height, 1, 4)

        def codes(index: int, layer: Layer) -> UInt8[np.ndarray, "H W 4"]:
            line = np.zeros((side, 4), np.float64)
            line[:, :2], line[:, 2] = fine, LAYER_LEVELS * index + COARSE_LEVELS * at / side
            rgba = np.broadcast_to((line + 0.5).astype(np.uint8).reshape(shape), (height, width, 4)).copy()
            rgba[..., 3] = soft_alpha if layer.is_soft else layer.rgba[..., 3]
            return rgba

        return codes

    def _decoded(self, codes: Sequence[UInt8[np.ndarray, "*N 3"]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the layers and the positions of pixels, from their codes of u and v."""
        layer, places = np.zeros(0, np.int64), []
        for axis, code in enumerate(codes):
            sine, cosine, blue = (code[..., channel].astype(np.float32) for channel in range(3))
            layer = ((code[..., 2] + (LAYER_LEVELS - COARSE_LEVELS) // 2) // LAYER_LEVELS).astype(np.int64)
            coarse_px = (blue - LAYER_LEVELS * layer) * np.float32(self._sides_px[axis] / COARSE_LEVELS)
            fine_px = np.arctan2(sine - 127.5, cosine - 127.5) * np.float32(PERIOD_PX / (2 * np.pi))
            periods = np.round((coarse_px - fine_px) / PERIOD_PX)
            places.append((fine_px + periods * PERIOD_PX - self.scene.ldi.margin_px).astype(np.float32))
        return layer, places[0], places[1]


def _recoloured(scene: Scene, recoloured: Callable[[int, Layer], UInt8[np.ndarray, "H W 4"]]) -> Scene:
    """Return a scene with other colours."""
    numbers = {id(layer): index for index, layer in enumerate(scene.ldi.layers)}
    return replace(
        scene, ldi=scene.ldi.with_layers(lambda layer: replace(layer, rgba=recoloured(numbers[id(layer)], layer)))
    )


def _soft_is_white(index: int, layer: Layer) -> UInt8[np.ndarray, "H W 4"]:  # noqa: ARG001
    """Return white for a soft layer and black for others, each with its alpha, which shows what the soft one covers."""
    rgba = np.full_like(layer.rgba, 255 if layer.is_soft else 0)
    rgba[..., 3] = layer.rgba[..., 3]
    return rgba


def _spread(u: Plane, v: Plane) -> Mask:
    """Return the pixels that got the sample of a neighbour in their row, or their row that of another row."""
    same = np.hypot(np.diff(u, axis=1), np.diff(v, axis=1)) < SAME_POINT_PX
    spread = np.zeros(u.shape, bool)
    spread[:, 1:] |= same
    spread[:, :-1] |= same
    rows = (np.abs(np.diff(v, axis=0)) < SAME_POINT_PX).all(axis=1)
    spread[1:][rows] = True
    spread[:-1][rows] = True
    return spread


def projected(seen: Seen, camera: Camera, photo_camera: Camera) -> tuple[Plane, Plane, Plane]:
    """Return where another camera sees the points of a view's pixels: columns and rows in pixels, and 1/depth there."""
    return project(seen.u, seen.v, seen.inverse_depth, camera, photo_camera)


def project(
    u: np.ndarray, v: np.ndarray, inverse_depth: np.ndarray, camera: Camera, photo_camera: Camera
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where a camera sees points of the photo's plane at an inverse depth: columns, rows, and 1/depth there.

    Plane and parallax: with H = K R K0^-1 and e = K t, the point is H (u, v, 1) + d e.
    """
    rotation, translation = camera.camera_from_world[:3, :3], camera.camera_from_world[:3, 3]
    h = (camera.intrinsics @ rotation @ np.linalg.inv(photo_camera.intrinsics)).astype(np.float32)
    e = (camera.intrinsics @ translation).astype(np.float32)
    x, y, w = (row[0] * u + row[1] * v + row[2] + part * inverse_depth for row, part in zip(h, e, strict=True))
    w = np.maximum(w, 1e-3)
    return x / w, y / w, inverse_depth / w


def resampled(values: np.ndarray, x: Plane, y: Plane, how: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Return values of a picture at positions in pixels from its upper left corner; beyond its border they repeat."""
    return np.asarray(cv2.remap(values, x - 0.5, y - 0.5, how, borderMode=cv2.BORDER_REPLICATE))
