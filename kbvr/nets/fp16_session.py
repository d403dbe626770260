"""Run networks with 16-bit inputs and outputs on the 32-bit arrays of the rest of kbvr.

An fp16 graph takes half the memory on a GPU, and tensor cores are made for it. onnxruntime cannot convert a graph while
loading it, and kbvr has no converter, but most larger networks are also published in fp16.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

HALF = "tensor(float16)"


class HalfSession:
    """A `kbvr.nets.Session` that casts inputs to 16 bits where the network requires it, and 16-bit outputs to 32."""

    def __init__(self, session: Any) -> None:
        """Wrap a session."""
        self.session = session
        self._halves = {tensor.name for tensor in session.get_inputs() if tensor.type == HALF}

    def run(self, output_names: Sequence[str] | None, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Return the outputs, all of them in the file's order if no names are given."""
        cast = {
            name: array.astype(np.float16) if name in self._halves and array.dtype == np.float32 else array
            for name, array in feeds.items()
        }
        outputs = self.session.run(output_names, cast)
        return [array.astype(np.float32) if array.dtype == np.float16 else array for array in outputs]

    def get_inputs(self) -> Sequence[Any]:
        """Return descriptions of the inputs, each with a `name`."""
        return list(self.session.get_inputs())

    def get_outputs(self) -> Sequence[Any]:
        """Return descriptions of the outputs, each with a `name`."""
        return list(self.session.get_outputs())

    def get_providers(self) -> list[str]:
        """Return onnxruntime's names of the providers, best first."""
        return list(self.session.get_providers())


def has_half(session: Any) -> bool:
    """Return whether a network has 16-bit inputs or outputs."""
    return any(tensor.type == HALF for tensor in (*session.get_inputs(), *session.get_outputs()))
