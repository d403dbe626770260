"""The training loop: resumable, seeded, logged, on a GPU if there is one.

The learning rate follows a cosine over the whole time, and `checkpoint.pt` in the run's folder is written every few
minutes, so a stopped run can resume. The result is a running average of the weights.
"""

from __future__ import annotations

import json
import math
import queue
import threading
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

WARM_UP_STEPS = 200
AVERAGE_DECAY = 0.998
CHECKPOINT_S = 180.0
SETTLED_SHARE = 0.7
"""From this share of the time on, batch norms keep their averaged statistics. Until then a batch is normalised by its
own statistics, which the written network cannot do, so the network has to learn to work without."""

Batch = tuple[Tensor, ...]
Batches = Generator[Batch, None, None]


def made_ahead(make: Callable[[], Batch]) -> Batches:
    """Yield the results of `make` forever, made ahead on a thread that ends when this generator is closed."""
    ready: queue.Queue[Batch | Exception] = queue.Queue(maxsize=4)
    closed = threading.Event()

    def produce() -> None:
        while not closed.is_set():
            try:
                batch: Batch | Exception = make()
            except Exception as error:  # noqa: BLE001 - raised again by the consumer
                batch = error
            while not closed.is_set():
                with suppress(queue.Full):
                    ready.put(batch, timeout=0.1)
                    break

    producer = threading.Thread(target=produce, daemon=True)
    producer.start()
    try:
        while True:
            batch = ready.get()
            if isinstance(batch, Exception):
                raise batch
            yield batch
    finally:
        closed.set()
        producer.join()


def train_net(
    net: nn.Module,
    run: Path,
    *,
    minutes: float,
    learning_rate_of: Callable[[str], float],
    batches_from: Callable[[int], Batches],
    loss_of: Callable[[nn.Module, Batch], Tensor],
    figures_of: Callable[[nn.Module, torch.device], dict[str, float]],
) -> Path:
    """Train for a total number of minutes, including earlier sessions; return the weights' path.

    `learning_rate_of` returns the maximum rate of a named part of the network; `batches_from` takes the first step;
    `figures_of` measures the averaged network at every checkpoint.
    """
    run.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    net = net.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaging = torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGE_DECAY)  # type: ignore[no-untyped-call]
    averaged = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=averaging, use_buffers=True)
    groups = [
        {"params": list(part.parameters()), "greatest_lr": learning_rate_of(name)}
        for name, part in net.named_children()
    ]
    optimizer = torch.optim.AdamW(groups, lr=0.0, weight_decay=0.02)
    parts = {"net": net, "averaged": averaged, "optimizer": optimizer}
    spent_s, step = _resume(run, parts, device)
    source = batches_from(step)
    settled = False
    last = saved = time.monotonic()
    while spent_s < minutes * 60:
        share = spent_s / (minutes * 60)
        if share > SETTLED_SHARE and not settled:
            _settle(net, averaged.module)
            settled = True
        warm_up = min(1.0, (step + 1) / WARM_UP_STEPS)
        for group in optimizer.param_groups:
            group["lr"] = group["greatest_lr"] * warm_up * (0.5 + 0.5 * math.cos(math.pi * share)) + 1e-6
        loss = loss_of(net, tuple(tensor.to(device) for tensor in next(source)))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        averaged.update_parameters(net)
        step += 1
        now = time.monotonic()
        spent_s, last = spent_s + now - last, now
        if step % 100 == 0:
            _log(run, {"step": step, "minutes": round(spent_s / 60, 2), "loss": round(loss.item(), 4)})
        if now - saved > CHECKPOINT_S:
            _save(run, parts, spent_s, step)
            _log(run, {"step": step, **_measured(averaged.module, figures_of, device)})
            last = saved = time.monotonic()
    source.close()
    _save(run, parts, spent_s, step)
    _log(run, {"step": step, **_measured(averaged.module, figures_of, device)})
    weights = run / "weights.pt"
    torch.save(averaged.module.state_dict(), weights)
    return weights


@torch.no_grad()
def _settle(net: nn.Module, averaged: nn.Module) -> None:
    """Set the batch norms of a network to the averaged statistics, and freeze them."""
    for norm, steady in zip(net.modules(), averaged.modules(), strict=True):
        if isinstance(norm, nn.BatchNorm2d):
            for buffer, expected in zip(norm.buffers(), steady.buffers(), strict=True):
                buffer.copy_(expected)
            norm.eval()


@torch.no_grad()
def _measured(
    net: nn.Module, figures_of: Callable[[nn.Module, torch.device], dict[str, float]], device: torch.device
) -> dict[str, float]:
    net.eval()
    figures = figures_of(net, device)
    net.train()
    return figures


def _resume(run: Path, parts: dict[str, Any], device: torch.device) -> tuple[float, int]:
    checkpoint = run / "checkpoint.pt"
    if not checkpoint.exists():
        return 0.0, 0
    state = torch.load(checkpoint, map_location=device, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return state["spent_s"], state["step"]


def _save(run: Path, parts: dict[str, Any], spent_s: float, step: int) -> None:
    state = {name: part.state_dict() for name, part in parts.items()}
    aside = run / "checkpoint.part"
    torch.save({**state, "spent_s": spent_s, "step": step}, aside)
    aside.rename(run / "checkpoint.pt")


def _log(run: Path, entry: dict[str, Any]) -> None:
    line = json.dumps(entry)
    with (run / "log.jsonl").open("a") as log:
        log.write(line + "\n")
    print(line, flush=True)
