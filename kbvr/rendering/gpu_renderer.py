"""Draw frames of a scene on an NVIDIA GPU: the pictures of the CPU's renderer, to a few levels at silhouettes.

The way there is wgpu (the optional extra `gpu`), which speaks to the driver by Vulkan or Direct3D 12.
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
"""In PCI's list of vendors."""

DEVICES = ("auto", "cuda", "tensorrt")
"""Values of --device that mean an NVIDIA GPU, if there is one."""

AHEAD = 3
"""Frames that are under way at once: one is drawn while another is copied and a third is taken."""

MOST_LETTERS = 300

SAME_LEVELS, WRONG_SHARE = 2, 0.01
"""A GPU of whose first picture more than this share differs by more levels from the CPU's is not used."""

_log = logging.getLogger(__name__)


class NoGpuError(Exception):
    """There is no GPU to draw on, or this scene does not fit it; the CPU can draw it."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        """Say why, and what mends it."""
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
    """Draws one scene at one zoom on a GPU; if that fails at some frame, on the CPU from then on.

    Used like `Renderer`, by one thread. Equal to it within 2/255, but for pixels at occlusion boundaries, where the
    rounding of positions decides which of two surfaces is seen.
    """

    def __init__(
        self, scene: Scene, *, pixels_per_photo_px: float = 1.0, threads: int | None = None, software: bool = False
    ) -> None:
        """Prepare a scene as `Renderer` does, and compare a first picture; `software` takes a driver in software.

        Raises:
            NoGpuError: if there is no GPU, the scene does not fit it, or it draws another picture than the CPU.
            InputError: as `Renderer`.
        """
        adapter = _adapter(software=software)
        super().__init__(scene, pixels_per_photo_px=pixels_per_photo_px, threads=threads)
        self.title = str(adapter.info["device"])
        try:
            self._drawing: GpuScene | None = GpuScene(adapter, scene, self._texels, self._texture)
            first, _ = self._drawing.begun(scene.camera).received()
        except Exception as error:
            raise NoGpuError(f"{self.title}: {_in_a_line(error)}") from error
        wrong = _share_that_differs(first, super().frame_and_holes(scene.camera)[0])
        if wrong > WRONG_SHARE:
            raise NoGpuError(f"{self.title} draws {wrong:.1%} of the pixels not as the CPU does")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drawing = None  # and with it the GPU's memory
        super().__exit__(kind, error, trace)

    def frame_and_holes(self, camera: Camera) -> tuple[UInt8[np.ndarray, "H W 3"], int]:
        """Return one picture and how many of its pixels no layer covered, filled as `Renderer` does."""
        return self._received(camera, self._begun(camera))

    def frames(self, cameras: Iterable[Camera]) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
        """Yield one picture per camera, in order; a few are under way on the GPU meanwhile."""
        source = iter(cameras)
        ahead = deque((camera, self._begun(camera)) for camera in islice(source, AHEAD))
        while ahead:
            yield self._received(*ahead.popleft())[0]
            ahead.extend((camera, self._begun(camera)) for camera in islice(source, 1))

    def _begun(self, camera: Camera) -> GpuFrame | None:
        """Begin to draw a picture; None if the GPU has failed."""
        if self._drawing is None:
            return None
        started = perf_counter()
        try:
            return self._drawing.begun(camera)
        except Exception as error:  # noqa: BLE001  wgpu raises many types
            self._give_up(error)
            return None
        finally:
            self._busy_s.append(perf_counter() - started)

    def _received(self, camera: Camera, frame: GpuFrame | None) -> tuple[UInt8[np.ndarray, "H W 3"], int]:
        """Return a picture that was begun, or draw it on the CPU."""
        if frame is None:
            return super().frame_and_holes(camera)
        started = perf_counter()
        try:
            return frame.received()
        except Exception as error:  # noqa: BLE001  wgpu raises many types
            self._give_up(error)
            return super().frame_and_holes(camera)
        finally:
            self._busy_s.append(perf_counter() - started)

    def _give_up(self, error: Exception) -> None:
        """Let go of the GPU and its memory, and say so, once."""
        if self._drawing is not None:
            said = _in_a_line(error)
            _log.warning("a picture could not be drawn on %s (%s): the CPU does it from now on", self.title, said)
            self._drawing, self.title = None, f"the CPU, since {self.title} failed"


def _adapter(*, software: bool) -> Any:
    """Return wgpu's adapter of an NVIDIA GPU, or of a driver that runs on the CPU.

    Without an NVIDIA driver nothing else is asked: what graphics libraries write to stderr is kept from the terminal.

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
        raise NoGpuError(f"wgpu cannot be used: {_in_a_line(error)}", EXTRA) from error
    for adapter in adapters:
        info = adapter.info
        suits = info["adapter_type"] == "CPU" if software else info["vendor_id"] == NVIDIA_VENDOR
        if suits and info["backend_type"] != "OpenGL":
            return adapter
    wanted = "Vulkan driver that runs on the CPU" if software else "Vulkan or Direct3D 12 driver of an NVIDIA GPU"
    raise NoGpuError(f"no {wanted} was found", "install the graphics part of the driver, too")


def _share_that_differs(picture: UInt8[np.ndarray, "H W 3"], wanted: UInt8[np.ndarray, "H W 3"]) -> float:
    """Return the share of the pixels of which a channel differs by more than SAME_LEVELS."""
    return float((np.abs(picture.astype(np.int16) - wanted).max(axis=2) > SAME_LEVELS).mean())


def _in_a_line(error: Exception) -> str:
    """Return what an error says in one line, cut if it is long."""
    return " ".join(str(error).split())[:MOST_LETTERS]
