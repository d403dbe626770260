"""The ledger of a batch: a row per photo in an SQLite file, and what it says about a photo that is found again.

The file is written ahead (WAL), so that a killed process loses nothing, and a power failure at most the last entries;
the receipts, which are synced, have those (`kbvr.batching.receipts`). One batch at a time writes it, and others may
read it meanwhile.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock

from filelock import FileLock, Timeout

from kbvr.batching.ledger_rows import SCHEMA, Row, Status, name_in_folder, restored, row_of, storable
from kbvr.batching.source import Source
from kbvr.batching.task import OutputFile, PhotoResult
from kbvr.errors import InputError, OutputError

NAME = "kbvr.sqlite"
VERSION = 1
"""Stored in the file (user_version); another one is refused."""

BUSY_S = 30.0
"""How long a reader and the writer wait for each other."""

SUFFIX_DIGITS = 8
"""Of the suffix that keeps two photos of the same name in one folder apart."""


class Ledger:
    """An open ledger; all threads may use it."""

    def __init__(
        self, path: Path, *, locks: Iterable[Path] = (), is_read_only: bool = False, is_replaced: bool = False
    ) -> None:
        """Open a ledger, or make one unless it is only read.

        Args:
            path: its file.
            locks: the files that its only writer locks; by default one beside it.
            is_read_only: whether it is only read, which is possible while a batch writes it.
            is_replaced: whether an empty one takes its place; the old one is renamed.

        Raises:
            InputError: if it is no ledger, or does not exist and is only read.
            OutputError: if another batch writes it, or it cannot be written.
        """
        self.path, self._is_read_only, self._lock = path, is_read_only, RLock()
        self._locks = [FileLock(lock) for lock in (*locks,) or (lock_beside(path),)]
        with self._errors():
            if is_read_only:
                self._db = self._opened_to_read()
            else:
                self._db = self._opened_to_write(is_replaced=is_replaced)
            self._db.row_factory = sqlite3.Row

    def _opened_to_read(self) -> sqlite3.Connection:
        if not self.path.is_file():
            raise InputError(f"expected the ledger of a batch, got {self.path}: no such file")
        # without a write-ahead log nobody writes, and then reading needs no other file in the folder
        mode = "mode=ro" if self.path.with_name(f"{self.path.name}-wal").exists() else "immutable=1"
        address = f"{self.path.absolute().as_uri()}?{mode}"
        db = sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        if db.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            db.close()
            raise InputError(f"expected the ledger of a batch of this version of kbvr, got {self.path}")
        return db

    def _opened_to_write(self, *, is_replaced: bool) -> sqlite3.Connection:
        for lock in self._locks:
            Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
        try:
            for lock in self._locks:
                lock.acquire(blocking=False)
            if is_replaced:
                _put_aside(self.path)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            self._prepare()
        except BaseException:
            self.close()
            raise
        return self._db

    def _prepare(self) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL"):
            self._db.execute(f"PRAGMA {pragma}")
        version = self._version()
        if version == 0 and not self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
            with self.transaction():
                for statement in filter(str.strip, SCHEMA.split(";")):
                    self._db.execute(statement)
        elif version not in (0, VERSION):
            raise InputError(f"expected the ledger of a batch of this version of kbvr, got {self.path}")

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    @property
    def is_new(self) -> bool:
        """Whether it has not been filled from the receipts yet."""
        return self._version() == 0

    def fill(self, receipts: Iterable[PhotoResult]) -> None:
        """Fill a new ledger with what receipts say, all of it or nothing; two of one photo or name are one."""
        with self.transaction():
            for receipt in receipts:
                self._adopt(receipt)
            self._db.execute(f"PRAGMA user_version = {VERSION}")

    def _adopt(self, receipt: PhotoResult) -> None:
        source = Source(receipt.address, receipt.folder, receipt.size_bytes, receipt.stamp)
        name = name_in_folder(receipt.folder, receipt.stem)
        if self._one("SELECT 1 FROM photos WHERE key = ? OR name_in_folder = ?", source.key, name) is None:
            self._insert(source, receipt.stem, tries=1)
            self._own(source.key, receipt.planned)
            self._record(receipt)

    def belong_to(self, out: str) -> None:
        """Note the output folder that the ledger is about.

        Raises:
            InputError: if it is about another one.
        """
        with self.transaction():
            found = self._one("SELECT out FROM belonging")
            if found is None:
                self._db.execute("INSERT INTO belonging VALUES (?)", (storable(out),))
            elif restored(found["out"]) != out:
                other = restored(found["out"])
                raise InputError(f"expected a ledger of {out}, got {self.path}, which is the ledger of {other}")

    def close(self) -> None:
        """Close the file; its write-ahead log disappears."""
        with self._lock, suppress(sqlite3.Error, AttributeError):  # there is no connection if it could not be opened
            self._db.close()
        for lock in self._locks:
            lock.release()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do several things or none of them."""
        with self._lock, self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn the errors of SQLite and of the system into one line."""
        try:
            yield
        except Timeout as error:
            raise OutputError(f"{self.path} is in use: another batch writes to the same folder") from error
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise OutputError(f"cannot use {self.path}: {error}") from error
            hint = "--rebuild-ledger makes it again"
            raise InputError(f"expected the ledger of a batch, got {self.path}: {error} ({hint})") from error
        except OSError as error:
            raise OutputError(f"cannot write to {self.path}: {error.strerror or error}") from error

    # --- photos ---

    def row(self, key: str) -> Row | None:
        """Return the row of a photo; None if it is new."""
        found = self._one("SELECT * FROM photos WHERE key = ?", key)
        return None if found is None else row_of(found)

    def rows(self, status: Status | None = None) -> Iterator[Row]:
        """Yield the rows of all photos, or of those with a status, sorted by their places below the output folder."""
        after = ""
        query = "SELECT * FROM photos WHERE name_in_folder > ? AND (? OR status = ?) ORDER BY name_in_folder LIMIT 500"
        while found := self._all(query, after, status is None, status or ""):
            yield from map(row_of, found)
            after = found[-1]["name_in_folder"]

    def counts(self) -> dict[str, int]:
        """Return status -> number of photos."""
        return {row[0]: row[1] for row in self._all("SELECT status, COUNT(*) FROM photos GROUP BY status")}

    def totals(self) -> tuple[int, int, float]:
        """Return the number of outputs, their bytes, and the seconds that all photos took together."""
        files = self._one("SELECT COUNT(*), TOTAL(size_bytes) FROM outputs WHERE is_current")
        seconds = self._one("SELECT TOTAL(seconds) FROM photos WHERE status = 'done'")
        assert files is not None
        assert seconds is not None
        return int(files[0]), int(files[1]), float(seconds[0])

    def add(self, source: Source) -> Row:
        """Add a new photo with a name for its outputs that no other photo has; return its row.

        The first photo of a name keeps it. Another one gets the beginning of its key as a suffix.
        """
        with self.transaction():
            self._insert(source, self.free_stem(source), tries=0)
        row = self.row(source.key)
        assert row is not None, "it was inserted"
        return row

    def _insert(self, source: Source, stem: str, *, tries: int) -> None:
        name = name_in_folder(source.folder, stem)
        texts = map(storable, (source.key, source.address, source.folder, stem))
        self._db.execute(
            "INSERT INTO photos (key, address, folder, stem, name_in_folder, size_bytes, stamp, tries, status) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting')",
            (*texts, name, source.size_bytes, source.stamp, tries),
        )

    def free_stem(self, source: Source) -> str:
        """Return the name that the outputs of a new photo get."""
        suffixes = ("", *(f"_{source.key[:digits]}" for digits in range(SUFFIX_DIGITS, len(source.key) + 1)))
        names = (f"{source.stem}{suffix}" for suffix in suffixes)
        return next(name for name in names if self._owner(source.folder, name) is None)

    def _owner(self, folder: str, stem: str) -> Row | None:
        found = self._one("SELECT * FROM photos WHERE name_in_folder = ?", name_in_folder(folder, stem))
        return None if found is None else row_of(found)

    def start(self, source: Source, options_hash: str, options: Mapping[str, str], planned: Iterable[str] = ()) -> None:
        """Note that a photo is being made from now on, and which files belong to it, whatever becomes of it."""
        with self.transaction():
            self._db.execute(
                "UPDATE photos SET status = 'started', tries = tries + 1, size_bytes = ?, stamp = ?, "
                "options_hash = ?, options = ? WHERE key = ?",
                (source.size_bytes, source.stamp, options_hash, json.dumps(dict(options)), source.key),
            )
            self._own(source.key, planned)

    def _own(self, key: str, paths: Iterable[str]) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO outputs VALUES (?, ?, 0, '', '', '', 0, '')",
            [(storable(path), key) for path in paths],
        )

    def refuse(self, key: str, error: str) -> None:
        """Note that a new photo failed before anything was made of it."""
        with self.transaction():
            self._db.execute("UPDATE photos SET status = 'failed', error = ? WHERE key = ? AND tries = 0", (error, key))

    def touch(self, source: Source) -> None:
        """Note that a photo's file has another time, but the same content; a ledger that is only read forgets it."""
        if self._is_read_only:
            return
        with self.transaction():
            self._db.execute(
                "UPDATE photos SET size_bytes = ?, stamp = ? WHERE key = ?",
                (source.size_bytes, source.stamp, source.key),
            )

    def record(self, result: PhotoResult) -> None:
        """Note the result of a photo and its outputs."""
        with self.transaction():
            self._record(result)

    def _record(self, result: PhotoResult) -> None:
        key = Source(result.address).key
        values = {
            "status": result.status,
            "error": result.error,
            "warnings": "\n".join(result.warnings),
            "sha256": result.sha256,
            "options_hash": result.options_hash,
            "options": json.dumps(dict(result.options)),
            "kbvr_version": result.kbvr_version,
            "networks": " ".join(result.networks),
            "seconds": result.seconds,
            "peak_bytes": result.peak_bytes,
            "worker": result.worker,
            "ended_at": result.ended_at,
            "facts": json.dumps(dict(result.facts)),
            "size_bytes": result.size_bytes,
            "stamp": result.stamp,
        }
        assigned = ", ".join(f"{name} = ?" for name in values)
        self._db.execute(f"UPDATE photos SET {assigned} WHERE key = ?", (*values.values(), key))  # noqa: S608  our names
        self._db.execute("UPDATE outputs SET is_current = 0 WHERE key = ?", (key,))
        self._db.executemany(
            "INSERT OR REPLACE INTO outputs VALUES (?, ?, 1, ?, ?, ?, ?, ?)",
            [
                (storable(one.path), key, one.output, one.format, one.packing, one.size_bytes, one.sha256)
                for one in result.outputs
            ],
        )

    def of_size(self, folder: str, size_bytes: int) -> list[Row]:
        """Return the rows of the photos that are done, with a place and a size of the file."""
        query = "SELECT * FROM photos WHERE folder = ? AND size_bytes = ? AND status = 'done'"
        return [row_of(found) for found in self._all(query, storable(folder), size_bytes)]

    def namesake(self, source: Source) -> Row | None:
        """Return the row of the photo that has the name which a new one would get without a suffix."""
        return self._owner(source.folder, source.stem)

    def move(self, row: Row, source: Source) -> None:
        """Note that a photo's file has moved: its row and its outputs belong to another address from now on."""
        with self.transaction():
            self._db.execute(
                "UPDATE photos SET key = ?, address = ?, size_bytes = ?, stamp = ? WHERE key = ?",
                (source.key, storable(source.address), source.size_bytes, source.stamp, row.key),
            )
            self._db.execute("UPDATE outputs SET key = ? WHERE key = ?", (source.key, row.key))

    def forget(self, row: Row) -> None:
        """Forget a photo, whose name another one may take; files that it may have left belong to nobody from now on."""
        with self.transaction():
            self._db.execute("DELETE FROM photos WHERE key = ?", (row.key,))

    # --- outputs ---

    def outputs(self, key: str) -> tuple[OutputFile, ...]:
        """Return the outputs that a photo has; files of earlier options are its own too, but not among them."""
        found = self._all("SELECT * FROM outputs WHERE key = ? AND is_current ORDER BY path", key)
        names = ("path", "output", "format", "packing", "size_bytes", "sha256")
        return tuple(OutputFile(**{name: restored(row[name]) for name in names}) for row in found)

    def owns(self, path: str) -> bool:
        """Return whether a path below the output folder belongs to a photo, whatever its options were."""
        return self._one("SELECT 1 FROM outputs WHERE path = ?", storable(path)) is not None

    def is_output(self, path: str, endings: Iterable[str] = ()) -> bool:
        """Return whether a path below the output folder is an output of a photo, or may become one.

        `endings` are those of the names of outputs, without suffixes: a file that is named as an output of a photo will
        be is one, even if the photo is not done yet, or a run was killed before it was noted.
        """
        folder, _, name = path.rpartition("/")
        base = name.rpartition(".")[0]
        stems = {base.removesuffix(ending) for ending in endings if base.endswith(ending)}
        query = "SELECT 1 FROM photos WHERE name_in_folder = ?"
        return self.owns(path) or any(self._one(query, name_in_folder(folder, stem)) is not None for stem in stems)

    def _one(self, query: str, *values: object) -> sqlite3.Row | None:
        with self._lock, self._errors():
            found: sqlite3.Row | None = self._db.execute(query, values).fetchone()
            return found

    def _all(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self._lock, self._errors():
            return self._db.execute(query, values).fetchall()


def lock_beside(path: Path) -> Path:
    """Return the file that the writer of a ledger locks if it is not in the output folder."""
    return path.with_name(f"{path.name}.lock")


def _put_aside(path: Path) -> None:
    """Rename a ledger that is made again: it may be something else after all."""
    if path.exists():
        number = next(n for n in itertools.count(1) if not path.with_name(f"{path.name}.old{n}").exists())
        path.rename(path.with_name(f"{path.name}.old{number}"))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
