"""Networks that compute in 16 bits, run with the 32-bit arrays that the rest of kbvr has.

A graph in fp16 needs half the memory on a GPU, and tensor cores are made for it. onnxruntime cannot turn another graph
into one while it loads it, and kbvr has no converter; but files in fp16 exist of most larger networks, and `--fill`
and its like take them as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

HALF = "tensor(float16)"
"""onnxruntime's name of the type."""


class HalfSession:
    """A `kbvr.nets.Session` whose inputs are cast to 16 bits where the network wants that, its outputs to 32."""

    def __init__(self, session: Any) -> None:
        """Wrap a session; its network may have other inputs too, which are left alone."""
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
        """Return what the session runs on, best first."""
        return list(self.session.get_providers())


def has_half(session: Any) -> bool:
    """Tell whether a network takes or gives 16-bit numbers."""
    return any(tensor.type == HALF for tensor in (*session.get_inputs(), *session.get_outputs()))
