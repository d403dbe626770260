"""Load the compiled kernels for this machine, and describe their structures to ctypes."""

from __future__ import annotations

import ctypes
import platform
import sys
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "built"
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")


class Texture(ctypes.Structure):
    """The layers' colours, stacked from top to bottom; fields as in rasterize.cpp."""

    _fields_ = [
        ("texels", ctypes.c_void_p),
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("scale_x", ctypes.c_float),
        ("scale_y", ctypes.c_float),
        ("margin_px", ctypes.c_float),
        ("layer_height_px", ctypes.c_float),
        ("first_hidden", ctypes.c_int32),
    ]


class Constant(ctypes.Structure):
    """A named constant of rendering; fields as in rasterize.cpp."""

    _fields_ = [("name", ctypes.c_char_p), ("value", ctypes.c_float)]


class View(ctypes.Structure):
    """One camera as plane + parallax; fields as in rasterize.cpp."""

    _fields_ = [
        ("h", ctypes.c_float * 9),
        ("e", ctypes.c_float * 3),
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("enlargement", ctypes.c_float),
    ]


class MeshLayer(ctypes.Structure):
    """One layer to be meshed; fields as in mesh_quads.cpp."""

    _fields_ = [
        ("depth", ctypes.c_void_p),
        ("alpha", ctypes.c_void_p),
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("largest", ctypes.c_int32),
        ("index", ctypes.c_int32),
        ("soft", ctypes.c_int32),
        ("margin", ctypes.c_int32),
    ]


class MeshLimits(ctypes.Structure):
    """The limits of a quad; fields as in mesh_quads.cpp."""

    _fields_ = [
        ("tolerance", ctypes.c_float),
        ("jump", ctypes.c_float),
        ("per_px", ctypes.c_float),
        ("forward_m", ctypes.c_float),
        ("tolerance_px", ctypes.c_float),
    ]


@cache
def kernel() -> ctypes.CDLL:
    """Return the kernel, in the variant for the newest instructions that this machine has."""
    if platform.machine().lower() in ("x86_64", "amd64"):
        level = _load("v2").kbvr_x86_level()
        return _load(f"v{level}")
    return _load("baseline")


@cache
def variants() -> tuple[str, ...]:
    """Return the names of the variants that this machine can run, plainest first."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return ("baseline",)
    return tuple(f"v{level}" for level in range(2, _load("v2").kbvr_x86_level() + 1))


@cache
def drawing_constants() -> dict[str, float]:
    """Return the constants of rendering that the shader shares with the kernel, name -> value."""
    constants, index = kernel().kbvr_shared_constants(), 0
    found: dict[str, float] = {}
    while name := constants[index].name:
        found[name.decode()] = constants[index].value
        index += 1
    return found


@cache
def _load(variant: str) -> ctypes.CDLL:
    library = ctypes.CDLL(str(FOLDER / f"libkbvr_{variant}{SUFFIX}"))
    library.kbvr_tile_rows.restype = ctypes.c_int32
    library.kbvr_x86_level.restype = ctypes.c_int32
    library.kbvr_shared_constants.restype = ctypes.POINTER(Constant)
    pointer, integer = ctypes.c_void_p, ctypes.c_int32
    library.kbvr_scratch_floats.restype = ctypes.c_int64
    library.kbvr_scratch_floats.argtypes = [integer, integer]
    library.kbvr_render_rows.restype = ctypes.c_int64
    library.kbvr_render_rows.argtypes = [
        pointer,
        pointer,
        integer,
        ctypes.POINTER(View),
        ctypes.POINTER(Texture),
        integer,
        pointer,
        pointer,
        pointer,
        integer,
        integer,
    ]
    library.kbvr_yuv420.restype = None
    library.kbvr_yuv420.argtypes = [pointer, integer, integer, *(3 * (pointer, integer))]
    library.kbvr_block_px.restype = ctypes.c_int32
    library.kbvr_mesh_rows.restype = ctypes.c_int32
    library.kbvr_mesh_rows.argtypes = [
        ctypes.POINTER(MeshLayer),
        ctypes.POINTER(MeshLimits),
        integer,
        pointer,
        pointer,
    ]
    return library
