"""Sessions: a network file made ready to run, on the CPU or with CUDA, once per process."""

from __future__ import annotations

import ctypes
import hashlib
import io
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Literal, Protocol, cast, runtime_checkable

import numpy as np

from kbvr.errors import InputError
from kbvr.nets.card import Card, built_in_card

Device = Literal["auto", "cpu", "cuda"]

MOST_THREADS = 8
"""More threads make networks as small as these slower."""

_CUDA = "CUDAExecutionProvider"
_SILENT, _WARNINGS = 4, 2

logger = logging.getLogger(__name__)
_opening = Lock()


@runtime_checkable
class Session(Protocol):
    """The part of onnxruntime's InferenceSession that kbvr uses."""

    def run(self, output_names: Sequence[str] | None, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Return the outputs, all of them in the file's order if no names are given."""

    def get_inputs(self) -> Sequence[Any]:
        """Return descriptions of the inputs, each with a `name`, a `shape` and a `type`."""

    def get_outputs(self) -> Sequence[Any]:
        """Return descriptions of the outputs, each with a `name`, a `shape` and a `type`."""

    def get_providers(self) -> list[str]:
        """Return what the session runs on, best first."""


def open_session(network: str | Card, device: str = "auto", threads: int | None = None) -> Session:
    """Open a network, given as its card or as a built-in one's name; the same call gives the same session.

    `auto` takes CUDA where a driver, a device and the libraries are found, else the CPU; `threads` counts for
    the CPU only and is by default the number of processors that this process may use, 8 at most.

    Raises:
        InputError: if the network or the device is not there, or the file is not the one on its card.
    """
    card = built_in_card(network) if isinstance(network, str) else network
    if threads is not None and threads < 1:
        raise InputError(f"the number of threads must be >= 1, got {threads}")
    with _opening:
        return _open(str(card.path), card.sha256, _known_device(device), threads or default_threads())


def open_file(path: Path, *, device: str = "auto", threads: int | None = None) -> Session:
    """Open a network file that has no card.

    Raises:
        InputError: if the file or the device is not there, or the file is no network.
    """
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"wanted a network file, got {path}: {error.strerror}") from error
    with _opening:
        try:
            return _open(str(path), digest, _known_device(device), threads or default_threads())
        except InputError:
            raise
        except Exception as error:  # onnxruntime has a type of its own for every way a file can be broken
            raise InputError(f"wanted an ONNX network, got {path}: {str(error).splitlines()[0]}") from error


def default_threads() -> int:
    """Return how many threads a network gets when nobody says."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(allowed, MOST_THREADS)


def _known_device(device: str) -> Device:
    if device not in ("auto", "cpu", "cuda"):
        raise InputError(f"the device must be auto, cpu or cuda, got {device!r}")
    return cast(Device, device)


@cache
def cuda_problem() -> str | None:
    """Return why CUDA cannot be used here, or None if nothing speaks against it.

    onnxruntime is not asked: without a driver it answers with pages of errors on stderr.
    """
    import onnxruntime

    if _CUDA not in onnxruntime.get_available_providers():
        return "this onnxruntime was built without CUDA"
    return None if device_count() else "no NVIDIA driver with a device was found"


def device_count() -> int:
    """Return how many CUDA devices the driver reports; 0 without a driver."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return 0
    return count.value


@cache
def _open(path: str, sha256: str, device: Device, threads: int) -> Session:
    network = _checked_bytes(path, sha256)
    problem = None if device == "cpu" else cuda_problem()
    if device != "cpu" and problem is None:
        session = _create(network, threads, [_CUDA, "CPUExecutionProvider"])
        if session.get_providers()[0] == _CUDA:
            return session
        problem = "the CUDA libraries could not be loaded (pip install 'kbvr[cuda]' brings them)"
        if device == "auto":
            logger.warning("running on the CPU although there is a CUDA device: %s", problem)
    if device == "cuda":
        raise InputError(f"wanted to run on cuda, but {problem}")
    return _create(network, threads, ["CPUExecutionProvider"])


def _checked_bytes(path: str, sha256: str) -> bytes:
    """Return the content of a network file after its sum has been checked."""
    try:
        network = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"wanted a network file, got {path}: {error.strerror}") from error
    found = hashlib.sha256(network).hexdigest()
    if found != sha256:
        raise InputError(f"wanted a network file with sha256 {sha256}, got {path} with {found}")
    return network


def _create(network: bytes, threads: int, providers: list[str]) -> Session:
    """Make a session; what onnxruntime prints about libraries it cannot load is kept from the terminal."""
    import onnxruntime

    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    if providers[0] != _CUDA:
        return cast(Session, onnxruntime.InferenceSession(network, options, providers=providers))
    onnxruntime.set_default_logger_severity(_SILENT)
    try:
        with redirect_stdout(io.StringIO()) as said:
            onnxruntime.preload_dlls()
            session = onnxruntime.InferenceSession(network, options, providers=providers)
        logger.debug("onnxruntime said: %s", said.getvalue())
        return cast(Session, session)
    finally:
        onnxruntime.set_default_logger_severity(_WARNINGS)
