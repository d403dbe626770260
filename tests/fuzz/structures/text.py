"""Text that a person types: numbers, sizes, names."""

from __future__ import annotations

from random import Random

from fuzz.structures.plain import changed

PIECES = (
    "",
    "0",
    "-1",
    "1e400",
    "nan",
    "inf",
    "-inf",
    "1e-400",
    "9" * 400,
    "9" * 5000,
    "½",
    "١٢",
    "1_000",
    "0x10",
    ",",
    "x",
)
PIECES += (
    "%",
    "100%",
    "-5%",
    ":",
    "=",
    "\n",
    "\0",
    "\x1b[31m",
    "é",
    "\ud800",
    "../",
    "~",
    "auto",
    " ",
    "1,2,3,4,5",
    "a" * 400,
)


def mutate(data: bytes, random: Random) -> bytes:
    """Put a piece into the text, over a part of it, or in its place."""
    text = data.decode("utf-8", "surrogatepass")
    at, end = sorted(random.randrange(len(text) + 1) for _ in range(2))
    way = random.randrange(5)
    if way == 0:
        return changed(data, random)
    piece = random.choice(PIECES)
    made = {1: piece, 2: text[:at] + piece + text[at:], 3: text[:at] + piece + text[end:], 4: text + piece}[way]
    return made.encode("utf-8", "surrogatepass")
