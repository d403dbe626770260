"""The process of `kbvr.nets.isolated_network`: it opens, checks and runs untrusted networks."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from kbvr.errors import InputError, OutOfMemoryError
from kbvr.nets.fallback_session import first_line
from kbvr.nets.session import Session, open_checked, reported, title_of
from kbvr.system.resources import format_bytes, is_out_of_memory

MEMORY_EXIT = 76
"""Exit code of a process that exceeds its memory limit."""

CHECK_INTERVAL_S = 0.02
"""Interval between checks of the memory, in which the limit can be exceeded."""

TRIAL_SIDE_PX = 224
"""Side of the picture for the first run: a multiple of 14 and 32, the usual steps of networks."""

MEMORY_FILE = Path("/proc/self/statm")
"""On Linux, its second number is the pages of this process in memory."""

MAX_DIMENSIONS, MAX_SIDE_PX = 8, 16384
"""Limits of an input; pictures have four dimensions."""

OUTPUT_SHARE = 8
"""Outputs may take 1/8 of the memory limit, because callers copy, mirror and resize them."""


@dataclass(frozen=True)
class TensorInfo:
    """An input or output, as onnxruntime describes it."""

    name: str
    shape: tuple[int | str | None, ...]
    type: str


@dataclass(frozen=True)
class Network:
    """A network file and how to run it."""

    path: str
    sha256: str
    device: str
    threads: int
    max_bytes: int


@dataclass(frozen=True)
class Description:
    """An opened network."""

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    providers: tuple[str, ...]
    title: str
    reported: frozenset[str]
    """Messages about devices that have been logged."""


def describe(network: Network, already_reported: frozenset[str]) -> Description:
    """Open a network, check its inputs and outputs, and run it with a small picture if it takes any size."""
    reported.update(already_reported)
    with _limited(network):
        session = _session(network)
        inputs, outputs = _infos(session.get_inputs()), _infos(session.get_outputs())
        _check(network.path, inputs, outputs)
        if not is_fixed(inputs):
            with suppress(InputError):  # it may require another size or other values; the first picture shows that
                _run(session, network, None, {tensor.name: _sample(tensor) for tensor in inputs})
        return Description(inputs, outputs, tuple(session.get_providers()), title_of(session), frozenset(reported))


def run(network: Network, names: Sequence[str] | None, feeds: Mapping[str, np.ndarray]) -> tuple[list[np.ndarray], str]:
    """Return a network's outputs, and the device that it ran on; raise InputError if the outputs are too large."""
    with _limited(network):
        session = _session(network)
        outputs = _run(session, network, names, feeds)
        size_bytes = sum(output.nbytes for output in outputs)
        if size_bytes > network.max_bytes // OUTPUT_SHARE:
            raise InputError(
                f"expected an output about as large as the picture, got {format_bytes(size_bytes)} from {network.path}"
            )
        return outputs, title_of(session)


def too_large(network: Network) -> OutOfMemoryError:
    """Return the error for a network that exceeds its memory limit."""
    return OutOfMemoryError(f"{network.path} requires more memory than its limit of {format_bytes(network.max_bytes)}")


def is_fixed(inputs: Sequence[TensorInfo]) -> bool:
    """Return whether a network takes only one size."""
    return all(tensor.shape and all(isinstance(side, int) for side in tensor.shape) for tensor in inputs)


@cache
def _session(network: Network) -> Session:
    return open_checked(Path(network.path), network.sha256, device=network.device, threads=network.threads)


def _run(
    session: Session, network: Network, names: Sequence[str] | None, feeds: Mapping[str, np.ndarray]
) -> list[np.ndarray]:
    try:
        outputs = session.run(names, feeds)
    except Exception as error:
        if is_out_of_memory(error):
            raise too_large(network) from error
        raise InputError(f"{network.path} cannot be run: {first_line(error)}") from error
    if not all(isinstance(output, np.ndarray) and output.dtype.kind in "biuf" for output in outputs):
        raise InputError(f"expected arrays of numbers, got other outputs from {network.path}")
    return outputs


def _check(path: str, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo]) -> None:
    """Raise InputError for a network whose inputs or outputs cannot be pictures."""
    if not outputs:
        raise InputError(f"expected a network with an output, got {path} without one")
    for tensor in (*inputs, *outputs):
        if not tensor.type.startswith("tensor("):
            raise InputError(f"expected tensors, got {path} with {tensor.name}, which is {tensor.type}")
    for tensor in inputs:
        if len(tensor.shape) > MAX_DIMENSIONS:
            raise InputError(
                f"expected inputs of at most {MAX_DIMENSIONS} dimensions, got {path} with {len(tensor.shape)}"
            )
        if any(isinstance(side, int) and not 1 <= side <= MAX_SIDE_PX for side in tensor.shape):
            shape = "x".join(map(str, tensor.shape))
            raise InputError(f"expected sides of 1 to {MAX_SIDE_PX}, got {path} with {tensor.name} of {shape}")
        if len(tensor.shape) == 4 and isinstance(tensor.shape[0], int) and tensor.shape[0] != 1:
            batch = f"{tensor.shape[0]} at a time as {tensor.name}"
            raise InputError(f"expected a network that takes one picture at a time, got {path}, which takes {batch}")


def _infos(tensors: Sequence[Any]) -> tuple[TensorInfo, ...]:
    try:
        return tuple(TensorInfo(tensor.name, tuple(tensor.shape), tensor.type) for tensor in tensors)
    except UnicodeDecodeError as error:
        raise InputError(f"expected tensor names in UTF-8, got {error.object!r:.80}") from error


def _sample(tensor: TensorInfo) -> np.ndarray:
    """Return a small input of zeros; free dimensions are taken from (1, 3, height, width)."""
    free = (1, 3, TRIAL_SIDE_PX, TRIAL_SIDE_PX)[-len(tensor.shape) :] if tensor.shape else ()
    free = (1,) * (len(tensor.shape) - len(free)) + free
    shape = [side if isinstance(side, int) else other for side, other in zip(tensor.shape, free, strict=True)]
    kinds = {"uint8": np.uint8, "int32": np.int32, "int64": np.int64, "bool": np.bool_, "double": np.float64}
    return np.zeros(shape, kinds.get(tensor.type.removeprefix("tensor(").removesuffix(")"), np.float32))


@contextmanager
def _limited(network: Network) -> Iterator[None]:
    """End this process if it exceeds its memory limit; turn errors for lack of memory into OutOfMemoryError."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(CHECK_INTERVAL_S):
            if _used_bytes() > network.max_bytes:
                os._exit(MEMORY_EXIT)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    except (MemoryError, InputError) as error:
        if isinstance(error, OutOfMemoryError) or not is_out_of_memory(error):
            raise
        raise too_large(network) from error
    finally:
        done.set()


def _used_bytes() -> int:
    """Return the memory that this process uses: current on Linux, peak on macOS, 0 on Windows."""
    if MEMORY_FILE.exists():
        return int(MEMORY_FILE.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    with suppress(ImportError):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 0
