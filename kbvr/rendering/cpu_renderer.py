"""Render frames of a scene on several threads; the pixels do not depend on the number of threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice, product
from threading import local
from time import perf_counter

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from kbvr.errors import InputError
from kbvr.geometry.camera import Camera
from kbvr.imaging.array_types import Picture
from kbvr.imaging.resize import scaled_px
from kbvr.imaging.tiling import squares
from kbvr.ldi.layered_depth_image import Layer
from kbvr.ldi.scene import Scene
from kbvr.native.library import Texture, View, kernel
from kbvr.rendering.texel_doubling import doubled
from kbvr.system.resources import processors

TEXELS_PER_OUTPUT_PX = 2.0
"""Textures are resampled (Lanczos, or area if smaller) to this density, so that bilinear look-up stays sharp."""

MAX_EXACT_ENLARGEMENT = 1.25
"""Up to this enlargement the photo's pixels are reproduced exactly; above it, smooth outlines matter more."""

GUTTER_TEXELS = 16
"""Rows between the layers of a texture: half repeat the layer above, half the one below, because enlarged quads sample
slightly beyond their layer."""

MAX_SIDE_TEXELS = 30_000
MAX_THREADS = 64
SQUARE_PX = 256
SURFACE_PADDING_PX = 16
"""Texels this close to a layer's surface may be sampled; resampling reaches only 4."""

BAND_ROWS = 256
"""Rows rendered per task; a multiple of the kernel's tile."""


class Renderer:
    """Renders one scene at one zoom, with textures of the density that the output needs.

    Use it as a context manager, which ends its threads.
    """

    def __init__(self, scene: Scene, *, pixels_per_photo_px: float = 1.0, threads: int | None = None) -> None:
        """Prepare a scene for frames that enlarge the photo by about `pixels_per_photo_px`.

        Raises:
            InputError: if `threads` or `pixels_per_photo_px` is not positive.
        """
        if threads is not None and threads < 1:
            raise InputError(f"threads must be at least 1, got {threads}")
        if not pixels_per_photo_px > 0:
            raise InputError(f"pixels_per_photo_px must be > 0, got {pixels_per_photo_px}")
        self.scene = scene
        self.title = "the CPU"
        """The device that renders, as shown to people."""
        self.threads = min(threads or MAX_THREADS, processors())
        self._kernel = kernel()
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="kbvr-render")
        self._texels, self._texture = _texture(scene, pixels_per_photo_px * TEXELS_PER_OUTPUT_PX)
        self._quads = np.ascontiguousarray(scene.quads)
        self._blocks = np.ascontiguousarray(scene.blocks)
        self._thread_local = local()
        self._busy_s: list[float] = []

    def __enter__(self) -> Renderer:  # noqa: PYI034 (beartype knows no Self here)
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def busy_s(self) -> float:
        """Seconds spent on rendering, summed over all threads."""
        return sum(self._busy_s)

    def frame(self, camera: Camera) -> Picture:
        """Return one picture, rendered by all threads together."""
        return self.frame_and_holes(camera)[0]

    def frame_and_holes(self, camera: Camera) -> tuple[Picture, int]:
        """Return one picture and the number of its pixels that no layer covers.

        These are filled along the row; empty rows become copies of the nearest row that is not empty.
        """
        width, height = camera.size_px
        rgb, empty = np.empty((height, width, 3), np.uint8), np.zeros(height, np.uint8)
        starts = range(0, height, BAND_ROWS)
        holes = self._pool.map(
            lambda start: self._draw(camera, rgb, empty, start, min(start + BAND_ROWS, height)), starts
        )
        hole_count = sum(holes)
        fill_empty_rows(rgb, empty)
        return rgb, hole_count

    def frames(self, cameras: Iterable[Camera]) -> Iterator[Picture]:
        """Yield one picture per camera, in order; only a few are rendered ahead."""
        source = iter(cameras)
        ahead: deque[Future[Picture]] = deque(
            self._pool.submit(self._on_one_thread, camera) for camera in islice(source, self.threads + 2)
        )
        while ahead:
            yield ahead.popleft().result()
            ahead.extend(self._pool.submit(self._on_one_thread, camera) for camera in islice(source, 1))

    def _on_one_thread(self, camera: Camera) -> Picture:
        width, height = camera.size_px
        rgb, empty = np.empty((height, width, 3), np.uint8), np.zeros(height, np.uint8)
        self._draw(camera, rgb, empty, 0, height)
        fill_empty_rows(rgb, empty)
        return rgb

    def _scratch_for(self, width: int) -> Float32[np.ndarray, "N"]:
        """Return this thread's scratch memory: allocating it for every call would take a tenth of the time."""
        count = self._kernel.kbvr_scratch_floats(width, len(self._blocks))
        scratch: Float32[np.ndarray, "N"] | None = getattr(self._thread_local, "scratch", None)
        if scratch is None or len(scratch) < count:
            scratch = self._thread_local.scratch = np.empty(count, np.float32)
        return scratch

    def _draw(self, camera: Camera, rgb: Picture, empty: UInt8[np.ndarray, "H"], start: int, end: int) -> int:
        """Render some rows; mark the empty ones, and return the number of pixels that no layer covers."""
        started, view = perf_counter(), kernel_view(camera, self.scene.camera)
        scene = (self._quads.ctypes.data, self._blocks.ctypes.data, len(self._blocks))
        texture = (self._texture, len(self.scene.ldi.layers))
        arrays = (array.ctypes.data for array in (self._scratch_for(view.width), rgb, empty))
        holes = self._kernel.kbvr_render_rows(*scene, view, *texture, *arrays, start, end)
        self._busy_s.append(perf_counter() - started)
        return int(holes)


def render(scene: Scene, cameras: Iterable[Camera], *, threads: int | None = None) -> Iterator[Picture]:
    """Yield one sRGB picture per camera, in order, of the camera's size.

    Textures are prepared for the first camera's zoom. `threads` (by default and at most one per processor) does not
    change the pictures.
    """
    source = iter(cameras)
    first = next(source, None)
    if first is None:
        return
    density = first.f_px / scene.camera.f_px
    with Renderer(scene, pixels_per_photo_px=density, threads=threads) as renderer:
        yield from renderer.frames(chain([first], source))


def fill_empty_rows(rgb: Picture, empty: UInt8[np.ndarray, "H"]) -> None:
    """Replace every empty row with the nearest row that is not empty, in place; an empty picture stays black."""
    if not empty.any() or empty.all():
        return
    sources = np.flatnonzero(empty == 0)
    rows = np.flatnonzero(empty)
    rgb[rows] = rgb[sources[np.abs(rows[:, None] - sources).argmin(axis=1)]]


def kernel_view(camera: Camera, photo_camera: Camera) -> View:
    """Return a camera as plane + parallax: H = K R K0^-1 and e = K t, for inverse depth in the photo's camera."""
    rotation, translation = camera.camera_from_world[:3, :3], camera.camera_from_world[:3, 3]
    homography = camera.intrinsics @ rotation @ np.linalg.inv(photo_camera.intrinsics)
    epipole = camera.intrinsics @ translation
    enlargement = camera.f_px / photo_camera.f_px
    view = View(width=camera.size_px[0], height=camera.size_px[1], enlargement=enlargement)
    view.h[:] = homography.ravel().tolist()
    view.e[:] = epipole.tolist()
    return view


def _texture(scene: Scene, texels_per_photo_px: float) -> tuple[UInt8[np.ndarray, "L H W 4"], Texture]:
    """Return the layers' colours at a density, and their description for the kernel."""
    layers = scene.ldi.layers
    height, width = scene.ldi.front.rgba.shape[:2]
    scale = min(texels_per_photo_px, 2.0, MAX_SIDE_TEXELS / max(width, height))
    size = scaled_px((width, height), scale, min_px=2)
    interpolation = cv2.INTER_LANCZOS4 if scale > 1 else cv2.INTER_AREA
    stack = np.zeros((len(layers), size[1] + GUTTER_TEXELS, size[0], 4), np.uint8)
    whole = stack[:, : size[1]]
    for target, layer in zip(whole, layers, strict=True):
        if size == (2 * width, 2 * height):
            exact = texels_per_photo_px <= MAX_EXACT_ENLARGEMENT * TEXELS_PER_OUTPUT_PX
            _double_near_surface(layer, target, exact=exact)
        else:
            target[:] = _resized(layer, layer.rgba, size, interpolation)
    half = GUTTER_TEXELS // 2
    stack[:, size[1] : size[1] + half] = whole[:, -1:]
    stack[:-1, size[1] + half :] = whole[1:, :1]
    texture = Texture(
        texels=stack.ctypes.data,
        width=size[0],
        height=stack.shape[1],
        scale_x=size[0] / width,
        scale_y=size[1] / height,
        margin_px=float(scene.ldi.margin_px),
        layer_height_px=height * stack.shape[1] / size[1],
        first_hidden=next(index for index, layer in enumerate(layers) if layer.is_hidden),
    )
    return stack, texture


def _premultiplied(layer: Layer, rgba: UInt8[np.ndarray, "H W 4"]) -> UInt8[np.ndarray, "H W 4"]:
    """Return a piece of a layer, premultiplied if it is the matte, so that texels without a surface add nothing."""
    if not layer.is_soft:
        return rgba
    product = np.zeros_like(rgba)  # the matte is mostly empty, and the system allocates pages when they are written
    for y, x in squares(rgba[..., 3] > 0, side_px=SQUARE_PX):
        square = np.s_[y : y + SQUARE_PX, x : x + SQUARE_PX]
        *colours, alpha = cv2.split(rgba[square])
        product[square] = cv2.merge([*(cv2.multiply(colour, alpha, scale=1 / 255) for colour in colours), alpha])
    return product


def _resized(
    layer: Layer, rgba: UInt8[np.ndarray, "H W 4"], size_px: tuple[int, int], interpolation: int
) -> UInt8[np.ndarray, "h w 4"]:
    """Return a piece of a layer resized; the matte's colours are premultiplied.

    Where the matte ends in a step, Lanczos overshoots in alpha and colours alike. Both are scaled down together;
    otherwise the edge would get a lighter outline.
    """
    piece = _premultiplied(layer, rgba)
    if not layer.is_soft or interpolation != cv2.INTER_LANCZOS4:
        return np.asarray(cv2.resize(piece, size_px, interpolation=interpolation))
    large = cv2.resize(piece.astype(np.float32), size_px, interpolation=interpolation)
    large *= np.minimum(1, 255 / np.maximum(large[..., 3:], 1))
    return np.asarray(np.clip(large + 0.5, 0, 255).astype(np.uint8))


def _double_near_surface(layer: Layer, target: UInt8[np.ndarray, "H2 W2 4"], *, exact: bool) -> None:
    """Double a layer in the squares that are near a surface; the rest of the memory stays untouched.

    If `exact`, look-up at the centre of a pixel gives that pixel; otherwise outlines are smoother.
    """
    height, width = layer.rgba.shape[:2]

    def double(corner: tuple[int, int]) -> None:
        y0, x0 = corner
        y1, x1 = min(y0 + SQUARE_PX, height), min(x0 + SQUARE_PX, width)
        top, left = max(y0 - SURFACE_PADDING_PX, 0), max(x0 - SURFACE_PADDING_PX, 0)
        padded = layer.rgba[top : y1 + SURFACE_PADDING_PX, left : x1 + SURFACE_PADDING_PX]
        if not padded[..., 3].any():
            return
        if exact:
            large = doubled(padded, soft=layer.is_soft)
        else:
            size = (2 * padded.shape[1], 2 * padded.shape[0])
            large = _resized(layer, padded, size, cv2.INTER_LANCZOS4)
        inside = large[2 * (y0 - top) : 2 * (y1 - top), 2 * (x0 - left) : 2 * (x1 - left)]
        target[2 * y0 : 2 * y1, 2 * x0 : 2 * x1] = inside

    with ThreadPoolExecutor() as pool:
        list(pool.map(double, product(range(0, height, SQUARE_PX), range(0, width, SQUARE_PX))))
