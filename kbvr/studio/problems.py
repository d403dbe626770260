"""Why a photo's work failed, in words."""

from __future__ import annotations

import logging
import os
import signal
from pathlib import Path

from kbvr.errors import DamagedFileError, KbvrError
from kbvr.studio.answers import BUG, in_words
from kbvr.studio.project_folder import DamagedProjectError
from kbvr.system.isolated_process import EndedError, NotStartedError, TimeUpError
from kbvr.system.resources import is_out_of_memory

logger = logging.getLogger(__name__)

KILLED = -getattr(signal, "SIGKILL", 9)
"""Exit code of a process that the system has killed."""

OUT_OF_MEMORY = "The work on this photo was stopped, most likely because memory ran out."


def problem_of(error: Exception, photo: Path | None) -> str:
    """Return a sentence about an error; the folder of the photo is left out."""
    if isinstance(error, DamagedFileError):
        return "This file is damaged or incomplete."
    if isinstance(error, KbvrError):
        text = in_words(error)
        is_of_photo = photo is not None and not isinstance(error, DamagedProjectError)
        return text.replace(f"{photo.parent}{os.sep}", "") if photo and is_of_photo else text
    if isinstance(error, TimeUpError):
        return "The work on this photo took too long."
    if isinstance(error, EndedError):
        return OUT_OF_MEMORY if error.exit_code == KILLED else f"The work on this photo failed: {error}"
    if isinstance(error, NotStartedError):
        return f"The work on this photo failed: {error}"
    if is_out_of_memory(error):
        return "There is not enough memory for this photo."
    logger.error("the work on %s failed", photo.name if photo else "a photo", exc_info=error)
    return BUG
