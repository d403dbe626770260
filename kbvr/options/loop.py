"""Loops for web pages."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator

from kbvr.options.declare import ONCE, SPLIT, OptionGroup, option

Animation = Literal["gif", "webp", "avif", "mp4"]
ANIMATIONS: tuple[str, ...] = get_args(Animation)

MAX_VIEWS = 37
MAX_PERIOD_S = 60.0
MOVING = ("gif", "webp", "avif", "clip")


def _text(text: str) -> str:
    text.encode()  # raises ValueError for surrogates, which file names may hold and HTML may not
    return text


class LoopOptions(OptionGroup, title="Loop"):
    """Loops for web pages."""

    animate_as: Annotated[tuple[Animation, ...], SPLIT, ONCE] = option(
        ANIMATIONS,
        "The file formats of a loop. Its HTML shows the best of them that a browser knows.",
        metavar="NAME[,NAME]",
        used_by=(*MOVING, "snippet"),
    )
    views: int | None = option(
        None,
        "Number of views in a loop: it swings smoothly through them, and 2 views flip back and forth.",
        between=(2, MAX_VIEWS),
        metavar="N",
        default_text="13",
        used_by=MOVING,
    )
    period_s: float | None = option(
        None,
        "Duration of a loop, there and back.",
        between=(0.04, MAX_PERIOD_S),
        unit="seconds",
        default_text="2; 2.4 for --anaglyph; 0.22 for a wiggle of 2 views",
        used_by=MOVING,
    )
    max_kb: float | None = option(
        None,
        "Maximum size of each file of a loop, in kB (1,000 bytes). Frames are shrunk or dropped to fit.",
        between=(1, 1e6),
        unit="kB",
        default_text="no limit",
        used_by=(*MOVING, "poster"),
    )
    alt: Annotated[str, AfterValidator(_text)] | None = option(
        None,
        "Alternative text in the HTML, for people who cannot see the picture.",
        accepts="any text",
        metavar="TEXT",
        default_text="the photo's caption, else its name",
        used_by=("snippet", "html", "embed"),
    )
