"""Loops for web pages."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import AfterValidator

from kbvr.options.declare import ONCE, SPLIT, OptionGroup, option

Animation = Literal["gif", "webp", "avif", "mp4"]
ANIMATIONS: tuple[str, ...] = get_args(Animation)
"""What loops for web pages are written as."""

MAX_VIEWS = 37
MAX_PERIOD_S = 60.0
MOVING = ("gif", "webp", "avif", "clip")


def _text(text: str) -> str:
    text.encode()  # what a file name may hold, and no text can, is a ValueError
    return text


class LoopOptions(OptionGroup):
    """Loops for web pages: --wiggle and --anaglyph."""

    title: ClassVar[str] = "Loop"

    animate_as: Annotated[tuple[Animation, ...], SPLIT, ONCE] = option(
        ANIMATIONS,
        "The file formats of a loop. Its HTML shows the best of them that a browser knows.",
        metavar="NAME[,NAME]",
        used_by=(*MOVING, "snippet"),
    )
    views: int | None = option(
        None,
        "Number of views in a loop: 2 flip back and forth, more swing smoothly.",
        least=2,
        most=MAX_VIEWS,
        metavar="N",
        unset="2; 13 for --anaglyph",
        used_by=MOVING,
    )
    period_s: float | None = option(
        None,
        "How long a loop takes, there and back.",
        least=0.04,
        most=MAX_PERIOD_S,
        unit="seconds",
        metavar="SECONDS",
        unset="0.22 for 2 views, 1.5 for more, 2.4 for --anaglyph",
        used_by=MOVING,
    )
    max_kb: float | None = option(
        None,
        "Largest size of each file of a loop, in kB (1,000 bytes); frames are shrunk or dropped to fit.",
        least=1,
        most=1e6,
        unit="kB",
        metavar="KB",
        unset="no limit",
        used_by=(*MOVING, "poster"),
    )
    alt: Annotated[str, AfterValidator(_text)] | None = option(
        None,
        "What the HTML says the picture shows, for people who cannot see it.",
        takes="any text",
        metavar="TEXT",
        unset="the photo's name",
        used_by=("snippet", "html", "embed"),
    )
