"""A Dask scheduler and its workers on the loopback address, as a site runs them: processes that can be lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

LOOPBACK = "127.0.0.1"
LIMIT_S = 60.0


class DaskSite:
    """One scheduler and any number of workers; all end with `close`."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        """Choose a port; start nothing yet."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._environment = folder, {**os.environ, **(environment or {})}
        self._port = free_port()
        self.address = f"tcp://{LOOPBACK}:{self._port}"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler: subprocess.Popen[bytes] | None = None

    def start_scheduler(self) -> None:
        """Start the scheduler, always at the same address, and wait until it answers."""
        place = ("--host", LOOPBACK, "--port", str(self._port), "--dashboard-address", f"{LOOPBACK}:0")
        self.scheduler = self._started("scheduler", "dask_scheduler", *place, environment={})
        wait_until(self._is_listening)

    def start_worker(self, *options: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start a worker, by default with one thread."""
        name = f"worker-{len(self.workers)}"
        place = (self.address, "--host", LOOPBACK, "--local-directory", str(self._folder), "--name", name)
        command = ("dask_worker", *place, *(options or ("--nthreads", "1", "--no-nanny")))
        self.workers.append(self._started(name, *command, environment=environment or {}))
        return self.workers[-1]

    def wait_for_workers(self) -> None:
        """Wait until the scheduler knows all workers."""
        for number in range(len(self.workers)):
            log = self._folder / f"worker-{number}.log"
            wait_until(lambda log=log: "Registered to" in log.read_text("utf-8"))

    def close(self) -> None:
        """End everything, with all children."""
        for process in [*self.workers, *([self.scheduler] if self.scheduler else [])]:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _is_listening(self) -> bool:
        with suppress(OSError), socket.create_connection((LOOPBACK, self._port), 1):
            return True
        return False

    def _started(
        self, name: str, module: str, *arguments: str, environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        with (self._folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", "--no-dashboard", *arguments],
                env={**self._environment, **environment},
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,
            )


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as one:
        one.bind((LOOPBACK, 0))
        port: int = one.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
    """Wait until something holds; fail at the limit."""
    end_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end_s, "it does not happen"
        time.sleep(0.05)
