"""The shipped file can be read back into torch, so that a training can go on from it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from export.kbvr_fill import KbvrFill
from export.onnx_import import load_folded
from kbvr.nets import open_session

SHIPPED = Path(__file__).parents[2] / "kbvr" / "nets" / "builtin" / "kbvr-fill.onnx"


def some_inputs(pictures: int) -> dict[str, torch.Tensor]:
    """Return pictures, inverse depth and what is known of them, by the names that the file has for them."""
    noise = np.random.default_rng(0)
    arrays = {
        "rgb01": noise.random((pictures, 3, 96, 128)),
        "inverse_depth": noise.random((pictures, 1, 96, 128)),
        "known": noise.random((pictures, 1, 96, 128)) > 0.3,
    }
    return {name: torch.from_numpy(array.astype(np.float32)) for name, array in arrays.items()}


def test_weights_read_back_compute_what_the_file_computes() -> None:
    """Unfolding the batch norms changes nothing of what the network says."""
    inputs = some_inputs(4)
    net = KbvrFill()
    load_folded(net, SHIPPED, *inputs.values())
    one = {name: tensor[:1] for name, tensor in inputs.items()}
    wanted = open_session("kbvr-fill", device="cpu").run(None, {name: t.numpy() for name, t in one.items()})[0]
    with torch.no_grad():
        got = net.eval()(*one.values())[0].clamp(0, 1).numpy()
    assert np.abs(got - wanted).max() < 1e-4 * max(1.0, float(np.abs(wanted).max()))


def test_a_file_of_another_architecture_is_refused() -> None:
    """Other widths do not load, and the message says what came."""
    with pytest.raises(ValueError, match="expected weights"):
        load_folded(KbvrFill((8, 16, 32, 64)), SHIPPED, *some_inputs(1).values())
