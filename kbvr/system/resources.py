"""Memory and processors that are available to this process, and detection of out-of-memory errors."""

from __future__ import annotations

import errno
import mmap
import os
import re
import sys
from pathlib import Path

MAX_THREADS = 256

CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Memory limits of Linux containers: control groups version 2 and 1."""

MIN_HALF_BYTES = 2**30
"""Decoding a large photo or running a network requires this much, however small the machine is."""

_ERRORS = (errno.ENOMEM, errno.EMFILE, errno.ENFILE)
_MESSAGES = re.compile(
    r"bad[ _]?alloc|can't start new thread|out of memory|insufficient memory|memory exhausted|not enough memory"
    r"|(?:can ?not|can't|could ?n[o']t|unable to|failed to) (?:re)?allocate|allocation (?:has |still )?failed"
    r"|failed to map segment|DefaultCPUAllocator|cannot create a new thread|pthread_create|thread constructor failed",
    re.IGNORECASE,
)
"""Messages of standard C++ (bad_alloc), Python, OpenCV, FFmpeg, Pillow, the dynamic linker and onnxruntime."""


def is_out_of_memory(error: BaseException | None) -> bool:
    """Return whether an exception, or one that caused it, means a lack of memory, threads or open files."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, MemoryError) or getattr(error, "errno", None) in _ERRORS:
            return True
        is_system = isinstance(error, ImportError | RuntimeError | OSError | SystemError)
        if (is_system or _is_of_library(error)) and says_out_of_memory(str(error)):
            return True
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return False


def says_out_of_memory(text: str) -> bool:
    """Return whether a library's message means a lack of memory."""
    return _MESSAGES.search(text) is not None


def _is_of_library(error: BaseException) -> bool:
    """Return whether a library defines an exception; messages of other types can quote any file name."""
    return type(error).__module__.partition(".")[0] in ("cv2", "onnxruntime", "av", "zlib", "PIL", "wgpu", "numpy")


def has_room(size_bytes: int, *, for_addresses: bool = False) -> bool:
    """Return whether this much memory can be allocated now; it is released at once, without being touched.

    `for_addresses` checks only the address space, which `ulimit -v` limits; on Windows it is never short.
    """
    try:
        if sys.platform == "win32":
            if not for_addresses:
                mmap.mmap(-1, size_bytes).close()
        else:
            access = mmap.PROT_READ if for_addresses else mmap.PROT_READ | mmap.PROT_WRITE
            mmap.mmap(-1, size_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=access).close()
    except (OSError, ValueError, OverflowError):
        return False
    return True


def machine_bytes() -> int | None:
    """Return the memory of this machine or container in bytes, None if it is unknown."""
    limits = []
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for file in CGROUP_LIMITS:
        try:
            text = file.read_text("ascii").strip()
        except OSError:
            continue
        limits += [int(text)] if text.isdecimal() else []  # version 2 writes "max" for no limit
    return min((limit for limit in limits if limit > 0), default=None)


def half_of_machine_bytes() -> int | None:
    """Return the default memory limit of another process: half of the machine's memory, at least MIN_HALF_BYTES.

    None if the machine's memory is unknown.
    """
    machine = machine_bytes()
    return None if machine is None else max(MIN_HALF_BYTES, machine // 2)


def processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def format_bytes(size_bytes: int) -> str:
    """Return a size in kB, MB or GB, as text."""
    if size_bytes >= 10**9:
        return f"{size_bytes / 1e9:.2g} GB" if size_bytes < 10**11 else f"{size_bytes / 1e9:,.0f} GB"
    return f"{size_bytes / 1e6:.0f} MB" if size_bytes >= 10**6 else f"{size_bytes / 1e3:.0f} kB"
