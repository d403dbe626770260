"""How a good input becomes a bad one, byte by byte or along its structure.

Every mutator is a function of bytes and a source of random choices, so that one and the same serves three drivers:
hypothesis, which makes failing choices smaller (`mutations`); a campaign, which repeats any input from its number; and
coverage-guided fuzzing.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

from fuzz.structures import archives, boxes, exr, http, jpeg, json_text, npy, png, protobuf, riff, text, tiff
from fuzz.structures.plain import LONGEST, changed

Mutator = Callable[[bytes, Random], bytes]

STRUCTURES: Mapping[str, Mutator] = {
    "archive": archives.mutate,
    "boxes": boxes.mutate,
    "exr": exr.mutate,
    "http": http.mutate,
    "jpeg": jpeg.mutate,
    "json": json_text.mutate,
    "npy": npy.mutate,
    "png": png.mutate,
    "protobuf": protobuf.mutate,
    "riff": riff.mutate,
    "text": text.mutate,
    "tiff": tiff.mutate,
}
"""Structure of a seed -> what changes its parts and fields and mends lengths and sums again."""

NOT_AS_IT_WAS = (ArithmeticError, LookupError, RecursionError, StopIteration, ValueError, struct.error, zlib.error)
"""What a structure says of bytes that an earlier mutation has taken it from."""

ROUNDS = (1, 1, 1, 2, 3, 6)


@dataclass(frozen=True)
class Seed:
    """A good input."""

    name: str
    reader: str
    """Name of `fuzz.readers.READERS`."""

    structure: str
    """A name of STRUCTURES, or "" for bytes without any."""

    content: bytes


def mutated(seed: Seed, relatives: tuple[bytes, ...], random: Random) -> bytes:
    """Return a seed after a few mutations, along its structure more often than not.

    Relatives are inputs of the same kind, parts of which may be spliced in.
    """
    data = seed.content
    for _ in range(random.choice(ROUNDS)):
        way = random.randrange(10)
        if way < 6 and seed.structure:
            data = along_structure(data, seed.structure, random)
        elif way == 6 and relatives:
            data = spliced(data, random.choice(relatives), random)
        else:
            data = changed(data, random)
    return data[:LONGEST]


def spliced(data: bytes, other: bytes, random: Random) -> bytes:
    """Return the beginning of one input and the end of another."""
    return data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other) + 1) :]


def along_structure(data: bytes, structure: str, random: Random) -> bytes:
    """Return bytes after one mutation along their structure; a plain one if they have lost it."""
    try:
        return STRUCTURES[structure](data, random)
    except NOT_AS_IT_WAS:
        return changed(data, random)


def mutations(seed: Seed, relatives: tuple[bytes, ...] = ()) -> st.SearchStrategy[bytes]:
    """Return a strategy for inputs that were a seed once; hypothesis makes the choices smaller that break a law."""
    return st.randoms(use_true_random=False).map(lambda random: mutated(seed, relatives, random))
