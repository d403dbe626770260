"""Reuse of frames that a camera path repeats: each is rendered once and kept while there is room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def sources_of(places: Sequence[Hashable], *, max_kept: int) -> list[int]:
    """Return, for every frame, the frame whose picture it shows: an earlier one of the same place, or itself.

    A picture is kept until its last use. If that would keep more than max_kept, the oldest is dropped: on a path there
    and back it is the one that is needed last.
    """
    uses_left = Counter(places)
    kept: dict[Hashable, int] = {}
    sources = []
    for index, place in enumerate(places):
        uses_left[place] -= 1
        source = kept.get(place, index)
        sources.append(source)
        if not uses_left[place]:
            kept.pop(place, None)
        elif max_kept > 0:
            kept[place] = source
            if len(kept) > max_kept:
                del kept[next(iter(kept))]
    return sources


def drawn_frames(sources: Sequence[int]) -> list[int]:
    """Return the frames to render: those that are their own sources."""
    return [index for index, source in enumerate(sources) if source == index]


def repeated(drawn: Iterator[T], sources: Sequence[int]) -> Iterator[T]:
    """Yield the picture of every frame: the next rendered one if the frame is its own source, else its source's."""
    last = {source: index for index, source in enumerate(sources)}
    kept: dict[int, T] = {}
    for index, source in enumerate(sources):
        if source == index:
            kept[index] = next(drawn)
        yield kept[source] if last[source] > index else kept.pop(source)
