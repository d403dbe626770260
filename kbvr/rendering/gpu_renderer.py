"""Render frames of a scene on an NVIDIA GPU: the CPU renderer's pictures, but for a few levels at silhouettes.

It uses wgpu (the optional extra `gpu`), which calls the driver by Vulkan or Direct3D 12.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from time import perf_counter
from types import TracebackType
from typing import Any

import numpy as np
from jaxtyping import UInt8

from kbvr.geometry.camera import Camera
from kbvr.ldi.scene import Scene
from kbvr.rendering.cpu_renderer import Renderer
from kbvr.rendering.gpu_scene import GpuFrame, GpuScene
from kbvr.system import cuda_driver as cuda
from kbvr.system.stderr import held_stderr

EXTRA = 'pip install "kbvr[gpu]"'

NVIDIA_VENDOR = 0x10DE
"""PCI vendor ID."""

DEVICES = ("auto", "cuda", "tensorrt")
"""Devices that mean an NVIDIA GPU, if there is one."""

AHEAD = 3
"""Frames in flight: one is rendered while another is copied and a third is read."""

MAX_CHARACTERS = 300

SAME_LEVELS, WRONG_SHARE = 2, 0.01
"""A GPU is not used if more than this share of its first picture differs from the CPU's by more than these levels."""

_log = logging.getLogger(__name__)


class NoGpuError(Exception):
    """There is no usable GPU, or this scene does not fit into it; the CPU can render it."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        """Keep the reason and the remedy."""
        super().__init__(reason)
        self.remedy = remedy


def best_renderer(
    scene: Scene, *, pixels_per_photo_px: float = 1.0, threads: int | None = None, device: str = "auto"
) -> Renderer:
    """Return the GPU's renderer where the device (one of `kbvr.nets.DEVICES`) allows it and it works, else the CPU's.

    Raises:
        InputError: as `Renderer`.
    """
    if device in DEVICES:
        try:
            return GpuRenderer(scene, pixels_per_photo_px=pixels_per_photo_px, threads=threads)
        except NoGpuError as error:
            _log.info("pictures are drawn on the CPU: %s", error)
    return Renderer(scene, pixels_per_photo_px=pixels_per_photo_px, threads=threads)


class GpuRenderer(Renderer):
    """Renders one scene at one zoom on a GPU; if a frame fails, on the CPU from then on.

    Used like `Renderer`, by one thread. Equal to it within 2/255, except at occlusion boundaries, where the rounding of
    positions decides which of two surfaces is visible.
    """

    def __init__(
        self, scene: Scene, *, pixels_per_photo_px: float = 1.0, threads: int | None = None, software: bool = False
    ) -> None:
        """Prepare a scene as `Renderer` does, and check a first picture; `software` uses a driver on the CPU.

        Raises:
            NoGpuError: if there is no GPU, the scene does not fit, or its picture differs from the CPU's.
            InputError: as `Renderer`.
        """
        adapter = _adapter(software=software)
        super().__init__(scene, pixels_per_photo_px=pixels_per_photo_px, threads=threads)
        self.title = str(adapter.info["device"])
        try:
            self._drawing: GpuScene | None = GpuScene(adapter, scene, self._texels, self._texture)
            first, _ = self._drawing.submit(scene.camera).read_back()
        except Exception as error:
            raise NoGpuError(f"{self.title}: {_one_line(error)}") from error
        wrong = _share_that_differs(first, super().frame_and_holes(scene.camera)[0])
        if wrong > WRONG_SHARE:
            raise NoGpuError(f"{self.title}: {wrong:.1%} of the pixels differ from the CPU's")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drawing = None  # and with it the GPU's memory
        super().__exit__(kind, error, trace)

    def frame_and_holes(self, camera: Camera) -> tuple[UInt8[np.ndarray, "H W 3"], int]:
        """Return one picture and the number of its pixels that no layer covers, filled as `Renderer` does."""
        return self._read_back(camera, self._submitted(camera))

    def frames(self, cameras: Iterable[Camera]) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
        """Yield one picture per camera, in order; a few are in flight on the GPU meanwhile."""
        source = iter(cameras)
        ahead = deque((camera, self._submitted(camera)) for camera in islice(source, AHEAD))
        while ahead:
            yield self._read_back(*ahead.popleft())[0]
            ahead.extend((camera, self._submitted(camera)) for camera in islice(source, 1))

    def _submitted(self, camera: Camera) -> GpuFrame | None:
        """Submit a picture to the GPU; None if it has failed."""
        if self._drawing is None:
            return None
        started = perf_counter()
        try:
            return self._drawing.submit(camera)
        except Exception as error:  # noqa: BLE001  wgpu raises many types
            self._give_up(error)
            return None
        finally:
            self._busy_s.append(perf_counter() - started)

    def _read_back(self, camera: Camera, frame: GpuFrame | None) -> tuple[UInt8[np.ndarray, "H W 3"], int]:
        """Return a submitted picture, or render it on the CPU."""
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
        if self._drawing is not None:
            reason = _one_line(error)
            _log.warning("a picture could not be drawn on %s (%s): the CPU does it from now on", self.title, reason)
            self._drawing, self.title = None, f"the CPU, since {self.title} failed"


def _adapter(*, software: bool) -> Any:
    """Return wgpu's adapter of an NVIDIA GPU, or of a driver that runs on the CPU.

    Without an NVIDIA driver wgpu is not loaded. What graphics libraries write to stderr is kept from the terminal.

    Raises:
        NoGpuError: if there is none.
    """
    driver = None if software else cuda.driver()
    if not software and (driver is None or not driver.devices):
        raise NoGpuError("no NVIDIA driver with a device was found", "with an NVIDIA card: install its driver")
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


def _share_that_differs(picture: UInt8[np.ndarray, "H W 3"], expected: UInt8[np.ndarray, "H W 3"]) -> float:
    """Return the share of pixels in which a channel differs by more than SAME_LEVELS."""
    return float((np.abs(picture.astype(np.int16) - expected).max(axis=2) > SAME_LEVELS).mean())


def _one_line(error: Exception) -> str:
    """Return an error's message in one line, truncated if it is long."""
    return " ".join(str(error).split())[:MAX_CHARACTERS]
