"""What people have noted about a photo, which outputs keep: author, copyright, credit line, title, caption and date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Credits:
    """Texts about a photo, each one line of valid Unicode; an empty one is unknown."""

    artist: str = ""
    copyright: str = ""
    credit: str = ""
    """The credit line to print with the photo, such as a museum's (`Credit` of IPTC)."""

    title: str = ""
    caption: str = ""
    """A description, else the title."""

    date: str = ""
    """When the photo was taken: ISO 8601 to the second, in local time, with the offset from UTC if it is known."""

    def __bool__(self) -> bool:
        """Return whether anything is known."""
        return self != NO_CREDITS


NO_CREDITS = Credits()


def merged(sources: Iterable[Credits]) -> Credits:
    """Return each text from the first source that has it; without a caption, the title stands for it."""
    listed = list(sources)
    names = [field.name for field in fields(Credits)]
    found = Credits(**{name: next(filter(None, (getattr(each, name) for each in listed)), "") for name in names})
    return found if found.caption else replace(found, caption=found.title)
