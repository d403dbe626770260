"""Network files: exported from torch to ONNX, and put in place with their cards only if both agree."""

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
"""Maximum difference between the file and torch, as a share of an output's maximum, or absolute if that is below 1."""

Inputs = Mapping[str, np.ndarray]
"""Input name, in the card's order -> array."""

Outputs = Sequence[np.ndarray]


@dataclass(frozen=True, eq=False)
class NetworkFile:
    """A network to write to a file."""

    net: nn.Module
    """In eval mode; takes the card's inputs and returns its outputs, in the card's order."""

    card: Card
    """Without the file's checksum."""

    checks: Sequence[Inputs]
    """Inputs on which torch and onnxruntime are compared; the first is traced, so it should be small."""

    finish: Callable[[Path], None] | None = None
    """Changes the file before the comparison."""

    measure: Callable[[Outputs, Outputs], float] | None = None
    """Measures the difference between torch's outputs and the file's, instead of `greatest_share`."""

    tolerance: float = TOLERANCE


def write_checked(files: Sequence[NetworkFile], folder: Path) -> list[Card]:
    """Write the networks and their cards into a folder, all or none, and return the cards.

    Raises:
        OutputError: if the folder cannot be created or written.
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
    """Write the network as ONNX; every side that has a name in the card is dynamic."""
    dynamic_axes = {
        tensor.name: {axis: side for axis, side in enumerate(tensor.shape) if isinstance(side, str)}
        for tensor in (*card.inputs, *card.outputs)
    }
    with warnings.catch_warnings():
        # The tracing exporter requires no other package and writes one file with batch norms folded in.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="torch.tensor results")  # they are constant on purpose
        warnings.filterwarnings("ignore", message="Constant folding")
        warnings.filterwarnings("ignore", message="Exporting aten::index")  # indices are never negative here
        # They are not traced, because ONNX has the operators.
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


def greatest_share(expected: Outputs, got: Outputs) -> float:
    """Return the greatest difference of outputs, in the unit of TOLERANCE."""
    pairs = [(w.astype(np.float64), g) for w, g in zip(expected, got, strict=True) if g.size]
    return float(np.max([np.abs(w - g).max() / max(1.0, np.abs(g).max()) for w, g in pairs], initial=0))


@torch.no_grad()
def greatest_difference(
    net: nn.Module, card: Card, checks: Sequence[Inputs], measure: Callable[[Outputs, Outputs], float] = greatest_share
) -> float:
    """Return the greatest difference between torch and onnxruntime over some inputs; NaN if either gives NaN.

    Raises:
        ValueError: if the shape of an output differs from torch's.
    """
    session = open_session(card, device="cpu")
    differences = []
    for inputs in checks:
        outputs = net(*(torch.from_numpy(inputs[tensor.name]) for tensor in card.inputs))
        expected = [output.numpy() for output in ((outputs,) if isinstance(outputs, Tensor) else outputs)]
        got = session.run(None, inputs)
        if [output.shape for output in expected] != [output.shape for output in got]:
            raise ValueError(f"expected outputs of {[o.shape for o in expected]}, got {[o.shape for o in got]}")
        differences.append(measure(expected, got))
    return float(np.max(differences))
