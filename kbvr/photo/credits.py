"""What people have noted about a photo, which outputs keep: author, copyright, title, caption, date, place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from kbvr.photo.place import Place


@dataclass(frozen=True)
class Credits:
    """Texts about a photo, each one line of valid Unicode, and its place; an empty text is unknown."""

    artist: str = ""
    copyright: str = ""
    credit: str = ""
    """The credit line to print with the photo, such as a museum's (`Credit` of IPTC)."""

    title: str = ""
    caption: str = ""
    """A description, else the title."""

    date: str = ""
    """When the photo was taken: ISO 8601 to the second, in local time, with the offset from UTC if it is known."""

    place: Place | None = None
    """Where the photo was taken. Outputs keep it only if that is asked for, since it can show where somebody lives."""

    def __bool__(self) -> bool:
        """Return whether anything is known."""
        return self != NO_CREDITS


NO_CREDITS = Credits()


def merged(sources: Iterable[Credits]) -> Credits:
    """Return each value from the first source that has it; without a caption, the title stands for it."""
    listed = list(sources)
    values: dict[str, Any] = {
        field.name: next(filter(None, (getattr(source, field.name) for source in listed)), field.default)
        for field in fields(Credits)
    }
    found = Credits(**values)
    return found if found.caption else replace(found, caption=found.title)
