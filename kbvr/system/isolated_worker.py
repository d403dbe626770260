"""The other process of `kbvr.system.isolated_process`: it reads requests, runs them and writes responses."""

from __future__ import annotations

import logging
import math
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from _thread import interrupt_main
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from importlib import import_module
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from kbvr.errors import KbvrError
from kbvr.system.atomic_file import remove_unfinished
from kbvr.system.isolated_process import IDLE_EXIT, Request, Response, receive, send

IDLE_S = 60.0
UNWIND_S = 0.6
"""Time that the main thread has to remove what it was writing, unless it is in compiled code."""

ORPHAN_S = 5
"""Time after a request's limit at which the process ends even if its parent has been killed."""

MARGIN_BYTES = 64 * 2**20
"""Memory that a call gets beyond what the process holds, even above its limit, so that it can say what it needs."""

MEMORY_FILE = Path("/proc/self/statm")
"""On Linux, its sixth number is the pages of data and stack of this process."""

_is_busy, _is_left = threading.Event(), threading.Event()
"""Whether a request is being worked on, and whether the parent has closed the pipe."""


def serve(preloaded: str) -> None:
    """Answer requests from stdin on stdout, until stdin ends or no request comes for `IDLE_S`; never return."""
    requests, answers = os.fdopen(os.dup(0), "rb", buffering=0), os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)  # C libraries print on stdout too
    sys.stdout = sys.stderr
    if preloaded:
        import_module(preloaded)
    queue: SimpleQueue[Request] = SimpleQueue()
    threading.Thread(target=_fetch, args=(requests, queue), daemon=True).start()
    send(answers, None)  # ready
    while True:
        try:
            request = queue.get(timeout=IDLE_S)
        except Empty:
            os._exit(IDLE_EXIT)
        _is_busy.set()
        try:
            send(answers, _response(request))
        except KeyboardInterrupt:  # what was unfinished has been removed on the way here
            if not _is_left.is_set():
                raise
            os._exit(0)
        _is_busy.clear()


def _fetch(requests: Any, queue: SimpleQueue[Request]) -> None:
    """Queue requests; end the process at once when the parent closes the pipe."""
    try:
        while True:
            queue.put(receive(requests))
    except (EOFError, OSError):
        _is_left.set()
        if _is_busy.is_set():
            interrupt_main()  # it may be writing, and would make a file again that is removed from here
            time.sleep(UNWIND_S)
        remove_unfinished()
        os._exit(0)


def _response(request: Request) -> Response:
    module, name = request.function.split(":")
    with _logged(request.log_level) as records:
        try:
            with _limited(request.max_bytes), _alarm(request.limit_s), _working_in(request.folder):
                value = getattr(import_module(module), name)(*request.arguments)
            return Response(value, records=tuple(records))
        except Exception as error:  # noqa: BLE001  the parent raises it
            return Response(error=_sendable(error), records=tuple(records))


@contextmanager
def _logged(level: int) -> Iterator[list[logging.LogRecord]]:
    """Yield a list that receives kbvr's log records, as plain text."""
    records: list[logging.LogRecord] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            plain = copy(record)  # others get the record as it is
            plain.msg, plain.args, plain.exc_info = record.getMessage(), None, None
            records.append(plain)

    collector, logger = Collector(), logging.getLogger("kbvr")
    logger.addHandler(collector)
    logger.propagate = False
    logger.setLevel(level)
    try:
        yield records
    finally:
        logger.removeHandler(collector)


@contextmanager
def _limited(max_bytes: int | None) -> Iterator[None]:
    """Limit the memory of this process, which may still hold memory of earlier calls."""
    if max_bytes is None or sys.platform != "linux":
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    least = 0
    with suppress(OSError):  # some sandboxes have no /proc
        least = int(MEMORY_FILE.read_text("ascii").split()[5]) * resource.getpagesize() + MARGIN_BYTES
    finite = [limit for limit in (max(max_bytes, least), soft, hard, sys.maxsize) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(finite), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


@contextmanager
def _alarm(limit_s: float) -> Iterator[None]:
    """Let the system end this process some seconds after the time limit, in case the parent has been killed."""
    alarm: Callable[[int], int] = getattr(signal, "alarm", lambda _: 0)  # Windows has none
    alarm(math.ceil(limit_s) + ORPHAN_S)
    try:
        yield
    finally:
        alarm(0)


@contextmanager
def _working_in(folder: str | None) -> Iterator[None]:
    """Resolve relative paths as the parent does; if its folder has been removed, they do not resolve there either."""
    home = Path.cwd()
    if folder is not None:
        with suppress(OSError):
            os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(home)


def _sendable(error: Exception) -> Exception:
    """Return an exception that can be pickled; a bug carries its traceback as a note."""
    if not isinstance(error, KbvrError | MemoryError):
        error.add_note("".join(traceback.format_exception(error)).rstrip())
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  our own
    except Exception:  # noqa: BLE001  pickling can fail in any way
        plain = RuntimeError(f"{type(error).__name__}: {error}")
        for note in getattr(error, "__notes__", ()):
            plain.add_note(note)
        return plain
    return error
