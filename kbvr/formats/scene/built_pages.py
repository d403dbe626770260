"""The viewers that are built from viewers/ with kbvr."""

from __future__ import annotations

from pathlib import Path

import kbvr
from kbvr.errors import OutputError

PAGES = Path(kbvr.__file__).parent / "pages"
"""Their folder."""

VIEWER = "scene.html"
"""A page that shows a scene."""

SCRIPT = "kbvr-photo.js"
"""Defines the element `kbvr-photo`."""

DECODER = "kbvr-draco.js"
"""Decodes scenes that are compressed with Draco; the element loads it from beside its script when a scene needs it."""


def built_page(name: str) -> str:
    """Return a file of PAGES.

    Raises:
        OutputError: if it is missing.
    """
    try:
        return (PAGES / name).read_text("utf-8")
    except OSError as error:
        raise OutputError(f"the viewer is missing from this installation of kbvr: {error}") from error
