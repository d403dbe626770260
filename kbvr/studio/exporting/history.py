"""Exports on disk: exports.json in the folder of a project's exports, or of a batch.

It names files below its own folder, and nothing that lies elsewhere is ever served because of it.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from kbvr.studio.exporting.export import Export, MadeFile, PhotoProgress
from kbvr.studio.exporting.folders import free_folder
from kbvr.system.atomic_file import atomic_write

logger = logging.getLogger(__name__)

NAME = "exports.json"
FORMAT, VERSION = "kbvr-exports", 1
MAX_BYTES = 2**24


def read_history(folder: Path, projects: tuple[str, ...] = ()) -> list[Export]:
    """Return the exports of a folder, the oldest first, without files that are gone.

    One that has not ended was interrupted, or another studio makes it.

    A damaged list is kept under another name, and what it cannot say is left out.

    Args:
        folder: the folder of a project's exports, or of a batch.
        projects: the ids that the exports' projects have now.
    """
    path = folder / NAME
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError("too large")
        content = json.loads(path.read_text("utf-8"))
        if content.get("format") != FORMAT or content.get("version") != VERSION:
            raise ValueError(f"expected version {VERSION} of {FORMAT}, got {content.get('version')!r}")
        return [_restored(folder, entry, projects) for entry in content["exports"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        logger.warning("%s: the list of finished exports cannot be read (%s); the files are kept", path, error)
        with suppress(OSError):
            path.rename(free_folder(folder, "exports.damaged.json"))
        return []


def write_history(folder: Path, exports: Iterable[Export]) -> None:
    """Write the list of a folder's exports, without those that were cancelled.

    Raises:
        OutputError: if it cannot be written.
    """
    entries = [_entry(folder, export) for export in exports if export.state != "cancelled"]
    text = json.dumps({"format": FORMAT, "version": VERSION, "exports": entries}, indent=1) + "\n"
    with atomic_write(folder / NAME, overwrite=True) as temporary:
        temporary.write_text(text, "utf-8")


def changed_at(folder: Path) -> str:
    """Return when the list of a folder was written, as ISO 8601 in UTC; empty if there is none."""
    try:
        return datetime.fromtimestamp((folder / NAME).stat().st_mtime, UTC).isoformat(timespec="seconds")
    except OSError:
        return ""


def file_of(export: Export, n: int) -> Path | None:
    """Return the path of an export's file; None if there is no such file, or it lies elsewhere by a link."""
    if not 0 <= n < len(export.files):
        return None
    path = export.folder / export.files[n].path
    is_inside = Path(os.path.realpath(path)).is_relative_to(os.path.realpath(export.folder))
    return path if is_inside and path.is_file() else None


def _entry(folder: Path, export: Export) -> dict[str, Any]:
    return {
        "id": export.id,
        "title": export.title,
        "projects": list(export.projects),
        "folder": export.folder.relative_to(folder).as_posix(),
        "options": dict(export.options),
        "chosen": dict(export.chosen),
        "state": export.state,
        "problem": export.problem,
        "notes": list(export.notes),
        "files": [vars(file) for file in export.files],
        "photos": [vars(photo) for photo in export.photos],
        "ended_at": export.ended_at,
    }


def _restored(folder: Path, entry: Mapping[str, Any], projects: tuple[str, ...]) -> Export:
    texts = {name: _text(entry[name]) for name in ("id", "title", "problem", "ended_at")}
    own = folder / _inside(entry["folder"])
    files = [MadeFile(_inside(file["path"]), _text(file["kind"]), int(file["size_bytes"])) for file in entry["files"]]
    photos = tuple(PhotoProgress(**{name: _text(text) for name, text in one.items()}) for one in entry["photos"])
    state = _text(entry["state"])
    if state not in ("waiting", "running", "done", "failed"):
        raise ValueError(f"expected done, failed, waiting or running, got {state!r}")
    options = _texts(entry["options"])
    return Export(
        folder=own,
        projects=projects or tuple(map(_text, entry["projects"])),
        options=options,
        chosen=_texts(entry["chosen"]) if "chosen" in entry else options,
        state=state,
        notes=tuple(map(_text, entry["notes"])),
        files=tuple(file for file in files if (own / file.path).is_file()),
        photos=photos,
        **texts,
    )


def _texts(values: Any) -> dict[str, str]:
    return {_text(name): _text(text) for name, text in values.items()}


def _text(value: Any) -> Any:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(f"expected text, got {value!r}")
    return value


def _inside(value: Any) -> str:
    """Return a path that does not lead out of its folder, with /."""
    path = PurePosixPath(_text(value))
    if path.is_absolute() or ".." in path.parts or "\\" in str(path):
        raise ValueError(f"expected a path inside the folder, got {value!r}")
    return path.as_posix()
