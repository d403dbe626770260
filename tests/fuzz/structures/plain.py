"""Bytes without a structure, and lists of parts of any kind."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeVar

T = TypeVar("T")

LONGEST = 1 << 20
"""Longer inputs find nothing that shorter ones do not."""

NUMBERS = (0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 64, 127, 128, 255, 256, 257, 0x7FFF, 0x8000, 0xFFFF, 0x10000)
NUMBERS += (10_000, 14_142, 20_000, 65_500, 100_000, 1 << 20, 1 << 24, 200_000_000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE)
NUMBERS += (0xFFFFFFFF, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
"""What lengths, counts and sizes trip over."""

BLOCKS = (
    b"\0" * 8,
    b"\xff" * 8,
    b"\0" * 300,
    b"\xff" * 300,
    b"A" * 70,
    b"%s%n",
    b"\r\n\r\n",
    b"../../",
    b"\x1b[31m\x07",
)


def number(random: Random, size_bytes: int) -> int:
    """Return a number that fits into so many bytes, mostly one that trips somebody."""
    most = (1 << 8 * size_bytes) - 1
    return random.choice(NUMBERS) & most if random.randrange(3) else random.randrange(most + 1)


def flip_bits(data: bytes, random: Random) -> bytes:
    """Flip one to eight bits."""
    new = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8)) if data else 0):
        new[random.randrange(len(new))] ^= 1 << random.randrange(8)
    return bytes(new)


def set_number(data: bytes, random: Random) -> bytes:
    """Write a number of one to eight bytes over what was there."""
    size = random.choice((1, 2, 4, 8))
    if len(data) < size:
        return data
    return put(
        data, random.randrange(len(data) - size + 1), size, number(random, size), random.choice(("big", "little"))
    )


def put(data: bytes, at: int, size: int, value: int, order: str) -> bytes:
    """Return bytes with a whole number written over those at a place."""
    return data[:at] + value.to_bytes(size, "big" if order == "big" else "little") + data[at + size :]


def cut_end(data: bytes, random: Random) -> bytes:
    """Cut the end off."""
    return data[: random.randrange(len(data) + 1)]


def cut_out(data: bytes, random: Random) -> bytes:
    """Leave a block out."""
    start, stop = _block(data, random)
    return data[:start] + data[stop:]


def double(data: bytes, random: Random) -> bytes:
    """Insert a copy of a block somewhere."""
    start, stop = _block(data, random)
    at = random.randrange(len(data) + 1)
    return data[:at] + data[start:stop] + data[at:]


def insert(data: bytes, random: Random) -> bytes:
    """Insert a block that is nobody's."""
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(BLOCKS) + data[at:]


def overwrite(data: bytes, random: Random) -> bytes:
    """Write a block over what was there."""
    at, block = random.randrange(len(data) + 1), random.choice(BLOCKS)
    return data[:at] + block + data[at + len(block) :]


PLAIN: tuple[Callable[[bytes, Random], bytes], ...] = (
    flip_bits,
    flip_bits,
    set_number,
    set_number,
    cut_end,
    cut_out,
    double,
    insert,
    overwrite,
)


def changed(data: bytes, random: Random) -> bytes:
    """Return bytes after one mutation that asks for no structure."""
    return random.choice(PLAIN)(data, random)


def rearranged(parts: list[T], random: Random) -> list[T]:
    """Leave a part out, double it, move it, or let all end after it."""
    if not parts:
        return parts
    at, where = random.randrange(len(parts)), random.randrange(len(parts) + 1)
    way = random.randrange(5)
    if way == 0:
        return parts[:at] + parts[at + 1 :]
    if way == 1:
        return [*parts[:where], parts[at], *parts[where:]]
    if way == 2:
        rest = parts[:at] + parts[at + 1 :]
        return [*rest[:where], parts[at], *rest[where:]]
    if way == 3:
        return parts[: at + 1]
    return parts[:at] + [parts[at]] * random.choice((2, 3, 50)) + parts[at + 1 :]


def _block(data: bytes, random: Random) -> tuple[int, int]:
    start = random.randrange(len(data) + 1)
    return start, min(len(data), start + random.choice((1, 4, 16, 100, 1000)))
