"""Why an export failed, in words for people."""

from __future__ import annotations

import logging
import re
import signal

from kbvr.errors import AlreadyExistsError, DamagedFileError, KbvrError, OptionsError, OutOfMemoryError
from kbvr.studio.labels import label_of
from kbvr.system.atomic_file import UNFINISHED
from kbvr.system.isolated_process import EndedError, NotStartedError, TimeUpError
from kbvr.system.resources import is_out_of_memory

logger = logging.getLogger(__name__)

TEMPORARY = re.compile(rf"{UNFINISHED.pattern}[/\\\\]")

KILLED = -getattr(signal, "SIGKILL", 9)
"""Exit code of a process that the system has killed."""

LESS = "Close other programs, or set a smaller largest picture size, and try again."
OUT_OF_MEMORY = f"There is not enough memory for this export. {LESS}"
PROBABLY_OUT_OF_MEMORY = f"The process that makes the export was killed, most likely because memory ran out. {LESS}"
DAMAGED = "The photo is damaged or incomplete."
BUG = "kbvr failed because of a bug. The terminal shows the details."


def problem_of(error: Exception) -> str:
    """Return why an export failed; a bug is logged."""
    if isinstance(error, OutOfMemoryError) or is_out_of_memory(error):
        return f"{error} {LESS}" if isinstance(error, OutOfMemoryError) else OUT_OF_MEMORY
    if isinstance(error, KbvrError):
        return in_words(error)
    if isinstance(error, TimeUpError):
        return "The export took too long and was stopped."
    if isinstance(error, EndedError):
        if error.exit_code == KILLED:
            return PROBABLY_OUT_OF_MEMORY
        return f"The process that makes the export failed: it {error}. Try again."
    if isinstance(error, NotStartedError):
        return f"The process that makes the export could not be started: {error}"
    if isinstance(error, OSError):
        return f"The folder of the exports cannot be written: {error.strerror or error}."
    logger.error("an export failed", exc_info=error)
    return BUG


def in_words(error: KbvrError) -> str:
    """Return the message of an error, with options as the studio names them."""
    if isinstance(error, DamagedFileError):
        return DAMAGED
    if isinstance(error, OptionsError):
        return error.text.naming(label_of)
    return without_temporary(error.statement if isinstance(error, AlreadyExistsError) else str(error))


def without_temporary(message: str) -> str:
    """Return a message about files in a temporary folder as if they were in the folder that it lies in."""
    return TEMPORARY.sub("", message)
