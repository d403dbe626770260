"""The 16-bit weights of kbvr-color with the step they were written at, from which a later training goes on."""

from __future__ import annotations

from pathlib import Path

import torch

from export.checkpoint import read_checkpoint
from export.kbvr_color import KbvrColor
from export.steady_training import write_whole
from kbvr.errors import InputError

STEP = "step"
"""Key of the step, among the tensors."""


def write_halves(run: Path, path: Path) -> int:
    """Write the averaged weights of a run's checkpoint in 16 bits, and its step; return the step.

    Raises:
        InputError: if the run has no checkpoint.
    """
    try:
        state = torch.load(run / "checkpoint.pt", map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"expected a run with a checkpoint.pt, got {run}: {error.strerror or error}") from error
    halves = {k: v.half() if v.is_floating_point() else v for k, v in state["averaged"].items()}
    write_whole({**halves, STEP: torch.tensor(state["step"])}, path)
    return int(state["step"])


def read_halves(net: KbvrColor, path: Path) -> int:
    """Give a network the weights that `write_halves` wrote, or those of an averaged.pt; return the step (or 0).

    Raises:
        InputError: if the file is not a checkpoint of kbvr-color.
    """
    state = read_checkpoint(path)
    step = state.pop(STEP, torch.tensor(0))
    try:
        missing, surplus = net.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise InputError(
            f"expected weights of kbvr-color, got {path}: {str(error).splitlines()[-1].strip()}"
        ) from error
    wrong = [name for name in missing if not name.endswith("num_batches_tracked")] + surplus
    if wrong:
        raise InputError(f"expected weights of kbvr-color, got {path}, where {wrong[0]!r} is missing or unknown")
    return int(step)
