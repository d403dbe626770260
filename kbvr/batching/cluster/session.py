"""A batch's connection to a Dask scheduler: photos are sent to workers, and sent again when those are lost."""

from __future__ import annotations

import asyncio
import logging
import pickle
import secrets
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

from distributed import Client

from kbvr.batching.cluster.dispatch import MAX_TRIES, Dispatch, Flight, RemoteWorker
from kbvr.batching.cluster.messages import Made, Terms
from kbvr.batching.cluster.roster import LOST, Roster, Target
from kbvr.batching.cluster.worker import end_batch, make_photo
from kbvr.batching.make import BatchStoppedError
from kbvr.batching.photo_hash import photo_sha256
from kbvr.batching.task import PhotoResult
from kbvr.batching.worker_process import failed_result
from kbvr.errors import InputError, escaped, shortened
from kbvr.system.isolated_process import EndedError, NotStartedError

POLL_S, WORKERS_A_SECOND = 1.0, 200
"""Workers are looked at once a second, less often when there are many."""

CONNECT_LIMIT_S, ANSWER_LIMIT_S, CLOSE_LIMIT_S = 30.0, 10.0, 5.0
RETRY_S = 1.0
PROBE_LIMIT_S = 30.0
"""Workers that are busy with the work of others may answer later."""

DEADLINE_LIMITS, DEADLINE_GRACE_S = 2.0, 180.0
"""A worker ends a photo at its limit, but the photo may have waited for memory or for a process to start: one that has
not ended after so many limits and this time is stuck, for example in a network file system that does not answer."""

MAX_UNREAD = 3
"""A worker that cannot read this many photos in a row, which this machine can read, lacks their folder."""

WORKERS_FAULT = (EndedError, NotStartedError)
_log = logging.getLogger(__name__)


class SchedulerLostError(Exception):
    """The scheduler does not answer."""


class Session:
    """Sends photos to the workers of a scheduler. All its methods run in one event loop."""

    def __init__(self, target: Target, deliver: Callable[[PhotoResult], None]) -> None:
        """Connect to nothing yet; results are given to `deliver`."""
        self._target, self._deliver = target, deliver
        self._batch = secrets.token_hex(8)
        self.changed = asyncio.Event()
        self.dispatch = Dispatch()
        self._roster = Roster(target, self.dispatch, self._batch, self.changed.set)
        self._client: Client | None = None
        self._next_poll_s, self._sent = 0.0, 0
        self._error: Exception | None = None
        self._bait: Any = None

    async def start(self) -> None:
        """Connect, and look at the workers that are there.

        Raises:
            InputError: if the scheduler does not answer, or none of the workers can be used.
            OutputError: if the output folder cannot be written.
        """
        target = self._target
        try:
            self._client = await connected(target, min(CONNECT_LIMIT_S, target.scheduler_limit_s))
            await asyncio.to_thread(self._roster.ask)
            await self._poll()
        except SchedulerLostError as error:
            raise InputError(f"expected a Dask scheduler at {target.address}, got no answer ({error})") from error
        await self._roster.asked(PROBE_LIMIT_S)
        if self._roster.error is not None:
            raise self._roster.error
        if not self.dispatch.workers:
            _log.warning("the scheduler at %s has no workers yet; waiting for them", target.address)

    async def step(self) -> None:
        """Send photos to workers that are free, then wait until something happens; see to lost workers.

        Raises:
            InputError: if no worker can be used any more, or the scheduler does not come back.
            BatchStoppedError: if no photo's outputs can be written any more.
        """
        try:
            self._send()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.changed.wait(), POLL_S)
            self.changed.clear()
            if monotonic() >= self._next_poll_s:
                await self._poll()
        except SchedulerLostError as error:
            await self._reconnect(error)
        problem = self._error or self._roster.error
        if problem is not None:
            raise problem

    async def close(self) -> None:
        """End the photos in progress."""
        self._roster.close()
        self._abandon(self.dispatch.flights)
        client, self._client = self._client, None
        if client is not None:
            if client.status == "running":
                workers = [worker.address for worker in self.dispatch.usable]
                with suppress(*LOST):
                    ending = client.run(end_batch, self._batch, workers=workers, on_error="ignore")
                    await asyncio.wait_for(ending, CLOSE_LIMIT_S)
            await _closed(client)
        await asyncio.to_thread(self._roster.clean)

    def _send(self) -> None:
        """Give photos to workers."""
        client = self._client
        if client is None or client.status != "running":
            raise SchedulerLostError("the connection was lost")
        self._abandon(list(self.dispatch.move_to_idle()))
        for flight, worker in self.dispatch.assign(monotonic()):
            flight.call = asyncio.ensure_future(self._made(client, flight, worker))

    async def _made(self, client: Client, flight: Flight, worker: RemoteWorker) -> None:
        """Let a worker make a photo, and see to its result."""
        target = self._target
        terms = Terms(self._batch, worker.slots, worker.gpus, target.photo_limit_s, target.max_bytes, target.folder)
        self._sent += 1
        future = client.submit(
            make_photo,
            pickle.dumps(flight.task),
            terms,
            key=f"kbvr-{self._batch}-{self._sent}",
            workers=[worker.address],
            resources={"GPU": 1} if worker.gpus else None,
            fifo_timeout=0,  # in the order in which they are sent
            pure=False,
        )
        try:
            await self._ended(flight, worker, await future)
        except LOST as error:
            if client.status == "running" and self.dispatch.workers.get(worker.address) is worker:
                self._lost(flight, f"worker {worker.address} lost it ({_one_line(error)})")
        except WORKERS_FAULT as error:
            self._lost(flight, f"worker {worker.address} could not make it: {_one_line(error)}")
        except BatchStoppedError as error:
            if not self.dispatch.requeue(flight):
                self._error = error
        except Exception as error:  # noqa: BLE001  a bug in one photo does not stop the others
            text = f"this is a bug in kbvr: {_one_line(error)}"
            details = "".join(traceback.format_exception(error))
            self._deliver_end(flight, replace(failed_result(flight.task, text), is_bug=True, traceback=details))
        finally:
            future.release()
            self.changed.set()

    async def _ended(self, flight: Flight, worker: RemoteWorker, made: Made) -> None:
        """Deliver a result, unless it is the worker's fault that the photo cannot be read."""
        address = flight.task.source.address
        if not made.is_reachable and await asyncio.to_thread(photo_sha256, Path(address)) != "":
            worker.unread += 1
            text = f"worker {worker.address} cannot read {address}, which this machine can read"
            if worker.unread >= MAX_UNREAD:
                self._roster.refuse(worker, "photos", text)
            self._lost(flight, text)
        else:
            worker.unread = 0
            self._deliver_end(flight, made.result)

    def _deliver_end(self, flight: Flight, result: PhotoResult) -> None:
        self.dispatch.end(flight)
        self._deliver(result)

    def _lost(self, flight: Flight, how: str) -> None:
        """Have a photo made by another worker, or set it aside."""
        if not self.dispatch.requeue(flight):
            self._deliver(failed_result(flight.task, f"set aside after {MAX_TRIES} tries: {how}"))

    async def _poll(self) -> None:
        """See which workers there are, and whether photos take too long."""
        client = self._client
        try:
            if client is None or client.status != "running":
                raise SchedulerLostError("the connection was lost")
            info = await asyncio.wait_for(client.scheduler.identity(), ANSWER_LIMIT_S)
        except LOST as error:
            raise SchedulerLostError(_one_line(error)) from error
        self._next_poll_s = monotonic() + max(POLL_S, len(info["workers"]) / WORKERS_A_SECOND)
        for worker in self._roster.update(client, info["workers"]):
            flights, aside = self.dispatch.empty(worker)
            self._abandon(flights)
            how = "has been silent" if worker.is_silent else "was lost"
            for flight in aside:
                text = f"set aside after {MAX_TRIES} tries: worker {worker.address} {how} while making it"
                self._deliver(failed_result(flight.task, text))
        limit_s = DEADLINE_LIMITS * self._target.photo_limit_s + DEADLINE_GRACE_S
        for flight in self.dispatch.overdue(monotonic(), limit_s):
            self._stuck(flight, limit_s)
        self._call_for_workers(client)

    def _stuck(self, flight: Flight, limit_s: float) -> None:
        """Have a photo made by another worker, because this one has not ended it at its limit."""
        worker = flight.worker
        assert worker is not None
        worker.slots -= 1
        self._abandon([flight])
        _log.warning("worker %s has been stuck with %s for %.0f s", worker.address, flight.task.source.address, limit_s)
        self._lost(flight, f"worker {worker.address} did not end it within {limit_s:.0f} s")

    def _call_for_workers(self, client: Client) -> None:
        """Show a cluster that starts workers for waiting tasks that there is work."""
        if self.dispatch.workers:
            self._bait = None
        elif self._bait is None:
            self._bait = client.submit(end_batch, "", key=f"kbvr-{self._batch}-bait", pure=False)

    def _abandon(self, flights: list[Flight]) -> None:
        """Wait no longer for the results of photos."""
        for flight in flights:
            if flight.call is not None:
                flight.call.cancel()
                flight.call = None

    async def _reconnect(self, cause: SchedulerLostError) -> None:
        """Wait for the scheduler; the photos in progress are sent again."""
        target = self._target
        _log.warning(
            "the scheduler at %s was lost (%s); waiting for it for up to %.0f s",
            *(target.address, cause, target.scheduler_limit_s),
        )
        self._abandon(self.dispatch.forgive())
        self._roster.close()
        self._bait = None
        if self._client is not None:
            await _closed(self._client)
        end_s = monotonic() + target.scheduler_limit_s
        while True:
            try:
                self._client = await connected(target, max(RETRY_S, end_s - monotonic()))
                await self._poll()
            except SchedulerLostError as error:
                if monotonic() >= end_s:
                    raise InputError(
                        f"the scheduler at {target.address} was lost {target.scheduler_limit_s:.0f} s ago and has not "
                        "come back; the same command resumes the batch"
                    ) from error
            else:
                return


async def connected(target: Target, limit_s: float) -> Client:
    """Return a connection to the scheduler.

    Raises:
        SchedulerLostError: if there is none within the limit.
        InputError: if certificates are missing or do not fit.
    """
    end_s = monotonic() + limit_s
    while True:
        left_s = max(RETRY_S, min(ANSWER_LIMIT_S, end_s - monotonic()))
        client = None
        try:
            client = Client(
                target.address, asynchronous=True, set_as_default=False, security=target.security, timeout=left_s
            )
            return await client
        except Exception as error:
            if client is not None:
                await _closed(client)
            if not isinstance(error, OSError | TimeoutError):  # such as a certificate that does not fit
                raise InputError(f"cannot connect to {target.address}: {_one_line(error)}") from error
            if monotonic() >= end_s:
                raise SchedulerLostError(_one_line(error)) from error
            await asyncio.sleep(RETRY_S)


async def _closed(client: Client) -> None:
    with suppress(*LOST):
        await asyncio.wait_for(client.close(timeout=CLOSE_LIMIT_S), CLOSE_LIMIT_S)


def _one_line(error: BaseException) -> str:
    return shortened(escaped(str(error).strip().partition("\n")[0] or type(error).__name__))
