"""Parts of a file, as browsers ask for them to jump within a video (RFC 9110, section 14)."""

from __future__ import annotations

import re

ONE_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))", re.IGNORECASE | re.ASCII)


def part_of(size: int, wanted: str | None) -> range | None:
    """Return which bytes of a file of `size` bytes a Range header wants; an empty range if the file has none of them.

    None, for all of the file, if there is no header, if it cannot be understood, or if it wants several parts: a
    server may ignore it, and lists of parts have been used to exhaust servers.
    """
    match = ONE_RANGE.fullmatch(wanted or "")
    if match is None:
        return None
    first, last, tail = (None if text is None else int(text) for text in match.groups())
    if first is None:
        return range(max(0, size - (tail or 0)), size)
    if last is not None and last < first:
        return None
    return range(first, size if last is None else min(last + 1, size))
