"""Two eyes: how far apart they are, and what they can follow."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator

from kbvr.options.declare import OptionGroup, option
from kbvr.stereo.comfort_limits import MAX_PARALLAX_DEG
from kbvr.stereo.screen import DEFAULT_IPD_M, SCREENS, screen_of

Window = Literal["none", "floating"]


def _screen(text: str) -> str:
    screen_of(text)
    return text


class StereoOptions(OptionGroup):
    """Two eyes: how far apart they are, and what they can follow."""

    title: ClassVar[str] = "Stereo"

    budget_percent: float | None = option(
        None,
        "Range of disparity, in percent of the width. A larger value gives more depth but strains the eyes.",
        above=0,
        most=15,
        unit="percent of the width",
        flag="--budget",
        metavar="PERCENT",
        unset="3; 2.5 for --wiggle, 2 for --anaglyph",
        is_common=True,
    )
    baseline_mm: float | None = option(
        None,
        "Distance between the two cameras.",
        least=0.1,
        most=1e6,
        unit="millimetres",
        metavar="MM",
        unset="chosen to fit --budget",
    )
    convergence_m: float | None = option(
        None,
        "Distance of what appears on the screen itself; nearer things appear in front of it.",
        least=0.01,
        most=1e5,
        unit="metres",
        metavar="METRES",
        unset="just behind the nearest thing in the middle",
    )
    screen: Annotated[str, AfterValidator(_screen)] = option(
        "tv",
        "What the result will be watched on, which decides how much parallax eyes can follow: "
        f"{', '.join(SCREENS)} (headset: a player's virtual screen), or width and distance in metres, like 1.2@2.5.",
        takes=f"{', '.join(SCREENS)}, or width@distance in metres like 1.2@2.5",
        metavar="NAME|W@D",
        suggests=tuple(SCREENS),
    )
    ipd_mm: float = option(
        DEFAULT_IPD_M * 1000, "Distance between the viewer's eyes.", least=30, most=90, unit="millimetres", metavar="MM"
    )
    max_parallax_deg: float = option(
        MAX_PARALLAX_DEG,
        "Largest parallax in front of and behind the screen, as an angle that the eyes see.",
        least=0.05,
        most=5,
        unit="degrees",
        metavar="DEG",
    )
    window: Window = option(
        "none",
        "floating: narrow black bars move the frame forward where it cuts things that stand in front of the screen.",
    )
