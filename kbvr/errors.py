"""The errors that kbvr raises on purpose. Anything else is a bug and keeps its traceback.

KbvrError
├── InputError        what the caller gave cannot be used (exit code 2)
│   ├── MissingExtraError  an output requires a library that is not installed
│   └── OptionsError  options have bad values or do not fit together; the command line shows their flags
├── OutputError       what was written cannot be trusted or may not be written (exit code 2)
│   └── AlreadyExistsError  a file may not be replaced; the command line adds its flag
├── OutOfMemoryError  there is not enough memory for what was asked (exit code 2)
└── DownloadError     a file could not be fetched (exit code 2)
"""

from __future__ import annotations

import re
from collections.abc import Callable
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


class OptionText:
    """A text about options: `{fps}` in it becomes `fps` in Python and `--fps` on the command line.

    A literal brace is doubled.
    """

    def __init__(self, template: str) -> None:
        self.template = template

    def __str__(self) -> str:
        return self.naming(str)

    def naming(self, name_of: Callable[[str], str]) -> str:
        """Return the text with options called what `name_of` returns for their Python names."""
        return re.sub(r"\{\{|\}\}|\{(\w+)\}", lambda m: name_of(m[1]) if m[1] else m[0][0], self.template)


def verbatim(text: str) -> str:
    """Return a text for an `OptionText` that stays as it is."""
    return text.replace("{", "{{").replace("}", "}}")


class OptionsError(InputError):
    """Options have bad values or do not fit together; the message is an `OptionText`."""

    def __init__(self, message: str) -> None:
        self.text = OptionText(message)
        super().__init__(str(self.text))


class OutputError(KbvrError):
    """A file already exists, cannot be written, or did not read back as it was written."""


class AlreadyExistsError(OutputError):
    """A file already exists and may not be replaced."""

    def __init__(self, what: str) -> None:
        self.statement = f"{what} already exists"
        super().__init__(f"{self.statement} (overwrite=True replaces it)")


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
