"""A training of many sessions: stopped, resumed, averaged, finished."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from export import steady_training
from export.steady_training import Averaged, Plan, branch, train_steadily, write_whole
from kbvr.errors import InputError


class Line(torch.nn.Module):
    """The smallest network that learns: y = a x + b, with a batch norm for its statistics."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.part = torch.nn.Conv2d(1, 1, 1)
        self.norm = torch.nn.BatchNorm2d(1)


def train_line(
    run: Path, plan: Plan, seen: list[int] | None = None, told_to_end_at: int = 0
) -> dict[str, torch.Tensor]:
    """Train a Line towards a function and return its averaged weights."""

    def batch_of(step: int):
        x = torch.rand(2, 1, 4, 4, generator=torch.Generator().manual_seed(step))
        return (x, 3 * x + 1)

    def losses_of(net, batch):
        if seen is not None:
            seen.append(len(seen))
            if len(seen) == told_to_end_at:
                signal.raise_signal(signal.SIGTERM)
        return {"line": (net.norm(net.part(batch[0])) - batch[1]).square().mean()}

    path = train_steadily(
        Line(), run, plan, rate_of=lambda _: 0.01, batch_of=batch_of, losses_of=losses_of, figures_of=lambda _: {"x": 1}
    )
    return torch.load(path)


def test_a_training_that_was_stopped_learns_what_one_that_was_not_stopped_learns(tmp_path):
    """The same weights, averaged weights and statistics, bit for bit."""
    whole = train_line(tmp_path / "whole", Plan(30))
    train_line(tmp_path / "parts", Plan(11))
    parts = train_line(tmp_path / "parts", Plan(30))
    assert all(torch.equal(parts[name], tensor) for name, tensor in whole.items())
    ends = [torch.load(tmp_path / name / "checkpoint.pt")["net"] for name in ("whole", "parts")]
    assert all(torch.equal(ends[1][name], tensor) for name, tensor in ends[0].items())


def test_a_stop_in_the_middle_of_a_write_ruins_nothing(tmp_path, monkeypatch):
    """The checkpoint is the old one or the new one, never half of one, and the one before is kept."""
    train_line(tmp_path, Plan(3))
    whole = (tmp_path / "checkpoint.pt").read_bytes()

    def fail(state, file):
        file.write(b"half of it")
        raise OSError("no room")

    monkeypatch.setattr(steady_training.torch, "save", fail)
    with pytest.raises(OSError, match="no room"):
        write_whole({}, tmp_path / "checkpoint.pt", keep=tmp_path / "checkpoint.previous.pt")
    assert (tmp_path / "checkpoint.pt").read_bytes() == whole
    monkeypatch.undo()
    train_line(tmp_path, Plan(5))
    assert torch.load(tmp_path / "checkpoint.previous.pt")["step"] == 3
    assert torch.load(tmp_path / "checkpoint.pt")["step"] == 5


def test_the_log_has_the_mean_loss_of_the_steps_since_the_last_entry(tmp_path, monkeypatch):
    """Each entry is of its own steps, also where a training was resumed in the middle."""

    def losses(run: str, every: int, *stops: int) -> list[float]:
        monkeypatch.setattr(steady_training, "LOGGED_EVERY", every)
        for stop in stops:
            train_line(tmp_path / run, Plan(stop))
        entries = [json.loads(line) for line in (tmp_path / run / "log.jsonl").open()]
        return [entry["line"] for entry in entries if "line" in entry]

    single = losses("single", 1, 8)
    assert losses("whole", 4, 8) == pytest.approx([np.mean(single[:4]), np.mean(single[4:])], abs=2e-4)
    assert losses("parts", 4, 6, 8) == pytest.approx([np.mean(single[:4]), np.mean(single[6:])], abs=2e-4)


def test_sigterm_keeps_what_was_learnt(tmp_path):
    """A training that is told to end writes its checkpoint first."""
    seen: list[int] = []
    train_line(tmp_path, Plan(200), seen, told_to_end_at=5)
    assert torch.load(tmp_path / "checkpoint.pt")["step"] == len(seen) == 5
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_the_average_is_of_few_steps_at_first_and_of_many_later(tmp_path, monkeypatch):
    """After step n it has moved by 1 - (1 + n)/(10 + n) towards the weights, but by no less than one in 2,000."""
    monkeypatch.setattr(steady_training, "WARM_UP_STEPS", 1)
    states = []
    for last in (1, 2):
        train_line(tmp_path, Plan(last))
        states.append(torch.load(tmp_path / "checkpoint.pt"))
    before, now = states[0]["averaged"]["part.weight"], states[1]["net"]["part.weight"]
    torch.testing.assert_close(states[1]["averaged"]["part.weight"], before + (now - before) * (1 - 2 / 11))
    net = Line()
    averaged = Averaged(net)
    with torch.no_grad():
        net.part.weight += 1
    start = averaged.state()["part.weight"].clone()
    averaged.update(10**6)
    torch.testing.assert_close(
        averaged.state()["part.weight"] - start, torch.full_like(start, 0.0005), rtol=1e-2, atol=0
    )


def test_a_run_is_finished_in_another_folder_and_can_go_on_itself(tmp_path):
    """The rate is led down to nothing from the checkpoint, which stays; the plan holds when the finish is resumed."""
    with pytest.raises(InputError, match=r"checkpoint\.pt"):
        branch(tmp_path / "steady", tmp_path / "finished", 10)
    train_line(tmp_path / "steady", Plan(400))
    plan = branch(tmp_path / "steady", tmp_path / "finished", 10)
    assert plan == branch(tmp_path / "steady", tmp_path / "finished", 99) == Plan(410, decay_steps=10)
    train_line(tmp_path / "finished", plan)
    assert torch.load(tmp_path / "finished" / "checkpoint.pt")["step"] == 410
    assert torch.load(tmp_path / "steady" / "checkpoint.pt")["step"] == 400


def test_the_rate_warms_up_stays_and_goes_down():
    """Steady in the middle, nothing at the end."""
    plan = Plan(5000, decay_steps=1000)
    assert plan.share_of_rate(0) < 0.01
    assert plan.share_of_rate(1000) == plan.share_of_rate(3999) == 1
    assert plan.share_of_rate(4500) == pytest.approx(0.5)
    assert plan.share_of_rate(5000) == 0
    assert Plan(5000).share_of_rate(4999) == 1
