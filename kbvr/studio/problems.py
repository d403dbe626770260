"""Why something failed, in words for people; exports have more of them in `kbvr.studio.exporting.problems`."""

from __future__ import annotations

import logging
import os
import signal
from pathlib import Path

from kbvr.errors import AlreadyExistsError, DamagedFileError, KbvrError, OptionsError, OutputError
from kbvr.studio.labels import label_of
from kbvr.studio.project_folder import DamagedProjectError
from kbvr.system.isolated_process import EndedError, NotStartedError, TimeUpError
from kbvr.system.resources import is_out_of_memory

logger = logging.getLogger(__name__)

KILLED = -getattr(signal, "SIGKILL", 9)
"""Exit code of a process that the system has killed."""

BUG = "kbvr failed because of a bug. The terminal shows the details."
DAMAGED = "The photo is damaged or incomplete."
CRASHED = (
    "kbvr could not read this file: what decodes it crashed, so it is probably damaged. Open the photo in another "
    "program, save it there as a JPEG, and add that."
)
OUT_OF_MEMORY = "The work on this photo was stopped, most likely because memory ran out."
UNWRITABLE = (
    "Check that this folder can be written and its disk is not full, or start the studio with another one: "
    "kbvr studio --projects FOLDER"
)


def problem_of(error: Exception, photo: Path | None) -> str:
    """Return a sentence about an error of the work on a photo, whose folder is left out; a bug is logged."""
    if isinstance(error, KbvrError):
        text = in_words(error)
        is_of_photo = photo is not None and not isinstance(error, DamagedProjectError | OutputError)
        return text.replace(f"{photo.parent}{os.sep}", "") if photo and is_of_photo else text
    if isinstance(error, TimeUpError):
        return "The work on this photo took too long."
    if isinstance(error, EndedError):
        if error.exit_code == KILLED:
            return OUT_OF_MEMORY
        return f"The process that works on this photo failed: it {error}. Choose the photo again to try once more."
    if isinstance(error, NotStartedError):
        return f"The process that works on photos could not be started: {error}"
    if is_out_of_memory(error):
        return "There is not enough memory for this photo."
    logger.error("the work on %s failed", photo.name if photo else "a photo", exc_info=error)
    return BUG


def in_words(error: KbvrError) -> str:
    """Return the message of an error, with options as the studio names them and what to do about it."""
    if isinstance(error, DamagedFileError):
        return DAMAGED
    if isinstance(error, OptionsError):
        return error.text.naming(label_of)
    if isinstance(error, AlreadyExistsError):
        return error.statement
    text = str(error)
    return (
        f"kbvr {text}. {UNWRITABLE}" if isinstance(error, OutputError) and text.startswith("cannot write to") else text
    )
