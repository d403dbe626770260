"""What the process of `kbvr.nets.isolated_network` does: open networks of strangers, look at them, run them."""

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
from kbvr.nets.session import Session, open_checked, said, title_of
from kbvr.system.resources import is_out_of_memory, shown_bytes

MEMORY_EXIT = 76
"""Exit code of a process that takes more memory than it may."""

LOOK_S = 0.02
"""How often is looked: what is written in this time is the most by which a limit is passed."""

TRIAL_SIDE_PX = 224
"""Side of the picture that a network is tried with: a multiple of 14 and of 32, in which most networks step."""

NOW = Path("/proc/self/statm")
"""Where Linux says how many pages a process has in memory, in the second place."""

MOST_DIMENSIONS = 8
"""Of an input: pictures have four; numpy has no more than 64."""

MOST_SIDE_PX = 16384
"""No network has a larger fixed side."""

ANSWER_SHARE = 8
"""An answer may have one part in so many of the memory: it is copied, mirrored and resized by whoever asked."""


@dataclass(frozen=True)
class TensorInfo:
    """One input or output, as onnxruntime describes it."""

    name: str
    shape: tuple[int | str | None, ...]
    type: str


@dataclass(frozen=True)
class Network:
    """A network file and how it is to be run."""

    path: str
    sha256: str
    device: str
    threads: int
    max_bytes: int


@dataclass(frozen=True)
class Description:
    """What is known of a network that was opened."""

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    providers: tuple[str, ...]
    title: str
    said: frozenset[str]
    """What has been said of where networks run."""


def describe(network: Network, already_said: frozenset[str]) -> Description:
    """Open a network, check what it takes and gives, and run it with a small picture if it takes any size.

    Raises:
        InputError: if it cannot be opened, or takes or gives what no picture can be.
        OutOfMemoryError: if there is not enough memory.
    """
    said.update(already_said)
    with _limited(network):
        session = _session(network)
        inputs, outputs = _infos(session.get_inputs()), _infos(session.get_outputs())
        _check(network.path, inputs, outputs)
        if not is_fixed(inputs):
            with suppress(InputError):  # it may want another size or other values: its first picture will tell
                _run(session, network, None, {tensor.name: _sample(tensor) for tensor in inputs})
        return Description(inputs, outputs, tuple(session.get_providers()), title_of(session), frozenset(said))


def run(network: Network, names: Sequence[str] | None, feeds: Mapping[str, np.ndarray]) -> tuple[list[np.ndarray], str]:
    """Return a network's answer, and what it ran on.

    Raises:
        InputError: if it cannot be run like that, or its answer is too large.
        OutOfMemoryError: if there is not enough memory.
    """
    with _limited(network):
        session = _session(network)
        outputs = _run(session, network, names, feeds)
        size_bytes = sum(output.nbytes for output in outputs)
        if size_bytes > network.max_bytes // ANSWER_SHARE:
            raise InputError(
                f"expected an answer about as large as the picture, got {shown_bytes(size_bytes)} from {network.path}"
            )
        return outputs, title_of(session)


def too_large(network: Network) -> OutOfMemoryError:
    """Return what a person is told of a network that needs more memory than it may take."""
    return OutOfMemoryError(f"{network.path} needs more than {shown_bytes(network.max_bytes)} of memory (--max-memory)")


def is_fixed(inputs: Sequence[TensorInfo]) -> bool:
    """Tell whether a network takes one size only."""
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
        raise InputError(f"expected arrays of numbers, got something else from {network.path}")
    return outputs


def _check(path: str, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo]) -> None:
    """Refuse a network of which the description alone says that it cannot be used."""
    if not outputs:
        raise InputError(f"expected a network with an output, got {path} without one")
    for tensor in (*inputs, *outputs):
        if not tensor.type.startswith("tensor("):
            raise InputError(f"expected tensors, got {path} with {tensor.name}, which is {tensor.type}")
    for tensor in inputs:
        if len(tensor.shape) > MOST_DIMENSIONS:
            raise InputError(
                f"expected inputs of at most {MOST_DIMENSIONS} dimensions, got {path} with {len(tensor.shape)}"
            )
        wrong = [side for side in tensor.shape if isinstance(side, int) and not 1 <= side <= MOST_SIDE_PX]
        if wrong:
            shape = "x".join(map(str, tensor.shape))
            raise InputError(f"expected sides of 1 to {MOST_SIDE_PX}, got {path} with {tensor.name} of {shape}")
        if len(tensor.shape) == 4 and isinstance(tensor.shape[0], int) and tensor.shape[0] != 1:
            batch = f"{tensor.shape[0]} at a time as {tensor.name}"
            raise InputError(f"expected a network that takes one picture at a time, got {path}, which takes {batch}")


def _infos(tensors: Sequence[Any]) -> tuple[TensorInfo, ...]:
    try:
        return tuple(TensorInfo(tensor.name, tuple(tensor.shape), tensor.type) for tensor in tensors)
    except UnicodeDecodeError as error:
        raise InputError(f"expected a network whose tensors have names in UTF-8, got {error.object!r:.80}") from error


def _sample(tensor: TensorInfo) -> np.ndarray:
    """Return a small input of zeros; a free side is the picture's, the number of planes, or that of pictures."""
    free = (1, 3, TRIAL_SIDE_PX, TRIAL_SIDE_PX)[-len(tensor.shape) :] if tensor.shape else ()
    free = (1,) * (len(tensor.shape) - len(free)) + free
    shape = [side if isinstance(side, int) else other for side, other in zip(tensor.shape, free, strict=True)]
    kinds = {"uint8": np.uint8, "int32": np.int32, "int64": np.int64, "bool": np.bool_, "double": np.float64}
    return np.zeros(shape, kinds.get(tensor.type.removeprefix("tensor(").removesuffix(")"), np.float32))


@contextmanager
def _limited(network: Network) -> Iterator[None]:
    """End this process if it takes more memory than it may; what says that by itself becomes an OutOfMemoryError."""
    left = threading.Event()

    def look() -> None:
        while not left.wait(LOOK_S):
            if _taken_bytes() > network.max_bytes:
                os._exit(MEMORY_EXIT)

    threading.Thread(target=look, daemon=True).start()
    try:
        yield
    except (MemoryError, InputError) as error:
        if isinstance(error, OutOfMemoryError) or not is_out_of_memory(error):
            raise
        raise too_large(network) from error
    finally:
        left.set()


def _taken_bytes() -> int:
    """Return how much memory this process takes: now on Linux, at most so far on macOS; 0 on Windows."""
    if NOW.exists():
        return int(NOW.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    with suppress(ImportError):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 0
