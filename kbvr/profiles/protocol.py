"""What a profile gives: a scene, and what draws it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from kbvr.geometry.camera import Camera
from kbvr.ldi.scene import Scene
from kbvr.plan.shots import Film


@runtime_checkable
class Drawing(Protocol):
    """A scene that is ready to be drawn; used as a context manager."""

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


@dataclass(frozen=True, eq=False)
class Prepared:
    """What can be drawn of a photo, and visited if it is of layers."""

    scene: Scene | None
    said: tuple[str, ...]
    """What there is to tell of it."""

    drawing: Callable[[list[Film]], tuple[Drawing, tuple[str, ...]]]
    """Return what draws it for some films, and what there is to tell of that."""
