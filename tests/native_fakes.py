"""Small shared libraries, compiled on the spot, that stand for NVIDIA's driver and for libraries missing here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DRIVER = """
typedef unsigned long size_t;
int cuInit(unsigned flags) { return INIT_ERROR; }
int cuDriverGetVersion(int *version) { *version = VERSION; return 0; }
int cuDeviceGetCount(int *count) { *count = COUNT; return 0; }
int cuDeviceGet(int *device, int index) { *device = 40 + index; return 0; }
int cuDeviceGetName(char *name, int size, int device) {
    const char *is = device == 40 ? "Fake GPU A" : "Fake GPU B";
    for (int i = 0; i < size; i++) { name[i] = is[i]; if (!is[i]) break; }
    return 0;
}
int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = (device - 39) * 6000000000ul; return 0; }
int cuDevicePrimaryCtxRetain(void **context, int device) { *context = (void *)0x700000000ul; return 0; }
int cuCtxSetCurrent(void *context) { return context != (void *)0x700000000ul; }
int cuMemGetInfo_v2(size_t *free, size_t *total) { *free = 5000000000ul; *total = 6000000000ul; return 0; }
int cuDevicePrimaryCtxRelease_v2(int device) { return 0; }
"""
"""The part of the CUDA driver API that kbvr asks (NVIDIA's reference manual gives the signatures)."""


def compiled(source: str, path: Path, **macros: int) -> Path:
    """Compile C to a shared library at path, which also becomes its soname; return path."""
    defines = [f"-D{name}={value}" for name, value in macros.items()]
    command = [
        sys.executable,
        "-m",
        "ziglang",
        "cc",
        "-shared",
        "-fPIC",
        "-nostdlib",
        "-O1",
        "-fno-sanitize=all",
        f"-Wl,-soname,{path.name}",
    ]
    subprocess.run([*command, *defines, "-x", "c", "-", "-o", path], input=source, text=True, check=True)
    return path


def driver(folder: Path, *, cuda: tuple[int, int] = (13, 0), devices: int = 2, init_error: int = 0) -> Path:
    """Return a libcuda.so.1 that can run this CUDA and sees so many devices."""
    version = cuda[0] * 1000 + cuda[1] * 10
    return compiled(DRIVER, folder / "libcuda.so.1", VERSION=version, COUNT=devices, INIT_ERROR=init_error)
