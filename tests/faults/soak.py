"""Many exports in one process: `make soak ROUNDS=20`. What it holds must not grow."""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from faults.kinds import KINDS, call_for, given_files

WARM_ROUNDS = 2
"""After so many rounds all has been loaded that is ever loaded."""

MOST_MIB_A_ROUND = 1.0
"""By how much memory may grow on average in the second half of the rounds: allocators return less than they get, and
their pools take some rounds to find their size."""


@dataclass(frozen=True)
class Held:
    """What a process holds."""

    mib: float
    descriptors: int
    threads: int
    children: int
    files: int
    """In the folder for temporary files, and unfinished ones among the outputs."""


def held(folders: Sequence[Path]) -> Held:
    """Look at this process, and at folders in which there should be nothing unfinished."""
    gc.collect()
    with suppress(OSError, AttributeError):  # another libc than that of GNU
        ctypes.CDLL(None).malloc_trim(0)
    status = Path("/proc/self/status").read_text()
    kib = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
    me = str(os.getpid())
    parents = [stat for stat in Path("/proc").glob("[0-9]*/stat") if _parent(stat) == me]
    files = sum(1 for folder in folders for path in folder.rglob(".*") if path.is_file())
    temporary = list(Path(tempfile.gettempdir()).iterdir())
    descriptors = len(list(Path("/proc/self/fd").iterdir())) - 1
    return Held(kib / 1024, descriptors, threading.active_count(), len(parents), files + len(temporary))


def _parent(stat: Path) -> str:
    try:
        return stat.read_text().rpartition(")")[2].split()[1]
    except OSError:
        return ""


def rounds(kinds: Sequence[str], count: int, folder: Path) -> Iterator[Held]:
    """Export every kind, and after each round yield what is held."""
    from kbvr.cli.main import main

    given_files(folder)
    for _ in range(count):
        for kind in kinds:
            assert main(call_for(kind, folder, folder / "out")) == 0, kind
        yield held([folder / "out"])


def growth(seen: Sequence[Held]) -> list[str]:
    """Return what has grown since all was warm."""
    warm, last = seen[min(WARM_ROUNDS, len(seen) - 1) - 1], seen[-1]
    grown = [
        f"{name}: {getattr(warm, name)} -> {getattr(last, name)}"
        for name in ("descriptors", "threads", "children", "files")
        if getattr(last, name) > getattr(warm, name)
    ]
    half = max(WARM_ROUNDS, len(seen) // 2)
    a_round = (last.mib - seen[half - 1].mib) / max(1, len(seen) - half)
    return [*grown, *([f"memory: {a_round:.1f} MiB a round"] if a_round > MOST_MIB_A_ROUND else [])]


@contextmanager
def own_temporary_folder() -> Iterator[Path]:
    """Let temporary files go where nobody else's are; yield a folder beside it."""
    before = tempfile.tempdir, os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="kbvr-soak-") as name:
        tempfile.tempdir = os.environ["TMPDIR"] = str(Path(name) / "tmp")
        Path(tempfile.tempdir).mkdir()
        (Path(name) / "work").mkdir()
        try:
            yield Path(name) / "work"
        finally:
            tempfile.tempdir = before[0]
            if before[1] is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = before[1]


def main() -> int:
    """Run a soak and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    print("| round | exports | memory (MiB) | open files | threads | children | temporary files |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    start, seen = time.monotonic(), []
    with own_temporary_folder() as folder:
        for number, now in enumerate(rounds(tuple(KINDS), arguments.rounds, folder), start=1):
            seen.append(now)
            numbers = f"{now.mib:.0f} | {now.descriptors} | {now.threads} | {now.children} | {now.files}"
            print(f"| {number} | {number * len(KINDS)} | {numbers} |", flush=True)
    grown = growth(seen)
    print(f"\n{arguments.rounds * len(KINDS)} exports in {(time.monotonic() - start) / 60:.1f} minutes; ", end="")
    print("nothing grows." if not grown else f"grown: {'; '.join(grown)}")
    return int(bool(grown))


if __name__ == "__main__":
    sys.exit(main())
