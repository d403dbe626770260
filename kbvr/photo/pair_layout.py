"""How the two views of a stereo pair share a picture, and whether they do. Quick to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

PairLayout = Literal["sbs", "sbs-half", "tb", "tb-half", "cross"]
"""The left eye's view left, above, or (cross) right; half: squeezed to half its width or height."""

StatedLayout = Literal[PairLayout, "cross-half", "bt", "bt-half"]
"""Layouts that files state: also the left eye's view right, at half its width, or below."""

PairSource = Literal[PairLayout, "auto", "none", "mpo"]
"""Where the second view of a photo is: in the same picture, wherever the file says, nowhere, or in an MPO's second one.
A path is a file of its own."""

PAIR_SOURCES: tuple[PairSource, ...] = ("auto", "none", "sbs", "sbs-half", "tb", "tb-half", "cross", "mpo")

SecondPicture = Literal["none", "marked", "any"]
"""Which second picture of an MPO is decoded: none, one that is marked as a second view, or any of the same size."""


def second_picture_of(source: PairSource | Path) -> SecondPicture:
    """Return which second picture of an MPO a source asks for."""
    return "marked" if source == "auto" else "any" if source == "mpo" else "none"
