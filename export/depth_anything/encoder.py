"""The encoder: DINOv2 (Oquab et al., 2023, arXiv 2304.07193), a vision transformer with layer scale."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, softmax

from export.traced import counted_to, shape_of

PATCH_PX = 14
TRAINED_GRID = 37
"""Patches along a side in training, 518 px."""

GRID_OFFSET = 0.1
"""The official code resizes position embeddings by (target grid + 0.1) / trained grid."""

CUBIC = -0.75
"""Keys' parameter a of torch's cubic resizing."""


class Encoder(nn.Module):
    """DINOv2; keys are the official checkpoint's, without their `pretrained.`."""

    def __init__(self, width: int = 384, heads: int = 6, blocks: int = 12, grid: int = TRAINED_GRID) -> None:
        super().__init__()
        self.grid = grid
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, grid**2 + 1, width))
        self.mask_token = nn.Parameter(torch.zeros(1, width))  # for training only; a key of the checkpoint
        self.patch_embed = PatchEmbedding(width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(blocks))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, pixel_values: Tensor, taken: Sequence[int]) -> list[Tensor]:
        """Return the normalised outputs of some of the blocks, without the class token.

        Args:
            pixel_values: (1, 3, 14 h, 14 w), standardised.
            taken: indices of the blocks.

        Returns:
            One (1, width, h, w) for each of `taken`.
        """
        patches = self.patch_embed.proj(pixel_values)
        size = shape_of(patches)
        tokens = patches.flatten(2).transpose(1, 2)
        tokens = torch.cat((self.cls_token, tokens), 1) + self._positions(size[2], size[3])
        outputs = []
        for index, block in enumerate(self.blocks):
            tokens = block(tokens)
            if index in taken:
                outputs.append(self.norm(tokens)[:, 1:].transpose(1, 2).reshape(patches.shape))
        return outputs

    def _positions(self, rows: Tensor, columns: Tensor) -> Tensor:
        """Return the position embeddings of a grid of another size, (1, 1 + rows * columns, width)."""
        own = (rows == self.grid) & (columns == self.grid)
        offset = torch.where(own, 0.0, GRID_OFFSET)
        embedding = self.pos_embed[0, 1:].reshape(self.grid, self.grid, -1).permute(2, 0, 1)
        down, along = (self._cubic_weights(side, offset) for side in (rows, columns))
        resized = down @ pad(embedding[None], (2, 2, 2, 2), mode="replicate")[0] @ along.T
        return torch.cat((self.pos_embed[:, :1], resized.flatten(1).T[None]), 1)

    def _cubic_weights(self, side: Tensor, offset: Tensor) -> Tensor:
        """Return the matrix (side, grid + 4) that resizes a side by cubic convolution, with 2 added at both ends.

        It is written out because neither torch's nor ONNX's resizing accepts a computed scale.
        """
        at = (counted_to(side) + 0.5) * (self.grid / (side + offset)) - 0.5
        distance = (at[:, None] - torch.arange(-2, self.grid + 2)).abs()
        near = ((CUBIC + 2) * distance - (CUBIC + 3)) * distance**2 + 1
        far = CUBIC * (((distance - 5) * distance + 8) * distance - 4)
        return torch.where(distance <= 1, near, torch.where(distance < 2, far, 0.0))


class PatchEmbedding(nn.Module):
    """Turns patches into tokens."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, PATCH_PX, PATCH_PX)


class Block(nn.Module):
    """Attention and a perceptron, each scaled per channel and added to its input."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.ls1 = LayerScale(width)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Perceptron(width)
        self.ls2 = LayerScale(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (1, N, width) to the same."""
        tokens = tokens + self.ls1.gamma * self.attn(self.norm1(tokens))
        return tokens + self.ls2.gamma * self.mlp(self.norm2(tokens))


class LayerScale(nn.Module):
    """A factor for every channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))


class Attention(nn.Module):
    """Multi-head self-attention."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (1, N, width) to the same."""
        query, key, value = self.qkv(tokens).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind()
        similarity = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
        return self.proj((softmax(similarity, -1) @ value).transpose(1, 2).flatten(2))


class Perceptron(nn.Module):
    """Two layers with a hidden layer four times as wide."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (1, N, width) to the same."""
        return self.fc2(self.act(self.fc1(tokens)))
