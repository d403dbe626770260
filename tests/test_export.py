"""Training and exporting kbvr-depth, in small: no teacher, no real photo, a few steps."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from export import onnx_export
from export.__main__ import main
from export.kbvr_depth import KbvrDepth
from export.train_depth import loss_of
from kbvr.nets import open_session, read_card


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """Return folders of four photos of a ramp, near below and sky above, and of their labels."""
    photos, labels = tmp_path_factory.mktemp("photos"), tmp_path_factory.mktemp("labels")
    noise = np.random.default_rng(0)
    for index, (width, height) in enumerate([(96, 64), (64, 96), (96, 64), (80, 80)]):
        ramp = np.broadcast_to(np.linspace(-2, 2, height, dtype=np.float32)[:, None], (height, width))
        rgb = np.clip(ramp[..., None] * 50 + 128 + noise.normal(0, 10, (height, width, 3)), 0, 255)
        Image.fromarray(rgb.astype(np.uint8)).save(photos / f"{index}.jpg")
        sky = {"sky": np.where(ramp < -1, 255, 0).astype(np.uint8)} if index % 2 == 0 else {}
        windows = {"windows": np.array([[8, 4, 56, 60]], np.int32), "depth_0": ramp[4:60, 8:56].astype(np.float16)}
        np.savez(labels / f"{index}.npz", depth=ramp.astype(np.float16), **windows, **sky)
    return photos, labels


def log_of(run):
    """Return the entries of a run's log."""
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def test_a_training_goes_on_where_it_was_and_its_weights_can_be_exported(labelled, tmp_path):
    """Train, stop, train on, write ONNX: the whole way through the command line."""
    photos, labels = labelled
    run, out = tmp_path / "run", tmp_path / "nets"
    call = ["train-depth", "--photos", str(photos), "--labels", str(labels), "--run", str(run), "--minutes"]
    main([*call, "0.01"])
    first_step = log_of(run)[-1]["step"]
    assert first_step >= 1
    spent_s = torch.load(run / "checkpoint.pt", weights_only=True)["spent_s"]
    main([*call, f"{(spent_s + 0.5) / 60}"])
    assert log_of(run)[-1]["step"] > first_step
    assert np.isfinite(log_of(run)[-1]["correlation_mean"])

    main(["kbvr-depth", "--weights", str(run / "weights.pt"), "--out", str(out), "--figure", "seen=0.5"])
    assert sorted(path.name for path in out.iterdir()) == ["kbvr-depth.json", "kbvr-depth.onnx"]
    card = read_card(out / "kbvr-depth.json")
    assert card.figures == {"seen": 0.5}
    outputs = open_session(card, "cpu").run(None, {"rgb01": np.full((1, 3, 64, 96), 0.5, np.float32)})
    assert [output.shape for output in outputs] == [(1, 1, 64, 96)] * 2


def random_net(seed: int) -> KbvrDepth:
    """Return a small network whose batch norms have something to fold."""
    torch.manual_seed(seed)
    net = KbvrDepth((4, 8, 8, 8, 8)).train()
    with torch.no_grad():
        for _ in range(3):
            net(torch.rand(2, 3, 64, 64))
    return net


def test_the_onnx_file_computes_what_torch_computes(tmp_path):
    """At several sizes, in one file, with the names on its card and the sky as a probability."""
    net = random_net(0)
    card = onnx_export.export_depth(net, tmp_path, {})
    wrapped = onnx_export.ExportedDepth(net).eval()
    sizes_px = ((64, 32), (96, 128), (160, 96))
    assert onnx_export.greatest_difference(wrapped, card, sizes_px) < onnx_export.TOLERANCE
    model = onnx.load(card.path)
    assert not [tensor for tensor in model.graph.initializer if tensor.external_data]
    assert [output.name for output in model.graph.output] == [tensor.name for tensor in card.outputs]
    assert max(opset.version for opset in model.opset_import) <= 20


def test_a_file_that_differs_from_torch_is_not_kept(tmp_path, monkeypatch):
    """A wrong network never reaches the package, nor does its card."""
    monkeypatch.setattr(onnx_export, "greatest_difference", lambda *_: 0.01)
    with pytest.raises(ValueError, match=r"got 0\.01"):
        onnx_export.export_depth(random_net(1), tmp_path, {})
    assert list(tmp_path.iterdir()) == []


def test_a_difference_is_found(tmp_path):
    """The comparison sees another network's weights."""
    card = onnx_export.export_depth(random_net(2), tmp_path, {})
    other = onnx_export.ExportedDepth(random_net(3)).eval()
    assert onnx_export.greatest_difference(other, card, [(64, 64)]) > 100 * onnx_export.TOLERANCE


def test_the_loss_ignores_scale_shift_and_unknown_sky():
    """A relative depth is right up to scale and shift; a photo without a sky label teaches none."""
    torch.manual_seed(0)
    depth = torch.rand(2, 1, 48, 64)
    unknown = torch.full_like(depth, -1)
    assert loss_of(5 * depth + 3, torch.randn_like(depth), depth, unknown) < 0.01
    assert loss_of(-depth, torch.zeros_like(depth), depth, unknown) > 1
    assert loss_of(depth, torch.full_like(depth, 9), depth, torch.zeros_like(depth)) > 1
