"""The interface of fillers, which invent colour and inverse depth in the holes of a hidden layer."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from kbvr.imaging.array_types import Mask, Picture, Plane


@runtime_checkable
class Filler(Protocol):
    """Fills one picture and its depth."""

    def __call__(self, rgb: Picture, inverse_depth: Plane, *, hole: Mask, source: Mask) -> tuple[Picture, Plane]:
        """Return colour and inverse depth with the hole filled from the sources; without sources, unchanged copies.

        Pixels that are neither hole nor source (above all the foreground) must not influence the result.
        """
        ...
