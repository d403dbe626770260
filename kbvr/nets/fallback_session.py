"""A session on an accelerator that falls back to the CPU."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import Any

import numpy as np

from kbvr.errors import MAX_MESSAGE_LENGTH
from kbvr.nets.onnxruntime_loader import onnxruntime

logger = logging.getLogger(__name__)


class AcceleratedSession:
    """A `kbvr.nets.Session` that runs on an accelerator until a run fails, and on the CPU from then on.

    A picture may exceed the device's memory, or the device may disappear. A warning is logged once. Invalid inputs fail
    on the CPU too, and the CPU's error is raised.
    """

    def __init__(
        self,
        session: Any,
        open_on_cpu: Callable[[], Any],
        *,
        title: str,
        bound_to: str | None = None,
        one_at_a_time: bool = False,
    ) -> None:
        """Wrap an `onnxruntime.InferenceSession` on an accelerator that messages call `title`.

        `bound_to` is onnxruntime's name of the memory to bind inputs and outputs to; None lets onnxruntime decide.
        """
        self._session: Any | None = session
        self._described = session
        self._open_on_cpu = open_on_cpu
        self._title = title
        self._bound_to = bound_to
        self._run_lock: AbstractContextManager[Any] = Lock() if one_at_a_time else nullcontext()
        self._fallback_lock = Lock()

    @property
    def title(self) -> str:
        """The device that it runs on now."""
        return self._title if self._session is not None else f"the CPU, since {self._title} failed"

    def run(self, output_names: Sequence[str] | None, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Return the outputs, all of them in the file's order if no names are given."""
        session = self._session
        if session is None:
            return list(self._open_on_cpu().run(output_names, feeds))
        try:
            with self._run_lock:
                if self._bound_to is None:
                    return list(session.run(output_names, feeds))
                return run_bound(session, output_names, feeds, self._bound_to)
        except Exception as error:  # noqa: BLE001  onnxruntime has no common base class for its errors
            outputs = list(self._open_on_cpu().run(output_names, feeds))
            self._fall_back(error)
            return outputs

    def get_inputs(self) -> Sequence[Any]:
        """Return descriptions of the inputs, each with a `name`."""
        return list(self._described.get_inputs())

    def get_outputs(self) -> Sequence[Any]:
        """Return descriptions of the outputs, each with a `name`."""
        return list(self._described.get_outputs())

    def get_providers(self) -> list[str]:
        """Return onnxruntime's names of the current providers, best first."""
        return list(self._described.get_providers())

    def _fall_back(self, error: Exception) -> None:
        """Release the accelerator and its memory, and log a warning, once."""
        with self._fallback_lock:
            if self._session is None:
                return
            self._session, self._described = None, self._open_on_cpu()
        logger.warning("a network failed on %s (%s); using the CPU from now on", self._title, first_line(error))


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, truncated if it is long, or the error's type if it is empty."""
    lines = str(error).strip().splitlines()
    return lines[0][:MAX_MESSAGE_LENGTH] if lines else type(error).__name__


def run_bound(
    session: Any, output_names: Sequence[str] | None, feeds: Mapping[str, np.ndarray], memory: str
) -> list[np.ndarray]:
    """Run an `onnxruntime.InferenceSession` with inputs and outputs in the memory of a device such as "cuda".

    `output_names` of None means all outputs, in the file's order. Their sizes need not be known in advance.
    """
    names = output_names or [output.name for output in session.get_outputs()]
    binding = session.io_binding()
    for name, array in feeds.items():
        value = onnxruntime().OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array), memory, 0)
        binding.bind_ortvalue_input(name, value)
    for name in names:
        binding.bind_output(name, memory, 0)
    session.run_with_iobinding(binding)
    return [np.asarray(output) for output in binding.copy_outputs_to_cpu()]
