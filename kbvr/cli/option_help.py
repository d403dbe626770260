"""The help of `kbvr export`: one screen of what people use, or every option, group after group."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from shutil import get_terminal_size

from kbvr.options.declare import Declared

MOST_COLUMNS, LEAST_COLUMNS = 100, 60
NAMES_WIDTH = 24
"""Columns of the flags; a longer one has a line of its own."""

USAGE = "Usage: kbvr export [OPTIONS] PHOTO..."
SAYS = "Make stereo video, loops, pictures and 3D scenes."
SHORT_END = """\
`kbvr export --help-all` lists every option, `kbvr formats` every kind of file.
  kbvr export cat.jpg -o out/                stereo video: out/cat_kbvr_LR.mp4
  kbvr export --wiggle cat.jpg -o out/       a loop for a blog
  kbvr export --gltf --html cat.jpg -o out/  a scene, and a page that shows it
  kbvr export --preset quest holiday/*.jpg   several photos, for a headset"""
FULL_END = """\
Any option can be set in kbvr.toml, in this folder or in kbvr's configuration folder: layout = "tb". A table
[preset.NAME] there makes a preset of your own."""


def short_help(outputs: Iterable[Declared], others: Iterable[Declared]) -> str:
    """Return one screen: the outputs and the common options, with their first sentence each."""
    parts = [USAGE, "", SAYS, "", "Outputs (several are rendered together):"]
    parts += [line for one in outputs for line in _entry(one, is_short=True)]
    parts += ["", "Common options:"]
    parts += [line for one in others if one.is_common for line in _entry(one, is_short=True)]
    return "\n".join([*parts, "", SHORT_END])


def full_help(groups: Iterable[tuple[str, Iterable[Declared]]]) -> str:
    """Return every option with all that is known of it; groups are titles and options."""
    parts = [USAGE, "", SAYS]
    for title, options in groups:
        parts += ["", f"{title}:"]
        parts += [line for one in options for line in _entry(one, is_short=False)]
    return "\n".join([*parts, "", *textwrap.wrap(FULL_END, _columns())])


def _columns() -> int:
    return max(LEAST_COLUMNS, min(MOST_COLUMNS, get_terminal_size().columns))


def _entry(one: Declared, *, is_short: bool) -> Iterator[str]:
    """Yield the lines about one option."""
    names = f"{one.short}, {one.flag}" if one.short else one.flag
    if one.off_flag:
        names += f"/{one.off_flag}"
    names = f"  {names} {one.metavar}".rstrip()
    text = one.says.split(". ")[0].rstrip(".") + "." if is_short else f"{one.says} {one.said_default}".rstrip()
    lines = textwrap.wrap(text, _columns() - NAMES_WIDTH, break_on_hyphens=False, break_long_words=False)
    if len(names) >= NAMES_WIDTH:
        yield names
        names = ""
    for line in lines:
        yield f"{names:{NAMES_WIDTH}}{line}".rstrip()
        names = ""
