"""The help of commands that export: the common options on one screen, or every option, group after group."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from shutil import get_terminal_size

from kbvr.options.declare import Declared

MAX_COLUMNS, MIN_COLUMNS = 100, 60
FLAGS_WIDTH = 24

FULL_END = """\
Options can also be set in kbvr.toml, in this folder or in kbvr's configuration folder: layout = "tb". A table
[preset.NAME] in it defines your own preset."""


@dataclass(frozen=True)
class Described:
    """What the help of a command says besides its options."""

    name: str
    usage: str
    summary: str
    metavar: str
    """What its arguments are called."""

    short_end: str


def short_help(described: Described, outputs: Iterable[Declared], others: Iterable[Declared]) -> str:
    """Return one screen: the outputs and the common options, each with the first sentence of its help."""
    lines = [described.usage, "", described.summary, "", "Outputs (several are rendered together):"]
    lines += [line for option in outputs for line in _entry(option, is_short=True)]
    lines += ["", "Common options:"]
    lines += [line for option in others if option.is_common for line in _entry(option, is_short=True)]
    return "\n".join([*lines, "", described.short_end])


def full_help(described: Described, groups: Iterable[tuple[str, Iterable[Declared]]]) -> str:
    """Return every option with its whole help and its default; groups are titles and options."""
    lines = [described.usage, "", described.summary]
    for title, options in groups:
        lines += ["", f"{title}:"]
        lines += [line for option in options for line in _entry(option, is_short=False)]
    return "\n".join([*lines, "", *textwrap.wrap(FULL_END, _columns())])


def _columns() -> int:
    return max(MIN_COLUMNS, min(MAX_COLUMNS, get_terminal_size().columns))


def _entry(option: Declared, *, is_short: bool) -> Iterator[str]:
    flags = f"{option.short}, {option.flag}" if option.short else option.flag
    if option.off_flag:
        flags += f"/{option.off_flag}"
    flags = f"  {flags} {option.metavar}".rstrip()
    first_sentence = option.help.split(". ")[0].rstrip(".") + "."
    text = first_sentence if is_short else f"{option.help} {option.default_note}".rstrip()
    lines = textwrap.wrap(text, _columns() - FLAGS_WIDTH, break_on_hyphens=False, break_long_words=False)
    if len(flags) >= FLAGS_WIDTH:
        yield flags
        flags = ""
    for line in lines:
        yield f"{flags:{FLAGS_WIDTH}}{line}".rstrip()
        flags = ""
