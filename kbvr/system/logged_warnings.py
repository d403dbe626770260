"""The warnings that kbvr logs during a piece of work, for a report of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kbvr.errors import OptionText, escaped, shortened


@contextmanager
def logged_warnings(name_of: Callable[[str], str] = str, *, about: str = "") -> Iterator[list[str]]:
    """Yield a list of the warnings that kbvr logs meanwhile, each in one line, and once.

    Options are called what `name_of` returns for their Python names. The name of the file that the list is `about` is
    left out where a warning begins with it.
    """
    found: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            message: object = record.msg
            text = message.naming(name_of) if isinstance(message, OptionText) else record.getMessage()
            text = shortened(escaped(text).removeprefix(f"{escaped(about)}: "))
            if text not in found:
                found.append(text)

    collector, logger = Collector(logging.WARNING), logging.getLogger("kbvr")
    logger.addHandler(collector)
    try:
        yield found
    finally:
        logger.removeHandler(collector)
