"""Build hook: compile the kernels of meshing and drawing with the C++ compiler of the ziglang package.

The result is one shared library per instruction set in kbvr/render/native/, loaded with ctypes, so a wheel
suits every Python version of its platform. The environment variable KBVR_TARGET (a key of TARGETS) builds for
another platform than this one.

Objects are compiled as C++ but linked as C: the kernel uses nothing of the C++ runtime library, which would
take the compiler most of a minute to build first.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

X86_LEVELS = {"v2": "x86_64_v2", "v3": "x86_64_v3", "v4": "x86_64_v4"}
BASELINE = {"baseline": "baseline"}

SOURCES = ("kernel.cpp", "mesh.cpp", "yuv.cpp", "quads.h")
"""Inside kbvr/render."""

COMPILE = ("-O3", "-fPIC", "-std=c++17", "-ffp-contract=off", "-fno-exceptions", "-fno-rtti")
"""Without contraction every variant computes the same bits."""


class Target(NamedTuple):
    """One platform that a wheel can be for."""

    triple: str
    """As the compiler names it, with the oldest system that it runs on."""

    wheel_platform: str
    suffix: str
    variants: dict[str, str]
    """Name of a variant -> the compiler's name of its processor."""


TARGETS = {
    "linux-x86_64": Target("x86_64-linux-gnu.2.17", "manylinux_2_17_x86_64.manylinux2014_x86_64", ".so", X86_LEVELS),
    "linux-aarch64": Target("aarch64-linux-gnu.2.17", "manylinux_2_17_aarch64.manylinux2014_aarch64", ".so", BASELINE),
    "windows-x86_64": Target("x86_64-windows-gnu", "win_amd64", ".dll", X86_LEVELS),
    "windows-aarch64": Target("aarch64-windows-gnu", "win_arm64", ".dll", BASELINE),
    "macos-x86_64": Target("x86_64-macos.11.0", "macosx_11_0_x86_64", ".dylib", X86_LEVELS),
    "macos-aarch64": Target("aarch64-macos.11.0", "macosx_11_0_arm64", ".dylib", BASELINE),
}


def this_platform() -> str:
    """Return the key of TARGETS for the machine that builds."""
    system = {"win32": "windows", "darwin": "macos"}.get(sys.platform, sys.platform)
    machine = platform.machine().lower()
    return f"{system}-{ {'amd64': 'x86_64', 'arm64': 'aarch64'}.get(machine, machine) }"


class KernelBuildHook(BuildHookInterface[Any]):
    """Compiles the kernels before a wheel, editable or not, is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Compile what is missing or older than its source, and tag the wheel for the platform."""
        name = os.environ.get("KBVR_TARGET") or this_platform()
        if name not in TARGETS:
            raise ValueError(f"kbvr can be built for {', '.join(TARGETS)}, got {name}")
        target = TARGETS[name]
        root = Path(self.root)
        folder = root / "kbvr" / "render" / "native"
        folder.mkdir(exist_ok=True)
        libraries = {folder / f"libkbvr_{v}{target.suffix}": cpu for v, cpu in target.variants.items()}
        sources = [root / "kbvr" / "render" / name for name in SOURCES]
        newest_source_s = max(path.stat().st_mtime for path in (*sources, Path(__file__)))
        stale = [library for library in libraries if not library.exists() or library.stat().st_mtime < newest_source_s]
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda library: build(root, library, target, libraries[library]), stale))
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{target.wheel_platform}"
        build_data["artifacts"] += [f"/{library.relative_to(root).as_posix()}" for library in libraries]


def build(root: Path, library: Path, target: Target, cpu: str) -> None:
    """Compile and link one variant, under another name until it is whole."""
    work = root / "build" / library.stem
    work.mkdir(parents=True, exist_ok=True)
    aside = work / library.name
    objects = []
    for source in (root / "kbvr" / "render" / name for name in SOURCES if name.endswith(".cpp")):
        objects.append(work / f"{source.stem}-{target.triple}.o")
        compiler(root, "c++", *COMPILE, "-target", target.triple, f"-mcpu={cpu}", "-c", source, "-o", objects[-1])
    link = ("-shared", "-s", *(("-Wl,-z,defs",) if "linux" in target.triple else ()))
    compiler(root, "cc", *link, "-target", target.triple, *objects, "-o", aside)
    aside.replace(library)


def compiler(root: Path, *arguments: str | Path) -> None:
    """Run the compiler; its caches stay inside the project, so that HOME may be read-only."""
    caches = {f"ZIG_{kind}_CACHE_DIR": str(root / "build" / "zig") for kind in ("GLOBAL", "LOCAL")}
    command = [sys.executable, "-m", "ziglang", *map(str, arguments)]
    done = subprocess.run(command, env=os.environ | caches, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"compiling the kernel failed: {' '.join(command)}\n{done.stdout}{done.stderr}")
