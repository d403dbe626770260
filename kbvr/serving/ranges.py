"""Byte ranges, which browsers request to seek in a video (RFC 9110, section 14)."""

from __future__ import annotations

import re

ONE_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))", re.IGNORECASE | re.ASCII)


def part_of(size: int, header: str | None) -> range | None:
    """Return the bytes of a file of `size` bytes that a Range header requests; empty if the file has none of them.

    None stands for the whole file: without a header, and if it is invalid or requests several ranges, which a server
    may ignore, and which have been used to exhaust servers.
    """
    match = ONE_RANGE.fullmatch(header or "")
    if match is None:
        return None
    first, last, tail = (None if text is None else int(text) for text in match.groups())
    if first is None:
        return range(max(0, size - (tail or 0)), size)
    if last is not None and last < first:
        return None
    return range(first, size if last is None else min(last + 1, size))
