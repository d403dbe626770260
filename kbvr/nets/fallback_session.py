"""A session on something faster than the CPU: inputs and outputs bound to its memory, the CPU where it fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import Any

import numpy as np

from kbvr.nets.onnxruntime_loader import onnxruntime

logger = logging.getLogger(__name__)


class AcceleratedSession:
    """A `kbvr.nets.Session` that runs on an accelerator until a run fails there, and on the CPU from then on.

    A picture may be too large for the device's memory, or the device may be lost: the work is done all the same, and
    a warning says so once. What is wrong with the inputs is wrong on the CPU too, and its error is the one raised.
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
        """Wrap onnxruntime's session.

        Args:
            session: An `onnxruntime.InferenceSession` that runs on the accelerator.
            open_on_cpu: Gives a session of the same network on the CPU, when it is needed.
            title: What a person calls the accelerator.
            bound_to: onnxruntime's name of the memory to bind inputs and outputs to; None leaves that to onnxruntime.
            one_at_a_time: Let threads wait for each other.
        """
        self._session: Any | None = session
        self._described = session
        self._open_on_cpu = open_on_cpu
        self._title = title
        self._bound_to = bound_to
        self._turn: AbstractContextManager[Any] = Lock() if one_at_a_time else nullcontext()
        self._giving_up = Lock()

    @property
    def title(self) -> str:
        """What it runs on now."""
        return self._title if self._session is not None else f"the CPU, since {self._title} failed"

    def run(self, output_names: Sequence[str] | None, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Return the outputs, all of them in the file's order if no names are given."""
        session = self._session
        if session is None:
            return list(self._open_on_cpu().run(output_names, feeds))
        try:
            with self._turn:
                if self._bound_to is None:
                    return list(session.run(output_names, feeds))
                return run_bound(session, output_names, feeds, self._bound_to)
        except Exception as error:  # noqa: BLE001  onnxruntime raises many types, none of them of its own for this
            outputs = list(self._open_on_cpu().run(output_names, feeds))
            self._give_up(error)
            return outputs

    def get_inputs(self) -> Sequence[Any]:
        """Return descriptions of the inputs, each with a `name`."""
        return list(self._described.get_inputs())

    def get_outputs(self) -> Sequence[Any]:
        """Return descriptions of the outputs, each with a `name`."""
        return list(self._described.get_outputs())

    def get_providers(self) -> list[str]:
        """Return what the session runs on now, best first."""
        return list(self._described.get_providers())

    def _give_up(self, error: Exception) -> None:
        """Let go of the accelerator and its memory, and say so, once."""
        with self._giving_up:
            if self._session is None:
                return
            self._session, self._described = None, self._open_on_cpu()
        logger.warning(
            "a network could not be run on %s (%s): the CPU does it from now on (--device cpu does so at once)",
            self._title,
            first_line(error),
        )


def first_line(error: Exception, most: int = 300) -> str:
    """Return the first line of what an error says, cut if it is long, or its type if it says nothing."""
    said = str(error).strip().splitlines()
    return said[0][:most] if said else type(error).__name__


def run_bound(
    session: Any, output_names: Sequence[str] | None, feeds: Mapping[str, np.ndarray], memory: str
) -> list[np.ndarray]:
    """Run with inputs and outputs in a device's own memory; the outputs' sizes need not be known before.

    Args:
        session: An `onnxruntime.InferenceSession`.
        output_names: What is wanted; None is everything, in the file's order.
        feeds: Arrays by the name of the input.
        memory: onnxruntime's name of the device, such as "cuda".
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
