"""The commit and the machine of a measurement, without host names and paths."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("numpy", "opencv-python-headless", "onnxruntime", "onnxruntime-gpu", "av")


@dataclass(frozen=True)
class Machine:
    """Everything about this run that can affect a figure."""

    commit: str
    """Short hash; ends in "+" if tracked files have changed since, "none" outside a repository."""

    cpu: str
    cores: int
    """Number of logical cores that this process may use."""

    memory_gib: float | None
    load: float | None
    """Load average of the minute before the run; well above 0, times are unreliable."""

    system: str
    python: str
    packages: dict[str, str]

    def as_json(self) -> dict[str, object]:
        """Return plain values for json.dumps."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return two lines to print above a table."""
        memory = "" if self.memory_gib is None else f", {self.memory_gib:.0f} GiB"
        load = "" if self.load is None else f", load {self.load:.1f} at the start"
        versions = ", ".join(f"{name} {version}" for name, version in self.packages.items())
        return [
            f"commit {self.commit}; {self.cpu}, {self.cores} cores{memory}{load}",
            f"{self.system}, Python {self.python}, {versions}",
        ]


def this_machine() -> Machine:
    """Return this machine and commit; unknown values are None or "unknown"."""
    return Machine(
        commit=_commit(),
        cpu=_cpu_model(),
        cores=_usable_cores(),
        memory_gib=_memory_gib(),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        packages=_versions(),
    )


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _output_of(*command: str) -> str:
    """Return the stripped output of a command; empty if it is missing or fails."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _commit() -> str:
    commit = _output_of("git", "rev-parse", "--short", "HEAD")
    changed = _output_of("git", "status", "--porcelain", "--untracked-files=no")
    return f"{commit}{'+' if changed else ''}" if commit else "none"


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return _output_of("sysctl", "-n", "machdep.cpu.brand_string") or platform.processor() or "unknown"


def _memory_gib() -> float | None:
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (AttributeError, ValueError, OSError):
        return None


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
