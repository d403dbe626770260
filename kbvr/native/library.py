"""The compiled kernels for this machine, and the ctypes declarations of their structures."""

from __future__ import annotations

import ctypes
import platform
import sys
from functools import cache
from itertools import count, takewhile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "built"
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")


class Texture(ctypes.Structure):
    """The layers' colours, stacked from top to bottom; fields as in texels.h."""

    _fields_ = [
        ("texels", ctypes.c_void_p),
        *((name, ctypes.c_int32) for name in ("width", "height")),
        *((name, ctypes.c_float) for name in ("scale_x", "scale_y", "margin_px", "layer_height_px")),
        ("first_hidden", ctypes.c_int32),
    ]


class Constant(ctypes.Structure):
    """A named rendering constant; fields as in rasterize.cpp."""

    _fields_ = [("name", ctypes.c_char_p), ("value", ctypes.c_float)]


class View(ctypes.Structure):
    """One camera as plane + parallax; fields as in rasterize.cpp."""

    _fields_ = [
        *(("h", ctypes.c_float * 9), ("e", ctypes.c_float * 3)),
        *(("width", ctypes.c_int32), ("height", ctypes.c_int32), ("enlargement", ctypes.c_float)),
    ]


class MeshLayer(ctypes.Structure):
    """A layer to mesh; fields as in mesh_quads.cpp."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("depth", "alpha")),
        *((name, ctypes.c_int32) for name in ("width", "height", "largest", "index", "soft", "margin")),
    ]


class MeshLimits(ctypes.Structure):
    """The error limits of a quad; fields as in mesh_quads.cpp."""

    _fields_ = [(name, ctypes.c_float) for name in ("tolerance", "jump", "per_px", "forward_m", "tolerance_px")]


class PatchLevel(ctypes.Structure):
    """One level of the search for patches; fields as in patches.cpp."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("rgb", "weight", "source", "guide", "match", "cost")),
        *((name, ctypes.c_int32) for name in ("width", "height", "reach")),
        ("distance_cost", ctypes.c_float),
    ]


@cache
def kernel() -> ctypes.CDLL:
    """Return the kernel variant for the newest instruction set of this machine."""
    return _load(variants()[-1])


@cache
def variants() -> tuple[str, ...]:
    """Return the names of the variants that this machine can run, oldest instruction set first."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return ("baseline",)
    return tuple(f"v{level}" for level in range(2, _load("v2").kbvr_x86_level() + 1))


@cache
def drawing_constants() -> dict[str, float]:
    """Return the rendering constants that the shader shares with the kernel, by name."""
    constants = kernel().kbvr_shared_constants()
    named = takewhile(lambda constant: constant.name, (constants[index] for index in count()))
    return {constant.name.decode(): constant.value for constant in named}


@cache
def _load(variant: str) -> ctypes.CDLL:
    library = ctypes.CDLL(str(FOLDER / f"libkbvr_{variant}{SUFFIX}"))
    pointer, integer, large = ctypes.c_void_p, ctypes.c_int32, ctypes.c_int64
    structures = (View, Texture, MeshLayer, MeshLimits, PatchLevel)
    view, texture, layer, limits, patches = (ctypes.POINTER(kind) for kind in structures)
    picture = [pointer, pointer, pointer, integer, integer]
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "kbvr_x86_level": (integer, []),
        "kbvr_shared_constants": (ctypes.POINTER(Constant), []),
        "kbvr_scratch_floats": (large, [integer, integer]),
        "kbvr_render_rows": (large, [pointer, pointer, integer, view, texture, integer, *picture]),
        "kbvr_yuv420": (None, [pointer, integer, integer, *(3 * (pointer, integer))]),
        "kbvr_block_px": (integer, []),
        "kbvr_mesh_rows": (integer, [layer, limits, integer, pointer, pointer]),
        "kbvr_match_rows": (None, [patches, integer, integer, ctypes.c_uint32]),
        "kbvr_vote_rows": (None, [patches, integer, integer]),
        "kbvr_along_edges": (None, [pointer, integer, pointer, integer]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
