"""Files are written aside and renamed when they are whole, so that nobody ever meets half a file."""

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

GIVEN_OUT = {
    getattr(errno, name)
    for name in (
        *("ENOSPC", "EDQUOT", "EFBIG"),  # full
        *("EIO", "EROFS", "ENODEV", "ENXIO"),  # broken or pulled out
        *("ESTALE", "ENOTCONN", "EHOSTDOWN", "EHOSTUNREACH", "ETIMEDOUT"),  # over a network
    )
    if hasattr(errno, name)
}
"""What a system says if a place takes no more."""

GONE = "was its folder removed, renamed or unmounted?"

CAN_OPEN_FOLDERS = os.unlink in os.supports_dir_fd
"""Windows cannot, but lets nobody rename a folder of which a file is open."""

OPEN_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", os.O_RDONLY)

UNFINISHED = re.compile(r"\.kbvr-[0-9a-f]{8}\.part(\.[^.]*)?")
"""What a file is called while it is written; the target's suffix is kept, for encoders go by it."""

ABANDONED_S = 24 * 60 * 60
"""A file with such a name that nothing was written to for so long was left by a process that was killed."""

_unfinished: dict[Path, list[Path]] = {}
"""What this process is writing, and the folders that were made for it, the outermost first."""


@contextmanager
def written_aside(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary file beside the target, with its suffix; leaving without an exception renames it.

    Folders that are missing are made. Whatever is raised inside, KeyboardInterrupt included, removes the
    temporary file and those folders, and goes on. An existing target stays as it was until the rename, which
    is atomic. Temporary files that killed processes left in the same folder are removed.

    Raises:
        OutputError: before any work, if the target exists and may not be overwritten, or if its folder cannot
            be made or written; if the disk is full or has gone, or the folder has; at the end, if the target has
            appeared meanwhile and may not be overwritten.
    """
    target = _absolute(target)
    aside = _aside(target.parent, target.suffix)
    _refuse_existing(target, overwrite=overwrite)
    missing = _missing_folders(target.parent)
    try:
        with _output_errors(target.parent):
            _unfinished[aside] = missing
            for folder in missing:
                folder.mkdir(exist_ok=True)
        remove_abandoned(target.parent)
        with _nothing_left(aside):
            with _output_errors(target.parent):
                aside.open("xb").close()
                disk = target.parent.stat().st_dev
            with _losses_reported(target, aside):
                yield aside
                _refuse_existing(target, overwrite=overwrite)
                with _output_errors(target):
                    if target.parent.stat().st_dev != disk:
                        gone = OSError(errno.ENODEV, os.strerror(errno.ENODEV))
                        raise OutputError(f"cannot write to {target}: its disk is there no more ({GONE})") from gone
                    aside.replace(target)
    except BaseException:
        _take_back(aside, missing)
        raise
    finally:
        _unfinished.pop(aside, None)


@contextmanager
def folder_aside(parent: Path) -> Iterator[Path]:
    """Yield a new folder for files that are of no use after this context, which only this user may enter.

    Raises:
        OSError: if it cannot be made.
    """
    folder = _aside(parent)
    _unfinished[folder] = []
    try:
        folder.mkdir(mode=0o700)
        remove_abandoned(parent)
        yield folder
    finally:
        _remove(folder)
        _unfinished.pop(folder, None)


def remove_unfinished() -> None:
    """Remove what this process is writing; for a process that is about to end without going on."""
    for path, folders in tuple(reversed(_unfinished.items())):
        _take_back(path, folders)


def remove_abandoned(folder: Path, names: re.Pattern[str] = UNFINISHED) -> None:
    """Remove what was being written to a folder more than a day ago, when its process was killed."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if names.fullmatch(entry.name) and time.time() - entry.stat(follow_symlinks=False).st_mtime > ABANDONED_S:
                _remove(Path(entry.path))


def _take_back(path: Path, folders: list[Path]) -> None:
    """Remove what was written and the folders that were made for it; one that something else was put into stays."""
    _remove(path)
    with suppress(OSError):
        for folder in reversed(folders):
            folder.rmdir()


def _remove(path: Path) -> None:
    """Remove a file or a folder of ours, if it is there; a link is none."""
    with suppress(OSError):
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            shutil.rmtree(path)
        elif stat.S_ISREG(mode):
            path.unlink()


def _aside(folder: Path, suffix: str = "") -> Path:
    """Return a name for a file that is being written."""
    return folder / f".kbvr-{secrets.token_hex(4)}.part{suffix}"


@contextmanager
def all_or_none(written: Iterable[Path], *, overwrite: bool) -> Iterator[None]:
    """Remove the files that `written` names by then if anything is raised.

    With `overwrite` nothing is removed: the files may have taken the place of others, which are gone already.
    """
    try:
        yield
    except BaseException:
        for path in () if overwrite else written:
            with suppress(OSError):  # its folder may be gone
                path.unlink()
        raise


@contextmanager
def written_aside_together(targets: Sequence[Path], *, overwrite: bool) -> Iterator[list[Path]]:
    """Do as `written_aside` does for files that belong together: all get their names or none, the first one last."""
    named: list[Path] = []

    @contextmanager
    def noted(target: Path) -> Iterator[Path]:
        with written_aside(target, overwrite=overwrite) as aside:
            yield aside
        named.append(target)

    with all_or_none(named, overwrite=overwrite), ExitStack() as stack:
        yield [stack.enter_context(noted(target)) for target in targets]


def check_there(written: Iterable[Path]) -> None:
    """Check that files which were written earlier are still there.

    Raises:
        OutputError: if one is not: a later file makes a folder anew that was removed meanwhile.
    """
    for path in written:
        if not os.path.lexists(path):
            raise OutputError(f"{path} was written, but has disappeared since ({GONE})")


def refuse_taken(target: Path, *, overwrite: bool) -> None:
    """Check that a file of this name may and can be written, as early as the caller likes; leaves nothing behind.

    Raises:
        OutputError: if the target is a folder, cannot be a file, or exists and may not be overwritten, or if its
            folder cannot be made or written.
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
            raise OutputError(f"wanted to write a file, but {target} is a folder")
        try:
            target.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return
    if not overwrite:
        raise AlreadyExistsError(str(target))


def _refuse_unwritable(target: Path) -> None:
    """Make and remove a file in the innermost folder that exists: permissions alone say little (think of /proc).

    The missing folders are not made for that: another process may just be writing to them.
    """
    outermost = next(iter(_missing_folders(target.parent)), target)
    probe = _aside(outermost.parent)
    with _output_errors(target.parent):
        try:
            probe.open("xb").close()
        finally:
            with suppress(OSError):
                probe.unlink()


def _missing_folders(folder: Path) -> list[Path]:
    """Return the folders on the way that do not exist, the outermost first."""
    missing: list[Path] = []
    while not os.path.lexists(folder):
        missing.insert(0, folder)
        folder = folder.parent
    return missing


@contextmanager
def _nothing_left(aside: Path) -> Iterator[None]:
    """Remove a temporary file at the end unless it has another name by then, also where its folder has another."""
    folder = None
    with suppress(OSError):
        folder = os.open(aside.parent, OPEN_FOLDER) if CAN_OPEN_FOLDERS else None
    try:
        yield
    finally:
        with suppress(OSError):
            aside.unlink()
        if folder is not None:
            with suppress(OSError):
                os.unlink(aside.name, dir_fd=folder)
            os.close(folder)


@contextmanager
def _losses_reported(target: Path, aside: Path) -> Iterator[None]:
    """Report in one line that a place takes no more, or that it has gone; other errors stay as they are."""
    try:
        yield
    except (OSError, KbvrError) as error:
        if isinstance(error, OSError) and error.errno in GIVEN_OUT:
            raise OutputError(f"cannot write to {target}: {error.strerror}") from error
        if not os.path.lexists(aside):
            gone = error if isinstance(error, OSError) else FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            raise OutputError(f"cannot write to {target}: the unfinished file has disappeared ({GONE})") from gone
        raise


@contextmanager
def _output_errors(place: Path) -> Iterator[None]:
    """Turn what the system says about a place into one line."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write to {place}: {error.strerror or error}") from error
