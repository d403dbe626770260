"""Labelling, training and exporting our networks, in small: a few steps on a few photos."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from export import onnx_export, onnx_file, rendered, train_fill, training
from export.__main__ import main
from export.kbvr_fill import KbvrFill
from export.mixtures import Mixtures
from export.teachers import load_rgb
from kbvr.inpaint.choose import network_filler
from kbvr.nets import read_card

ROOT = Path(__file__).parents[2]


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
    """Train, stop, train on, write ONNX, fill a hole: the whole way through the command line."""
    photos, labels = labelled
    run, out = tmp_path / "run", tmp_path / "nets"
    call = ["train-fill", "--photos", str(photos), "--labels", str(labels), "--run", str(run), "--minutes"]
    main([*call, "0.01"])
    first_step = log_of(run)[-1]["step"]
    assert first_step >= 1
    spent_s = torch.load(run / "checkpoint.pt", weights_only=True)["spent_s"]
    main([*call, f"{(spent_s + 0.5) / 60}"])
    assert log_of(run)[-1]["step"] > first_step
    assert np.isfinite(log_of(run)[-1]["psnr_median_db"])

    main(["kbvr-fill", "--weights", str(run / "weights.pt"), "--out", str(out), "--figure", "seen=0.5"])
    assert sorted(path.name for path in out.iterdir()) == ["kbvr-fill.json", "kbvr-fill.onnx"]
    assert read_card(out / "kbvr-fill.json").figures == {"seen": 0.5}
    assert (out / "kbvr-fill.onnx").stat().st_size <= 16e6
    hole = np.zeros((100, 100), bool)
    hole[40:60, 40:60] = True
    grey = np.full((100, 100, 3), 90, np.uint8)
    filled, _ = network_filler(out / "kbvr-fill.onnx")(grey, np.ones((100, 100), np.float32), hole=hole, source=~hole)
    assert np.abs(filled[hole].astype(int) - 90).max() < 60


def inputs_of(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return pictures, inverse depth and what is known of them."""
    torch.manual_seed(seed)
    return torch.rand(2, 3, 64, 64), torch.rand(2, 1, 64, 64), (torch.rand(2, 1, 64, 64) > 0.3).float()


def random_net(seed: int) -> KbvrFill:
    """Return a network whose batch norms have something to fold, and whose last layer says something."""
    torch.manual_seed(seed)
    net = KbvrFill().train()
    with torch.no_grad():
        net.sub_pixels.weight.normal_(0, 0.1)
        for _ in range(3):
            net(*inputs_of(seed))
    return net


def difference_at(net, card, sizes_px):
    """Return the greatest difference between torch and a file at some sizes."""
    return onnx_file.greatest_difference(net, card, [onnx_export.noise_for(card, *size_px) for size_px in sizes_px])


def test_settled_batch_norms_compute_in_training_what_the_written_network_computes():
    """The averaged statistics are taken over and no batch changes them."""
    net, averaged = random_net(5), random_net(6)
    averaged.load_state_dict(net.state_dict() | {k: v for k, v in averaged.state_dict().items() if "running" in k})
    training._settle(net, averaged)
    rgb, depth, known = inputs_of(7)
    assert torch.equal(net(rgb, depth, known)[0], averaged.eval()(rgb, depth, known)[0])
    assert torch.equal(net(rgb * 0.1, depth, known)[0], averaged(rgb * 0.1, depth, known)[0])


def test_an_error_while_batches_are_made_ends_the_training():
    """It comes out where the batch is wanted, instead of a wait without end."""

    def make():
        raise ValueError("no such photo")

    with pytest.raises(ValueError, match="no such photo"):
        next(training.made_ahead(make))


def test_the_onnx_file_computes_what_torch_computes(tmp_path):
    """At several sizes, in one file, with the names on its card."""
    net = random_net(0)
    card = onnx_export.export_fill(net, tmp_path, {})
    wrapped = onnx_export.with_half_weights(onnx_export.ExportedFill(net).eval())
    sizes_px = ((64, 32), (96, 128), (160, 96))
    assert difference_at(wrapped, card, sizes_px) < onnx_file.TOLERANCE
    model = onnx.load(card.path)
    assert not [tensor for tensor in model.graph.initializer if tensor.external_data]
    assert [output.name for output in model.graph.output] == [tensor.name for tensor in card.outputs]
    assert max(opset.version for opset in model.opset_import) <= 20


def test_a_file_that_differs_from_torch_is_not_kept(tmp_path, monkeypatch):
    """A wrong network never reaches the package, nor does its card."""
    monkeypatch.setattr(onnx_file, "greatest_difference", lambda *_: 0.01)
    with pytest.raises(ValueError, match=r"got 0\.01"):
        onnx_export.export_fill(random_net(1), tmp_path, {})
    assert list(tmp_path.iterdir()) == []


def test_a_difference_is_found(tmp_path):
    """The comparison sees another network's weights."""
    card = onnx_export.export_fill(random_net(2), tmp_path, {})
    other = onnx_export.ExportedFill(random_net(3)).eval()
    assert difference_at(other, card, [(64, 64)]) > 100 * onnx_file.TOLERANCE


def test_labels_and_mixtures_come_from_the_teachers(shared, tmp_path):
    """One real photo is labelled, and mixtures of it are."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for index in range(2):
        shutil.copy(ROOT / "examples" / "temple.jpg", photos / f"{index}.jpg")
    labels, teachers = tmp_path / "labels", str(shared / "models")
    main(["label", "--photos", str(photos), "--teachers", teachers, "--labels", str(labels)])
    with np.load(labels / "0.npz") as arrays:
        depth, subject, sky = (arrays[name].astype(float) for name in ("depth", "subject", "sky"))
    height = depth.shape[0]
    assert depth[-height // 4 :].mean() > depth[: height // 4].mean() + 1  # trees in front, sky above
    assert sky[:40].mean() > 200 and sky[-40:].mean() < 20
    assert 0.02 < (subject > 127).mean() < 0.8
    picture = load_rgb(photos / "0.jpg")
    mixture, mixed_depth = Mixtures(shared / "models").sample([picture, picture[:, ::-1]], random.Random(0))
    assert mixture.shape[:2] == mixed_depth.shape
    assert np.isfinite(mixed_depth).all() and mixed_depth.std() > 0


def test_what_is_asked_of_the_filler_is_known_and_what_is_masked_out_is_not(labelled):
    """Hole and known never overlap, and a window has enough of both."""
    photos, labels = labelled
    kept, held_out = train_fill.load_scenes(photos, labels)
    for task in train_fill.tasks_of(kept + held_out, random.Random(0), 20):
        assert not (task.hole & task.known).any()
        assert task.known.mean() >= 0.1 and task.hole.sum() >= 50
        assert task.rgb.shape == (train_fill.WINDOW_PX, train_fill.WINDOW_PX, 3)


HW = (96, 128)
PICTURE = np.full((64, 64, 3), 99, np.uint8)
SUBJECT = rendered.Subject(PICTURE, np.pad(np.ones((40, 40), bool), 12))


@pytest.mark.parametrize("seed", range(8))
def test_a_rendered_scene_has_the_depth_of_its_floor_and_walls(seed):
    """Where nothing stands, inverse depth is linear in the picture, as 1/z of a plane is; the sky is infinitely far."""
    scene = rendered.rendered_sample([PICTURE], [SUBJECT], random.Random(seed), HW)
    assert scene.rgb.shape == (*HW, 3) and scene.inverse_depth.shape == HW
    assert np.isfinite(scene.inverse_depth).all()
    assert (scene.inverse_depth[scene.sky] == 0).all() and (scene.inverse_depth[~scene.sky] > 0).all()
    bend = np.abs(np.diff(scene.inverse_depth.astype(np.float64), 2, axis=1))
    assert np.median(bend) < 2e-6 * scene.inverse_depth.max()


@pytest.mark.parametrize("seed", range(20))
def test_a_thing_is_drawn_whole_though_only_a_part_of_the_picture_is_looked_at(seed):
    """No ray outside of the window meets the thing."""
    rng = random.Random(seed)
    camera = rendered._world_from_camera(rng.uniform(-0.2, 0.5), rng.uniform(-0.5, 0.5))
    columns, rows = np.meshgrid(np.arange(HW[1]) + 0.5 - HW[1] / 2, np.arange(HW[0]) + 0.5 - HW[0] / 2)
    rays = (np.stack([columns / 100, rows / 100, np.ones(HW)], axis=-1) @ camera.T).astype(np.float32)
    centre = (camera @ np.array([rng.uniform(-2, 2), rng.uniform(-1, 1), rng.uniform(0.5, 4)])).astype(np.float32)
    radius = rng.uniform(0.05, 0.4)
    outside = rendered._ball(rays, centre, radius).depth < rendered.FAR_M
    window = rendered._window_of(HW, centre, radius, camera, 100.0)
    if window is not None:
        assert outside[window].any() or not outside.any()
        outside[window] = False
    assert not outside.any()


def test_weights_take_half_the_room_and_nothing_is_lost_on_the_way_to_the_file(tmp_path):
    """Rounded to 16 bits once, in torch: what is compared with the file is what the file holds."""
    card = onnx_export.export_fill(random_net(4), tmp_path, {})
    tensors = {t.name: t for t in onnx.load(card.path).graph.initializer}
    halves = sum(np.prod(t.dims) for t in tensors.values() if t.data_type == onnx.TensorProto.FLOAT16)
    singles = sum(np.prod(t.dims) for t in tensors.values() if t.data_type == onnx.TensorProto.FLOAT)
    assert halves > 10 * singles
    net = onnx_export.with_half_weights(onnx_export.ExportedFill(random_net(4)).eval())
    assert difference_at(net, card, [(64, 64), (96, 160)]) < 1e-5


def test_things_in_a_room_are_where_they_were_put():
    """Straight ahead: a ball of 0.5 m at 3 m, a box, a cylinder and a cut-out before the wall at 5 m."""
    ahead = np.array([[[0.0, 0.0, 1.0], [3.0, 0.0, 1.0]]], np.float32)  # the second ray looks past everything
    at = np.array([0, 0, 3], np.float32)
    floor_at = np.array([0, 1, 3], np.float32)
    assert rendered._ball(ahead, at, 0.5).depth[0] == pytest.approx([2.5, rendered.FAR_M])
    assert rendered._box(ahead, floor_at, (0.4, 2.0, 0.3), 0.0).depth[0] == pytest.approx([2.7, rendered.FAR_M])
    assert rendered._cylinder(ahead, floor_at, 0.25, 2.0).depth[0] == pytest.approx([2.75, rendered.FAR_M])
    assert rendered._plane(ahead, 2, 5.0).depth[0] == pytest.approx([5, 5])
    board = rendered._board(ahead, floor_at, 0.4, 2.0, SUBJECT, np.eye(3, dtype=np.float32), 0.0)
    assert board.depth[0] == pytest.approx([3, rendered.FAR_M])
    for hit in (board, rendered._ball(ahead, at, 0.5), rendered._box(ahead, floor_at, (0.4, 2.0, 0.3), 0.0)):
        assert hit.normal[0, 0] == pytest.approx([0, 0, -1])
