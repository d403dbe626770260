"""The errors that kbvr raises on purpose, for which the command line exits with code 2.

KbvrError
├── InputError        what the caller gave cannot be used (exit code 2)
│   ├── DamagedFileError   a picture file is damaged or incomplete
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
from typing import Any
from unicodedata import category

MAX_MESSAGE_LENGTH = 300
MAX_NAME_LENGTH = 120
"""Maximum length of a name in front of a message, which leaves room for the message."""

INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode categories that move the cursor, change the writing direction, or show nothing. Python decodes bytes in a
file name that are not text to category Cs."""

JOINERS = "\u200c\u200d"
"""Zero-width joiners (category Cf), which ordinary Persian and Hindi words and emoji contain."""


class KbvrError(Exception):
    """Base class of all errors whose message is a one-line explanation for the user."""

    def __init__(self, message: str) -> None:
        super().__init__(escaped(message))  # messages contain file names, and those can contain control characters

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what copies of the error in other processes are made from, without its message being made again."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[KbvrError], args: tuple[Any, ...], state: dict[str, Any]) -> KbvrError:
    error: KbvrError = BaseException.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class InputError(KbvrError, ValueError):
    """An argument or a file cannot be used; the message says what was expected and what was given."""


class DamagedFileError(InputError):
    """A picture file is damaged or incomplete; the message says where the decoder stopped."""


class MissingExtraError(InputError):
    """An output requires an extra that is not installed; the message says how to install it."""


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
    """A file already exists, cannot be written, or differs when it is read back."""


class AlreadyExistsError(OutputError):
    """A file already exists and may not be replaced."""

    def __init__(self, what: str) -> None:
        self.statement = f"{what} already exists"
        super().__init__(f"{self.statement} (overwrite=True replaces it)")


class OutOfMemoryError(KbvrError, MemoryError):
    """There is not enough memory; the message says for what, and how much is needed if that is known."""


class DownloadError(KbvrError):
    """A download failed; the message says why, and what to do instead."""


def escaped(text: str) -> str:
    r"""Return text as one line, with control characters written as Python escapes such as \n or \u202e.

    Escaped text stays as it is when it is escaped again.
    """
    if text.isascii() and text.isprintable():
        return text
    invisible = {char for char in text if category(char) in INVISIBLE and char not in JOINERS}
    return "".join(char.encode("unicode_escape").decode() if char in invisible else char for char in text)


def counted(number: int, noun: str) -> str:
    """Return a number with a noun in the singular or plural: `1 photo`, `1,200 photos`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shortened(text: str, max_length: int = MAX_MESSAGE_LENGTH) -> str:
    """Return text of at most `max_length` characters: the last third is kept, because the end of a message matters."""
    if len(text) <= max_length:
        return text
    gap = " ... "
    end = (max_length - len(gap)) // 3
    return text[: max_length - len(gap) - end] + gap + text[-end:]
