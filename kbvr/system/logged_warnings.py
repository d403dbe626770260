"""The warnings that kbvr logs during a piece of work, for a report of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from kbvr.errors import escaped, shortened


@contextmanager
def logged_warnings() -> Iterator[list[str]]:
    """Yield a list of the warnings that kbvr logs meanwhile, each in one line."""
    found: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(shortened(escaped(record.getMessage())))

    collector, logger = Collector(logging.WARNING), logging.getLogger("kbvr")
    logger.addHandler(collector)
    try:
        yield found
    finally:
        logger.removeHandler(collector)
