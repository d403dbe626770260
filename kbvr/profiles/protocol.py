"""What a profile does: give depth, build a scene for shots, and make what draws them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.scene_depth import SceneDepth
from kbvr.geometry.camera import Camera
from kbvr.ldi.scene import Scene
from kbvr.photo.photo import Photo
from kbvr.plan.explain import SceneFacts
from kbvr.plan.shots import Shot


@runtime_checkable
class Drawing(Protocol):
    """A scene that is ready to be drawn; used as a context manager."""

    title: str
    """What it is drawn on, in a person's words; empty if there is no choice."""

    @property
    def busy_s(self) -> float:
        """Seconds spent on drawing so far, those of all threads added up."""

    def frames(self, cameras: Iterable[Camera]) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
        """Yield one picture per camera, in order."""

    def __enter__(self) -> Drawing:  # noqa: PYI034 (beartype knows no Self here)
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""


@runtime_checkable
class Built(Protocol):
    """A scene that shots can be drawn of."""

    @property
    def facts(self) -> SceneFacts:
        """What was made."""

    @property
    def layers(self) -> Scene | None:
        """The scene if it is of layers, which can be visited; else None."""

    def drawing(self, shots: Sequence[Shot]) -> Drawing:
        """Return what draws shots that look through one lens."""


@runtime_checkable
class Profile(Protocol):
    """A way from a photo to pictures."""

    def depth(self, photo: Photo) -> DepthMap:
        """Return the depth of a photo."""

    def build(
        self, photo: Photo, depth: DepthMap, shots: Sequence[Shot], scene_depth: SceneDepth, *, is_visited: bool
    ) -> Built:
        """Return the scene for the shots, and for heads that move in it if it is visited."""
