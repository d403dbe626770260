"""NPY: a Python literal that says type and shape, then numbers (numpy.lib.format)."""

from __future__ import annotations

import struct
from random import Random

from fuzz.structures.plain import changed, number

TYPES = ("'<f4'", "'>f8'", "'<f2'", "'|b1'", "'<u2'", "'<i8'", "'<c8'", "'|O'", "'<U5'", "'|S9'", "'|V8'", "'<M8[s]'")
TYPES += ("[('a', '<f4'), ('b', '<u2')]", "'<f4', '<f4'", "None", "'f'", "'<f1000'", "('<f4', (2, 2))", "'<f16'", "''")
SHAPES = (
    "()",
    "(0,)",
    "(0, 32)",
    "(32,)",
    "(24, 32, 1)",
    "(1, 24, 32)",
    "(24, 32, 3)",
    "(-1, 32)",
    "(24.0, 32)",
    "None",
)
SHAPES += (
    "(24, 'a')",
    "(100000, 100000)",
    "(99999999999999999999, 1)",
    "(2**31,)",
    "(True, 5)",
    "(1,) * 99",
    "[24, 32]",
)
SHAPES += (
    "(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 24, 32)",
)
HEADS = ("{}", "", "[", "{'descr': '<f4'}", "__import__('os').abort()", "(" * 3000, "1" * 5000, "{'a': 1, **{}}", "\0")


def npy_of(descr: str, shape: str, body: bytes, *, order: str = "False", version: int = 1) -> bytes:
    """Return a file that says so of its body."""
    return _with_head(f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}", body, version)


def _with_head(text: str, body: bytes, version: int) -> bytes:
    head = text.encode("latin-1", "replace")
    length_bytes = 2 if version == 1 else 4
    head += b" " * (-(8 + length_bytes + len(head) + 1) % 64) + b"\n"
    size = struct.pack("<H" if version == 1 else "<I", len(head) & (0xFFFF if version == 1 else 0xFFFFFFFF))
    return b"\x93NUMPY" + bytes((version, 0)) + size + head + body


def mutate(data: bytes, random: Random) -> bytes:
    """Change type, shape, order, version, the text that says them, or how long it is."""
    if not data.startswith(b"\x93NUMPY\x01"):
        raise ValueError("no NPY of version 1")
    (length,) = struct.unpack_from("<H", data, 8)
    text, body = data[10 : 10 + length].decode("latin-1").strip(), data[10 + length :]
    way = random.randrange(6)
    if way == 0:
        return data[:8] + struct.pack("<H", number(random, 2)) + data[10:]
    if way == 1:
        return _with_head(random.choice(HEADS), body, 1)
    if way == 2:
        return _with_head(changed(text.encode("latin-1"), random).decode("latin-1"), body, random.choice((1, 2, 3, 4)))
    if way == 3:
        return _with_head(text, changed(body, random), 1)
    known = ("'<f4'", "(24, 32)")
    descr, shape = (random.choice(TYPES), known[1]) if way == 4 else (known[0], random.choice(SHAPES))
    return npy_of(descr, shape, body, order=random.choice(("False", "True", "2")), version=random.choice((1, 2, 3)))
