"""The shipped file can be read back into torch, so that a training can go on from it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from export.kbvr_depth import KbvrDepth
from export.onnx_import import load_folded
from kbvr.nets import open_session

SHIPPED = Path(__file__).parents[1] / "kbvr" / "nets" / "kbvr-depth.onnx"


def test_weights_read_back_compute_what_the_file_computes() -> None:
    """Unfolding the batch norms changes nothing of what the network says."""
    pictures = torch.from_numpy(np.random.default_rng(0).random((4, 3, 96, 128), np.float32))
    net = KbvrDepth()
    load_folded(net, SHIPPED, pictures)
    wanted = open_session("kbvr-depth", device="cpu").run(None, {"rgb01": pictures[:1].numpy()})[0]
    with torch.no_grad():
        got = net.eval()(pictures[:1])[0].numpy()
    assert np.abs(got - wanted).max() < 1e-4 * max(1.0, float(np.abs(wanted).max()))


def test_a_file_of_another_architecture_is_refused() -> None:
    """Other widths do not load, and the message says what came."""
    with pytest.raises(ValueError, match="wanted weights"):
        load_folded(KbvrDepth((8, 16, 32, 64, 96)), SHIPPED, torch.rand(1, 3, 64, 64))
