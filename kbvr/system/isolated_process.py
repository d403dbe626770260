"""Run functions in another process, which contains hangs, crashes and memory leaks.

The process is a fresh Python with the same module search path. It does not import the running program
(`multiprocessing` would import its main script again). It ends with this process, or after a minute without work.
Requests and responses are pickled; arrays go through the pipe unchanged.
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

START_LIMIT_S, GRACE_S = 60.0, 5.0
"""Time for a fresh Python to import the function's module from a slow disk, and to end after its pipe is closed."""

PIPE_BYTES = 2**20
"""The largest pipe buffer that Linux grants to every user."""

IDLE_EXIT = 75
"""Exit code of a process that ended after a minute without work."""

MAX_STDERR_BYTES = 4096
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
"""Environment without numpy's threads for matrix products, which take 40 MB of address space each."""

EXTERNAL_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_SIZE = struct.Struct("<Q")


class NotStartedError(Exception):
    """No process could be started; the message says why."""


class EndedError(Exception):
    """A process ended without a response; the message says how."""

    def __init__(self, how: str, exit_code: int, last_line: str = "") -> None:
        super().__init__(how, exit_code, last_line)
        self.exit_code = exit_code
        """The signal that ended the process, if negative."""
        self.last_line = last_line
        """The last line that it wrote on stderr."""

    def __str__(self) -> str:
        return str(self.args[0])

    @property
    def is_external(self) -> bool:
        """Whether the cause is unrelated to the request."""
        return self.exit_code == IDLE_EXIT or -self.exit_code in EXTERNAL_SIGNALS


class TimeUpError(EndedError):
    """A process was killed at the time limit."""


def _working_folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109  a text
    except OSError:
        return None


@dataclass(frozen=True)
class Request:
    """One function call in the process."""

    function: str
    """As "module:name"."""

    arguments: tuple[Any, ...] = ()
    limit_s: float = 60.0
    """The process is killed after this time."""

    max_bytes: int | None = None
    """Memory limit of the process, on Linux only: macOS and Windows have no such limit."""

    folder: str | None = field(default_factory=_working_folder)
    """Working folder of the call; None if this process's folder has been removed."""

    log_level: int = field(default_factory=logging.getLogger("kbvr").getEffectiveLevel)


@dataclass(frozen=True)
class Response:
    """The result of a request."""

    value: Any = None
    error: Exception | None = None
    records: tuple[logging.LogRecord, ...] = ()


def _absolute_search_path() -> list[str]:
    """Return sys.path without relative entries: "" is the working folder, which may have been removed."""
    path: list[str] = []
    for entry in sys.path:
        with suppress(FileNotFoundError):
            path.append(os.path.abspath(entry))  # noqa: PTH100
    return path


class IsolatedProcess:
    """A process that runs functions one after the other; only one thread may call it at a time."""

    def __init__(self, preloaded: str = "", environment: Mapping[str, str] | None = None) -> None:
        """Start a process without waiting for it; it imports the module `preloaded` at once.

        Raises:
            NotStartedError: if the system refuses, or this program is not a plain Python.
        """
        self._is_ready, self._timed_out, self._stderr_end = False, False, b""
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
                cwd=Path(sys.executable).anchor,  # so that this process's folder can be removed
                env={**os.environ, **(environment or {})},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise NotStartedError(error.strerror or str(error)) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin, self._process.stdout
        _enlarge_buffer(self._answers)
        self._listener = threading.Thread(target=self._listen, name="kbvr-isolated", daemon=True)
        try:
            self._listener.start()
        except RuntimeError:  # no thread is left
            self._end(0)
            raise

    def call(self, request: Request) -> Any:
        """Return what a function returned, or raise what it raised; its log records are logged here.

        Raises:
            NotStartedError: if the process ended before it was ready for its first call.
            EndedError: if it ended without a response.
            TimeUpError: if it was killed at the time limit.
        """
        try:
            if not self._is_ready:
                self._wait_until_ready()
            response = self._response(request)
        except BaseException:  # a partial message in a pipe makes the process useless
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
        """Whether it can be called."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the process and wait for it."""
        self._end(GRACE_S)

    def stop(self) -> None:
        """Ask the process to remove its unfinished files and to end, from any thread, whatever it is doing."""
        with suppress(OSError):
            self._requests.close()

    def kill(self) -> None:
        """End the process at once, from any thread: a call that another thread waits for raises EndedError."""
        self._process.kill()

    def _wait_until_ready(self) -> None:
        try:
            self._receive(START_LIMIT_S)
        except EndedError as error:
            if error.is_external:
                raise  # see `with_retry`
            raise NotStartedError(": ".join(filter(None, (str(error), error.last_line)))) from error
        self._is_ready = True

    def _response(self, request: Request) -> Response:
        try:
            send(self._requests, request)
        except OSError as error:
            raise self._ended() from error
        response: Response = self._receive(request.limit_s)
        return response

    def _receive(self, limit_s: float) -> Any:
        """Return the next message; kill the process at the time limit."""
        timer = threading.Timer(limit_s, self._expire)
        timer.daemon = True
        timer.start()
        try:
            return receive(self._answers)
        except EOFError:
            error = self._ended()
            raise TimeUpError(f"no answer within {limit_s:.3g} s", -9) if self._timed_out else error from None
        finally:
            timer.cancel()

    def _expire(self) -> None:
        self._timed_out = True
        self._process.kill()

    def _ended(self) -> EndedError:
        """Return the error for a process that has ended."""
        exit_code = self._end(GRACE_S)
        lines = self._stderr_end.decode("utf-8", "replace").split("\n")
        last_line = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return EndedError(_exit_description(exit_code), exit_code, last_line)

    def _end(self, grace_s: float) -> int:
        """Close the pipes, kill the process if it does not end in time, and return its exit code."""
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
        """Keep the end of the process's stderr, then fetch its exit code, so that it does not stay as a zombie."""
        assert self._process.stderr is not None
        with self._process.stderr as stderr:
            while text := stderr.read(65536):
                self._stderr_end = (self._stderr_end + text)[-MAX_STDERR_BYTES:]
        self._process.wait()


def with_retry(call: Callable[[], Any]) -> Any:
    """Return the result of a call of a process, repeated once if the process ended for an external reason.

    For example, it ended at that moment for lack of work, or Ctrl-C ended it but this program handles Ctrl-C.
    """
    try:
        return call()
    except EndedError as error:
        if not error.is_external:
            raise
    return call()


def _enlarge_buffer(pipe: Any) -> None:
    """Enlarge a pipe's buffer on Linux, which saves waits for the scheduler on a busy machine."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):  # the system limits the pages of all pipes per user
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def send(stream: Any, message: Any) -> None:
    """Write a message to an unbuffered stream: the sizes, the pickle, and the raw arrays."""
    buffers: list[pickle.PickleBuffer] = []
    plain = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
    parts = [memoryview(plain), *(buffer.raw() for buffer in buffers)]
    head = _SIZE.pack(len(parts)) + b"".join(_SIZE.pack(part.nbytes) for part in parts)
    for part in (memoryview(head), *parts):
        written = 0
        while written < part.nbytes:
            written += stream.write(part[written:])


def receive(stream: Any) -> Any:
    """Read a message that `send` wrote; a stream that ends too early raises EOFError."""
    (count,) = _SIZE.unpack(_read(stream, _SIZE.size))
    sizes = [_SIZE.unpack(_read(stream, _SIZE.size))[0] for _ in range(count)]
    plain, *buffers = [_read(stream, size) for size in sizes]
    return pickle.loads(plain, buffers=buffers)  # noqa: S301  our own functions wrote it


def _read(stream: Any, size_bytes: int) -> memoryview:
    import numpy as np  # not at the top, because this module must be quick to import

    content = np.empty(size_bytes, np.uint8).data
    done = 0
    while done < size_bytes:
        got = stream.readinto(content[done:])
        if not got:
            raise EOFError
        done += got
    return content


def _interpreter() -> str:
    """Return the path of this Python; frozen and embedding programs would start themselves again."""
    name = Path(sys.executable or "").name.lower()
    if getattr(sys, "frozen", False) or not name.startswith(("python", "pypy")):
        raise NotStartedError(f"this program is not a plain Python ({name or 'unknown'})")
    return sys.executable


def _exit_description(exit_code: int) -> str:
    if exit_code >= 0:
        return f"ended with code {exit_code}"
    known = {int(number): number.name for number in signal.Signals}
    return f"crashed ({known.get(-exit_code, f'signal {-exit_code}')})"
