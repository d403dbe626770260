"""Files are written under a temporary name and renamed when they are complete."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from kbvr.errors import AlreadyExistsError, KbvrError, OutputError

DEVICE_ERRORS = {
    getattr(errno, name)
    for name in (
        *("ENOSPC", "EDQUOT", "EFBIG"),  # full
        *("EIO", "EROFS", "ENODEV", "ENXIO"),  # broken or removed
        *("ESTALE", "ENOTCONN", "EHOSTDOWN", "EHOSTUNREACH", "ETIMEDOUT"),  # network file systems
    )
    if hasattr(errno, name)
}
"""Error numbers of a disk that cannot be written any more."""

REMOVED = "was its folder removed, renamed or unmounted?"

CAN_OPEN_FOLDERS = os.unlink in os.supports_dir_fd
"""Not on Windows, which does not rename a folder with an open file anyway."""

OPEN_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", os.O_RDONLY)

UNFINISHED = re.compile(r"\.kbvr-[0-9a-f]{8}\.part(\.[^.]*)?")
"""Temporary names; they end in the target's suffix, because encoders depend on it."""

ABANDONED_S = 24 * 60 * 60
"""Age since the last write at which a temporary file is assumed to be left by a killed process."""

_unfinished: dict[Path, list[Path]] = {}
"""Temporary files of this process -> the folders created for them, the outermost first."""


@contextmanager
def atomic_write(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary file in the target's folder, with its suffix; a normal exit renames it to the target.

    Missing folders are created. If anything is raised inside, even KeyboardInterrupt, the temporary file and those
    folders are removed. An existing target stays unchanged until the atomic rename. Temporary files that killed
    processes left in the folder are removed.

    Raises:
        OutputError: on entry, if the target exists and may not be overwritten, or its folder cannot be created or
            written; if the disk is full, or the disk or folder is removed; on exit, if the target has been created
            meanwhile and may not be overwritten.
    """
    target = _absolute(target)
    temporary = _temporary_path(target.parent, target.suffix)
    _refuse_existing(target, overwrite=overwrite)
    missing = _missing_folders(target.parent)
    try:
        with _output_errors(target.parent):
            _unfinished[temporary] = missing
            for folder in missing:
                folder.mkdir(exist_ok=True)
        remove_abandoned(target.parent)
        with _removed_at_exit(temporary):
            with _output_errors(target.parent):
                temporary.open("xb").close()
                disk = target.parent.stat().st_dev
            with _write_errors(target, temporary):
                yield temporary
                _refuse_existing(target, overwrite=overwrite)
                with _output_errors(target):
                    if target.parent.stat().st_dev != disk:
                        error = OSError(errno.ENODEV, os.strerror(errno.ENODEV))
                        raise OutputError(f"cannot write to {target}: its disk has disappeared ({REMOVED})") from error
                    temporary.replace(target)
    except BaseException:
        _undo(temporary, missing)
        raise
    finally:
        _unfinished.pop(temporary, None)


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Yield a new private folder, which is removed at exit. If it cannot be created, OSError is raised."""
    folder = _temporary_path(parent)
    _unfinished[folder] = []
    try:
        folder.mkdir(mode=0o700)
        remove_abandoned(parent)
        yield folder
    finally:
        _remove(folder)
        _unfinished.pop(folder, None)


def remove_unfinished() -> None:
    """Remove the temporary files of this process, before it ends abruptly."""
    for path, folders in tuple(reversed(_unfinished.items())):
        _undo(path, folders)


def remove_abandoned(folder: Path, names: re.Pattern[str] = UNFINISHED, *, age_s: float = ABANDONED_S) -> None:
    """Remove temporary files that killed processes left in a folder, by default more than a day ago."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if names.fullmatch(entry.name) and time.time() - entry.stat(follow_symlinks=False).st_mtime >= age_s:
                _remove(Path(entry.path))


def _undo(path: Path, folders: list[Path]) -> None:
    """Remove a temporary file, and the folders created for it unless they contain other files."""
    _remove(path)
    with suppress(OSError):
        for folder in reversed(folders):
            folder.rmdir()


def _remove(path: Path) -> None:
    """Remove a file or folder if it exists, but never a link."""
    with suppress(OSError):
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            shutil.rmtree(path)
        elif stat.S_ISREG(mode):
            path.unlink()


def _temporary_path(folder: Path, suffix: str = "") -> Path:
    return folder / f".kbvr-{secrets.token_hex(4)}.part{suffix}"


@contextmanager
def all_or_none(written: Iterable[Path], *, overwrite: bool) -> Iterator[None]:
    """Remove the files that `written` lists at exit if anything is raised.

    With `overwrite`, nothing is removed: the files may have replaced others, which cannot be restored.
    """
    try:
        yield
    except BaseException:
        for path in () if overwrite else written:
            with suppress(OSError):  # its folder may be gone
                path.unlink()
        raise


@contextmanager
def atomic_write_together(targets: Sequence[Path], *, overwrite: bool) -> Iterator[list[Path]]:
    """Do the same as `atomic_write` for several files: all are renamed or none, the first one last."""
    renamed: list[Path] = []

    @contextmanager
    def recorded(target: Path) -> Iterator[Path]:
        with atomic_write(target, overwrite=overwrite) as temporary:
            yield temporary
        renamed.append(target)

    with all_or_none(renamed, overwrite=overwrite), ExitStack() as stack:
        yield [stack.enter_context(recorded(target)) for target in targets]


def check_still_exist(written: Iterable[Path]) -> None:
    """Raise OutputError if a file written earlier is missing: a later file recreates a folder that was removed."""
    for path in written:
        if not os.path.lexists(path):
            raise OutputError(f"{path} was written, but has disappeared since ({REMOVED})")


def check_writable(target: Path, *, overwrite: bool) -> None:
    """Check in advance that a file can be written, without leaving anything behind.

    Raises:
        OutputError: if the target is a folder or exists and may not be overwritten, or its folder cannot be created or
            written.
    """
    target = _absolute(target)
    _refuse_existing(target, overwrite=overwrite)
    _refuse_unwritable(target)


def _absolute(target: Path) -> Path:
    try:
        return target.absolute()
    except FileNotFoundError as error:
        raise OutputError(f"cannot write to {target}: the working folder has been removed") from error


def _refuse_existing(target: Path, *, overwrite: bool) -> None:
    with _output_errors(target):
        if target.is_dir():
            raise OutputError(f"cannot write to {target}: it is a folder")
        try:
            target.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return
    if not overwrite:
        raise AlreadyExistsError(str(target))


def _refuse_unwritable(target: Path) -> None:
    """Create and remove a file in the innermost existing folder: permissions alone are not reliable (as in /proc).

    Missing folders are not created, because removing them could disturb another process that writes to them.
    """
    outermost = next(iter(_missing_folders(target.parent)), target)
    probe = _temporary_path(outermost.parent)
    with _output_errors(target.parent):
        try:
            probe.open("xb").close()
        finally:
            with suppress(OSError):
                probe.unlink()


def _missing_folders(folder: Path) -> list[Path]:
    """Return the folder and its parents that do not exist, the outermost first."""
    missing: list[Path] = []
    while not os.path.lexists(folder):
        missing.insert(0, folder)
        folder = folder.parent
    return missing


@contextmanager
def _removed_at_exit(temporary: Path) -> Iterator[None]:
    """Remove a temporary file at exit unless it has been renamed, even if its folder has been renamed."""
    folder = None
    with suppress(OSError):
        folder = os.open(temporary.parent, OPEN_FOLDER) if CAN_OPEN_FOLDERS else None
    try:
        yield
    finally:
        with suppress(OSError):
            temporary.unlink()
        if folder is not None:
            with suppress(OSError):
                os.unlink(temporary.name, dir_fd=folder)
            os.close(folder)


@contextmanager
def _write_errors(target: Path, temporary: Path) -> Iterator[None]:
    """Turn errors of a full or removed disk or folder into an OutputError; other errors pass."""
    try:
        yield
    except (OSError, KbvrError) as error:
        if isinstance(error, OSError) and error.errno in DEVICE_ERRORS:
            raise OutputError(f"cannot write to {target}: {error.strerror}") from error
        if not os.path.lexists(temporary):
            cause = error if isinstance(error, OSError) else FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            raise OutputError(f"cannot write to {target}: the unfinished file has disappeared ({REMOVED})") from cause
        raise


@contextmanager
def _output_errors(path: Path) -> Iterator[None]:
    """Turn OSError into a one-line OutputError."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write to {path}: {error.strerror or error}") from error
