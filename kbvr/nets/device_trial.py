"""Try one device with a real network, for `kbvr doctor`, in a process of its own (`kbvr.system.trial_process`)."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from time import perf_counter
from typing import Any

import numpy as np

from kbvr.errors import InputError
from kbvr.nets.onnxruntime_loader import onnxruntime
from kbvr.nets.providers import PROVIDERS, problem_with
from kbvr.nets.session import Session, open_session, title_of
from kbvr.nets.session import __name__ as session_module
from kbvr.system.stderr import held_stderr

NETWORK = "kbvr-fill"
"""It has convolutions, sums and resizing, and takes any size in steps of 32."""

SIZES_PX = ((64, 64), (96, 64))
"""(width, height): two, since a device may take one size and not another."""

TOLERANCE = 0.02
"""Largest difference from the CPU's answer, where white is 1: tensor cores round to 10 bits."""

MOST_LETTERS = 300
ANSI_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def described_runtime(_: str = "") -> dict[str, Any]:
    """Return which onnxruntime this is and what it was built with."""
    runtime = onnxruntime()
    return {
        "version": runtime.__version__,
        "cuda": getattr(runtime, "cuda_version", None) or None,
        "providers": runtime.get_available_providers(),
    }


def try_device(device: str) -> dict[str, Any]:
    """Run a network on a device and on the CPU; return what speaks against the device, or how it did.

    Returns:
        Either `problem`, `remedy` and `surprising`, or `ran_on`, `difference` (the largest, where white is 1) and
        `seconds` of one run at the last of SIZES_PX.
    """
    problem = problem_with(device) if device in PROVIDERS else None
    if problem is not None:
        return {"problem": problem.reason, "remedy": problem.remedy, "surprising": problem.surprising}
    logging.getLogger(session_module).setLevel(logging.DEBUG)
    said: list[bytes] = []
    try:
        with held_stderr() as said:
            session = open_session(NETWORK, device)
    except InputError as error:
        surprising = device not in PROVIDERS or PROVIDERS[device].promises
        reason = complaint(said) or str(error).split(", but ", 1)[-1]
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


def complaint(lines: Iterable[bytes]) -> str:
    """Return the last error that onnxruntime's C++ wrote, without colours, times and where in its code that was."""
    text = ANSI_COLOUR.sub("", b"".join(lines).decode("utf-8", "replace"))
    errors = [line.partition("] ")[2] for line in text.splitlines() if "[E:onnxruntime" in line]
    return errors[-1].rpartition(" : FAIL : ")[2].strip()[:MOST_LETTERS] if errors else ""


def _difference(session: Session, exact: Session, size_px: tuple[int, int]) -> float:
    """Return the largest difference between two sessions' answers, infinity if one of them is not finite."""
    pairs = zip(session.run(None, _noise(size_px)), exact.run(None, _noise(size_px)), strict=True)
    worst = max(float(np.abs(answer - wanted).max()) for answer, wanted in pairs)
    return worst if np.isfinite(worst) else float("inf")


def _noise(size_px: tuple[int, int]) -> dict[str, np.ndarray]:
    """Return an input of random numbers in which the middle is to be filled."""
    width, height = size_px
    random = np.random.default_rng(0)
    known = np.ones((1, 1, height, width), np.float32)
    known[..., height // 4 : height // 2, width // 4 : width // 2] = 0
    rgb = random.random((1, 3, height, width), np.float32) * known
    return {"rgb01": rgb, "inverse_depth": random.random((1, 1, height, width), np.float32) * known, "known": known}
