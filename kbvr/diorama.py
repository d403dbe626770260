"""The diorama: a relief, and how it is to be visited by somebody who moves their head in it."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

from kbvr.moves import Move
from kbvr.relief import Relief
from kbvr.surroundings import Surroundings

HEAD_BOX_M = (0.10, 0.06, 0.08)
"""How far the head may move from the photo's camera: to the sides, up and down, forth and back."""

LEAST_BORDER_SHARE = 0.08
"""What is drawn beyond the photo's border is so wide at least, as a share of the photo's width."""


@dataclass(frozen=True, eq=False)
class Diorama:
    """A relief, and how it is to be visited."""

    relief: Relief
    moves: tuple[Move, ...]
    """The camera's path, in even steps; it ends where it begins."""

    seconds: float
    """How long the path takes."""

    nearest_m: float
    farthest_m: float
    subject_m: float
    is_metric: bool
    """Whether the metres were measured rather than made believable."""

    depth_source: str
    """The network or file that the depth is from."""

    photo: str
    """The photo's name."""

    ipd_m: float
    head_box_m: tuple[float, float, float] = HEAD_BOX_M


def head_reaches_m(around: Surroundings, ipd_m: float) -> dict[str, float]:
    """Return the moves that a scene must be made for if heads move in it, as `build_scene` takes them."""
    aside_m, up_m, forth_m = HEAD_BOX_M
    reach_m = hypot(aside_m + ipd_m / 2, up_m)
    per_m = around.camera.f_px * max(around.nearest_inverse_depth, 1e-6) / around.camera.size_px[0]
    return {"reach_m": reach_m, "border_m": max(reach_m, LEAST_BORDER_SHARE / per_m), "forward_m": forth_m}
