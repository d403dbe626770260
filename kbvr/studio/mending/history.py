"""Undo and redo without limit, kept in a journal.

A step is a change, an undo or a redo. `step` counts them over the life of a project, so that the depth map on disk and
the journal can be matched after the server was killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kbvr.imaging.array_types import Plane
from kbvr.studio.mending.box import Box
from kbvr.studio.mending.change import Change, DamagedChangeError, packed, unpacked
from kbvr.studio.mending.journal import Journal, Kind, Record, UnusableJournalError, write_journal

LOST = "What was mended before cannot be undone any more: {}. The depth itself is kept."
NOTHING = Box(0, 0, 0, 0)

ContentOf = Callable[[Record], bytes]


@dataclass
class _Stacks:
    """Changes that can be undone and redone."""

    undo: list[Record] = field(default_factory=list)
    redo: list[Record] = field(default_factory=list)
    """The next one to redo is the last."""

    def group_of(self, kind: Kind) -> list[Record]:
        """Return the changes that one undo or redo concerns, in the order in which it goes through them."""
        group: list[Record] = []
        for record in reversed(self.undo if kind == "U" else self.redo):
            if kind == "R" and group and record.kind == "C":
                break
            group.append(record)
            if kind == "U" and record.kind == "C":
                break
        return group

    def apply(self, record: Record) -> None:
        """Follow one record of a journal."""
        if record.kind in ("C", "J"):
            self.undo.append(record)
            self.redo.clear()
            return
        group = self.group_of(record.kind)
        source, target = (self.undo, self.redo) if record.kind == "U" else (self.redo, self.undo)
        del source[len(source) - len(group) :]
        target.extend(group)


class History:
    """The history of one depth map, and its journal."""

    def __init__(self, path: Path, size_px: tuple[int, int], step: int) -> None:
        """Begin a history after `step` steps that cannot be undone; OutputError if its journal cannot be written."""
        write_journal(path, size_px, step)
        self._path, self._size_px = path, size_px
        self._stacks = _Stacks()
        self._journal = Journal(path, size_px)
        self.step = step

    @classmethod
    def opened(cls, path: Path, values: Plane, saved_step: int) -> tuple[History, Plane, str]:
        """Return the history in a journal, the newest depth map, and a note on what was lost, empty if nothing was.

        `values` is the depth map on disk, which contains the first `saved_step` steps. A journal that cannot be used is
        kept beside the new one.
        """
        size_px = (values.shape[1], values.shape[0])
        if not path.exists():
            note = LOST.format("the file of the history is missing") if saved_step else ""
            return cls(path, size_px, saved_step), values, note
        try:
            journal = Journal(path, size_px)
            newest, stacks = _replayed(journal, values, saved_step)
        except (UnusableJournalError, DamagedChangeError) as error:
            reason = f"the file of the history cannot be used ({error or 'a change in it is damaged'})"
            path.replace(path.with_suffix(".damaged"))
            return cls(path, size_px, saved_step), values, LOST.format(reason)
        history = cls.__new__(cls)
        history._path, history._size_px, history._stacks, history._journal = path, size_px, stacks, journal
        history.step = journal.first_step + len(journal.records)
        return history, newest, ""

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return bool(self._stacks.undo)

    @property
    def can_redo(self) -> bool:
        """Whether there is something to redo."""
        return bool(self._stacks.redo)

    def add(self, change: Change, *, joins: bool = False) -> None:
        """Add a change; with `joins` it is undone together with the one before."""
        self._add("J" if joins and self._stacks.undo else "C", packed(change))

    def undo(self, values: Plane) -> tuple[Plane, Box]:
        """Return the map without the last change, and the box of what differs; empty if there is nothing to undo."""
        return self._follow("U", values)

    def redo(self, values: Plane) -> tuple[Plane, Box]:
        """Return the map with the next change done again, and the box of what differs."""
        return self._follow("R", values)

    def _follow(self, kind: Kind, values: Plane) -> tuple[Plane, Box]:
        group = self._stacks.group_of(kind)
        newest, box = _followed(kind, group, self._journal.content, values)
        if group:
            self._add(kind)
        return newest, box

    def _add(self, kind: Kind, content: bytes = b"") -> None:
        self._stacks.apply(self._journal.append(kind, content))
        self.step += 1

    @property
    def wasted_bytes(self) -> int:
        """Bytes of the journal that nothing needs any more."""
        return self._journal.size_bytes - sum(record.length for record in (*self._stacks.undo, *self._stacks.redo))

    def compact(self) -> None:
        """Write the journal anew, without changes that can no longer be undone or redone.

        The depth map on disk must contain the last step.

        Raises:
            OutputError: if the journal cannot be written; nothing is lost then.
        """
        changes = [*self._stacks.undo, *reversed(self._stacks.redo)]
        undone = sum(record.kind == "C" for record in self._stacks.redo)
        first_step = self.step - len(changes) - undone
        new = self._path.with_suffix(".new")
        write_journal(new, self._size_px, first_step, self._contents(changes, undone))
        self._journal.close()  # Windows replaces no open file
        new.replace(self._path)
        self._journal, self._stacks = Journal(self._path, self._size_px), _Stacks()
        for record in self._journal.records:
            self._stacks.apply(record)

    def _contents(self, changes: list[Record], undone: int) -> Iterator[tuple[Kind, bytes]]:
        for record in changes:
            yield record.kind, self._journal.content(record)
        for _ in range(undone):
            yield "U", b""

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()


def _replayed(journal: Journal, values: Plane, saved_step: int) -> tuple[Plane, _Stacks]:
    """Return the newest map and the stacks after all records; the steps after `saved_step` are done to the map."""
    if not journal.first_step <= saved_step <= journal.first_step + len(journal.records):
        raise UnusableJournalError("it does not fit the depth on disk")
    stacks = _Stacks()
    for step, record in enumerate(journal.records, journal.first_step + 1):
        if step > saved_step:
            group = [record] if record.kind in ("C", "J") else stacks.group_of(record.kind)
            values, _ = _followed(record.kind, group, journal.content, values)
        stacks.apply(record)
    return values, stacks


def _followed(kind: Kind, group: list[Record], content_of: ContentOf, values: Plane) -> tuple[Plane, Box]:
    """Return a map after some changes are undone (kind U) or done, and the box around them."""
    box = NOTHING
    for record in group:
        change = unpacked(content_of(record), (values.shape[0], values.shape[1]))
        values = change.undone(values) if kind == "U" else change.done(values)
        box = box.joined(change.box)
    return values, box
