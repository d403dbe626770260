"""Libraries leave the priority of threads as it was."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

import pytest

from kbvr.system import priority
from kbvr.system.priority import kept_priority

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these policies")


def raised() -> None:
    """Change the policy of this thread, to one that everybody may choose."""
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def test_this_thread_and_new_ones_get_the_policy_back_that_this_one_had():
    """Also after an error; others keep theirs."""
    end, is_up, ids = threading.Event(), threading.Event(), []

    def wait() -> None:
        ids.append(threading.get_native_id())
        raised()
        is_up.set()
        end.wait()

    def started() -> threading.Thread:
        is_up.clear()
        thread = threading.Thread(target=wait)
        thread.start()
        is_up.wait()
        return thread

    own = os.sched_getscheduler(0)
    assert own != os.SCHED_BATCH
    threads = [started()]
    with suppress(KeyError), kept_priority():
        raised()
        threads.append(started())
        raise KeyError
    policies = [os.sched_getscheduler(thread) for thread in (0, *ids)]
    end.set()
    for thread in threads:
        thread.join()
    assert policies == [own, os.SCHED_BATCH, own]


def test_this_thread_is_seen_to_without_proc(monkeypatch, tmp_path):
    """Some sandboxes have no /proc."""
    monkeypatch.setattr(priority, "TASKS", tmp_path / "none")
    own = os.sched_getscheduler(0)
    with kept_priority():
        raised()
    assert os.sched_getscheduler(0) == own
