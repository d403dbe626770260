"""The errors that kbvr raises on purpose. Anything else is a bug and keeps its traceback.

KbvrError
├── InputError        what the caller gave cannot be used (exit code 2)
│   └── MissingExtraError  what was asked for needs a library that is not installed
├── OutputError       what was written cannot be trusted or may not be written (exit code 2)
├── OutOfMemoryError  there is not enough memory for what was asked (exit code 2)
└── DownloadError     a file could not be fetched (exit code 2)
"""

from __future__ import annotations

from kbvr.messages import escaped


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
