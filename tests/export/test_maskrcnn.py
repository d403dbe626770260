"""Mask R-CNN in ONNX: its keys, its parts against exact answers, and the file against torch."""

from __future__ import annotations

import hashlib

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from export.__main__ import main
from export.maskrcnn import files
from export.maskrcnn.boxes import best_boxes
from export.maskrcnn.net import MaskRcnn, _pasted
from export.maskrcnn.operators import roi_align
from kbvr.nets import open_file, open_session, read_card

KEYS_SHA256 = "fac6a17b4d4c2bb9d5e146f819901db1c851d1084c41b81a77f766468726d1c5"
"""Of the lines `key (shape)` of the state dict of torchvision 0.28.0's maskrcnn_resnet50_fpn, norms frozen."""


def small_net(*, sure: float) -> MaskRcnn:
    """Return a narrow network of noise; the surer it is, the higher its scores."""
    torch.manual_seed(0)
    net = MaskRcnn(
        blocks=(1, 2, 1, 1), channels=4, pyramid_channels=8, hidden=16, short_px=128, long_px=200, min_score=0.3
    ).eval()
    with torch.no_grad():
        net.roi_heads.box_predictor.cls_score.weight.normal_(0, sure)
    return net


def test_keys_and_shapes_are_torchvisions():
    """So that its weights load key for key: 44.4 million parameters, as torchvision says."""
    with torch.device("meta"):
        net = MaskRcnn()
    lines = sorted(f"{key} {tuple(tensor.shape)}" for key, tensor in net.state_dict().items())
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == KEYS_SHA256
    assert sum(parameter.numel() for parameter in net.parameters()) == 44_401_393


def old_key(key: str) -> str:
    """Return a key as the file of 2019 has it."""
    for index in range(4):
        key = key.replace(f"mask_head.{index}.0.", f"mask_head.mask_fcn{index + 1}.")
    if "fpn" in key:
        key = key.replace(".0.weight", ".weight").replace(".0.bias", ".bias")
    return key.replace("rpn.head.conv.0.0.", "rpn.head.conv.")


def constants(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return a state dict of the same keys and shapes with another number for each key, which takes no room."""
    return {
        key: torch.tensor(index / 1000.0).expand(tensor.shape) for index, (key, tensor) in enumerate(state.items(), 1)
    }


def test_weights_load_by_their_keys_of_today_and_of_2019(tmp_path):
    """Every number lands where it belongs under either name."""
    with torch.device("meta"):
        keys = MaskRcnn().state_dict()
    state = constants(keys)
    torch.save(state, tmp_path / "new.pth")
    torch.save({old_key(key): value for key, value in state.items()}, tmp_path / "old.pth")
    assert "roi_heads.mask_head.mask_fcn4.bias" in torch.load(tmp_path / "old.pth", weights_only=True)
    for name in ("new.pth", "old.pth"):
        loaded = files.load_maskrcnn(tmp_path / name).state_dict()
        assert loaded.keys() == state.keys()
        assert all((tensor == state[key].flatten()[0]).all() for key, tensor in loaded.items())


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return the folder that the command wrote a narrow network's file and card into."""
    out = tmp_path_factory.mktemp("maskrcnn") / "new" / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "SIZES_PX", ((96, 64), (161, 243)))
        patch.setattr(files, "load_maskrcnn", lambda path: small_net(sure=20))
        main(["maskrcnn", "--weights", "weights.pth", "-o", str(out)])
    return out


def test_the_command_writes_file_and_card(written):
    """They belong to each other, and the card says whose weights they are."""
    assert sorted(path.name for path in written.iterdir()) == ["maskrcnn.json", "maskrcnn.onnx"]
    card = read_card(written / "maskrcnn.json")
    assert card.licence == "BSD-3-Clause" and "torchvision" in card.source
    assert card.sha256 == hashlib.sha256(card.path.read_bytes()).hexdigest()


def test_the_file_finds_what_torch_finds(written):
    """At a size and shape other than the traced one."""
    net, picture = small_net(sure=20), files.photo_at(200, 70)
    boxes, labels, scores, masks = open_session(read_card(written / "maskrcnn.json"), "cpu").run(None, picture)
    assert len(boxes) == len(labels) == len(scores) > 3 and masks.shape == (len(boxes), 1, 70, 200)
    assert labels.dtype == np.int64 and labels.min() >= 1 and labels.max() <= 90
    assert (np.diff(scores) <= 0).all() and scores.min() > 0.3
    assert boxes.min() >= 0 and (boxes.max(0) <= (200.001, 70.001, 200.001, 70.001)).all()
    with torch.no_grad():
        wanted = [output.numpy() for output in net(torch.from_numpy(picture["rgb01"]))]
    assert files.difference(wanted, [boxes, labels, scores, masks]) < 1e-4
    assert files.difference([*wanted[:2], wanted[2] + 0.1, wanted[3]], [boxes, labels, scores, masks]) > 0.05


def test_nothing_found_is_no_error(written, tmp_path):
    """Where no score is high enough outputs have length 0, in the file as in torch."""
    model = onnx.load(written / "maskrcnn.onnx")
    constants = [node.attribute[0].t for node in model.graph.node if node.op_type == "Constant"]
    limits = [t for t in constants if onnx.numpy_helper.to_array(t).tolist() == [pytest.approx(0.3)]]
    assert len(limits) == 1
    limits[0].CopyFrom(onnx.numpy_helper.from_array(np.array([1], np.float32), limits[0].name))
    onnx.save(model, tmp_path / "strict.onnx")
    net, picture = small_net(sure=20), files.photo_at(80, 50)
    net.roi_heads.min_score = 1
    shapes = [(0, 4), (0,), (0,), (0, 1, 50, 80)]
    assert [output.shape for output in open_file(tmp_path / "strict.onnx", device="cpu").run(None, picture)] == shapes
    with torch.no_grad():
        assert [tuple(output.shape) for output in net(torch.from_numpy(picture["rgb01"]))] == shapes


coordinates = stn.arrays(np.float32, (12, 2), elements=st.floats(0, 50, width=32))
sides = stn.arrays(np.float32, (12, 2), elements=st.floats(1, 30, width=32))


@given(coordinates, sides, st.permutations(range(12)))
def test_of_boxes_that_overlap_the_best_stays(corner, size, order):
    """Those kept do not overlap; those that went overlap with a better one that was kept."""
    boxes = torch.from_numpy(np.concatenate([corner, corner + size], 1))
    scores = torch.tensor(order) / 20 + 0.1
    kept = best_boxes(boxes[None], scores[None], max_count=100, overlap=0.5, min_score=0.15, min_px=2)[:, 1].tolist()
    shared = torch.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - torch.maximum(
        boxes[:, None, :2], boxes[None, :, :2]
    )
    shared = shared.clamp(min=0).prod(-1)
    area = torch.from_numpy(size).prod(-1)
    overlap = shared / (area[:, None] + area[None] - shared)
    assert scores[kept].tolist() == sorted(scores[kept].tolist(), reverse=True)
    for index in range(12):
        better = [k for k in kept if scores[k] > scores[index]]
        hidden = any(overlap[index, k] > 0.5 + 1e-4 for k in better)
        touched = any(overlap[index, k] > 0.5 - 1e-4 for k in better)
        allowed = scores[index] > 0.15 and (boxes[index, 2:] - boxes[index, :2]).min() >= 2
        assert (index in kept) <= (allowed and not hidden)
        assert (index in kept) >= (bool(allowed) and not touched)


def test_features_of_a_ramp_are_those_of_the_cells_middles():
    """Bilinear samples of a linear ramp, averaged, are exact: x of the cell's middle in px of the features."""
    ramp = torch.arange(32.0).expand(1, 1, 32, 32)
    boxes = torch.tensor([[16.0, 8.0, 72.0, 64.0], [20.0, 0.0, 27.0, 100.0]])
    cells = roi_align(ramp, boxes, 0.25, 7)
    for box, found in zip(boxes, cells, strict=True):
        width = (box[2] - box[0]) / 4 / 7
        assert torch.allclose(found[0], (box[0] / 4 + width * (torch.arange(7) + 0.5)).expand(7, 7), atol=1e-5)


def test_a_full_mask_covers_its_box_and_nothing_beside_it():
    """1 inside, a border as wide as a sample, 0 outside; the part beyond the picture is cut off."""
    pasted = _pasted(
        torch.ones(2, 1, 28, 28), torch.tensor([[10.0, 20, 38, 48], [-20.0, 5, 36, 33]]), torch.tensor([60, 50])
    )
    assert pasted.shape == (2, 1, 60, 50)
    assert (pasted[0, 0, 21:47, 11:37] == 1).all() and (pasted[1, 0, 7:31, :33] == 1).all()
    assert pasted[0, 0, :19].max() == 0 and pasted[0, 0, :, :9].max() == 0 and pasted[0, 0, 50:].max() == 0


def test_weights_of_another_network_are_refused(tmp_path, capsys):
    """One line says what was wanted and what came; nothing is written."""
    torch.save({"fc.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(SystemExit) as stopped:
        main(["maskrcnn", "--weights", str(tmp_path / "other.pth"), "-o", str(tmp_path / "out")])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "without" in said and "other.pth" in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()
