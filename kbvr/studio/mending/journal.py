r"""The file of a project's undo history: records that are only appended, each with a checksum.

    head      "kbvr-mending-1\\n", width, height and the step at which it begins (uint32, uint32, uint64)
    record    kind (a letter), length (uint32), content, CRC-32 of all of these

Kinds: C a change; J a change that is undone together with the one before; U one undo; R one redo. Steps are numbered:
the depth map on disk says up to which step it goes. What a killed server has written in part is cut off.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from kbvr.system.atomic_file import atomic_write

Kind = Literal["C", "J", "U", "R"]

MAGIC = b"kbvr-mending-1\n"
_HEAD = struct.Struct("<IIQ")
_RECORD = struct.Struct("<cI")
_CHECKSUM = struct.Struct("<I")
HEAD_BYTES = len(MAGIC) + _HEAD.size
FRAME_BYTES = _RECORD.size + _CHECKSUM.size
"""Bytes of a record besides its content."""


class UnusableJournalError(Exception):
    """A file that is no journal of this picture; the message says why, in words."""


@dataclass(frozen=True)
class Record:
    """One step of the history, and where its content is in the file; undo and redo have none."""

    kind: Kind
    start: int
    length: int


class Journal:
    """The file, open for reading and appending."""

    def __init__(self, path: Path, size_px: tuple[int, int]) -> None:
        """Open a journal of a picture of (width, height), and cut off what is no whole record.

        Raises:
            UnusableJournalError: if it is not one.
            OSError: if it cannot be read or written.
        """
        self._file = path.open("r+b")
        try:
            self.first_step = _first_step(self._file, size_px)
            self.records = list(_records(self._file))
        except BaseException:
            self._file.close()
            raise
        last = self.records[-1] if self.records else None
        self._end = HEAD_BYTES if last is None else last.start + last.length + _CHECKSUM.size
        self._file.truncate(self._end)

    @property
    def size_bytes(self) -> int:
        """Its length."""
        return self._end

    def append(self, kind: Kind, content: bytes = b"") -> Record:
        """Write a record so that it outlives this process; OSError if the disk is full."""
        self._file.seek(self._end)
        try:
            self._file.write(encoded(kind, content))
            self._file.flush()
        except OSError:
            self._file.truncate(self._end)
            raise
        record = Record(kind, self._end + _RECORD.size, len(content))
        self._end += FRAME_BYTES + len(content)
        return record

    def content(self, record: Record) -> bytes:
        """Return the content of a record."""
        self._file.seek(record.start)
        return self._file.read(record.length)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def encoded(kind: Kind, content: bytes) -> bytes:
    """Return the bytes of a record."""
    body = _RECORD.pack(kind.encode(), len(content)) + content
    return body + _CHECKSUM.pack(zlib.crc32(body))


def write_journal(
    path: Path, size_px: tuple[int, int], first_step: int, records: Iterable[tuple[Kind, bytes]] = ()
) -> None:
    """Write a whole journal in place of the one that may be there.

    Raises:
        OutputError: if it cannot be written.
    """
    with atomic_write(path, overwrite=True) as temporary, temporary.open("wb") as file:
        file.write(MAGIC + _HEAD.pack(*size_px, first_step))
        for kind, content in records:
            file.write(encoded(kind, content))
        file.flush()
        os.fsync(file.fileno())


def _first_step(file: BinaryIO, size_px: tuple[int, int]) -> int:
    head = file.read(HEAD_BYTES)
    if len(head) < HEAD_BYTES or not head.startswith(MAGIC):
        raise UnusableJournalError("its beginning is damaged")
    width, height, first_step = _HEAD.unpack_from(head, len(MAGIC))
    if (width, height) != size_px:
        raise UnusableJournalError(f"it is for {width} x {height} pixels instead of {size_px[0]} x {size_px[1]}")
    return int(first_step)


def _records(file: BinaryIO) -> Iterator[Record]:
    """Yield the records up to the first that is damaged."""
    file_bytes, at = os.fstat(file.fileno()).st_size, HEAD_BYTES
    while at + FRAME_BYTES <= file_bytes:
        head = file.read(_RECORD.size)
        kind, length = _RECORD.unpack(head)
        if kind not in (b"C", b"J", b"U", b"R") or at + FRAME_BYTES + length > file_bytes:
            return
        content, checksum = file.read(length), file.read(_CHECKSUM.size)
        if checksum != _CHECKSUM.pack(zlib.crc32(head + content)):
            return
        letter: Kind = kind.decode()
        yield Record(letter, at + _RECORD.size, length)
        at += FRAME_BYTES + length
