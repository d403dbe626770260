"""An export as the command line that does the same."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from kbvr.errors import InputError
from kbvr.options.declare import Declared
from kbvr.options.export_options import ExportOptions, declared
from kbvr.options.texts import given_texts

PLAIN_WORD = re.compile(r"(?:--?)?[A-Za-z_/.][\w./:\\-]*|\d+", re.ASCII)
"""What PowerShell passes on as it is: commas, @, $, ; and others mean something."""

POWERSHELL_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")
"""Characters that end a text in single quotes in PowerShell, and that stand for themselves when doubled."""


def command_words(photos: Sequence[Path], out: Path, options: ExportOptions) -> list[str]:
    """Return the words of the `kbvr export` that makes these outputs of these photos, without any quoting.

    Raises:
        InputError: if a text contains a zero byte, which no command line can hold.
    """
    words = ["kbvr", "export", *map(_argument, photos), "-o", str(out), *_flags(options)]
    if any("\0" in word for word in words):
        raise InputError("expected text that a command line can hold, got a zero byte")
    return words


def as_command(photos: Sequence[Path], out: Path, options: ExportOptions, *, for_windows: bool = False) -> str:
    """Return the command line, quoted for a POSIX shell, or for PowerShell.

    Raises:
        InputError: if a text contains a zero byte.
    """
    words = command_words(photos, out, options)
    return " ".join(map(_powershell_quoted, words)) if for_windows else shlex.join(words)


def outputs_text(options: ExportOptions) -> dict[str, str]:
    """Return the options that differ from their defaults as texts, without `stereo` where it says nothing."""
    texts = given_texts(options)
    if texts["stereo"] == "no":  # any other output turns it off
        del texts["stereo"]
    return texts


def _flags(options: ExportOptions) -> Iterator[str]:
    texts = outputs_text(options)
    for option in declared():
        if option.name in texts:
            yield from _flag(option, texts[option.name])


def _flag(option: Declared, text: str) -> Iterator[str]:
    if option.is_switch:
        yield option.flag if text == "yes" else option.off_flag or "--" + option.flag.replace("--", "no-", 1)
    elif text.startswith("-") or option.alone:
        yield f"{option.flag}={text}"
    else:
        yield from (option.flag, text)


def _argument(photo: Path) -> str:
    """Return a path that no program takes for a flag."""
    text = str(photo)
    return f"./{text}" if text.startswith("-") else text


def _powershell_quoted(word: str) -> str:
    return word if PLAIN_WORD.fullmatch(word) else "'" + POWERSHELL_QUOTES.sub(r"\g<0>\g<0>", word) + "'"
