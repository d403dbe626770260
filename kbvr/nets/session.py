"""Sessions: a network file made ready to run on the best there is, once per process."""

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
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np

from kbvr.errors import InputError
from kbvr.nets.fallback_session import AcceleratedSession, first_line
from kbvr.nets.fp16_session import HalfSession, has_half
from kbvr.nets.model_card import Card, built_in_card
from kbvr.nets.onnxruntime_loader import onnxruntime
from kbvr.nets.providers import CPU, CUDA, Options, Problem, Provider, candidates, cuda_options, problem_with
from kbvr.system import cuda_driver as cuda
from kbvr.system.input_file import check_regular
from kbvr.system.resources import MAX_THREADS, processors

MOST_THREADS = 8
"""More threads make networks as small as these slower."""

_SILENT, _ERRORS, _WARNINGS = 4, 3, 2
_SPIN = "session.intra_op.allow_spinning"
_RECORD_NODES = "session.record_ep_graph_assignment_info"

logger = logging.getLogger(__name__)
_opening = Lock()
said: set[str] = set()
"""What has been said of where networks run; each is said once a process."""

_used: ContextVar[list[Session] | None] = ContextVar("used", default=None)
"""Where sessions are noted that are opened; None where nobody wants to know."""


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

    `device` is one of `kbvr.nets.DEVICES`; `kbvr.nets.candidates` says what `auto` takes. A device by name is had or
    refused; `auto` ends at the CPU, with a warning where a person would expect more. Arrays are float32 also where
    the network computes in 16 bits. `threads` counts for the CPU only and is by default the number of processors that
    this process may use, 8 at most.

    Raises:
        InputError: if the network or the device is not there, or the file is not the one on its card.
    """
    card = built_in_card(network) if isinstance(network, str) else network
    check_threads(threads)
    candidates(device)
    with _opening:
        return noted(_open(str(card.path), card.sha256, device, threads or default_threads()))


def check_threads(threads: int | None) -> None:
    """Check that a network can have so many threads.

    Raises:
        InputError: if it cannot.
    """
    if threads is not None and not 1 <= threads <= MAX_THREADS:
        raise InputError(f"the number of threads must be 1 to {MAX_THREADS}, got {threads}")


def open_file(path: Path, *, device: str = "auto", threads: int | None = None) -> Session:
    """Open a network file that has no card, in this process; `kbvr.nets.open_network` is for those of strangers.

    Raises:
        InputError: if the file or the device is not there, or the file is no network.
    """
    candidates(device)
    try:
        check_regular(path, "a network file")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"wanted a network file, got {path}: {error.strerror}") from error
    return open_checked(path, digest, device=device, threads=threads or default_threads())


def open_checked(path: Path, sha256: str, *, device: str, threads: int) -> Session:
    """Open a network file of this sum, in this process.

    Raises:
        InputError: if the file or the device is not there, or the file is another one or no network.
    """
    with _opening:
        try:
            return noted(_open(str(path), sha256, device, threads))
        except InputError:
            raise
        except Exception as error:  # onnxruntime has a type of its own for every way a file can be broken
            raise InputError(f"wanted an ONNX network, got {path}: {_cause(error)}") from error


def _cause(error: Exception) -> str:
    """Return why onnxruntime made no session."""
    if "model_path must not be empty" in str(error):
        return "it keeps weights in another file, and kbvr reads networks of one file"
    return first_line(error)


def default_threads() -> int:
    """Return how many threads a network gets when nobody says."""
    return min(processors(), MOST_THREADS)


@contextmanager
def sessions_noted() -> Iterator[list[Session]]:
    """Yield a list to which every session is added that is opened from here, whether it is new or known."""
    used: list[Session] = []
    token = _used.set(used)
    try:
        yield used
    finally:
        _used.reset(token)


def noted(session: Session) -> Session:
    """Return a session, and note it if somebody wants to know."""
    used = _used.get()
    if used is not None:
        used.append(session)
    return session


def devices_of(sessions: Iterable[Session]) -> tuple[str, ...]:
    """Return what sessions run on, in a person's words, each once."""
    return tuple(sorted({title_of(session) for session in sessions}))


def title_of(session: Session) -> str:
    """Return what a session runs on, in a person's words."""
    if isinstance(session, HalfSession):
        return title_of(session.session)
    return str(getattr(session, "title", "the CPU"))


@cache
def _open(path: str, sha256: str, device: str, threads: int) -> Session:
    network = _checked_bytes(path, sha256)
    session = _best_session(network, partial(_open_on_cpu, path, sha256, threads), device, threads)
    if has_half(session):
        session = HalfSession(session)
    return session


def _open_on_cpu(path: str, sha256: str, threads: int) -> Session:
    with _opening:
        return _open(path, sha256, "cpu", threads)


def _best_session(network: bytes, open_on_cpu: Any, device: str, threads: int) -> Session:
    """Return a session on the first candidate that works, on the CPU if there is none that must."""
    for provider in candidates(device):
        problem = problem_with(provider.device)
        if problem is None:
            created, why = _accelerated(network, provider, threads, by_name=device != "auto")
            if created is not None:
                return _wrapped(created, provider, open_on_cpu)
            problem = Problem(f"onnxruntime {why}", surprising=provider.promises)
        if device != "auto":
            raise InputError(f"wanted to run on {device}, but {problem}")
        if problem.surprising:
            _say(logging.WARNING, f"networks run on the CPU, not on {provider.title}: {problem}")
    _say(logging.INFO, f"networks run on the CPU, with {threads} threads")
    options = _session_options(threads)
    return cast(Session, onnxruntime().InferenceSession(network, options, providers=[CPU], enable_fallback=0))


def _accelerated(network: bytes, provider: Provider, threads: int, *, by_name: bool) -> tuple[Any | None, str]:
    """Return onnxruntime's session on a provider, or None and why: it would run all of the network on the CPU."""
    why = "was not asked"
    choices = provider.choices(threads)
    for options in choices if by_name else choices[: provider.in_auto]:
        chain: list[str | tuple[str, Options]] = [(provider.execution_provider, options)]
        if provider.device == "tensorrt":  # what TensorRT does not know runs on CUDA
            chain += [(CUDA, choice) for choice in cuda_options(threads)]
        try:
            session = _created(network, [*chain, CPU], _session_options(threads, provider))
        except Exception as error:  # noqa: BLE001  onnxruntime raises a type of its own for every reason
            why = f"made no session on {provider.title}: {first_line(error)}"
            continue
        if _runs_on(session, provider.execution_provider):
            return session, ""
        why = f"runs nothing of this network on {provider.title}, and does not say why"
    return None, why


def _wrapped(created: Any, provider: Provider, open_on_cpu: Any) -> Session:
    title = provider.title
    found = cuda.driver() if provider.device in ("cuda", "tensorrt") else None
    if found is not None and found.devices:
        title += f" ({found.devices[0].name})"
    _say(logging.INFO, f"networks run on {title}")
    return AcceleratedSession(
        created, open_on_cpu, title=title, bound_to=provider.bound_to, one_at_a_time=provider.one_at_a_time
    )


def _session_options(threads: int, provider: Provider | None = None) -> Any:
    options = onnxruntime().SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry(_SPIN, "0")  # threads that wait busily take the processor from all others
    options.log_severity_level = _SILENT  # what fails is raised, with the same words
    if provider is not None:
        options.add_session_config_entry(_RECORD_NODES, "1")
    if provider is not None and provider.device == "directml":
        options.enable_mem_pattern = False  # DirectML has none (onnxruntime.ai, DirectML execution provider)
    return options


def _created(network: bytes, chain: Sequence[str | tuple[str, Options]], options: Any) -> Any:
    """Make a session; what onnxruntime prints of libraries or devices gets to the terminal only in debugging."""
    runtime = onnxruntime()
    runtime.set_default_logger_severity(_ERRORS if logger.isEnabledFor(logging.DEBUG) else _SILENT)
    try:
        with redirect_stdout(io.StringIO()):
            return runtime.InferenceSession(network, options, providers=list(chain), enable_fallback=0)
    finally:
        runtime.set_default_logger_severity(_WARNINGS)


def _runs_on(session: Any, execution_provider: str) -> bool:
    """Tell whether a session runs anything where it was meant to.

    onnxruntime drops a provider that it cannot load, and it may keep one that then gets no node of the network. Only
    the newer ones tell which nodes a provider got.
    """
    if session.get_providers()[0] != execution_provider:
        return False
    if not hasattr(session, "get_provider_graph_assignment_info"):
        return True
    return any(part.ep_name == execution_provider for part in session.get_provider_graph_assignment_info())


def _checked_bytes(path: str, sha256: str) -> bytes:
    """Return the content of a network file after its sum has been checked."""
    try:
        check_regular(Path(path), "a network file")
        network = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"wanted a network file, got {path}: {error.strerror}") from error
    found = hashlib.sha256(network).hexdigest()
    if found != sha256:
        raise InputError(f"wanted a network file with sha256 {sha256}, got {path} with {found}")
    return network


def _say(level: int, message: str) -> None:
    if message not in said:
        said.add(message)
        logger.log(level, message)
