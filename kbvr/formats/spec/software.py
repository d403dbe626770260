"""The name of the program, as files state it."""

from __future__ import annotations

from importlib.metadata import version


def software() -> str:
    """Return the name and version of kbvr."""
    return f"kbvr {version('kbvr')}"
