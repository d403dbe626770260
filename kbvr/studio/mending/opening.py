"""Begin to mend the depth of an open project."""

from __future__ import annotations

from kbvr.studio.mending.mending import Mending
from kbvr.studio.open_project import OpenProject


def mending_of(opened: OpenProject) -> Mending:
    """Return the editor of a project; there is one for all pages.

    Raises:
        OutputError: if the project's folder cannot be written.
    """
    with opened.lock:
        if not isinstance(opened.editor, Mending):
            opened.editor = Mending(opened)
        mending = opened.editor
    mending.follow_project()
    return mending


def recover(opened: OpenProject) -> None:
    """Do again what a killed server had not saved yet. The errors are those of `mending_of`."""
    if (opened.folder / "mending" / "history").exists():
        mending_of(opened)
