"""Undo and redo are exact and without limit, and survive kill -9 and damage."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbvr.studio.mending.box import Box
from kbvr.studio.mending.change import Change, DamagedChangeError, packed, unpacked
from kbvr.studio.mending.history import History

SHAPE = (12, 16)
START = np.linspace(0, 1, 192, dtype=np.float32).reshape(SHAPE)
WHOLE = Box(0, 0, 16, 12)


def changed(values: np.ndarray, number: int) -> np.ndarray:
    after = values.copy()
    row, column = number % 9, number % 13
    after[row : row + 3, column : column + 3] = number / 7
    return after


def opened(folder: Path, values=START, step: int = 0):
    return History.opened(folder / "history", values, step)


steps = st.lists(st.sampled_from(["do", "join", "undo", "redo"]), max_size=25)


@settings(max_examples=80)
@given(steps=steps, compacted=st.integers(0, 25), restarted=st.integers(0, 25))
def test_undo_and_redo_go_through_the_same_states(steps, compacted, restarted):
    """Against a list of all states, with the journal compacted and opened again at any time."""
    with tempfile.TemporaryDirectory() as folder:
        history, values, _ = opened(Path(folder))
        states, at = [START], 0
        for number, step in enumerate(steps, 1):
            if step in ("do", "join"):
                after = changed(values, number)
                change = Change.between(values, after, WHOLE)
                if change is None:
                    continue
                history.add(change, joins=step == "join")
                values = after
                joins = step == "join" and at > 0
                states = [*states[: at + (not joins)], after]
                at = len(states) - 1
            elif step == "undo":
                values, _ = history.undo(values)
                at = max(at - 1, 0)
            else:
                values, _ = history.redo(values)
                at = min(at + 1, len(states) - 1)
            assert np.array_equal(values, states[at])
            assert (history.can_undo, history.can_redo) == (at > 0, at < len(states) - 1)
            if number == compacted:
                history.compact()
            if number == restarted:
                history.close()
                history, values, note = opened(Path(folder), values, history.step)
                assert not note
        history.close()


def test_what_was_not_saved_is_done_again():
    """Kill -9: the journal has all steps, the depth on disk only the first ones."""
    with tempfile.TemporaryDirectory() as folder:
        history, values, _ = opened(Path(folder))
        for number in (1, 2, 3):
            after = changed(values, number)
            history.add(Change.between(values, after, WHOLE))
            values = after
        history.undo(values)
        wanted = changed(changed(START, 1), 2)
        for saved, step in ((START, 0), (changed(START, 1), 1), (values, 3), (wanted, 4)):
            again, newest, note = opened(Path(folder), saved, step)
            assert np.array_equal(newest, wanted)
            assert (again.step, again.can_redo, note) == (4, True, "")
            again.close()


def test_a_journal_can_be_cut_at_every_byte():
    """The steps before the cut can be undone, and nothing is raised."""
    with tempfile.TemporaryDirectory() as folder:
        history, values, _ = opened(Path(folder))
        states, ends = [START], [len((Path(folder) / "history").read_bytes())]
        for number in (1, 2, 3):
            after = changed(values, number)
            history.add(Change.between(values, after, WHOLE))
            values = after
            states.append(values)
            ends.append(len((Path(folder) / "history").read_bytes()))
        history.close()
        whole = (Path(folder) / "history").read_bytes()
        for length in range(len(whole) + 1):
            (Path(folder) / "history").write_bytes(whole[:length])
            again, newest, note = opened(Path(folder))
            known = sum(end <= length for end in ends) - 1
            assert np.array_equal(newest, states[max(known, 0)])
            assert bool(note) == (known < 0)
            assert again.can_undo == (known > 0)
            again.add(Change.between(newest, changed(newest, 5), WHOLE))
            again.close()


def test_a_journal_that_lacks_saved_steps_loses_the_history_and_not_the_depth():
    with tempfile.TemporaryDirectory() as folder:
        history, values, _ = opened(Path(folder))
        for number in (1, 2):
            after = changed(values, number)
            history.add(Change.between(values, after, WHOLE))
            values = after
        history.close()
        path = Path(folder) / "history"
        path.write_bytes(path.read_bytes()[:-3])
        again, newest, note = opened(Path(folder), values, 2)
        assert np.array_equal(newest, values)
        assert "cannot be undone any more" in note and "The depth itself is kept." in note
        assert not again.can_undo and again.step == 2
        assert (Path(folder) / "history.damaged").exists()
        again.close()


@given(position=st.floats(0, 1), bit=st.integers(0, 7))
@settings(max_examples=80)
def test_a_flipped_bit_is_noticed(position, bit):
    with tempfile.TemporaryDirectory() as folder:
        history, values, _ = opened(Path(folder))
        states = [START]
        for number in (1, 2, 3):
            after = changed(values, number)
            history.add(Change.between(values, after, WHOLE))
            values = after
            states.append(values)
        history.close()
        path = Path(folder) / "history"
        content = bytearray(path.read_bytes())
        content[min(int(position * len(content)), len(content) - 1)] ^= 1 << bit
        path.write_bytes(content)
        again, newest, _ = opened(Path(folder))
        assert any(np.array_equal(newest, state) for state in states)
        again.close()


def test_a_record_that_was_changed_is_not_followed():
    """It would still look like one."""
    with tempfile.TemporaryDirectory() as folder:
        history, values, _ = opened(Path(folder))
        after = changed(values, 1)
        history.add(Change.between(values, after, WHOLE))
        path = Path(folder) / "history"
        start = path.stat().st_size
        history.add(Change.between(after, changed(after, 2), WHOLE))
        history.close()
        content = path.read_bytes()
        path.write_bytes(content[:start] + b"J" + content[start + 1 :])
        again, newest, _ = opened(Path(folder))
        assert np.array_equal(newest, after)
        again.close()


def test_a_journal_of_another_size_is_not_used():
    with tempfile.TemporaryDirectory() as folder:
        opened(Path(folder))[0].close()
        other = np.zeros((5, 6), np.float32)
        history, newest, note = History.opened(Path(folder) / "history", other, 0)
        assert "16 x 12 pixels instead of 6 x 5" in note
        assert newest is other
        history.close()


def test_compacting_drops_what_nobody_can_reach():
    with tempfile.TemporaryDirectory() as folder:
        history, values, _ = opened(Path(folder))
        rng = np.random.default_rng(0)
        for _ in range(20):
            after = rng.random(SHAPE, np.float32)
            history.add(Change.between(values, after, WHOLE))
            values, _ = history.undo(after)
        before = (Path(folder) / "history").stat().st_size
        wasted = history.wasted_bytes
        history.compact()
        assert (Path(folder) / "history").stat().st_size < before / 10
        assert history.wasted_bytes < wasted / 10
        assert history.can_redo and not history.can_undo
        history.close()


def test_a_change_holds_only_what_has_changed():
    after = changed(START, 4)
    change = Change.between(START, after, WHOLE)
    assert change.box == Box(4, 4, 7, 7)
    assert Change.between(START, START, WHOLE) is None
    other = START + np.float32(1)
    undone = change.undone(other)
    assert np.array_equal(undone[4:7, 4:7], START[4:7, 4:7])
    assert np.array_equal(undone[:4], other[:4])


@given(length=st.integers(0, 400), seed=st.integers(0, 20))
def test_bytes_that_are_no_change_are_refused(length, seed):
    content = packed(Change.between(START, changed(START, 3), WHOLE))
    assert np.array_equal(unpacked(content, SHAPE).done(START), changed(START, 3))
    if length < len(content):
        with pytest.raises(DamagedChangeError):
            unpacked(content[:length], SHAPE)
    with pytest.raises(DamagedChangeError):
        unpacked(np.random.default_rng(seed).bytes(length), SHAPE)
    with pytest.raises(DamagedChangeError):
        unpacked(content, (3, 3))
