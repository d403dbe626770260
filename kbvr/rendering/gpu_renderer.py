"""Render frames of a scene on an NVIDIA GPU; they differ from the CPU renderer's by a few levels at silhouettes.

It uses wgpu (the optional extra `gpu`), which calls the driver through Vulkan or Direct3D 12.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from time import perf_counter
from typing import Any

import numpy as np

from kbvr.geometry.camera import Camera
from kbvr.imaging.array_types import Picture
from kbvr.ldi.scene import Scene
from kbvr.rendering.cpu_renderer import Renderer
from kbvr.rendering.gpu_scene import GpuFrame, GpuScene
from kbvr.system import cuda_driver as cuda
from kbvr.system.stderr import held_stderr

EXTRA = 'pip install "kbvr[gpu]"'

NVIDIA_VENDOR = 0x10DE
DEVICES = ("auto", "cuda", "tensorrt")
"""Devices that allow an NVIDIA GPU."""

FRAMES_IN_FLIGHT = 3
"""One is rendered while another is copied and a third is read."""

MAX_CHARACTERS = 300

TOLERANCE_LEVELS, MAX_WRONG_SHARE = 2, 0.01
"""A GPU is rejected if more than this share of its first picture differs from the CPU's by more than the tolerance."""

_log = logging.getLogger(__name__)


class NoGpuError(Exception):
    """There is no usable GPU, or the scene does not fit into its memory; the CPU can render it."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.remedy = remedy


def best_renderer(
    scene: Scene, *, pixels_per_photo_px: float = 1.0, threads: int | None = None, device: str = "auto"
) -> Renderer:
    """Return the GPU renderer if the device (one of `kbvr.nets.DEVICES`) allows it and it works, else the CPU's.

    Raises:
        InputError: as `Renderer`.
    """
    if device in DEVICES:
        try:
            return GpuRenderer(scene, pixels_per_photo_px=pixels_per_photo_px, threads=threads)
        except NoGpuError as error:
            _log.info("pictures are rendered on the CPU: %s", error)
    return Renderer(scene, pixels_per_photo_px=pixels_per_photo_px, threads=threads)


class GpuRenderer(Renderer):
    """Renders one scene at one zoom on a GPU; after a failure, on the CPU.

    It is used like `Renderer`, from one thread. Its pictures equal `Renderer`'s within 2/255, except at occlusion
    boundaries, where the rounding of positions decides which of two surfaces is visible.
    """

    def __init__(
        self, scene: Scene, *, pixels_per_photo_px: float = 1.0, threads: int | None = None, software: bool = False
    ) -> None:
        """Prepare a scene as `Renderer` does, and check a first picture; `software` selects a driver on the CPU.

        Raises:
            NoGpuError: if there is no GPU, the scene does not fit, or its picture differs from the CPU's.
            InputError: as `Renderer`.
        """
        adapter = _adapter(software=software)
        super().__init__(scene, pixels_per_photo_px=pixels_per_photo_px, threads=threads)
        self.title = str(adapter.info["device"])
        try:
            self._gpu_scene: GpuScene | None = GpuScene(adapter, scene, self._texels, self._texture)
            first, _ = self._gpu_scene.submit(scene.camera).read_back()
        except Exception as error:
            raise NoGpuError(f"{self.title}: {_one_line(error)}") from error
        wrong_share = _share_that_differs(first, super().frame_and_holes(scene.camera)[0])
        if wrong_share > MAX_WRONG_SHARE:
            raise NoGpuError(f"{self.title}: {wrong_share:.1%} of the pixels differ from the CPU's")

    def __exit__(self, *error: object) -> None:
        self._gpu_scene = None  # frees the GPU's memory
        super().__exit__(*error)

    def frame_and_holes(self, camera: Camera) -> tuple[Picture, int]:
        """Return one picture and the number of its pixels that no layer covers, filled as by `Renderer`."""
        return self._read_back(camera, self._submitted(camera))

    def frames(self, cameras: Iterable[Camera]) -> Iterator[Picture]:
        """Yield one picture per camera, in order; a few are in flight on the GPU."""
        source = iter(cameras)
        ahead = deque((camera, self._submitted(camera)) for camera in islice(source, FRAMES_IN_FLIGHT))
        while ahead:
            yield self._read_back(*ahead.popleft())[0]
            ahead.extend((camera, self._submitted(camera)) for camera in islice(source, 1))

    def _submitted(self, camera: Camera) -> GpuFrame | None:
        """Submit a picture to the GPU; return None if the GPU has failed."""
        if self._gpu_scene is None:
            return None
        started = perf_counter()
        try:
            return self._gpu_scene.submit(camera)
        except Exception as error:  # noqa: BLE001  wgpu raises many types
            self._give_up(error)
            return None
        finally:
            self._busy_s.append(perf_counter() - started)

    def _read_back(self, camera: Camera, frame: GpuFrame | None) -> tuple[Picture, int]:
        """Return a submitted picture; render it on the CPU if the GPU has failed."""
        if frame is None:
            return super().frame_and_holes(camera)
        started = perf_counter()
        try:
            return frame.read_back()
        except Exception as error:  # noqa: BLE001  wgpu raises many types
            self._give_up(error)
            return super().frame_and_holes(camera)
        finally:
            self._busy_s.append(perf_counter() - started)

    def _give_up(self, error: Exception) -> None:
        """Release the GPU and its memory, and warn once."""
        if self._gpu_scene is not None:
            reason = _one_line(error)
            _log.warning("a picture could not be rendered on %s (%s); using the CPU from now on", self.title, reason)
            self._gpu_scene, self.title = None, f"the CPU, since {self.title} failed"


def _adapter(*, software: bool) -> Any:
    """Return wgpu's adapter for an NVIDIA GPU, or for a driver that runs on the CPU; NoGpuError if there is none.

    wgpu is loaded only if there is an NVIDIA driver. Graphics libraries may write to stderr, which is hidden.
    """
    driver = None if software else cuda.driver()
    if not software and (driver is None or not driver.devices):
        raise NoGpuError("no NVIDIA GPU was found", "with an NVIDIA card: install its driver")
    if find_spec("wgpu") is None:
        raise NoGpuError("the package wgpu is not installed", EXTRA)
    try:
        with held_stderr():
            adapters = import_module("wgpu").gpu.enumerate_adapters_sync()
    except Exception as error:
        raise NoGpuError(f"wgpu cannot be used: {_one_line(error)}", EXTRA) from error
    for adapter in adapters:
        info = adapter.info
        suits = info["adapter_type"] == "CPU" if software else info["vendor_id"] == NVIDIA_VENDOR
        if suits and info["backend_type"] != "OpenGL":
            return adapter
    expected = "Vulkan driver that runs on the CPU" if software else "Vulkan or Direct3D 12 driver of an NVIDIA GPU"
    raise NoGpuError(f"no {expected} was found", "install the graphics part of the driver, too")


def _share_that_differs(picture: Picture, expected: Picture) -> float:
    """Return the share of pixels in which a channel differs by more than TOLERANCE_LEVELS."""
    return float((np.abs(picture.astype(np.int16) - expected).max(axis=2) > TOLERANCE_LEVELS).mean())


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:MAX_CHARACTERS]
