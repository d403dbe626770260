"""Other people's checkpoints: read without running their code, and loaded only if every key matches."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from zipfile import BadZipFile

import torch
from torch import Tensor, nn

from kbvr.errors import InputError

Net = TypeVar("Net", bound=nn.Module)

COUNTED = "num_batches_tracked"
"""Suffix of a key of newer batch norms that does not affect what a network computes."""


def read_checkpoint(path: Path, part: str = "") -> dict[str, Tensor]:
    """Return the tensors of a file that torch.save wrote, by key, on the CPU.

    If the file has a `part` of this name, only that is read.

    Raises:
        InputError: if the file cannot be read or contains anything but tensors by key.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"expected a checkpoint, got {path}: {error.strerror or error}") from error
    except (pickle.UnpicklingError, BadZipFile, EOFError, RuntimeError, ValueError, KeyError, IndexError) as error:
        # For other files, the exception of torch.load depends on their first bytes.
        raise InputError(f"expected a checkpoint of torch.save, got {path}: {_first_line(error)}") from error
    if part and isinstance(state, Mapping) and isinstance(state.get(part), Mapping):
        state = state[part]
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise InputError(f"expected a checkpoint with tensors by key, got {path} with {type(state).__name__}")
    return {str(key): value for key, value in state.items() if not str(key).endswith(COUNTED)}


def load_exactly(make: Callable[[], Net], state: Mapping[str, Tensor], path: Path) -> Net:
    """Return a network in eval mode with exactly these tensors.

    It is created without initial values, because most of these networks take longer to initialise than to load.

    Raises:
        InputError: if a key is missing or unknown, or a tensor has another shape.
    """
    with torch.device("meta"):
        net = make()
    expected = {key: value for key, value in net.state_dict().items() if not key.endswith(COUNTED)}
    _refuse_other_keys(expected, state, path)
    for key, tensor in expected.items():
        if state[key].shape != tensor.shape:
            raise InputError(f"expected {key} of shape {tuple(tensor.shape)}, got {tuple(state[key].shape)} in {path}")
    counters = {key: torch.zeros((), dtype=torch.long) for key in net.state_dict() if key.endswith(COUNTED)}
    net.load_state_dict({**{key: state[key].float() for key in expected}, **counters}, assign=True)
    return net.eval().requires_grad_(False)


def _refuse_other_keys(expected: Mapping[str, Tensor], state: Mapping[str, Tensor], path: Path) -> None:
    missing, surplus = sorted(expected.keys() - state.keys()), sorted(state.keys() - expected.keys())
    if missing:
        raise InputError(
            f"expected {len(expected)} tensors, got {path} without {len(missing)} of them, as {missing[0]!r}"
        )
    if surplus:
        raise InputError(f"expected {len(expected)} tensors, got {path} with {len(surplus)} more, as {surplus[0]!r}")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
