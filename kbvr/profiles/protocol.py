"""The interface of profiles: estimate depth, build a scene for shots, and return its renderer."""

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
from kbvr.plan.shots import Shot


@runtime_checkable
class Drawing(Protocol):
    """A scene with its renderer; used as a context manager."""

    title: str
    """The device that renders; empty if there is no choice."""

    @property
    def busy_s(self) -> float:
        """Seconds spent on rendering so far, summed over all threads."""

    def frames(self, cameras: Iterable[Camera]) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
        """Yield one picture per camera, in order."""

    def __enter__(self) -> Drawing:  # noqa: PYI034 (beartype knows no Self here)
        """Start rendering."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release threads and memory."""


@runtime_checkable
class Built(Protocol):
    """A scene built for shots."""

    @property
    def explanation(self) -> tuple[str, ...]:
        """Lines about the scene."""

    @property
    def layers(self) -> Scene | None:
        """The scene if it consists of layers, which scene files require; else None."""

    def drawing(self, shots: Sequence[Shot]) -> Drawing:
        """Return the renderer of shots with the same lens."""


@runtime_checkable
class Profile(Protocol):
    """A method that turns a photo into rendered views."""

    def depth(self, photo: Photo) -> DepthMap:
        """Return the depth of a photo."""

    def build(
        self, photo: Photo, depth: DepthMap, shots: Sequence[Shot], scene_depth: SceneDepth, *, is_visited: bool
    ) -> Built:
        """Return the scene for the shots, and for head movement if it is visited."""
