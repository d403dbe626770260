"""The paper's networks in ONNX: their keys, what they are scaled by, and the files against torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import onnx
import pytest
import torch

from export import onnx_file
from export.__main__ import main
from export.kenburns import files
from export.kenburns.cards import REFINEMENT_CARD
from export.kenburns.disparity import DisparityGrid, ExportedDisparity, VggFeatures
from export.kenburns.inpainting import ExportedContext, ExportedInpainting, Inpainting
from export.kenburns.refinement import Refinement
from kbvr.nets import open_session, read_card

NAMES = ["kenburns-context", "kenburns-disparity", "kenburns-inpainting", "kenburns-refinement"]

Shapes = Iterator[tuple[str, tuple[int, ...]]]


def conv_shapes(key: str, before: int, after: int, side: int = 3) -> Shapes:
    """Yield a convolution's keys and shapes."""
    yield f"{key}.weight", (after, before, side, side)
    yield f"{key}.bias", (after,)


def chain_shapes(key: str, first: int, *channels: int) -> Shapes:
    """Yield those of PReLU, convolution, PReLU, ... that begin at position `first`; PReLUs keep their input's."""
    for index, (before, after) in enumerate(pairwise(channels)):
        yield f"{key}.moduleMain.{first + 2 * index}.weight", (before,)
        yield from conv_shapes(f"{key}.moduleMain.{first + 2 * index + 1}", before, after)


def block_shapes(key: str, before: int, between: int, after: int) -> Shapes:
    """Yield those of convolution, PReLU, convolution with a shortcut where the channels differ."""
    yield from conv_shapes(f"{key}.moduleMain.0", before, between)
    yield f"{key}.moduleMain.1.weight", (between,)
    yield from conv_shapes(f"{key}.moduleMain.2", between, after)
    if before != after:
        yield from conv_shapes(f"{key}.moduleShortcut", before, after, 1)


def grid_shapes(rows: tuple[int, ...]) -> Shapes:
    """Yield those of a grid of 4 columns, the first two down and the last two up."""
    for row, channels in enumerate(rows):
        for column in range(3):
            yield from chain_shapes(f"{row}x{column} - {row}x{column + 1}", 0, channels, channels, channels)
    for row in range(len(rows) - 1):
        above, below = rows[row], rows[row + 1]
        for column in (0, 1):
            yield from chain_shapes(f"{row}x{column} - {row + 1}x{column}", 0, above, below, below)
        for column in (2, 3):
            yield from chain_shapes(f"{row + 1}x{column} - {row}x{column}", 1, below, above, above)


def disparity_shapes() -> Shapes:
    """Yield the keys and shapes of network-disparity.pytorch."""
    yield from conv_shapes("moduleImage", 3, 32, 7)
    yield from conv_shapes("moduleSemantics", 512, 512)
    yield from grid_shapes((32, 48, 64, 512, 512, 512))
    yield from block_shapes("moduleDisparity", 32, 32, 1)


def refinement_shapes() -> Shapes:
    """Yield the keys and shapes of network-refinement.pytorch."""
    yield from block_shapes("moduleImageOne", 3, 24, 24)
    yield from chain_shapes("moduleImageTwo", 0, 24, 48, 48)
    yield from chain_shapes("moduleImageThr", 0, 48, 96, 96)
    yield from block_shapes("moduleDisparityOne", 1, 96, 96)
    yield from chain_shapes("moduleDisparityTwo", 1, 192, 96, 96)
    yield from chain_shapes("moduleDisparityThr", 1, 144, 48, 48)
    yield from block_shapes("moduleDisparityFou", 72, 24, 24)
    yield from block_shapes("moduleRefine", 24, 24, 1)


def inpainting_shapes() -> Shapes:
    """Yield the keys and shapes of network-inpainting.pytorch."""
    yield from conv_shapes("moduleContext.0", 4, 64)
    yield "moduleContext.1.weight", (64,)
    yield from conv_shapes("moduleContext.2", 64, 64)
    yield "moduleContext.3.weight", (64,)
    yield from block_shapes("moduleInput", 69, 32, 32)
    yield from grid_shapes((32, 64, 128, 256))
    yield from block_shapes("moduleImage", 32, 32, 3)
    yield from block_shapes("moduleDisparity", 32, 32, 1)


def vgg_shapes() -> Shapes:
    """Yield the keys and shapes of torchvision's vgg19_bn, of which the paper uses the first four blocks."""
    before, index = 3, 0
    for channels, count in ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)):
        for _ in range(count):
            yield from conv_shapes(f"features.{index}", before, channels)
            for name in ("weight", "bias", "running_mean", "running_var"):
                yield f"features.{index + 1}.{name}", (channels,)
            before, index = channels, index + 3
        index += 1
    yield "classifier.6.bias", (1000,)


CHECKPOINTS = {
    "network-disparity.pytorch": disparity_shapes,
    "network-refinement.pytorch": refinement_shapes,
    "network-inpainting.pytorch": inpainting_shapes,
    "vgg19_bn-c79401a0.pth": vgg_shapes,
}


@pytest.mark.parametrize(
    ("name", "tensors", "parameters"),
    [
        ("network-disparity.pytorch", 239, 89_346_754),
        ("network-refinement.pytorch", 52, 606_890),
        ("network-inpainting.pytorch", 171, 8_285_640),
    ],
)
def test_the_checkpoints_have_as_many_numbers_as_the_authors(name, tensors, parameters):
    """89.35, 0.607 and 8.29 million; what the tests below load is of the right size."""
    shapes = dict(CHECKPOINTS[name]())
    assert len(shapes) == tensors
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == parameters


@pytest.fixture
def weights(tmp_path):
    """Return a folder of checkpoints with the official keys and shapes and another number for every key."""
    folder = tmp_path / "weights"
    folder.mkdir()
    for name, shapes in CHECKPOINTS.items():
        state = {key: torch.tensor(index / 1000).expand(shape) for index, (key, shape) in enumerate(shapes())}
        torch.save(state, folder / name)
    return folder


def test_the_official_checkpoints_load_key_for_key(weights):
    """Every number lands under its own key, and no parameter is left without one."""
    nets = files.load_kenburns(weights)
    loaded = (nets.disparity, nets.refinement, nets.inpainting, nets.vgg)
    for net, shapes in zip(loaded, CHECKPOINTS.values(), strict=True):
        numbers = {key: index / 1000 for index, (key, _) in enumerate(shapes())}
        state = {key: tensor for key, tensor in net.state_dict().items() if "num_batches_tracked" not in key}
        assert all((tensor == np.float32(numbers[key])).all() for key, tensor in state.items())
        left_out = numbers.keys() - state.keys()
        assert all(key.startswith(("classifier", "features.4", "features.5")) for key in left_out)
        assert net is nets.vgg or not left_out
    assert not any("features.3." in key or "features.37." in key for key in numbers.keys() - state.keys())


def remove(path):
    """Take a file away."""
    path.unlink()


def rename_a_key(path):
    """Call a tensor otherwise."""
    state = torch.load(path, weights_only=True)
    torch.save({("other" if index == 3 else key): value for index, (key, value) in enumerate(state.items())}, path)


def reshape_a_tensor(path):
    """Give a tensor one row more."""
    state = torch.load(path, weights_only=True)
    key = list(state)[3]
    torch.save({**state, key: torch.zeros(len(state[key]) + 1, *state[key].shape[1:])}, path)


def add_a_key(path):
    """Put one more tensor in."""
    torch.save({**torch.load(path, weights_only=True), "features.1.more": torch.zeros(1)}, path)


def overwrite_with_text(path):
    """Put something else in its place."""
    path.write_text("no checkpoint")


def store_a_list(path):
    """Store no tensors by key."""
    torch.save([1, 2, 3], path)


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (remove, "without"),
        (rename_a_key, "without 1 of them"),
        (reshape_a_tensor, "of shape"),
        (add_a_key, "with 1 more"),
        (overwrite_with_text, "expected a checkpoint"),
        (store_a_list, "with list"),
    ],
)
@pytest.mark.parametrize("name", ["network-inpainting.pytorch", "vgg19_bn-c79401a0.pth"])
def test_weights_that_do_not_fit_are_one_line_and_nothing_is_written(weights, tmp_path, capsys, name, break_it, said):
    """Exit code 2; the line says what was wanted and what came."""
    break_it(weights / name)
    with pytest.raises(SystemExit) as stopped:
        main(["kenburns", "--weights", str(weights), "-o", str(tmp_path / "out"), "--accept-license"])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert said in error and "expected" in error and "got" in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_two_files_of_vgg_are_refused(weights):
    """Nobody guesses which was meant."""
    (weights / "vgg19_bn-2.pth").write_bytes(b"")
    with pytest.raises(ValueError, match=r"got .* with 2 files named vgg19_bn"):
        files.load_kenburns(weights)


def test_without_accepting_the_licence_nothing_is_done(weights, tmp_path, capsys):
    """The line names the licence and the flag; exit code 2."""
    with pytest.raises(SystemExit) as stopped:
        main(["kenburns", "--weights", str(weights), "-o", str(tmp_path / "out")])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert "CC BY-NC-SA 4.0" in error and "--accept-license" in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def narrow_nets() -> files.KenburnsNets:
    """Return networks of the paper's layout with few channels and with noise for weights."""
    torch.manual_seed(0)
    nets = files.KenburnsNets(
        DisparityGrid((4, 5, 6, 8, 8, 8), 8),
        VggFeatures(((4, 4), (4, 4), (6, 6, 6, 6), (8, 8, 8, 8))),
        Refinement(4),
        Inpainting((4, 6, 8, 10)),
    )
    for net in (nets.disparity, nets.vgg, nets.refinement, nets.inpainting):
        net.eval().requires_grad_(False)
    for norm in (layer for layer in nets.vgg.modules() if isinstance(layer, torch.nn.BatchNorm2d)):
        norm.running_var.uniform_(0.3, 1)
        norm.running_mean.normal_(0, 0.1)
    return nets


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return the folder that the command wrote narrow networks into."""
    out = tmp_path_factory.mktemp("kenburns") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "load_kenburns", lambda folder: narrow_nets())
        patch.setattr(files, "SIZES_PX", ((64, 48), (61, 43)))
        main(["kenburns", "--weights", ".", "-o", str(out), "--accept-license"])
    return out


def test_the_command_writes_four_files_with_cards(written):
    """All are not for commercial use, and each is one file."""
    assert sorted(path.name for path in written.iterdir()) == sorted(
        f"{name}.{suffix}" for name in NAMES for suffix in ("json", "onnx")
    )
    for name in NAMES:
        card = read_card(written / f"{name}.json")
        model = onnx.load(card.path)
        assert (card.name, card.licence) == (name, "CC BY-NC-SA 4.0")
        assert [value.name for value in model.graph.input] == [tensor.name for tensor in card.inputs]
        assert [value.name for value in model.graph.output] == [tensor.name for tensor in card.outputs]
        assert [opset.version for opset in model.opset_import] == [18]
        assert not [tensor for tensor in model.graph.initializer if tensor.external_data]


@pytest.mark.parametrize("size_px", [(509, 341), (33, 50)])
@pytest.mark.parametrize("name", NAMES)
def test_the_files_compute_what_torch_computes(written, name, size_px):
    """Where halves are odd too, and what comes up is cropped."""
    nets = narrow_nets()
    net = {
        "kenburns-context": ExportedContext(nets.inpainting),
        "kenburns-disparity": ExportedDisparity(nets.disparity, nets.vgg),
        "kenburns-inpainting": ExportedInpainting(nets.inpainting),
        "kenburns-refinement": nets.refinement,
    }[name]
    card = read_card(written / f"{name}.json")
    noise = files.noise_for(card, *size_px)
    assert onnx_file.greatest_difference(net, card, [noise]) < 1e-5
    width, height = size_px
    if name == "kenburns-disparity":
        assert open_session(card, "cpu").run(None, noise)[0].shape == (1, 1, -(-height // 2), -(-width // 2))


def test_if_one_file_differs_none_is_written(tmp_path, monkeypatch):
    """Files are compared aside; the one before the wrong one goes with it."""
    found = iter([0, 1])
    monkeypatch.setattr(onnx_file, "greatest_difference", lambda *_: next(found))
    net, checks = narrow_nets().refinement, [files.noise_for(REFINEMENT_CARD, 32, 32)]
    cards = [replace(REFINEMENT_CARD, file=name) for name in ("a.onnx", "b.onnx")]
    with pytest.raises(ValueError, match="in kenburns-refinement, got 1"):
        onnx_file.write_checked([onnx_file.NetworkFile(net, card, checks) for card in cards], tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, monkeypatch, capsys):
    """Exit code 2, before anything is traced."""
    (tmp_path / "file").touch()
    monkeypatch.setattr(files, "load_kenburns", lambda folder: narrow_nets())
    with pytest.raises(SystemExit) as stopped:
        main(["kenburns", "--weights", ".", "-o", str(tmp_path / "file" / "out"), "--accept-license"])
    assert stopped.value.code == 2
    assert "cannot write to" in capsys.readouterr().err


def test_vgg_sees_rgb_standardised_as_imagenet_is():
    """Blue comes first in the paper's pictures and last in VGG's."""
    nets, seen = narrow_nets(), []
    nets.vgg.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    red = torch.zeros(1, 3, 32, 32)
    red[:, 2] = 1
    ExportedDisparity(nets.disparity, nets.vgg)(red)
    rgb = [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225]
    assert seen[0][0, :, 5, 5].tolist() == pytest.approx(rgb, rel=1e-5)


def test_refinement_does_not_depend_on_the_scale_of_a_disparity():
    """Another scale and shift of what comes in are the same scale and shift of what goes out."""
    net = narrow_nets().refinement
    torch.manual_seed(1)
    bgr01, disparity = torch.rand(1, 3, 48, 64), torch.rand(1, 1, 12, 16) + 10
    assert torch.allclose(net(bgr01, 3 * disparity + 5), 3 * net(bgr01, disparity) + 5, atol=1e-3)
    assert net(bgr01, disparity).shape == (1, 1, 48, 64)


def test_what_is_rendered_is_standardised_and_comes_back_in_the_photos_scale():
    """Features have mean 0 and deviation 1; with blocks that say 0 a filling is the mean of the photo."""
    nets = narrow_nets()
    torch.manual_seed(1)
    bgr01, disparity = torch.rand(1, 3, 40, 56), 30 * torch.rand(1, 1, 40, 56)
    features, mean, deviation = ExportedContext(nets.inpainting)(bgr01, disparity)
    assert features.shape == (1, 68, 40, 56)
    assert mean.flatten().tolist() == pytest.approx([bgr01.mean().item(), disparity.mean().item()], rel=1e-5)
    assert deviation.flatten().tolist() == pytest.approx([bgr01.numpy().std(), disparity.numpy().std()], rel=1e-5)
    assert features[:, :3].mean().item() == pytest.approx(0, abs=1e-5)
    assert torch.allclose(features[:, 3:4] * deviation[:, 1:] + mean[:, 1:], disparity, atol=1e-4)

    for block in (nets.inpainting.moduleImage, nets.inpainting.moduleDisparity):
        for parameter in block.parameters():
            parameter.zero_()
    picture, filled = ExportedInpainting(nets.inpainting)(features, torch.ones(1, 1, 40, 56), mean, deviation)
    assert torch.allclose(picture, mean[:, :1].expand_as(picture))
    assert torch.allclose(filled, mean[:, 1:].expand_as(filled))
    nets.inpainting.moduleImage.moduleMain[2].bias.fill_(9)
    nets.inpainting.moduleDisparity.moduleMain[2].bias.fill_(-9)
    picture, filled = ExportedInpainting(nets.inpainting)(features, torch.ones(1, 1, 40, 56), mean, deviation)
    assert (picture == 1).all() and (filled == 0).all()


def test_a_constant_picture_is_no_division_by_zero():
    """What has no deviation is standardised to 0."""
    nets = narrow_nets()
    features, _, deviation = ExportedContext(nets.inpainting)(torch.full((1, 3, 8, 8), 0.5), torch.ones(1, 1, 8, 8))
    assert torch.isfinite(features).all() and (deviation > 0).all()
    assert (features[:, :4] == 0).all()
