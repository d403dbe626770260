"""What a hand does from when it is put down until it is lifted."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic

from kbvr.imaging.array_types import Plane
from kbvr.studio.mending.box import Box
from kbvr.studio.mending.history import NOTHING
from kbvr.studio.mending.stroke import Stroke


@dataclass
class Gesture:
    """A stroke, or a drag that moves a selection, while it goes on."""

    name: str
    before: Plane
    written: Plane
    """The map up to which the journal goes."""

    box: Box = NOTHING
    """Where something has changed."""

    written_s: float = field(default_factory=monotonic)
    has_written: bool = False
    stroke: Stroke | None = None
    cut: Plane | None = None
    """The map with the selection cut out, from which it is moved."""
