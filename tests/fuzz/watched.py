"""A process that reads one input after the other, and one that watches it: a crash or a hang costs one input."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from fuzz.law import LawBrokenError, Traces, Verdict, logged, place_of, problem_of_message, timed
from fuzz.mutators import Seed

LIMIT_S = 20.0
"""For one input; networks get three times as long."""

MEMORY_BYTES = 4 << 30
"""How much address space a reader may take on top of what kbvr takes when it has been loaded."""

READY = "ready"

COMMAND_EVERY = 25
"""One in so many inputs that are refused is given to `kbvr` itself."""

DESCRIPTORS_MORE = 40
"""So many more open files than before the first input mean that some are never closed."""


class Watched:
    """Runs inputs through readers in another process, which is started again when it dies."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="kbvr-fuzz-"))
        self._process: Any = None
        self._connection: Connection | None = None
        self.starts = 0
        self.serve = serve

    def verdict(self, seed: Seed, data: bytes) -> Verdict:
        """Return what becomes of an input that was made of a seed."""
        connection = self._connected()
        limit_s = LIMIT_S * (3 if "network" in seed.reader or seed.reader == "segmentation" else 1)
        try:
            connection.send((seed.reader, seed.name, data))
            if connection.poll(limit_s):
                verdict: Verdict = connection.recv()
                return verdict
            stack = self._ended(signal.SIGABRT)
            return Verdict("broken", f"no end within {limit_s:g} s{stack}", limit_s)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            stack = self._ended()
            return Verdict("broken", f"the process ended: {self._how}{stack}")

    def close(self) -> None:
        """End the process and take its folder away."""
        self._ended()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _connected(self) -> Connection:
        if self._connection is None:
            for folder in ("input", "tmp", "home", "work"):
                shutil.rmtree(self._folder / folder, ignore_errors=True)
                (self._folder / folder).mkdir()
            context = multiprocessing.get_context("spawn")
            self._connection, theirs = context.Pipe()
            self._process = context.Process(target=self.serve, args=(theirs, self._folder))
            self._process.start()
            theirs.close()
            self.starts += 1
            if self._connection.recv() != READY:
                raise RuntimeError("the process that reads did not start")
        return self._connection

    def _ended(self, number: int = signal.SIGKILL) -> str:
        """End the process and its children, if they run, and return the innermost lines of where it was."""
        if self._process is None or self._connection is None:
            return ""
        self._connection.close()
        with suppress(OSError):
            os.kill(self._process.pid, number) if number != signal.SIGKILL else None
        self._process.join(2)
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.join()
        code = self._process.exitcode or 0
        self._how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        self._process = self._connection = None
        said = self._folder / "crash"
        return innermost(said.read_text(errors="replace")) if said.exists() else ""


def innermost(said: str) -> str:
    """Return where the thread was that crashed, or the main one of those that hung: the innermost lines of kbvr."""
    threads = said.split("\n\n")
    crashed = next((text for text in threads if "Current thread" in text), threads[-1])
    frames = [line.strip() for line in crashed.splitlines() if line.lstrip().startswith("File")]
    ours = [frame for frame in frames if f"{os.sep}kbvr{os.sep}" in frame] or frames
    return f" | {'; '.join(ours[:2])}" if ours else ""


@contextmanager
def watched() -> Iterator[Watched]:
    """Yield a watched process; nothing is left of it afterwards."""
    process = Watched()
    try:
        yield process
    finally:
        process.close()


def serve(connection: Connection, folder: Path) -> None:
    """Be the process: judge every input that comes."""
    with suppress(OSError):
        os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    printed = folder / "printed"
    with printed.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ |= {"TMPDIR": str(folder / "tmp"), "HOME": str(folder / "home"), "KBVR_HOME": str(folder / "home")}
    tempfile.tempdir = None
    os.chdir(folder / "work")
    crash = (folder / "crash").open("w")
    faulthandler.enable(crash)
    import kbvr.cli.export
    import kbvr.cli.main
    import kbvr.formats.video.write_video
    import kbvr.nets  # noqa: F401

    _limit_memory()
    traces = Traces(printed, [folder / "tmp", folder / "work"])
    at_first = _descriptors()
    connection.send(READY)
    while True:
        try:
            reader, name, data = connection.recv()
        except EOFError:
            return
        crash.seek(0)
        crash.truncate()
        verdict = judged(reader, name, data, folder / "input", traces)
        if _descriptors() > at_first + DESCRIPTORS_MORE and verdict.kind != "broken":
            verdict = Verdict("broken", f"{_descriptors() - at_first} files are open that were not", verdict.seconds)
            at_first = _descriptors()
        connection.send(verdict)


def judged(reader: str, name: str, data: bytes, folder: Path, traces: Traces) -> Verdict:
    """Run one input through a reader and return what became of it; the folder is emptied again."""
    from fuzz.command import told
    from fuzz.readers import READERS
    from kbvr.errors import KbvrError

    kind, what = "result", ""
    with logged() as records, timed() as took:
        try:
            READERS[reader](folder, name, data)
        except KbvrError as error:
            what = problem_of_message(str(error)) or (told(reader, folder, name, data) if _is_sampled(data) else "")
            kind, what = ("broken", what) if what else ("refused", str(error))
        except LawBrokenError as error:
            kind, what = "broken", str(error)
        except BaseException as error:  # noqa: BLE001  whatever it is, it is one that the law does not know
            kind, what = "broken", place_of(error)
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    left = records.problem() or traces.problem()
    if left and kind != "broken":
        kind, what = "broken", left
    return Verdict(kind, what, took[0])


def _is_sampled(data: bytes) -> bool:
    """Tell whether what is refused is given to the command line too, which takes longer."""
    return zlib.crc32(data) % COMMAND_EVERY == 0


def _descriptors() -> int:
    place = Path("/proc/self/fd")
    return len(list(place.iterdir())) if place.is_dir() else 0


def _limit_memory() -> None:
    """Let nothing take so much memory that it hurts others on this machine."""
    if not sys.platform.startswith("linux"):
        return
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY_BYTES,) * 2)
