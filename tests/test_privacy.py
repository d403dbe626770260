"""Everything stays on the machine: kbvr leaves no file but where it was asked to, and asks no network for anything."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import onnxruntime
import pytest
from native_fakes import compiled
from PIL import Image

from kbvr.nets import onnxruntime_loader as runtime
from kbvr.options.outputs import OUTPUTS

ROOT = Path(__file__).parents[1]
NETS = ROOT / "kbvr" / "nets" / "builtin"
HEIC = Path(__file__).parent / "data" / "orientation_6.heic"
SWITCH = "ORT_DISABLE_TELEMETRY"

WATCHED_S = 20.0
"""onnxruntime 1.31 looks its collector up some ten seconds after it was loaded."""

PLACES = {
    "HOME": "home",
    "USERPROFILE": "home",
    "LOCALAPPDATA": "home/local",
    "APPDATA": "home/roaming",
    "XDG_CACHE_HOME": "home/cache",
    "XDG_CONFIG_HOME": "home/config",
    "XDG_DATA_HOME": "home/data",
    "XDG_STATE_HOME": "home/state",
    "XDG_RUNTIME_DIR": "home/run",
    "TMPDIR": "tmp",
    "TEMP": "tmp",
    "TMP": "tmp",
}
"""Environment variable -> folder that it names here: wherever a library may put what it keeps."""

EVERYTHING = (
    *("--stereo", "--kenburns", "--seconds", "0.2", "--max-size", "128x128", "--layout", "sbs,anaglyph"),
    *("--wiggle", "--anaglyph", "--views", "3", "--period-s", "0.3", "--depth-map", "png,npy,npz,exr,color"),
    *("--gltf", "--html", "--embed", "--ply", "--obj", "--usdz", "--splats", "--triangles", "2000"),
)
STILLS = "sbs,jps,mpo,vr180,autostereogram,rgbd,flat,quilt"

COMMAND = """
import sys, time
start = time.monotonic()
from kbvr.cli.main import main
code = main(sys.argv[2:])
time.sleep(max(0.0, start + float(sys.argv[1]) - time.monotonic()))
sys.exit(code)
"""

LIBRARY = """
import sys, time
import kbvr
import onnxruntime  # as a program would that has networks of its own
seconds, out, *photos = sys.argv[1:]
for path in photos:
    kbvr.load_photo(path)
kbvr.estimate_depth(kbvr.load_photo(photos[0]))
depth = kbvr.export(photos[0], out, depth_map="exr").written[0].file.path
kbvr.export(photos[0], out, depth_map="png", depth=depth, depth_kind="depth-m")
for codec in ("hevc", "av1", "vp9"):
    kbvr.export(photos[0], out, layout="tb", codec=codec, seconds=0.1, overwrite=True)
time.sleep(float(seconds))
"""

ASKED = """
#include <stddef.h>
int open(const char *path, int flags, ...);
long write(int file, const void *bytes, size_t count);
int close(int file);
char *getenv(const char *name);
void *dlsym(void *library, const char *name);
size_t strlen(const char *text);
enum { APPEND = 02001, UNIX = 1, INTERNET = 2, INTERNET_6 = 10, NEXT = -1, FAILED = -4 };
static void tell(const char *what, const char *of) {
    const char *path = getenv("KBVR_TOLD");
    int file = path ? open(path, APPEND) : -1;
    if (file < 0) return;
    write(file, what, strlen(what));
    if (of) write(file, of, strlen(of));
    write(file, "\\n", 1);
    close(file);
}
int getaddrinfo(const char *name, const char *service, const void *hints, void **found) {
    tell("getaddrinfo ", name);
    return FAILED;
}
void *gethostbyname(const char *name) { tell("gethostbyname ", name); return NULL; }
void *gethostbyname2(const char *name, int family) { tell("gethostbyname2 ", name); return NULL; }
int gethostbyname_r(const char *name) { tell("gethostbyname_r ", name); return FAILED; }
int gethostbyname2_r(const char *name) { tell("gethostbyname2_r ", name); return FAILED; }
int res_query(const char *name) { tell("res_query ", name); return -1; }
int res_search(const char *name) { tell("res_search ", name); return -1; }
int socket(int family, int kind, int protocol) {
    if (family == INTERNET || family == INTERNET_6) tell("socket", NULL);
    int (*real)(int, int, int) = (int (*)(int, int, int))dlsym((void *)NEXT, "socket");
    return real(family, kind, protocol);
}
"""
"""Stands before libc's own functions, for C++ libraries too: tells who asks for a name or opens a socket of the
internet, and answers that there is no such name (glibc's netdb.h and bits/socket.h have the numbers)."""

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="stands before libc in a way that Linux has")


class Traces(NamedTuple):
    """What a process left behind."""

    code: int
    stderr: str
    left: list[str]
    """Files and folders that it made where nobody asked it to."""

    asked: list[str]
    """Whom it asked for the address of what; None of that is known outside of Linux."""


class Watched:
    """A process of Python that finds home, caches and folder for temporary files empty."""

    def __init__(self, folder: Path, shim: Path | None, code: str, *arguments: str) -> None:
        self._home, self._told = folder / "watched", folder / "told.txt"
        for place in ("cwd", *PLACES.values()):
            (self._home / place).mkdir(parents=True, exist_ok=True)
        self._told.touch()
        self._before = {*self._home.rglob("*")}
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        places = {name: str(self._home / place) for name, place in PLACES.items()}
        preloaded = {} if shim is None else {"LD_PRELOAD": str(shim), "KBVR_TOLD": str(self._told)}
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=self._home / "cwd",
            env={**kept, **places, **preloaded, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def traces(self) -> Traces:
        """Wait for its end."""
        stderr = self._process.communicate(timeout=120)[1]
        left = sorted(str(path.relative_to(self._home)) for path in {*self._home.rglob("*")} - self._before)
        return Traces(self._process.returncode, stderr, left, self._told.read_text().splitlines())

    def stop(self) -> None:
        """End it, whatever it is at."""
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """Return the library that tells who asks for a name, None where nothing can be put before libc."""
    return compiled(ASKED, tmp_path_factory.mktemp("shim") / "asked.so") if sys.platform == "linux" else None


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory, shim: Path | None) -> dict[str, Traces]:
    """Return what an export of everything, kbvr doctor and kbvr as a library left; they run at once, each for 20 s."""
    folder = tmp_path_factory.mktemp("privacy")
    out, seconds, photos = str(folder / "out"), str(WATCHED_S), photos_in(folder)
    stills = STILLS + (",spatial" if find_spec("pillow_heif") else "")
    export = ("export", "-q", photos[0], *EVERYTHING, "--still", stills, "-o", out, "--comfort", f"{out}/comfort.json")
    started: dict[str, Watched] = {}
    try:
        for who, code, arguments in (
            ("export", COMMAND, export),
            ("doctor", COMMAND, ("doctor", "--json")),
            ("library", LIBRARY, (f"{out}2", *photos)),
        ):
            started[who] = Watched(folder / who, shim, code, seconds, *arguments)
        return {who: one.traces() for who, one in started.items()}
    finally:
        for one in started.values():
            one.stop()


def photos_in(folder: Path) -> Sequence[str]:
    """Return one photo of each kind that kbvr reads."""
    small = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    rgb = cv2.resize(small, (128, 96), interpolation=cv2.INTER_CUBIC)
    paths = [folder / f"photo.{suffix}" for suffix in ("jpg", "png", "webp", "tif", "avif")]
    for path in paths:
        Image.fromarray(rgb).save(path)
    for path in (folder / "deep.tif", folder / "deep.png"):
        cv2.imwrite(str(path), rgb.astype(np.uint16) * 257)
        paths.append(path)
    return [*map(str, paths), str(HEIC)]


def test_every_output_is_watched() -> None:
    """A new one is added to EVERYTHING, or to STILLS."""
    watched = {*EVERYTHING, *(f"--{name}" for name in STILLS.split(",")), "--still"}
    assert {f"--{output}" for output in OUTPUTS} <= watched


@pytest.mark.parametrize("who", ["export", "doctor", "library"])
def test_home_and_temporary_folder_stay_empty(traces: dict[str, Traces], who: str) -> None:
    """Neither kbvr nor a library that it uses keeps anything there."""
    assert traces[who].code == 0, traces[who].stderr
    assert traces[who].left == []


@linux_only
@pytest.mark.parametrize("who", ["export", "doctor", "library"])
def test_nobody_is_asked_for_an_address(traces: dict[str, Traces], who: str) -> None:
    """Nor is a socket opened that could reach another machine."""
    assert traces[who].asked == []


@linux_only
def test_whoever_asks_for_an_address_is_seen(tmp_path: Path, shim: Path) -> None:
    """In a process of a process too."""
    inner = "import socket; socket.socket(socket.AF_INET6).close(); socket.getaddrinfo('kbvr.invalid', 443)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}], capture_output=True)"
    assert Watched(tmp_path, shim, outer).traces().asked == ["socket", "getaddrinfo kbvr.invalid"]


def test_only_the_networks_of_kbvr_models_are_kept(tmp_path: Path) -> None:
    """In kbvr's own folder for them, each with its card."""
    shutil.copy(NETS / "kbvr-depth.onnx", tmp_path / "mine.onnx")
    card = json.loads((NETS / "kbvr-depth.json").read_text("utf-8")) | {"name": "mine", "file": "mine.onnx"}
    (tmp_path / "mine.json").write_text(json.dumps(card), "utf-8")
    kept = Watched(tmp_path, None, COMMAND, "0", "models", "add", str(tmp_path / "mine.onnx")).traces()
    assert kept.code == 0, kept.stderr
    files = [path for path in map(Path, kept.left) if path.suffix]
    assert {path.name for path in files} == {"mine.onnx", "mine.json", ".mine.lock"}
    assert {path.parent.parts[-2:] for path in files} == {("kbvr", "models")}


@pytest.mark.parametrize(("theirs", "told"), [(None, "1"), ("0", "0"), ("", ""), ("1", "1")])
def test_who_has_decided_on_telemetry_is_left_alone(theirs: str | None, told: str) -> None:
    """Importing kbvr turns it off, for processes that are started later too, where nobody has said anything."""
    said = {name: value for name, value in os.environ.items() if name != SWITCH}
    said |= {} if theirs is None else {SWITCH: theirs}
    asks = f"import os; print(repr(os.environ[{SWITCH!r}]))"
    code = f"import kbvr, subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', {asks!r}]).returncode)"
    done = subprocess.run([sys.executable, "-c", code], env=said, capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == repr(told)


@pytest.mark.parametrize(("said", "switched"), [("1", 1), ("0", 0), ("", 0)])
def test_an_onnxruntime_that_was_there_before_is_told_to_stop(
    monkeypatch: pytest.MonkeyPatch, said: str, switched: int
) -> None:
    """By its own switch: for the variable it is too late then."""
    calls: list[int] = []
    monkeypatch.setenv(SWITCH, said)
    monkeypatch.setattr(onnxruntime, "disable_telemetry_events", lambda: calls.append(1))
    runtime.onnxruntime.__wrapped__()
    assert len(calls) == switched


@pytest.mark.parametrize("package", ["kbvr", "export", "bench"])
def test_onnxruntime_is_loaded_in_one_place(package: str) -> None:
    """The one that knows of its telemetry, and that is imported after kbvr."""
    users = {
        str(path.relative_to(ROOT))
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and "onnxruntime" in [getattr(node, "module", None), *(alias.name.split(".")[0] for alias in node.names)]
        and getattr(node, "module", None) != "kbvr.nets.onnxruntime_loader"
    }
    assert users == set()
