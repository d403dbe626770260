"""The errors that kbvr raises on purpose. Anything else is a bug and keeps its traceback.

KbvrError
├── InputError        what the caller gave cannot be used (exit code 2)
│   └── MissingExtraError  what was asked for needs a library that is not installed
├── OutputError       what was written cannot be trusted or may not be written (exit code 2)
├── OutOfMemoryError  there is not enough memory for what was asked (exit code 2)
└── DownloadError     a file could not be fetched (exit code 2)
"""

from __future__ import annotations

from unicodedata import category

MOST_LETTERS = 300
"""In one message."""

MOST_NAME_LETTERS = 120
"""Of a name in front of a message, so that there is room for the message."""

INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode categories that move the cursor, turn the direction of writing, or show nothing; Cs is what Python makes of
bytes in a name that are no text."""

JOINERS = "\u200c\u200d"
"""Of category Cf, but part of ordinary Persian and Hindi words and of emoji."""


class KbvrError(Exception):
    """Base of all errors that have a one-line explanation for the person who called."""

    def __init__(self, message: str) -> None:
        super().__init__(escaped(message))  # it may name files, and names may hold anything


class InputError(KbvrError, ValueError):
    """An argument or a file cannot be used; the message says what was wanted and what came."""


class MissingExtraError(InputError):
    """An output needs a library of an extra that is not installed; the message says how to install it."""


class OutputError(KbvrError):
    """A file exists already, cannot be written, or did not read back as it was written."""


class OutOfMemoryError(KbvrError, MemoryError):
    """There is not enough memory; the message says for what, and how much it takes where that is known."""


class DownloadError(KbvrError):
    """A file could not be fetched; the message says what happened and what to do instead."""


def escaped(text: str) -> str:
    r"""Return text as one line without control characters: they become what Python writes for them, like \n or \u202e.

    Escaping twice changes nothing more.
    """
    if text.isascii() and text.isprintable():
        return text
    hidden = {letter for letter in text if category(letter) in INVISIBLE and letter not in JOINERS}
    return "".join(letter.encode("unicode_escape").decode() if letter in hidden else letter for letter in text)


def shortened(text: str, most: int = MOST_LETTERS) -> str:
    """Return text of at most so many letters: what is too much is left out after two thirds, for ends matter too."""
    if len(text) <= most:
        return text
    gap = " ... "
    end = (most - len(gap)) // 3
    return text[: most - len(gap) - end] + gap + text[-end:]
