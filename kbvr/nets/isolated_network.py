"""Run untrusted networks in another process, within limits on time and memory.

A network is a program: it can run for ever, allocate any amount of memory, or crash onnxruntime. Networks whose
checksums are on the cards that ship with kbvr are trusted, and run in this process.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from kbvr.errors import InputError, OutOfMemoryError
from kbvr.nets import isolated_network_worker as worker
from kbvr.nets.isolated_network_worker import MEMORY_EXIT, Description, Network, TensorInfo, is_fixed, too_large
from kbvr.nets.model_card import Card, shipped_checksums
from kbvr.nets.providers import candidates, problem_with
from kbvr.nets.session import Session, check_threads, default_threads, open_checked, recorded, reported
from kbvr.system.input_file import sha256_of_input
from kbvr.system.isolated_process import (
    ONE_THREAD,
    EndedError,
    IsolatedProcess,
    NotStartedError,
    Request,
    TimeUpError,
    with_retry,
)
from kbvr.system.resources import MIN_HALF_BYTES, half_of_machine_bytes

FIRST_LIMIT_S, FIRST_LIMIT_S_A_MB = 30.0, 0.1
"""Time limit for opening a network and for its first run (with a small picture if it takes any size), plus time per
megabyte of its file, for disks that read 10 MB/s."""

DEVICE_LIMIT_S: Mapping[str, float] = {"tensorrt": 600.0}
OTHER_DEVICE_LIMIT_S = 60.0
"""Extra time on an accelerator, whose libraries are large; TensorRT builds an engine first."""

RUN_LIMIT_S = 600.0
_WORKER = worker.__name__
_log = logging.getLogger(__name__)
_call_lock = Lock()
_processes: dict[int, IsolatedProcess] = {}
"""Memory limit -> the process for all networks with this limit."""


def open_network(
    network: Path | Card, *, device: str = "auto", threads: int | None = None, max_bytes: int | None = None
) -> Session:
    """Open a network, given as an ONNX file or a card; repeated calls return the same session.

    Args:
        network: The file, or a card with its file.
        device: As in `open_session`.
        threads: As in `open_session`.
        max_bytes: Memory limit of an untrusted network, by default half of the machine's memory.

    Raises:
        InputError: if the file or device is missing, the file is not a network or does not match its card, its inputs
            or outputs cannot be pictures, or it exceeds the time limit.
        OutOfMemoryError: if it exceeds the memory limit.
    """
    path = network.path if isinstance(network, Card) else network
    check_threads(threads)
    candidates(device)
    sha256 = sha256_of_input(path, "a network file")
    if isinstance(network, Card) and sha256 != network.sha256:
        raise InputError(f"expected a network file with sha256 {network.sha256}, got {path} with {sha256}")
    threads = threads or default_threads()
    if sha256 in shipped_checksums():
        return open_checked(path, sha256, device=device, threads=threads)
    if max_bytes is None:
        max_bytes = half_of_machine_bytes() or MIN_HALF_BYTES
    try:
        opened = Network(os.path.abspath(path), sha256, device, threads, max_bytes)  # noqa: PTH100  keeps links
        return recorded(_session(opened), opened.path, sha256)
    except NotStartedError as error:
        _warn_of_no_process(str(error))
        return open_checked(path, sha256, device=device, threads=threads)


class ForeignSession:
    """A `kbvr.nets.Session` of a network in another process, which is restarted if it has ended."""

    def __init__(self, network: Network) -> None:
        """Open a network; see `open_network` for its errors."""
        self._network = network
        self._first_limit_s = FIRST_LIMIT_S + FIRST_LIMIT_S_A_MB * Path(network.path).stat().st_size / 1e6
        usable = [provider.device for provider in candidates(network.device) if problem_with(provider.device) is None]
        self._accelerated = bool(usable)
        self._first_limit_s += max((DEVICE_LIMIT_S.get(name, OTHER_DEVICE_LIMIT_S) for name in usable), default=0.0)
        self._description: Description = self._call("describe", self._first_limit_s, frozenset(reported))
        reported.update(self._description.reported)
        self.title = self._description.title
        self._has_run = not is_fixed(self._description.inputs)

    def run(self, output_names: Sequence[str] | None, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Return the outputs, all of them in the file's order if no names are given.

        A crash, a timeout and too large outputs raise InputError; too much memory raises OutOfMemoryError.
        """
        limit_s = RUN_LIMIT_S if self._has_run else self._first_limit_s
        outputs, self.title = self._call("run", limit_s, output_names, dict(feeds))
        self._has_run = True
        return list(outputs)

    def get_inputs(self) -> Sequence[TensorInfo]:
        """Return descriptions of the inputs, each with a `name`, a `shape` and a `type`."""
        return self._description.inputs

    def get_outputs(self) -> Sequence[TensorInfo]:
        """Return descriptions of the outputs, each with a `name`, a `shape` and a `type`."""
        return self._description.outputs

    def get_providers(self) -> list[str]:
        """Return onnxruntime's names of the providers, best first."""
        return list(self._description.providers)

    def _call(self, function: str, limit_s: float, *arguments: Any) -> Any:
        """Call a function of the worker for this network."""
        network = self._network
        # CUDA maps far more memory than it uses, so on accelerators only the worker's own check of used memory applies
        max_bytes = None if self._accelerated else network.max_bytes
        request = Request(f"{_WORKER}:{function}", (network, *arguments), limit_s, max_bytes)
        with _call_lock:
            try:
                return with_retry(lambda: _process(network.max_bytes).call(request))
            except EndedError as error:
                raise _explained(error, network, limit_s) from error


@cache
def _session(network: Network) -> Session:
    return ForeignSession(network)


def _process(max_bytes: int) -> IsolatedProcess:
    process = _processes.get(max_bytes)
    if process is None or not process.is_running:
        if process is not None:
            process.close()  # Python warns of open pipes
        process = _processes[max_bytes] = IsolatedProcess(_WORKER, ONE_THREAD)
    return process


def _explained(error: EndedError, network: Network, limit_s: float) -> InputError | OutOfMemoryError:
    """Return the error to raise for a network that ended its process."""
    if isinstance(error, TimeUpError):
        return InputError(f"expected an answer within {limit_s:.0f} s, got none from {network.path}")
    if error.exit_code in (MEMORY_EXIT, -getattr(signal, "SIGKILL", MEMORY_EXIT)):
        return too_large(network)
    return InputError(f"expected a network that runs, got {network.path}: onnxruntime {error}")


@cache
def _warn_of_no_process(reason: str) -> None:
    _log.warning("a network can crash this program: no process could be started to run it (%s)", reason)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_processes.clear)  # the processes belong to the parent
