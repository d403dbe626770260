"""TIFF, BigTIFF and EXIF: directories of tagged values at offsets, in either order of bytes (TIFF 6.0)."""

from __future__ import annotations

from random import Random

from fuzz.structures.plain import NUMBERS, changed, number, put

TAGS = (254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 280, 281, 282, 284, 290, 296, 301, 317, 320, 322)
TAGS += (323, 324, 325, 330, 332, 338, 339, 340, 347, 530, 532, 700, 33432, 34665, 34675, 34853, 50706, 50838, 0, 65535)
COMPRESSIONS = (1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34676, 34677, 34712, 34925, 50000, 50001, 50002, 52546)
DIRECTORIES = (330, 34665, 34853, 40965)
"""Tags whose value is the place of another directory."""

MOST_DIRECTORIES = 8


def mutate(data: bytes, random: Random) -> bytes:
    """Change one entry's tag, type, count or value, the chain of directories, or the header."""
    order = {b"II": "little", b"MM": "big"}[data[:2]]
    big = data[2:4] in (b"+\0", b"\0+")
    size = 8 if big else 4
    entries, links = _directories(data, order, size)
    way = random.randrange(8)
    if way == 0:
        return put(data, random.choice(links), size, random.choice((*links, *NUMBERS[:14], len(data))), order)
    if way == 1:
        return (
            random.choice((b"II", b"MM")) + data[2:]
            if random.randrange(2)
            else put(data, 2, 2, 42 + random.randrange(3), order)
        )
    at = random.choice(entries)
    if way == 2:
        return put(data, at, 2, random.choice(TAGS), order)
    if way == 3:
        return put(data, at + 2, 2, random.choice((*range(20), 255, 65535)), order)
    if way == 4:
        return put(data, at + 4, size, number(random, size), order)
    tag = int.from_bytes(data[at : at + 2], "big" if order == "big" else "little")
    if tag == 259 and random.randrange(2):
        return put(data, at + 4 + size, 2, random.choice(COMPRESSIONS), order)
    if way in (5, 6):
        return put(data, at + 4 + size, size, number(random, size), order)
    where = int.from_bytes(data[at + 4 + size : at + 4 + 2 * size], "big" if order == "big" else "little")
    return data[:where] + changed(data[where : where + 64], random)[:64] + data[where + 64 :]


def _directories(data: bytes, order: str, size: int) -> tuple[list[int], list[int]]:
    """Return where the entries of all directories begin, and where the links between directories are."""
    byte_order = "big" if order == "big" else "little"

    def read(at: int, count: int) -> int:
        return int.from_bytes(data[at : at + count], byte_order)

    entry_bytes, count_bytes = 4 + 2 * size, 8 if size == 8 else 2
    links = [8 if size == 8 else 4]
    waiting, seen, entries = [read(links[0], size)], set(), []
    while waiting and len(seen) < MOST_DIRECTORIES:
        at = waiting.pop()
        if not 0 < at < len(data) or at in seen:
            continue
        seen.add(at)
        count = min(read(at, count_bytes), 200)
        first = at + count_bytes
        entries += [first + i * entry_bytes for i in range(count) if first + (i + 1) * entry_bytes <= len(data)]
        link = first + count * entry_bytes
        if link + size <= len(data):
            links.append(link)
            waiting.append(read(link, size))
        for entry in entries[-count:] if count else []:
            if read(entry, 2) in DIRECTORIES:
                links.append(entry + 4 + size)
                waiting.append(read(entry + 4 + size, size))
    return entries, links
