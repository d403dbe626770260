"""Why an export failed, in words for people."""

from __future__ import annotations

import logging
import re

from kbvr.errors import KbvrError, OutOfMemoryError
from kbvr.studio import problems
from kbvr.studio.problems import BUG, KILLED
from kbvr.system.atomic_file import UNFINISHED
from kbvr.system.isolated_process import EndedError, NotStartedError, TimeUpError
from kbvr.system.resources import is_out_of_memory

logger = logging.getLogger(__name__)

TEMPORARY = re.compile(rf"{UNFINISHED.pattern}[/\\\\]")

LESS = "Close other programs, or set a smaller largest picture size, and try again."
OUT_OF_MEMORY = f"There is not enough memory for this export. {LESS}"
PROBABLY_OUT_OF_MEMORY = f"The process that makes the export was killed, most likely because memory ran out. {LESS}"


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
    """Return the message of an error, without the temporary folder of an export."""
    return without_temporary(problems.in_words(error))


def without_temporary(message: str) -> str:
    """Return a message about files in a temporary folder as if they were in the folder that it lies in."""
    return TEMPORARY.sub("", message)
