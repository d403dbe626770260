"""Run functions in a warm process of their own: what hangs, crashes or eats memory there does so there only.

The process is a fresh Python that finds modules where this one does and imports nothing of the program that runs
(`multiprocessing` would import its main script again). It ends when this process ends, and after a minute without
work. Requests and answers are pickled; the arrays of an answer go through the pipe as they are.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START_LIMIT_S = 60.0
"""How long a fresh Python may take to import what it is to run: disks may be slow."""

GRACE_S = 5.0
"""How long a process that has closed its end of the pipe may take to end."""

PIPE_BYTES = 2**20
"""The most that Linux lets everybody have."""

IDLE_EXIT = 75
"""Exit code of a process that ended for lack of work."""

MOST_LAST_WORDS = 4096
"""So many bytes of what a process wrote on stderr are kept."""

ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
"""Environment of a process that multiplies no matrices with numpy: each thread that waits for that takes 40 MB of
address space."""

SENT_FROM_OUTSIDE = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that say nothing about the work of a process."""

_SIZE = struct.Struct("<Q")


class NotStartedError(Exception):
    """No process could be started; the message says why."""


class EndedError(Exception):
    """A process ended before it had answered; the message says how."""

    def __init__(self, how: str, exit_code: int, last_words: str = "") -> None:
        super().__init__(how, exit_code, last_words)
        self.exit_code = exit_code
        """Negative: the number of the signal that ended it."""
        self.last_words = last_words
        """The last line that it wrote on stderr."""

    def __str__(self) -> str:
        return str(self.args[0])

    @property
    def is_from_outside(self) -> bool:
        """Whether it ended for a reason that has nothing to do with what it was asked."""
        return self.exit_code == IDLE_EXIT or -self.exit_code in SENT_FROM_OUTSIDE


class TimeUpError(EndedError):
    """A process was killed, for its time was up."""


def _here() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109  a text
    except OSError:
        return None


def _log_level() -> int:
    return logging.getLogger("kbvr").getEffectiveLevel()


@dataclass(frozen=True)
class Request:
    """One call of a function in the process."""

    function: str
    """As "module:name"."""

    arguments: tuple[Any, ...] = ()
    limit_s: float = 60.0
    """The process is killed when this time is up."""

    max_bytes: int | None = None
    """Memory that the process may take. Linux keeps to it; macOS and Windows have no such limit for a process."""

    folder: str | None = field(default_factory=_here)
    """Working directory of the call; None if this process's is gone."""

    log_level: int = field(default_factory=_log_level)


@dataclass(frozen=True)
class Response:
    """What came of a request."""

    value: Any = None
    error: Exception | None = None
    records: tuple[logging.LogRecord, ...] = ()
    """What was logged meanwhile."""


def _absolute_search_path() -> list[str]:
    """Return where modules are found; "" is the working directory of now, and finds nothing once that is gone."""
    path: list[str] = []
    for entry in sys.path:
        with suppress(FileNotFoundError):
            path.append(os.path.abspath(entry))  # noqa: PTH100
    return path


class IsolatedProcess:
    """A process that runs one function after the other, asked by one thread at a time."""

    def __init__(self, preloaded: str = "", environment: Mapping[str, str] | None = None) -> None:
        """Start a process without waiting for it; `preloaded` is a module that it imports at once.

        Raises:
            NotStartedError: if the system refuses, or this program is no plain Python.
        """
        self._is_ready, self._is_late, self._last_words = False, False, b""
        path = _absolute_search_path()
        code = (
            f"import sys; sys.path[:] = {path!r}; from kbvr.system.isolated_worker import serve; serve({preloaded!r})"
        )
        try:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and our own functions
                [_interpreter(), "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=Path(sys.executable).anchor,  # not to keep anybody from removing this process's folder
                env={**os.environ, **(environment or {})},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise NotStartedError(error.strerror or str(error)) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin, self._process.stdout
        _widen(self._answers)
        self._listener = threading.Thread(target=self._listen, name="kbvr-isolated", daemon=True)
        try:
            self._listener.start()
        except RuntimeError:  # no thread is left
            self._end(0)
            raise

    def call(self, request: Request) -> Any:
        """Return what a function returned, or raise what it raised; what it logged is logged here.

        Raises:
            NotStartedError: if the process ended before it was ready for its first call.
            EndedError: if it ended before it had answered.
            TimeUpError: if it was ended because it had not answered in time.
        """
        try:
            if not self._is_ready:
                self._wait_until_ready()
            response = self._asked(request)
        except BaseException:  # what is on its way through the pipes now is nobody's
            self._end(0)
            raise
        for record in response.records:
            logger = logging.getLogger(record.name)
            if logger.isEnabledFor(record.levelno):
                logger.handle(record)
        if response.error is not None:
            raise response.error
        return response.value

    @property
    def is_running(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def close(self) -> None:
        """Let it end, and wait until it has."""
        self._end(GRACE_S)

    def _wait_until_ready(self) -> None:
        try:
            self._receive(START_LIMIT_S)
        except EndedError as error:
            if error.is_from_outside:
                raise  # it can be tried again: see `retried`
            raise NotStartedError(": ".join(filter(None, (str(error), error.last_words)))) from error
        self._is_ready = True

    def _asked(self, request: Request) -> Response:
        try:
            send(self._requests, request)
        except OSError as error:
            raise self._ended() from error
        response: Response = self._receive(request.limit_s)
        return response

    def _receive(self, limit_s: float) -> Any:
        """Return the next message; kill the process if none comes in time."""
        timer = threading.Timer(limit_s, self._expire)
        timer.daemon = True
        timer.start()
        try:
            return receive(self._answers)
        except EOFError:
            error = self._ended()
            raise TimeUpError(f"no answer within {limit_s:.3g} s", -9) if self._is_late else error from None
        finally:
            timer.cancel()

    def _expire(self) -> None:
        self._is_late = True
        self._process.kill()

    def _ended(self) -> EndedError:
        """Return how the process has ended."""
        exit_code = self._end(GRACE_S)
        last_words = self._last_words.decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(last_words) if line.strip()), "")
        return EndedError(_how_it_ended(exit_code), exit_code, last)

    def _end(self, grace_s: float) -> int:
        """Close the pipes, wait until the process has ended, and return its exit code; kill it if it takes longer."""
        self._requests.close()
        try:
            exit_code = self._process.wait(grace_s) if grace_s else self._process.poll()
        except subprocess.TimeoutExpired:
            exit_code = None
        if exit_code is None:
            self._process.kill()
            exit_code = self._process.wait()
        self._answers.close()
        if self._listener.ident is not None:
            self._listener.join(GRACE_S)
        return exit_code

    def _listen(self) -> None:
        """Keep the end of what the process writes on stderr, and fetch its exit code: nobody leaves a zombie."""
        assert self._process.stderr is not None
        with self._process.stderr as stderr:
            while said := stderr.read(65536):
                self._last_words = (self._last_words + said)[-MOST_LAST_WORDS:]
        self._process.wait()


def retried(call: Callable[[], Any]) -> Any:
    """Return what a call of a process returns, tried again if the process ended for a reason from outside.

    It may have had no work for too long just then, or Ctrl-C ended it while this program goes on.
    """
    try:
        return call()
    except EndedError as error:
        if not error.is_from_outside:
            raise
    return call()


def _widen(pipe: Any) -> None:
    """Let more pass through a pipe at once, where that is known to work: on a busy machine every turn is waited for."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):  # the system allows a person so many pages in all
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def send(stream: Any, message: Any) -> None:
    """Write a message to an unbuffered stream: sizes, the pickle, and after it the arrays as they are in memory."""
    buffers: list[pickle.PickleBuffer] = []
    plain = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
    parts = [memoryview(plain), *(buffer.raw() for buffer in buffers)]
    head = _SIZE.pack(len(parts)) + b"".join(_SIZE.pack(part.nbytes) for part in parts)
    for part in (memoryview(head), *parts):
        written = 0
        while written < part.nbytes:
            written += stream.write(part[written:])


def receive(stream: Any) -> Any:
    """Read a message that `send` wrote.

    Raises:
        EOFError: if the stream ends before the message does.
    """
    (count,) = _SIZE.unpack(_read(stream, _SIZE.size))
    sizes = [_SIZE.unpack(_read(stream, _SIZE.size))[0] for _ in range(count)]
    plain, *buffers = [_read(stream, size) for size in sizes]
    return pickle.loads(plain, buffers=buffers)  # noqa: S301  our own functions wrote it


def _read(stream: Any, size_bytes: int) -> memoryview:
    import numpy as np  # here, for this module has to be quick to import

    content = np.empty(size_bytes, np.uint8).data
    done = 0
    while done < size_bytes:
        got = stream.readinto(content[done:])
        if not got:
            raise EOFError
        done += got
    return content


def _interpreter() -> str:
    """Return the Python that runs this.

    Raises:
        NotStartedError: if this is a frozen or an embedding program: started anew, it would do what it always does.
    """
    name = Path(sys.executable or "").name.lower()
    if getattr(sys, "frozen", False) or not name.startswith(("python", "pypy")):
        raise NotStartedError(f"this program is no plain Python ({name or 'unknown'})")
    return sys.executable


def _how_it_ended(exit_code: int) -> str:
    if exit_code >= 0:
        return f"ended with code {exit_code}"
    known = {int(number): number.name for number in signal.Signals}
    return f"crashed ({known.get(-exit_code, f'signal {-exit_code}')})"
