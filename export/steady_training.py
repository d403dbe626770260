"""A training loop for many sessions and an open end: a steady rate, then a decay.

With a steady learning rate and averaged weights, training can stop and resume anywhere. To finish it from any
checkpoint, the rate falls to zero over `decay_steps` (Hu et al. 2024, "MiniCPM": warm-up, stable, decay; Hägele et al.
2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations").

A run is a folder: `checkpoint.pt` (and the previous one), `averaged.pt`, `log.jsonl`. The same command resumes from the
checkpoint, and computes the same as an uninterrupted run.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from export.training import Batch
from kbvr.errors import InputError

WARM_UP_STEPS = 300
AVERAGE_DECAY = 0.9995
WEIGHT_DECAY = 0.02
MAX_GRADIENT = 2.0
LOGGED_EVERY = 100
AHEAD = 3
"""Number of batches to make ahead."""


@dataclass(frozen=True)
class Plan:
    """The length of a training, and how often it writes."""

    last_step: int
    """The step to stop after."""

    decay_steps: int = 0
    """Number of last steps over which the rate falls to zero."""

    minutes: float = float("inf")
    """Maximum length of this session."""

    checkpoint_s: float = 480.0
    figures_every: int = 2
    """Number of checkpoints from one measurement to the next."""

    first_step: int = 0
    """The step at which a run without a checkpoint starts, if its weights were trained before."""

    def share_of_rate(self, step: int) -> float:
        """Return the share of the maximum learning rate for a step, counted from 0."""
        left = (self.last_step - step) / self.decay_steps if self.decay_steps else 1.0
        return min(1.0, (step + 1 - self.first_step) / WARM_UP_STEPS, max(left, 0.0))


class Averaged:
    """A running average of a network's weights and statistics."""

    def __init__(self, net: nn.Module) -> None:
        self._net = net
        self._floats = [tensor for tensor in net.state_dict().values() if tensor.is_floating_point()]
        self._means = [tensor.detach().clone() for tensor in self._floats]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Add the weights of a step; early averages cover few steps."""
        decay = min(AVERAGE_DECAY, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._means, self._floats, 1 - decay)

    def state(self) -> dict[str, Tensor]:
        """Return the averaged state dict of the network."""
        means = iter(self._means)
        return {k: next(means) if v.is_floating_point() else v for k, v in self._net.state_dict().items()}

    @torch.no_grad()
    def load(self, state: dict[str, Tensor]) -> None:
        """Restore what `state` returned."""
        for mean, saved in zip(self._means, (v for v in state.values() if v.is_floating_point()), strict=True):
            mean.copy_(saved)

    @contextmanager
    def in_place(self) -> Iterator[nn.Module]:
        """Give the network the averaged weights, in eval mode, inside a `with` block."""
        own = {name: tensor.clone() for name, tensor in self._net.state_dict().items()}
        self._net.load_state_dict(self.state())
        self._net.eval()
        try:
            yield self._net
        finally:
            self._net.load_state_dict(own)
            self._net.train()


def branch(origin: Path, run: Path, decay_steps: int) -> Plan:
    """Return the plan that finishes a run in a separate folder, from the origin's checkpoint; the origin can continue.

    A decay that has begun keeps its plan.

    Raises:
        InputError: if the origin has no checkpoint.
    """
    planned = run / "plan.json"
    if not planned.exists():
        run.mkdir(parents=True, exist_ok=True)
        try:
            state = torch.load(origin / "checkpoint.pt", map_location="cpu", weights_only=True)
        except OSError as error:
            raise InputError(f"expected a run with a checkpoint.pt, got {origin}: {error.strerror or error}") from error
        write_whole(state, run / "checkpoint.pt")
        plan = {"last_step": state["step"] + decay_steps, "decay_steps": decay_steps}
        planned.write_text(json.dumps(plan), "utf-8")
    return Plan(**json.loads(planned.read_text("utf-8")))


def train_steadily(
    net: nn.Module,
    run: Path,
    plan: Plan,
    *,
    rate_of: Callable[[str], float],
    batch_of: Callable[[int], Batch],
    losses_of: Callable[[nn.Module, Batch], dict[str, Tensor]],
    figures_of: Callable[[nn.Module], dict[str, float]],
) -> Path:
    """Train until the plan's last step, its minutes or a SIGTERM; return the path of the averaged weights.

    `rate_of` returns the maximum learning rate of a named part of the network; the losses are summed.
    """
    run.mkdir(parents=True, exist_ok=True)
    net = net.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    averaged = Averaged(net)
    optimizer = _optimizer(net, rate_of)
    step = _resume(run, net, averaged, optimizer, plan.first_step)
    recent: list[dict[str, float]] = []
    started = saved = time.monotonic()
    written = 0
    with _stopping() as stop, _made_ahead(batch_of, step) as batches:
        while step < plan.last_step and not stop.is_set() and time.monotonic() - started < plan.minutes * 60:
            recent.append(_learn(net, optimizer, losses_of(net, batches()), plan.share_of_rate(step)))
            averaged.update(step)
            step += 1
            if step % LOGGED_EVERY == 0:
                means = {name: round(sum(one[name] for one in recent) / len(recent), 4) for name in recent[0]}
                _log(run, {"step": step, "minutes": round((time.monotonic() - started) / 60, 1), **means})
                recent = []
            if time.monotonic() - saved > plan.checkpoint_s:
                _save(run, net, averaged, optimizer, step)
                if written % plan.figures_every == 0:
                    _measure(run, averaged, figures_of, step)
                written += 1
                saved = time.monotonic()
    _save(run, net, averaged, optimizer, step)
    if step >= plan.last_step:
        _measure(run, averaged, figures_of, step)
    return run / "averaged.pt"


def _learn(
    net: nn.Module, optimizer: torch.optim.Optimizer, losses: dict[str, Tensor], share_of_rate: float
) -> dict[str, float]:
    """Take one step, and return the losses and the gradient's length; a gradient that is not finite is skipped."""
    for group in optimizer.param_groups:
        group["lr"] = group["greatest_lr"] * share_of_rate
    optimizer.zero_grad(set_to_none=True)
    sum(losses.values(), torch.zeros(())).backward()  # type: ignore[no-untyped-call]
    norm = torch.nn.utils.clip_grad_norm_(net.parameters(), MAX_GRADIENT)
    if norm.isfinite():
        optimizer.step()
    return {name: value.item() for name, value in {**losses, "gradient": norm}.items()}


def _optimizer(net: nn.Module, rate_of: Callable[[str], float]) -> torch.optim.Optimizer:
    groups = [
        {"params": [p for p in part.parameters() if p.requires_grad], "greatest_lr": rate_of(name)}
        for name, part in net.named_children()
    ]
    return torch.optim.AdamW(groups, lr=0.0, weight_decay=WEIGHT_DECAY, fused=True)


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Yield an event that SIGTERM sets, so that progress since the last checkpoint is not lost."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _made_ahead(batch_of: Callable[[int], Batch], step: int) -> Iterator[Callable[[], Batch]]:
    """Yield a function that returns the batches from a step on, made ahead on one thread."""
    with ThreadPoolExecutor(1) as pool:
        waiting = deque(pool.submit(batch_of, step + number) for number in range(AHEAD))
        following = step + AHEAD

        def batch() -> Batch:
            nonlocal following
            ready = waiting.popleft().result()
            waiting.append(pool.submit(batch_of, following))
            following += 1
            return ready

        try:
            yield batch
        finally:
            for future in waiting:
                future.cancel()


def _measure(run: Path, averaged: Averaged, figures_of: Callable[[nn.Module], dict[str, float]], step: int) -> None:
    with averaged.in_place() as net, torch.no_grad():
        figures = figures_of(net)
    _log(run, {"step": step, "time": time.strftime("%H:%M"), **{k: round(v, 4) for k, v in figures.items()}})


def _resume(run: Path, net: nn.Module, averaged: Averaged, optimizer: torch.optim.Optimizer, first_step: int) -> int:
    checkpoint = run / "checkpoint.pt"
    if not checkpoint.exists():
        return first_step
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    rates = [group["greatest_lr"] for group in optimizer.param_groups]
    net.load_state_dict(state["net"])
    averaged.load(state["averaged"])
    optimizer.load_state_dict(state["optimizer"])
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["greatest_lr"] = rate  # the command's rate, not the checkpoint's
    torch.set_rng_state(state["random"])
    step: int = state["step"]
    return step


def _save(run: Path, net: nn.Module, averaged: Averaged, optimizer: torch.optim.Optimizer, step: int) -> None:
    state = {
        "step": step,
        "net": net.state_dict(),
        "averaged": averaged.state(),
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),
    }
    write_whole(state, run / "checkpoint.pt", keep=run / "checkpoint.previous.pt")
    write_whole(averaged.state(), run / "averaged.pt")


def write_whole(state: object, path: Path, keep: Path | None = None) -> None:
    """Write a file so that an interruption leaves the old or the new one; the old one can be kept too."""
    aside = path.with_suffix(".part")
    with aside.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    if keep is not None:
        with suppress(FileNotFoundError):
            keep.unlink()
        with suppress(FileNotFoundError):
            os.link(path, keep)
    aside.replace(path)


def _log(run: Path, entry: dict[str, Any]) -> None:
    line = json.dumps(entry)
    with (run / "log.jsonl").open("a") as log:
        log.write(line + "\n")
    print(line, flush=True)
