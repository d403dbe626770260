"""Checkpoints that other people trained: read without running what is in them, loaded key for key or not at all."""

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
"""End of a key that batch norms gained over the years and that says nothing about what a network computes."""


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file that torch.save wrote, by key, on the CPU.

    Raises:
        InputError: if the file cannot be read or holds anything but tensors by key.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"wanted a checkpoint, got {path}: {error.strerror or error}") from error
    except (pickle.UnpicklingError, BadZipFile, EOFError, RuntimeError, ValueError, KeyError, IndexError) as error:
        # What a file that torch.save did not write makes of torch.load depends on its first bytes.
        raise InputError(f"wanted a checkpoint of torch.save, got {path}: {_first_line(error)}") from error
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise InputError(f"wanted a checkpoint that holds tensors by key, got {path} with {type(state).__name__}")
    return {str(key): value for key, value in state.items() if not str(key).endswith(COUNTED)}


def load_exactly(make: Callable[[], Net], state: Mapping[str, Tensor], path: Path) -> Net:
    """Return a network in eval mode that holds exactly these tensors.

    It is made without numbers of its own: most of these networks take longer to fill with noise than to load.

    Raises:
        InputError: if a key is missing or is one too many, or a tensor has another shape.
    """
    with torch.device("meta"):
        net = make()
    wanted = {key: value for key, value in net.state_dict().items() if not key.endswith(COUNTED)}
    _refuse_other_keys(wanted, state, path)
    for key, tensor in wanted.items():
        if state[key].shape != tensor.shape:
            raise InputError(f"wanted {key} of shape {tuple(tensor.shape)}, got {tuple(state[key].shape)} in {path}")
    counters = {key: torch.zeros((), dtype=torch.long) for key in net.state_dict() if key.endswith(COUNTED)}
    net.load_state_dict({**{key: state[key].float() for key in wanted}, **counters}, assign=True)
    return net.eval().requires_grad_(False)


def _refuse_other_keys(wanted: Mapping[str, Tensor], state: Mapping[str, Tensor], path: Path) -> None:
    missing, surplus = sorted(wanted.keys() - state.keys()), sorted(state.keys() - wanted.keys())
    if missing:
        raise InputError(f"wanted {len(wanted)} tensors, got {path} without {len(missing)} of them, as {missing[0]!r}")
    if surplus:
        raise InputError(f"wanted {len(wanted)} tensors, got {path} with {len(surplus)} more, as {surplus[0]!r}")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
