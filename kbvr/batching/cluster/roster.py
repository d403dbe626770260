"""The workers of a cluster: which ones there are, which ones can be used, and which ones are lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from time import monotonic
from typing import Any

from distributed import Client
from distributed.client import FutureCancelledError
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker, NoValidWorkerError

from kbvr.batching.cluster.dispatch import Dispatch, RemoteWorker
from kbvr.batching.cluster.messages import Probe
from kbvr.batching.cluster.worker import answer_probe
from kbvr.batching.places import place_of
from kbvr.errors import InputError

LOST = (FutureCancelledError, KilledWorker, NoValidWorkerError, CommClosedError, TimeoutError, OSError)
"""What Dask raises for a call whose worker or scheduler is lost."""

SCHEDULER_LACKS = "deserialization of the task graph"
"""In Dask's message if the scheduler cannot import what it is to pass on."""

FIRST = 100
"""Priority of a question to a worker that has photos to make."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """The scheduler, and what its workers are to make."""

    address: str
    security: Any
    """Certificates of a cluster that was started for the batch; None for those of Dask's configuration."""

    out: str
    uses_gpu: bool
    """Whether a worker's GPUs, rather than its threads, limit the number of photos."""

    requires_gpu: bool
    max_bytes: int | None
    """Memory for the photos of a worker together; None if all that it has is free."""

    folder: str
    """Relative paths in options start here."""

    photo_limit_s: float
    worker_limit_s: float
    scheduler_limit_s: float


class Roster:
    """Keeps the workers of a `Dispatch` up to date."""

    def __init__(self, target: Target, dispatch: Dispatch, batch: str, on_change: Callable[[], None]) -> None:
        self._target, self._dispatch, self._on_change = target, dispatch, on_change
        self.question = f".kbvr/probe-{batch}"
        self._content = batch.encode()
        self._probes: set[asyncio.Task[None]] = set()
        self._asked, self._said = 0, set[str]()
        self.error: InputError | None = None
        """Why no worker can be used."""

    def update(self, client: Client, described: Mapping[str, Any]) -> list[RemoteWorker]:
        """Take over the scheduler's list of workers; return those that are lost, for now or for good."""
        workers, lost = self._dispatch.workers, []
        for address, worker in list(workers.items()):
            if address not in described or described[address]["local_directory"] != worker.folder:
                lost.append(workers.pop(address))
            elif self._falls_silent(worker, described[address]):
                lost.append(worker)
        for address, facts in described.items():
            if address not in workers:
                workers[address] = self._joined(client, address, facts)
        if self._target.requires_gpu and any(worker.gpus for worker in workers.values()):
            for worker in workers.values():
                worker.slots = worker.slots if worker.gpus else 0
        return lost

    def refuse(self, worker: RemoteWorker, cause: str, text: str) -> None:
        """Give a worker no photos any more; the first one is reported for each cause, and all together are an error."""
        worker.is_refused = True
        if all(one.is_refused for one in self._dispatch.workers.values()):
            self.error = InputError(text)
        elif cause not in self._said:
            self._said.add(cause)
            _log.warning("%s; such workers make no photos", text)
        self._on_change()

    async def asked(self, limit_s: float) -> None:
        """Wait until all workers have answered."""
        if self._probes:
            await asyncio.wait(self._probes, timeout=limit_s)

    def close(self) -> None:
        """Ask no more questions."""
        for probe in self._probes:
            probe.cancel()

    def _falls_silent(self, worker: RemoteWorker, facts: Mapping[str, Any]) -> bool:
        now_s = monotonic()
        worker.is_paused = facts["status"] != "running"
        if facts["last_seen"] != worker.heartbeat_s:
            worker.heartbeat_s, worker.heard_s, worker.is_silent = facts["last_seen"], now_s, False
        elif not worker.is_silent and now_s - worker.heard_s > self._target.worker_limit_s:
            worker.is_silent = True
            _log.warning(
                "worker %s has been silent for %.0f s; others make its photos", worker.address, now_s - worker.heard_s
            )
            return True
        return False

    def _joined(self, client: Client, address: str, facts: Mapping[str, Any]) -> RemoteWorker:
        gpus = int(facts["resources"].get("GPU", 0)) if self._target.uses_gpu else 0
        worker = RemoteWorker(address, facts["local_directory"], gpus or facts["nthreads"], gpus)
        worker.heartbeat_s, worker.heard_s = facts["last_seen"], monotonic()
        probe = asyncio.ensure_future(self._probe(client, worker))
        self._probes.add(probe)
        probe.add_done_callback(self._probes.discard)
        return worker

    async def _probe(self, client: Client, worker: RemoteWorker) -> None:
        """Find out whether a worker has this version of kbvr, and access to the output folder."""
        self._asked += 1
        probe = Probe(self._target.out, self.question, f"{self.question}-{self._asked}")
        future = client.submit(
            answer_probe, probe, key=f"kbvr-{probe.answer}", workers=[worker.address], priority=FIRST, pure=False
        )
        ours = version("kbvr")
        try:
            theirs, problem = await future
        except LOST:
            return  # `update` takes note of it
        except Exception as error:  # noqa: BLE001  whatever another version, or none, raises
            reason = str(error.__cause__ or error)
            place = "the scheduler" if SCHEDULER_LACKS in str(error) else f"worker {worker.address}"
            self.refuse(worker, "version", f"expected kbvr {ours} on {place}, got an error: {reason}")
            return
        if theirs != ours:
            self.refuse(worker, "version", f"expected kbvr {ours} on worker {worker.address}, got {theirs}")
        elif problem:
            text = f"worker {worker.address} has no access to the output folder {self._target.out}: {problem}"
            self.refuse(worker, "access", text)
        elif not await asyncio.to_thread(self._is_answered, probe.answer):
            text = (
                f"worker {worker.address} has another folder {self._target.out} than this machine; "
                "the output folder must be on a file system that they share, or a URL"
            )
            self.refuse(worker, "access", text)
        else:
            worker.is_ready = True
        self._on_change()

    def _is_answered(self, path: str) -> bool:
        place = place_of(self._target.out)
        content = place.read(path)
        with suppress(OSError):
            place.remove(path)
        return content == self._content

    def ask(self) -> None:
        """Write the file that workers copy."""
        place_of(self._target.out).write(self.question, self._content)

    def clean(self) -> None:
        """Remove that file."""
        with suppress(OSError):
            place_of(self._target.out).remove(self.question)
