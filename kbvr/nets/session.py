"""Sessions: each network is opened once per process, on the best usable device."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, Protocol, cast, runtime_checkable

import numpy as np

from kbvr.errors import InputError
from kbvr.nets.fallback_session import AcceleratedSession, first_line
from kbvr.nets.fp16_session import HalfSession, has_half
from kbvr.nets.model_card import Card, built_in_card
from kbvr.nets.onnxruntime_loader import onnxruntime
from kbvr.nets.providers import CPU, CUDA, Options, Problem, Provider, candidates, cuda_options, problem_with
from kbvr.system import cuda_driver as cuda
from kbvr.system.input_file import open_regular, sha256_of_input
from kbvr.system.resources import MAX_THREADS, processors

MAX_DEFAULT_THREADS = 8
"""More threads slow down networks as small as these."""

CANNOT_RUN_ON = "cannot run on {}: "
_SILENT, _ERRORS, _WARNINGS = 4, 3, 2
_SPIN = "session.intra_op.allow_spinning"
_RECORD_NODES = "session.record_ep_graph_assignment_info"

logger = logging.getLogger(__name__)
_open_lock = Lock()
reported: set[str] = set()
"""Messages about devices that have been logged; each is logged once per process."""


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
        """Return onnxruntime's names of the providers, best first."""


def open_session(network: str | Card, device: str = "auto", threads: int | None = None) -> Session:
    """Open a network; repeated calls return the same session.

    Inputs and outputs are float32, even if the network computes in 16 bits.

    Args:
        network: A card, or the name of a built-in network.
        device: One of `kbvr.nets.DEVICES`. `auto` falls back to the CPU, with a warning if the hardware suggests a
            faster device; see `kbvr.nets.providers.candidates`.
        threads: Threads on the CPU; the default is the number of processors, at most 8.

    Raises:
        InputError: if the network is missing, the device cannot be used, or the file does not match its card.
    """
    card = built_in_card(network) if isinstance(network, str) else network
    check_threads(threads)
    candidates(device)
    with _open_lock:
        return _recorded_open(str(card.path), card.sha256, device, threads or default_threads())


def check_threads(threads: int | None) -> None:
    """Raise InputError if the number of threads is out of range."""
    if threads is not None and not 1 <= threads <= MAX_THREADS:
        raise InputError(f"the number of threads must be 1 to {MAX_THREADS}, got {threads}")


def open_file(path: Path, *, device: str = "auto", threads: int | None = None) -> Session:
    """Open a trusted network file without a card, in this process; see `kbvr.nets.open_network` for untrusted ones."""
    candidates(device)
    sha256 = sha256_of_input(path, "a network file")
    return open_checked(path, sha256, device=device, threads=threads or default_threads())


def open_checked(path: Path, sha256: str, *, device: str, threads: int) -> Session:
    """Open a network file with this SHA-256 in this process, with the errors of `open_session`."""
    with _open_lock:
        try:
            return _recorded_open(str(path), sha256, device, threads)
        except InputError:
            raise
        except Exception as error:  # onnxruntime has many types of errors without a common base class
            raise InputError(f"expected an ONNX network, got {path}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if "model_path must not be empty" in str(error):
        return "its weights are in a second file, and kbvr requires networks of a single file"
    return first_line(error)


def default_threads() -> int:
    """Return the default number of threads of a network."""
    return min(processors(), MAX_DEFAULT_THREADS)


class Opened(NamedTuple):
    """A network that was opened."""

    session: Session
    network: str
    """The name of its file without the suffix, and the first 12 digits of its SHA-256: `kbvr-depth@75bf414bfbd6`."""


_opened: ContextVar[list[Opened] | None] = ContextVar("opened", default=None)


@contextmanager
def record_sessions() -> Iterator[list[Opened]]:
    """Yield a list to which every network opened inside is added, whether its session is new or reused."""
    opened: list[Opened] = []
    token = _opened.set(opened)
    try:
        yield opened
    finally:
        _opened.reset(token)


def recorded(session: Session, path: str, sha256: str) -> Session:
    """Return the session of a network file after adding it to the current list of `record_sessions`, if any."""
    opened = _opened.get()
    if opened is not None:
        opened.append(Opened(session, f"{Path(path).stem}@{sha256[:12]}"))
    return session


def devices_of(sessions: Iterable[Session]) -> tuple[str, ...]:
    """Return the readable names of the devices that sessions run on, each once."""
    return tuple(sorted({title_of(session) for session in sessions}))


def title_of(session: Session) -> str:
    """Return the readable name of the device that a session runs on."""
    if isinstance(session, HalfSession):
        return title_of(session.session)
    return str(getattr(session, "title", "the CPU"))


def _recorded_open(path: str, sha256: str, device: str, threads: int) -> Session:
    return recorded(_open(path, sha256, device, threads), path, sha256)


@cache
def _open(path: str, sha256: str, device: str, threads: int) -> Session:
    network = _checked_bytes(path, sha256)
    session = _best_session(network, partial(_open_on_cpu, path, sha256, threads), device, threads)
    if has_half(session):
        session = HalfSession(session)
    return session


def _open_on_cpu(path: str, sha256: str, threads: int) -> Session:
    with _open_lock:
        return _open(path, sha256, "cpu", threads)


def _best_session(network: bytes, open_on_cpu: Any, device: str, threads: int) -> Session:
    """Return a session on the first candidate that works, otherwise on the CPU if the device is `auto` or `cpu`."""
    for provider in candidates(device):
        problem = problem_with(provider.device)
        if problem is None:
            created, reason = _accelerated(network, provider, threads, by_name=device != "auto")
            if created is not None:
                return _wrapped(created, provider, open_on_cpu)
            problem = Problem(f"onnxruntime {reason}", surprising=provider.implies_hardware)
        if device != "auto":
            raise InputError(f"{CANNOT_RUN_ON.format(device)}{problem}")
        if problem.surprising:
            _log_once(logging.WARNING, f"networks run on the CPU, not on {provider.title}: {problem}")
    _log_once(logging.INFO, f"networks run on the CPU, with {threads} threads")
    options = _session_options(threads)
    return cast(Session, onnxruntime().InferenceSession(network, options, providers=[CPU], enable_fallback=0))


def _accelerated(network: bytes, provider: Provider, threads: int, *, by_name: bool) -> tuple[Any | None, str]:
    """Return onnxruntime's session on a provider, or None and the reason: a session may run entirely on the CPU."""
    reason = "was not asked"
    choices = provider.choices(threads)
    for options in choices if by_name else choices[: provider.auto_choices]:
        chain: list[str | tuple[str, Options]] = [(provider.execution_provider, options)]
        if provider.device == "tensorrt":  # nodes that TensorRT does not support run on CUDA
            chain += [(CUDA, choice) for choice in cuda_options(threads)]
        try:
            session = _created(network, [*chain, CPU], _session_options(threads, provider))
        except Exception as error:  # noqa: BLE001  onnxruntime has many types of errors without a common base class
            reason = f"made no session on {provider.title}: {first_line(error)}"
            continue
        if _runs_on(session, provider.execution_provider):
            return session, ""
        reason = f"runs no part of this network on {provider.title}, without giving a reason"
    return None, reason


def _wrapped(created: Any, provider: Provider, open_on_cpu: Any) -> Session:
    title = provider.title
    found = cuda.driver() if provider.device in ("cuda", "tensorrt") else None
    if found is not None and found.devices:
        title += f" ({found.devices[0].name})"
    _log_once(logging.INFO, f"networks run on {title}")
    return AcceleratedSession(
        created, open_on_cpu, title=title, bound_to=provider.bound_to, one_at_a_time=provider.one_at_a_time
    )


def _session_options(threads: int, provider: Provider | None = None) -> Any:
    options = onnxruntime().SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry(_SPIN, "0")  # spinning threads take processor time from all others
    options.log_severity_level = _SILENT  # errors are raised with the same message
    if provider is not None:
        options.add_session_config_entry(_RECORD_NODES, "1")
    if provider is not None and provider.device == "directml":
        options.enable_mem_pattern = False  # not supported (onnxruntime.ai, DirectML execution provider)
    return options


def _created(network: bytes, chain: Sequence[str | tuple[str, Options]], options: Any) -> Any:
    """Make a session; what onnxruntime prints about libraries or devices is hidden unless debugging is on."""
    runtime = onnxruntime()
    runtime.set_default_logger_severity(_ERRORS if logger.isEnabledFor(logging.DEBUG) else _SILENT)
    try:
        with redirect_stdout(io.StringIO()):
            return runtime.InferenceSession(network, options, providers=list(chain), enable_fallback=0)
    finally:
        runtime.set_default_logger_severity(_WARNINGS)


def _runs_on(session: Any, execution_provider: str) -> bool:
    """Return whether a session runs any part of the network on a provider.

    onnxruntime drops a provider that it cannot load, and can keep one without assigning it any node. The assignment is
    known for newer versions only.
    """
    if session.get_providers()[0] != execution_provider:
        return False
    if not hasattr(session, "get_provider_graph_assignment_info"):
        return True
    return any(part.ep_name == execution_provider for part in session.get_provider_graph_assignment_info())


def _checked_bytes(path: str, sha256: str) -> bytes:
    """Return the content of a network file after checking its SHA-256."""
    with open_regular(Path(path), "a network file") as file:
        network = file.read()
    actual = hashlib.sha256(network).hexdigest()
    if actual != sha256:
        raise InputError(f"expected a network file with sha256 {sha256}, got {path} with {actual}")
    return network


def _log_once(level: int, message: str) -> None:
    if message not in reported:
        reported.add(message)
        logger.log(level, message)
