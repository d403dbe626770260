"""Load onnxruntime, once: without its telemetry, and without what it says of graphics cards that are none."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

GRAPHICS_CARDS = Path("/sys/class/drm")


@cache
def onnxruntime() -> Any:
    """Return the module.

    Importing kbvr has kept its telemetry from starting (`ORT_DISABLE_TELEMETRY`). Where the program that uses kbvr had
    imported onnxruntime before, its own switch ends what it can: most events, but neither its threads nor its files.
    Who has set the variable to another value is left alone (onnxruntime's Privacy.md).

    Its C++ looks at every graphics card while it is loaded, before a level of logging can be set, and warns on stderr
    of each that has no PCI vendor: the virtual ones of WSL, of cloud machines and of docks
    (github.com/microsoft/onnxruntime/issues/26763). Where there is one, that warning is kept from the terminal.
    """
    loaded = _loaded()
    if os.environ.get("ORT_DISABLE_TELEMETRY") == "1":
        loaded.disable_telemetry_events()
    return loaded


def _loaded() -> Any:
    if "onnxruntime" in sys.modules or not has_card_without_vendor(GRAPHICS_CARDS):
        return import_module("onnxruntime")
    with stderr_without("[W:onnxruntime:"):
        return import_module("onnxruntime")


def has_card_without_vendor(cards: Path) -> bool:
    """Tell whether Linux lists a graphics card of which onnxruntime cannot read the vendor."""
    return any(card.name[4:].isdecimal() and not (card / "device" / "vendor").exists() for card in cards.glob("card*"))


@contextmanager
def stderr_without(mark: str) -> Iterator[None]:
    """Hold back what is written to file descriptor 2 meanwhile; after that, pass on every line without the mark."""
    lines: list[bytes] = []
    try:
        with held_stderr() as lines:
            yield
    finally:
        for line in lines:
            if mark.encode() not in line:
                with suppress(OSError):  # there may be no stderr, or no room
                    os.write(2, line)


@contextmanager
def held_stderr() -> Iterator[list[bytes]]:
    """Keep what is written to file descriptor 2 from the terminal; yield a list that gets the lines at the end."""
    lines: list[bytes] = []
    try:
        kept = os.dup(2)
    except OSError:  # a program with windows may have none
        yield lines
        return
    _flush_stderr()
    with TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield lines
        finally:
            _flush_stderr()
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            lines += held.read().splitlines(keepends=True)


def _flush_stderr() -> None:
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.flush()
