"""Text for a person that holds what others chose: names of files, and what libraries report."""

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
