"""Import onnxruntime without telemetry, and without its warnings about virtual graphics cards."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from kbvr.system.stderr import stderr_without

GRAPHICS_CARDS = Path("/sys/class/drm")


@cache
def onnxruntime() -> Any:
    """Return the module.

    Importing kbvr has disabled its telemetry (`ORT_DISABLE_TELEMETRY`). If the program imported onnxruntime before
    kbvr, onnxruntime's own switch ends most events, but neither its threads nor its files. Another value of the
    variable, set by the user, is respected (onnxruntime's Privacy.md).

    While it is loaded, before its log level can be set, its C++ warns on stderr of each graphics card without a PCI
    vendor: the virtual ones of WSL, cloud machines and docks (github.com/microsoft/onnxruntime/issues/26763). These
    warnings are filtered out.
    """
    filters = "onnxruntime" not in sys.modules and has_card_without_vendor(GRAPHICS_CARDS)
    with stderr_without("[W:onnxruntime:") if filters else nullcontext():
        loaded = import_module("onnxruntime")
    if os.environ.get("ORT_DISABLE_TELEMETRY") == "1":
        loaded.disable_telemetry_events()
    return loaded


def has_card_without_vendor(cards: Path) -> bool:
    """Return whether Linux lists a graphics card whose vendor onnxruntime cannot read."""
    return any(card.name[4:].isdecimal() and not (card / "device" / "vendor").exists() for card in cards.glob("card*"))
