"""A change of a depth map that can be undone and redone, packed to bytes."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float32

from kbvr.imaging.array_types import Mask, Plane
from kbvr.studio.mending.box import Box

_HEAD = struct.Struct("<4IBIII")
_LEVEL = 1
"""Fast: an undo must not wait for its file to become small."""


class DamagedChangeError(Exception):
    """Bytes that are no packed change of such a picture."""


@dataclass(frozen=True, eq=False)
class Change:
    """Pixels of a box with their values before and after."""

    box: Box
    where: Mask
    """Which pixels of the box have changed."""

    before: Float32[np.ndarray, "N"]
    after: Float32[np.ndarray, "N"]

    @classmethod
    def between(cls, before: Plane, after: Plane, box: Box) -> Change | None:
        """Return what has changed inside a box, None if nothing has."""
        differs = before[box.slices] != after[box.slices]
        inner = Box.of(differs)
        if inner.is_empty:
            return None
        tight = Box(box.left + inner.left, box.top + inner.top, box.left + inner.right, box.top + inner.bottom)
        where = np.ascontiguousarray(differs[inner.slices])
        return cls(tight, where, before[tight.slices][where], after[tight.slices][where])

    def undone(self, values: Plane) -> Plane:
        """Return a map with the values before."""
        return self._with(values, self.before)

    def done(self, values: Plane) -> Plane:
        """Return a map with the values after."""
        return self._with(values, self.after)

    def _with(self, values: Plane, pixels: Float32[np.ndarray, "N"]) -> Plane:
        result = values.copy()
        result[self.box.slices][self.where] = pixels
        return result


def packed(change: Change) -> bytes:
    """Return a change as bytes: a head, and three compressed parts (which pixels, before, after)."""
    which = zlib.compress(np.packbits(change.where).tobytes(), _LEVEL)
    before, after = (zlib.compress(_by_significance(part), _LEVEL) for part in (change.before, change.after))
    box, parts = change.box, (which, before, after)
    return _HEAD.pack(box.left, box.top, box.right, box.bottom, 0, *map(len, parts)) + b"".join(parts)


def unpacked(content: bytes, shape: tuple[int, int]) -> Change:
    """Return the change of a picture of (height, width) that was packed.

    Raises:
        DamagedChangeError: if the bytes are something else.
    """
    try:
        left, top, right, bottom, _, *lengths = _HEAD.unpack_from(content)
    except struct.error:
        raise DamagedChangeError from None
    box = Box(left, top, right, bottom)
    if box.is_empty or box.within(shape) != box or _HEAD.size + sum(lengths) != len(content):
        raise DamagedChangeError
    width, height = box.size_px
    ends = _HEAD.size + np.cumsum([0, *lengths])
    which, *values = (content[start:end] for start, end in pairwise(ends))
    bits = np.frombuffer(_inflated(which, (width * height + 7) // 8), np.uint8)
    where = np.unpackbits(bits, count=width * height).astype(bool).reshape(height, width)
    count = int(where.sum())
    before, after = (_from_significance(_inflated(part, 4 * count)) for part in values)
    if not (np.isfinite(before).all() and np.isfinite(after).all() and (before >= 0).all() and (after >= 0).all()):
        raise DamagedChangeError
    return Change(box, where, before, after)


def _by_significance(values: Float32[np.ndarray, "N"]) -> bytes:
    """Return all first bytes of floats, then all second ones, and so on: neighbours are alike, and compress well."""
    return values.astype("<f4").view(np.uint8).reshape(-1, 4).T.tobytes()


def _from_significance(content: bytes) -> Float32[np.ndarray, "N"]:
    planes = np.frombuffer(content, np.uint8).reshape(4, -1)
    return np.ascontiguousarray(planes.T).view("<f4").ravel().astype(np.float32)


def _inflated(content: bytes, expected_bytes: int) -> bytes:
    """Return unpacked bytes, of exactly the expected number."""
    unpacker = zlib.decompressobj()
    try:
        result = unpacker.decompress(content, expected_bytes + 1)
    except zlib.error:
        raise DamagedChangeError from None
    if len(result) != expected_bytes:
        raise DamagedChangeError
    return result
