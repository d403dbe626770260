"""Decide which worker of a cluster makes which photo, and what becomes of the photos of lost workers.

Pure bookkeeping: `session` speaks to Dask. A photo is given to one worker only, so that Dask never starts it
elsewhere on its own: it would count the losses of photos that only waited.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from kbvr.batching.task import Task

PHOTOS_A_SLOT = 2
"""One is made, and one waits, so that no worker waits for the client."""

MAX_TRIES = 3


@dataclass(eq=False)
class Flight:
    """A photo between being taken from the batch and its result."""

    task: Task
    tries: int = 0
    """How often it was lost while it was being made."""

    avoided: set[str] = field(default_factory=set)
    """Addresses of the workers that lost it."""

    worker: RemoteWorker | None = None
    started_s: float | None = None
    """When its worker began with it."""

    call: Any = None
    """What waits for its result."""


@dataclass(eq=False)
class RemoteWorker:
    """A worker of the cluster."""

    address: str
    folder: str
    """Its own folder for temporary files: a worker that was restarted under the same address has another one."""

    slots: int
    """How many photos it makes at the same time; 0 if it cannot be used."""

    gpus: int = 0
    """How many GPUs it declares."""

    is_ready: bool = False
    """Whether it has shown that it has kbvr, and access to the output folder."""

    is_refused: bool = False
    """Whether it has shown the contrary."""

    is_silent: bool = False
    is_paused: bool = False
    """Whether Dask holds it back, because its memory is short or it is about to end."""

    unread: int = 0
    """Photos in a row that this machine can read and the worker cannot."""

    heartbeat_s: float = 0.0
    """The time of its last sign of life, by the scheduler's clock."""

    heard_s: float = 0.0
    """When that last changed, by this machine's clock."""

    flights: list[Flight] = field(default_factory=list)
    """Its photos; the first `slots` are being made, in this order."""

    @property
    def is_usable(self) -> bool:
        """Whether it is given photos."""
        return self.is_ready and not (self.is_refused or self.is_silent or self.is_paused) and self.slots > 0

    @property
    def making(self) -> list[Flight]:
        """The photos that are being made."""
        return self.flights[: self.slots]

    @property
    def has_suspect(self) -> bool:
        """Whether it makes a photo that was lost before, which it does alone."""
        return any(flight.tries for flight in self.flights)


class Dispatch:
    """The photos in progress and their workers."""

    def __init__(self) -> None:
        self.workers: dict[str, RemoteWorker] = {}
        self._ready, self._suspects = deque[Flight](), deque[Flight]()

    @property
    def usable(self) -> list[RemoteWorker]:
        """The workers that are given photos."""
        return [worker for worker in self.workers.values() if worker.is_usable]

    @property
    def flights(self) -> list[Flight]:
        """All photos that workers have."""
        return [flight for worker in self.workers.values() for flight in worker.flights]

    @property
    def has_waiting(self) -> bool:
        """Whether photos wait for a worker."""
        return bool(self._ready or self._suspects)

    @property
    def is_empty(self) -> bool:
        """Whether no photo is in progress."""
        return not self.has_waiting and not any(worker.flights for worker in self.workers.values())

    @property
    def room(self) -> int:
        """How many more photos the workers can be given; negative when workers were lost."""
        held = len(self._ready) + len(self._suspects)
        return sum(PHOTOS_A_SLOT * worker.slots - len(worker.flights) for worker in self.usable) - held

    def add(self, task: Task) -> None:
        """Take a photo of the batch."""
        self._ready.append(Flight(task))

    def assign(self, now_s: float) -> Iterator[tuple[Flight, RemoteWorker]]:
        """Give photos to workers, those that were lost before to workers of their own, and yield what was given."""
        kept = None
        while self._suspects:
            worker = _best([one for one in self.usable if not one.flights], self._suspects[0])
            if worker is None:  # the least busy one gets no other photo until it is free
                kept = _best([one for one in self.usable if not one.has_suspect], self._suspects[0])
                break
            yield self._give(self._suspects.popleft(), worker)
        while self._ready:
            open_to_it = [
                one
                for one in self.usable
                if one is not kept and not one.has_suspect and len(one.flights) < PHOTOS_A_SLOT * one.slots
            ]
            worker = _best(open_to_it, self._ready[0])
            if worker is None:
                break
            yield self._give(self._ready.popleft(), worker)
        self._start(now_s)

    def move_to_idle(self) -> Iterator[Flight]:
        """Take waiting photos from busy workers while others are idle, and yield them for `assign`."""
        usable = self.usable
        idle = sum(max(0, one.slots - len(one.flights)) for one in usable if not one.has_suspect)
        waiting = sorted((one for one in usable if len(one.flights) > one.slots), key=_load, reverse=True)
        for worker in waiting[: 0 if self.has_waiting else idle]:
            flight = worker.flights.pop()
            self._ready.append(flight)
            yield flight

    def end(self, flight: Flight) -> None:
        """Take a photo from its worker, because its result has come."""
        if flight.worker is not None:
            flight.worker.flights.remove(flight)
            flight.worker = None

    def requeue(self, flight: Flight) -> bool:
        """Take a photo that is being made from a worker that cannot make it; return whether it is tried again."""
        assert flight.worker is not None
        flight.avoided.add(flight.worker.address)
        flight.tries += 1
        self.end(flight)
        is_tried_again = flight.tries < MAX_TRIES
        if is_tried_again:
            self._suspects.append(flight)
        return is_tried_again

    def empty(self, worker: RemoteWorker) -> tuple[list[Flight], list[Flight]]:
        """Take all photos from a lost worker; return them, and those among them that are not tried again."""
        taken, making = list(worker.flights), worker.making
        for flight in [one for one in reversed(taken) if one not in making]:
            self.end(flight)
            (self._suspects if flight.tries else self._ready).appendleft(flight)
        return taken, [flight for flight in making if not self.requeue(flight)]

    def forgive(self) -> list[Flight]:
        """Take all photos from all workers, because the scheduler was lost; return them."""
        taken = self.flights
        for flight in reversed(taken):
            self.end(flight)
            (self._suspects if flight.tries else self._ready).appendleft(flight)
        self.workers.clear()
        return taken

    def overdue(self, now_s: float, limit_s: float) -> Iterable[Flight]:
        """Return the photos that have been made for longer than the limit."""
        return [
            flight for flight in self.flights if flight.started_s is not None and now_s - flight.started_s > limit_s
        ]

    def _give(self, flight: Flight, worker: RemoteWorker) -> tuple[Flight, RemoteWorker]:
        worker.flights.append(flight)
        flight.worker, flight.started_s = worker, None
        return flight, worker

    def _start(self, now_s: float) -> None:
        for worker in self.workers.values():
            for flight in worker.making:
                if flight.started_s is None:
                    flight.started_s = now_s


def _load(worker: RemoteWorker) -> float:
    return len(worker.flights) / worker.slots


def _best(workers: list[RemoteWorker], flight: Flight) -> RemoteWorker | None:
    """Return the least busy worker, if possible one that has not lost the photo before."""
    fresh = [worker for worker in workers if worker.address not in flight.avoided]
    return min(fresh or workers, key=_load, default=None)
