"""A process that has loaded everything and forks for every call: a thousand exports without a thousand starts.

`Zygote` is its parent's side. Before libc it has faults.c, with which a call can be made to fail, or be killed, at any
one event on the files of a folder.
"""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import gc
import io
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import kbvr.photo.decode

LIMIT_S = 25.0
KILL = -1


@dataclass(frozen=True)
class Fault:
    """What befalls a call."""

    folder: str = ""
    """Under which events are counted."""

    event: int = 0
    """Number of the first event that fails; 0 for none."""

    events: int = 1
    """How many fail from there on."""

    error: int = 0
    """What they fail with, or KILL."""

    after_s: float = 0.0
    """When the process is killed; 0 for never."""

    file_bytes: int = 0
    """Largest size of a file."""

    more_bytes: int = 0
    """How much address space there is on top of what has been loaded."""

    files_more: int = 0
    """How many more files may be open."""

    @property
    def says(self) -> str:
        """The fault in a few words."""
        parts = []
        if self.event:
            what = "killed" if self.error == KILL else errno.errorcode[self.error]
            parts.append(f"{what} at event {self.event}" + (" and after" if self.events > 1 else ""))
        parts += [f"killed after {self.after_s:.3f} s"] if self.after_s else []
        parts += [f"files of at most {self.file_bytes} bytes"] if self.file_bytes else []
        parts += [f"{self.more_bytes >> 20} MiB more memory"] if self.more_bytes else []
        parts += [f"{self.files_more} more open files"] if self.files_more else []
        return ", ".join(parts) or "nothing"


@dataclass(frozen=True)
class Ended:
    """How a call ended."""

    code: int
    """Exit code; negative: the number of the signal."""

    stderr: str
    events: int
    """How many there were, as far as the process got to say it."""

    seconds: float


def built(folder: Path) -> Path:
    """Compile faults.c with the compiler that kbvr is built with."""
    library = folder / "faults.so"
    source = Path(__file__).with_name("faults.c")
    command = [sys.executable, "-m", "ziglang", "cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    return library


class Zygote:
    """The process that forks, seen from its parent."""

    def __init__(self, folder: Path) -> None:
        library = built(folder)
        environment = {**os.environ, "LD_PRELOAD": str(library), "OPENBLAS_NUM_THREADS": "1", "TMPDIR": str(folder)}
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        command = [sys.executable, "-m", "faults.zygote", str(library)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert self._said() == {"ready": True}

    def call(self, arguments: list[str], fault: Fault | None = None) -> Ended:
        """Run `kbvr` with these arguments and return how it ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"arguments": arguments, "fault": asdict(fault or Fault())}) + "\n")
        self._process.stdin.flush()
        return Ended(**self._said())

    def _said(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        return said

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)


@contextmanager
def zygote() -> Iterator[Zygote]:
    """Yield a process that forks."""
    with tempfile.TemporaryDirectory(prefix="kbvr-faults-") as folder:
        running = Zygote(Path(folder))
        try:
            yield running
        finally:
            running.close()


LOADED = (
    "kbvr.cli.main",
    "kbvr.cli.export",
    "kbvr.formats.video.write_video",
    "kbvr.formats.comfort_report",
    "kbvr.nets",
)
LOADED += ("kbvr.render", "pydantic", "rich.console", "trimesh", "pygltflib", "pxr.Usd")
"""What exports import when they get there: here it comes before any of them, and costs its time once."""


def _load() -> None:
    """Import what exports need, and start no thread: what is forked has only the one that forks."""
    import cv2
    from PIL import Image

    from kbvr.formats.registry import FORMATS, load_format

    cv2.setNumThreads(1)
    Image.init()
    for name in LOADED:
        with suppress(ImportError):
            import_module(name)
    for name in FORMATS:
        with suppress(ImportError):
            load_format(name)
    from kbvr.cli.main import main

    with redirect_stderr(io.StringIO()):
        main(["export", "--seconds", "many", "nothing.png"])  # what understands a call is loaded, too
    gc.freeze()  # nothing of this is looked at again in any fork


def _decoded_here(path: Any, function: str, arguments: tuple[Any, ...], max_bytes: int | None) -> Any:
    """Decode what is given in this process: it is good, and to start another one would take most of the time."""
    return getattr(kbvr.photo.decode, function)(path, *arguments)


def _be_called(arguments: list[str], fault: Fault, counter: ctypes.CDLL, said: Any, events: Path) -> None:
    """Be the forked process: meet the fault, run the call, and end."""
    from kbvr.cli.main import main
    from kbvr.photo import decoding_process as decode_apart

    os.setsid()
    if not (fault.files_more or fault.more_bytes):
        decode_apart._decoded = _decoded_here
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(said.fileno(), 2)
    faulthandler.register(signal.SIGALRM, chain=True)  # who hangs tells where
    if fault.file_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (fault.file_bytes,) * 2)
    if fault.files_more:
        opened = len(list(Path("/proc/self/fd").iterdir()))
        resource.setrlimit(resource.RLIMIT_NOFILE, (opened + fault.files_more,) * 2)
    if fault.more_bytes:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + fault.more_bytes,) * 2)
    counter.fault_at(fault.folder.encode(), fault.event, fault.events, fault.error)
    code = 1
    try:
        code = main(arguments)
    except Exception:  # noqa: BLE001  as Python does at the end of a program
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        count = counter.fault_count()
        counter.fault_at(b"", 0, 0, 0)
        with suppress(OSError):
            os.write(os.open(events, os.O_WRONLY), str(count).encode())
        os._exit(code)


def serve(library: str) -> None:
    """Be the process that forks."""
    counter = ctypes.CDLL(library)
    counter.fault_at.argtypes = (ctypes.c_char_p, ctypes.c_long, ctypes.c_long, ctypes.c_int)
    counter.fault_count.restype = ctypes.c_long
    _load()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        fault = Fault(**asked["fault"])
        with tempfile.TemporaryFile("w+") as said, tempfile.NamedTemporaryFile("w+") as events:
            start = time.monotonic()
            child = os.fork()
            if child == 0:
                _be_called(asked["arguments"], fault, counter, said, Path(events.name))
            code = _waited(child, fault.after_s)
            seconds = time.monotonic() - start
            said.seek(0)
            count = int(events.read() or 0)
            print(json.dumps({"code": code, "stderr": said.read(), "events": count, "seconds": seconds}), flush=True)


def _waited(child: int, after_s: float) -> int:
    """Wait for the end of a child, kill it when its time is up, and return its exit code."""
    until = time.monotonic() + (after_s or LIMIT_S)
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            with suppress(OSError):
                os.killpg(child, signal.SIGKILL)  # what it started itself
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            with suppress(OSError):
                os.killpg(child, signal.SIGKILL if after_s else signal.SIGALRM)
        time.sleep(0.001)


if __name__ == "__main__":
    serve(sys.argv[1])
