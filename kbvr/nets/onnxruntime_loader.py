"""Load onnxruntime, once: without its telemetry, and without what it says of graphics cards that are none."""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from kbvr.system.stderr import stderr_without

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
