"""Analytic scenes to mend, and editors of them without a server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from scenes import CARD, card_before_wall

from kbvr.depth.depth_map import DepthMap
from kbvr.imaging.array_types import Mask
from kbvr.photo.photo import Photo
from kbvr.studio.mending.mending import Mending
from kbvr.studio.open_project import OpenProject

CENTRE = (60.0, 50.0)
"""A point on the card."""


def on_card(shape: tuple[int, int] = (100, 120)) -> Mask:
    mask = np.zeros(shape, bool)
    mask[CARD] = True
    return mask


def wrong_card() -> tuple[Photo, DepthMap]:
    """The card before the wall, but the depth takes it for a part of the wall."""
    photo, depth = card_before_wall()
    return photo, replace(depth, inverse_depth=np.full_like(depth.inverse_depth, 0.25))


class Opened:
    """A project in a folder with its editor; `again` opens it as another process would."""

    def __init__(self, folder: Path, photo: Photo, automatic: DepthMap) -> None:
        from kbvr.depth.read_placed import load_placed_depth

        self.folder, self.photo, self.automatic = folder, photo, automatic
        depth = folder / "depth.png"
        current = load_placed_depth(depth, photo) if depth.exists() else automatic
        self.changes = 0
        self.project = OpenProject(
            folder,
            photo,
            current,
            automatic_depth=automatic,
            is_mended=depth.exists(),
            options=dict,
            depth_changed=self._changed,
        )
        self.mending = Mending(self.project)

    def _changed(self) -> None:
        self.changes += 1

    def again(self) -> Opened:
        """Open the project from its files, without closing this one: as after kill -9."""
        return Opened(self.folder, self.photo, self.automatic)
