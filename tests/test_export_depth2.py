"""kbvr-depth 2 in small: its encoder's weights, what it is shown, its loss, a training that stops, and its file."""

from __future__ import annotations

import csv
import json
import math
import random
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from export import depth2_batches, samples, steady_training
from export.__main__ import main
from export.depth2_batches import Pool, Source
from export.depth2_export import ExportedDepth2, export_depth2, trained_on, write_half_weights
from export.depth2_figures import edges_of, figures_of, thin_recall
from export.depth2_loss import depth_loss, doubt_loss, in_the_order_of, standardised
from export.disturbed import disturbed
from export.efficientnet import ConvNorm, EfficientNetLite0, load_encoder, their_names
from export.kbvr_depth2 import KbvrDepth2
from export.onnx_export import noise_for, with_half_weights
from export.onnx_file import greatest_difference
from export.samples import Sample, load_samples
from export.self_labels import label_with_itself
from export.steady_training import Averaged, Plan, branch, train_steadily, write_whole
from export.strong_labels import held_out_scenes, is_between, is_permissive, load_strong, scene_of
from export.thin_things import thin_matte, with_thin_thing
from kbvr.errors import InputError
from kbvr.nets import open_session, read_card

COLUMNS = ("name", "source", "path", "licence", "label", "quantity", "quality", "width", "height", "note")


@pytest.fixture(scope="module")
def encoder_file(tmp_path_factory):
    """Return a file of random weights with the names and shapes of the package's, its classifier included."""
    torch.manual_seed(0)
    ours = EfficientNetLite0().state_dict()
    state = {theirs: torch.rand_like(ours[name]) * 0.2 for name, theirs in their_names().items()}
    state |= {"_conv_head.weight": torch.zeros(8, 320, 1, 1), "_bn1.bias": torch.zeros(8), "_fc.weight": torch.zeros(2)}
    state["_bn0.num_batches_tracked"] = torch.zeros(())
    path = tmp_path_factory.mktemp("encoder") / "lite0.pth"
    torch.save(state, path)
    return path


@pytest.fixture(scope="module")
def good_depth(tmp_path_factory):
    """Return a folder of 46 pictures of 34 scenes with depth, a corner of each unknown, and an index."""
    folder = tmp_path_factory.mktemp("depth")
    noise = np.random.default_rng(0)
    names = [f"dc_clip{number:02}_{frame}" for number in range(12) for frame in range(2)]
    names += [f"am_{number:06}" for number in range(22)]
    rows = []
    for name in names:
        depth = np.broadcast_to(np.linspace(20, 250, 48)[:, None], (48, 64)).astype(np.uint8).copy()
        depth[:8, :8] = 0
        Image.fromarray(noise.integers(0, 255, (48, 64, 3), np.uint8)).save(folder / f"{name}.jpg")
        Image.fromarray(depth).save(folder / f"{name}.png")
        open_one = name.startswith("am")
        licence, label = ("MIT", "network MiDaS DPT-Large") if open_one else ("none stated", "network DepthCrafter")
        quantity = "depth (unsure)" if name == "am_000001" else "inverse_depth"
        rows.append((name, f"someone/{name[:2]}", name, licence, label, quantity, "4", "64", "48", ""))
    with (folder / "INDEX.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return folder


def random_net(seed: int = 0) -> KbvrDepth2:
    """Return a network whose batch norms have something to fold."""
    torch.manual_seed(seed)
    net = KbvrDepth2()
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 2)
                module.weight.uniform_(0.5, 1.5)
    return net.eval()


def test_the_encoder_takes_the_package_s_weights_name_for_name(encoder_file):
    """Every tensor lands where it belongs; what a classifier has beside them is left."""
    state = load_encoder(encoder_file)
    theirs = torch.load(encoder_file)
    for name, key in their_names().items():
        assert torch.equal(state[name], theirs[key])
    counted = {name for name in state if not name.endswith("num_batches_tracked")}
    assert counted == set(their_names())
    # The published network has 4,652,008 weights; 412,160 are in its head and 1,281,000 in its classifier.
    assert sum(p.numel() for p in EfficientNetLite0().parameters()) == 4_652_008 - 412_160 - 1_281_000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: state.pop("_blocks.3._bn1.running_var"), "without 1 of them"),
        (lambda state: state.update(extra=torch.zeros(1)), "1 more"),
        (lambda state: state.update({"_conv_stem.weight": torch.zeros(32, 3, 5, 5)}), "of shape"),
    ],
)
def test_other_weights_are_refused(encoder_file, tmp_path, change, said):
    """A file that lacks a tensor, has one too many or one of another shape is not taken in part."""
    state = torch.load(encoder_file)
    change(state)
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(InputError, match=said):
        load_encoder(tmp_path / "other.pth")


def test_in_training_the_encoder_computes_what_it_computes_in_use_and_keeps_its_first_blocks():
    """Norms that are part of the weights change nothing, and batches change no statistics."""
    net = random_net().encoder
    rgb = torch.rand(2, 3, 64, 96)
    in_use = net(rgb)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    features = net.train()(rgb)
    for wanted, got in zip(in_use, features, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-4)
    features[-1].sum().backward()
    assert net.stem[1].weight.grad is None
    assert net.blocks[2].narrow[0].weight.grad is None
    assert net.blocks[3].widen[0].weight.grad is not None
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())


@pytest.mark.parametrize(("kernel", "before", "after"), [(3, 0, 1), (5, 1, 2)])
def test_a_convolution_that_halves_is_padded_as_tensorflow_pads(kernel, before, after):
    """Of an odd number of pixels to add, the one more is on the right and below."""
    conv = ConvNorm(1, 1, kernel, 2).eval()
    picture = torch.rand(1, 1, 8, 12)
    wide = torch.nn.functional.pad(picture, (before, after, before, after))
    torch.testing.assert_close(conv(picture), torch.nn.functional.conv2d(wide, conv[1].weight, stride=2) / 1.001**0.5)


def test_features_have_the_strides_that_they_should():
    """Strides are 2, 2, 4, 8, 16 and 32, at any size that is a multiple of 32."""
    net = random_net().encoder
    shapes = [tuple(f.shape[1:]) for f in net(torch.rand(1, 3, 96, 160))]
    assert shapes == [(32, 48, 80), (16, 48, 80), (24, 24, 40), (40, 12, 20), (112, 6, 10), (320, 3, 5)]


def test_what_it_learns_of_its_errors_does_not_change_depth():
    """The doubt's gradient ends at its own head."""
    net = random_net()
    _, _, doubt = net(torch.rand(1, 3, 64, 64))
    doubt.sum().backward()
    reached = {name for name, p in net.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert reached
    assert all(name.startswith("decoder.doubt.") for name in reached)


def test_the_file_computes_what_torch_computes_at_any_multiple_of_32(tmp_path):
    """The exported file agrees with torch, and takes sizes that it was not traced at."""
    net = random_net()
    rows = [{"source": "a/b", "licence": "MIT", "label": "true", "pictures": 3}]
    card = export_depth2(net, tmp_path, {"strong": 0.9}, {"good_depth": rows, "photos": 0})
    assert (tmp_path / "kbvr-depth-2.onnx").stat().st_size < 16e6
    assert read_card(tmp_path / "kbvr-depth-2.json").figures == {"strong": 0.9}
    sizes = ((32, 64), (224, 160), (512, 384))
    checks = [noise_for(card, *size_px) for size_px in sizes]
    assert greatest_difference(with_half_weights(ExportedDepth2(net).eval()), card, checks) <= 1e-4
    outputs = open_session(card, "cpu").run(None, checks[0])
    assert [output.shape for output in outputs] == [(1, 1, 64, 32)] * 3
    assert all(output.min() >= 0 and output.max() <= 1 for output in outputs[1:])


def test_the_card_names_every_source_and_its_licence():
    """Nothing that was learnt from is left out."""
    rows = [
        {"source": "a/b", "licence": "MIT", "label": "true", "pictures": 3},
        {"source": "c/d", "licence": "CC BY-NC 4.0", "label": "network X", "pictures": 4},
    ]
    text = trained_on({"good_depth": rows, "photos": 5})
    for words in ("7 pictures", "a/b: 3, true, MIT", "c/d: 4, network X, CC BY-NC 4.0", "Apache-2.0", "TCMonoDepth"):
        assert words in text
    assert "TCMonoDepth" not in trained_on({"good_depth": rows, "photos": 0})


def test_halved_weights_load_where_whole_ones_do(tmp_path):
    """Weights in 16 bits take half the room and give nearly the same."""
    net = random_net()
    torch.save(net.state_dict(), tmp_path / "whole.pt")
    write_half_weights(tmp_path / "whole.pt", tmp_path / "half.pt")
    assert (tmp_path / "half.pt").stat().st_size < 0.55 * (tmp_path / "whole.pt").stat().st_size
    other = random_net(1)
    other.load_state_dict(torch.load(tmp_path / "half.pt"))
    for name, tensor in net.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], tensor, rtol=1e-3, atol=1e-3)


def test_frames_of_one_scene_are_never_on_both_sides(good_depth):
    """Scenes are held out, not pictures, and the same ones whatever licences are let in."""
    kept, held_out = load_strong(good_depth, permissive=False)
    assert len(kept) + len(held_out) == 46
    assert {one.source for one in held_out} == {"am", "dc"}
    assert not {one.scene for one in kept} & {one.scene for one in held_out}
    fewer, same = load_strong(good_depth, permissive=True)
    assert [one.name for one in same] == [one.name for one in held_out]
    assert {one.source for one in fewer} == {"am"}


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("da3_bear_0000", "da3_bear_0003", True),
        ("da3_bear_0000", "da3_boat_0000", False),
        ("p36o_382483ef_0", "p36x_382483ef_7", True),
        ("rgbdd_20200509112638", "rgbdd_20200509113453", True),
        ("rgbdd_20200509112638", "rgbdd_20200509121031", False),
        ("kinect_000", "kinect_420", True),
        ("am_013774", "am_017959", False),
        ("nyu_0000", "nyu_0023", True),
        ("nyu_0023", "nyu_0024", False),
    ],
)
def test_names_say_what_shows_the_same_scene(one, other, together):
    """Clips, panoramas, hours and rooms each have their rule."""
    assert (scene_of(one) == scene_of(other)) is together


def test_between_rooms_that_are_trained_on_and_rooms_that_are_not_some_frames_are_left_out():
    """The room of a frame at the end of a held-out block may go on in the next."""
    names = [f"nyu_{number:04}" for number in range(600)]
    held_out = held_out_scenes(names)
    measured = {n for n in names if scene_of(n) in held_out and not is_between(n, held_out)}
    trained = {n for n in names if scene_of(n) not in held_out}
    gaps = [abs(int(a[4:]) - int(b[4:])) for a in measured for b in trained]
    assert min(gaps) > 3


@pytest.mark.parametrize(
    ("licence", "label", "may"),
    [
        ("MIT", "true", True),
        ("page CC BY-SA 4.0", "network Marigold", True),
        ("page CC BY-SA 4.0", "network DA360 (panorama)", False),
        ("page CC BY-SA 4.0 / CC BY-NC-SA 4.0", "true", False),
        ("NYU Depth v2: research use, cite (repo: MIT)", "true", False),
        ("repo MIT (site template)", "true", False),
        ("none stated", "network MiDaS DPT-Large", False),
    ],
)
def test_a_licence_is_open_only_if_it_says_so(licence, label, may):
    """Non-commercial and unclear licences, of pictures and of the networks that labelled them, are told apart."""
    assert is_permissive(licence, label) is may


def loss_of(guess, truth, weight, by_rank, sharp):
    """Return the depth loss of a batch in which nothing was pasted."""
    return depth_loss(guess, truth, torch.zeros_like(truth, dtype=torch.bool), weight, by_rank, sharp)


def test_a_thin_thing_counts_though_it_is_the_worst_of_its_picture():
    """What was pasted is never trimmed, and counts by itself."""
    truth = torch.linspace(0, 1, 64)[None, None, :, None].repeat(1, 1, 1, 64)
    guess = truth.clone()
    thin = torch.zeros_like(truth, dtype=torch.bool)
    thin[..., 20:22] = True
    pasted = torch.where(thin, 3.0, truth)
    one, no = torch.ones(1), torch.zeros(1, dtype=torch.bool)
    unsure, sure = (depth_loss(guess, pasted, where, one, no, one)[0] for where in (torch.zeros_like(thin), thin))
    assert sure > unsure + 0.5


def test_unknown_pixels_and_the_scale_of_a_label_change_nothing():
    """The loss is of known pixels only, and free of scale and shift."""
    torch.manual_seed(0)
    truth, guess = torch.rand(2, 1, 32, 48), torch.rand(2, 1, 32, 48)
    truth[:, :, :8, 10:30] = torch.nan
    ones, none = torch.ones(2), torch.zeros(2, dtype=torch.bool)
    loss, error = loss_of(guess, truth, ones, none, ones)
    other = guess.clone()
    other[:, :, :8, 10:30] = 100
    torch.testing.assert_close(loss_of(other, truth, ones, none, ones)[0], loss)
    torch.testing.assert_close(loss_of(3 * guess + 2, 7 * truth - 1, ones, none, ones)[0], loss, rtol=0.02, atol=0)
    assert torch.equal(error.isfinite(), truth.isfinite())
    assert loss_of(truth.nan_to_num(), truth, ones, none, ones)[0] < 1e-5
    other.requires_grad_()
    loss_of(other, truth, ones, none, ones)[0].backward()
    assert other.grad[:, :, :8, 10:30].abs().max() == 0


def test_a_picture_half_of_which_is_unknown_is_judged_by_the_other_half():
    """The mean error is over known pixels, not over all."""
    torch.manual_seed(0)
    truth, guess = torch.rand(1, 1, 64, 128), torch.rand(1, 1, 64, 128)
    truth[..., 64:] = torch.nan
    one, no = torch.ones(1), torch.zeros(1, dtype=torch.bool)
    half = loss_of(guess[..., :64], truth[..., :64], one, no, one)[0]
    torch.testing.assert_close(loss_of(guess, truth, one, no, one)[0], half, rtol=0.03, atol=0)


def test_a_picture_without_known_depth_and_one_of_no_weight_say_nothing():
    """Nothing is divided by zero, and what weighs more counts more."""
    truth, guess = torch.rand(2, 1, 32, 32), torch.rand(2, 1, 32, 32)
    none, ones = torch.zeros(2, dtype=torch.bool), torch.ones(2)
    alone = loss_of(guess[1:], truth[1:], ones[:1], none[:1], ones[:1])[0]
    truth[0] = torch.nan
    torch.testing.assert_close(loss_of(guess, truth, ones, none, ones)[0], alone)
    assert loss_of(guess[:1], truth[:1], ones[:1], none[:1], ones[:1])[0] == 0


def test_where_only_the_order_is_trusted_any_rising_curve_of_it_is_right():
    """A label by rank is content with depth in its order, and not with another order."""
    torch.manual_seed(0)
    guess = torch.rand(1, 1, 24, 24)
    order = guess.exp() ** 3
    ones, ranked = torch.ones(1), torch.ones(1, dtype=torch.bool)
    assert loss_of(guess, order, ones, ranked, ones)[0] < 1e-5
    assert loss_of(guess, order, ones, ~ranked, ones)[0] > 0.05
    assert loss_of(guess, order.flip(-1), ones, ranked, ones)[0] > 0.5
    known = torch.rand(24, 24) > 0.3
    dealt = in_the_order_of(guess[0, 0], order.flip(-1)[0, 0], known)
    assert torch.equal(dealt[known].argsort(), order.flip(-1)[0, 0][known].argsort())


def test_the_doubt_is_least_wrong_when_it_foresees_the_error():
    """The likelihood is greatest at the mean error."""
    error = torch.rand(1, 1, 16, 16) + 0.2
    guesses = [doubt_loss(torch.full_like(error, math.log(e)), error) for e in (0.1, error.mean().item(), 4.0)]
    assert guesses[1] < guesses[0]
    assert guesses[1] < guesses[2]


def test_depth_is_standardised_over_what_is_known():
    """Median 0 and mean absolute deviation 1."""
    depth, known = torch.rand(1, 1, 64, 64) * 9 + 4, torch.rand(1, 1, 64, 64) > 0.4
    flat = standardised(depth, known)[known]
    assert abs(flat.median().item()) < 0.2
    assert abs(flat.abs().mean().item() - 1) < 0.02


@pytest.mark.parametrize("seed", range(12))
def test_a_thin_thing_is_nearer_than_what_is_behind_it(seed):
    """Where a thin thing was drawn its depth is, and nowhere else; it takes little of the picture."""
    rng = random.Random(seed)
    depth = np.full((96, 128), 1.0, np.float32) + np.linspace(0, 1, 96, dtype=np.float32)[:, None]
    rgb, sky, before = np.full((96, 128, 3), 128, np.uint8), np.ones((96, 128), np.float32), depth.copy()
    with_thin_thing(rgb, depth, sky, np.zeros((8, 8, 3), np.uint8), rng)
    drawn = depth != before
    assert drawn.mean() < 0.6
    assert (depth[drawn] > before[drawn]).all()
    assert ((sky == 0) == drawn).all()
    assert (
        np.abs(rgb.astype(int) - 128).max(axis=2)[~drawn & (thin_matte((96, 128), random.Random(seed)) == 0)] == 0
    ).all()


def small_source(good_depth) -> Source:
    """Return a source of few pictures without photos and mixtures."""
    kept, _ = load_strong(good_depth, permissive=False)
    return Source(kept, [], None, seed=3)


def test_the_batch_of_a_step_is_the_same_whenever_it_is_made(good_depth, monkeypatch):
    """Another process that starts at a step shows what this one would have shown."""
    monkeypatch.setattr(depth2_batches, "BATCH_PIXELS", 2 * 192 * 256)
    monkeypatch.setattr(depth2_batches, "SCENE_HW", (48, 64))
    one, other = small_source(good_depth), small_source(good_depth)
    for step in range(3):
        one.batch(step)
    for wanted, got in zip(one.batch(3), other.batch(3), strict=True):
        assert torch.equal(wanted.nan_to_num(), got.nan_to_num())
    assert not torch.equal(one.batch(4)[0], other.batch(5)[0])


def test_a_batch_says_where_something_was_pasted(good_depth, monkeypatch):
    """Where a thin thing was drawn depth is above the label's, and there alone."""
    monkeypatch.setattr(depth2_batches, "SHARES", {"films": 1.0, "scenes": 0.0})
    monkeypatch.setattr(depth2_batches, "DISTURBED_SHARE", {"films": 0.0})
    monkeypatch.setattr(samples, "CARD_SHARE", 0.0)
    monkeypatch.setattr(depth2_batches, "THIN_SHARE", 1.0)
    _, depth, _, pasted, *_ = small_source(good_depth).batch(0)
    assert pasted.any()
    highest = 250 / 255
    assert (depth[(depth > highest + 0.01)] > highest).sum() > 0
    assert pasted[depth > highest + 0.01].all()
    monkeypatch.setattr(depth2_batches, "THIN_SHARE", 0.0)
    assert not small_source(good_depth).batch(0)[3].any()


def test_unknown_depth_stays_unknown_in_a_batch_and_weights_and_ranks_come_along(good_depth, monkeypatch):
    """What the label does not know is NaN, not 0."""
    monkeypatch.setattr(depth2_batches, "SHARES", {"films": 1.0, "scenes": 0.0, "mixtures": 0.0})
    monkeypatch.setattr(depth2_batches, "THIN_SHARE", 0.0)
    source = small_source(good_depth)
    rgb, depth, sky, _, weight, by_rank, sharp = next(b for b in map(source.batch, range(20)) if b[1].isnan().any())
    assert rgb.shape[1] == 3
    assert rgb.shape[2:] == depth.shape[2:] == sky.shape[2:]
    assert depth[depth.isfinite()].min() > 0
    assert (sky == -1).any()
    torch.testing.assert_close(weight, torch.full_like(weight, 0.8))
    assert by_rank.dtype == torch.bool
    assert (sharp == 1).all()


def test_photos_that_the_network_labelled_are_made_harder_and_count_whole(monkeypatch):
    """A student that is shown what its teacher was shown learns nothing."""
    asked = []

    def note(rgb, depth, other, rng):
        asked.append(rgb.shape)
        return rgb, depth

    monkeypatch.setattr(depth2_batches, "disturbed", note)
    monkeypatch.setattr(depth2_batches, "SHARES", {"photos": 1.0, "scenes": 0.0})
    photos = [Sample(np.zeros((48, 64, 3), np.uint8), np.ones((48, 64), np.float16), None)]
    weights, counts = [], []
    for itself in (False, True):
        source = Source([], photos, None, 0, taught_by_itself=itself)
        asked.clear()
        weights.append(torch.cat([source.batch(step)[4] for step in range(12)]))
        counts.append(len(asked) / len(weights[-1]))
    assert (weights[0] < 1).all()
    assert (weights[1] == 1).all()
    assert counts[0] < 0.4 < 0.6 < counts[1]


def test_some_pictures_lie_on_a_side(good_depth, monkeypatch):
    """Picture and depth are turned together, and the batch keeps its shape."""
    monkeypatch.setattr(depth2_batches, "TURNED_SHARE", 1.0)
    monkeypatch.setattr(depth2_batches, "SHARES", {"films": 1.0, "scenes": 0.0})
    monkeypatch.setattr(depth2_batches, "THIN_SHARE", 0.0)
    monkeypatch.setattr(depth2_batches, "DISTURBED_SHARE", {"films": 0.0})
    monkeypatch.setattr(samples, "CARD_SHARE", 0.0)
    rgb, depth, *_ = small_source(good_depth).batch(0)
    assert rgb.shape[2:] == depth.shape[2:]
    # Depth grew from top to bottom; now it does from side to side.
    assert (depth.nan_to_num(1)[..., 1:, :] - depth.nan_to_num(1)[..., :-1, :]).abs().median() < 1e-6
    across = (depth[..., -1] - depth[..., 0]).abs().nanmedian()
    assert across > 0.2


@pytest.mark.parametrize("seed", range(16))
def test_a_disturbed_picture_is_one_still(seed):
    """Colours stay in 0-1 and finite; depth is what it was, but for a rectangle that may be unknown."""
    rng = random.Random(seed)
    noise = np.random.default_rng(seed)
    rgb, depth = noise.random((40, 56, 3), np.float32), noise.random((40, 56), np.float32)
    picture, left = disturbed(rgb, depth, np.full((9, 9, 3), 200, np.uint8), rng)
    assert picture.shape == rgb.shape
    assert picture.dtype == np.float32
    assert picture.min() >= 0
    assert picture.max() <= 1
    assert not np.array_equal(picture, rgb)
    unknown = np.isnan(left)
    assert np.array_equal(left[~unknown], depth[~unknown])
    assert unknown.mean() < 0.3
    rows, columns = unknown.any(axis=1).sum(), unknown.any(axis=0).sum()
    assert unknown.sum() == rows * columns


class Plain(torch.nn.Module):
    """A depth network that says how bright a pixel is, and doubts what is dark."""

    def forward(self, rgb: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return brightness, a sky where it is blue, and doubt where nothing is red."""
        return rgb.mean(1, keepdim=True), 40 * (rgb[:, 2:] - 0.5), 40 * (0.2 - rgb[:, :1])


def test_the_network_labels_photos_and_leaves_open_what_it_doubts(tmp_path):
    """Depth is normalised, NaN where it is doubted; earlier skies are kept; what is done is not done again."""
    photos, labels, earlier = tmp_path / "photos", tmp_path / "labels", tmp_path / "earlier"
    photos.mkdir()
    earlier.mkdir()
    rgb = np.full((60, 80, 3), 90, np.uint8)
    rgb[:30, :, 2] = 250
    rgb[40:, :20] = 0
    rgb[:, 40:] += 5
    for name in ("a", "b"):
        Image.fromarray(rgb).save(photos / f"{name}.jpg", quality=100, subsampling=0)
    Image.fromarray(np.zeros((60, 80, 3), np.uint8)).save(photos / "dark.jpg")
    np.savez(earlier / "b.npz", sky=np.full((3, 4), 7, np.uint8), subject=np.full((2, 2), 9, np.uint8), depth=0)
    assert label_with_itself(Plain(), photos, labels, earlier) == 2
    assert label_with_itself(Plain(), photos, labels, earlier) == 0
    kept, held_out = load_samples(photos, labels)
    assert len(kept) + len(held_out) == 2
    with np.load(labels / "a.npz") as first, np.load(labels / "b.npz") as second:
        depth, sky = first["depth"], first["sky"]
        assert max(depth.shape) == 448
        assert np.isnan(depth[-20:, :40]).all()
        assert np.isfinite(depth[:200]).all()
        assert depth[50, 300] > depth[50, 100]
        assert sky[40, 200] > 240
        assert sky[-20, -20] < 10
        assert (second["sky"] == 7).all()
        assert (second["subject"] == 9).all()
    with pytest.raises(InputError, match=r"\.jpg"):
        label_with_itself(Plain(), tmp_path / "nothing", labels)


def test_samples_of_a_pool_are_made_once_and_become_new():
    """A number stands for one sample; later steps see others."""
    made = []

    def make(rng: random.Random) -> Sample:
        made.append(rng.random())
        return Sample(np.full((1, 1), made[-1]), np.zeros(1), None)

    pool = Pool(make, 0)
    first = {pool.sample(0, random.Random(k)).rgb[0, 0] for k in range(300)}
    assert len(made) == len(first) <= depth2_batches.LEAST_POOL
    late = {pool.sample(100_000, random.Random(k)).rgb[0, 0] for k in range(300)}
    assert not first & late


def test_edges_are_right_where_the_label_has_them(good_depth):
    """A map with the label's step has its edges, and one without has none."""
    one = load_strong(good_depth, permissive=False)[0][0]
    step = np.where(np.arange(64) < 32, 0.2, 0.9).astype(np.float16)[None].repeat(48, 0)
    stepped = replace(one, sample=replace(one.sample, depth=step))
    assert edges_of(step.astype(np.float32) * 3 + 1, stepped) > 0.99
    assert edges_of(np.arange(64, dtype=np.float32)[None].repeat(48, 0), stepped) < 0.3


class Seeing(torch.nn.Module):
    """A network that says that what is bright is near, and says it of all three outputs."""

    def forward(self, rgb: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return brightness thrice."""
        return (rgb.mean(1, keepdim=True),) * 3


class Blind(torch.nn.Module):
    """A network that sees a floor in every picture."""

    def forward(self, rgb: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return a ramp thrice."""
        ramp = torch.linspace(0, 1, rgb.shape[2])[None, None, :, None].expand(1, 1, -1, rgb.shape[3])
        return (ramp,) * 3


def test_a_thin_thing_is_found_by_a_network_that_sees_it_and_by_no_other():
    """White things before black are near to a network that takes bright for near."""
    black, white = np.zeros((96, 128, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    seeds = range(8)
    seen = [thin_recall(Seeing(), black, white, seed) for seed in seeds]
    missed = [thin_recall(Blind(), black, white, seed) for seed in seeds]
    assert np.nanmean(seen) > 0.7
    assert np.nanmean(missed) < 0.1


def test_figures_are_of_what_was_held_out(good_depth):
    """A network that says what the labels say agrees with them, has their edges, and knows nothing of its errors."""
    _, held_out = load_strong(good_depth, permissive=False)
    photo = Sample(np.full((48, 64, 3), 99, np.uint8), np.linspace(0, 1, 48)[:, None].repeat(64, 1), None)
    figures = figures_of(Blind(), held_out, [photo])
    assert figures["films"] == figures["strong"] > 0.99
    assert figures["weak"] > 0.99
    assert np.isnan(figures["rooms"])
    assert np.isnan(figures["sky_accuracy"])
    assert 0 <= figures["edges"] <= 1


class Line(torch.nn.Module):
    """The smallest network that learns: y = a x + b, with a batch norm for its statistics."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.part = torch.nn.Conv2d(1, 1, 1)
        self.norm = torch.nn.BatchNorm2d(1)


def train_line(
    run: Path, plan: Plan, seen: list[int] | None = None, told_to_end_at: int = 0
) -> dict[str, torch.Tensor]:
    """Train a Line towards a function and return its averaged weights."""

    def batch_of(step: int):
        x = torch.rand(2, 1, 4, 4, generator=torch.Generator().manual_seed(step))
        return (x, 3 * x + 1)

    def losses_of(net, batch):
        if seen is not None:
            seen.append(len(seen))
            if len(seen) == told_to_end_at:
                signal.raise_signal(signal.SIGTERM)
        return {"line": (net.norm(net.part(batch[0])) - batch[1]).square().mean()}

    path = train_steadily(
        Line(), run, plan, rate_of=lambda _: 0.01, batch_of=batch_of, losses_of=losses_of, figures_of=lambda _: {"x": 1}
    )
    return torch.load(path)


def test_a_training_that_was_stopped_learns_what_one_that_was_not_stopped_learns(tmp_path):
    """The same weights, averaged weights and statistics, bit for bit."""
    whole = train_line(tmp_path / "whole", Plan(30))
    train_line(tmp_path / "parts", Plan(11))
    parts = train_line(tmp_path / "parts", Plan(30))
    assert all(torch.equal(parts[name], tensor) for name, tensor in whole.items())
    ends = [torch.load(tmp_path / name / "checkpoint.pt")["net"] for name in ("whole", "parts")]
    assert all(torch.equal(ends[1][name], tensor) for name, tensor in ends[0].items())


def test_a_stop_in_the_middle_of_a_write_ruins_nothing(tmp_path, monkeypatch):
    """The checkpoint is the old one or the new one, never half of one, and the one before is kept."""
    train_line(tmp_path, Plan(3))
    whole = (tmp_path / "checkpoint.pt").read_bytes()

    def fail(state, file):
        file.write(b"half of it")
        raise OSError("no room")

    monkeypatch.setattr(steady_training.torch, "save", fail)
    with pytest.raises(OSError, match="no room"):
        write_whole({}, tmp_path / "checkpoint.pt", keep=tmp_path / "checkpoint.previous.pt")
    assert (tmp_path / "checkpoint.pt").read_bytes() == whole
    monkeypatch.undo()
    train_line(tmp_path, Plan(5))
    assert torch.load(tmp_path / "checkpoint.previous.pt")["step"] == 3
    assert torch.load(tmp_path / "checkpoint.pt")["step"] == 5


def test_the_log_has_the_mean_loss_of_the_steps_since_the_last_entry(tmp_path, monkeypatch):
    """Also after a resume in the middle of an interval."""
    monkeypatch.setattr(steady_training, "LOGGED_EVERY", 4)
    train_line(tmp_path / "whole", Plan(8))
    train_line(tmp_path / "parts", Plan(6))
    train_line(tmp_path / "parts", Plan(8))
    logs = [[json.loads(line) for line in (tmp_path / run / "log.jsonl").open()] for run in ("whole", "parts")]
    losses = [[entry["line"] for entry in log if "line" in entry] for log in logs]
    assert losses[0][0] == losses[1][0]
    assert losses[1][1] == pytest.approx(losses[0][1], rel=0.2)
    assert [entry["step"] for entry in logs[0] if "line" in entry] == [4, 8]


def test_sigterm_keeps_what_was_learnt(tmp_path):
    """A training that is told to end writes its checkpoint first."""
    seen: list[int] = []
    train_line(tmp_path, Plan(200), seen, told_to_end_at=5)
    assert torch.load(tmp_path / "checkpoint.pt")["step"] == len(seen) == 5
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_the_average_is_of_few_steps_at_first_and_of_many_later(tmp_path):
    """After step n it has moved by 1 - (1 + n)/(10 + n) towards the weights, but by no less than one in 2,000."""
    states = []
    for last in (1, 2):
        train_line(tmp_path, Plan(last))
        states.append(torch.load(tmp_path / "checkpoint.pt"))
    before, now = states[0]["averaged"]["part.weight"], states[1]["net"]["part.weight"]
    torch.testing.assert_close(states[1]["averaged"]["part.weight"], before + (now - before) * (1 - 2 / 11))
    net = Line()
    averaged = Averaged(net)
    with torch.no_grad():
        net.part.weight += 1
    start = averaged.state()["part.weight"].clone()
    averaged.update(10**6)
    torch.testing.assert_close(
        averaged.state()["part.weight"] - start, torch.full_like(start, 0.0005), rtol=1e-2, atol=0
    )


def test_a_run_is_finished_in_another_folder_and_can_go_on_itself(tmp_path):
    """The rate is led down to nothing from the checkpoint, which stays; the plan holds when the finish is resumed."""
    with pytest.raises(InputError, match=r"checkpoint\.pt"):
        branch(tmp_path / "steady", tmp_path / "finished", 10)
    train_line(tmp_path / "steady", Plan(400))
    plan = branch(tmp_path / "steady", tmp_path / "finished", 10)
    assert plan == branch(tmp_path / "steady", tmp_path / "finished", 99) == Plan(410, decay_steps=10)
    train_line(tmp_path / "finished", plan)
    assert torch.load(tmp_path / "finished" / "checkpoint.pt")["step"] == 410
    assert torch.load(tmp_path / "steady" / "checkpoint.pt")["step"] == 400


def test_the_rate_warms_up_stays_and_goes_down():
    """Steady in the middle, nothing at the end."""
    plan = Plan(5000, decay_steps=1000)
    assert plan.share_of_rate(0) < 0.01
    assert plan.share_of_rate(1000) == plan.share_of_rate(3999) == 1
    assert plan.share_of_rate(4500) == pytest.approx(0.5)
    assert plan.share_of_rate(5000) == 0
    assert Plan(5000).share_of_rate(4999) == 1


def test_training_finishing_and_writing_from_the_command_line(good_depth, encoder_file, tmp_path, monkeypatch):
    """Two steps, a third one in another folder, an ONNX file with its sources, and weights in 16 bits."""
    monkeypatch.setattr(depth2_batches, "BATCH_PIXELS", 2)
    monkeypatch.setattr(depth2_batches, "SCENE_HW", (48, 64))
    data = ["--depth", str(good_depth), "--licences", "permissive"]
    steady, finished, out = tmp_path / "steady", tmp_path / "finished", tmp_path / "nets"
    main(["train-depth2", *data, "--encoder", str(encoder_file), "--run", str(steady), "--steps", "2"])
    log = [json.loads(line) for line in (steady / "log.jsonl").read_text().splitlines()]
    assert log[-1]["step"] == 2
    assert np.isfinite(log[-1]["strong"])
    main(["finish-depth2", *data, "--origin", str(steady), "--run", str(finished), "--steps", "1"])
    main(["kbvr-depth2", "--run", str(finished), "--out", str(out)])
    text = read_card(out / "kbvr-depth-2.json").trained_on
    assert "someone/am" in text
    assert "someone/dc" not in text
    start = ["--start-from", str(finished / "averaged.pt"), "--run", str(tmp_path / "student"), "--steps", "0"]
    main(["train-depth2", *data, *start])
    ends = [torch.load(run / "averaged.pt") for run in (finished, tmp_path / "student")]
    assert all(torch.equal(ends[1][name], tensor) for name, tensor in ends[0].items())
    main(["halve-weights", "--weights", str(finished / "averaged.pt"), "--out", str(tmp_path / "half.pt")])
    assert torch.load(tmp_path / "half.pt")["encoder.stem.1.weight"].dtype == torch.float16
