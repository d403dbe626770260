"""The editor of a project: what it does is undone, saved and found again, also after kill -9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mending_scenes import CENTRE, Opened, on_card, wrong_card
from scenes import card_before_wall

from kbvr.depth.read_placed import load_placed_depth
from kbvr.errors import InputError
from kbvr.studio.mending import mending as module
from kbvr.studio.mending.regions import Action
from kbvr.studio.mending.stroke import Brush

NEARER = Brush("nearer", 30, strength=1, hardness=1)
LINE = np.array([(45.0, 45, 1), (75, 55, 1)])


@pytest.fixture
def opened(tmp_path):
    project = Opened(tmp_path, *wrong_card())
    yield project
    project.mending.close()


def click(mending, how="new"):
    return mending.select(lambda selection, depth: selection.click(depth, CENTRE, how))


def waited(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def test_a_click_and_a_pull_bring_a_card_out_of_the_wall(opened):
    """What a newcomer does in the first minute."""
    before = opened.mending.inverse_depth
    click(opened.mending)
    patch = opened.mending.act("a", Action("move", 0.5))
    found = opened.mending.inverse_depth
    right = np.where(on_card(), 2 * before, before)
    assert np.mean(np.abs(found - right) > 1e-3) < 0.01
    assert patch.levels.shape == (patch.box.size_px[1], patch.box.size_px[0])
    np.testing.assert_allclose(patch.levels / 65535 * opened.mending.scale.highest, found[patch.box.slices], atol=1e-5)
    assert opened.project.is_mended and opened.changes == 1
    assert np.array_equal(opened.project.depth.inverse_depth, found)


def test_dragging_back_and_forth_is_one_step_from_where_it_began(opened):
    before = opened.mending.inverse_depth
    click(opened.mending)
    for factor in (0.9, 0.5, 3, 0.8):
        opened.mending.act("drag", Action("move", factor), is_last=factor == 0.8)
    assert opened.mending.inverse_depth[50, 60] == pytest.approx(before[50, 60] / 0.8)
    opened.mending.undo()
    assert np.array_equal(opened.mending.inverse_depth, before)
    assert not opened.mending.can_undo


def test_another_stroke_ends_the_one_that_goes_on(opened):
    """Two tabs: each stroke is a step of its own."""
    before = opened.mending.inverse_depth
    opened.mending.stroke("one tab", NEARER, LINE, is_last=False)
    first = opened.mending.inverse_depth.copy()
    opened.mending.stroke("another tab", NEARER, LINE[:1], is_last=False)
    opened.mending.stroke("one tab", NEARER, LINE[:1], is_last=True)
    for _ in range(2):
        opened.mending.undo()
    assert np.array_equal(opened.mending.inverse_depth, first)
    opened.mending.undo()
    assert np.array_equal(opened.mending.inverse_depth, before)


def test_a_long_stroke_that_was_written_in_pieces_is_one_step(opened, monkeypatch):
    monkeypatch.setattr(module, "JOURNAL_EVERY_S", 0.0)
    before = opened.mending.inverse_depth
    for x in (42, 50, 60, 70):
        opened.mending.stroke("a", NEARER, np.array([(x, 50.0, 1)]), is_last=x == 70)
    after = opened.mending.inverse_depth
    opened.mending.undo()
    assert np.array_equal(opened.mending.inverse_depth, before)
    opened.mending.redo()
    assert np.array_equal(opened.mending.inverse_depth, after)


def test_what_is_protected_never_changes(opened):
    click(opened.mending)
    opened.mending.protect(is_protected=True)
    before = opened.mending.inverse_depth
    opened.mending.stroke("a", NEARER, LINE, is_last=True)
    opened.mending.act("b", Action("infinity"))
    opened.mending.replace_by(lambda depth: depth + 1)
    inside = opened.mending.protected
    assert inside.sum() > 1000
    assert np.array_equal(opened.mending.inverse_depth[inside], before[inside])
    assert (opened.mending.inverse_depth[~inside] != before[~inside]).any()
    again = opened.again()
    assert np.array_equal(again.mending.protected, inside)
    again.mending.select(lambda selection, _: selection.clear())
    again.mending.protect(is_protected=False)
    assert not again.mending.has_protected
    again.mending.close()


def test_a_brush_can_be_kept_inside_the_selection(opened):
    inside = click(opened.mending)
    before = opened.mending.inverse_depth
    wide = Brush("nearer", 50, hardness=1, follows_edges=False)
    opened.mending.stroke("a", wide, LINE, is_last=True, is_within_selection=True)
    changed = opened.mending.inverse_depth != before
    assert changed[inside].all() and not changed[~inside].any()


def test_resetting_returns_to_the_automatic_depth_and_can_be_undone(opened):
    opened.mending.stroke("a", NEARER, LINE, is_last=True)
    mended = opened.mending.inverse_depth
    opened.mending.reset()
    assert np.array_equal(opened.mending.inverse_depth, opened.automatic.inverse_depth)
    assert not opened.project.is_mended
    opened.mending.undo()
    assert np.array_equal(opened.mending.inverse_depth, mended)
    assert opened.project.is_mended


def test_the_depth_is_saved_shortly_after_a_change(opened):
    opened.mending.stroke("a", NEARER, LINE, is_last=True)
    waited((opened.folder / "depth.png").exists, 2.0)
    found = load_placed_depth(opened.folder / "depth.png", opened.photo)
    wanted = opened.mending.inverse_depth
    assert np.abs(found.inverse_depth - wanted).max() <= np.ptp(wanted) / 65535


def test_a_depth_from_which_all_was_undone_is_not_kept(opened):
    """An unmended project exports as the photo alone does."""
    opened.mending.stroke("a", NEARER, LINE, is_last=True)
    opened.mending.flush()
    assert (opened.folder / "depth.png").exists()
    opened.mending.undo()
    opened.mending.flush()
    assert not (opened.folder / "depth.png").exists()
    again = opened.again()
    assert again.mending.can_redo and not again.mending.can_undo and not again.mending.note
    again.mending.redo()
    np.testing.assert_allclose(again.mending.inverse_depth.max(), 0.25 + 0.35 * again.mending.scale.spread, rtol=1e-3)
    again.mending.close()


@settings(max_examples=15)
@given(
    steps=st.lists(st.sampled_from(["stroke", "pull", "flatten", "undo", "redo", "reset"]), max_size=8),
    is_saved=st.booleans(),
)
def test_undoing_everything_gives_the_automatic_depth_also_after_a_restart(tmp_path_factory, steps, is_saved):
    opened = Opened(tmp_path_factory.mktemp("a"), *card_before_wall())
    mending = opened.mending
    click(mending)
    for number, step in enumerate(steps):
        if step == "stroke":
            mending.stroke(f"{number}", NEARER, LINE + np.array((number, 0, 0)), is_last=True)
        elif step == "pull":
            mending.act(f"{number}", Action("move", 0.7))
        elif step == "flatten":
            mending.act(f"{number}", Action("flatten"))
        else:
            getattr(mending, step)()
    if is_saved:
        mending.flush()
    newest = mending.inverse_depth
    again = opened.again()
    assert np.abs(again.mending.inverse_depth - newest).max() <= 2e-5
    assert (again.mending.can_undo, again.mending.can_redo) == (mending.can_undo, mending.can_redo)
    for one in (mending, again.mending):
        while one.can_undo:
            one.undo()
        assert np.abs(one.inverse_depth - opened.automatic.inverse_depth).max() <= 2e-5
    mending.close()
    again.mending.close()


def test_a_new_automatic_depth_replaces_what_was_not_mended(opened):
    """Other options, such as another network, have another depth."""
    other = replace(opened.automatic, inverse_depth=opened.automatic.inverse_depth * 2)
    opened.project.renew(opened.photo, other, other)
    opened.mending.follow_project()
    assert np.array_equal(opened.mending.inverse_depth, other.inverse_depth)
    opened.mending.stroke("a", NEARER, LINE, is_last=True)
    mended = opened.mending.inverse_depth
    opened.project.renew(opened.photo, opened.project.depth, opened.automatic)
    opened.mending.follow_project()
    assert opened.mending.inverse_depth is mended
    opened.mending.reset()
    assert np.array_equal(opened.mending.inverse_depth, opened.automatic.inverse_depth)


def test_actions_need_a_selection(opened):
    with pytest.raises(InputError, match="Nothing is selected"):
        opened.mending.act("a", Action("move"))
    with pytest.raises(InputError, match="Nothing is selected"):
        opened.mending.protect(is_protected=True)


def test_an_action_that_cannot_be_done_changes_nothing(opened):
    opened.mending.select(lambda s, d: s.outline(d, [(5, 5), (7, 5), (7, 7)], "new", is_exact=True))
    before = opened.mending.inverse_depth
    with pytest.raises(InputError, match="too small"):
        opened.mending.act("a", Action("plane"))
    assert np.array_equal(opened.mending.inverse_depth, before)
    assert not opened.mending.can_undo


def test_strokes_of_several_threads_end_in_a_state_that_can_be_undone(opened):
    before = opened.mending.inverse_depth

    def draw(name):
        for number in range(6):
            opened.mending.stroke(
                f"{name}{number}", NEARER, LINE[:1] + np.array((number, 0, 0)), is_last=number % 2 == 0
            )

    threads = [Thread(target=draw, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while opened.mending.can_undo:
        opened.mending.undo()
    assert np.array_equal(opened.mending.inverse_depth, before)


def test_a_journal_is_compacted_when_it_has_become_large(opened, monkeypatch):
    monkeypatch.setattr(module, "COMPACT_BYTES", 1000)
    for number in range(10):
        opened.mending.stroke(f"{number}", NEARER, LINE + np.array((number, 0, 0)), is_last=True)
        if number < 9:
            opened.mending.undo()
    path = opened.folder / "mending" / "history"
    large = path.stat().st_size
    opened.mending.flush()
    assert path.stat().st_size < large / 3
    again = opened.again()
    assert again.mending.can_undo and not again.mending.note
    again.mending.close()


KILLED = """
import sys, time, numpy as np
from pathlib import Path
from mending_scenes import Opened, wrong_card
from kbvr.studio.mending.stroke import Brush
opened = Opened(Path(sys.argv[1]), *wrong_card())
brush = Brush("nearer", 30, strength=1, hardness=1, follows_edges=False)
start, number = time.monotonic(), 0
while True:  # one stroke that never ends
    opened.mending.stroke("a", brush, np.array([(number % 120, 20.0 + number // 120, 1)]), is_last=False)
    print(number, flush=True)
    number += 1
    time.sleep(0.02)
"""


def test_kill_9_in_the_middle_of_a_stroke_loses_at_most_two_seconds(tmp_path):
    tests = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(tests), str(tests.parent)))}
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        drawn = {}
        for line in process.stdout:
            drawn[int(line)] = time.monotonic()
            if len(drawn) > 1 and drawn[int(line)] - drawn[0] > 3:
                break
        process.send_signal(signal.SIGKILL)
        killed = time.monotonic()
    found = Opened(tmp_path, *wrong_card())
    changed = found.mending.inverse_depth[20] > 0.2501
    last = int(np.flatnonzero(changed).max()) - 30  # the rim of the last dab that was kept
    assert killed - drawn[max(last, 0)] < 2
    found.mending.undo()
    assert np.abs(found.mending.inverse_depth - 0.25).max() < 1e-5
    found.mending.close()
