"""Every option of every command that exports, and its flag."""

from __future__ import annotations

from collections.abc import Iterator

from kbvr.cli.batch_options import BatchOptions, WatchOptions
from kbvr.cli.call_options import CallOptions
from kbvr.options.declare import Declared
from kbvr.options.export_options import declared

CallGroup = type[CallOptions] | type[BatchOptions] | type[WatchOptions]


def every_option(call: CallGroup = CallOptions) -> Iterator[Declared]:
    """Yield the options of a call, then those of exports."""
    yield from call.declared()
    yield from declared()


def known_options() -> Iterator[Declared]:
    """Yield every option of every command that exports, once."""
    found = [*every_option(), *BatchOptions.declared(), *WatchOptions.declared()]
    yield from {option.name: option for option in reversed(found)}.values()


def flag_of(name: str) -> str:
    """Return the flag of an option by its name in Python."""
    return next((option.flag for option in known_options() if option.name == name), f"--{name.replace('_', '-')}")
