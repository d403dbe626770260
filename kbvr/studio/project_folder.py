"""The folder of a project, and its file project.json, as they are on disk.

A project is a folder `NAME.kbvr`:

    project.json          format, version, photo, options, revision
    photo/NAME.<suffix>   the photo, unless project.json refers to a file elsewhere; exports have its name
    automatic_depth.png   the estimated depth; depth.png: the depth once it has been mended
    mending/, exports/    undo history; finished outputs
    cache/                what can be made again
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kbvr.errors import InputError, OutputError
from kbvr.studio.option_texts import refuse_files, without_defaults
from kbvr.system.atomic_file import atomic_write, temporary_folder

SUFFIX = ".kbvr"
FORMAT, VERSION = "kbvr-project", 1
MAX_BYTES = 2**20
ID = re.compile("[0-9a-f]{16}")

WRITTEN_FOLDERS = ("cache", "mending", "exports")
"""Folders of a project in which a studio writes."""


class DamagedProjectError(InputError):
    """A project cannot be used; the message says why."""


@dataclass(frozen=True)
class ProjectFile:
    """The content of project.json."""

    photo_name: str
    """The name that people know the photo by."""

    photo_file: str
    """Its path: relative to the folder, or absolute."""

    photo_sha256: str = ""
    """Empty until it has been computed."""

    options: Mapping[str, str] = field(default_factory=dict)
    """Options that differ from their defaults, as texts by their Python names."""

    revision: int = 0
    """Number of changes of the options."""

    depth_options: Mapping[str, str] | None = None
    """Options that the stored estimate of the depth was made with; None if there is none."""

    id: str = ""
    """What a studio calls the project, hexadecimal; empty until it has been chosen."""

    others: Mapping[str, Any] = field(default_factory=dict)
    """Entries of later versions, which are kept."""

    def with_options(self, options: Mapping[str, str]) -> ProjectFile:
        """Return the file with other options and the next revision."""
        return replace(self, options=dict(options), revision=self.revision + 1)


def photo_path(folder: Path, content: ProjectFile) -> Path:
    """Return the path of a project's photo, which may not exist."""
    return Path(os.path.normpath(folder / content.photo_file))


def reference_to(photo: Path, folder: Path) -> str:
    """Return how a project's file refers to a photo: relatively if it lies in the folder or beside it, else absolutely.

    So a project and its photo can be moved together.
    """
    photo, folder = photo.absolute(), folder.absolute()
    if photo.is_relative_to(folder):
        return photo.relative_to(folder).as_posix()
    if photo.parent == folder.parent:
        return f"../{photo.name}"
    return str(photo)


def make_folder(folder: Path, content: ProjectFile, photo: Path | None = None) -> None:
    """Make the folder of a project as a whole, so that a server that is killed leaves none in part.

    Args:
        folder: a path where nothing exists.
        content: what project.json says.
        photo: a file that becomes the project's photo; None if that lies elsewhere.

    Raises:
        OutputError: if it cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(folder.parent) as temporary:
            unfinished = temporary / folder.name
            unfinished.mkdir()
            if photo is not None:
                (unfinished / content.photo_file).parent.mkdir()
                photo.replace(unfinished / content.photo_file)
            write_project_file(unfinished, content)
            unfinished.rename(folder)
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror or error}") from error


def refuse_links(folder: Path) -> None:
    """Refuse a project in which a link leads elsewhere: what a studio writes would not stay in the project's folder.

    Raises:
        DamagedProjectError: if a file or folder in it, or in one of WRITTEN_FOLDERS, is a link.
    """
    root = Path(os.path.realpath(folder))
    for place in (folder, *(folder / name for name in WRITTEN_FOLDERS)):
        try:
            found = sorted(place.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise DamagedProjectError(f"{place.name} cannot be read: {error.strerror or error}.") from None
        for path in found:
            if path.is_symlink() or Path(os.path.realpath(path)) != root / path.relative_to(folder):
                raise DamagedProjectError(
                    f"{path.relative_to(folder).as_posix()} in this project is a link to another place, where kbvr "
                    "does not write. Put the file or folder itself there instead of the link."
                )


def write_project_file(folder: Path, content: ProjectFile) -> None:
    """Write project.json.

    Raises:
        OutputError: if it cannot be written.
    """
    entries = {
        **content.others,
        "format": FORMAT,
        "version": VERSION,
        "id": content.id,
        "photo": {"name": content.photo_name, "file": content.photo_file, "sha256": content.photo_sha256},
        "options": dict(sorted(content.options.items())),
        "revision": content.revision,
        "depth_options": None if content.depth_options is None else dict(content.depth_options),
    }
    text = json.dumps(entries, indent=1, ensure_ascii=True) + "\n"
    with atomic_write(folder / "project.json", overwrite=True) as temporary, temporary.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def read_project_file(folder: Path) -> ProjectFile:
    """Read project.json.

    Raises:
        DamagedProjectError: if it is missing or cannot be used, or there are links in the folder; the message says why.
    """
    refuse_links(folder)
    path = folder / "project.json"
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DamagedProjectError("project.json is too large to be one.")
        entries = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise DamagedProjectError("project.json is missing.") from None
    except OSError as error:
        raise DamagedProjectError(f"project.json cannot be read: {error.strerror or error}.") from None
    except (ValueError, RecursionError):
        raise DamagedProjectError("project.json is damaged: it is no JSON.") from None
    return _content_of(entries)


def _content_of(entries: Any) -> ProjectFile:
    if not isinstance(entries, dict) or entries.get("format") != FORMAT:
        raise DamagedProjectError("project.json is no project of kbvr.")
    if entries.get("version") != VERSION:
        raise DamagedProjectError(
            f"This project has version {entries.get('version')!r}, and this kbvr reads version {VERSION}. "
            "A newer kbvr may be needed."
        )
    photo, options, revision = entries.get("photo"), entries.get("options", {}), entries.get("revision", 0)
    if not isinstance(photo, dict) or not all(isinstance(photo.get(name), str) for name in ("name", "file")):
        raise DamagedProjectError("project.json is damaged: it names no photo.")
    if not photo["file"] or "\0" in photo["file"]:
        raise DamagedProjectError("project.json is damaged: it names no photo.")
    if not _are_texts(options):
        raise DamagedProjectError("project.json is damaged: its options are no texts.")
    try:
        refuse_files(options)
        without_defaults(options)
    except InputError as error:
        raise DamagedProjectError(f"project.json is damaged: {error}.") from None
    if type(revision) is not int or revision < 0:
        raise DamagedProjectError("project.json is damaged: its revision is no whole number.")
    known = ("format", "version", "id", "photo", "options", "revision", "depth_options")
    others = {name: value for name, value in entries.items() if name not in known}
    sha256, depth_options, number = photo.get("sha256"), entries.get("depth_options"), entries.get("id")
    return ProjectFile(
        photo["name"],
        photo["file"],
        sha256 if isinstance(sha256, str) else "",
        options,
        revision,
        depth_options if _are_texts(depth_options) else None,
        number if isinstance(number, str) and ID.fullmatch(number) else "",
        others,
    )


def _are_texts(options: Any) -> bool:
    return isinstance(options, dict) and all(isinstance(text, str) for text in options.values())
