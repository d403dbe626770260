"""DeOldify in ONNX: its keys, its norms, and the file against torch."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from export.__main__ import main
from export.deoldify.files import folded
from export.deoldify.net import Attention, DeOldify
from kbvr.colorize import colour_network
from kbvr.nets import card_of

Shapes = Iterator[tuple[str, tuple[int, ...]]]


def norm(key: str, channels: int) -> Shapes:
    """Yield the keys of a batch norm."""
    for name in ("weight", "bias", "running_mean", "running_var"):
        yield f"{key}.{name}", (channels,)
    yield f"{key}.num_batches_tracked", ()


def spectral(key: str, out: int, *rest: int) -> Shapes:
    """Yield the keys of a weight with a spectral norm."""
    yield f"{key}.weight_orig", (out, *rest)
    yield f"{key}.weight_u", (out,)
    yield f"{key}.weight_v", (int(np.prod(rest)),)


def encoder_shapes() -> Shapes:
    """Yield the keys of ResNet-34, whose parts are numbered."""
    yield "layers.0.0.weight", (64, 3, 7, 7)
    yield from norm("layers.0.1", 64)
    below = 64
    for part, (channels, count) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), 4):
        for index in range(count):
            block = f"layers.0.{part}.{index}"
            given = below if index == 0 else channels
            yield f"{block}.conv1.weight", (channels, given, 3, 3)
            yield f"{block}.conv2.weight", (channels, channels, 3, 3)
            yield from norm(f"{block}.bn1", channels)
            yield from norm(f"{block}.bn2", channels)
            if given != channels:
                yield f"{block}.downsample.0.weight", (channels, given, 1, 1)
                yield from norm(f"{block}.downsample.1", channels)
        below = channels


def decoder_shapes() -> Shapes:
    """Yield the other keys, as the numbers of channels in the published code give them."""
    yield from norm("layers.1", 512)
    for index, (given, out) in enumerate(((512, 1024), (1024, 512))):
        yield from spectral(f"layers.3.{index}.0", out, given, 3, 3)
        yield from norm(f"layers.3.{index}.2", out)
    for part, (below, beside, out) in enumerate(((512, 256, 768), (768, 128, 768), (768, 64, 672), (672, 64, 300)), 4):
        block = f"layers.{part}"
        yield from spectral(f"{block}.shuf.conv.0", 2 * below, below, 1, 1)
        yield from norm(f"{block}.shuf.conv.1", 2 * below)
        yield from norm(f"{block}.bn", beside)
        for name, given in (("conv1", below // 2 + beside), ("conv2", out)):
            yield from spectral(f"{block}.{name}.0", out, given, 3, 3)
            yield from norm(f"{block}.{name}.2", out)
        if part == 5:
            for name, channels in (("query", 96), ("key", 96), ("value", 768)):
                yield from spectral(f"{block}.conv2.3.{name}", channels, 768, 1)
            yield f"{block}.conv2.3.gamma", (1,)
    yield "layers.8.conv.0.bias", (1200,)
    yield "layers.8.conv.0.weight_g", (1200, 1, 1, 1)
    yield "layers.8.conv.0.weight_v", (1200, 300, 1, 1)
    for key, (out, size) in {
        "layers.10.layers.0.0": (303, 3),
        "layers.10.layers.1.0": (303, 3),
        "layers.11.0": (3, 1),
    }.items():
        yield f"{key}.bias", (out,)
        yield from spectral(key, out, 303, size, size)


@pytest.fixture(scope="module")
def state():
    """Return tensors with the keys and shapes of ColorizeArtistic_gen.pth."""
    random = torch.Generator().manual_seed(0)
    tensors = {}
    for key, shape in (*encoder_shapes(), *decoder_shapes()):
        if key.endswith("tracked"):
            tensors[key] = torch.tensor(7)
        elif key.endswith("running_var"):
            tensors[key] = 0.5 + torch.rand(shape, generator=random)
        elif key.endswith("weight_v") and len(shape) == 1:
            tensors[key] = nn.functional.normalize(torch.randn(shape, generator=random), dim=0)
        else:
            tensors[key] = torch.randn(shape, generator=random) / max(1, int(np.prod(shape[1:]))) ** 0.5
    for key in [key for key in tensors if key.endswith("weight_orig")]:  # u and v as power iterations leave them
        name = key.removesuffix("_orig")
        weight = tensors[key].flatten(1)
        u = nn.functional.normalize(weight @ tensors[f"{name}_v"], dim=0)
        tensors[f"{name}_u"], tensors[f"{name}_v"] = u, nn.functional.normalize(weight.T @ u, dim=0)
    return tensors


def test_a_spectral_norm_is_that_of_torch():
    torch.manual_seed(0)
    normed = nn.utils.spectral_norm(nn.Conv2d(5, 7, 3), n_power_iterations=20)
    normed(torch.rand(1, 5, 8, 8))
    normed.eval()
    plain = nn.Conv2d(5, 7, 3)
    plain.load_state_dict(folded(normed.state_dict()))
    picture = torch.rand(1, 5, 8, 8)
    assert torch.allclose(plain(picture), normed(picture), atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated")
def test_a_weight_norm_is_that_of_torch():
    torch.manual_seed(0)
    normed = nn.utils.weight_norm(nn.Conv2d(5, 7, 1))
    normed.weight_g.data *= 3
    plain = nn.Conv2d(5, 7, 1)
    plain.load_state_dict(folded(normed.state_dict()))
    picture = torch.rand(1, 5, 8, 8)
    assert torch.allclose(plain(picture), normed(picture), atol=1e-6)


def test_attention_mixes_all_places():
    """With keys that are all alike every place gets the mean of all values."""
    attention = Attention(8)
    nn.init.zeros_(attention.key.weight)
    nn.init.eye_(attention.value.weight[..., 0])
    nn.init.ones_(attention.gamma)
    picture = torch.rand(1, 8, 3, 4)
    assert torch.allclose(attention(picture), picture + picture.mean(dim=(2, 3), keepdim=True), atol=1e-6)


@pytest.fixture(scope="module")
def written(state, tmp_path_factory):
    """Return the folder with the file of these tensors."""
    folder = tmp_path_factory.mktemp("deoldify")
    torch.save({"model": state, "opt": {}}, folder / "ColorizeArtistic_gen.pth")
    main(["deoldify", "--weights", str(folder / "ColorizeArtistic_gen.pth"), "--out", str(folder / "out")])
    return folder / "out"


def test_the_file_does_what_the_network_does(state, written):
    """The command itself compares both, and fails if they differ; this goes from pixels to chroma."""
    network = colour_network(written / "deoldify_artistic.onnx")
    assert (network.recipe.gives, network.fixed_px) == ("rgb", (256, 256))
    found = network.chroma(np.random.default_rng(0).random((256, 256)).astype(np.float32))
    assert found.std() > 0


def test_the_file_is_as_large_as_the_published_one(written):
    """It has the same weights: their sizes are those that the card tells of the published file."""
    assert (written / "deoldify_artistic.onnx").stat().st_size == pytest.approx(
        card_of("deoldify-artistic").size_bytes, rel=0.01
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("layers.1.weight"), "without 1 of them, as 'layers.1.weight'"),
        (lambda state: state.update(more=torch.zeros(1)), "with 1 more, as 'more'"),
        (
            lambda state: state.update({"layers.1.weight": torch.zeros(3)}),
            r"expected layers\.1\.weight of shape \(512,\)",
        ),
    ],
)
def test_other_checkpoints_are_refused(state, tmp_path, capsys, change, message):
    other = dict(state)
    change(other)
    torch.save(other, tmp_path / "other.pth")
    with pytest.raises(SystemExit) as ended:
        main(["deoldify", "--weights", str(tmp_path / "other.pth"), "--out", str(tmp_path / "out")])
    assert ended.value.code == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_sides_need_not_be_equal():
    with torch.device("meta"):
        assert DeOldify()(torch.empty(1, 3, 64, 96)).shape == (1, 3, 64, 96)
