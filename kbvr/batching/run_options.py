"""Options of a run that Python and the command line share: how many photos at a time, and when it ends."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from kbvr.options.declare import OptionGroup, option
from kbvr.system.resources import MAX_THREADS

PHOTO_LIMIT_S = 3600.0
DEFAULT_TITLE = "Photos in 3D"
MAX_PHOTOS = 10**9


def _number_or_auto(value: object) -> object:
    return None if value == "auto" else value


class WorkerOptions(OptionGroup):
    """The processes that make the photos of a batch."""

    jobs: Annotated[int | None, BeforeValidator(_number_or_auto)] = option(
        None,
        "Number of photos that are made at the same time. The memory they take together is limited by --max-memory. "
        "auto: one per core, if the memory suffices.",
        between=(1, MAX_THREADS),
        accepts=f"auto or a whole number from 1 to {MAX_THREADS}",
        metavar="N|auto",
        default_text="auto",
        is_common=True,
    )
    photo_limit_s: float = option(
        PHOTO_LIMIT_S,
        "Give up a photo after this time.",
        between=(1, 10**6),
        unit="seconds",
        flag="--photo-limit",
        metavar="SECONDS",
    )


class LimitOptions(OptionGroup):
    """When a run ends before all photos are made."""

    limit: int | None = option(
        None, "Stop after making this many photos.", between=(1, MAX_PHOTOS), metavar="N", default_text="no limit"
    )
    max_failures: int | None = option(
        None, "Stop after this many failed photos.", between=(1, MAX_PHOTOS), metavar="N", default_text="no limit"
    )
