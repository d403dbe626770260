"""Which worker makes which photo, and what becomes of photos whose workers are lost: no Dask is needed to say so."""

from __future__ import annotations

from pathlib import Path

import pytest
from batching.small_photos import task
from hypothesis import given
from hypothesis import strategies as st

from kbvr.batching.cluster.dispatch import MAX_TRIES, PHOTOS_A_SLOT, Dispatch, Flight, RemoteWorker


def worker(name: str, slots: int = 2) -> RemoteWorker:
    return RemoteWorker(name, f"/tmp/{name}", slots, is_ready=True)


def dispatch(*workers: RemoteWorker, photos: int = 0) -> Dispatch:
    found = Dispatch()
    found.workers = {one.address: one for one in workers}
    for number in range(photos):
        found.add(task(Path(f"/photos/{number}.png"), Path("/out")))
    return found


def names(flights: list[Flight]) -> list[str]:
    return [flight.task.stem for flight in flights]


def lose(found: Dispatch, lost: RemoteWorker) -> list[Flight]:
    """Lose a worker for good; return the photos that are set aside."""
    del found.workers[lost.address]
    return found.empty(lost)[1]


def test_photos_are_shared_by_the_number_of_slots():
    """All get the same share of work."""
    small, large = worker("a", 1), worker("b", 3)
    found = dispatch(small, large, photos=8)
    assert found.room == PHOTOS_A_SLOT * 4 - 8
    assert len(list(found.assign(0.0))) == 8
    assert (len(small.flights), len(large.flights), found.room) == (2, 6, 0)


@given(st.lists(st.integers(1, 8), min_size=1, max_size=5), st.integers(0, 60))
def test_no_worker_gets_more_than_its_share(slots, photos):
    """What does not fit waits; nothing is lost."""
    workers = [worker(str(number), count) for number, count in enumerate(slots)]
    found = dispatch(*workers, photos=photos)
    given_out = list(found.assign(0.0))
    assert all(len(one.flights) <= PHOTOS_A_SLOT * one.slots for one in workers)
    assert len(given_out) == min(photos, PHOTOS_A_SLOT * sum(slots))
    assert found.has_waiting == (photos > len(given_out))


@pytest.mark.parametrize("fault", ["is_silent", "is_paused", "is_refused"])
def test_workers_that_cannot_be_used_get_no_photos(fault):
    """Nor do those that have not answered the first question yet."""
    one, new = worker("a"), worker("new")
    setattr(one, fault, True)
    new.is_ready = False
    assert list(dispatch(one, new, photos=1).assign(0.0)) == []


def test_a_photo_that_only_waited_for_its_lost_worker_has_not_been_tried():
    """It is given out again at once, before photos that came later."""
    lost, other = worker("a", 1), worker("b", 1)
    found = dispatch(lost, photos=2)
    list(found.assign(0.0))
    found.workers["b"] = other
    found.add(task(Path("/photos/later.png"), Path("/out")))
    lose(found, lost)
    list(found.assign(0.0))  # "0" was being made, and gets a worker to itself
    assert names(other.flights) == ["0"] and other.flights[0].tries == 1
    found.end(other.flights[0])
    list(found.assign(0.0))
    assert names(other.flights) == ["1", "later"] and [flight.tries for flight in other.flights] == [0, 0]


def test_innocent_photos_survive_a_poisonous_one_on_a_single_worker():
    """All that were being made when the worker was lost are suspects; each is tried again alone."""
    found, aside, made, lives = dispatch(photos=6), [], [], 0
    while lives == 0 or found.has_waiting:
        lives += 1
        one = found.workers["w"] = worker("w", 3)
        list(found.assign(0.0))
        while one.making and "0" not in names(one.making):
            made += names([one.making[0]])
            found.end(one.making[0])
            list(found.assign(0.0))
        if one.making:
            aside += names(lose(found, one))
    assert aside == ["0"]
    assert sorted(made) == ["1", "2", "3", "4", "5"]
    assert lives == MAX_TRIES + 1


def test_a_suspect_goes_to_a_worker_that_has_not_lost_it():
    """If there is one."""
    first, second = worker("a", 1), worker("b", 1)
    found = dispatch(first, photos=1)
    list(found.assign(0.0))
    assert found.requeue(first.flights[0])
    found.workers["b"] = second
    list(found.assign(0.0))
    assert names(second.flights) == ["0"]


def test_a_busy_cluster_makes_room_for_a_suspect():
    """One worker gets no other photos until it is free."""
    only = worker("a", 2)
    found = dispatch(only, photos=20)
    list(found.assign(0.0))
    suspect = only.making[0]
    found.requeue(suspect)
    for _ in range(3):
        found.end(only.making[0])
        list(found.assign(0.0))
    assert only.flights == [suspect]


def test_idle_workers_take_waiting_photos_from_busy_ones():
    """At the end of a batch, or when a worker joins."""
    busy, idle = worker("a", 1), worker("b", 1)
    found = dispatch(busy, photos=2)
    list(found.assign(0.0))
    assert list(found.move_to_idle()) == []
    found.workers["b"] = idle
    assert names(list(found.move_to_idle())) == ["1"]
    list(found.assign(0.0))
    assert (names(busy.flights), names(idle.flights)) == (["0"], ["1"])
    assert list(found.move_to_idle()) == []


def test_time_counts_from_when_a_photo_is_made():
    """Not while it waits for its turn."""
    one = worker("a", 1)
    found = dispatch(one, photos=2)
    list(found.assign(0.0))
    assert names(list(found.overdue(11.0, 10.0))) == ["0"]
    found.end(one.flights[0])
    list(found.assign(11.0))
    assert names(list(found.overdue(20.0, 10.0))) == []
    assert names(list(found.overdue(22.0, 10.0))) == ["1"]


def test_a_lost_scheduler_counts_against_no_photo():
    """All are sent again, in their order."""
    one = worker("a", 2)
    found = dispatch(one, photos=4)
    list(found.assign(0.0))
    assert len(found.forgive()) == 4 and not found.workers
    found.workers["a"] = worker("a", 2)
    list(found.assign(0.0))
    flights = found.workers["a"].flights
    assert names(flights) == ["0", "1", "2", "3"] and not any(flight.tries for flight in flights)
