"""What this process may take of the machine, and how libraries say that there is no more."""

from __future__ import annotations

import errno
import mmap
import os
import re
import sys
from pathlib import Path

MAX_THREADS = 256

CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where containers on Linux read how much memory they may take: of control groups 2 and 1."""

LEAST_HALF_BYTES = 2**30
"""Less is not enough to decode a large photo or to run a network, however small the machine is."""

_ERRORS = (errno.ENOMEM, errno.EMFILE, errno.ENFILE)
"""What the system calls it: no memory, too many open files in this process or in all."""

_SAID_BY_LIBRARIES = re.compile(
    r"bad[ _]?alloc|can't start new thread|out of memory|insufficient memory|memory exhausted|not enough memory"
    r"|(?:can ?not|can't|could ?n[o']t|unable to|failed to) (?:re)?allocate|allocation (?:has |still )?failed"
    r"|failed to map segment|DefaultCPUAllocator|cannot create a new thread|pthread_create|thread constructor failed",
    re.IGNORECASE,
)
"""Standard C++ (bad_alloc), Python, OpenCV, FFmpeg, Pillow, the dynamic linker and onnxruntime."""


def is_out_of_memory(error: BaseException | None) -> bool:
    """Tell whether an exception says that there was no memory, thread or open file left, or comes of one that does."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, MemoryError) or getattr(error, "errno", None) in _ERRORS:
            return True
        own_words = isinstance(error, ImportError | RuntimeError | OSError | SystemError) or _is_of_library(error)
        if own_words and says_out_of_memory(str(error)):
            return True
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return False


def says_out_of_memory(text: str) -> bool:
    """Tell whether what a library wrote says that there was no memory."""
    return _SAID_BY_LIBRARIES.search(text) is not None


def _is_of_library(error: BaseException) -> bool:
    """Tell whether an exception is of a library's own type: our own hold names of files, which may say anything."""
    return type(error).__module__.partition(".")[0] in ("cv2", "onnxruntime", "av", "zlib", "PIL", "wgpu", "numpy")


def has_room(size_bytes: int, *, for_addresses: bool = False) -> bool:
    """Tell whether this process could get so much memory now; nothing is touched, and it is given back at once.

    `for_addresses` asks for no memory, only for addresses, which `ulimit -v` limits; Windows has enough of them.
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
    """Return how much memory this machine has, or the container that this runs in; None if it does not say."""
    limits = []
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for file in CGROUP_LIMITS:
        try:
            said = file.read_text("ascii").strip()
        except OSError:
            continue
        limits += [int(said)] if said.isdecimal() else []
    return min((limit for limit in limits if limit > 0), default=None)


def half_of_machine_bytes() -> int | None:
    """Return how much memory another process may take by default: half of the machine's, LEAST_HALF_BYTES at least.

    None if the machine does not say how much it has.
    """
    machine = machine_bytes()
    return None if machine is None else max(LEAST_HALF_BYTES, machine // 2)


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def shown_bytes(size_bytes: int) -> str:
    """Return a size as a person reads it."""
    return f"{size_bytes / 1e9:.2g} GB" if size_bytes >= 10**9 else f"{size_bytes / 1e6:.0f} MB"
