"""The tables of a ledger, and what one row says."""

from __future__ import annotations

import json
import os
import sqlite3
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["waiting", "started", "done", "failed"]

SCHEMA = """
CREATE TABLE photos (
    key TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    folder TEXT NOT NULL,
    stem TEXT NOT NULL,
    name_in_folder TEXT NOT NULL UNIQUE,
    size_bytes INTEGER NOT NULL,
    stamp TEXT NOT NULL,
    sha256 TEXT NOT NULL DEFAULT '',
    options_hash TEXT NOT NULL DEFAULT '',
    options TEXT NOT NULL DEFAULT '{}',
    kbvr_version TEXT NOT NULL DEFAULT '',
    networks TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    warnings TEXT NOT NULL DEFAULT '',
    seconds REAL,
    peak_bytes INTEGER,
    worker TEXT NOT NULL DEFAULT '',
    ended_at TEXT NOT NULL DEFAULT '',
    facts TEXT NOT NULL DEFAULT '{}'
) WITHOUT ROWID;
CREATE INDEX photos_by_status ON photos (status);
CREATE INDEX photos_by_size ON photos (folder, size_bytes);
CREATE TABLE outputs (
    path TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    is_current INTEGER NOT NULL,
    output TEXT NOT NULL,
    format TEXT NOT NULL,
    packing TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX outputs_by_photo ON outputs (key);
CREATE TABLE belonging (out TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Row:
    """What the ledger says about a photo."""

    key: str
    address: str
    folder: str
    stem: str
    size_bytes: int
    stamp: str
    sha256: str
    options_hash: str
    options: Mapping[str, str]
    kbvr_version: str
    networks: str
    status: Status
    tries: int
    """How often it was started with any options."""

    error: str
    warnings: str
    seconds: float | None
    peak_bytes: int | None
    worker: str
    ended_at: str
    facts: Mapping[str, Any]


def row_of(found: sqlite3.Row) -> Row:
    """Return a row of the table of photos."""
    values = {name: restored(found[name]) for name in found.keys() if name != "name_in_folder"}  # noqa: SIM118
    values |= {name: json.loads(values[name]) for name in ("options", "facts")}
    return Row(**values)


def name_in_folder(folder: str, stem: str) -> str | bytes:
    """Return what no two photos share, even if a file system takes capitals and forms of accents for the same."""
    return storable(unicodedata.normalize("NFC", f"{folder}/{stem}").casefold())


def storable(text: str) -> str | bytes:
    """Return what SQLite stores for a text: file names may contain bytes that are no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return os.fsencode(text)
    return text


def restored(value: Any) -> Any:
    """Return the text that `storable` was given; other values stay as they are."""
    return os.fsdecode(value) if isinstance(value, bytes) else value
