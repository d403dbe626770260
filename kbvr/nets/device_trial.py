"""Test a device with a real network, for `kbvr doctor`; runs in another process (`kbvr.system.trial_process`)."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from time import perf_counter
from typing import Any

import numpy as np

from kbvr.errors import MAX_MESSAGE_LENGTH, InputError
from kbvr.nets.onnxruntime_loader import onnxruntime
from kbvr.nets.providers import PROVIDERS, problem_with
from kbvr.nets.session import CANNOT_RUN_ON, Session, open_session, title_of
from kbvr.nets.session import __name__ as session_module
from kbvr.system.stderr import held_stderr

NETWORK = "kbvr-fill"
"""A network with convolutions, sums and resizing, for any multiple of 32 pixels."""

SIZES_PX = ((64, 64), (96, 64))
"""(width, height): two, because a device may fail when the size changes."""

TOLERANCE = 0.02
"""Maximum difference from the CPU's result, where white is 1: tensor cores round to 10 bits."""

ANSI_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def described_runtime(_: str = "") -> dict[str, Any]:
    """Return the version of onnxruntime, its CUDA version and its providers."""
    runtime = onnxruntime()
    return {
        "version": runtime.__version__,
        "cuda": getattr(runtime, "cuda_version", None) or None,
        "providers": runtime.get_available_providers(),
    }


def try_device(device: str) -> dict[str, Any]:
    """Run a network on a device and compare it with the CPU.

    Returns:
        Either `problem`, `remedy` and `surprising`, or `ran_on`, `difference` (the maximum, where white is 1) and
        `seconds` for one run at the last of SIZES_PX.
    """
    problem = problem_with(device) if device in PROVIDERS else None
    if problem is not None:
        return {"problem": problem.reason, "remedy": problem.remedy, "surprising": problem.surprising}
    logging.getLogger(session_module).setLevel(logging.DEBUG)
    lines: list[bytes] = []
    try:
        with held_stderr() as lines:
            session = open_session(NETWORK, device)
    except InputError as error:
        surprising = device not in PROVIDERS or PROVIDERS[device].implies_hardware
        reason = last_error(lines) or str(error).removeprefix(CANNOT_RUN_ON.format(device))
        return {"problem": reason, "remedy": "", "surprising": surprising}
    title, difference, seconds = title_of(session), 0.0, 0.0
    for size_px in SIZES_PX:
        difference = max(difference, _difference(session, open_session(NETWORK, "cpu"), size_px))
        start = perf_counter()
        session.run(None, _noise(size_px))
        seconds = perf_counter() - start
    if title_of(session) != title:
        return {"problem": f"a network could not be run on {title}", "remedy": "", "surprising": True}
    return {"ran_on": title, "difference": difference, "seconds": seconds}


def last_error(lines: Iterable[bytes]) -> str:
    """Return the last error that onnxruntime's C++ printed, without colours, time and source location."""
    text = ANSI_COLOUR.sub("", b"".join(lines).decode("utf-8", "replace"))
    errors = [line.partition("] ")[2] for line in text.splitlines() if "[E:onnxruntime" in line]
    return errors[-1].rpartition(" : FAIL : ")[2].strip()[:MAX_MESSAGE_LENGTH] if errors else ""


def _difference(session: Session, reference: Session, size_px: tuple[int, int]) -> float:
    """Return the maximum difference between two sessions' outputs, infinity if one of them is not finite."""
    pairs = zip(session.run(None, _noise(size_px)), reference.run(None, _noise(size_px)), strict=True)
    worst = max(float(np.abs(output - expected).max()) for output, expected in pairs)
    return worst if np.isfinite(worst) else float("inf")


def _noise(size_px: tuple[int, int]) -> dict[str, np.ndarray]:
    """Return random inputs with a hole to fill."""
    width, height = size_px
    random = np.random.default_rng(0)
    known = np.ones((1, 1, height, width), np.float32)
    known[..., height // 4 : height // 2, width // 4 : width // 2] = 0
    rgb = random.random((1, 3, height, width), np.float32) * known
    return {"rgb01": rgb, "inverse_depth": random.random((1, 1, height, width), np.float32) * known, "known": known}
