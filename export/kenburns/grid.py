"""The grid of Fourure et al., "Residual Conv-Deconv Grid Network for Semantic Segmentation", 2017, as in the paper.

Rows are sizes, each half of the one above; columns are steps. Two columns go down, two come up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from torch import Tensor, nn

from export.kenburns.blocks import Down, Lateral, Up

COLUMNS = 4
DOWNWARD = (0, 1)
UPWARD = (2, 3)


class Grid(nn.Module):
    """A grid of blocks, each named after its two ends, such as '0x1 - 0x2' (row x column)."""

    def __init__(self, row_channels: Sequence[int]) -> None:
        super().__init__()
        self.rows = len(row_channels)
        for row, channels in enumerate(row_channels):
            for column in range(COLUMNS - 1):
                self.add_module(_name(row, column, row, column + 1), Lateral(channels))
        for row, (above, below) in enumerate(pairwise(row_channels)):
            for column in DOWNWARD:
                self.add_module(_name(row, column, row + 1, column), Down(above, below))
            for column in UPWARD:
                self.add_module(_name(row + 1, column, row, column), Up(below, above))

    def run(self, top: Tensor, joins: Mapping[int, Tensor] | None = None) -> Tensor:
        """Return row 0 of the last column, in the size and channels of `top`, which is row 0 of the first.

        Args:
            top: (1, row_channels[0], H, W).
            joins: row -> features to add to that row of the first column.
        """
        column = [top]
        for row in range(1, self.rows):
            came_down = self._block(row - 1, 0, row, 0)(column[-1])
            column.append(came_down + joins[row] if joins and row in joins else came_down)
        column = self._lateral(column, 1)
        for row in range(1, self.rows):
            column[row] = column[row] + self._block(row - 1, 1, row, 1)(column[row - 1])
        for index in UPWARD:
            column = self._lateral(column, index)
            for row in reversed(range(self.rows - 1)):
                came_up = self._block(row + 1, index, row, index)(column[row + 1])
                height, width = column[row].shape[2:]
                column[row] = column[row] + came_up[:, :, :height, :width]  # one too large where the size is odd
        return column[0]

    def _lateral(self, column: Sequence[Tensor], target: int) -> list[Tensor]:
        return [self._block(row, target - 1, row, target)(x) for row, x in enumerate(column)]

    def _block(self, row: int, column: int, target_row: int, target_column: int) -> nn.Module:
        return self.get_submodule(_name(row, column, target_row, target_column))


def _name(row: int, column: int, target_row: int, target_column: int) -> str:
    return f"{row}x{column} - {target_row}x{target_column}"
