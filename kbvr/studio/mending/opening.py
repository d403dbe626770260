"""Begin to mend the depth of an open project."""

from __future__ import annotations

from pathlib import Path

from kbvr.depth.depth_map import DepthMap
from kbvr.errors import DamagedFileError
from kbvr.studio.mending.mending import Mending
from kbvr.studio.open_project import OpenProject
from kbvr.studio.stored_depth import read_stored_depth


def mending_of(opened: OpenProject, cache: Path) -> Mending:
    """Return the editor of a project; there is one for all pages.

    Raises:
        OutputError: if the project's folder cannot be written.
    """
    with opened.lock:
        if not isinstance(opened.editor, Mending):
            opened.editor = Mending(opened, _automatic(opened, cache))
        return opened.editor


def recover(opened: OpenProject, cache: Path) -> None:
    """Do again what a killed server had not saved yet. The errors are those of `mending_of`."""
    if (opened.folder / "mending" / "history").exists():
        mending_of(opened, cache)


def _automatic(opened: OpenProject, cache: Path) -> DepthMap:
    """Return the depth before it was mended; if that is lost, the depth as it is now."""
    if not opened.is_mended:
        return opened.depth
    try:
        return read_stored_depth(opened.folder / "automatic_depth.png", opened.photo, cache)
    except DamagedFileError:
        return opened.depth
