"""Network files: torch to ONNX, compared with torch, put in their place with their cards only when they agree."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor, nn

from kbvr.errors import OutputError
from kbvr.nets import Card, open_session
from kbvr.nets.model_card import card_text

OPSET = 18

TOLERANCE = 1e-4
"""Greatest difference allowed between the file and torch, as a share of an output's greatest value, or absolute where
that is below 1."""

Inputs = Mapping[str, np.ndarray]
"""The name of every input, in the card's order -> an array for it."""

Outputs = Sequence[np.ndarray]


@dataclass(frozen=True, eq=False)
class NetworkFile:
    """A network on its way to a file."""

    net: nn.Module
    """In eval mode; takes the card's inputs in their order and returns its outputs in theirs."""

    card: Card
    """Without the sum of the file, which is not there yet."""

    checks: Sequence[Inputs]
    """What torch and onnxruntime are compared on; the first is what is traced, so it should be small."""

    finish: Callable[[Path], None] | None = None
    """Changes the file before it is compared."""

    measure: Callable[[Outputs, Outputs], float] | None = None
    """Measures the difference of torch's outputs and the file's, instead of `greatest_share`."""

    tolerance: float = TOLERANCE


def write_checked(files: Sequence[NetworkFile], folder: Path) -> list[Card]:
    """Write the networks and their cards into a folder, all of them or none, and return the cards.

    Raises:
        OutputError: if the folder cannot be made or written.
        ValueError: if torch and onnxruntime differ by more than TOLERANCE.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        aside = TemporaryDirectory(dir=folder)
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror or error}") from error
    with aside as name:
        cards = [_write_aside(file, Path(name)) for file in files]
        for path in sorted(Path(name).iterdir()):
            path.replace(folder / path.name)
    return [replace(card, folder=folder) for card in cards]


def _write_aside(file: NetworkFile, folder: Path) -> Card:
    path = folder / file.card.file
    trace(file.net, file.card, file.checks[0], path)
    if file.finish is not None:
        file.finish(path)
    card = replace(file.card, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), folder=folder)
    difference = greatest_difference(file.net, card, file.checks, file.measure or greatest_share)
    if not difference <= file.tolerance:
        raise ValueError(f"torch and onnxruntime may differ by {file.tolerance} in {card.name}, got {difference}")
    path.with_suffix(".json").write_text(card_text(card), "utf-8")
    return card


def trace(net: nn.Module, card: Card, inputs: Inputs, path: Path) -> None:
    """Write the network as ONNX; every side that the card gives a name may change."""
    dynamic_axes = {
        tensor.name: {axis: side for axis, side in enumerate(tensor.shape) if isinstance(side, str)}
        for tensor in (*card.inputs, *card.outputs)
    }
    with warnings.catch_warnings():
        # The tracing exporter needs no further package and writes one file with batch norm folded in.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="torch.tensor results")  # they are meant to be constant
        warnings.filterwarnings("ignore", message="Constant folding")
        warnings.filterwarnings("ignore", message="Exporting aten::index")  # of indices that are never negative
        # What they do is not traced: ONNX has the operators.
        warnings.filterwarnings("ignore", message=".* trace", module=r"export\.maskrcnn\.operators")
        torch.onnx.export(
            net,
            tuple(torch.from_numpy(inputs[tensor.name]) for tensor in card.inputs),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=[tensor.name for tensor in card.inputs],
            output_names=[tensor.name for tensor in card.outputs],
            dynamic_axes=dynamic_axes,
        )


def greatest_share(wanted: Outputs, got: Outputs) -> float:
    """Return the greatest difference of outputs, measured as TOLERANCE is."""
    pairs = [(w.astype(np.float64), g) for w, g in zip(wanted, got, strict=True) if g.size]
    return float(np.max([np.abs(w - g).max() / max(1.0, np.abs(g).max()) for w, g in pairs], initial=0))


@torch.no_grad()
def greatest_difference(
    net: nn.Module, card: Card, checks: Sequence[Inputs], measure: Callable[[Outputs, Outputs], float] = greatest_share
) -> float:
    """Return the greatest difference between torch and onnxruntime over some inputs; NaN if one of them gives NaN.

    Raises:
        ValueError: if an output has another shape than in torch.
    """
    session = open_session(card, device="cpu")
    differences = []
    for inputs in checks:
        outputs = net(*(torch.from_numpy(inputs[tensor.name]) for tensor in card.inputs))
        wanted = [output.numpy() for output in ((outputs,) if isinstance(outputs, Tensor) else outputs)]
        got = session.run(None, inputs)
        if [output.shape for output in wanted] != [output.shape for output in got]:
            raise ValueError(f"wanted outputs of {[o.shape for o in wanted]}, got {[o.shape for o in got]}")
        differences.append(measure(wanted, got))
    return float(np.max(differences))
