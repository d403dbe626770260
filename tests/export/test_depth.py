"""kbvr-depth in small: its encoder, its file, its card, its labels, and all commands in a row."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from good_depth import write_good_depth
from PIL import Image
from random_norms import randomise_norms

from export import depth_batches
from export.__main__ import _parser, main
from export.depth_export import ExportedDepth, export_depth, trained_on, write_half_weights, write_sources
from export.efficientnet import ConvNorm, EfficientNetLite0, load_encoder, package_names
from export.kbvr_depth import KbvrDepth
from export.onnx_export import noise_for, with_half_weights
from export.onnx_file import greatest_difference
from export.samples import Sample, load_samples
from export.self_labels import label_with_itself
from export.strong_labels import load_strong
from kbvr.errors import InputError
from kbvr.nets import open_session, read_card


@pytest.fixture(scope="module")
def good_depth(tmp_path_factory):
    """Return a folder of pictures with good depth."""
    return write_good_depth(tmp_path_factory.mktemp("depth"))


@pytest.fixture(scope="module")
def encoder_file(tmp_path_factory):
    """Return a file of random weights with the names and shapes of the package's, its classifier included."""
    torch.manual_seed(0)
    ours = EfficientNetLite0().state_dict()
    state = {theirs: torch.rand_like(ours[name]) * 0.2 for name, theirs in package_names().items()}
    state |= {"_conv_head.weight": torch.zeros(8, 320, 1, 1), "_bn1.bias": torch.zeros(8), "_fc.weight": torch.zeros(2)}
    state["_bn0.num_batches_tracked"] = torch.zeros(())
    path = tmp_path_factory.mktemp("encoder") / "lite0.pth"
    torch.save(state, path)
    return path


def random_net(seed: int = 0) -> KbvrDepth:
    """Return a network whose batch norms have something to fold."""
    torch.manual_seed(seed)
    net = KbvrDepth()
    randomise_norms(net)
    return net.eval()


def test_the_encoder_takes_the_package_s_weights_name_for_name(encoder_file):
    """Every tensor lands where it belongs; what a classifier has beside them is left."""
    state = load_encoder(encoder_file)
    theirs = torch.load(encoder_file)
    for name, key in package_names().items():
        assert torch.equal(state[name], theirs[key])
    counted = {name for name in state if not name.endswith("num_batches_tracked")}
    assert counted == set(package_names())
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


def test_the_sky_s_own_head_says_nothing_at_first_and_then_changes_the_sky_alone():
    """It adds to the sky's logit, not to depth."""
    net, rgb = random_net(), torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        before = net(rgb)
        net.decoder.sky.said.bias.fill_(1.5)
        after = net(rgb)
    assert torch.equal(before[0], after[0]) and torch.equal(before[2], after[2])
    torch.testing.assert_close(after[1], before[1] + 1.5)


def test_closed_answers_are_left_out_unless_they_are_asked_for():
    """What ships comes of the command as it is written."""
    options = _parser().parse_args(["train-depth", "--depth", "depth", "--run", "run"])
    assert options.licences == "permissive"


def test_the_file_computes_what_torch_computes_at_any_multiple_of_32(tmp_path):
    """The exported file agrees with torch, and takes sizes that it was not traced at."""
    net = random_net()
    rows = [{"source": "a/b", "licence": "MIT", "label": "true", "pictures": 3}]
    card = export_depth(net, tmp_path, {"strong": 0.9}, {"good_depth": rows, "photos": []})
    assert (tmp_path / "kbvr-depth.onnx").stat().st_size < 16e6
    assert read_card(tmp_path / "kbvr-depth.json").figures == {"strong": 0.9}
    sizes = ((32, 64), (224, 160), (512, 384))
    checks = [noise_for(card, *size_px) for size_px in sizes]
    assert greatest_difference(with_half_weights(ExportedDepth(net).eval()), card, checks) <= 1e-4
    outputs = open_session(card, "cpu").run(None, checks[0])
    assert [output.shape for output in outputs] == [(1, 1, 64, 32)] * 3
    assert all(output.min() >= 0 and output.max() <= 1 for output in outputs[1:])


def test_the_card_names_every_source_and_its_licence():
    """Nothing that was learnt from is left out."""
    rows = [
        {"source": "a/b", "licence": "MIT", "label": "true", "pictures": 3},
        {"source": "c/d", "licence": "CC BY-NC 4.0", "label": "network X", "pictures": 4},
    ]
    photos = [{"source": "e/f", "licence": "CC0-1.0", "pictures": 5}]
    text = trained_on({"good_depth": rows, "photos": photos})
    words = ("7 pictures", "a/b: 3, true, MIT", "c/d: 4, network X, CC BY-NC 4.0", "5 photographs", "e/f: 5, CC0-1.0")
    for said in (*words, "Apache-2.0", "TCMonoDepth"):
        assert said in text
    assert "TCMonoDepth" not in trained_on({"good_depth": rows, "photos": []})


def test_a_run_writes_down_what_it_is_shown(good_depth, tmp_path):
    """Sources are counted by licence and label; photos by the index in their folder, or at least by number."""
    kept, _ = load_strong(good_depth, permissive=False)
    blank = np.zeros((2, 2), np.uint8)
    weak = [Sample(blank, blank, None, None, name) for name in ("0.jpg", "0.jpg", "1.jpg")]
    write_sources(tmp_path, kept, weak, tmp_path)
    written = json.loads((tmp_path / "sources.json").read_text("utf-8"))
    assert sum(row["pictures"] for row in written["good_depth"]) == len(kept)
    assert written["photos"] == [{"source": "photos", "licence": "not listed", "pictures": 2}]
    (tmp_path / "INDEX.csv").write_text("file,source,licence\n0.jpg,a/b,MIT\n1.jpg,c/d,none stated\n2.jpg,c/d,MIT\n")
    write_sources(tmp_path, kept, weak, tmp_path)
    rows = json.loads((tmp_path / "sources.json").read_text("utf-8"))["photos"]
    assert [(row["source"], row["pictures"]) for row in rows] == [("a/b", 1), ("c/d", 1)]


def test_halved_weights_load_where_whole_ones_do(tmp_path):
    """Weights in 16 bits take half the room and give nearly the same."""
    net = random_net()
    torch.save(net.state_dict(), tmp_path / "whole.pt")
    write_half_weights(net, tmp_path / "half.pt")
    assert (tmp_path / "half.pt").stat().st_size < 0.55 * (tmp_path / "whole.pt").stat().st_size
    other = random_net(1)
    other.load_state_dict(torch.load(tmp_path / "half.pt"))
    for name, tensor in net.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], tensor, rtol=1e-3, atol=1e-3)


def test_weights_of_several_runs_are_averaged(tmp_path):
    nets = [random_net(seed).state_dict() for seed in (1, 2)]
    files = [tmp_path / f"{index}.pt" for index in range(2)]
    for state, file in zip(nets, files, strict=True):
        torch.save(state, file)
    weights = [word for file in files for word in ("--weights", str(file))]
    main(["halve-weights", *weights, "--out", str(tmp_path / "mean.pt")])
    mean = torch.load(tmp_path / "mean.pt")
    name = next(name for name in mean if name.endswith("weight") and not torch.equal(*(net[name] for net in nets)))
    torch.testing.assert_close(mean[name].float(), (nets[0][name] + nets[1][name]) / 2, rtol=1e-3, atol=1e-3)
    assert not torch.allclose(mean[name].float(), nets[0][name], rtol=1e-2, atol=1e-2)


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


def test_training_finishing_and_writing_from_the_command_line(good_depth, encoder_file, tmp_path, monkeypatch):
    """Two steps, a third one in another folder, an ONNX file with its sources, and weights in 16 bits."""
    monkeypatch.setattr(depth_batches, "BATCH_PIXELS", 2)
    monkeypatch.setattr(depth_batches, "SCENE_HW", (48, 64))
    data = ["--depth", str(good_depth), "--licences", "permissive"]
    steady, finished, out = tmp_path / "steady", tmp_path / "finished", tmp_path / "nets"
    main(["train-depth", *data, "--encoder", str(encoder_file), "--run", str(steady), "--steps", "2"])
    log = [json.loads(line) for line in (steady / "log.jsonl").read_text().splitlines()]
    assert log[-1]["step"] == 2
    assert np.isfinite(log[-1]["strong"])
    main(["finish-depth", *data, "--origin", str(steady), "--run", str(finished), "--steps", "1"])
    main(["kbvr-depth", "--run", str(finished), "--out", str(out)])
    text = read_card(out / "kbvr-depth.json").trained_on
    assert "someone/am" in text
    assert "someone/dc" not in text
    start = ["--start-from", str(finished / "averaged.pt"), "--run", str(tmp_path / "student"), "--steps", "0"]
    main(["train-depth", *data, *start])
    ends = [torch.load(run / "averaged.pt") for run in (finished, tmp_path / "student")]
    assert all(torch.equal(ends[1][name], tensor) for name, tensor in ends[0].items())
    main(["halve-weights", "--weights", str(finished / "averaged.pt"), "--out", str(tmp_path / "half.pt")])
    assert torch.load(tmp_path / "half.pt")["encoder.stem.1.weight"].dtype == torch.float16
