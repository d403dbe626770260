"""The peak memory of this process."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from pathlib import Path

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"
"""Resets the peak to what is used now (proc(5), clear_refs)."""


def reset_peak() -> None:
    """Forget the peak so far, on Linux."""
    with suppress(OSError):
        CLEAR.write_text(RESET_PEAK, "ascii")


def peak_bytes() -> int | None:
    """Return the largest resident memory since `reset_peak`, or since the start of the process where it does nothing.

    None if the system does not tell, as on Windows.
    """
    with suppress(OSError):
        found = re.search(r"VmHWM:\s*(\d+) kB", STATUS.read_text("ascii"))
        if found:
            return int(found[1]) * 1024
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
