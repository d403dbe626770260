"""Depth Anything V2 Small in ONNX: its keys, its position embeddings, and the file against torch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
import pytest
import torch
from torch.nn.functional import interpolate

from export import onnx_file
from export.__main__ import main
from export.depth_anything import files
from export.depth_anything.net import DepthAnythingV2
from kbvr.nets import open_session, read_card

Shapes = Iterator[tuple[str, tuple[int, ...]]]


def pair(key: str, *shape: int) -> Shapes:
    """Yield a weight's and a bias's key and shape; the bias is as long as the weight's first side."""
    yield f"{key}.weight", shape
    yield f"{key}.bias", shape[:1]


def encoder_shapes() -> Shapes:
    """Yield the keys and shapes of DINOv2 ViT-S/14, as the checkpoint has them."""
    yield "pretrained.cls_token", (1, 1, 384)
    yield "pretrained.pos_embed", (1, 37 * 37 + 1, 384)
    yield "pretrained.mask_token", (1, 384)
    yield from pair("pretrained.patch_embed.proj", 384, 3, 14, 14)
    for block in (f"pretrained.blocks.{index}" for index in range(12)):
        yield from pair(f"{block}.norm1", 384)
        yield from pair(f"{block}.attn.qkv", 1152, 384)
        yield from pair(f"{block}.attn.proj", 384, 384)
        yield f"{block}.ls1.gamma", (384,)
        yield from pair(f"{block}.norm2", 384)
        yield from pair(f"{block}.mlp.fc1", 1536, 384)
        yield from pair(f"{block}.mlp.fc2", 384, 1536)
        yield f"{block}.ls2.gamma", (384,)
    yield from pair("pretrained.norm", 384)


def head_shapes() -> Shapes:
    """Yield the keys and shapes of the head."""
    channels = (48, 96, 192, 384)
    for index, c in enumerate(channels):
        yield from pair(f"depth_head.projects.{index}", c, 384, 1, 1)
        yield f"depth_head.scratch.layer{index + 1}_rn.weight", (64, c, 3, 3)
        fusion = f"depth_head.scratch.refinenet{index + 1}"
        yield from pair(f"{fusion}.out_conv", 64, 64, 1, 1)
        for unit in (1, 2):
            yield from pair(f"{fusion}.resConfUnit{unit}.conv1", 64, 64, 3, 3)
            yield from pair(f"{fusion}.resConfUnit{unit}.conv2", 64, 64, 3, 3)
    yield from pair("depth_head.resize_layers.0", 48, 48, 4, 4)
    yield from pair("depth_head.resize_layers.1", 96, 96, 2, 2)
    yield from pair("depth_head.resize_layers.3", 384, 384, 3, 3)
    yield from pair("depth_head.scratch.output_conv1", 32, 64, 3, 3)
    yield from pair("depth_head.scratch.output_conv2.0", 32, 32, 3, 3)
    yield from pair("depth_head.scratch.output_conv2.2", 1, 32, 1, 1)


def shapes() -> dict[str, tuple[int, ...]]:
    """Return the keys and shapes of depth_anything_v2_vits.pth."""
    return dict([*encoder_shapes(), *head_shapes()])


def noisy_net() -> DepthAnythingV2:
    """Return a network of noise in which every parameter matters."""
    torch.manual_seed(0)
    net = DepthAnythingV2().eval().requires_grad_(False)
    for name, parameter in net.named_parameters():
        if name.endswith(("gamma", "token", "norm1.weight", "norm2.weight", "pos_embed")):
            parameter.normal_(0.5, 0.5)
    return net


def test_the_checkpoint_loads_key_for_key(tmp_path):
    """24.8 million numbers in 239 tensors; every one lands under its own key."""
    assert len(shapes()) == 239
    assert sum(int(np.prod(shape)) for shape in shapes().values()) == 24_785_089
    state = {key: torch.tensor(index / 1000).expand(shape) for index, (key, shape) in enumerate(shapes().items())}
    torch.save(state, tmp_path / "weights.pth")
    loaded = files.load_depth_anything(tmp_path / "weights.pth").state_dict()
    assert loaded.keys() == state.keys()
    assert all((tensor == state[key].flatten()[0]).all() for key, tensor in loaded.items())


@pytest.mark.parametrize(("rows", "columns"), [(20, 31), (37, 50), (45, 9)])
def test_positions_are_resized_as_the_official_code_does(rows, columns):
    """Bicubic, by a scale of the wanted grid + 0.1 , as torch's own resizing does it."""
    encoder = noisy_net().pretrained
    own = encoder.pos_embed[:, 1:].reshape(1, 37, 37, 384).permute(0, 3, 1, 2)
    wanted = interpolate(own, scale_factor=((rows + 0.1) / 37, (columns + 0.1) / 37), mode="bicubic")
    found = encoder._positions(torch.tensor(rows), torch.tensor(columns))
    assert torch.allclose(found[:, 1:], wanted.flatten(2).transpose(1, 2), atol=1e-4)
    assert torch.equal(found[:, :1], encoder.pos_embed[:, :1])


def test_positions_of_the_trained_size_stay_as_they_are():
    """At 518 px nothing is resized."""
    encoder = noisy_net().pretrained
    assert torch.equal(encoder._positions(torch.tensor(37), torch.tensor(37)), encoder.pos_embed)


def test_attention_is_torchs():
    """Head by head the same as torch's own scaled dot products."""
    attention = noisy_net().pretrained.blocks[0].attn
    tokens = torch.randn(1, 9, 384)
    parts = [part.unflatten(-1, (6, 64)).transpose(1, 2) for part in attention.qkv(tokens).chunk(3, -1)]
    mixed = torch.nn.functional.scaled_dot_product_attention(*parts)
    assert torch.allclose(attention(tokens), attention.proj(mixed.transpose(1, 2).flatten(2)), atol=1e-5)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return the folder that the command wrote a network of noise into."""
    folder = tmp_path_factory.mktemp("depth_anything")
    torch.save(noisy_net().state_dict(), folder / "weights.pth")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "SIZES_PX", ((70, 56),))
        main(["depth-anything-v2-small", "--weights", str(folder / "weights.pth"), "-o", str(folder / "out")])
    return folder / "out"


def test_the_command_writes_file_and_card(written):
    """One file, with the names that kbvr knows it by."""
    assert sorted(path.name for path in written.iterdir()) == [f"{files.CARD.name}.{end}" for end in ("json", "onnx")]
    card = read_card(written / "depth-anything-v2-small.json")
    model = onnx.load(card.path)
    assert (card.name, card.licence) == ("depth-anything-v2-small", "Apache-2.0")
    assert [value.name for value in model.graph.input] == ["pixel_values"]
    assert [value.name for value in model.graph.output] == ["predicted_depth"]
    assert not [tensor for tensor in model.graph.initializer if tensor.external_data]


@pytest.mark.parametrize("size_px", [(518, 98), (112, 182)])
def test_the_file_computes_what_torch_computes(written, size_px):
    """At sizes and shapes other than the traced one; the output is as large as the input and not all alike."""
    width, height = size_px
    card = read_card(written / "depth-anything-v2-small.json")
    picture = {"pixel_values": np.random.default_rng(0).standard_normal((1, 3, height, width), np.float32)}
    depth = open_session(card, "cpu").run(None, picture)[0]
    assert depth.shape == (1, height, width) and depth.min() >= 0 and depth.std() > 1e-3
    assert onnx_file.greatest_difference(noisy_net(), card, [picture]) < 1e-2 * depth.std()


def test_weights_of_another_size_of_the_network_are_refused(tmp_path, capsys):
    """One line says what was wanted and what came; nothing is written."""
    state = {key: torch.tensor(0.0).expand(shape) for key, shape in shapes().items()}
    torch.save({**state, "pretrained.cls_token": torch.zeros(1, 1, 768)}, tmp_path / "base.pth")
    with pytest.raises(SystemExit) as stopped:
        main(["depth-anything-v2-small", "--weights", str(tmp_path / "base.pth"), "-o", str(tmp_path / "out")])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "pretrained.cls_token of shape (1, 1, 384), got (1, 1, 768)" in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()
