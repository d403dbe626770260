"""Networks that a person brings: run in a process of their own, within limits to time and memory.

A network is a program: it may never end, ask for any amount of memory, or crash onnxruntime. Those whose sums are on
the cards that ship with kbvr are trusted and run here.
"""

from __future__ import annotations

import hashlib
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
from kbvr.nets import isolated_network_worker as foreign_worker
from kbvr.nets.isolated_network_worker import MEMORY_EXIT, Description, Network, TensorInfo, is_fixed, too_large
from kbvr.nets.model_card import Card, shipped_sums
from kbvr.nets.providers import candidates, problem_with
from kbvr.nets.session import Session, check_threads, default_threads, noted, open_checked, said
from kbvr.system.input_file import check_regular
from kbvr.system.isolated_process import (
    ONE_THREAD,
    EndedError,
    IsolatedProcess,
    NotStartedError,
    Request,
    TimeUpError,
    retried,
)
from kbvr.system.resources import LEAST_HALF_BYTES, half_of_machine_bytes

FIRST_LIMIT_S, FIRST_LIMIT_S_A_MB = 30.0, 0.1
"""Time to open a network and to answer for the first time, to a small picture if it takes any size: so much, and so
much for each megabyte of its file, which a disk may bring at no more than 10 MB a second."""

DEVICE_LIMIT_S: Mapping[str, float] = {"tensorrt": 600.0}
OTHER_DEVICE_LIMIT_S = 60.0
"""What an accelerator may take more: its libraries are large, and TensorRT builds an engine first."""

RUN_LIMIT_S = 600.0
"""Time for any other answer."""

_WORKER = foreign_worker.__name__

_log = logging.getLogger(__name__)
_turn = Lock()
_processes: dict[int, IsolatedProcess] = {}
"""One for each limit to memory, shared by all networks that have it."""


def open_network(
    network: Path | Card, *, device: str = "auto", threads: int | None = None, max_bytes: int | None = None
) -> Session:
    """Open a network that a person brings: an ONNX file, or a card with its file; the same call gives the same session.

    `device` and `threads` are those of `open_session`. `max_bytes` is the most memory that it may take, by default half
    of the machine's.

    Raises:
        InputError: if the file or the device is not there, the file is no network or not the one on its card, or the
            network takes or gives what no picture can be, or does not answer in time.
        OutOfMemoryError: if it needs more memory.
    """
    path = network.path if isinstance(network, Card) else network
    check_threads(threads)
    candidates(device)
    sha256 = _sha256(path)
    if isinstance(network, Card) and sha256 != network.sha256:
        raise InputError(f"wanted a network file with sha256 {network.sha256}, got {path} with {sha256}")
    threads = threads or default_threads()
    if sha256 in shipped_sums():
        return open_checked(path, sha256, device=device, threads=threads)
    if max_bytes is None:
        max_bytes = half_of_machine_bytes() or LEAST_HALF_BYTES
    try:
        return noted(_opened(Network(os.path.abspath(path), sha256, device, threads, max_bytes)))  # noqa: PTH100  keeps links
    except NotStartedError as error:
        _warn_of_no_process(str(error))
        return open_checked(path, sha256, device=device, threads=threads)


class ForeignSession:
    """A `kbvr.nets.Session` of a network in another process. It is opened anew where that has ended meanwhile."""

    def __init__(self, network: Network) -> None:
        """Open a network; see `open_network` for what it raises."""
        self._network = network
        self._first_limit_s = FIRST_LIMIT_S + FIRST_LIMIT_S_A_MB * Path(network.path).stat().st_size / 1e6
        works = [provider.device for provider in candidates(network.device) if problem_with(provider.device) is None]
        self._accelerated = bool(works)
        self._first_limit_s += max((DEVICE_LIMIT_S.get(each, OTHER_DEVICE_LIMIT_S) for each in works), default=0.0)
        self._described: Description = self._asked("describe", self._first_limit_s, frozenset(said))
        said.update(self._described.said)
        self.title = self._described.title
        self._is_tried = not is_fixed(self._described.inputs)

    def run(self, output_names: Sequence[str] | None, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Return the outputs, all of them in the file's order if no names are given.

        Raises:
            InputError: if the network does not take the inputs, crashes, does not answer in time or with too much.
            OutOfMemoryError: if it needs more memory.
        """
        limit_s = RUN_LIMIT_S if self._is_tried else self._first_limit_s
        outputs, self.title = self._asked("run", limit_s, output_names, dict(feeds))
        self._is_tried = True
        return list(outputs)

    def get_inputs(self) -> Sequence[TensorInfo]:
        """Return descriptions of the inputs, each with a `name`, a `shape` and a `type`."""
        return self._described.inputs

    def get_outputs(self) -> Sequence[TensorInfo]:
        """Return descriptions of the outputs, each with a `name`, a `shape` and a `type`."""
        return self._described.outputs

    def get_providers(self) -> list[str]:
        """Return what the session runs on, best first."""
        return list(self._described.providers)

    def _asked(self, function: str, limit_s: float, *arguments: Any) -> Any:
        """Return what a function of the worker returns for this network."""
        network = self._network
        # CUDA maps far more than it takes, so that there only what is taken counts (`foreign_worker`)
        most = None if self._accelerated else network.max_bytes
        request = Request(f"{_WORKER}:{function}", (network, *arguments), limit_s, most)
        with _turn:
            try:
                return retried(lambda: _process(network.max_bytes).call(request))
            except EndedError as error:
                raise _explained(error, network, limit_s) from error


@cache
def _opened(network: Network) -> Session:
    return ForeignSession(network)


def _process(max_bytes: int) -> IsolatedProcess:
    process = _processes.get(max_bytes)
    if process is None or not process.is_running:
        if process is not None:
            process.close()  # else its pipes would stay open, of which Python warns
        process = _processes[max_bytes] = IsolatedProcess(_WORKER, ONE_THREAD)
    return process


def _explained(error: EndedError, network: Network, limit_s: float) -> InputError | OutOfMemoryError:
    """Return what a person is told of a network that ended its process like that."""
    if isinstance(error, TimeUpError):
        return InputError(f"expected an answer within {limit_s:.0f} s, got none from {network.path}")
    if error.exit_code in (MEMORY_EXIT, -getattr(signal, "SIGKILL", MEMORY_EXIT)):
        return too_large(network)
    return InputError(f"expected a network that runs, got {network.path}, at which onnxruntime {error}")


def _sha256(path: Path) -> str:
    """Return the sum of a network's file.

    Raises:
        InputError: if it is no file, or cannot be read.
    """
    try:
        check_regular(path, "a network file")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"wanted a network file, got {path}: {error.strerror}") from error


@cache
def _warn_of_no_process(reason: str) -> None:
    """Say once that there is no protection."""
    _log.warning("a network can crash this program: no process could be started to run it (%s)", reason)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_processes.clear)  # they are the parent's
