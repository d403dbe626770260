"""Query NVIDIA's driver and the CUDA libraries directly, without onnxruntime or command line tools."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

DRIVER_LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"

CUDNN_MAJOR = 9
TENSORRT_MAJOR = 10
"""The versions that onnxruntime has been built with since 1.19; only the major version must match."""

_NAME_BYTES = 256


@dataclass(frozen=True)
class CudaDevice:
    """A device that the driver reports."""

    name: str
    memory_bytes: int


@dataclass(frozen=True)
class Driver:
    """NVIDIA's driver and its devices."""

    cuda_version: tuple[int, int]
    """The newest supported CUDA version: (major, minor)."""

    devices: tuple[CudaDevice, ...]
    error: int = 0
    """The result of cuInit; 0 is success (CUDA driver API, type CUresult)."""


def driver() -> Driver | None:
    """Return the installed driver, None if there is none."""
    library = _driver_library()
    if library is None:
        return None
    version, count = ctypes.c_int(0), ctypes.c_int(0)
    if library.cuDriverGetVersion(ctypes.byref(version)):
        version.value = 0
    cuda_version = (version.value // 1000, version.value % 1000 // 10)
    error = int(library.cuInit(0))
    if error or library.cuDeviceGetCount(ctypes.byref(count)):
        return Driver(cuda_version, (), error)
    return Driver(cuda_version, tuple(_device(library, index) for index in range(count.value)))


def free_memory_bytes(index: int) -> int | None:
    """Return the free memory of a device in bytes, None if it is unknown.

    This creates a context, which takes memory itself, so it is not meant for every run.
    """
    library = _driver_library()
    handle, context = ctypes.c_int(0), ctypes.c_void_p()
    if library is None or library.cuInit(0) or library.cuDeviceGet(ctypes.byref(handle), index):
        return None
    if library.cuDevicePrimaryCtxRetain(ctypes.byref(context), handle):
        return None
    try:
        free, total = ctypes.c_size_t(0), ctypes.c_size_t(0)
        if library.cuCtxSetCurrent(context) or library.cuMemGetInfo_v2(ctypes.byref(free), ctypes.byref(total)):
            return None
        return free.value
    finally:
        library.cuDevicePrimaryCtxRelease_v2(handle)


def described_devices(_: str = "") -> dict[str, Any]:
    """Return the driver's CUDA version and devices as plain values, for `kbvr doctor`."""
    found = driver()
    if found is None:
        return {"driver": False, "devices": []}
    devices = [
        {"name": device.name, "memory_bytes": device.memory_bytes, "free_bytes": free_memory_bytes(index)}
        for index, device in enumerate(found.devices)
    ]
    return {"driver": True, "cuda_version": found.cuda_version, "devices": devices}


def missing_libraries(cuda_major: int) -> tuple[str, ...]:
    """Return the libraries of this CUDA version and of cuDNN that onnxruntime requires but that cannot be loaded."""
    if sys.platform == "win32":
        names = [f"cublasLt64_{cuda_major}.dll", f"cublas64_{cuda_major}.dll", f"cudart64_{cuda_major}.dll"]
        names.append(f"cudnn64_{CUDNN_MAJOR}.dll")
    else:
        names = [f"lib{part}.so.{cuda_major}" for part in ("cudart", "cublasLt", "cublas")]
        names += ["libcurand.so.10", f"libcudnn.so.{CUDNN_MAJOR}"]
    return tuple(name for name in names if not loadable(name))


def other_cuda_majors(cuda_major: int) -> tuple[int, ...]:
    """Return the major versions of installed CUDA runtimes other than the required one."""
    pattern = "cudart64_{}.dll" if sys.platform == "win32" else "libcudart.so.{}"
    others = (major for major in range(11, 17) if major != cuda_major)
    return tuple(major for major in others if loadable(pattern.format(major)))


def missing_tensorrt() -> tuple[str, ...]:
    """Return the TensorRT libraries that cannot be loaded from its wheel or from the system."""
    pattern = "{}_{}.dll" if sys.platform == "win32" else "lib{}.so.{}"
    names = [pattern.format(part, TENSORRT_MAJOR) for part in ("nvinfer", "nvinfer_plugin", "nvonnxparser")]
    wheel = find_spec("tensorrt_libs")
    folders = wheel.submodule_search_locations if wheel is not None else None
    for folder in folders or ():
        for name in names:  # a library loaded by its path is found by its name from then on
            loadable(str(Path(folder) / name))
    return tuple(name for name in names if not loadable(name))


def loadable(name: str) -> bool:
    """Return whether a shared library can be loaded; it stays loaded."""
    try:
        ctypes.CDLL(name, winmode=0)  # on Windows, this searches PATH, as onnxruntime does
    except OSError:
        return False
    return True


def _driver_library() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(DRIVER_LIBRARY)
    except OSError:
        return None


def _device(library: ctypes.CDLL, index: int) -> CudaDevice:
    handle, memory_bytes = ctypes.c_int(0), ctypes.c_size_t(0)
    name = ctypes.create_string_buffer(_NAME_BYTES)
    library.cuDeviceGet(ctypes.byref(handle), index)
    library.cuDeviceGetName(name, _NAME_BYTES, handle)
    library.cuDeviceTotalMem_v2(ctypes.byref(memory_bytes), handle)
    return CudaDevice(name.value.decode("utf-8", "replace"), memory_bytes.value)
