"""Depth files of every container and type of number that is read."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fuzz.mutators import Seed
from fuzz.photo_seeds import HEIGHT, WIDTH, encoded, png_by_hand, rgb, tiff_by_hand
from fuzz.structures.archives import archive_of
from fuzz.structures.npy import npy_of


def depth_m() -> NDArray[np.float64]:
    """Return a floor that comes nearer, with a thing on it; metres."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.where((x > 10) & (x < 20) & (y > 6), 1.5, 6.0 - 0.15 * y)


def millimetres() -> NDArray[np.uint16]:
    """Return the same in whole millimetres."""
    return (depth_m() * 1000).astype(np.uint16)


def depth_seeds() -> Iterator[Seed]:
    """Yield depth of every kind."""
    grey = Image.fromarray(millimetres())
    yield _seed("depth16.png", "png", encoded(grey, "PNG"))
    yield _seed(
        "depth16-interlaced.png", "png", png_by_hand(millimetres().astype(">u2")[..., None], 16, 0, interlaced=True)
    )
    yield _seed("depth8.png", "png", encoded(Image.fromarray(rgb()[..., 0]), "PNG"))
    yield _seed("depth8.jpg", "jpeg", encoded(Image.fromarray(rgb()[..., 0]), "JPEG"))
    equal = np.repeat(millimetres().astype(">u2")[..., None], 3, axis=2)
    yield _seed("depth-rgb16.png", "png", png_by_hand(equal, 16, 2))
    yield _seed("depth-rgb16.tif", "tiff", tiff_by_hand(equal, 16, planar=1))
    yield _seed("depth16.tif", "tiff", encoded(grey, "TIFF", compression="tiff_adobe_deflate"))
    yield _seed("depth-float.tif", "tiff", encoded(Image.fromarray(depth_m().astype(np.float32)), "TIFF"))
    yield _seed("depth-int32.tif", "tiff", encoded(Image.fromarray(millimetres().astype(np.int32)), "TIFF"))
    for kind in ("<f4", "<f2", "<f8", "<u2", ">i4"):
        yield _seed(f"depth{kind[1:]}.npy", "npy", _npy(depth_m().astype(kind) * (1000 if kind[1] in "ui" else 1)))
    members = [("depth.npy", _npy(depth_m().astype("<f4"))), ("disparity.npy", _npy((1 / depth_m()).astype("<f2")))]
    yield _seed("depth.npz", "archive", archive_of(members))
    yield _seed("depth-stored.npz", "archive", archive_of(members[:1], 0))
    for name, code in (("none", 0), ("zips", 2), ("zip", 3)):
        yield _seed(f"depth-{name}.exr", "exr", exr_by_hand(depth_m().astype("<f4"), code))
    yield _seed("depth-half.exr", "exr", exr_by_hand(depth_m().astype("<f2"), 3))


def _seed(name: str, structure: str, content: bytes) -> Seed:
    return Seed(name, "depth", structure, content)


def _npy(values: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    assert stream.getvalue().startswith(npy_of("''", "()", b"")[:8])
    return stream.getvalue()


def exr_by_hand(values: NDArray[Any], compression: int) -> bytes:
    """Return an EXR of one channel Z; compression 0, 2 (a line a chunk) or 3 (16 lines).

    ZIP: the bytes of even and odd places apart, then the differences of neighbours plus 128, then deflated.
    """
    height, width = values.shape
    pixel_type = {2: 1, 4: 2}[values.dtype.itemsize]
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    attributes = (
        (b"channels", b"chlist", b"Z\0" + struct.pack("<iIii", pixel_type, 0, 1, 1) + b"\0"),
        (b"compression", b"compression", bytes((compression,))),
        (b"dataWindow", b"box2i", window),
        (b"displayWindow", b"box2i", window),
        (b"lineOrder", b"lineOrder", b"\0"),
        (b"pixelAspectRatio", b"float", struct.pack("<f", 1)),
        (b"screenWindowCenter", b"v2f", bytes(8)),
        (b"screenWindowWidth", b"float", struct.pack("<f", 1)),
    )
    head = b"\x76\x2f\x31\x01" + struct.pack("<I", 2)
    head += b"".join(n + b"\0" + t + b"\0" + struct.pack("<I", len(c)) + c for n, t, c in attributes) + b"\0"
    lines = 16 if compression == 3 else 1
    chunks = []
    for top in range(0, height, lines):
        plain = np.frombuffer(values[top : top + lines].tobytes(), np.uint8)
        content = plain.tobytes()
        if compression:
            halves = np.concatenate([plain[0::2], plain[1::2]])
            steps = np.concatenate([halves[:1], halves[1:] - halves[:-1] + np.uint8(128)])
            packed = zlib.compress(steps.tobytes())
            content = min(packed, content, key=len)
        chunks.append(struct.pack("<iI", top, len(content)) + content)
    places = [len(head) + 8 * len(chunks) + sum(map(len, chunks[:i])) for i in range(len(chunks))]
    return head + struct.pack(f"<{len(places)}Q", *places) + b"".join(chunks)
