"""What a network has answered, looked at before anything is made of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kbvr.errors import InputError


def checked_answers(
    outputs: Sequence[np.ndarray], shapes: Sequence[tuple[int, ...]], *, as_bytes: bool = False
) -> list[np.ndarray]:
    """Return the first outputs of a network, as many as shapes are expected, as float32; as uint8 if `as_bytes`.

    Raises:
        InputError: if there are fewer, one has another shape or is not uint8 though it should be, or holds NaN,
            infinity or what float32 cannot hold.
    """
    if len(outputs) < len(shapes):
        raise InputError(f"expected {len(shapes)} outputs from the network that fills, got {len(outputs)}")
    checked = []
    for output, shape in zip(outputs, shapes, strict=False):
        if output.shape != shape:
            raise InputError(f"expected an output of shape {shape} from the network that fills, got {output.shape}")
        if as_bytes and output.dtype != np.uint8:
            raise InputError(f"expected 8-bit colours from the network that fills, got {output.dtype}")
        with np.errstate(over="ignore"):
            checked.append(output if as_bytes else output.astype(np.float32, copy=False))
        if not np.isfinite(checked[-1]).all():
            raise InputError("expected finite numbers from the network that fills, got NaN or infinity")
    return checked
