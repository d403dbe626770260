"""ZIP, as NPZ uses it: members, a directory of them, and its end (pkware.com/appnote)."""

from __future__ import annotations

import io
import lzma
import struct
import warnings
import zipfile
import zlib
from random import Random

from fuzz.structures import npy
from fuzz.structures.plain import changed, number, put, rearranged

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
NAMES = (
    "depth.npy",
    "disparity.npy",
    "inverse_depth.npy",
    "../depth.npy",
    "/depth.npy",
    "depth",
    "",
    "a" * 400,
    "d\n.npy",
)

DIRECTORY = ((4, 2), (6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (42, 4))
"""Place and size of fields of an entry: versions, flags, method, sum, sizes, lengths, place."""

END = ((8, 2), (10, 2), (12, 4), (16, 4), (20, 2))
LOCAL = ((4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2))

Member = tuple[str, bytes]


def members_of(data: bytes) -> list[Member]:
    """Return name and content of every member."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [(info.filename, archive.read(info)) for info in archive.infolist() if info.file_size < 1 << 20]
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        lzma.LZMAError,
        zlib.error,
    ) as error:
        raise ValueError("no archive") from error


def archive_of(members: list[Member], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive that is in order; always the same of the same members."""
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", method) as archive:
        warnings.simplefilter("ignore")  # of names that come twice: that is meant
        for name, content in members:
            info = zipfile.ZipInfo(name or "x")
            info.filename, info.compress_type = name, method
            archive.writestr(info, content)
    return stream.getvalue()


def mutate(data: bytes, random: Random) -> bytes:
    """Change members and pack them again with sums that are right; or change a field of a directory."""
    way = random.randrange(7)
    if way >= 4:
        mark, fields = ((b"PK\1\2", DIRECTORY), (b"PK\5\6", END), (b"PK\3\4", LOCAL))[way - 4]
        at, (place, size) = data.rindex(mark), random.choice(fields)
        old = struct.unpack_from("<H" if size == 2 else "<I", data, at + place)[0]
        most = (1 << 8 * size) - 1
        value = random.choice((number(random, size), (old + 1) & most, (old - 1) & most, old ^ 1, old ^ 8))
        return put(data, at + place, size, value, "little")
    members = members_of(data)
    at = random.randrange(len(members))
    name, content = members[at]
    if way == 0:
        members = rearranged(members, random)[:60]
    elif way == 1:
        members[at] = (random.choice(NAMES), content)
    elif way == 2:
        members[at] = (name, npy.mutate(content, random))
    else:
        members[at] = (name, changed(content, random) + bytes(random.choice((0, 0, 0, 1 << 21))))
    return archive_of(members, random.choice(METHODS))
